"""Connections to servers whose names are resolved once.

If dozens of connections are opened at once, each with its own DNS queries, some queries get lost, and every lost one
costs 5 seconds: planning for 110 distributions with empty caches took 4.7 to 4.9 s without this, 0.5 s with it.
"""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from .headers import PacedResponse
from .pace import Pace


class Addresses:
    """Resolved host names, for one run. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def of(self, host: str) -> list[str]:
        """Return the IP addresses of ``host``, in the order in which to try them; empty if it has none now."""
        with self._lock:
            if host not in self._known:
                try:
                    found = socket.getaddrinfo(host.strip("[]"), None, allowed_gai_family(), socket.SOCK_STREAM)
                except (OSError, UnicodeError):
                    return []
                self._known[host] = list(dict.fromkeys(str(each[4][0]) for each in found))
            return self._known[host]

    def forget(self, host: str) -> None:
        """Resolve it again the next time."""
        with self._lock:
            self._known.pop(host, None)


ADDRESSES = Addresses()


class _Resolved:
    """Shared by both kinds of connections; urllib3 would resolve the name in ``_new_conn``, each time."""

    _dns_host: str
    host: str
    limits: tuple[float, float]
    """The timeout, and the seconds for a whole response."""

    def response_class(self, sock: Any, *further: Any, **options: Any) -> PacedResponse:
        """Return a response class with a time limit; http.client and urllib3 call it for each response."""
        return PacedResponse(sock, *further, **options).watch(Pace(*self.limits))

    def _new_conn(self) -> Any:
        connect: Any = super()._new_conn  # type: ignore[misc] # of the class next to this one
        host, refused = self._dns_host, None
        for address in ADDRESSES.of(host):
            self._dns_host = address
            try:
                return connect()
            except (NewConnectionError, ConnectTimeoutError) as error:
                refused = error
            finally:
                self._dns_host = host
        ADDRESSES.forget(host)
        if refused is not None:
            raise refused
        return connect()  # which reports what is wrong with the name


class _VerifiedPool(HTTPSConnectionPool):
    def _validate_conn(self, conn: Any) -> None:
        super()._validate_conn(conn)
        forwarding = getattr(conn, "proxy_is_forwarding", False)  # then it is the proxy's certificate
        verified = conn.proxy_is_verified if forwarding else conn.is_verified
        if self.cert_reqs != "CERT_NONE" and not verified:  # urllib3 only warns
            conn.close()
            raise ssl.SSLError("the certificate was not verified")


def pool_classes(timeout: float, seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    """Return the pool classes by scheme, for a ``PoolManager``: each response has ``seconds`` in total."""
    limits = (timeout, seconds)
    plain = type("Connection", (_Resolved, HTTPConnection), {"limits": limits})
    secure = type("SecureConnection", (_Resolved, HTTPSConnection), {"limits": limits})
    return {
        "http": type("ConnectionPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("SecureConnectionPool", (_VerifiedPool,), {"ConnectionCls": secure}),
    }
