"""Kills this process, or lets a call fail, at its N-th call to the file system below a folder.

Works on any Python program: ``python -m tests.faults.inject --prefix ENV --at 17 --fault kill -- -m pip_fastupdate``.
Audit hooks see every open, rename, mkdir and so on before it happens; ``os.write`` and ``os.fsync``, which have no
audit event, are wrapped. What a killed or failing ``write`` was to write is half written.
"""

from __future__ import annotations

import argparse
import errno
import os
import runpy
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from .forking import Forks
else:  # as a script, which finds none of the other tests
    from forking import Forks

EVENTS = frozenset(
    (
        *("open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod", "os.link", "os.symlink"),
        *("os.scandir", "os.listdir", "os.truncate"),
    )
)
CODE = (".py", ".pyc", ".so", ".pyd")
"""Imports from the environment are no calls of the swap."""

WINDOWS = {"EACCES": 5, "ENOSPC": 112, "EIO": 1117}
"""What Windows calls these errors."""

KILL = "kill"
INTERRUPT = "interrupt"
"""Ctrl-C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens at which call."""

    at: int
    """The first call is 1; 0 for never."""

    what: str = KILL
    """``kill``, ``interrupt`` or the name of an errno."""

    lasting: bool = False
    """Whether all later calls fail, too."""

    seconds: float = 0.0
    """If not 0, all later calls fail that come so soon after the first one that did."""

    def strikes(self, count: int, since: float = 0.0) -> bool:
        """Whether it happens at call number ``count``, ``since`` seconds after it happened first."""
        again = self.lasting or since < self.seconds
        return count == self.at or (again and 0 < self.at < count)

    def strike(self, path: str, *, windows: bool = False) -> None:
        """Let it happen; on ``windows``, errors have that system's number."""
        if self.what == KILL:
            kill_self()
        if self.what == INTERRUPT:
            signal.raise_signal(signal.SIGINT)
            return
        number = getattr(errno, self.what)
        error = OSError(number, os.strerror(number), path)
        if windows:
            error.winerror = WINDOWS[self.what]
        raise error


def kill_self() -> None:
    """End at once, without any clearing up."""
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)


def _looking() -> bool:
    """Whether another system is simulated and looks at the disk itself. Run as a script, this finds no other tests."""
    rules = sys.modules.get("tests.support.platforms.rules")
    return rules is not None and rules.looking()


class Injector:
    """Counts this process's calls to the file system below ``prefix``, and lets the fault happen."""

    def __init__(self, prefix: str, fault: Fault, after: str = "", *, windows: bool = False) -> None:
        self.count = 0
        self._prefix = os.path.realpath(prefix)
        self._fault = fault
        self._after = after
        self._windows = windows
        self._armed = False
        self._waiting = False
        self._first = 0.0
        self._stop = ""
        self._before: Callable[[], Fault] | None = None

    def install(self) -> None:
        """For the rest of this process's life; nothing is counted before ``on``."""
        sys.addaudithook(self._audit)
        write = os.write

        def counted_write(descriptor: int, content: bytes) -> int:
            if self._armed and self._strikes(self.count + 1):
                write(descriptor, bytes(content[: len(content) // 2]))
            self._call("write")
            return write(descriptor, content)

        def counted_fsync(descriptor: int) -> None:
            self._call("fsync")  # and no more: processes that are killed lose nothing that they wrote, and this is slow

        os.write, os.fsync = counted_write, counted_fsync
        if sys.platform == "linux":
            import ctypes

            ctypes.CDLL.syncfs = staticmethod(lambda descriptor: 0)  # type: ignore[attr-defined] # the same for a disk
        if hasattr(os, "sync"):
            os.sync = lambda: None  # and for all

    @contextmanager
    def on(self) -> Iterator[None]:
        """Count inside; with ``after``, from the first call on that has this text in its path."""
        self._armed = not self._after
        self._waiting = bool(self._after)
        try:
            yield
        finally:
            self._armed = self._waiting = False

    def stop_before(self, stop: str, deciding: Callable[[], Fault]) -> None:
        """Have the fault decided right before the first of the calls that count with ``stop`` in its path."""
        self._stop, self._before = stop, deciding

    @contextmanager
    def off(self) -> Iterator[None]:
        """Count nothing inside."""
        armed, self._armed = self._armed, False
        try:
            yield
        finally:
            self._armed = armed

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in EVENTS or not (self._armed or self._waiting) or _looking():
            return
        if event == "os.listdir" and sys._getframe(1).f_code.co_filename.startswith("<frozen importlib"):
            return  # an import, as CODE
        paths = [os.fspath(each) for each in args[:2] if isinstance(each, (str, os.PathLike))]
        if not paths or not any(self._concerns(event, str(path)) for path in paths):
            return
        if self._waiting and any(self._after in str(path) for path in paths):
            self._armed, self._waiting = True, False
        self._call(*map(str, paths))

    def _concerns(self, event: str, path: str) -> bool:
        below = path == self._prefix or path.startswith(self._prefix + os.sep)
        return below and not (event == "open" and path.endswith(CODE))

    def _call(self, *paths: str) -> None:
        if not self._armed:
            return
        if self._before is not None and any(self._stop in path for path in paths):
            deciding, self._before = self._before, None
            with self.off():
                self._fault = deciding()
        self.count += 1
        if self._strikes(self.count):
            self._fault.strike(paths[0], windows=self._windows)

    def _strikes(self, count: int) -> bool:
        now = time.monotonic()
        if count == self._fault.at:
            self._first = now
        return self._fault.strikes(count, now - self._first)


def _asked(forks: Forks, count: int) -> Fault:
    """The fault for this child, in whose environment, a copy, the folders have other numbers than before the fork.

    What it waits for it does not have to: its clock shows that time as gone.
    """
    request = forks.wait(count)
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_fingerprint"):
        assert frame.f_back is not None, "there no transaction"
        frame = frame.f_back
    transaction = frame.f_locals["self"]
    transaction._fingerprint = frame.f_globals["renewed"](transaction._fingerprint)
    _skip_waiting()
    return Fault(**request["fault"])


def _skip_waiting() -> None:
    waited, monotonic = 0.0, time.monotonic

    def sleep(seconds: float) -> None:
        nonlocal waited
        waited += seconds

    time.sleep = sleep
    time.monotonic = lambda: monotonic() + waited


def main(argv: list[str]) -> None:
    """Run a program with a fault in it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.inject", description=__doc__)
    parser.add_argument("--prefix", required=True, help="only calls below this folder count")
    parser.add_argument("--at", type=int, default=0, help="number of the call; 0 only counts")
    parser.add_argument("--fault", default=KILL, help="kill, interrupt, or the name of an errno such as ENOSPC")
    parser.add_argument("--lasting", action="store_true", help="all later calls fail, too")
    parser.add_argument("--seconds", type=float, default=0.0, help="the later calls fail, too, that come so soon")
    parser.add_argument("--after", default="journal.", help="counting starts with the first path that contains this")
    parser.add_argument("--forks", nargs=2, type=int, metavar="FD", help="fork before one of the calls, as asked")
    parser.add_argument("--stop", default="", help="the first one that contains this; by default the first of all")
    parser.add_argument("program", nargs="+", metavar="-- -m MODULE ARGUMENT … or -- FILE ARGUMENT …")
    options = parser.parse_args(argv)
    fault = Fault(at=options.at, what=options.fault, lasting=options.lasting, seconds=options.seconds)
    injector = Injector(options.prefix, fault, options.after)
    if options.forks:
        injector.stop_before(options.stop, lambda: _asked(Forks(*options.forks), injector.count))
    injector.install()
    program = options.program
    try:
        with injector.on():
            if program[0] == "-m":
                sys.argv = program[1:]
                runpy.run_module(program[1], run_name="__main__", alter_sys=True)
            else:
                sys.argv = program
                sys.path[0] = str(Path(program[0]).resolve().parent)
                runpy.run_path(program[0], run_name="__main__")
    finally:
        print(f"calls: {injector.count}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
