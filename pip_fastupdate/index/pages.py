"""Pages of links, as indexes and ``--find-links`` have them, in JSON or in HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from .digest import Item
from .simple import JSON
from .urls import Base, filename
from .warehouse import sidecar

if TYPE_CHECKING:
    from .answers import Reply
    from .decoding import SimpleFile

_HTML = ("text/html", "application/vnd.pypi.simple.v1+html")
LINKS = 200_000
"""Links that a page may have unless the caller says otherwise."""

_STATUSES = ("archived", "deprecated", "quarantined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A file as a page lists it, all of it as text."""

    filename: str
    url: str
    """Absolute."""

    sha256: str | None = None
    size: int | None = None
    requires_python: str | None = None
    yanked: str | None = None
    uploaded: str | None = None
    metadata: bool | str = False

    @property
    def withdrawn(self) -> bool:
        """Whether it is yanked (PEP 592)."""
        return self.yanked is not None

    def item(self, rank: int) -> Item:
        """What is kept of it."""
        return Item(self.filename, self.url, self.sha256, self.size, self.metadata, self.yanked, self.uploaded, rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A project's page, or any page of links."""

    links: list[Link] = field(default_factory=list)
    status: str | None = None
    reason: str | None = None
    """PEP 792."""


def read(reply: Reply) -> Page:
    """The page in whichever format it came. Raises ValueError for any other."""
    kind = _header(reply, "content-type")
    if kind.lower().startswith(JSON):
        return _read_json(reply)
    if kind.lower().startswith(_HTML):
        from .decoding import text

        return read_html(text(reply.body, kind), reply.url, links=reply.links)
    raise ValueError(f"no page of links but {kind.partition(';')[0] or 'nameless'}")


def _header(reply: Reply, name: str) -> str:
    return next((value for key, value in reply.headers.items() if key.lower() == name), "")


def _read_json(reply: Reply) -> Page:
    from .decoding import simple

    body = simple(reply.body)
    if body.meta.api_version.partition(".")[0] != "1":
        raise ValueError(f"version {body.meta.api_version} of the simple API")
    if len(body.files) > reply.links:
        raise ValueError(f"more than {reply.links} files")
    base = Base(reply.url)
    links = [_from_json(file, base) for file in body.files]
    return Page(links=links, status=_status(body.status.status), reason=body.status.reason)


def _from_json(file: SimpleFile, base: Base) -> Link:
    said = file.metadata if file.metadata is not None else file.old_metadata
    url = base.join(file.url)
    return Link(
        filename=filename(url),
        url=url,
        sha256=fragment_hash(file.url) or file.hashes.sha256,
        size=file.size,
        requires_python=file.requires_python,
        yanked=(file.yanked if isinstance(file.yanked, str) else "") if file.yanked else None,
        uploaded=file.uploaded,
        metadata=sidecar(said) or False,
    )


def _status(text: str | None) -> str | None:
    return text if text in _STATUSES else None


def fragment_hash(url: str) -> str | None:
    """The sha256 that stands behind the ``#`` of a link."""
    fragment = url.partition("#")[2]
    return dict(parse_qsl(fragment)).get("sha256") if "sha256=" in fragment else None


def read_html(text: str, url: str, *, links: int = LINKS) -> Page:
    """A page in HTML, found at ``url``, of at most so many ``links``. Raises ValueError for more."""
    from .markup import parse

    document = parse(text, links)
    base = Base(Base(url).join(document.base) if document.base else url)
    found = [_from_html(anchor, base) for anchor in document.anchors if anchor.get("href")]
    status = document.meta.get("pypi:project-status")
    return Page(links=found, status=_status(status), reason=document.meta.get("pypi:project-status-reason"))


def _from_html(anchor: dict[str, str | None], base: Base) -> Link:
    href = (anchor.get("href") or "").strip()
    url = base.join(href)
    said = anchor.get("data-core-metadata")
    if said is None:
        said = anchor.get("data-dist-info-metadata")
    kind, _, value = (said or "").partition("=")
    yanked = anchor.get("data-yanked", "") or "" if "data-yanked" in anchor else None
    return Link(
        filename=filename(url),
        url=url,
        sha256=fragment_hash(href),
        requires_python=anchor.get("data-requires-python"),
        yanked=yanked,
        metadata=(value or True) if kind == "sha256" else bool(said),
    )
