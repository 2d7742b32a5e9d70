"""Whether releases have changed since they were chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..core.models import Failure, File, Release
from ..core.reasons import was_yanked
from .filenames import version_of
from .project_record import CompatibleFile, ProjectRecord, split

if TYPE_CHECKING:
    from ..core.reasons import ReasonKind
    from ..core.threads.background import Task


class Revalidation:
    """Releases that are checked again with the indexes, in the background."""

    def __init__(self, tasks: Sequence[Task[Failure | None]]) -> None:
        self._tasks = tasks

    def failures(self) -> tuple[Failure, ...]:
        """Return how they changed, once all responses have arrived; the same for every call."""
        return tuple(failure for task in self._tasks if (failure := task.result()))


def compare(release: Release, record: ProjectRecord | None) -> Failure | None:
    """Return how the release's file changed in the index's newest response; None if it has not."""
    file = release.file
    if file is None:
        return None
    now = _listed(file, release, record)
    if now is None:
        return _failure(release, "not-found", f"{file.filename} is no longer on the index")
    if now.yanked is not None and release.yanked is None:
        return _failure(release, "yanked", was_yanked(now.yanked))
    if _differ(file, now):
        return _failure(release, "hash", f"{file.filename} has changed on the index")
    return None


def renewed(release: Release, record: ProjectRecord | None) -> Release | None:
    """Return the release with the URL of its file in the index's newest response; None if that is no other one."""
    file = release.file
    now = None if file is None else _listed(file, release, record)
    if file is None or now is None or now.url == file.url or _differ(file, now):
        return None
    return replace(release, file=replace(file, url=now.url))


def _listed(file: File, release: Release, record: ProjectRecord | None) -> CompatibleFile | None:
    """Return what the response lists as the release's file."""
    entries = (entry for entry in record.entries() if version_of(entry.version) == release.version) if record else ()
    return next((listed for entry in entries for listed in entry.files if listed.filename == file.filename), None)


def _differ(file: File, now: CompatibleFile) -> bool:
    """Return whether any kind of hash that was known and is known has another value now."""
    new = dict((*split(now.hashes), ("sha256", now.sha256 or "")))
    return any(new.get(name) and new[name] != value for name, value in file.all_hashes)


def _failure(release: Release, kind: ReasonKind, text: str) -> Failure:
    return Failure(name=release.name, version=str(release.version), kind=kind, text=text)
