"""truststore as it is on macOS and Windows, simulated: the "system" is asked after the handshake.

As its versions up to 0.10.4 (pip 24.2 to 26.2) do it, without a lock; see ``pip/_vendor/truststore/_api.py`` and
``_macos.py`` there.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class System:
    """What the operating system would know and be told."""

    trusted: tuple[bytes, ...] = ()
    """Certificates (DER) that it believes, each for ``names``."""

    names: tuple[str, ...] = ()
    told: list[tuple[ssl.VerifyMode, bool]] = field(default_factory=list)
    """``verify_mode`` and ``check_hostname`` at each verification."""

    contexts: int = 0

    def make(self) -> ssl.SSLContext:
        """A context as truststore makes it."""
        self.contexts += 1
        return SystemContext(self)

    def verify(self, context: ssl.SSLContext, certificate: bytes, name: str | None) -> None:
        """Raises SSLCertVerificationError, which on Windows may lack all attributes."""
        self.told.append((context.verify_mode, context.check_hostname))
        if context.verify_mode == ssl.CERT_NONE:
            return
        if certificate not in self.trusted:
            raise ssl.SSLCertVerificationError("the chain is not trusted by the system")
        if context.check_hostname and name not in self.names:
            raise ssl.SSLCertVerificationError("the certificate is for another name")


class SystemContext(ssl.SSLContext):
    """``truststore.SSLContext``; ``SLOW`` seconds between handshake and verification let others in."""

    SLOW = 0.01
    _system: System
    _ctx: ssl.SSLContext

    def __new__(cls, system: System) -> SystemContext:
        """One more."""
        self = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        self._system, self._ctx = system, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return self

    def __init__(self, *_: Any) -> None:
        """Made already."""

    @contextmanager
    def _configured(self) -> Iterator[None]:
        context = self._ctx
        check_hostname, verify_mode = context.check_hostname, context.verify_mode
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            yield
        finally:
            context.check_hostname = check_hostname
            context.verify_mode = verify_mode

    def wrap_socket(self, sock: socket.socket, *further: Any, **options: Any) -> ssl.SSLSocket:
        """The handshake, then the system's opinion."""
        with self._configured():
            wrapped = self._ctx.wrap_socket(sock, *further, **options)
            time.sleep(self.SLOW)
        try:
            certificate = wrapped.getpeercert(binary_form=True) or b""
            self._system.verify(self._ctx, certificate, options.get("server_hostname"))
        except ssl.SSLError:
            wrapped.close()
            raise
        return wrapped

    verify_mode: Any = property(
        lambda self: self._ctx.verify_mode, lambda self, mode: setattr(self._ctx, "verify_mode", mode)
    )
    check_hostname: Any = property(
        lambda self: self._ctx.check_hostname, lambda self, check: setattr(self._ctx, "check_hostname", check)
    )


def der(pem: Callable[[], str] | str) -> bytes:
    """The certificate of a PEM text."""
    text = pem if isinstance(pem, str) else pem()
    start, end = text.index("-----BEGIN CERTIFICATE-----"), text.index("-----END CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(text[start:end] + "-----END CERTIFICATE-----\n")
