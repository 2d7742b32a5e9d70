"""The program inside the environment that it updates, itself, its requirements and pip all moving at once.

Each run is of the installed ``pip-update`` in a fresh copy of an environment, below a hook that strikes at the N-th
call to the file system (counted from the writing of the journal on): a kill, or an error that comes once, lasts 0.3 s,
or lasts for ever. What is there then recovers by its own means, in turn: ``pip-update --history`` has to work and to
change nothing, and ``pip-update`` recovers after it; ``pip-update`` alone; ``.pip-fastupdate/recover.py`` with
another Python. In the end the whole tree (names, modes, contents) must be that of before or that of after.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from itertools import cycle
from pathlib import Path

from tests.support.copies import PROJECT
from tests.support.environments import variables

from .forking import Nursery
from .harness import NEW, OLD, Tally, memory
from .inject import Fault
from .inside import Inside, inside, other_python
from .judging import Done, Judge, header, row
from .program import INJECT, PATIENCE, started
from .real import EPOCH, HOME, Tree

WAYS = ("history", "pip-update", "recover.py")
"""How an environment is brought back, in turn."""

MOMENT = 0.3
"""Seconds that an error lasts which is neither gone at once nor there for ever."""

LASTING = tuple({"seconds": MOMENT, "what": what} for what in ("EACCES", "EIO", "ENOSPC"))
FOR_EVER = tuple({"lasting": True, "what": what} for what in ("EACCES", "EIO", "ENOSPC"))
ONCE = tuple({"what": what} for what in ("EACCES", "EIO", "ENOSPC"))

STOPS = ("journal.", "journal.swapping")
"""Before which paths the update is forked: proving imports, which it does in between, takes its time."""

FORKING = Path(__file__).with_name("forking.py")

ALONE = (other_python(), "-I", "-S", str(FORKING), "--forks", "")
STANDARD = sys.stdlib_module_names


class Case:
    """The update of everything in such an environment, and what it looks like before and after.

    The update is forked where the first call that counts is made, and goes on in a copy of the environment as it is
    then. What recovers it is forked, too: from an interpreter that has imported no more than the standard library, or,
    where the environment is the old or the new one to the byte, what the program imports from there.
    """

    def __init__(self, made: Inside, after: str = STOPS[0]) -> None:
        """Calls are counted from the first path on that contains ``after``."""
        self.made = made
        self._said = variables(made.env, env_vars=EPOCH)
        done = started(made.env, Fault(at=0), self._arguments(), self._said, after)
        assert done.returncode == 0, done.stderr
        self.calls = _calls(done)
        self.judge = Judge(made.before, made.tree())
        self._ways = cycle(WAYS)
        self._stack = ExitStack()
        self._programs: dict[str, Nursery] = {}
        """Those that have imported everything, by what is installed."""
        self._updates = {stop: self._stopped(stop, after) for stop in STOPS if after in stop}
        self._own = [str(made.env.python), str(FORKING), "--forks", str(made.env.scripts)]
        self._any = self._nursery(*self._own)
        self._alone = self._nursery(*ALONE)

    def _arguments(self) -> list[str]:
        return [str(self.made.program), "--no-compile", "--no-index", "--find-links", str(self.made.wheels)]

    def _stopped(self, stop: str, after: str) -> Nursery:
        """The update, to be forked before the first call whose path contains ``stop``."""
        self.made.reset()
        command = [str(self.made.env.python), str(INJECT), "--forks", "--stop", stop, "--after", after]
        nursery = self._nursery(*command, "--prefix", str(self.made.env.path), "--", *self._arguments())
        self.made.stage(stop)
        return nursery

    def warm_up(self) -> None:
        """Import beforehand, for many runs, what does not come from an environment that is between old and new."""
        self.strike(Fault(at=self.calls // 2))
        names = self._imported(self._any, *self._mending())
        self.strike(Fault(at=self.calls // 2))
        alone = self._imported(self._alone, str(self.made.env.path / HOME / "recover.py"))
        self.made.reset()
        self._programs[OLD] = self._nursery(*self._own, *names)
        self._any = self._nursery(*self._own, *(each for each in names if each.partition(".")[0] in STANDARD))
        self._alone = self._nursery(*ALONE, *alone)
        done = self.strike(Fault(at=0))
        assert (NEW, self.calls) == (self.judge.name(self.made.tree()), _calls(done)), done.stderr
        self._programs[NEW] = self._nursery(*self._own, *names)

    def _nursery(self, *command: str) -> Nursery:
        made = Nursery(command, env=self._said, cwd=self.made.env.home, patience=PATIENCE)
        return self._stack.enter_context(made)

    def _imported(self, nursery: Nursery, *argv: str) -> list[str]:
        """What has been imported in the end."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
            done = nursery.child(argv=argv, modules=file.name)
            assert done.returncode == 0, done.stderr
            return [name for name in file.read().split("\n") if name != "__main__"]

    def _mending(self) -> tuple[str, ...]:
        return (str(self.made.program), "-x", "*", "--no-index")

    def close(self) -> None:
        """End all processes."""
        self._stack.close()

    def strike(self, fault: Fault) -> Done:
        """The run with the fault, in a fresh environment."""
        late = [stop for stop, update in self._updates.items() if not fault.at or update.number < fault.at]
        stop = late[-1]
        self.made.reset(stop)
        return self._updates[stop].child(fault=asdict(fault))

    def run(self, fault: Fault, way: str | None = None) -> Tally:
        """One run with a fault, then recovery, by one of the ``WAYS``: by default the next one."""
        way = way or next(self._ways)
        done = self.strike(fault)
        found = self.made.tree()
        at_once = self.judge.name(found)
        outcome = self.judge.told_wrong(done, fault, at_once) or self._recovered(done, found, at_once, way)
        outcome = outcome if outcome in (OLD, NEW) else f"{outcome} (at {fault}, by {way})"
        return Tally(runs=1, outcomes=Counter([outcome]), at_once=int(at_once in (OLD, NEW)))

    def _recovered(self, first: Done, found: Tree, state: str, way: str) -> str:
        """What the environment, whose live part is in a ``state``, makes of itself."""
        program = str(self.made.program)
        if not self.made.program.exists():
            return "pip-update is not there"
        if way == "history":
            done = self._programs.get(state, self._any).child(argv=[program, "--history"])
            if done.returncode or done.stderr.startswith("error") or self.made.tree() != found:
                return f"--history ended with {done.returncode}: {done.stderr[-300:]}"
        script = self.made.env.path / HOME / "recover.py"
        if way == "recover.py" and script.exists():
            done = self._alone.child(argv=[str(script)])
            if done.returncode:
                return f"recover.py ended with {done.returncode}: {done.stderr[-300:]}"
            state = self.judge.name(self.made.tree())
            if state not in (OLD, NEW):
                return f"recover.py left it {state}"
        done = self._programs.get(state, self._any).child(argv=self._mending())
        if done.returncode:
            return f"the next pip-update ended with {done.returncode}: {done.stderr[-300:]}"
        return self.judge.recovered(first, self.made.tree())


def _calls(done: Done) -> int:
    return int(re.findall(r"calls: (\d+)", done.stderr)[-1])


def kills(at: Iterable[int]) -> list[Fault]:
    """Kill at these calls."""
    return [Fault(at=each) for each in at]


def errors(at: Iterable[int], ways: Sequence[dict[str, object]]) -> list[Fault]:
    """Errors at these calls, each in one of the ways, in turn."""
    return [Fault(at=number, **way) for number, way in zip(at, cycle(ways))]  # type: ignore[arg-type]


def carry_out(case: Case, faults: Sequence[Fault]) -> Tally:
    """All of them, one after the other."""
    total = Tally()
    for fault in faults:
        total += case.run(fault)
    return total


def main(argv: Sequence[str]) -> int:
    """Print a line for each series of runs; exit code 1 if anything was neither old nor new."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults inside", description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="each so many-th call (default 1)")
    parser.add_argument("--first", type=int, default=1, help="number of the first call (default 1)")
    parser.add_argument("--only", choices=("kill", "once", "moment", "ever"), help="one kind of fault")
    parser.add_argument("--after", default=STOPS[0], help="count from the first path on that contains this")
    parser.add_argument("--source", type=Path, default=PROJECT, help="checkout of the program (default: this one)")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="faults-", dir=memory()) as folder:
        case = Case(inside(Path(folder), options.source), options.after)
        case.warm_up()
        header("fault")
        at = range(options.first, case.calls + 1, options.step)
        series = {
            "kill": ("kill", kills(at)),
            "once": ("error, once", errors(at, ONCE)),
            "moment": (f"error, for {MOMENT} s", errors(at, LASTING)),
            "ever": ("error, for ever", errors(at, FOR_EVER)),
        }
        chosen = [each for key, each in series.items() if options.only in (None, key)]
        wrong = sum(row((words,), case.calls, partial(carry_out, case, faults)) for words, faults in chosen)
        case.close()
        assert not (changed := case.made.changed()), f"files were written, not replaced: {changed[:5]}"
        return 1 if wrong else 0
