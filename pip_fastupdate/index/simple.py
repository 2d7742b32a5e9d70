"""The simple API: a project's files in JSON (PEP 691, 700) or in HTML (PEP 503), whichever the index has."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from .digest import Digest, encode
from .interpreter import Interpreter
from .shelf import collect

if TYPE_CHECKING:
    from packaging.version import Version

    from .answers import Reply

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
"""What pip says too: servers and caches that know pip know this."""


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
        """What to keep of a successful answer: everything, whatever ``floor``. Raises ValueError."""
        from .pages import Link, read

        page = read(reply)
        entries = collect(name, page.links, Link.item, self._interpreter, sdists=self._sdists)
        return encode(Digest(status=page.status, reason=page.reason), entries)
