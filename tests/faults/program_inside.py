"""The program inside the environment that it updates, itself, its requirements and pip all moving at once.

Each run starts the installed ``pip-update`` in a fresh copy of an environment, below a hook that strikes at the N-th
call to the file system (counted from the writing of the journal on): a kill, or an error that comes once, lasts 0.3 s,
or lasts for ever. What is there then recovers by its own means, in turn: ``pip-update --history`` has to work and to
change nothing, and ``pip-update`` recovers after it; ``pip-update`` alone; ``.pip-fastupdate/recover.py`` with
another Python. In the end the whole tree (names, modes, contents) must be that of before or that of after.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import cycle
from pathlib import Path

from tests.support.copies import PROJECT
from tests.support.environments import variables

from .harness import NEW, OLD, Tally, memory
from .inject import Fault
from .inside import Inside, inside, other_python
from .program import KILLED, PATIENCE, difference, started
from .real import EPOCH, HOME, Tree, live

SAFE = "The old files are safe: the next pip-update puts them back first"

WAYS = ("history", "pip-update", "recover.py")
"""How an environment is brought back, in turn."""

MOMENT = 0.3
"""Seconds that an error lasts which is neither gone at once nor there for ever."""

LASTING = tuple({"seconds": MOMENT, "what": what} for what in ("EACCES", "EIO", "ENOSPC"))
FOR_EVER = tuple({"lasting": True, "what": what} for what in ("EACCES", "EIO", "ENOSPC"))
ONCE = tuple({"what": what} for what in ("EACCES", "EIO", "ENOSPC"))

Done = subprocess.CompletedProcess[str]


class Case:
    """The update of everything in such an environment, and what it looks like before and after."""

    def __init__(self, made: Inside, after: str = "journal.") -> None:
        """Calls are counted from the first path on that contains ``after``."""
        self.made = made
        self._after_path = after
        done = self._update(Fault(at=0))
        assert done.returncode == 0, done.stderr
        self.calls = int(re.findall(r"calls: (\d+)", done.stderr)[-1])
        self._before, self._after = live(made.before), live(made.tree())
        assert self._after != self._before
        self._ways = cycle(WAYS)

    def _update(self, fault: Fault) -> Done:
        arguments = [str(self.made.program), "--no-compile", "--no-index", "--find-links", str(self.made.wheels)]
        return started(self.made.env, fault, arguments, variables(self.made.env, env_vars=EPOCH), self._after_path)

    def _undisturbed(self, *command: str) -> Done:
        return subprocess.run(
            command,
            env=variables(self.made.env, env_vars=EPOCH),
            cwd=self.made.env.home,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    def strike(self, fault: Fault) -> Done:
        """The run with the fault, in a fresh environment."""
        self.made.reset()
        return self._update(fault)

    def run(self, fault: Fault, way: str | None = None) -> Tally:
        """One run with a fault, then recovery, by one of the ``WAYS``: by default the next one."""
        way = way or next(self._ways)
        done = self.strike(fault)
        found = self.made.tree()
        at_once = self.name(found)
        outcome = self._told_wrong(done, fault, at_once) or self._recovered(done, found, way)
        outcome = outcome if outcome in (OLD, NEW) else f"{outcome} (at {fault}, by {way})"
        return Tally(runs=1, outcomes=Counter([outcome]), at_once=int(at_once in (OLD, NEW)))

    def _told_wrong(self, done: Done, fault: Fault, at_once: str) -> str | None:
        """What the run that met the fault should not have said."""
        if fault.what == "kill":
            return None if done.returncode in KILLED else f"not killed, but ended with {done.returncode}"
        if "Traceback" in done.stderr:
            return f"traceback: {done.stderr.splitlines()[-2]}"
        if done.returncode == 0:
            return None if at_once == NEW else f"said to be done, but {at_once}"
        if done.returncode != 1 or "error: " not in done.stderr:
            return f"ended with {done.returncode}: {done.stderr[-200:]}"
        return None if at_once == OLD or SAFE in done.stderr else f"said to have failed, but {at_once}"

    def _recovered(self, first: Done, found: Tree, way: str) -> str:
        """What the environment makes of itself."""
        program = str(self.made.program)
        if not self.made.program.exists():
            return "pip-update is not there"
        if way == "history":
            done = self._undisturbed(program, "--history")
            if done.returncode or done.stderr.startswith("error") or self.made.tree() != found:
                return f"--history ended with {done.returncode}: {done.stderr[-300:]}"
        script = self.made.env.path / HOME / "recover.py"
        if way == "recover.py" and script.exists():
            done = self._undisturbed(other_python(), "-I", "-S", str(script))
            if done.returncode:
                return f"recover.py ended with {done.returncode}: {done.stderr[-300:]}"
            if self.name(self.made.tree()) not in (OLD, NEW):
                return f"recover.py left it {self.name(self.made.tree())}"
        done = self._undisturbed(program, "-x", "*", "--no-index")
        if done.returncode:
            return f"the next pip-update ended with {done.returncode}: {done.stderr[-300:]}"
        return self._judged(first)

    def _judged(self, first: Done) -> str:
        found = self.made.tree()
        outcome = self.name(found)
        if outcome == OLD and found != self.made.before:
            return f"old, but with something left behind: {difference(found, self.made.before)}"
        if first.returncode == 1 and outcome == NEW:
            return "said to have failed, but new after recovery"
        return outcome

    def name(self, found: Tree) -> str:
        """Whether the live environment is the old one, the new one, or something else."""
        found = live(found)
        if found in (self._before, self._after):
            return OLD if found == self._before else NEW
        return f"neither: {min((difference(found, each) for each in (self._before, self._after)), key=len)}"


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


HEADER = ("fault", "calls", "runs", "intact at once", "old", "new", "anything else", "seconds")


def main(argv: Sequence[str]) -> int:
    """Print a line for each series of runs; exit code 1 if anything was neither old nor new."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults inside", description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="each so many-th call (default 1)")
    parser.add_argument("--first", type=int, default=1, help="number of the first call (default 1)")
    parser.add_argument("--only", choices=("kill", "once", "moment", "ever"), help="one kind of fault")
    parser.add_argument("--after", default="journal.", help="count from the first path on that contains this")
    parser.add_argument("--source", type=Path, default=PROJECT, help="checkout of the program (default: this one)")
    options = parser.parse_args(argv)
    print("| " + " | ".join(HEADER) + " |\n|" + "---|" * len(HEADER), flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-", dir=memory()) as folder:
        case = Case(inside(Path(folder), options.source), options.after)
        at = range(options.first, case.calls + 1, options.step)
        series = {
            "kill": ("kill", kills(at)),
            "once": ("error, once", errors(at, ONCE)),
            "moment": (f"error, for {MOMENT} s", errors(at, LASTING)),
            "ever": ("error, for ever", errors(at, FOR_EVER)),
        }
        chosen = [each for key, each in series.items() if options.only in (None, key)]
        return 1 if sum(_row(case, words, faults) for words, faults in chosen) else 0


def _row(case: Case, words: str, faults: Sequence[Fault]) -> int:
    start = time.perf_counter()
    tally = carry_out(case, faults)
    others = sum(tally.others.values())
    seconds = f"{time.perf_counter() - start:.0f}"
    cells = (case.calls, tally.runs, tally.at_once, tally.outcomes[OLD], tally.outcomes[NEW], others, seconds)
    print(f"| {words} | {' | '.join(map(str, cells))} |", flush=True)
    for outcome, number in tally.others.items():
        print(f"{number} times: {outcome}", flush=True)
    return others
