"""How servers prove who they are, and we to them.

One context for all connections where they can share it, as reading certificates is slow.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path

from requests.utils import DEFAULT_CA_BUNDLE_PATH, extract_zipped_paths
from urllib3.util.ssl_ import create_urllib3_context

from ..core.options import Network
from .context_pool import ContextPool, is_plain
from .errors import RequestError

MakeContext = Callable[[], ssl.SSLContext | None]
"""Makes a context that knows the system's certificates; None where there is no such thing."""


def trusting(network: Network, system: MakeContext | None) -> ssl.SSLContext:
    """A context that checks servers: by ``network.verify``, else the bundle that the environment names, else as usual.

    As with pip, a bundle adds to the ``system``'s certificates where there are such. Raises ``RequestError`` for a file
    that cannot be read.
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
    """A context that believes every server."""
    context = create_urllib3_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _with_client(context, network)


def _from_environment() -> str | None:
    """The variables that requests looks at."""
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
