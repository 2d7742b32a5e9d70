"""From planned changes to staged wheels: download, look inside, stage and compile, all overlapping."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..core.errors import IndexUnreachable, PipUpdateError
from ..core.gil_turns import Turns
from ..core.interpreter import this as this_interpreter
from ..core.models import Change, Failure, Reason, Release
from ..core.protocols import DownloadFailed, Progress
from ..core.requirements import InvalidRequirement, parse
from ..core.waiting import result
from ..resolver.candidates import Candidate, Key, World
from .failures import BAD_FILE, BUILD, GONE, OFFLINE, UNFIT

if TYPE_CHECKING:
    from .._pip.installer import StagedWheel
    from ..wheels import Installed, OpenWheel, WheelStore

SLOW = 0.00025
"""Seconds to make a file from which on it pays to make several at once: as long as the work on each."""

Staging: TypeAlias = "Future[Delivered | Failure]"
"""A wheel that is being staged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A wheel that has been downloaded, looked into and staged."""

    staged: StagedWheel
    warnings: tuple[Reason, ...]
    requires: tuple[str, ...]
    """The ``Requires-Dist`` fields, raw."""


@dataclass(slots=True, kw_only=True)
class Delivery:
    """Brings releases from the index into the staging folder; remembers what is already there."""

    store: WheelStore
    staging: Path
    jobs: int
    progress: Progress
    installed: Callable[[str], Installed | None]
    """What the new wheel of that name is compared with; None for an addition."""

    owners: Callable[[str], str | None]
    """Which installed distribution has a console script of that name."""

    wants_bytecode: Callable[[str], bool]
    user_site: Callable[[str], bool]
    build: Callable[[Release, Path], Path]
    """Makes a wheel of a downloaded sdist."""

    done: dict[Key, Delivered] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    """Of this call and all before it, by name."""

    numbers: Iterator[int] = field(default_factory=count)
    """Names for the folders that wheels are staged in: short, for Windows' sake."""

    unfit: dict[Key, Failure] = field(default_factory=dict)
    """Releases that are not for this interpreter, as only their wheels say."""

    damaged: dict[Key, Failure] = field(default_factory=dict)
    """Releases whose files are bad: another release of the same project may be sound."""

    def bring(self, changes: Sequence[Change]) -> None:
        """Download and stage what is not there yet.

        A release that fails goes into ``failures`` or ``damaged``. Raises IndexUnreachable when the network is away.
        """
        wanted = {change.name: change for change in changes if key_of(change.target) not in self.done}
        if not wanted:
            return
        releases = tuple(change.target for change in wanted.values())
        total = sum(release.file.size or 0 for release in releases if release.file)
        turns = self._turns()
        with self._threads() as threads:
            with self.progress.stage("download", total or None):
                staging = self._download(wanted, releases, threads, turns)
            with self.progress.stage("stage", len(staging)):
                for future, change in staging.items():
                    self._collect(change, result(future))
                    self.progress.step(change.name)

    def _download(
        self, wanted: Mapping[str, Change], releases: Sequence[Release], threads: ThreadPoolExecutor, turns: Turns
    ) -> dict[Staging, Change]:
        """Have ``threads`` stage what arrives, as it arrives. Raises IndexUnreachable."""
        staging: dict[Staging, Change] = {}
        lost = 0
        for release, found in self.store.fetch(releases, jobs=self.jobs, progress=self.progress):
            if isinstance(found, Failure):
                self._fail(found, key_of(release), damaged=found.kind in BAD_FILE | {OFFLINE})
                lost += found.kind in GONE
                if lost >= min(3, len(wanted)):
                    raise _away(found)
            else:
                lost = 0
                change = wanted[release.name]
                staging[threads.submit(self._stage, change, found, turns)] = change
        return staging

    def _turns(self) -> Turns:
        """How the threads that stage share the interpreter.

        Small files are hardly any work for the system. Unless the disk is slow to make them, be it because a virus
        scanner looks at each: then others go on meanwhile.
        """
        from .._pip.file_writer import seconds_per_file

        return Turns(large=0) if seconds_per_file(self.staging) > SLOW else Turns()

    @contextmanager
    def _threads(self) -> Iterator[ThreadPoolExecutor]:
        """Threads for staging that have ended when this ends: what they write is to be removed then."""
        threads = ThreadPoolExecutor(max_workers=max(2, min(4, os.cpu_count() or 1)), thread_name_prefix="stage")
        try:
            yield threads
        finally:
            while True:
                with suppress(KeyboardInterrupt):  # once is enough
                    threads.shutdown(wait=True, cancel_futures=True)
                    break

    def _collect(self, change: Change, result: Delivered | Failure) -> None:
        if isinstance(result, Failure) and result.kind == UNFIT:
            self.unfit[key_of(change.target)] = result
        elif isinstance(result, Failure):
            self._fail(result, key_of(change.target), damaged=result.kind != BUILD)
        else:
            self.done[key_of(change.target)] = result

    def _fail(self, failure: Failure, key: Key, *, damaged: bool) -> None:
        """Remember it; where only this file is bad, an older release may do."""
        if damaged:
            self.damaged[key] = failure
        else:
            self.failures[failure.name] = failure

    def _stage(self, change: Change, path: Path, turns: Turns) -> Delivered | Failure:
        from .._pip.installer import StageFailed

        try:
            if path.suffix == ".whl":
                with self.store.opened(path, change.target) as wheel, turns.work():
                    return self._unpack(change, path, wheel, turns)
            built = self.build(change.target, path)
            with turns.work():
                return self._unpack(change, built, None, turns)
        except (StageFailed, DownloadFailed) as failed:
            return _failure(change, failed.kind, failed.text)
        except PipUpdateError:  # about the disk or the run as a whole
            raise
        except Exception as error:  # whatever a wheel can hold: it is that project's failure, and no other's
            text = f"could not inspect {path.name}: {type(error).__name__}: {str(error)[:200]}"
            return _failure(change, "inspection", text)

    def _unpack(self, change: Change, path: Path, wheel: OpenWheel | None, turns: Turns) -> Delivered | Failure:
        """``wheel`` is the file at ``path`` as it was checked; None for one that was built here. Raises StageFailed."""
        from .._pip.installer import compile_bytecode, stage
        from ..wheels import inspect

        inspection = inspect(
            path,
            change.target,
            before=self.installed(change.name),
            owners=self.owners,
            stream=wheel.stream if wheel else None,
            turns=turns,
        )
        if inspection.refusals:
            text = "; ".join(reason.text for reason in inspection.refusals)
            return _failure(change, inspection.refusals[0].kind, text)
        if not this_interpreter().runs(inspection.requires_python):
            text = f"needs Python {inspection.requires_python}"
            return _failure(change, UNFIT, text)
        staged = stage(
            wheel.path if wheel else path,
            label=str(path),
            name=change.name,
            root=self.staging / str(next(self.numbers)),
            requested=change.requested,
            user=self.user_site(change.name),
            contents=inspection.contents,
            turns=turns,
        )
        if self.wants_bytecode(change.name):
            compile_bytecode(staged)
        return Delivered(staged=staged, warnings=inspection.warnings, requires=inspection.requires)

    def warnings(self, changes: Iterable[Change]) -> dict[str, tuple[Reason, ...]]:
        """What inspection found worth knowing, by name."""
        found = {change.name: self.done[key_of(change.target)].warnings for change in changes}
        return {name: reasons for name, reasons in found.items() if reasons}

    def corrections(self, changes: Iterable[Change], world: World) -> dict[Key, tuple[str, ...] | Failure]:
        """Requirements read from the wheels themselves, where the index had told something else."""
        found: dict[Key, tuple[str, ...] | Failure] = {**self.unfit}
        for change in changes:
            requires = self.done[key_of(change.target)].requires
            planned = world.source.requires(change.target)
            known = world.corrections.get(key_of(change.target), planned)
            if isinstance(known, Failure) or not _same(known, requires):
                found[key_of(change.target)] = requires
        return found


def key_of(release: Release | Candidate) -> Key:
    """Name and version."""
    return (release.name, str(release.version))


def _failure(change: Change, kind: str, text: str) -> Failure:
    return Failure(name=change.name, version=str(change.target.version), kind=kind, text=text)


def _away(failure: Failure) -> IndexUnreachable:
    return IndexUnreachable(
        f"The index can no longer be reached: {failure.text}.",
        hint="Nothing was changed. Run the same command again once the network is back.",
    )


def _same(told: tuple[str, ...], read: tuple[str, ...]) -> bool:
    return set(told) == set(read) or _canonical(told) == _canonical(read)


def _canonical(fields: Iterable[str]) -> frozenset[tuple[str, frozenset[str], str, str]]:
    found = set()
    for text in fields:
        try:
            each = parse(text)
        except InvalidRequirement:
            found.add((text, frozenset[str](), "", ""))
        else:
            found.add((each.name, each.extras, each.specifier, str(each.marker)))
    return frozenset(found)
