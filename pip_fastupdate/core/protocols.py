"""What the stages ask of each other: the only types that the planner and the swap know of the outside."""

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
    """Where a run tells how far it is. Called from one thread at a time unless a method says otherwise."""

    def stage(self, name: str, total: int | None = None) -> AbstractContextManager[None]:
        """One stage of the run, such as ``scan`` or ``download``; ``total`` counts its steps."""

    def step(self, detail: str = "", amount: int = 1) -> None:
        """``amount`` more steps of the current stage are done. May be called from any thread."""

    def note(self, text: str) -> None:
        """A line the user sees unless quiet."""

    def warn(self, text: str, hint: str = "") -> None:
        """A line the user always sees."""


class Measured(Progress, Protocol):
    """What a run tells its progress to, and what measures it."""

    seconds: dict[str, float]
    """Wall time of each stage by its name."""

    def elapsed(self) -> float:
        """Seconds since the run started."""

    def timed(self, name: str) -> AbstractContextManager[None]:
        """What is measured as ``name`` and not spoken of."""

    def held(self) -> AbstractContextManager[None]:
        """Within this, another display has the terminal: what is said meanwhile is said at the end."""


class Counting(Protocol):
    """What counts for ``--stats``. Safe to call from many threads."""

    def add(self, **numbers: int) -> None:
        """Count: fields of ``models.Counts`` by their names. Raises KeyError for any other."""


class Untold:
    """A ``Measured`` that nobody hears of, and that measures nothing."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def elapsed(self) -> float:
        """None."""
        return 0.0

    def timed(self, name: str) -> AbstractContextManager[None]:
        """Nothing but what is in it."""
        return nullcontext()

    def held(self) -> AbstractContextManager[None]:
        """Nothing but what is in it."""
        return nullcontext()

    def stage(self, name: str, total: int | None = None) -> AbstractContextManager[None]:
        """Nothing but what is in it."""
        return nullcontext()

    def step(self, detail: str = "", amount: int = 1) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def warn(self, text: str, hint: str = "") -> None:
        """Nothing."""


class ReleaseSource(Protocol):
    """The planner's view of the index: every call answers from memory, or blocks until it can."""

    def project(self, name: str) -> Project | Failure:
        """The project called ``name`` (normalized). The same answer however often it is asked."""

    def requires(self, release: Release) -> tuple[str, ...] | Failure:
        """The ``Requires-Dist`` fields of a candidate, raw. The same answer however often it is asked."""

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """A hint that these will be asked for: fetched in parallel, in the background."""


class Transport(Protocol):
    """Downloads of immutable files. Safe to call from many threads."""

    def stream(self, url: str, headers: Mapping[str, str] | None = None) -> AbstractContextManager[Iterator[bytes]]:
        """The body of a successful GET in chunks of at most 256 KiB, undecoded. Retries until the first byte.

        Raises ``DownloadFailed`` when the answer is an error, or when the connection breaks.
        """


class DownloadFailed(Exception):
    """A file could not be had from its index; ``kind`` and ``text`` as in ``models.Failure``."""

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
    """The index without credentials; ``find-links`` for whatever that names."""

    uploaded: str | None = None
    """Time of upload, ISO 8601 in UTC, where the index tells it (PEP 700)."""


class Filter(Protocol):
    """One rule of the user's. Safe to call from many threads."""

    def held(self, file: OfferedFile) -> Reason | None:
        """Why the file must not be installed now; None where nothing speaks against it.

        The text reads on after the version: ``2.0`` + ``was uploaded 2 days ago``.
        """


Filters = Sequence[Filter]
"""In the order in which they are asked."""


def first_reason(filters: Filters, file: OfferedFile) -> Reason | None:
    """What the first filter that holds the file says; None where all let it pass."""
    for each in filters:
        reason = each.held(file)
        if reason is not None:
            return reason
    return None
