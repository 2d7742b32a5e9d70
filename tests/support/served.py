"""A server in a thread, for as long as a ``with`` block lasts."""

from __future__ import annotations

import http.server
import threading
from typing import TypeVar

Self = TypeVar("Self", bound="Served")


class HTTPServer(http.server.ThreadingHTTPServer):
    """Nobody waits for its threads."""

    daemon_threads = True
    block_on_close = False


class Served:
    """A context manager around ``_http``."""

    _http: HTTPServer

    def __enter__(self: Self) -> Self:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
