"""What is installed where, by the names of ``.dist-info`` folders: enough to see that somebody else was there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..core.names import normalize

INFO = ".dist-info"

Fingerprint = Mapping[str, Mapping[str, tuple[int, int]]]
"""For each folder that was asked for: its ``.dist-info`` folders with inode and time of last change (ns)."""

Listing = Mapping[str, Sequence[str]]
"""For each folder: the names of its ``.dist-info`` folders, sorted."""


def fingerprint(paths: Iterable[Path]) -> Fingerprint:
    """Compares equal as long as no distribution in these folders is installed, removed or changed.

    A folder that is missing or cannot be read counts as empty.
    """
    return {os.fspath(path): dict(_stamps(os.fspath(path))) for path in paths}


def renewed(former: Fingerprint) -> Fingerprint:
    """The fingerprint of the same folders as they are now."""
    return fingerprint(Path(folder) for folder in former)


def _stamps(folder: str) -> Iterator[tuple[str, tuple[int, int]]]:
    for entry in _infos(folder):
        try:
            # a listing on Windows tells no inodes, and times that may be late
            found = os.lstat(entry.path) if os.name == "nt" else entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # just being removed by somebody else: as good as gone
            continue
        yield entry.name, (found.st_ino, found.st_mtime_ns)


def _infos(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name.endswith(INFO)]
    except OSError:  # the import system passes over it just as silently
        return []


def listing(folders: Iterable[str]) -> Listing:
    """What is installed in ``folders``."""
    return {folder: sorted(entry.name for entry in _infos(folder)) for folder in folders}


def digest(info: str) -> str:
    """Hash of METADATA and RECORD of a ``.dist-info`` folder, the files that each installation writes anew."""
    from hashlib import sha256

    state = sha256()
    for name in ("METADATA", "RECORD"):
        try:
            content = Path(info, name).read_bytes()
        except FileNotFoundError:
            content = b"\0"
        state.update(b"%d:" % len(content) + content)
    return state.hexdigest()


def differences(then: Listing, digests: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """In words, what is not installed as it was ``then``; ``digests`` are by the paths of ``.dist-info`` folders.

    A distribution installed since then differs only if it is one of ``names``.
    """
    before, now = versions(then), versions(listing(then))
    concerned = before.keys() | {normalize(name) for name in names}
    found = [
        f"{name}: now {now.get(name, ABSENT)}, this had left {before.get(name, ABSENT)}"
        for name in sorted(concerned)
        if now.get(name) != before.get(name)
    ]
    found += (
        f"{name} {version}: installed anew by another program"
        for info, known in sorted(digests.items())
        for name, version in [_split(os.path.basename(info))]
        if now.get(name) == before.get(name) and digest(info) != known
    )
    return found


ABSENT = "not installed"


def versions(where: Listing) -> dict[str, str]:
    """The versions that are listed, by normalized name; several of one name with "and" between them."""
    versions: dict[str, list[str]] = {}
    for name, version in (_split(info) for infos in where.values() for info in infos):
        versions.setdefault(name, []).append(version)
    return {name: " and ".join(sorted(found)) for name, found in versions.items()}


def _split(info: str) -> tuple[str, str]:
    name, _, version = info.removesuffix(INFO).partition("-")
    return normalize(name), version
