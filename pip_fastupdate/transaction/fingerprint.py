"""What is installed where, by ``.dist-info`` name: enough to detect changes by other programs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..core.files import reachable
from ..core.names import normalize

INFO = ".dist-info"

Fingerprint = Mapping[str, Mapping[str, tuple[int, int]]]
"""For each directory: its ``.dist-info`` directories with inode and modification time (ns)."""

Listing = Mapping[str, Sequence[str]]
"""For each directory: the sorted names of its ``.dist-info`` directories."""


def fingerprint(paths: Iterable[Path]) -> Fingerprint:
    """Return a value that is equal while no distribution in these directories is installed, removed or changed.

    A missing or unreadable directory counts as empty.
    """
    return {os.fspath(path): dict(_stamps(os.fspath(path))) for path in paths}


def renewed(former: Fingerprint) -> Fingerprint:
    """Return the current fingerprint of the same directories."""
    return fingerprint(Path(folder) for folder in former)


def _stamps(folder: str) -> Iterator[tuple[str, tuple[int, int]]]:
    for entry in _infos(folder):
        try:
            # a listing on Windows has no inodes, and its times may be late
            found = os.lstat(reachable(entry.path)) if os.name == "nt" else entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # another program is just removing it
            continue
        yield entry.name, (found.st_ino, found.st_mtime_ns)


def _infos(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(reachable(folder)) as entries:
            return [entry for entry in entries if entry.name.endswith(INFO)]
    except OSError:  # the import system skips it just as silently
        return []


def listing(folders: Iterable[str]) -> Listing:
    """Return what is installed in ``folders``."""
    return {folder: sorted(entry.name for entry in _infos(folder)) for folder in folders}


def digest(info: str) -> str:
    """Return a hash of METADATA and RECORD of a ``.dist-info`` directory, which every installation writes again."""
    from hashlib import sha256

    state = sha256()
    for name in ("METADATA", "RECORD"):
        try:
            content = Path(reachable(os.path.join(info, name))).read_bytes()
        except FileNotFoundError:
            content = b"\0"
        state.update(b"%d:" % len(content))
        state.update(content)
    return state.hexdigest()


def differences(then: Listing, digests: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Return in words what is not installed as it was ``then``; ``digests`` are by the paths of ``.dist-info``
    directories.

    A distribution installed since then differs only if it is one of ``names``.
    """
    before, now = versions(then), versions(listing(then))
    concerned = before.keys() | {normalize(name) for name in names}
    found = [
        f"{name} is {now.get(name, ABSENT)}, was {before.get(name, ABSENT)}"
        for name in sorted(concerned)
        if now.get(name) != before.get(name)
    ]
    found += (
        f"{name} {version} was reinstalled by another program"
        for info, known in sorted(digests.items())
        for name, version in [_split(os.path.basename(info))]
        if now.get(name) == before.get(name) and digest(info) != known
    )
    return found


ABSENT = "not installed"


def versions(where: Listing) -> dict[str, str]:
    """Return the listed versions by normalized name; several of one name are joined by "and"."""
    versions: dict[str, list[str]] = {}
    for name, version in (_split(info) for infos in where.values() for info in infos):
        versions.setdefault(name, []).append(version)
    return {name: " and ".join(sorted(found)) for name, found in versions.items()}


def _split(info: str) -> tuple[str, str]:
    name, _, version = info.removesuffix(INFO).partition("-")
    return normalize(name), version
