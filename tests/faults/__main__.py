"""Prints what became of environments whose update, undo or recovery was killed, or met errors, at each of its calls."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from . import harness, peers, program, program_inside, synthetic
from .harness import NEW, OLD, Case, Tally, every, sample

HEADER = ("environment", "what", "fault", "calls", "runs", "old", "new", "anything else", "seconds")

Row = tuple[str, str, str, int, Callable[[], Tally]]


def small(folder: Path) -> Iterator[Row]:
    """Everything at each call of a small environment."""
    update = harness.updating(synthetic.SMALL)
    actions = {
        "update": (update, ()),
        "update --keep 0": (harness.updating(synthetic.SMALL, 0), ()),
        "update on an overlay": (harness.refusing_folders(update), ()),
        "undo": (harness.undoing, (update,)),
    }
    for number, (name, (action, first)) in enumerate(actions.items()):
        case = Case(folder / f"small{number}", synthetic.SMALL, action, first)
        yield "small", name, "kill", case.calls, lambda case=case: harness.kills(case, every(case))
        yield "small", name, "error", case.calls, lambda case=case: harness.errors(case, every(case))
        yield "small", name, "Ctrl-C", case.calls, lambda case=case: harness.interrupts(case, every(case))
        at = every(case, case.calls // 5)
        yield "small", f"recovery, {name}", "kill", case.calls, lambda c=case, at=at: harness.recovery_kills(c, at)
        yield "small", f"recovery, {name}", "error", case.calls, lambda c=case, at=at: harness.recovery_errors(c, at)


def large(folder: Path, count: int, sampled: int, seed: int) -> Iterator[Row]:
    """Some calls of a large one."""
    dists = synthetic.large(count)
    update = harness.updating(dists)
    for number, (name, action, first) in enumerate((("update", update, ()), ("undo", harness.undoing, (update,)))):
        case = Case(folder / f"large{number}", dists, action, first)
        at = sample(case, sampled, seed)
        words = f"{count} packages"
        yield words, name, "kill", case.calls, lambda case=case, at=at: harness.kills(case, at)
        yield words, name, "error", case.calls, lambda case=case, at=at: harness.some_errors(case, at)


OTHERS = {"program": program.main, "inside": program_inside.main, "peers": peers.main}


def main(argv: Sequence[str]) -> int:
    """Run all, print a line for each; exit code 1 if anything was neither old nor new."""
    if argv[:1] and argv[0] in OTHERS:
        return OTHERS[argv[0]](argv[1:])
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        epilog="That is about the transaction alone, in environments of plain files. python -m tests.faults program "
        "does the same with the real program in real environments, python -m tests.faults peers kills it, pip and uv "
        "at random times and counts what each leaves broken; both have a --help of their own.",
    )
    parser.add_argument("--sample", type=int, default=200, help="calls of the large environment")
    parser.add_argument("--packages", type=int, default=60, help="its size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("small", "large"))
    options = parser.parse_args(argv)
    wrong = 0
    print("| " + " | ".join(HEADER) + " |\n|" + "---|" * len(HEADER))
    with tempfile.TemporaryDirectory(prefix="faults-", dir=harness.memory()) as folder:
        rows: list[Iterator[Row]] = []
        if options.only != "large":
            rows.append(small(Path(folder)))
        if options.only != "small":
            rows.append(large(Path(folder), options.packages, options.sample, options.seed))
        for environment, what, fault, calls, run in (row for each in rows for row in each):
            start = time.perf_counter()
            tally = run()
            others = sum(tally.others.values())
            seconds = f"{time.perf_counter() - start:.0f}"
            cells = (
                environment,
                what,
                fault,
                calls,
                tally.runs,
                tally.outcomes[OLD],
                tally.outcomes[NEW],
                others,
                seconds,
            )
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
            for outcome, number in tally.others.items():
                print(f"{number} times: {outcome}", flush=True)
            wrong += others
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
