"""The simple API: a project's files in JSON (PEP 691, 700) or HTML (PEP 503), whichever the index has."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from ...core.interpreter import Interpreter
from ...core.urls import Base
from ..evaluator import Evaluator, fill
from ..filenames import OrderKey, order_key
from ..project_record import ProjectRecord, VersionRecord, encode
from . import ACCEPT

if TYPE_CHECKING:
    from packaging.version import Version

    from ...core.response import Reply
    from .decoding import SimpleFile
    from .simple_pages import Link


class SimpleApi:
    """The simple API of an index."""

    accept = ACCEPT

    def __init__(self, root: str, interpreter: Interpreter, *, sdists: bool) -> None:
        """``root`` is the index's URL as in pip; with ``sdists``, these are kept, too."""
        self._root = root.rstrip("/")
        self._interpreter = interpreter
        self._sdists = sdists

    def page(self, name: str) -> str:
        """Return the URL that describes the project."""
        return f"{self._root}/{quote(name)}/"

    def condense(self, name: str, reply: Reply, floor: Version | None = None) -> bytes:
        """Return what to keep of a successful response; most releases older than ``floor`` may be dropped.

        Enough is kept to tell whether any compatible final release exists. Raises ValueError if it is not a page of
        that project.
        """
        from .simple_pages import is_json

        key = order_key(str(floor)) if floor else None
        record, entries = (self._json if is_json(reply) else self._html)(name, reply, key)
        if any(file.metadata for entry in entries for file in entry.files):
            entries = [_announced(entry) for entry in entries]
        return encode(record, entries)

    def _json(self, name: str, reply: Reply, floor: OrderKey | None) -> tuple[ProjectRecord, list[VersionRecord]]:
        from .simple_pages import json_file, json_page, known_status, named_by_url

        body = json_page(name, reply)
        evaluator: Evaluator[SimpleFile] = Evaluator(name, self._interpreter)
        skipped = fill(evaluator, body.files, floor, named_by_url)
        base = Base(reply.url, reply.learn)
        entries = evaluator.entries(lambda file, rank: json_file(file, rank, base), sdists=self._sdists)
        return ProjectRecord(
            status=known_status(body.status.status), reason=body.status.reason, skipped=skipped
        ), entries

    def _html(self, name: str, reply: Reply, floor: OrderKey | None) -> tuple[ProjectRecord, list[VersionRecord]]:
        from .simple_pages import Link, html_page

        page = html_page(name, reply)
        evaluator: Evaluator[Link] = Evaluator(name, self._interpreter)
        skipped = fill(evaluator, page.links, floor)
        entries = evaluator.entries(Link.compatible_file, sdists=self._sdists)
        return ProjectRecord(status=page.status, reason=page.reason, skipped=skipped), entries


def _announced(entry: VersionRecord) -> VersionRecord:
    """Return the entry on a page that announces some sidecars: those it does not announce do not exist."""
    files = [file._replace(metadata=False) if file.metadata is None else file for file in entry.files]
    return entry._replace(files=files)
