"""Metadata of a release other than its requirements, to show what a new version changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.metadata import head
from ..core.protocols import DownloadFailed
from ..core.urls import sidecar
from . import core_metadata

if TYPE_CHECKING:
    from ..core.models import File
    from ..core.response import Reply
    from ..network.session import Session

LARGEST = 256 * 1024
"""Maximum size in bytes of a kept metadata head."""


def keep(file: File, body: bytes, session: Session) -> None:
    """Cache the head of metadata that was read for another purpose, for ``description_of``."""
    session.keep(file.url, key=_key(file), body=_head(body), immutable=core_metadata.fixed(file) is not None)


def description_of(file: File, session: Session) -> str | None:
    """Return the head of a file's metadata: as read before, else from the file on disk or its sidecar (PEP 658)."""
    known = session.stored([_key(file)]).get(_key(file))
    if known is not None and known.fresh and known.status == 200:
        return known.body.decode("utf-8", "replace")
    try:
        return _read(file, session)
    except DownloadFailed:
        return None


def _read(file: File, session: Session) -> str | None:
    """Read the head. Raises DownloadFailed."""
    if file.url.startswith("file:"):
        from .remote_archive import metadata_of

        return head(metadata_of(file, session)).decode("utf-8", "replace")
    if file.metadata is False:
        return None

    def condense(reply: Reply) -> bytes:
        core_metadata.check_hash(reply.body, file)
        return _head(reply.body)

    immutable = core_metadata.fixed(file) is not None
    answer = session.ask(sidecar(file.url), key=_key(file), condense=condense, accept="*/*", immutable=immutable)
    return answer.body.decode("utf-8", "replace") if answer.status == 200 else None


def _key(file: File) -> str:
    return f"description {core_metadata.identity(file)}"


def _head(body: bytes) -> bytes:
    return head(body)[:LARGEST]
