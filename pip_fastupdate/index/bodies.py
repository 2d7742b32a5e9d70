"""Bodies of answers: read whole and told to be complete, or in chunks; content-decoded by a few threads at a time."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

from requests import Response

from .answers import host_of
from .trouble import Trouble

CHUNK = 256 * 1024


def decoding() -> AbstractContextManager[object]:
    """Held while a body is decoded and digested.

    Compressed bodies are small, decoded ones are not: so many are in memory at the same time as the machine has
    processors, not as there are connections.
    """
    return threading.BoundedSemaphore(max(2, os.cpu_count() or 2))


def read(response: Response) -> bytes:
    """The whole body as sent. Raises ``trouble.ERRORS``, or ``Trouble`` when the server promised more."""
    body: bytes = response.raw.read(decode_content=False)
    _check_length(response, len(body))
    return body


def chunks(response: Response) -> Iterator[bytes]:
    """The body as sent, in chunks of at most 256 KiB. Raises like ``read``."""
    total = 0
    for chunk in response.raw.stream(CHUNK, decode_content=False):
        total += len(chunk)
        yield chunk
    _check_length(response, total)


def decode(body: bytes, response: Response) -> bytes:
    """Undo the content encoding (RFC 9110). Raises ``Trouble``."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    try:
        if encoding in ("gzip", "x-gzip"):
            return _gunzip(body)
        if encoding == "deflate":
            return zlib.decompress(body)
    except zlib.error as error:
        raise Trouble("garbage", f"{host_of(response.url)} sent a body that cannot be decompressed") from error
    if encoding not in ("", "identity"):
        raise Trouble("garbage", f"{host_of(response.url)} sent a body in {encoding}, not asked for", again=False)
    return body


def _gunzip(body: bytes) -> bytes:
    parts: list[bytes] = []
    while body[:2] == b"\x1f\x8b" or not parts:
        unzip = zlib.decompressobj(31)
        parts.append(unzip.decompress(body))
        if not unzip.eof:
            raise zlib.error("truncated")
        body = unzip.unused_data
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _check_length(response: Response, got: int) -> None:
    promised = response.headers.get("content-length", "")
    if promised.isdigit() and int(promised) != got and "transfer-encoding" not in response.headers:
        raise Trouble("unreachable", f"{host_of(response.url)} broke off the connection ({got} of {promised} bytes)")
