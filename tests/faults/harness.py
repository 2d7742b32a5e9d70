"""Runs a swap again and again in forked children, each with another fault, and looks at what is left."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pip_fastupdate.core.errors import FileInUse, TransactionError
from pip_fastupdate.transaction import Transactions
from pip_fastupdate.transaction import transaction as single
from pip_fastupdate.transaction.rewrites import Rewrite
from tests.support.platforms import NATIVE, SYSTEMS, Rules, Scanner, Windows

from .inject import INTERRUPT, KILL, Fault, Injector
from .synthetic import HOME, Dist, Snapshot, install, snapshot, staged, without_home

FAILURES = tuple((what, lasting) for what in ("ENOSPC", "EACCES", "EIO") for lasting in (False, True))
"""Which error, and whether all later calls fail, too."""

OLD, NEW = "old", "new"

SCANNED = "windows, scanned"
"""Windows, where a virus scanner keeps some of the files open for a moment just when they are moved."""

DONE, REFUSED, CRASHED = 0, 3, 4
"""How a child ends when nobody kills it."""

Action = Callable[[Path, Injector], None]


def memory() -> str | None:
    """A folder in memory, where there is one: nothing here is about disks, and they are slow."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def transactions(prefix: Path) -> Transactions:
    """Of an environment; the disk is not flushed, which no process can notice."""
    return Transactions(prefix / HOME, prefix, flush=lambda folders: None)


def updating(dists: Sequence[Dist], keep: int = 1, files: Sequence[str] = ()) -> Action:
    """The update of an environment, counted from ``begin`` on, staging left out.

    ``files`` are paths below the prefix of files that ``making`` has made and that follow the update.
    """

    def act(prefix: Path, injector: Injector) -> None:
        rewrites = [Rewrite(path=str((prefix / each).resolve()), before=BEFORE, after=AFTER) for each in files]
        with injector.on(), transactions(prefix).begin() as transaction:
            with injector.off():
                replacements = [staged(transaction.staging, prefix, dist) for dist in dists]
            transaction.prepare(replacements, rewrites=rewrites)
            transaction.swap()
            transaction.commit(keep)

    return act


BEFORE, AFTER = b"lib==1\n", b"lib==2\n"


def making(files: Sequence[str]) -> Action:
    """The files of a project as they are before an update."""

    def act(prefix: Path, injector: Injector) -> None:
        for each in files:
            (prefix / each).parent.mkdir(exist_ok=True)
            (prefix / each).write_bytes(BEFORE)

    return act


def undoing(prefix: Path, injector: Injector) -> None:
    """The undo of the newest transaction."""
    with injector.on():
        transactions(prefix).undo()


def recovering(prefix: Path, injector: Injector) -> None:
    """What every run starts with."""
    with injector.on():
        transactions(prefix).recover()


def refusing_folders(action: Action) -> Action:
    """The same where the folders of the live environment cannot be renamed, as on an overlay."""

    def act(prefix: Path, injector: Injector) -> None:
        home = str(prefix / HOME)

        def refuse(event: str, args: tuple[object, ...]) -> None:
            if event == "os.rename" and not str(args[0]).startswith(home) and Path(str(args[0])).is_dir():
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), args[0])

        sys.addaudithook(refuse)
        action(prefix, injector)

    return act


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of the environments of one series of runs."""

    runs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """``old``, ``new``, or what else was found."""

    at_once: int = 0
    """Runs that left the environment right by themselves, before any recovery."""

    def __iadd__(self, other: Tally) -> Tally:
        self.runs += other.runs
        self.outcomes += other.outcomes
        self.at_once += other.at_once
        return self

    @property
    def others(self) -> dict[str, int]:
        """All outcomes that must not be."""
        return {name: count for name, count in self.outcomes.items() if name not in (OLD, NEW)}


def in_child(action: Action, prefix: Path, fault: Fault, system: str = NATIVE) -> tuple[int, int]:
    """Run in a forked child, by the rules of a system.

    Returns how it ended (negative: by that signal) and the number of calls it made.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os._exit(_child(action, prefix, fault, system, writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status, int(told or 0)


def _child(action: Action, prefix: Path, fault: Fault, system: str, report: int) -> int:
    sys.settrace(None)  # nothing is measured of who ends without a word, but it would take twice as long
    injector = Injector(str(prefix), fault, windows=system.startswith("windows"))
    write = os.write
    injector.install()
    single.AGAIN = (0.0,)  # an error that lasts does so however long one waits
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which those started in the background lack
    try:
        with rules_of(system, prefix):
            action(prefix, injector)
        status = DONE
    except (TransactionError, FileInUse, KeyboardInterrupt):
        status = REFUSED
    except BaseException:
        traceback.print_exc()
        status = CRASHED
    write(report, str(injector.count).encode())
    return status


def rules_of(system: str, folder: Path) -> AbstractContextManager[Rules | None]:
    """The rules of a system for what is done below ``folder``."""
    if system == SCANNED:
        return Windows(folder, scanner=Scanner(0.2)).on()
    return nullcontext() if system == NATIVE else SYSTEMS[system](folder).on()


class Case:
    """An environment, something done to it, and what it looks like before and after."""

    def __init__(
        self, folder: Path, dists: Sequence[Dist], action: Action, first: Sequence[Action] = (), system: str = NATIVE
    ) -> None:
        self._folder = folder
        self._template = folder / "template"
        self.prefix = folder / "env"
        self.action = action
        self.system = system
        install(self.prefix, dists)
        for each in first:
            self._must(each, "windows" if system == SCANNED else system)
        shutil.copytree(self.prefix, self._template, symlinks=True)
        self.before = snapshot(self.prefix)
        self._live_before = without_home(self.before)
        self.calls = self._must(action, system)
        self._live_after = without_home(snapshot(self.prefix))
        self._is_reset = False
        assert self._live_before != self._live_after

    def _must(self, action: Action, system: str) -> int:
        status, calls = in_child(action, self.prefix, Fault(at=0), system)
        assert status == DONE, f"without any fault it ended with {status}"
        return calls

    def reset(self) -> None:
        """The environment as it is before."""
        if not self._is_reset:
            clear(self.prefix)
            shutil.copytree(self._template, self.prefix, symlinks=True, dirs_exist_ok=True)
        self._is_reset = False

    def _name(self, found: Snapshot) -> str:
        """Whether the live environment is the old one, the new one, or something else."""
        found = without_home(found)
        if found == self._live_before:
            return OLD
        return NEW if found == self._live_after else _difference(found, self._live_before, self._live_after)

    def run(self, fault: Fault) -> Tally:
        """One run with a fault, then recovery."""
        self.reset()
        status, _ = in_child(self.action, self.prefix, fault, self.system)
        return self._judge(status)

    def run_with_faulty_recovery(self, fault: Fault, what: str, lasting: bool = False, step: int = 1) -> Tally:
        """Runs with one fault, each with a fault in another call of the recovery, then recovery without any.

        The calls are each ``step``-th one.
        """
        tally = Tally()
        at = 1 - step
        while True:
            at += step
            self.reset()
            first, _ = in_child(self.action, self.prefix, fault, self.system)
            status, calls = in_child(recovering, self.prefix, Fault(at=at, what=what, lasting=lasting), self.system)
            if status == DONE and calls < at:
                return tally
            tally += self._judge(first)

    def _judge(self, status: int) -> Tally:
        """Recover, and compare with what the way the child ended promises."""
        at_once = self._name(snapshot(self.prefix))
        recovery, _ = in_child(recovering, self.prefix, Fault(at=0), self.system)
        if self.system == SCANNED:  # what could not be removed then is for a later run
            recovery |= in_child(recovering, self.prefix, Fault(at=0), "windows")[0]
        found = snapshot(self.prefix)
        self._is_reset = found == self.before
        outcome = self._name(found)
        if status == CRASHED or recovery != DONE:
            outcome = f"ended with {status}, its recovery with {recovery}"
        elif status == DONE and outcome != NEW:
            outcome = f"said to be done, but {outcome}"
        elif status == REFUSED and outcome != OLD:
            outcome = f"said to have failed, but {outcome}"
        elif outcome == OLD and not self._is_reset:
            outcome = f"old, but with something left behind: {_difference(found, self.before)}"
        elif outcome == NEW and self._unfinished():
            outcome = "new, but with something left to recover"
        elif outcome == NEW and (self.prefix / HOME).exists() and not transactions(self.prefix).sources():
            outcome = "new, but with the sources forgotten"
        return Tally(runs=1, outcomes=Counter([outcome]), at_once=int(at_once in (OLD, NEW)))

    def _unfinished(self) -> bool:
        return transactions(self.prefix).pending() is not None


def clear(folder: Path) -> None:
    """Remove all that is in a folder, but for folders that file systems are mounted at, which are emptied."""
    for path in folder.iterdir():
        if path.is_symlink() or not path.is_dir():
            path.unlink()
            continue
        clear(path)
        with suppress(OSError):  # it is busy, or one that is in it
            path.rmdir()


def _difference(found: Snapshot, *known: Snapshot) -> str:
    wrong = min((_wrong(found, each) for each in known), key=len)
    return f"neither: {', '.join(wrong[:5])}"


def _wrong(found: Snapshot, known: Snapshot) -> list[str]:
    return sorted(path for path in found.keys() | known.keys() if found.get(path) != known.get(path))


def kills(case: Case, at: Iterable[int]) -> Tally:
    """Kill the action at these of its calls."""
    return _sum(case.run(Fault(at=each)) for each in at)


def errors(case: Case, at: Iterable[int]) -> Tally:
    """Let these of its calls fail in turn, in every way."""
    return _sum(case.run(Fault(at=each, what=what, lasting=lasting)) for each in at for what, lasting in FAILURES)


def some_errors(case: Case, at: Iterable[int]) -> Tally:
    """The same, with each call in one of the ways."""
    faults = ((each, *FAILURES[number % len(FAILURES)]) for number, each in enumerate(at))
    return _sum(case.run(Fault(at=each, what=what, lasting=lasting)) for each, what, lasting in faults)


def interrupts(case: Case, at: Iterable[int]) -> Tally:
    """Press Ctrl-C at these of its calls, and at all calls from there on."""
    faults = (Fault(at=each, what=INTERRUPT, lasting=lasting) for each in at for lasting in (False, True))
    return _sum(map(case.run, faults))


def recovery_kills(case: Case, at: Iterable[int], step: int = 1) -> Tally:
    """Kill the action at these calls, and the recovery from that at each of its own, or each ``step``-th."""
    return _sum(case.run_with_faulty_recovery(Fault(at=each), KILL, step=step) for each in at)


def recovery_errors(case: Case, at: Iterable[int]) -> Tally:
    """Kill the action at these calls, and let each call of the recovery from that fail, in one of the ways."""
    faults = ((each, *FAILURES[number % len(FAILURES)]) for number, each in enumerate(at))
    return _sum(case.run_with_faulty_recovery(Fault(at=each), what, lasting) for each, what, lasting in faults)


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for each in tallies:
        total += each
    return total


def every(case: Case, step: int = 1) -> range:
    """The numbers of all its calls, or of each ``step``-th."""
    return range(1, case.calls + 1, step)


def sample(case: Case, count: int, seed: int) -> list[int]:
    """The numbers of ``count`` different calls, drawn at random; of all where there are no more."""
    return sorted(random.Random(seed).sample(every(case), min(count, case.calls)))
