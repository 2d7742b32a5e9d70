"""The places that releases come from: indexes behind HTTP, whichever API they have."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..ports import DownloadFailed
from .digest import SCHEMA, Digest, decode
from .interpreter import Interpreter
from .simple import Simple
from .urls import without_login
from .warehouse import Warehouse

if TYPE_CHECKING:
    from packaging.version import Version

    from .answers import Answer, Reply
    from .session import Session

_SETTLED = 3
"""Projects that only the simple page had, before the JSON API is taken to be missing."""

_RECENT = "#recent"
"""Ends the keys of digests that may lack old releases."""

_UNREACHABLE = ("unreachable", "timeout", "tls", "proxy")


class Kind(Protocol):
    """One API of one index. Knows URLs and bodies, nothing of when it is asked."""

    accept: str
    """For the header of that name."""

    def page(self, name: str) -> str:
        """The URL that describes the project (normalized name)."""

    def digest(self, name: str, reply: Reply, floor: Version | None = None) -> bytes:
        """What to keep of a successful answer, as ``digest.decode`` reads it.

        Older releases than ``floor`` may be left out, but then enough is kept to tell whether there is any final
        release that fits.

        Raises ValueError where the answer is not what the API says.
        """


class Found(NamedTuple):
    """What a source has of one project."""

    digest: Digest | None
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

    def recall(self, name: str, floor: Version | None, stored: Mapping[str, Answer]) -> Found | None:
        """The answer without the network; None where the source has to be asked.

        Releases older than ``floor`` may be missing in it.
        """

    def ask(self, name: str, session: Session, *, floor: Version | None = None, revalidate: bool = False) -> Found:
        """The answer, from the network where need be. Raises DownloadFailed."""

    def unconsulted(self) -> str | None:
        """One line about what could not be read, if anything."""


class Troubles:
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
        return f"{self._what} was not consulted{asked}: {self._texts[names[0]]}"


class RemoteIndex:
    """An index behind HTTP: its JSON API where it has one, else its simple pages."""

    def __init__(
        self, url: str, interpreter: Interpreter, *, required: bool, sdists: bool = False, recent: bool = False
    ) -> None:
        """``sdists``: files that have to be built are kept beside wheels. ``recent``: old releases are not kept."""
        self.url = without_login(url)
        self.required = required
        self._recent = recent
        self._simple = Simple(url, interpreter, sdists=sdists)
        self._warehouse = Warehouse.beside(url, interpreter, sdists=sdists)
        self._prefix = f"{SCHEMA}{'s' if sdists else 'w'}{interpreter.signature} "
        self._has_api = False
        self._only_simple = 0
        self._complete: set[str] = set()
        """Projects of which the cache has all releases, fresh or not."""

        self._troubles = Troubles(f"the extra index {self.url}")

    def _key(self, kind: Kind, name: str) -> str:
        return self._prefix + without_login(kind.page(name))

    def _keys(self, name: str) -> list[str]:
        """What the JSON API may be kept under: all releases, or the recent ones."""
        if self._warehouse is None:
            return []
        key = self._key(self._warehouse, name)
        return [key, key + _RECENT] if self._recent else [key]

    @property
    def _asks_simple_first(self) -> bool:
        return self._warehouse is None or (not self._has_api and self._only_simple >= _SETTLED)

    def keys(self, names: Iterable[str]) -> list[str]:
        """At most three for each project."""
        return [key for name in names for key in (*self._keys(name), self._key(self._simple, name))]

    def learn(self, stored: Mapping[str, Answer]) -> None:
        """Former runs asked for simple pages only if there was nothing else: what is stored tells."""
        for key, answer in stored.items():
            if not key.startswith(self._prefix) or answer.status != 200:
                continue
            if key in self._keys(_project(key)):
                self._has_api = True
                return
            if key == self._key(self._simple, _project(key)):
                self._only_simple = _SETTLED

    def recall(self, name: str, floor: Version | None, stored: Mapping[str, Answer]) -> Found | None:
        """As long as all answers that it takes are believed."""
        if not self._asks_simple_first:
            if self._recent and self._keys(name)[0] in stored:
                self._complete.add(name)
            known = [stored[key] for key in self._keys(name) if key in stored and stored[key].fresh]
            for answer in known:
                found = _found(answer)
                if found.digest and found.digest.covers(floor):
                    return found
            if not known or any(answer.status == 200 for answer in known):
                return None
        simple = stored.get(self._key(self._simple, name))
        return _found(simple) if simple and simple.fresh else None

    def ask(self, name: str, session: Session, *, floor: Version | None = None, revalidate: bool = False) -> Found:
        """As few requests as will do. Raises DownloadFailed where the index is required, or to be asked again."""
        try:
            return self._ask(name, session, floor, revalidate)
        except DownloadFailed as failed:
            if self.required or revalidate:
                raise
            self._troubles.add(name, failed.text)
            return Found(None, time.time())

    def _ask(self, name: str, session: Session, floor: Version | None, revalidate: bool) -> Found:
        if self._warehouse is None or self._asks_simple_first:
            return self._ask_simple(name, session, revalidate)
        failed: DownloadFailed | None = None
        try:
            found = self._ask_warehouse(self._warehouse, name, session, floor, revalidate)
            if found.digest:
                self._has_api = True
                return found
        except DownloadFailed as error:
            if error.kind in _UNREACHABLE:
                raise
            failed = error
        return self._ask_simple_too(name, session, failed, revalidate)

    def _ask_warehouse(
        self, kind: Warehouse, name: str, session: Session, floor: Version | None, revalidate: bool
    ) -> Found:
        """Recent releases, or all of them if those are known already, or if more is wanted than what is known."""

        def ask(key: str, floor: Version | None) -> Found:
            def digest(reply: Reply) -> bytes:
                return kind.digest(name, reply, floor)

            page = kind.page(name)
            return _found(session.ask(page, key=key, digest=digest, accept=kind.accept, revalidate=revalidate))

        everything, *recent = self._keys(name)
        if floor is not None and recent and name not in self._complete:
            found = ask(recent[0], floor)
            if found.digest is None or found.digest.covers(floor):
                return found
        return ask(everything, None)

    def _ask_simple_too(self, name: str, session: Session, failed: DownloadFailed | None, revalidate: bool) -> Found:
        """The JSON API has nothing or is out of order; ``failed`` stays the answer unless the page is better."""
        try:
            found = self._ask_simple(name, session, revalidate)
        except DownloadFailed as error:
            raise failed or error from None
        if found.digest and found.digest.head:
            self._only_simple += 1
        elif failed:
            raise failed
        return found

    def _ask_simple(self, name: str, session: Session, revalidate: bool) -> Found:
        def digest(reply: Reply) -> bytes:
            return self._simple.digest(name, reply)

        page, key = self._simple.page(name), self._key(self._simple, name)
        return _found(session.ask(page, key=key, digest=digest, accept=self._simple.accept, revalidate=revalidate))

    def unconsulted(self) -> str | None:
        """What went wrong, where the run went on without it."""
        return self._troubles.line()


def _found(answer: Answer) -> Found:
    return Found(decode(answer.body) if answer.status == 200 else None, answer.fetched)


def _project(key: str) -> str:
    """The name in the URL of a page: both APIs have it second to last."""
    return key.rsplit("/", 2)[1]
