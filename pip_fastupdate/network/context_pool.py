"""One TLS context per handshake, for contexts that change while they are used.

On macOS and Windows truststore sets a context's ``verify_mode`` to CERT_NONE during the handshake, lets the system
verify the certificate afterwards, and restores the old value. Two handshakes on one context see each other's values:
all later ones are then not verified at all (truststore #209; pip 24.2 to 26.2 vendor such a version).
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Plain = ssl.SSLContext
else:  # truststore may have replaced it by its own class (inject_into_ssl)
    Plain = next((each for each in ssl.SSLContext.__mro__ if each.__module__ == "ssl"), ssl.SSLContext)


def is_plain(context: ssl.SSLContext) -> bool:
    """Return whether it is the standard library's: OpenSSL verifies, and threads may share it."""
    return type(context).__module__ == "ssl"


class ContextPool(Plain):
    """A context that delegates each handshake to another one that nobody else uses at the time.

    There are as many as there are simultaneous handshakes. Verification is not negotiable: whatever ``verify_mode`` and
    ``check_hostname`` are set to here, each requires a certificate with the right name.
    """

    _make: Callable[[], ssl.SSLContext]
    _free: list[ssl.SSLContext]
    _lock: threading.Lock

    def __new__(cls, make: Callable[[], ssl.SSLContext], first: ssl.SSLContext) -> ContextPool:
        """``make`` returns a new context each time, ``first`` is one of them."""
        self = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        self._make, self._free, self._lock = make, [first], threading.Lock()
        return self

    def __init__(self, *_: Any) -> None:
        """Do nothing."""

    def wrap_socket(self, sock: Any, *further: Any, **options: Any) -> ssl.SSLSocket:
        """Shake hands; see ``ssl.SSLContext``. Raises SSLError unless the server's certificate was verified."""
        with self._borrowed() as context:
            wrapped = context.wrap_socket(sock, *further, **options)
            try:
                _check(context)
            except ssl.SSLError:
                wrapped.close()
                raise
        return wrapped

    def wrap_bio(self, *buffers: Any, **options: Any) -> ssl.SSLObject:
        """Prepare a later handshake: the context is not reused."""
        context = self._take()
        return context.wrap_bio(*buffers, **options)

    @contextmanager
    def _borrowed(self) -> Iterator[ssl.SSLContext]:
        context = self._take()
        yield context
        with self._lock:  # not after an error, which leaves it in an unknown state
            self._free.append(context)

    def _take(self) -> ssl.SSLContext:
        with self._lock:
            context = self._free.pop() if self._free else None
        context = context or self._make()
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = True
        return context


def _check(context: ssl.SSLContext) -> None:
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise ssl.SSLError("the certificate was not verified")
