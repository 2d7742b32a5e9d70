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

from .heads import Answer


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
    response_class: Any = Answer

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


class _Connection(_Resolved, HTTPConnection):
    pass


class _SecureConnection(_Resolved, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection

    def _validate_conn(self, conn: Any) -> None:
        super()._validate_conn(conn)
        if self.cert_reqs != "CERT_NONE" and not conn.is_verified:  # urllib3 only warns
            conn.close()
            raise ssl.SSLError("the certificate was not verified")


POOLS = {"http": _Pool, "https": _SecurePool}
"""The classes of pools by schemes, for a ``PoolManager``."""
