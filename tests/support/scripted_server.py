"""A server on 127.0.0.1 that says what a test tells it to, for what the local index does not do."""

from __future__ import annotations

import http.server
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .served import HTTPServer, Served

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""A certificate for 127.0.0.1 and its key, signed by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer as it goes out."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    promised: int | None = None
    """Content-Length, where it is not that of the body."""


Script = Callable[[Asked], Said]


class ScriptedServer(Served):
    """A context manager: answers with what ``script`` returns, and remembers what it was asked."""

    def __init__(self, script: Script, *, tls: bool = False) -> None:
        self.asked: list[Asked] = []
        self._http = server = _Server(("127.0.0.1", 0), _Handler)
        server.script, server.asked = script, self.asked
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def netloc(self) -> str:
        """``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"{self.scheme}://{self.netloc}"


class _Server(HTTPServer):
    request_queue_size = 256
    script: Script
    asked: list[Asked]

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away, and handshakes that fail, are part of the game."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, *_: object) -> None:
        """The server remembers by itself."""

    def do_GET(self) -> None:
        asked = Asked(path=self.path, headers={name.lower(): text for name, text in self.headers.items()})
        self.server.asked.append(asked)
        said = self.server.script(asked)
        self.send_response_only(said.status, "Said")
        for name, text in said.headers.items():
            self.send_header(name, text)
        if said.status != 304 and "Transfer-Encoding" not in said.headers:
            self.send_header("Content-Length", str(len(said.body) if said.promised is None else said.promised))
        self.end_headers()
        self.wfile.write(said.body)
        self.wfile.flush()
        self.close_connection = said.promised is not None
