"""Several ``.dist-info`` directories about one distribution, and which of them describes the installed files.

An interrupted pip, ``--ignore-installed`` and copied layers of containers leave such. The hashes in RECORD decide: the
files that differ between the versions match those of the live one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.version import InvalidVersion, Version

from .record_rows import matches, rows

_MOST = 100
"""Maximum number of files hashed for each; more would only confirm the result."""


def live(folder: Path, infos: Sequence[str]) -> str:
    """Return the ``.dist-info`` directory whose RECORD agrees best with the files; of equals, the newest version's."""
    recorded = {info: _packages(rows(folder / info), info) for info in infos}
    return max(infos, key=lambda info: (_agreement(folder, info, recorded), bool(recorded[info]), _version(info)))


def _packages(found: Mapping[str, str], info: str) -> dict[str, str]:
    return {path: digest for path, digest in found.items() if digest and ".dist-info/" not in path}


def _agreement(folder: Path, info: str, recorded: Mapping[str, Mapping[str, str]]) -> float:
    """Return the fraction of matching files, among those that differ between the versions."""
    others = [each for name, each in recorded.items() if name != info]
    telling = [
        (path, digest)
        for path, digest in sorted(recorded[info].items())
        if any(each.get(path) != digest for each in others)
    ][:_MOST]
    if not telling:
        return 0.5 if recorded[info] else 0.0
    return sum(matches(str(folder / path), digest) for path, digest in telling) / len(telling)


def _version(info: str) -> Version:
    try:
        return Version(info.removesuffix(".dist-info").partition("-")[2])
    except (InvalidVersion, ValueError):
        return Version("0")
