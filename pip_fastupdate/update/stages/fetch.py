"""The fifth stage: download wheels; threads stage each as soon as it is complete."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from ...core.errors import IndexUnreachable
from ...core.models import Change, Failure
from ...core.reasons import BAD_FILE, UNREACHABLE
from ...core.threads.background import Task, Threads, return_memory
from ...core.threads.gil_turns import Turns
from ...resolver.candidates import Key
from ..results import Planned, Staged, StagedRelease, key_of
from ..space import check_room, download_size, places_of
from ..staging_area import StagingArea
from .stage import Downloaded, stage

Staging: TypeAlias = "Task[StagedRelease | Failure]"
"""A wheel being staged."""


LARGE = 1024**2
"""Size in bytes of a wheel that takes much memory to unpack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    """The results of the downloads."""

    staging: tuple[tuple[Change, Staging], ...]
    lost: tuple[tuple[Change, Failure], ...]


def fetch_and_stage(area: StagingArea, planned: Planned, staged: Staged) -> Staged:
    """Download and stage what is planned and not in ``staged`` yet; failures are part of the result.

    At the same time the index is checked for withdrawn releases, also failures. Raises IndexUnreachable if the network
    is gone, and TransactionError if the disk refuses or has no space for the files.
    """
    missing = [change for change in planned.plan.changes if not staged.has(change)]
    if not missing:
        return staged
    revalidation = area.context.catalog.revalidating([change.target for change in missing])
    progress, total = area.context.progress, download_size(missing)
    if any(map(_is_built, missing)):  # a withdrawn release must not run here, not even its build
        with progress.timed("last check"):
            gone = revalidation.failures()
        if gone:
            return _without(staged, gone)
    check_room(total, places_of(area.context.options.cache.directory, area.transaction.staging))
    turns = Turns()
    with ExitStack() as ends:
        ends.callback(area.compilers.end)
        threads = Threads(max(2, min(4, os.cpu_count() or 1)), name="stage")
        ends.callback(threads.end)  # what they write is removed then
        with progress.stage("download", total or None):
            fetched = _fetch(area, missing, threads, turns, staged.tried)
        with progress.stage("stage", len(fetched.staging)):
            results = []
            for change, task in fetched.staging:
                task.wait()
                results.append((change, task.result()))
                progress.step(change.name)
        with progress.timed("last check"):
            gone = revalidation.failures()
    return _without(_with(staged, fetched.lost, results), gone)


def _is_built(change: Change) -> bool:
    file = change.target.file
    return file is not None and not file.is_wheel


def _without(staged: Staged, gone: Iterable[Failure]) -> Staged:
    """Return ``staged`` with what the index has withdrawn; any other failure of it does not matter then."""
    failures = {failure.name: failure for failure in gone}
    return replace(
        staged,
        failures={**staged.failures, **failures},
        damaged={key: each for key, each in staged.damaged.items() if key[0] not in failures},
        unfit={key: each for key, each in staged.unfit.items() if key[0] not in failures},
    )


def _fetch(area: StagingArea, missing: Sequence[Change], threads: Threads, turns: Turns, first: int) -> _Fetched:
    """Stage files in ``threads`` as they arrive, in directories numbered from ``first``. Raises IndexUnreachable.

    The names of these directories are short because of Windows.
    """
    context, changes = area.context, {change.name: change for change in missing}
    staging: list[tuple[Change, Staging]] = []
    lost: list[tuple[Change, Failure]] = []
    in_a_row = 0
    releases = tuple(change.target for change in changes.values())
    for release, found in area.store.fetch(releases, jobs=context.settings.network.jobs, progress=context.progress):
        change = changes[release.name]
        if isinstance(found, Failure):
            lost.append((change, found))
            in_a_row += found.kind in UNREACHABLE
            if in_a_row >= min(3, len(changes)):
                raise _unreachable(found)
        else:
            in_a_row = 0
            folder = area.transaction.staging / str(first + len(staging))
            downloaded = Downloaded(change=change, path=found, folder=folder)
            task = Task(partial(_stage, area, downloaded, turns))
            threads.submit(task, first=_is_large(change))  # at the end others would wait for it
            staging.append((change, task))
    return _Fetched(staging=tuple(staging), lost=tuple(lost))


def _stage(area: StagingArea, downloaded: Downloaded, turns: Turns) -> StagedRelease | Failure:
    """Stage a file, and return the memory that a large one took before the next takes more: then 85 MB, not 126."""
    found = stage(area, downloaded, turns)
    if _is_large(downloaded.change):
        return_memory()
    return found


def _is_large(change: Change) -> bool:
    """Return whether its file is, or may be."""
    file = change.target.file
    return file is None or file.size is None or file.size >= LARGE


def _with(
    staged: Staged,
    lost: Iterable[tuple[Change, Failure]],
    results: Sequence[tuple[Change, StagedRelease | Failure]],
) -> Staged:
    """Return ``staged`` with these results; if only a file is bad, an older release may work."""
    releases = dict(staged.releases)
    failures = dict(staged.failures)
    damaged = dict(staged.damaged)
    unfit = dict(staged.unfit)
    for change, failure in lost:
        if failure.kind in BAD_FILE | {"offline"}:
            damaged[key_of(change.target)] = failure
        else:
            failures[change.name] = failure
    for change, found in results:
        key: Key = key_of(change.target)
        if isinstance(found, StagedRelease):
            releases[key] = found
        elif found.kind == "requires-python":
            unfit[key] = found
        elif found.kind == "build":
            failures[change.name] = found
        else:
            damaged[key] = found
    tried = staged.tried + len(results)
    return Staged(releases=releases, failures=failures, damaged=damaged, unfit=unfit, tried=tried)


def _unreachable(failure: Failure) -> IndexUnreachable:
    return IndexUnreachable(
        f"lost contact with the index: {failure.text}",
        hint="rerun the command when the network is back; the environment is unchanged",
    )
