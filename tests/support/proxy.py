"""A proxy on 127.0.0.1: tunnels (CONNECT) and plain requests, and a log of both."""

from __future__ import annotations

import contextlib
import http.server
import select
import socket
from urllib.parse import urlsplit

from .served import HTTPServer, Served


class Proxy(Served):
    """A context manager; ``log`` has a line for each request, such as ``CONNECT 127.0.0.1:443``."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self._http = server = _Server(("127.0.0.1", 0), _Handler)
        server.log = self.log
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"


class _Server(HTTPServer):
    log: list[str]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """The proxy keeps its own log."""

    def do_CONNECT(self) -> None:
        """Let bytes through, both ways."""
        self.server.log.append(f"CONNECT {self.path}")
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), 10) as target:
            self.connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            _pump(self.connection, target)
        self.close_connection = True

    def do_GET(self) -> None:
        """Pass a plain request on, one a connection."""
        self.server.log.append(f"GET {self.path}")
        parts = urlsplit(self.path)
        with socket.create_connection((str(parts.hostname), parts.port or 80), 10) as target:
            path = parts._replace(scheme="", netloc="").geturl() or "/"
            headers = [f"{key}: {text}" for key, text in self.headers.items() if key.lower() != "connection"]
            target.sendall("\r\n".join([f"GET {path} HTTP/1.1", *headers, "Connection: close", "", ""]).encode())
            _pump(self.connection, target)
        self.close_connection = True


def _pump(client: socket.socket, target: socket.socket) -> None:
    """Until one of them has enough."""
    with contextlib.suppress(OSError):
        while True:
            for ready in select.select([client, target], [], [], 30)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                (target if ready is client else client).sendall(data)
