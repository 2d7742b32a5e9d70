"""Whether a release is still what it was when it was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.models import Failure, File, Release
from .filenames import version_of
from .project_record import CompatibleFile, ProjectRecord, split

if TYPE_CHECKING:
    from ..core.reasons import ReasonKind


def compare(release: Release, record: ProjectRecord | None) -> Failure | None:
    """What has become of the release's file in the index's newest answer; None where it is as before."""
    file = release.file
    if file is None:
        return None
    entries = (entry for entry in record.entries() if version_of(entry.version) == release.version) if record else ()
    now = next((listed for entry in entries for listed in entry.files if listed.filename == file.filename), None)
    if now is None:
        return _failure(release, "not-found", f"{file.filename} is no longer on the index")
    if now.yanked is not None and release.yanked is None:
        return _failure(release, "yanked", f"was yanked: {now.yanked}" if now.yanked else "was yanked")
    if _differ(file, now):
        return _failure(release, "hash", f"{file.filename} has changed on the index")
    return None


def _differ(file: File, now: CompatibleFile) -> bool:
    """Whether any kind of hash that was known and is known has another value now."""
    new = dict((*split(now.hashes), ("sha256", now.sha256 or "")))
    return any(new.get(name) and new[name] != value for name, value in file.all_hashes)


def _failure(release: Release, kind: ReasonKind, text: str) -> Failure:
    return Failure(name=release.name, version=str(release.version), kind=kind, text=text)
