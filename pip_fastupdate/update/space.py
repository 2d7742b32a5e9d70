"""Sizes of a plan: bytes to download, space left on disk, and growth of the environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..core.errors import TransactionError
from ..core.models import Change, Distribution
from ..core.text import size
from ..environment.record_rows import stated_size

SPARE = 1024**2
"""Bytes to leave free, for journals and the like."""


def download_size(changes: Iterable[Change]) -> int:
    """Return the bytes of the new versions' files, as far as the index says."""
    return sum(each.target.file.size or 0 for each in changes if each.target.file is not None)


def check_room(needed: int, places: Iterable[Path]) -> None:
    """Raise TransactionError if a disk certainly has too little space: unpacked files take at least their bytes.

    ``places`` are directories that get ``needed`` bytes each; those on one file system share its space.
    """
    devices: dict[int, list[Path]] = {}
    for place in places:
        existing = next((each for each in (place, *place.parents) if each.exists()), None)
        if existing is not None:
            devices.setdefault(existing.stat().st_dev, []).append(existing)
    for found in devices.values():
        free = shutil.disk_usage(found[0]).free
        wanted = needed * len(found) + SPARE
        if needed and free < wanted:
            raise TransactionError(
                f"not enough space on the disk of {found[0]}: {size(wanted)} required, {size(free)} free",
                hint="free some space and try again; nothing was downloaded, and the environment is unchanged",
            )


def growth(changes: Iterable[Change], installed: Mapping[str, Distribution], staged: Mapping[str, Path]) -> int:
    """Return by how many bytes the files of the changed distributions grow, according to their RECORDs.

    ``staged`` are the new ``.dist-info`` directories by name.
    """
    total = 0
    for change in changes:
        if change.name in staged:
            total += recorded(staged[change.name])
            if change.installed is not None and change.name in installed:
                total -= recorded(installed[change.name].info)
    return total


def recorded(info: Path) -> int:
    """Return the bytes of all files that a RECORD lists with their size; 0 if it cannot be read."""
    try:
        return stated_size((info / "RECORD").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return 0


def places_of(cache: Path | None, staging: Path) -> tuple[Path, ...]:
    """Return where a run writes files: downloads and unpacked ones."""
    return (staging,) if cache is None else (Path(os.path.realpath(cache)), staging)
