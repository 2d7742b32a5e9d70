"""An index's answer, how it looks in the cache, and for how long it is believed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from .text import without_credentials

KEPT_HEADERS = ("etag", "last-modified", "content-type")
"""The headers of an answer that the cache keeps; the order is part of the format."""

GONE = (404, 410)
"""Statuses that say that there is nothing: answers like any other, though believed for a short time only."""

GONE_TTL = 600.0
"""Seconds for which such an answer is believed at most."""

_FORMAT = 1
_HEAD = struct.Struct("<BHdII")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server sent: the input of a digest."""

    url: str
    """Where the answer came from, after redirects, without credentials."""

    status: int
    headers: Mapping[str, str]
    """Names in whatever case is asked for."""

    body: bytes
    """Content-decoded."""

    links: int = 200_000
    """As many links, or files, as a page may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is left of a reply: its digest, from the network or the cache."""

    status: int
    url: str
    """Where the answer came from, after redirects, without credentials."""

    body: bytes
    """The digest; empty for a 404 or 410."""

    headers: Mapping[str, str]
    """Names in lower case; from the cache only those of ``KEPT_HEADERS``."""

    fetched: float
    """When the server last said so: seconds since the epoch."""

    fresh: bool
    """Whether it is believed without asking again."""

    from_cache: bool
    """Whether the body was in the cache; it was revalidated when the server confirmed it just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An answer as the cache holds it."""

    status: int
    url: str
    headers: Mapping[str, str]
    fetched: float
    body: bytes
    immutable: bool = False
    """Never to be asked for again: what it answers cannot change."""

    def answer(self, *, fresh: bool, from_cache: bool = True) -> Answer:
        """The same as an answer."""
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
        """Seconds after ``fetched`` for which it is believed; None for ever."""
        if self.status in GONE:
            return min(ttl, GONE_TTL)
        return None if self.immutable else ttl

    def expires(self, ttl: float) -> float | None:
        """When it has to be asked for again: seconds since the epoch; None never."""
        lifetime = self.lifetime(ttl)
        return None if lifetime is None else self.fetched + lifetime

    def believable(self, ttl: float, now: float) -> bool:
        """Whether it is young enough; one from the future is not, so that a clock put right does no harm."""
        lifetime = self.lifetime(ttl)
        return lifetime is None or 0 <= now - self.fetched < lifetime


def pack(record: Record) -> bytes:
    """The record in a few bytes more than its body; holds data only, nothing that could run."""
    parts = [record.url, *(record.headers.get(name, "") for name in KEPT_HEADERS)]
    meta = "\n".join(part.replace("\n", " ") for part in parts).encode()
    check = zlib.crc32(record.body, zlib.crc32(meta))
    kind = _FORMAT | (0x80 if record.immutable else 0)
    return _HEAD.pack(kind, record.status, record.fetched, len(meta), check) + meta + record.body


def unpack(value: object) -> Record | None:
    """The record, or None where ``value`` is not one: damaged, truncated, tampered with or of another format."""
    if not isinstance(value, bytes) or len(value) < _HEAD.size:
        return None
    kind, status, fetched, length, check = _HEAD.unpack_from(value)
    meta, body = value[_HEAD.size : _HEAD.size + length], value[_HEAD.size + length :]
    if kind & 0x7F != _FORMAT or check != zlib.crc32(body, zlib.crc32(meta)):
        return None
    if status != 200 and status not in GONE:  # nothing else is kept
        return None
    url, *said = meta.decode(errors="replace").split("\n")
    headers = {name: text for name, text in zip(KEPT_HEADERS, said, strict=False) if text}
    return Record(status=status, url=url, headers=headers, fetched=fetched, body=body, immutable=kind > 0x7F)


def host_of(url: str) -> str:
    """The host, with its port where the URL has one, and nothing secret."""
    url = without_credentials(url)
    return "".join(url.split("/", 3)[2:3]).partition("?")[0] or url


def key_of(key: str) -> str:
    """A key of the cache as it may lie on the disk: no credentials, and of a URL's query only a digest.

    Tokens in queries are as secret; still each has an entry of its own.
    """
    plain, mark, query = without_credentials(key).partition("?")
    return plain + mark + sha256(query.encode("utf-8", "replace")).hexdigest()[:16] if mark else plain
