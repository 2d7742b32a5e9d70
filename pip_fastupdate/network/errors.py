"""Network errors in a few words, and whether to retry."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING

import requests.exceptions as of_requests
import urllib3.exceptions as of_urllib3

from ..core.protocols import DownloadFailed
from ..core.response import host_of
from .pace import Exceeded

if TYPE_CHECKING:
    from ..core.reasons import NotFetched

RETRIED = frozenset({429, 500, 502, 503, 504})
"""Statuses with which a server says that later may be better."""

ERRORS = (of_requests.RequestException, of_urllib3.HTTPError, HTTPException, OSError, ValueError, Exceeded)
"""Exceptions of requests, urllib3 and the libraries below; ValueError of all kinds for invalid URLs."""

_MEANINGS: tuple[tuple[tuple[type[BaseException], ...], NotFetched, str, bool], ...] = (
    ((of_requests.ProxyError, of_urllib3.ProxyError), "proxy", "could not connect to {host} through the proxy", False),
    (
        (of_requests.SSLError, of_urllib3.SSLError, ssl.SSLError),
        "tls",
        ("could not establish a secure connection to {host}"),
        False,
    ),
    ((of_requests.ReadTimeout, of_urllib3.ReadTimeoutError), "timeout", "timed out waiting for {host}", True),
    ((of_urllib3.NewConnectionError,), "unreachable", "could not connect to {host}", False),
    (
        (of_requests.ConnectTimeout, of_urllib3.ConnectTimeoutError),
        "timeout",
        "timed out connecting to {host}",
        False,
    ),
    ((BaseException,), "unreachable", "{host} closed the connection", True),
)
"""The exceptions, the kind, the text, whether there was a connection. The first that matches a wrapped error counts."""


class RequestError(DownloadFailed):
    """A failed attempt."""

    def __init__(
        self,
        kind: NotFetched,
        text: str,
        *,
        again: bool = True,
        wait: float | None = None,
        connected: bool = True,
        status: int | None = None,
    ) -> None:
        """``again`` says whether another attempt may help, ``wait`` after how many seconds if the server said so.

        ``connected`` is False if there was not even a connection.
        """
        super().__init__(kind, text, status)
        self.again, self.wait, self.connected = again, wait, connected


def of_status(status: int, url: str, wait: float | None = None) -> RequestError:
    """Return the error for a response with an error status."""
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    kind: NotFetched = "proxy" if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED else "http"
    return RequestError(kind, f"{host_of(url)} returned {phrase}", again=status in RETRIED, wait=wait, status=status)


def of_error(error: Exception, url: str) -> RequestError:
    """Return the error for an exception from ``ERRORS`` during a request to ``url``."""
    chain = list(_causes(error))
    if isinstance(error, Exceeded):
        return RequestError(error.kind, f"{host_of(url)} {error}", again=False)
    if isinstance(error, ValueError) and not isinstance(error, ssl.SSLError):
        return RequestError("unreachable", f"invalid URL for {host_of(url)}", again=False)
    meanings = (each for each in _MEANINGS if any(isinstance(cause, each[0]) for cause in chain))
    _, kind, text, connected = next(meanings)
    again = not any(isinstance(each, ssl.SSLCertVerificationError) for each in chain)
    return RequestError(kind, text.format(host=host_of(url)) + _detail(chain), again=again, connected=connected)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and those it wraps, outermost first: requests and urllib3 keep them in several places."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [getattr(each, "reason", None), *each.args, each.__cause__, each.__context__]


def _detail(chain: list[BaseException]) -> str:
    """Return the message of the operating system or the TLS library, if any."""
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            text = getattr(each, "verify_message", None)  # truststore's on Windows has a text alone
            return f" ({text or each.strerror or ', '.join(map(str, each.args))})"
    for each in chain:
        if isinstance(each, OSError) and each.strerror:
            return f" ({each.strerror})"
    return ""
