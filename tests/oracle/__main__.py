"""All of it: ``python -m tests.oracle [KIND ...] [--from SEED] [--worlds NUMBER]``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from . import brute, maxsat, why, worlds

KINDS: dict[str, tuple[Callable[[int], worlds.Plain], Callable[[worlds.Plain], str], int]] = {
    "brute": (worlds.small, brute.fault, 20_000),
    "maxsat": (worlds.middling, maxsat.fault, 4_000),
    "dense": (worlds.dense, maxsat.fault, 200),
    "why": (worlds.small, why.fault, 2_000),
}
"""By name: which worlds, how they are judged, and how many."""


def judged(kind: str, seed: int) -> tuple[int, str]:
    """The seed with what is wrong with its world's plan."""
    make, fault, _ = KINDS[kind]
    return seed, fault(make(seed))


def main() -> int:
    """0 when nothing is wrong anywhere."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=[[], *KINDS], metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--from", type=int, default=0, dest="first", help="seed of the first world (default: 0)")
    parser.add_argument("--worlds", type=int, help="how many")
    arguments = parser.parse_args()
    wrong = 0
    for kind in arguments.kinds or KINDS:
        number = arguments.worlds or KINDS[kind][2]
        seeds = range(arguments.first, arguments.first + number)
        began, faults = time.monotonic(), 0
        with ProcessPoolExecutor() as pool:
            for seed, fault in pool.map(judged, repeat(kind), seeds, chunksize=10):
                if fault:
                    faults += 1
                    print(f"{kind} {seed}: {fault}")
        print(f"{kind}: {number} worlds, {faults} wrong, {time.monotonic() - began:.0f} s", flush=True)
        wrong += faults
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
