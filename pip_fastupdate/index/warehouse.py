"""The JSON API: one answer tells nearly everything of a project (``/pypi/NAME/json``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .digest import Digest, Item, Vulnerability, collect, encode
from .filenames import order_key
from .interpreter import Interpreter
from .urls import Base

if TYPE_CHECKING:
    from .answers import Reply
    from .decoding import Hashes, WarehouseFile


class Warehouse:
    """The JSON API that stands beside a simple index."""

    accept = "application/json"

    def __init__(self, root: str, interpreter: Interpreter, *, sdists: bool) -> None:
        """``root`` ends in ``/pypi/``; ``sdists`` are kept beside wheels."""
        self._root = root
        self._interpreter = interpreter
        self._sdists = sdists

    @classmethod
    def beside(cls, index_url: str, interpreter: Interpreter, *, sdists: bool) -> Warehouse | None:
        """The JSON API of a simple index; None where the URL's shape tells of none."""
        root, simple, rest = index_url.rstrip("/").rpartition("/simple")
        if not simple or rest or not root.startswith(("http://", "https://")):
            return None
        return cls(f"{root}/pypi/", interpreter, sdists=sdists)

    def page(self, name: str) -> str:
        """The URL that describes the project."""
        return f"{self._root}{name}/json"

    def digest(self, name: str, reply: Reply) -> bytes:
        """What to keep of a successful answer. Raises ValueError."""
        from .decoding import warehouse

        info, files, known = warehouse(reply.body)
        base = Base(reply.url)
        entries = collect(
            name, files, lambda file, rank: _item(file, rank, base), self._interpreter, sdists=self._sdists
        )
        latest = info.version if info.version and order_key(info.version) else None
        vulnerabilities = [Vulnerability(each.id, each.aliases, each.fixed_in) for each in known]
        return encode(Digest(latest=latest, requires=info.requires_dist, vulnerabilities=vulnerabilities), entries)


def _item(file: WarehouseFile, rank: int, base: Base) -> Item:
    return Item(
        file.filename,
        base.join(file.url),
        file.digests.sha256,
        file.size,
        sidecar(file.metadata),
        (file.yanked_reason or "") if file.yanked else None,
        file.uploaded,
        rank,
    )


def sidecar(said: Hashes | bool | None) -> bool | str | None:
    """What ``core-metadata`` (PEP 714) tells of the sidecar: its sha256, whether it is there, or None for nothing."""
    if said is None or isinstance(said, bool):
        return said
    return said.sha256 or True
