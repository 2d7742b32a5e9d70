"""Runs one command and writes what it cost: ``python -S launch.py RESULT -- COMMAND…``.

A program of its own, because a child's peak memory counts what its parent had at the fork: this one has little.
"""

import os
import sys
import time


def main() -> int:
    """Run the command; its standard output goes to RESULT.out, its standard error to RESULT.err."""
    result, command = sys.argv[1], sys.argv[3:]
    new = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, result + ".out", new, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, result + ".err", new, 0o644),
    ]
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024
    with open(result, "w") as stream:  # noqa: PTH123 - pathlib would have to be imported first
        cpu = used.ru_utime + used.ru_stime
        stream.write(f"{wall} {cpu} {used.ru_maxrss * unit} {os.waitstatus_to_exitcode(status)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
