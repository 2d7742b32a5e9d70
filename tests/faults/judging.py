"""What is right of a real program that met a fault, and of the environment that it left."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence

from .harness import NEW, OLD, Tally
from .inject import Fault
from .real import Tree, live

KILLED = (-9, 137)

SAFE = "the old files are safe, and the next pip-update run restores them first"

Done = subprocess.CompletedProcess[str]


class Judge:
    """Knows what the environment looks like before and after."""

    def __init__(self, before: Tree, after: Tree, code: int = 0) -> None:
        """``code`` is what the program ends with when nothing disturbs it."""
        self._whole = before
        self._before, self._after = live(before), live(after)
        self._code = code
        assert self._after != self._before

    def name(self, found: Tree) -> str:
        """Whether the live environment is the old one, the new one, or something else."""
        found = live(found)
        if found in (self._before, self._after):
            return OLD if found == self._before else NEW
        return f"neither: {min((difference(found, each) for each in (self._before, self._after)), key=len)}"

    def told_wrong(self, done: Done, fault: Fault, at_once: str) -> str | None:
        """What the run that met the fault should not have said of the environment that it left, ``at_once``."""
        if fault.what == "kill":
            return None if done.returncode in KILLED else f"not killed, but ended with {done.returncode}"
        if "Traceback" in done.stderr:
            return f"traceback: {done.stderr.splitlines()[-2]}"
        if done.returncode == self._code:
            return None if at_once == NEW else f"said to be done, but {at_once}"
        if done.returncode != 1 or "error: " not in done.stderr:
            return f"ended with {done.returncode}: {done.stderr[-200:]}"
        return None if at_once == OLD or SAFE in done.stderr else f"said to have failed, but {at_once}"

    def recovered(self, first: Done, found: Tree) -> str:
        """What the environment is after the recovery from the run ``first``."""
        outcome = self.name(found)
        if outcome == OLD and found != self._whole:
            return f"old, but with something left behind: {difference(found, self._whole)}"
        if first.returncode == 1 and outcome == NEW:
            return "said to have failed, but new after recovery"
        return outcome


def difference(found: Tree, known: Tree) -> str:
    """Some of the paths at which they differ."""
    wrong = sorted(path for path in found.keys() | known.keys() if found.get(path) != known.get(path))
    return ", ".join(wrong[:5])


HEADER = ("calls", "runs", "intact at once", "old", "new", "anything else", "seconds")


def header(*columns: str) -> None:
    """Print the first lines of a table, of these columns and the figures."""
    cells = (*columns, *HEADER)
    print(f"| {' | '.join(cells)} |\n|" + "---|" * len(cells), flush=True)


def row(words: Sequence[str], calls: int, work: Callable[[], Tally]) -> int:
    """Do the ``work`` and print its line of the table, and what must not be. Returns how many of those there are."""
    start = time.perf_counter()
    tally = work()
    others = sum(tally.others.values())
    seconds = f"{time.perf_counter() - start:.0f}"
    cells = (*words, calls, tally.runs, tally.at_once, tally.outcomes[OLD], tally.outcomes[NEW], others, seconds)
    print(f"| {' | '.join(map(str, cells))} |", flush=True)
    for outcome, number in tally.others.items():
        print(f"{number} times: {outcome}", flush=True)
    return others
