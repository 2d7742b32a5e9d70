"""A session that stands in memory: pages by URL, a cache that never ages unless told, and a list of what was asked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.core.response import Answer, Reply
from pip_fastupdate.network.counters import Counters

JSON = "application/json"
SIMPLE = "application/vnd.pypi.simple.v1+json"
HTML = "text/html"


@dataclass(slots=True)
class FakeSession:
    """As ``index.session.Session`` from outside; what is not among ``pages`` is a 404."""

    pages: dict[str, tuple[str, bytes] | Exception] = field(default_factory=dict)
    """Content type and body, or what is raised."""

    redirects: dict[str, str] = field(default_factory=dict)
    cache: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """URLs over the network, in order."""

    read: list[list[str]] = field(default_factory=list)
    """Keys of each bulk read of the cache."""

    forever: set[str] = field(default_factory=set)
    """Keys of what is cached without a limit of time."""

    ranges: bool = True
    counters: Counters = field(default_factory=Counters)
    closed: bool = False
    before: Callable[[str], None] = lambda url: None
    """Called for each request."""

    def page(self, url: str, body: object, kind: str = JSON) -> None:
        """Serve it; what is no bytes or text is made JSON."""
        raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        self.pages[url] = (kind, raw)

    def fail(self, url: str, kind: str, text: str = "") -> None:
        """Raise this for the URL."""
        self.pages[url] = DownloadFailed(kind, text or f"{kind} it is")

    def stale(self) -> FakeSession:
        """Another session with the same pages, whose cache is not believed any more."""
        cache = {key: replace(answer, fresh=False) for key, answer in self.cache.items()}
        return FakeSession(pages=self.pages, redirects=self.redirects, cache=cache, ranges=self.ranges)

    def again(self) -> FakeSession:
        """Another session with the same pages and cache."""
        return FakeSession(pages=self.pages, redirects=self.redirects, cache=dict(self.cache), ranges=self.ranges)

    def learn(self, url: str, login: str) -> None:
        """It needs none."""

    def stored(self, keys: Sequence[str]) -> dict[str, Answer]:
        """What is in the cache."""
        self.read.append(list(keys))
        return {key: self.cache[key] for key in keys if key in self.cache}

    def _get(self, url: str) -> tuple[str, bytes] | None:
        self.asked.append(url)
        self.before(url)
        page = self.pages.get(url)
        if isinstance(page, Exception):
            raise page
        return page

    def ask(
        self,
        url: str,
        *,
        key: str,
        condense: Callable[[Reply], bytes],
        accept: str = JSON,
        immutable: bool = False,
        revalidate: bool = False,
    ) -> Answer:
        """Through the cache."""
        known = self.cache.get(key)
        if known is not None and known.fresh and not revalidate:
            return known
        page, final = self._get(url), self.redirects.get(url, url)
        body = b""
        if page is not None:
            try:
                body = condense(Reply(url=final, status=200, headers={"Content-Type": page[0]}, body=page[1]))
            except ValueError as error:
                raise DownloadFailed("garbage", f"garbage ({error})") from error
        answer = Answer(
            status=200 if page else 404,
            url=final,
            body=body,
            headers={},
            fetched=time.time(),
            fresh=True,
            from_cache=False,
        )
        self.cache[key] = replace(answer, from_cache=True, fetched=time.time() - 3600)
        self.forever.update([key] if immutable else [])
        return answer

    def forget(self, keys: Iterable[str]) -> None:
        """Out of the cache."""
        for key in list(keys):
            self.cache.pop(key, None)

    def keep(self, url: str, *, key: str, body: bytes, immutable: bool = True) -> None:
        """In the cache."""
        self.forever.update([key] if immutable else [])
        self.cache[key] = Answer(
            status=200, url=url, body=body, headers={}, fetched=time.time(), fresh=True, from_cache=True
        )

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Past the cache; with ranges unless those are off."""
        page = self._get(url)
        status, body, said = (404, b"", {}) if page is None else (200, page[1], {})
        wanted = (headers or {}).get("Range", "")
        if page is not None and self.ranges and wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start = int(first) if first else max(0, len(body) - int(last))
            end = min(int(last), len(body) - 1) if first else len(body) - 1
            status, said = 206, {"content-range": f"bytes {start}-{end}/{len(body)}"}
            body = body[start : end + 1]
        return Answer(
            status=status, url=url, body=body, headers=said, fetched=time.time(), fresh=True, from_cache=False
        )

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[bytes]]:
        """In chunks."""
        page = self._get(url)
        if page is None:
            raise DownloadFailed("http", "404 Not Found")
        yield (page[1][start : start + 1000] for start in range(0, len(page[1]), 1000))

    def close(self) -> None:
        """Noted."""
        self.closed = True
