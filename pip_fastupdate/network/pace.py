"""Minimum speed and maximum time of a response: a byte per second cannot block a run forever.

A socket's timeout limits the time between two bytes. This limits the rate, for headers and body alike, and the total
time, below everything that reads from a connection.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ..core.reasons import NotFetched

LEAST = 256
"""Bytes required within each window of twice the timeout."""

HEAD = 1 << 20
"""Maximum bytes of the headers, with everything that servers may send before them (1xx)."""


class Exceeded(Exception):
    """The response exceeds a limit; ``kind`` is that of the failure, the text follows the host's name."""

    def __init__(self, kind: NotFetched, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Pace:
    """Watches one response."""

    __slots__ = ("_clock", "_deadline", "_end", "_got", "_head", "_window")

    def __init__(self, timeout: float, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        """The response begins now, and has ``seconds`` in total (None: forever) unless it is ``unhurried``."""
        now = clock()
        self._clock, self._window = clock, 2 * timeout
        self._deadline = None if seconds is None else now + seconds
        self._end, self._got, self._head = now + self._window, 0, HEAD

    def count(self, amount: int) -> None:
        """Count received bytes. Raises Exceeded."""
        now = self._clock()
        self._got += amount
        if self._head:
            self._head -= min(self._head, amount)
            if not self._head:
                raise Exceeded("garbage", "sent headers without end")
        if self._deadline is not None and now > self._deadline:
            raise Exceeded("timeout", "took too long to respond")
        if now > self._end:
            if self._got < LEAST and amount:
                raise Exceeded("timeout", "responds too slowly")
            self._end, self._got = now + self._window, 0

    def begun(self) -> None:
        """Record that the headers are complete."""
        self._head = 0

    def unhurried(self) -> None:
        """Lift the total limit while enough arrives: it is a file, of any size."""
        self._deadline = None

    def watch(self, stream: io.BufferedReader) -> io.BufferedReader:
        """Return the same stream, counted."""
        raw = stream.detach()
        return io.BufferedReader(_Watched(raw, self.count))


class _Watched(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, count: Callable[[int], None]) -> None:
        self._raw, self._count = raw, count

    def readable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the socket's."""
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int | None:
        """Read, and raise Exceeded if that was too slow."""
        amount = cast("int | None", self._raw.readinto(buffer))
        self._count(amount or 0)
        return amount

    def close(self) -> None:
        """Close the socket's end, too."""
        if not self.closed:
            self._raw.close()
        super().close()
