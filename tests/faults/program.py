"""The real program in a real environment, killed, or failing, at each of its calls to the file system.

The calls are counted from the writing of the journal on: before, nothing is changed. Each run starts ``pip-update`` in
a fresh copy of an environment, below a hook that strikes at the N-th call. Then the real program runs again, and the
whole tree (names, modes, contents) must be that of before or that of after.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from tests.support.environments import Env, pip_check, run, variables

from .harness import FAILURES, NEW, OLD, Tally, memory
from .inject import Fault
from .judging import Judge, header, row
from .real import EPOCH, Real, large, small

INJECT = Path(__file__).with_name("inject.py")

MENDING = ("-x", "*")
"""A run that recovers and changes nothing else."""

PATIENCE = 120.0
"""Seconds after which a run is taken for hanging."""


def started(
    env: Env, fault: Fault, program: Sequence[str], said: Mapping[str, str], after: str = "journal."
) -> subprocess.CompletedProcess[str]:
    """Run a program (``-m MODULE ARGUMENT …`` or ``FILE ARGUMENT …``) in the environment, with a fault in it.

    Calls are counted from the first path on that contains ``after``.
    """
    options = ["--after", after, "--prefix", str(env.path), "--at", str(fault.at), "--fault", fault.what]
    options += ["--seconds", str(fault.seconds), *(["--lasting"] if fault.lasting else [])]
    return subprocess.run(
        [str(env.python), str(INJECT), *options, "--", *program],
        env=said,
        cwd=env.home,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


class Case:
    """What is done to an environment, and what it looks like before and after."""

    def __init__(self, real: Real, *arguments: str, code: int = 0) -> None:
        """``code`` is what the program ends with when nothing disturbs it."""
        self.real = real
        self._arguments = arguments
        self._code = code
        done = self._start(Fault(at=0))
        assert done.returncode == code, done.stderr
        self.calls = int(re.findall(r"calls: (\d+)", done.stderr)[-1])
        self.judge = Judge(real.before, real.tree(), code)
        self._fresh = False

    def _start(self, fault: Fault) -> subprocess.CompletedProcess[str]:
        program = ["-m", "pip_fastupdate", *self._arguments]
        return started(self.real.env, fault, program, variables(self.real.env, index=self.real.index, env_vars=EPOCH))

    def run(self, fault: Fault) -> Tally:
        """One run with a fault, then one that recovers."""
        done = self.strike(fault)
        at_once = self.judge.name(self.real.tree())
        outcome = self.judge.told_wrong(done, fault, at_once) or self._recovered(done)
        return Tally(runs=1, outcomes=Counter([outcome]), at_once=int(at_once in (OLD, NEW)))

    def strike(self, fault: Fault) -> subprocess.CompletedProcess[str]:
        """The run with the fault, in a fresh environment."""
        if not self._fresh:
            self.real.reset()
        self._fresh = False
        return self._start(fault)

    def _recovered(self, first: subprocess.CompletedProcess[str]) -> str:
        """Let the next run mend the environment, and name what it made of it."""
        done = run(self.real.env, *MENDING, index=self.real.index)
        found = self.real.tree()
        if done.returncode != 0:
            return f"the recovery ended with {done.returncode}: {done.stderr[-200:]}"
        self._fresh = found == self.real.before
        return self.judge.recovered(first, found)

    def go_on(self) -> str | None:
        """What is wrong after a complete update on top of whatever there is; None when it is as it should be."""
        self._fresh = False
        done = run(self.real.env, *self._arguments, index=self.real.index, env_vars=EPOCH)
        if done.returncode != self._code or self.judge.name(self.real.tree()) != NEW:
            return f"a further update ended with {done.returncode}: {done.stderr[-200:]}"
        problems = pip_check(self.real.env)
        return f"pip check: {problems}" if problems else None


def kills(at: Iterable[int]) -> list[Fault]:
    """Kill at these calls."""
    return [Fault(at=each) for each in at]


def errors(at: Iterable[int], each: int = 1) -> list[Fault]:
    """Errors at these calls, at each of them so many: ENOSPC, EACCES and EIO, once or from there on, in turn."""
    ways = cycle(sorted(FAILURES, key=lambda way: (way[1], way[0])))
    return [Fault(at=number, what=what, lasting=lasting) for number in at for what, lasting in islice(ways, each)]


def carry_out(cases: Sequence[Case], faults: Sequence[Fault], go_on_every: int = 10) -> Tally:
    """All the faults, shared among the cases, which work at the same time."""
    with ThreadPoolExecutor(len(cases)) as threads:
        shares = [faults[number :: len(cases)] for number in range(len(cases))]
        tallies = threads.map(lambda case, share: _series(case, share, go_on_every), cases, shares)
        total = Tally()
        for each in tallies:
            total += each
    return total


def _series(case: Case, faults: Sequence[Fault], go_on_every: int) -> Tally:
    total = Tally()
    for number, fault in enumerate(faults, 1):
        tally = case.run(fault)
        if tally.others:
            tally.outcomes = Counter({f"{outcome} (at {fault})": 1 for outcome in tally.outcomes})
        total += tally
        if number % go_on_every == 0:
            wrong = case.go_on()
            total.outcomes.update([f"{wrong} (at {fault})"] if wrong else [])
    return total


def main(argv: Sequence[str]) -> int:
    """Print a line for each series of runs; exit code 1 if anything was neither old nor new."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults program", description=__doc__)
    parser.add_argument("--only", choices=("small", "large"), help="one of the two environments")
    parser.add_argument("--sample", type=int, default=200, help="calls of the large environment (default 200)")
    parser.add_argument("--step", type=int, default=1, help="each so many-th call of the small one (default 1)")
    parser.add_argument("--packages", type=int, default=60, help="size of the large one (default 60)")
    parser.add_argument("--jobs", type=int, default=2, help="environments worked on at a time (default 2)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    header("environment", "fault")
    wrong = 0
    if options.only != "large":
        wrong += _table("small", small, Case, options.jobs, lambda calls: _thorough(calls, options.step))
        wrong += _table(
            "small, --bisect", small, halving, options.jobs, lambda calls: _thorough(calls, 5 * options.step)
        )
    if options.only != "small":
        words = f"{options.packages} packages"
        make = partial(large, count=options.packages)
        wrong += _table(words, make, Case, options.jobs, lambda calls: _sampled(calls, options.sample, options.seed))
    return 1 if wrong else 0


def halving(real: Real) -> Case:
    """An update with several swaps that are taken back: one of the packages fails the user's test."""
    bad = real.env.site_packages / "plain-2.0.dist-info"
    return Case(real, "--test", f"[ ! -e '{bad}' ]", "--bisect", code=4)


Series = dict[str, list[Fault]]
"""What is done to an environment, by a word for it."""

Make = Callable[[Path], AbstractContextManager[Real]]


def _thorough(calls: int, step: int) -> Series:
    at = range(1, calls + 1, step)
    return {"kill": kills(at), "error": errors(at, each=3)}


def _sampled(calls: int, count: int, seed: int) -> Series:
    at = sorted(random.Random(seed).sample(range(1, calls + 1), min(count, calls)))
    return {"kill": kills(at), "error": errors(at)}


def _table(words: str, make: Make, begin: Callable[[Real], Case], jobs: int, series: Callable[[int], Series]) -> int:
    with tempfile.TemporaryDirectory(prefix="faults-", dir=memory()) as folder, ExitStack() as stack:
        cases = [begin(stack.enter_context(make(Path(folder, str(number))))) for number in range(jobs)]
        calls, wrong = cases[0].calls, 0
        for fault, faults in series(calls).items():
            wrong += row((words, fault), calls, partial(carry_out, cases, faults))
    return wrong


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
