"""Where releases come from: the HTTP session and its cache, the index APIs, and the lookup of all projects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..core.options import CacheOptions
from ..core.settings import Settings
from ..core.text import user_agent
from ..network.session import Session
from .catalog import Catalog

if TYPE_CHECKING:
    import ssl

__all__ = ["Catalog", "open_catalog"]


def open_catalog(
    *,
    settings: Settings,
    cache: CacheOptions,
    warn: Callable[[str, str], None],
    authenticate: Callable[[Any], Any] | None = None,
    tls: Callable[[], ssl.SSLContext | None] | None = None,
    described: bool = False,
    sparing: bool = False,
) -> Catalog:
    """Return a catalog over everything in pip's settings, to be closed at the end; no request is sent yet.

    ``warn`` takes a message and a hint; ``authenticate`` and ``tls`` are for ``Session``, ``described`` and ``sparing``
    are for ``Catalog``.
    """
    session = Session(
        cache=cache,
        network=settings.network,
        authenticate=authenticate,
        user_agent=user_agent(),
        warn=warn,
        tls=tls,
    )
    return Catalog(settings, session, described=described, sparing=sparing)
