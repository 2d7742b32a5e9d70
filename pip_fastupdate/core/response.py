"""An index response, its cached form and its freshness."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from .text import without_credentials
from .urls import Learn, forget

KEPT_HEADERS = ("etag", "last-modified", "content-type")
"""The headers of a response that the cache keeps; the order is part of the format."""

GONE = (404, 410)
"""Statuses for a missing page: normal responses that are fresh for a short time only."""

GONE_TTL = 600.0
"""Maximum seconds for which such a response is fresh."""

_FORMAT = 1
_HEAD = struct.Struct("<BHdII")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A server's response: the input of a digest."""

    url: str
    """Final URL after redirects, without credentials."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""

    body: bytes
    """Content-decoded."""

    links: int = 200_000
    """Maximum number of links, or files, on a page."""

    learn: Learn = forget
    """Called with each login in the page's links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The digest of a response, from the network or the cache."""

    status: int
    url: str
    """Final URL after redirects, without credentials."""

    body: bytes
    """The digest; empty for a 404 or 410."""

    headers: Mapping[str, str]
    """Names in lower case; from the cache only those of ``KEPT_HEADERS``."""

    fetched: float
    """When the server last confirmed it: seconds since the epoch."""

    fresh: bool
    """True if it may be used without a request."""

    from_cache: bool
    """True if the body was cached; it was revalidated if the server confirmed it just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A response as the cache stores it."""

    status: int
    url: str
    headers: Mapping[str, str]
    fetched: float
    body: bytes
    immutable: bool = False
    """True if it never needs a request again because it cannot change."""

    def answer(self, *, fresh: bool, from_cache: bool = True) -> Answer:
        """Return it as an ``Answer``."""
        return Answer(
            status=self.status,
            url=self.url,
            body=self.body,
            headers=self.headers,
            fetched=self.fetched,
            fresh=fresh,
            from_cache=from_cache,
        )

    def lifetime(self, ttl: float) -> float | None:
        """Return the seconds after ``fetched`` for which it is fresh; None forever."""
        if self.status in GONE:
            return min(ttl, GONE_TTL)
        return None if self.immutable else ttl

    def expires(self, ttl: float) -> float | None:
        """Return when it becomes stale: seconds since the epoch; None never."""
        lifetime = self.lifetime(ttl)
        return None if lifetime is None else self.fetched + lifetime

    def believable(self, ttl: float, now: float) -> bool:
        """Return whether it is young enough; one from the future is not, so that correcting a clock does no harm."""
        lifetime = self.lifetime(ttl)
        return lifetime is None or 0 <= now - self.fetched < lifetime


def pack(record: Record) -> bytes:
    """Return the record in a few bytes more than its body; contains data only, nothing executable."""
    parts = [record.url, *(record.headers.get(name, "") for name in KEPT_HEADERS)]
    meta = "\n".join(part.replace("\n", " ") for part in parts).encode()
    check = zlib.crc32(record.body, zlib.crc32(meta))
    kind = _FORMAT | (0x80 if record.immutable else 0)
    return _HEAD.pack(kind, record.status, record.fetched, len(meta), check) + meta + record.body


def unpack(value: object) -> Record | None:
    """Return the record, or None if ``value`` is not one: damaged, truncated, tampered with or in another format."""
    if not isinstance(value, bytes) or len(value) < _HEAD.size:
        return None
    kind, status, fetched, length, check = _HEAD.unpack_from(value)
    meta, body = value[_HEAD.size : _HEAD.size + length], value[_HEAD.size + length :]
    if kind & 0x7F != _FORMAT or check != zlib.crc32(body, zlib.crc32(meta)):
        return None
    if status != 200 and status not in GONE:  # nothing else is cached
        return None
    url, *said = meta.decode(errors="replace").split("\n")
    headers = {name: text for name, text in zip(KEPT_HEADERS, said, strict=False) if text}
    return Record(status=status, url=url, headers=headers, fetched=fetched, body=body, immutable=kind > 0x7F)


def host_of(url: str) -> str:
    """Return the host, with its port if the URL has one, and nothing secret."""
    url = without_credentials(url)
    return "".join(url.split("/", 3)[2:3]).partition("?")[0] or url


def key_of(key: str) -> str:
    """Return a cache key that is safe on disk: without credentials, and with only a digest of a URL's query.

    Tokens in queries are as secret; still each has its own entry.
    """
    plain, mark, query = without_credentials(key).partition("?")
    return plain + mark + sha256(query.encode("utf-8", "replace")).hexdigest()[:16] if mark else plain
