"""A service that speaks OSV's API: ``POST /v1/querybatch``, then ``GET /v1/vulns/ID`` for each id."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import quote

from ..core.files import decoded
from .records import ECOSYSTEM, Advisory, parse, reduced, unread

PUBLIC = "https://api.osv.dev"
"""The public service."""

BATCH = 1000
"""Maximum number of queries in one request."""

FRESH = 600.0
"""Seconds for which a response about one version is fresh; a record with an id and modification time never changes."""

MOST = 20_000
"""Maximum number of advisories in one batch of queries: each takes a request."""

PAGES = 100
"""Maximum number of pages read for one query."""

_SCHEMA = 1

_ID = re.compile(r"[A-Za-z0-9][\w.:-]{0,127}", re.ASCII)

Query = tuple[str, str | None]
"""A normalized name and a public version; None for all versions."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Unavailable(Exception):
    """The service does not respond, or not as expected."""


class Unreadable(Exception):
    """One record is missing or invalid; other records are unaffected."""


class Listed(NamedTuple):
    """An id as the service lists it."""

    id: str
    modified: str


class OsvTransport(Protocol):
    """Requests to the service and their cache. Methods raise ``Unavailable``."""

    def post(self, url: str, body: bytes) -> bytes:
        """Return the body of the response."""

    def get(self, url: str, key: str, reduce: Callable[[bytes], bytes]) -> bytes:
        """Return ``reduce`` of the response body; cached under ``key`` forever. Raises ``Unreadable``, too."""

    def recall(self, keys: Sequence[str], seconds: float) -> Mapping[str, bytes]:
        """Return cached values of these keys that are not older."""

    def keep(self, url: str, key: str, body: bytes) -> None:
        """Cache the value."""

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the function's results, computed by many threads at once."""


class Service:
    """One service. Not thread-safe: it starts its own threads."""

    def __init__(self, base: str, transport: OsvTransport) -> None:
        """``base`` is the URL above ``/v1/querybatch``."""
        self._base = base.rstrip("/")
        self._transport = transport
        self._known: dict[Listed, Advisory | None] = {}
        self.unreadable: dict[str, str] = {}
        """By id, why a listed record cannot be read."""

    def advisories(self, queries: Sequence[Query]) -> dict[Query, tuple[Advisory, ...]]:
        """Return the service's advisories for each query. Raises Unavailable.

        An unreadable one is ``unread`` for the version that it was listed for.
        """
        listed = self._listed(queries)
        wanted = {each for found in listed.values() for each in found} - self._known.keys()
        ordered = sorted(wanted)
        self._known.update(zip(ordered, self._transport.each(self._record, ordered), strict=True))
        return {query: tuple(self._of(query, found)) for query, found in listed.items()}

    def _of(self, query: Query, found: Iterable[Listed]) -> Iterator[Advisory]:
        name, version = query
        for each in found:
            advisory = self._known[each]
            if advisory is not None:
                yield advisory
            elif version is not None:
                yield unread(each.id, name, version)

    def _listed(self, queries: Sequence[Query]) -> dict[Query, list[Listed]]:
        """Return the ids for each query, cached ones if they are fresh."""
        keys = {self._key(query): query for query in queries}
        found: dict[Query, list[Listed]] = {}
        for key, body in self._transport.recall(list(keys), FRESH).items():
            try:
                found[keys[key]] = [_listed(*each) for each in decoded(body)]
            except (TypeError, ValueError):
                continue  # an invalid cache entry is only a miss
        missing = [query for query in queries if query not in found]
        for start in range(0, len(missing), BATCH):
            found.update(self._asked(missing[start : start + BATCH]))
        for query in missing:
            self._transport.keep(self._base, self._key(query), json.dumps(found[query]).encode())
        return found

    def _key(self, query: Query) -> str:
        name, version = query
        return f"osv{_SCHEMA} {self._base} {name}{'' if version is None else '==' + version}"

    def _asked(self, queries: Sequence[Query]) -> dict[Query, list[Listed]]:
        """Request the ids for each query, all pages of them."""
        found: dict[Query, dict[Listed, None]] = {query: {} for query in queries}
        waiting: list[tuple[Query, str | None]] = [(query, None) for query in queries]
        for _ in range(PAGES):
            answers = self._batch([_question(query, token) for query, token in waiting])
            further: list[tuple[Query, str | None]] = []
            for (query, _), (listed, token) in zip(waiting, answers, strict=True):
                found[query].update(dict.fromkeys(listed))
                if token:
                    further.append((query, token))
            if sum(map(len, found.values())) > MOST:
                raise Unavailable(f"{self._base} lists more than {MOST} advisories")
            if not further:
                return {query: list(each) for query, each in found.items()}
            waiting = further
        raise Unavailable(f"{self._base} lists advisories without end")

    def _batch(self, questions: Sequence[Mapping[str, Any]]) -> list[tuple[list[Listed], str | None]]:
        body = self._transport.post(f"{self._base}/v1/querybatch", json.dumps({"queries": questions}).encode())
        try:
            results = decoded(body)["results"]
            if len(results) != len(questions):
                raise ValueError("some responses are missing")
            return [_result(each or {}) for each in results]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unavailable(f"unexpected response from {self._base}: not OSV ({error})") from None

    def _record(self, listed: Listed) -> Advisory | None:
        try:
            return self._read(listed)
        except Unreadable as error:
            self.unreadable[listed.id] = str(error)
            return None

    def _read(self, listed: Listed) -> Advisory:
        url = f"{self._base}/v1/vulns/{quote(listed.id, safe='')}"
        reduce = partial(_record_of, listed.id)  # another record must not stay in the cache
        body = self._transport.get(url, f"osv{_SCHEMA} {url} {listed.modified}", reduce)
        try:
            advisory = parse(decoded(body))
        except ValueError as error:
            raise Unreadable(f"unexpected response from {url}: not an OSV record ({error})") from None
        if advisory.id != listed.id:
            raise Unreadable(f"{url} returned the record of {advisory.id}")
        return advisory


def _question(query: Query, token: str | None) -> dict[str, Any]:
    name, version = query
    question: dict[str, Any] = {"package": {"name": name, "ecosystem": ECOSYSTEM}}
    if version is not None:
        question["version"] = version
    if token is not None:
        question["page_token"] = token
    return question


def _record_of(id: str, body: bytes) -> bytes:
    """Return what to keep of the record of that id. Raises ValueError."""
    kept = reduced(body)
    found = decoded(kept)["id"]
    if found != id:
        raise ValueError(f"the record of {found}")
    return kept


def _listed(id: object, modified: object) -> Listed:
    """Read a listed id. Raises ValueError if it is invalid: it becomes part of a URL."""
    if not isinstance(id, str) or not isinstance(modified, str) or not _ID.fullmatch(id):
        raise ValueError("an entry without an id")
    return Listed(id, modified)


def _result(answer: Mapping[str, Any]) -> tuple[list[Listed], str | None]:
    listed = [_listed(each["id"], str(each.get("modified", ""))) for each in answer.get("vulns") or ()]
    token = answer.get("next_page_token")
    return listed, token if isinstance(token, str) and token else None
