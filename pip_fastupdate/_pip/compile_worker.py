"""A thread that compiles in an interpreter of its own, at the same time as this one.

It gets paths, and returns marshalled code, through a pair of pipes: all versions of Python that have such interpreters
have these, and no object is in two of them.
"""

from __future__ import annotations

import marshal
import math
import os
import select
import struct
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from operator import itemgetter
from pathlib import Path

from ..core.files import reachable, write_all
from ..core.threads import interpreters
from ..core.waiting import join
from .movable_code import Movable, movable, placeholder

_AHEAD, _BYTES = 8, 100_000
"""Maximum number, and bytes from which on there are enough, of sources that a worker has."""

_LENGTH = struct.Struct("<i")
"""In front of each path and each code."""

_PIPE = 1024**2  # bytes; Linux allows this to everybody

_SCRIPT = "import marshal\ntype(lambda: 0)(marshal.loads({code!r}), globals())({requests}, {answers}, {stand_in!r})\n"
"""Runs ``_serve``: its code alone, as nothing of ours is imported there."""


class Jobs:
    """Sources to compile, with their sizes in bytes, the smallest first."""

    def __init__(self, sources: Iterable[tuple[int, Path]]) -> None:
        self.sources = sorted(sources)
        self.left = sum(size for size, _ in self.sources)
        """Bytes of all."""

    def pop(self, at: int) -> tuple[int, Path]:
        """Take one."""
        job = self.sources.pop(at)
        self.left -= job[0]
        return job

    def largest(self, most: float) -> int:
        """Return which one is the largest with up to ``most`` bytes; -1 if there is none."""
        return bisect_right(self.sources, most, key=itemgetter(0)) - 1

    def give_back(self, jobs: Iterable[tuple[int, Path]]) -> None:
        """Add again what a worker did not compile."""
        self.sources = sorted([*self.sources, *jobs])
        self.left = sum(size for size, _ in self.sources)


class CompileWorker:
    """A thread and its interpreter; both end when ``close`` is called.

    Used by one thread at a time.
    """

    def __init__(self, run: Callable[[str], None] = interpreters.run) -> None:
        """``run`` runs a script. Raises OSError or RuntimeError if the system has no descriptor or thread left."""
        self._stand_in = placeholder()
        self._received = bytearray()
        self.jobs: deque[tuple[int, Path]] = deque()
        """The sources that it has, in order, with their sizes in bytes."""

        self.alive = True
        """False if it has failed, or is closed."""

        self._pipes = [*os.pipe()]
        try:
            self._pipes += os.pipe()
            requests, self._requests, self._answers, answers = self._pipes
            script = _SCRIPT.format(code=_CODE, requests=requests, answers=answers, stand_in=self._stand_in)
            self._thread = threading.Thread(
                target=_run, args=(run, script, requests, answers), name="compile", daemon=True
            )
            self._thread.start()
        except (OSError, RuntimeError):
            self._close_pipes()
            raise
        self._pipes = [self._requests, self._answers]
        _enlarge(self._answers)

    def feed(self, jobs: Jobs, most: float = math.inf) -> None:
        """Give it the largest of ``jobs`` with up to ``most`` bytes, as long as as much is left for others."""
        while self.alive and len(self.jobs) < _AHEAD and (at := jobs.largest(most)) >= 0:
            had, size = sum(size for size, _ in self.jobs), jobs.sources[at][0]
            if had >= _BYTES or had + size > jobs.left - size:
                return
            self.jobs.append(jobs.pop(at))
            path = os.fsencode(reachable(str(self.jobs[-1][1])))
            try:
                write_all(self._requests, _LENGTH.pack(len(path)) + path)
            except OSError:
                self.alive = False

    def fetch(self, *, wait: bool) -> Iterator[tuple[Path, Movable | None]]:
        """Yield the sources that it has compiled; with ``wait``, all that it has, unless it fails.

        None is the code of one that does not compile.
        """
        while self.alive and self.jobs:
            code = self._next()
            if code is not None:
                yield self.jobs.popleft()[1], movable(code, self._stand_in)
            elif self.alive and (wait or self._has_more()):
                self._receive()
            else:
                return

    def _next(self) -> bytes | None:
        """Return the next code, b"" if a source does not compile; None if it is not there yet."""
        if len(self._received) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._received)
        if length < 0:
            self.alive = False
            return None
        end = _LENGTH.size + length
        if len(self._received) < end:
            return None
        code = bytes(self._received[_LENGTH.size : end])
        del self._received[:end]
        return code

    def _has_more(self) -> bool:
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        return bool(poll.poll(0))

    def _receive(self) -> None:
        try:
            content = os.read(self._answers, _PIPE)
        except OSError:
            content = b""
        self._received += content
        self.alive = bool(content)

    def close(self) -> None:
        """Return when its interpreter is destroyed: after the source that it is compiling. May be called again."""
        self.alive = False
        self._close_pipes()
        join(self._thread)

    def _close_pipes(self) -> None:
        while self._pipes:
            os.close(self._pipes.pop())


def _run(run: Callable[[str], None], script: str, requests: int, answers: int) -> None:
    """Run the script until one of its pipes is closed. Closes both, which is how a failure shows."""
    try:
        run(script)
    except Exception:  # of kinds that differ between versions of Python
        return
    finally:
        os.close(requests)
        os.close(answers)


def _enlarge(pipe: int) -> None:
    """Let a worker go on while nobody fetches what it has compiled."""
    with suppress(ImportError, AttributeError, OSError):  # Linux only, and there is a limit for all pipes of a user
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _serve(requests: int, answers: int, stand_in: str) -> None:  # pragma: no cover - runs in another interpreter
    """Compile as ``compile_movable`` does until a pipe is closed, which raises EOFError or OSError."""
    import marshal
    import os
    import warnings

    def exactly(count: int) -> bytes:
        content = b""
        while len(content) < count:
            more = os.read(requests, count - len(content))
            if not more:
                raise EOFError
            content += more
        return content

    warnings.simplefilter("ignore")
    while True:
        path = exactly(int.from_bytes(exactly(4), "little"))
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - fewer modules
                module = compile(file.read(), stand_in, "exec", dont_inherit=True)
            code = marshal.dumps(module)  # which writes something else for an object without a name
            del module
        except Exception:
            code = b""
        answer = len(code).to_bytes(4, "little") + code
        code = b""
        while answer:
            answer = answer[os.write(answers, answer) :]


_CODE = marshal.dumps(_serve.__code__)
