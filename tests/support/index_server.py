"""The HTTP side of the local index: HTTP/1.1 with keep-alive, a thread a connection, faults carried out."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .local_index import LocalIndex

CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that the index answered."""

    method: str
    path: str
    """As asked for, with its query."""

    headers: Mapping[str, str]
    """Keys in lower case."""

    status: int
    """0 where the connection was closed without an answer."""

    sent: int
    """Bytes of the body, as sent."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """How the index misbehaves for the paths that ``pattern`` (fnmatch) matches."""

    pattern: str
    times: int | None = None
    """For so many requests; None for ever."""

    status: int | None = None
    retry_after: str | None = None
    body: bytes | None = None
    """In place of the right one."""

    cut_after: int | None = None
    """Bytes of the body after which the connection is closed; Content-Length promises all of it."""

    hang: float = 0.0
    """Seconds of silence: before the answer or, with ``cut_after``, after its bytes. Ends with the server."""

    drop: bool = False
    """The connection is closed without an answer."""

    corrupt: bool = False
    """One byte of the body is another one; its length is right."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Server:
    """Goes up and down on one port as often as it is told."""

    def __init__(self, index: LocalIndex, tls: ssl.SSLContext | None) -> None:
        self.index, self.tls = index, tls
        self.scheme = "https" if tls else "http"
        self.port = 0
        self.stopping = threading.Event()
        self._http: _HTTPServer | None = None
        self._thread: threading.Thread | None = None

    def up(self) -> None:
        """Start to accept connections; nothing happens when it does already."""
        if self._http is not None:
            return
        self.stopping.clear()
        self._http = _HTTPServer(("127.0.0.1", self.port), self)
        self.port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def down(self) -> None:
        """Stop accepting connections, and cut those that are open."""
        if self._http is None or self._thread is None:
            return
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._http.cut()
        self._thread.join()
        self._http = None


class _HTTPServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], owner: Server) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking for the host's name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; TLS shakes hands later, in the connection's own thread."""
        connection, address = super().get_request()
        if self.owner.tls:
            connection = self.owner.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that is done."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """Reset all open connections."""
        with self._lock:
            connections = list(self._open)
        for each in connections:
            reset(each)
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away, and handshakes that fail, are part of the game."""
        if not isinstance(sys.exc_info()[1], OSError | ValueError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _HTTPServer

    def log_message(self, *_: object) -> None:
        """The index keeps its own log."""

    def do_GET(self) -> None:
        """Answer, rightly or as the fault for this path says."""
        index = self.server.owner.index
        index.wait(index.latency)
        fault = index.fault_for(self.path)
        headers = {key.lower(): value for key, value in self.headers.items()}
        if fault and fault.cut_after is None:
            index.wait(fault.hang)
        if self.server.owner.stopping.is_set() or (fault and fault.drop):
            self._log(headers, 0, 0)
            self._cut()
            return
        answer = index.answer(self.path, headers)
        self._send(_spoil(answer, fault) if fault else answer, headers, fault)

    def do_HEAD(self) -> None:
        """The same without the body."""
        self.do_GET()

    def do_POST(self) -> None:
        """Nothing can be changed here."""
        self.close_connection = True
        self.send_error(405)

    def _send(self, answer: Answer, headers: Mapping[str, str], fault: Fault | None) -> None:
        body = b"" if self.command == "HEAD" else answer.body
        cut = fault.cut_after if fault else None
        self._log(headers, answer.status, len(body[:cut]))
        self.send_response_only(answer.status, http.client.responses.get(answer.status, ""))
        for key, value in answer.headers.items():
            self.send_header(key, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self._write(body[:cut])
        if cut is not None and fault is not None:
            self.server.owner.index.wait(fault.hang)
            self._cut()

    def _write(self, body: bytes) -> None:
        index = self.server.owner.index
        if index.bandwidth is None:
            self.wfile.write(body)
        else:
            for start in range(0, len(body), CHUNK):
                chunk = body[start : start + CHUNK]
                index.wait(len(chunk) / index.bandwidth)
                self.wfile.write(chunk)
                self.wfile.flush()
        self.wfile.flush()

    def _cut(self) -> None:
        """Close the connection in the middle of things."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _log(self, headers: Mapping[str, str], status: int, sent: int) -> None:
        request = Request(method=self.command, path=self.path, headers=headers, status=status, sent=sent)
        self.server.owner.index.log(request)


def _spoil(answer: Answer, fault: Fault) -> Answer:
    """The answer as the fault makes it."""
    headers, body = dict(answer.headers), answer.body
    if fault.body is not None or fault.status is not None:
        headers = {key: value for key, value in headers.items() if key not in ("Content-Encoding", "ETag")}
        body = fault.body or b"" if fault.status is None else fault.body or b"out of order"
    if fault.retry_after is not None:
        headers["Retry-After"] = fault.retry_after
    if fault.corrupt and body:
        middle = len(body) // 2
        body = body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :]
    status = fault.status or (200 if fault.body is not None else answer.status)
    return Answer(status, headers, body)


def reset(connection: socket.socket) -> None:
    """Have the connection end with a reset rather than with a polite end."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
