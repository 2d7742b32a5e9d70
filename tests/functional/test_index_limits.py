"""Answers beyond all measure: each is the failure of one request, soon, and in little memory."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.core.settings import Network, ResponseLimits
from pip_fastupdate.network.session import Session

TIMEOUT = 0.5
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

Say = Callable[[socket.socket], None]


@contextmanager
def server(say: Say) -> Iterator[str]:
    """A server that reads a request and then does ``say``, on each connection; the URL of a page there."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.1)
    stop = threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(30)
            try:
                connection.recv(65536)
                say(connection)
            except OSError:
                return  # the client has had enough

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/simple/thing/"
    finally:
        stop.set()
        thread.join()
        listening.close()


@contextmanager
def opened(retries: int = 0, **limits: Any) -> Iterator[Session]:
    """A session of short patience."""
    network = Network(retries=retries, timeout=TIMEOUT, proxy="", limits=ResponseLimits(**limits))
    session = Session(
        cache=CacheOptions(directory=None), network=network, user_agent="tests/1", warn=lambda text, hint: None
    )
    try:
        yield session
    finally:
        session.close()


def failure(session: Session, url: str) -> tuple[str, str, float]:
    """Kind and text of how a page fails, and the seconds that took."""
    started = time.monotonic()
    with pytest.raises(DownloadFailed) as caught:
        session.ask(url, key=url, condense=lambda reply: b"%d" % len(reply.body))
    return caught.value.kind, caught.value.text, time.monotonic() - started


def drip(connection: socket.socket, byte: bytes = b"x") -> None:
    """For ever, one now and then, well within any timeout between two reads."""
    while True:
        connection.sendall(byte)
        time.sleep(0.05)


def without_end(connection: socket.socket, piece: bytes) -> None:
    """As fast as it goes, for ever."""
    while True:
        connection.sendall(piece * (65536 // len(piece)))


def said(head: bytes, then: Callable[..., None] | None = None, *arguments: Any) -> Say:
    """Sends ``head``, then does something."""

    def say(connection: socket.socket) -> None:
        connection.sendall(head)
        if then is not None:
            then(connection, *arguments)

    return say


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "say",
    [
        said(b"", drip),
        said(b"HTTP/1.1 200 OK\r\nX: ", drip),
        said(HEAD + b"\r\n", drip),
        said(HEAD + b"Content-Length: 1000000\r\n\r\n", drip),
        said(CHUNKED, drip, b"1\r\nx\r\n"),
        said(CHUNKED, drip, b"0"),
        said(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", drip),
        said(b"HTTP/1.1 404 Not Found\r\n\r\n", drip),
        said(b"HTTP/1.1 500 Oh\r\n\r\n", drip),
        said(b"", drip, b"HTTP/1.1 100 Continue\r\n\r\n"[:1]),
    ],
    ids=["status", "head", "body", "length", "chunks", "chunk size", "redirect", "404", "500", "1xx"],
)
def test_a_byte_now_and_then_for_ever(say: Say) -> None:
    """Held up no longer than a few timeouts, though there is always something to read."""
    with server(say) as url, opened() as session:
        kind, text, seconds = failure(session, url)
    assert kind in ("timeout", "http", "unreachable"), text
    assert 8 * TIMEOUT > seconds


@pytest.mark.parametrize(
    "say",
    [
        said(HEAD + b"\r\n", without_end, b"x"),
        said(CHUNKED, without_end, b"10\r\nxxxxxxxxxxxxxxxx\r\n"),
        said(HEAD + b"Content-Length: 9999999999999\r\n\r\n", without_end, b"x"),
        said(HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", without_end, b"x"),
        said(CHUNKED, without_end, b"7fffffffffffffff\r\nx"),
        said(CHUNKED, without_end, b"0"),
        said(b"", without_end, b"HTTP/1.1 100 Continue\r\n\r\n"),
        said(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", without_end, b"x"),
        said(b"HTTP/1.1 500 Oh\r\n\r\n", without_end, b"x"),
        said(b"HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\n\r\n", without_end, b"x"),
    ],
    ids=["body", "chunks", "length", "digits", "big chunk", "chunk size", "1xx", "redirect", "500", "401"],
)
def test_as_much_as_the_line_carries(say: Say) -> None:
    """Neither the memory nor the time is the server's to take."""
    tracemalloc.start()
    with server(say) as url, opened(body=1_000_000) as session:
        _, text, seconds = failure(session, url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 10 > seconds, text
    assert 20_000_000 > peak, text


def body(content: bytes, encoding: str) -> bytes:
    """A complete answer."""
    return HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding.encode(), len(content)) + content


def bomb(unpacked: int, wbits: int) -> bytes:
    """Compressed zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(unpacked >> 20)) + packer.flush()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (bomb(1 << 28, 31), "gzip"),
        (bomb(1 << 28, 15), "deflate"),
        (gzip.compress(b"") * 20_000, "gzip"),
        (bomb(1 << 20, 31) * 60, "gzip"),
    ],
    ids=["gzip", "deflate", "members", "members of some size"],
)
def test_bombs(content: bytes, encoding: str) -> None:
    """No more is unpacked than the limit."""
    tracemalloc.start()
    with server(said(body(content, encoding))) as url, opened(unpacked=4 << 20) as session:
        kind, text, seconds = failure(session, url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "garbage" == kind, text
    assert 5 > seconds
    assert 40_000_000 > peak


@pytest.mark.parametrize(
    "status", [b"302 Found\r\nLocation: /simple/", b"401 Who\r\nWWW-Authenticate: Basic", b"500 Oh"]
)
def test_bombs_that_nobody_would_read(status: bytes) -> None:
    """The body of a redirect, a refusal or an error is not unpacked at all."""
    content = bomb(1 << 28, 31)
    head = b"HTTP/1.1 %s\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (status, len(content))
    tracemalloc.start()
    with server(said(head + content)) as url, opened() as session:
        failure(session, url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 40_000_000 > peak


def test_seconds_in_all() -> None:
    """Redirects and retries count, whatever the server says about when to try again."""
    again = b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with server(said(again)) as url, opened(retries=100, seconds=2.0) as session:
        kind, _, seconds = failure(session, url)
    assert kind in ("http", "timeout")
    assert 5 > seconds


def test_a_large_page_is_read() -> None:
    """Of many megabytes, with or without its length said."""
    content = bytes(5_000_000)
    sized = said(HEAD + b"Content-Length: 5000000\r\n\r\n" + content)
    with server(sized) as url, opened() as session:
        assert b"5000000" == session.ask(url, key=url, condense=lambda reply: b"%d" % len(reply.body)).body
    chunked = said(CHUNKED + b"4c4b40\r\n" + content + b"\r\n0\r\n\r\n")
    with server(chunked) as url, opened() as session:
        assert b"5000000" == session.ask(url, key=url, condense=lambda reply: b"%d" % len(reply.body)).body


def test_what_is_fast_enough_is_read() -> None:
    """A page that takes longer than all windows, and a file that takes longer than all the seconds."""

    def say(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: 20000\r\nConnection: close\r\n\r\n")
        for _ in range(20):
            connection.sendall(b"x" * 1000)
            time.sleep(0.1)

    with server(say) as url, opened(seconds=30.0) as session:
        assert b"20000" == session.ask(url, key=url, condense=lambda reply: b"%d" % len(reply.body)).body
    with server(say) as url, opened(seconds=1.0) as session:
        with session.stream(url) as chunks:
            assert 20_000 == sum(map(len, chunks))
        assert "timeout" == failure(session, url)[0]


def test_a_file_without_end() -> None:
    """A download has a limit of its own."""
    with server(said(HEAD + b"\r\n", without_end, b"x")) as url, opened(file=3_000_000) as session:
        with session.stream(url) as chunks, pytest.raises(DownloadFailed) as caught:
            sum(map(len, chunks))
        assert "garbage" == caught.value.kind


def test_a_digest_that_raises_anything_is_the_answers_fault() -> None:
    """What comes from outside is the cause, whatever the exception."""

    def digest(_: Any) -> bytes:
        raise RecursionError("too deep")

    content = b"{}"
    with (
        server(said(HEAD + b"Content-Length: 2\r\n\r\n" + content)) as url,
        opened() as session,
        pytest.raises(DownloadFailed) as caught,
    ):
        session.ask(url, key=url, condense=digest)
    assert "garbage" == caught.value.kind
