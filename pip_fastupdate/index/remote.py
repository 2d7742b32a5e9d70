"""HTTP indexes as sources of releases, with any API."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..core.interpreter import Interpreter
from ..core.protocols import DownloadFailed
from ..core.urls import without_login
from .apis.simple_api import SimpleApi
from .project_record import SCHEMA, ProjectRecord, decode

if TYPE_CHECKING:
    from packaging.version import Version

    from ..core.response import Answer, Reply
    from ..network.session import Session

_RECENT = "#recent"
"""Suffix of the keys of records that may lack old releases."""


class SourceAnswer(NamedTuple):
    """What a source has of one project."""

    record: ProjectRecord | None
    """None if it does not know the project."""

    fetched: float
    """When it responded: seconds since the epoch."""


class Source(Protocol):
    """One source in pip's settings. Thread-safe."""

    @property
    def url(self) -> str:
        """Without credentials."""

    @property
    def required(self) -> bool:
        """True if a failure here fails the project."""

    def keys(self, names: Iterable[str]) -> list[str]:
        """Return all cache keys that ``recall`` may need for these projects."""

    def learn(self, stored: Mapping[str, Answer]) -> None:
        """Read what the cache says about the source as a whole."""

    def recall(self, name: str, floor: Version | None, stored: Mapping[str, Answer]) -> SourceAnswer | None:
        """Return the result without the network; None if a request is needed.

        Releases older than ``floor`` may be missing.
        """

    def ask(
        self, name: str, session: Session, *, floor: Version | None = None, revalidate: bool = False
    ) -> SourceAnswer:
        """Return the result, from the network if needed. Raises DownloadFailed."""

    def unconsulted(self) -> str | None:
        """Return one line about what could not be read, if anything."""


class SourceErrors:
    """The failures of an optional source."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._texts: dict[str, str] = {}

    def add(self, name: str, text: str) -> None:
        """Record ``text`` for a request about ``name``; "" if that is irrelevant."""
        self._texts.setdefault(name, text)

    def line(self) -> str | None:
        """Return one line that does not depend on the order of threads."""
        if not self._texts:
            return None
        names = sorted(self._texts)
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        asked = f" for {names[0]}{more}" if names[0] else ""
        return f"could not use {self._what}{asked}: {self._texts[names[0]]}"


class RemoteIndex:
    """An index behind HTTP. Only its simple page decides which files exist."""

    def __init__(
        self, url: str, interpreter: Interpreter, *, required: bool, sdists: bool = False, recent: bool = False
    ) -> None:
        """``sdists``: sdists are kept, too. ``recent``: old releases are not kept."""
        self.url = without_login(url)
        self.required = required
        self._recent = recent
        self._simple = SimpleApi(url, interpreter, sdists=sdists)
        self._prefix = f"{SCHEMA}{'s' if sdists else 'w'}{interpreter.signature} "
        self._complete: set[str] = set()
        """Projects with all releases cached, fresh or not."""

        self._errors = SourceErrors(f"the extra index {self.url}")

    def _keys(self, name: str) -> list[str]:
        """Return possible keys of the page: all releases, or the recent ones."""
        key = self._prefix + without_login(self._simple.page(name))
        return [key, key + _RECENT] if self._recent else [key]

    def keys(self, names: Iterable[str]) -> list[str]:
        """Return at most two keys per project."""
        return [key for name in names for key in self._keys(name)]

    def learn(self, stored: Mapping[str, Answer]) -> None:
        """Do nothing."""

    def recall(self, name: str, floor: Version | None, stored: Mapping[str, Answer]) -> SourceAnswer | None:
        """Return the result while it is fresh."""
        keys = self._keys(name)
        if self._recent and keys[0] in stored:
            self._complete.add(name)
        for key in keys:
            answer = stored.get(key)
            if answer is not None and answer.fresh:
                found = _answer_of(answer)
                if found.record is None or found.record.covers(floor):
                    return found
        return None

    def ask(
        self, name: str, session: Session, *, floor: Version | None = None, revalidate: bool = False
    ) -> SourceAnswer:
        """Request as little as possible. Raises DownloadFailed if the index is required, or must be requested again."""
        try:
            return self._ask(name, session, floor, revalidate)
        except DownloadFailed as failed:
            if self.required or revalidate or failed.kind == "no-files":
                raise
            self._errors.add(name, failed.text)
            return SourceAnswer(None, time.time())

    def _ask(self, name: str, session: Session, floor: Version | None, revalidate: bool) -> SourceAnswer:
        """Request recent releases, or all if those are known already, or more is needed than is known."""
        page = self._simple.page(name)

        def ask(key: str, floor: Version | None) -> SourceAnswer:
            def condense(reply: Reply) -> bytes:
                return self._simple.condense(name, reply, floor)

            return _answer_of(
                session.ask(page, key=key, condense=condense, accept=self._simple.accept, revalidate=revalidate)
            )

        everything, *recent = self._keys(name)
        if floor is not None and recent and name not in self._complete:
            found = ask(recent[0], floor)
            if found.record is None or found.record.covers(floor):
                return found
        return ask(everything, None)

    def unconsulted(self) -> str | None:
        """Return what went wrong, if the run went on without it."""
        return self._errors.line()


def _answer_of(answer: Answer) -> SourceAnswer:
    return SourceAnswer(decode(answer.body) if answer.status == 200 else None, answer.fetched)
