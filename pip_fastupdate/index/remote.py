"""The places that releases come from: indexes behind HTTP, whichever API they have."""

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
"""Ends the keys of records that may lack old releases."""


class SourceAnswer(NamedTuple):
    """What a source has of one project."""

    record: ProjectRecord | None
    """None where it does not know the project."""

    fetched: float
    """When it said so: seconds since the epoch."""


class Source(Protocol):
    """One place that pip's settings name. Safe to call from many threads."""

    @property
    def url(self) -> str:
        """Without credentials."""

    @property
    def required(self) -> bool:
        """Whether a failure here fails the project."""

    def keys(self, names: Iterable[str]) -> list[str]:
        """Everything in the cache that ``recall`` may want for these projects."""

    def learn(self, stored: Mapping[str, Answer]) -> None:
        """What the cache tells of the source as a whole."""

    def recall(self, name: str, floor: Version | None, stored: Mapping[str, Answer]) -> SourceAnswer | None:
        """The answer without the network; None where the source has to be asked.

        Releases older than ``floor`` may be missing in it.
        """

    def ask(
        self, name: str, session: Session, *, floor: Version | None = None, revalidate: bool = False
    ) -> SourceAnswer:
        """The answer, from the network where need be. Raises DownloadFailed."""

    def unconsulted(self) -> str | None:
        """One line about what could not be read, if anything."""


class SourceErrors:
    """The failures of a source that the run can do without."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._texts: dict[str, str] = {}

    def add(self, name: str, text: str) -> None:
        """``text`` came up when the source was asked for ``name``; "" where it is of no matter for what."""
        self._texts.setdefault(name, text)

    def line(self) -> str | None:
        """One line that does not depend on which thread came first."""
        if not self._texts:
            return None
        names = sorted(self._texts)
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        asked = f" for {names[0]}{more}" if names[0] else ""
        return f"could not use {self._what}{asked}: {self._texts[names[0]]}"


class RemoteIndex:
    """An index behind HTTP. Its simple page alone tells which files there are."""

    def __init__(
        self, url: str, interpreter: Interpreter, *, required: bool, sdists: bool = False, recent: bool = False
    ) -> None:
        """``sdists``: files that have to be built are kept beside wheels. ``recent``: old releases are not kept."""
        self.url = without_login(url)
        self.required = required
        self._recent = recent
        self._simple = SimpleApi(url, interpreter, sdists=sdists)
        self._prefix = f"{SCHEMA}{'s' if sdists else 'w'}{interpreter.signature} "
        self._complete: set[str] = set()
        """Projects of which the cache has all releases, fresh or not."""

        self._errors = SourceErrors(f"the extra index {self.url}")

    def _keys(self, name: str) -> list[str]:
        """What the page may be kept under: all releases, or the recent ones."""
        key = self._prefix + without_login(self._simple.page(name))
        return [key, key + _RECENT] if self._recent else [key]

    def keys(self, names: Iterable[str]) -> list[str]:
        """At most two for each project."""
        return [key for name in names for key in self._keys(name)]

    def learn(self, stored: Mapping[str, Answer]) -> None:
        """There is nothing to learn."""

    def recall(self, name: str, floor: Version | None, stored: Mapping[str, Answer]) -> SourceAnswer | None:
        """As long as the answer is believed."""
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
        """As few requests as will do. Raises DownloadFailed where the index is required, or to be asked again."""
        try:
            return self._ask(name, session, floor, revalidate)
        except DownloadFailed as failed:
            if self.required or revalidate or failed.kind == "no-files":
                raise
            self._errors.add(name, failed.text)
            return SourceAnswer(None, time.time())

    def _ask(self, name: str, session: Session, floor: Version | None, revalidate: bool) -> SourceAnswer:
        """Recent releases, or all of them if those are known already, or if more is wanted than what is known."""
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
        """What went wrong, where the run went on without it."""
        return self._errors.line()


def _answer_of(answer: Answer) -> SourceAnswer:
    return SourceAnswer(decode(answer.body) if answer.status == 200 else None, answer.fetched)
