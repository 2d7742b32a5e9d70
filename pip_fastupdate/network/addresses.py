"""Connections to servers whose names are resolved once.

Dozens of connections that are opened at once, each with questions of its own to the name server, lose some of these on
the way, and every lost one costs 5 seconds.
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

from .headers import Answer
from .pace import Pace


class Addresses:
    """What the name server says of hosts, for the time of a run. Safe to use from many threads."""

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def of(self, host: str) -> list[str]:
        """The IP addresses of ``host``, in the order in which they should be tried; none where it has none now."""
        with self._lock:
            if host not in self._known:
                try:
                    found = socket.getaddrinfo(host.strip("[]"), None, allowed_gai_family(), socket.SOCK_STREAM)
                except (OSError, UnicodeError):
                    return []
                self._known[host] = list(dict.fromkeys(str(each[4][0]) for each in found))
            return self._known[host]

    def forget(self, host: str) -> None:
        """Have it resolved again the next time."""
        with self._lock:
            self._known.pop(host, None)


ADDRESSES = Addresses()


class _Resolved:
    """What both kinds of connections do alike; urllib3 would resolve the name in ``_new_conn``, each time."""

    _dns_host: str
    host: str
    limits: tuple[float, float]
    """The timeout, and the seconds for a whole answer."""

    def response_class(self, sock: Any, *further: Any, **options: Any) -> Answer:
        """An answer that must not take for ever; what http.client and urllib3 call for each."""
        return Answer(sock, *further, **options).watch(Pace(*self.limits))

    def _new_conn(self) -> Any:
        connect: Any = super()._new_conn  # type: ignore[misc] # of the class beside this one
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
        return connect()  # which tells what is wrong with the name


class _VerifiedPool(HTTPSConnectionPool):
    def _validate_conn(self, conn: Any) -> None:
        super()._validate_conn(conn)
        forwarding = getattr(conn, "proxy_is_forwarding", False)  # then it is the proxy's certificate
        verified = conn.proxy_is_verified if forwarding else conn.is_verified
        if self.cert_reqs != "CERT_NONE" and not verified:  # urllib3 only warns
            conn.close()
            raise ssl.SSLError("the certificate was not verified")


def pool_classes(timeout: float, seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    """The classes of pools by schemes, for a ``PoolManager``: their answers have ``seconds`` each, in all."""
    limits = (timeout, seconds)
    plain = type("Connection", (_Resolved, HTTPConnection), {"limits": limits})
    secure = type("SecureConnection", (_Resolved, HTTPSConnection), {"limits": limits})
    return {
        "http": type("ConnectionPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("SecureConnectionPool", (_VerifiedPool,), {"ConnectionCls": secure}),
    }
