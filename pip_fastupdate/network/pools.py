"""urllib3's pools of connections, with a time limit for each response, and never without a checked certificate."""

from __future__ import annotations

import ssl
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .headers import PacedResponse
from .pace import Pace


class _Paced:
    """Shared by both kinds of connections."""

    limits: tuple[float, float]
    """The timeout, and the seconds for a whole response."""

    def response_class(self, sock: Any, *further: Any, **options: Any) -> PacedResponse:
        """Return a response class with a time limit; http.client and urllib3 call it for each response."""
        return PacedResponse(sock, *further, **options).watch(Pace(*self.limits))


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
    plain = type("Connection", (_Paced, HTTPConnection), {"limits": limits})
    secure = type("SecureConnection", (_Paced, HTTPSConnection), {"limits": limits})
    return {
        "http": type("ConnectionPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("SecureConnectionPool", (_VerifiedPool,), {"ConnectionCls": secure}),
    }
