"""Runs a program that pauses at certain calls to the file system, so that there is time to interrupt it right there.

``python tests/faults/pause.py --event os.rename --path /old/ --mark FILE --seconds 0.5 -- -m pip_fastupdate``: at each
such call (from the ``--from``-th on) with this text in one of its paths it sleeps; the first one makes FILE.
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any


def main(argv: list[str]) -> None:
    """Run a program with pauses in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--event", required=True, help="audit event, such as os.rename")
    parser.add_argument("--path", default="", help="text in one of the first two arguments of the event")
    parser.add_argument("--mark", required=True, type=Path, help="file that appears with the first pause")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long each pause is")
    parser.add_argument("--first", type=int, default=1, help="number of the first such call that pauses")
    parser.add_argument("--pauses", type=int, default=1000, help="how many pauses there are")
    parser.add_argument("program", nargs="+", metavar="-- -m MODULE ARGUMENT …")
    options = parser.parse_args(argv)
    counted = 0

    def pause(event: str, args: tuple[Any, ...]) -> None:
        nonlocal counted
        if event != options.event or options.path not in "\n".join(map(str, args[:2])):
            return
        counted += 1
        if options.first <= counted < options.first + options.pauses:
            os.close(os.open(f"{options.mark}", os.O_CREAT | os.O_WRONLY))
            time.sleep(options.seconds)

    sys.addaudithook(pause)
    assert options.program[0] == "-m"
    sys.argv = options.program[1:]
    runpy.run_module(options.program[1], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
