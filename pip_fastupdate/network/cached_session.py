"""requests-cache's session around the one that retries.

Imports requests-cache (50 ms): only the session does so, before its first request.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from requests import PreparedRequest, Response
from requests_cache.backends.base import BaseStorage
from requests_cache.models.response import CachedResponse
from requests_cache.session import CachedSession

from ..cache.redis import SharedStore
from ..cache.sqlite import Store
from ..core.protocols import DownloadFailed
from ..core.response import GONE, KEPT_HEADERS, Answer, Record, Reply, host_of
from ..core.text import without_credentials
from ..core.urls import Learn
from . import bodies
from .errors import ERRORS, RequestError, of_error
from .requests_cache_backend import Answers, Kept, StoredAnswers
from .transport import Get, RetryingSession

SMALL = 16 * 1024**2
"""Bytes up to which a whole file may replace a part of it."""

Condense = Callable[[Reply], bytes]


def condition(known: Record | None) -> dict[str, str]:
    """Return the header that makes a request conditional (RFC 9110): one is enough, servers ignore the second."""
    for name, header in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
        if known is not None and name in known.headers:
            return {header: known.headers[name]}
    return {}


def storage(store: Store | SharedStore, ttl: float) -> BaseStorage[str, CachedResponse]:
    """Return what requests-cache writes to."""
    if isinstance(store, Store):
        return StoredAnswers(store, ttl)
    client = store.client()
    if client is None:
        return StoredAnswers(store.local, ttl)
    from .redis_backend import SharedAnswers  # requires the package redis

    return SharedAnswers(store, client, ttl)


class CachedTransport(CachedSession, RetryingSession):
    """The one session for all requests: ``ask`` through the cache, ``fetch`` and ``download`` past it."""

    def __init__(
        self, storage: BaseStorage[str, CachedResponse], clock: Callable[[], float], learn: Learn, **options: Any
    ) -> None:
        """``learn`` gets the logins in links of pages; ``options`` are for ``RetryingSession``."""
        super().__init__(backend=Answers(storage), **options)
        self._clock, self._learn = clock, learn
        self._decoding = bodies.decoding()

    def send(self, request: PreparedRequest, *_further: Any, **_options: Any) -> Any:
        """Bypass requests-cache's own ``send``, which computes from headers, in 0.4 ms, what is known here already.

        That is: the caller decides whether the cache is used, and the status whether a response is kept. To confirm
        1000 stale answers takes 1.02 s of processor time so, 1.45 s with its keys and decisions (medians of 7).
        """
        return RetryingSession.send(self, request)

    def ask(
        self,
        url: str,
        *,
        key: str,
        known: Record | None,
        condense: Condense,
        immutable: bool,
        accept: str,
        current: bool,
    ) -> tuple[Record, bool]:
        """Return the record of the response, cached; and whether it is the ``known`` one, confirmed. Raises
        ``RequestError``.

        ``current`` makes caches between us and the index revalidate, too.
        """
        conditions = condition(known)
        headers = {**self.always, "Accept": accept, **conditions}
        if current:
            headers["Cache-Control"] = "max-age=0"
        good = (200, 304, *GONE) if conditions else (200, *GONE)
        logins: dict[str, str] = {}
        ask = Get(url, headers, good, partial(self._condensed, url, condense, immutable, logins))
        response = self.send(ask)
        confirmed = response.status_code == 304
        record = self._renewed(known, response) if known is not None and confirmed else ask.result
        for each, login in logins.items():
            self._learn(each, login)
        # The cache keeps no logins: the next run has to request the whole page again, unless it is offline.
        self.cache.responses[key] = Kept(replace(record, fetched=0.0, headers={}) if logins else record)
        if confirmed:
            self._counters.add(revalidated=1, bytes_cached=len(record.body))
        return record, confirmed

    def _renewed(self, known: Record, response: Response) -> Record:
        """Return the known record, as the server just confirmed it."""
        headers = {**known.headers, **kept_headers(response.headers)}
        return replace(known, fetched=self._clock(), headers=headers)

    def fetch(self, url: str, headers: Mapping[str, str], question: bytes | None = None) -> Answer:
        """Return the whole response, decoded; the cache is not used. Raises ``RequestError``."""

        def finish(response: Response) -> bytes:
            if "Range" in headers and response.status_code == 200:
                self._check_small(response)
            return bodies.decode(self._read(response), response, self._limits.unpacked)

        request = Get(url, self._unencoded(headers), (200, 206, 416, *GONE), finish, question)
        response = self.send(request)
        return Answer(
            status=response.status_code,
            url=source(response, url),
            body=request.result,
            headers={name.lower(): text for name, text in response.headers.items()},
            fetched=self._clock(),
            fresh=True,
            from_cache=False,
        )

    @contextmanager
    def download(self, url: str, headers: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """Yield the body in chunks as sent; the cache is not used. Raises ``RequestError``, also while reading."""

        def begin(response: Response) -> Iterator[bytes]:
            chunks = bodies.chunks(response, self._limits.file)
            return itertools.chain([next(chunks, b"")], chunks)

        request = Get(url, self._unencoded(headers), (200, 206), begin)
        response = self.send(request)
        try:
            yield self._flow(request.result, url, host_of(str(response.url)))
        finally:
            response.close()

    def _unencoded(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return these headers and ours; files and parts of them must not be encoded on the way."""
        return {**self.always, "Accept-Encoding": "identity", **headers}

    def _flow(self, chunks: Iterator[bytes], url: str, host: str) -> Iterator[bytes]:
        try:
            for chunk in chunks:
                self._counters.received(host, len(chunk))
                yield chunk
        except ERRORS as error:
            raise of_error(error, url) from error

    def _read(self, response: Response) -> bytes:
        """Return the body of the response as sent, counted."""
        body = bodies.read(response, self._limits)
        self._counters.received(host_of(str(response.url)), len(body))
        return body

    def _check_small(self, response: Response) -> None:
        """Raise ``RequestError`` (``http``) if a server sends a large file instead of the requested part."""
        length = bodies.promised(response)
        if length is None or length > SMALL:
            response.close()
            raise RequestError("http", f"{host_of(str(response.url))} does not support range requests", again=False)

    def _condensed(
        self, asked: str, condense: Condense, immutable: bool, logins: dict[str, str], response: Response
    ) -> Record | None:
        """Return the record of a response with a body; ``logins`` gets those in a page's links."""
        body, status = self._read(response), response.status_code
        if status == 304:
            return None
        url = source(response, asked)
        with self._decoding:
            small = b"" if status in GONE else self._condense(body, response, url, condense, logins)
        del body
        headers = {} if status in GONE else kept_headers(response.headers)
        kept = url.partition("?")[0]  # a query may contain a token
        return Record(status=status, url=kept, headers=headers, fetched=self._clock(), body=small, immutable=immutable)

    def _condense(self, body: bytes, response: Response, url: str, condense: Condense, logins: dict[str, str]) -> bytes:
        try:
            whole = bodies.decode(body, response, self._limits.unpacked)
            links, learn = self._limits.links, logins.__setitem__
            return condense(Reply(url=url, status=200, headers=response.headers, body=whole, links=links, learn=learn))
        except DownloadFailed:
            raise
        except Exception as error:  # whatever it is: the server's data caused it
            reason = str(error).partition("\n")[0][:120] or type(error).__name__
            text = f"unexpected response from {host_of(url)} ({reason})"
            raise RequestError("garbage", without_credentials(text), again=False) from error


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that the cache keeps."""
    return {name: headers[name] for name in KEPT_HEADERS if name in headers}


def source(response: Response, asked: str) -> str:
    """Return where the response came from, without credentials and the tokens of a redirect's query."""
    url = without_credentials(str(response.url))
    return url if url == without_credentials(asked) else url.partition("?")[0]
