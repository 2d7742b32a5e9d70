"""The simple API: a project's files in JSON (PEP 691, 700) or in HTML (PEP 503), whichever the index has."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from ...core.interpreter import Interpreter
from ...core.urls import Base
from ..evaluator import Shelf, fill
from ..filenames import Key, order_key
from ..project_record import Digest, Entry, encode
from .media_types import ACCEPT

if TYPE_CHECKING:
    from packaging.version import Version

    from ...core.response import Reply
    from .decoding import SimpleFile
    from .simple_pages import Link


class Simple:
    """The simple API of an index."""

    accept = ACCEPT

    def __init__(self, root: str, interpreter: Interpreter, *, sdists: bool) -> None:
        """``root`` is the index's URL as pip takes it; ``sdists`` are kept beside wheels."""
        self._root = root.rstrip("/")
        self._interpreter = interpreter
        self._sdists = sdists

    def page(self, name: str) -> str:
        """The URL that describes the project."""
        return f"{self._root}/{quote(name)}/"

    def digest(self, name: str, reply: Reply, floor: Version | None = None) -> bytes:
        """What to keep of a successful answer; older releases than ``floor`` may be left out, but for some.

        Enough is kept to tell whether there is any final release that fits. Raises ValueError for what is no page of
        that project.
        """
        from .simple_pages import is_json

        key = order_key(str(floor)) if floor else None
        digest, entries = (self._json if is_json(reply) else self._html)(name, reply, key)
        if any(item.metadata for entry in entries for item in entry.items):
            entries = [_announced(entry) for entry in entries]
        return encode(digest, entries)

    def _json(self, name: str, reply: Reply, floor: Key | None) -> tuple[Digest, list[Entry]]:
        from .simple_pages import json_item, json_page, known_status, named_by_url

        body = json_page(name, reply)
        shelf: Shelf[SimpleFile] = Shelf(name, self._interpreter)
        skipped = fill(shelf, body.files, floor, named_by_url)
        base = Base(reply.url)
        entries = shelf.entries(lambda file, rank: json_item(file, rank, base), sdists=self._sdists)
        return Digest(status=known_status(body.status.status), reason=body.status.reason, skipped=skipped), entries

    def _html(self, name: str, reply: Reply, floor: Key | None) -> tuple[Digest, list[Entry]]:
        from .simple_pages import Link, html_page

        page = html_page(name, reply)
        shelf: Shelf[Link] = Shelf(name, self._interpreter)
        skipped = fill(shelf, page.links, floor)
        entries = shelf.entries(Link.item, sdists=self._sdists)
        return Digest(status=page.status, reason=page.reason, skipped=skipped), entries


def _announced(entry: Entry) -> Entry:
    """The entry on a page that tells of some sidecars: what it does not tell of is not there."""
    items = [item._replace(metadata=False) if item.metadata is None else item for item in entry.items]
    return entry._replace(items=items)
