"""Protocols between stages: the planner and the swap depend on these types only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .models import Failure, Project, Reason, Release

if TYPE_CHECKING:
    from packaging.version import Version

    from .reasons import NotFetched


class Progress(Protocol):
    """The progress of a run. Called from one thread at a time unless a method says otherwise."""

    def stage(self, name: str, total: int | None = None) -> AbstractContextManager[None]:
        """Enter a stage of the run, such as ``scan`` or ``download``; ``total`` counts its steps."""

    def step(self, detail: str = "", amount: int = 1) -> None:
        """Count ``amount`` more steps of the current stage. May be called from any thread."""

    def note(self, text: str) -> None:
        """Print a line unless quiet."""

    def warn(self, text: str, hint: str = "") -> None:
        """Print a line in any case."""


class Measured(Progress, Protocol):
    """The progress of a run, with measurements."""

    seconds: dict[str, float]
    """Wall time of each stage by its name."""

    def elapsed(self) -> float:
        """Return the seconds since the run started."""

    def timed(self, name: str) -> AbstractContextManager[None]:
        """Measure as ``name`` without output."""

    def held(self) -> AbstractContextManager[None]:
        """Give the terminal to another display inside: lines wait until the end."""


class Counting(Protocol):
    """Counters for ``--stats``. Thread-safe."""

    def add(self, **numbers: int) -> None:
        """Count: fields of ``models.Counts`` by their names. Raises KeyError for any other."""


class Untold:
    """A ``Measured`` without output and measurements."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def elapsed(self) -> float:
        """Return nothing."""
        return 0.0

    def timed(self, name: str) -> AbstractContextManager[None]:
        """Do nothing but what is inside."""
        return nullcontext()

    def held(self) -> AbstractContextManager[None]:
        """Do nothing but what is inside."""
        return nullcontext()

    def stage(self, name: str, total: int | None = None) -> AbstractContextManager[None]:
        """Do nothing but what is inside."""
        return nullcontext()

    def step(self, detail: str = "", amount: int = 1) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def warn(self, text: str, hint: str = "") -> None:
        """Do nothing."""


class ReleaseSource(Protocol):
    """The planner's view of the index: every call returns from memory, or blocks until it can."""

    def project(self, name: str) -> Project | Failure:
        """Return the project called ``name`` (normalized); the same result for every call."""

    def requires(self, release: Release) -> tuple[str, ...] | Failure:
        """Return the ``Requires-Dist`` fields of a candidate, raw; the same result for every call."""

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """Announce that these will be needed: fetched in parallel, in the background."""


class Transport(Protocol):
    """Downloads of immutable files. Thread-safe."""

    def stream(self, url: str, headers: Mapping[str, str] | None = None) -> AbstractContextManager[Iterator[bytes]]:
        """Yield the body of a successful GET in chunks of at most 256 KiB, undecoded. Retries until the first byte.

        Raises ``DownloadFailed`` if the response is an error, or if the connection breaks.
        """


class DownloadFailed(Exception):
    """A download failed; ``kind`` and ``text`` are as in ``models.Failure``."""

    def __init__(self, kind: NotFetched, text: str, status: int | None = None) -> None:
        """``status`` is that of the answer (RFC 9110), where there was one."""
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedFile:
    """A file that this interpreter could install, as an index offers it."""

    name: str
    """The project, normalized (PEP 503)."""

    version: Version
    installed: Version | None
    """The installed version; None for a project that is not installed."""

    url: str
    index: str
    """The index without credentials; ``find-links`` for all of those."""

    uploaded: str | None = None
    """Time of upload, ISO 8601 in UTC, if the index gives it (PEP 700)."""


class Filter(Protocol):
    """One rule of the user's. Thread-safe."""

    def held(self, file: OfferedFile) -> Reason | None:
        """Return why the file must not be installed now; None if it may be.

        The text follows the version: ``2.0`` + ``was uploaded 2 days ago``.
        """


Filters = Sequence[Filter]
"""In the order in which they apply."""


def first_reason(filters: Filters, file: OfferedFile) -> Reason | None:
    """Return the reason of the first filter that holds the file; None if all pass it."""
    for each in filters:
        reason = each.held(file)
        if reason is not None:
            return reason
    return None
