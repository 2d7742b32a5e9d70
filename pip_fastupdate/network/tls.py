"""How servers identify themselves, and we to them.

All connections share one context if possible, because reading certificates is slow.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path

from requests.utils import DEFAULT_CA_BUNDLE_PATH, extract_zipped_paths
from urllib3.util.ssl_ import create_urllib3_context

from ..core.settings import Network
from .context_pool import ContextPool, is_plain
from .errors import RequestError

MakeContext = Callable[[], ssl.SSLContext | None]
"""Creates a context with the system's certificates; None if there are none."""


def trusting(network: Network, system: MakeContext | None) -> ssl.SSLContext:
    """Return a context that verifies servers: by ``network.verify``, else the environment's bundle, else the default.

    As in pip, a bundle adds to the ``system``'s certificates if there are any. Raises ``RequestError`` for an
    unreadable file.
    """

    def make() -> ssl.SSLContext:
        return _trusting(network, system)

    context = make()
    return context if is_plain(context) else ContextPool(make, context)


def _trusting(network: Network, system: MakeContext | None) -> ssl.SSLContext:
    context = system() if system else None
    bundle = network.verify if isinstance(network.verify, str) else _from_environment()
    if bundle is None and context is None:
        bundle = extract_zipped_paths(DEFAULT_CA_BUNDLE_PATH)  # type: ignore[no-untyped-call]
    if context is None:
        context = create_urllib3_context()
    if bundle is not None:
        _load(context, bundle)
    return _with_client(context, network)


def blind(network: Network) -> ssl.SSLContext:
    """Return a context that trusts every server."""
    context = create_urllib3_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _with_client(context, network)


def _from_environment() -> str | None:
    """Return the bundle from the variables that requests reads."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None


def _load(context: ssl.SSLContext, bundle: str) -> None:
    try:
        if Path(bundle).is_dir():
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except OSError as error:
        raise RequestError("tls", f"could not read the certificates in {bundle}", again=False) from error


def _with_client(context: ssl.SSLContext, network: Network) -> ssl.SSLContext:
    if network.client_cert:
        try:
            context.load_cert_chain(network.client_cert)
        except OSError as error:
            text = f"could not read the client certificate in {network.client_cert}"
            raise RequestError("tls", text, again=False) from error
    return context
