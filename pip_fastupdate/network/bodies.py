"""Bodies of responses: read whole and checked for completeness, or in chunks; decoded by a few threads at a time."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from requests import Response

from ..core.response import host_of
from ..core.settings import ResponseLimits
from ..core.text import size
from .errors import ERRORS, RequestError
from .headers import PacedResponse
from .pace import Exceeded

CHUNK = 256 * 1024

_DRAINED = 64 * 1024
"""Bytes of an unwanted body that are read to keep its connection."""

_MEMBERS = 64
"""Maximum number of parts of a gzip body: each is copied once more."""

_ENCODINGS = 4
"""Maximum number of content encodings of a body, in sequence."""

_DIGITS = 18
"""Digits of a length; one with more is too long anyway."""


def decoding() -> AbstractContextManager[object]:
    """Return a lock that limits how many bodies are decoded and digested at a time.

    Compressed bodies are small, decoded ones are not: only as many are in memory at the same time as there are
    processors, not connections.
    """
    return threading.BoundedSemaphore(max(2, os.cpu_count() or 2))


def read(response: Response, limits: ResponseLimits) -> bytes:
    """Return the whole body as sent. Raises ``errors.ERRORS``, or ``RequestError`` if it is too short or too long."""
    length = promised(response)
    if length is not None and length <= limits.body:
        body: bytes = response.raw.read(decode_content=False)
        _check_length(response, len(body))
        return body
    return b"".join(_chunks(response, limits.body))


def chunks(response: Response, limit: int) -> Iterator[bytes]:
    """Yield the body as sent, in chunks of at most 256 KiB, up to ``limit`` bytes. Raises like ``read``."""
    original = getattr(response.raw, "_original_response", None)
    if isinstance(original, PacedResponse) and original.pace is not None:
        original.pace.unhurried()
    return _chunks(response, limit)


def _chunks(response: Response, limit: int) -> Iterator[bytes]:
    total = 0
    if (promised(response) or 0) > limit:
        _refuse(response, limit)
    while chunk := response.raw.read(CHUNK, decode_content=False):
        total += len(chunk)
        if total > limit:
            _refuse(response, limit)
        yield chunk
    _check_length(response, total)


def _refuse(response: Response, limit: int) -> None:
    response.close()
    raise RequestError("garbage", f"{host_of(response.url)} sent more than {size(limit)}, the limit", again=False)


def drain(response: Response) -> None:
    """Finish an unwanted response: its connection is reused if little is left of it.

    Raises Exceeded if even that comes too slowly.
    """
    try:
        if (promised(response) or 0) > _DRAINED or len(response.raw.read(_DRAINED, decode_content=False)) >= _DRAINED:
            response.raw.close()
        response.raw.release_conn()
    except Exceeded:
        response.raw.close()
        raise
    except ERRORS:
        response.raw.close()
    response._content = b""  # readers such as requests at a redirect would decode it, however large it gets
    response._content_consumed = True  # type: ignore[attr-defined]


COMPRESSIONS = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})
"""Content encodings that were not requested. Others, such as utf-8, are names that storage services use for none."""


def decode(body: bytes, response: Response, limit: int) -> bytes:
    """Undo the content encodings (RFC 9110), up to ``limit`` bytes. Raises ``RequestError``."""
    said = response.headers.get("content-encoding", "").lower().split(",")
    if len(said) > _ENCODINGS:
        raise RequestError("garbage", f"{host_of(response.url)} sent too many encodings", again=False)
    for encoding in reversed(said):  # the last one was applied last
        body = _decoded(body, encoding.strip(), response, limit)
    return body


def _decoded(body: bytes, encoding: str, response: Response, limit: int) -> bytes:
    try:
        if encoding in ("gzip", "x-gzip"):
            return _gunzip(body, response, limit)
        if encoding == "deflate":
            return _unzip(zlib.decompressobj(), body, response, limit)
    except zlib.error as error:
        raise RequestError("garbage", f"could not decompress the response from {host_of(response.url)}") from error
    if encoding in COMPRESSIONS:
        raise RequestError(
            "garbage", f"{host_of(response.url)} sent an encoding that was not requested: {encoding[:40]}", again=False
        )
    return body


def _gunzip(body: bytes, response: Response, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    while body[:2] == b"\x1f\x8b" or not parts:
        unzip = zlib.decompressobj(31)
        parts.append(_unzip(unzip, body, response, left))
        left -= len(parts[-1])
        body = unzip.unused_data
        if len(parts) > _MEMBERS:
            raise zlib.error("too many members")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unzip(unzip: Any, body: bytes, response: Response, limit: int) -> bytes:
    unpacked: bytes = unzip.decompress(body, limit + 1)
    if len(unpacked) > limit:
        _refuse(response, limit)
    if not unzip.eof:
        raise zlib.error("truncated")
    return unpacked


def promised(response: Response) -> int | None:
    """Return the ``Content-Length``; None if it is missing or invalid."""
    said = response.headers.get("content-length", "")
    counts = said.isascii() and said.isdigit() and "transfer-encoding" not in response.headers
    return int(said[:_DIGITS]) if counts else None


def _check_length(response: Response, got: int) -> None:
    length = promised(response)
    if length is not None and length != got:
        raise RequestError(
            "unreachable", f"{host_of(response.url)} closed the connection after {got} of {length} bytes"
        )
