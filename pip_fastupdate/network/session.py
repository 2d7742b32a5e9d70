"""The one session for all HTTP requests of the program, and its cache.

Fresh cached responses need only the standard library: requests and requests-cache, 0.2 s of imports, are loaded before
the first request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ..cache import location
from ..cache.redis import SharedStore
from ..cache.sqlite import DAY, Store
from ..core.options import CacheOptions
from ..core.protocols import DownloadFailed
from ..core.reasons import not_cached
from ..core.response import Answer, Record, Reply, key_of, pack, unpack
from ..core.settings import Network
from ..core.text import without_credentials
from ..core.urls import sidecar, with_login
from .counters import Counters
from .lean import lean

if TYPE_CHECKING:
    import ssl

    from .cached_session import CachedTransport

__all__ = ["Answer", "Counters", "Reply", "Session"]


class Session:
    """Index responses, from the cache if they are fresh. Thread-safe."""

    def __init__(
        self,
        *,
        cache: CacheOptions,
        network: Network,
        authenticate: Callable[[Any], Any] | None = None,
        user_agent: str,
        warn: Callable[[str, str], None],
        tls: Callable[[], ssl.SSLContext | None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``authenticate`` takes and returns a prepared request of requests, ``warn`` a message and its hint ("").

        ``tls`` creates a context that trusts the system's certificates instead of those of requests.
        """
        self.counters = Counters()
        self._cache, self._clock, self._started = cache, clock, clock()
        local = Store(cache.directory / location.DATABASE if cache.directory else None, warn)
        self._store = SharedStore(cache.url, local, warn) if cache.url else local
        self._options: dict[str, Any] = {
            "network": network,
            "authenticate": authenticate,
            "user_agent": user_agent,
            "system": tls,
        }
        self._options["counters"] = self.counters
        self._logins: dict[str, str] = {}
        self._known: dict[str, Record | None] = {}
        self._transport: CachedTransport | None = None
        self._connecting = threading.Lock()

    def learn(self, url: str, login: str) -> None:
        """Use ``user:password`` for this URL and its sidecar: a page gave it in a link. It is kept in memory only."""
        self._logins[url] = self._logins[sidecar(url)] = login

    def stored(self, keys: Sequence[str]) -> dict[str, Answer]:
        """Return what is cached under those keys, fresh or not, in one read. Sends no request."""
        asked = {key_of(key): key for key in keys}
        values, now = self._store.read(asked), self._clock()
        answers: dict[str, Answer] = {}
        for key, given in asked.items():
            record = unpack(values.get(key))
            fresh = record is not None and self._fresh(record, now)
            if fresh:
                self._known.pop(key, None)
            else:
                self._known[key] = record
            if record is not None:
                answers[given] = record.answer(fresh=fresh)
                self._use(key, record, now)
        self._hit([answer.body for answer in answers.values() if answer.fresh])
        return answers

    def ask(
        self,
        url: str,
        *,
        key: str,
        condense: Callable[[Reply], bytes],
        accept: str = "application/json",
        immutable: bool = False,
        revalidate: bool = False,
    ) -> Answer:
        """Return the response under ``key``, from the cache if fresh, else of a GET of ``url``.

        A stale one is requested conditionally. ``condense`` returns what to keep of the response; it raises ValueError
        for garbage. ``revalidate`` also requests a fresh one, if this session has not done so yet; what is
        ``immutable`` is never requested twice. A 404 or 410 is a valid response. Raises ``DownloadFailed``.
        """
        key, now = key_of(key), self._clock()
        known = self._look_up(key)
        if known is not None and (self._cache.offline or self._fresh(known, now, revalidate)):
            self._hit([known.body])
            return known.answer(fresh=self._fresh(known, now))
        record, confirmed = self._connected(url).ask(
            self._addressed(url),
            key=key,
            known=known,
            condense=condense,
            immutable=immutable,
            accept=accept,
            current=revalidate or self._cache.refresh,
        )
        return record.answer(fresh=True, from_cache=confirmed)

    def fetch(self, url: str, headers: Mapping[str, str] | None = None, question: bytes | None = None) -> Answer:
        """Return the whole response to a GET without the cache, for small data: its ``body`` is decoded and not
        digested.

        ``question`` (JSON) makes it a POST. A 404, 410 or 416 is a valid response. Raises ``DownloadFailed``.
        """
        return self._connected(url).fetch(self._addressed(url), headers or {}, question)

    def keep(self, url: str, *, key: str, body: bytes, immutable: bool = True) -> None:
        """Cache ``body``, computed from what is at ``url``, under ``key``.

        Forever, or if it is not ``immutable``, while the cache is fresh.
        """
        key = key_of(key)
        record = Record(
            status=200,
            url=without_credentials(url).partition("?")[0],
            headers={},
            fetched=self._clock(),
            body=body,
            immutable=immutable,
        )
        self._known.pop(key, None)
        self._store.write(key, pack(record), record.expires(self._cache.ttl))

    def recall(self, keys: Sequence[str], seconds: float) -> dict[str, bytes]:
        """Return what was cached under these keys, if it is not older; offline, of any age."""
        if self._cache.refresh:
            return {}
        values, now = self._store.read([key_of(key) for key in keys]), self._clock()
        records = {key: unpack(values.get(key_of(key))) for key in keys}
        found = {
            key: record.body
            for key, record in records.items()
            if record is not None and (self._cache.offline or 0 <= now - record.fetched < seconds)
        }
        self._hit(found.values())
        return found

    def forget(self, keys: Iterable[str]) -> None:
        """Drop these invalid cache entries: they are requested again."""
        dropped = [key_of(key) for key in keys]
        self._known.update(dict.fromkeys(dropped))
        self._store.delete(dropped)

    def stream(self, url: str, headers: Mapping[str, str] | None = None) -> AbstractContextManager[Iterator[bytes]]:
        """Yield the body of a GET without the cache; see ``protocols.Transport``."""
        return self._connected(url).download(self._addressed(url), headers or {})

    def prepare(self) -> None:
        """Import what requests need, while there is time and before the environment changes."""
        with self._connecting:
            if self._transport is None:
                with lean():
                    from .cached_session import CachedTransport, storage  # slow: not before the first request

                self._transport = CachedTransport(
                    storage(self._store, self._cache.ttl), self._clock, self.learn, **self._options
                )

    def close(self) -> None:
        """Write the cache to disk and within its limit; threads that wait to retry give up."""
        if self._transport is not None:
            self._transport.close()  # type: ignore[no-untyped-call] # requests-cache's
        self._store.close()
        if self.counters.counts.requests and self._cache.directory and self._store.kept:
            from ..cache.maintenance import evict

            evict(self._cache.directory, self._cache.limit)

    def _connected(self, url: str) -> CachedTransport:
        if self._cache.offline:
            raise DownloadFailed("offline", not_cached(without_credentials(url)))
        if self._transport is None:
            self.prepare()
        assert self._transport is not None, "prepared"
        return self._transport

    def _addressed(self, url: str) -> str:
        return with_login(url, self._logins.get(url))

    def _hit(self, bodies: Collection[bytes]) -> None:
        """Count cached responses without a request."""
        self.counters.add(cache_hits=len(bodies), bytes_cached=sum(map(len, bodies)))

    def _look_up(self, key: str) -> Record | None:
        if key in self._known:
            return self._known.pop(key, None)
        record = unpack(self._store.read([key]).get(key))
        if record is not None:
            self._use(key, record, self._clock())
        return record

    def _use(self, key: str, record: Record, now: float) -> None:
        """Mark the record as used, so that it is not evicted; today's are among the last."""
        if now - record.fetched > DAY:
            self._store.touch([key])

    def _fresh(self, record: Record, now: float, revalidate: bool = False) -> bool:
        if not record.believable(self._cache.ttl, now):
            return False
        final = record.lifetime(self._cache.ttl) is None or record.fetched >= self._started
        return final or not (revalidate or self._cache.refresh)
