"""pip's credentials and trusted certificates, for our own connections.

Nothing here starts a program, unless the user chose the keyring provider that is one.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import compat
from .configuration import Configuration

if TYPE_CHECKING:
    import ssl


def authentication(configuration: Configuration) -> Callable[[Any], Any]:
    """Return an ``auth`` for requests: it adds credentials from URLs, netrc and keyring, and asks the user on a 401.

    pip's own class does it. It is imported with the first request that may need credentials, or with the first 401.
    Thread-safe, but handle 401 responses one at a time: they may ask the user.
    """
    return _Authentication(configuration)


class _Authentication:
    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._lock = threading.Lock()

    def __call__(self, request: Any) -> Any:
        """Authorize a prepared request, and register for its response."""
        if self._configuration.secret_urls or _netrc_exists():
            return self._pip(request)
        request.register_hook("response", self._see)
        return request

    def _see(self, response: Any, **options: Any) -> Any:
        return self._pip.handle_401(response, **options) if response.status_code == 401 else response

    @property
    def _pip(self) -> Any:
        with self._lock:
            return self._made

    @cached_property
    def _made(self) -> Any:
        from pip._internal.network.auth import MultiDomainBasicAuth

        compat.silence()
        found = self._configuration
        may_ask = _may_ask(found)
        plain = [url for url in (found.settings.index_url, *found.settings.extra_index_urls) if url is not None]
        return MultiDomainBasicAuth(
            prompting=may_ask,
            index_urls=[*found.secret_urls, *plain],
            keyring_provider=keyring_provider(found.settings.keyring_provider, may_ask=may_ask),
        )


def _may_ask(configuration: Configuration) -> bool:
    """Return whether a user can answer; questions appear on standard output."""
    streams = (sys.stdin, sys.stdout)  # either may be None, without a console
    return not configuration.settings.no_input and all(each is not None and each.isatty() for each in streams)


def keyring_provider(chosen: str, *, may_ask: bool) -> str:
    """Return the provider: ``auto`` without its last resort, the keyring program, which only runs if chosen."""
    if chosen != "auto":
        return chosen
    return "import" if may_ask else "disabled"


def _netrc_exists() -> bool:
    """Return whether there is a netrc file that requests, and so pip, would read."""
    said = os.environ.get("NETRC")
    names = [said] if said else ["~/.netrc", "~/_netrc"]
    return any(Path(os.path.expanduser(name)).exists() for name in names)  # noqa: PTH111 - there may be no home directory


def system_certificates(configuration: Configuration) -> Callable[[], ssl.SSLContext | None] | None:
    """Return a function that creates a context like pip's, trusting the operating system's certificates.

    None if pip would not; the context is None if this machine has no such thing.
    """
    return _system_context if configuration.system_certificates else None


def _system_context() -> ssl.SSLContext | None:
    import ssl

    from pip._vendor import certifi

    truststore = compat.truststore()
    if truststore is None:
        return None
    configure = compat.openssl_configurator(truststore)
    if configure is None:
        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with configure(context):
            pass
    context.load_verify_locations(certifi.where())
    return context
