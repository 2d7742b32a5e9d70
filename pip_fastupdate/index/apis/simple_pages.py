"""Pages of links, as indexes and ``--find-links`` have them, in JSON or in HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args
from urllib.parse import parse_qsl

from ...core.hashes import SIZES, Hashes, arrange
from ...core.models import ProjectStatus
from ...core.names import normalize
from ...core.protocols import DownloadFailed
from ...core.urls import Base, filename, without_login
from ..filenames import SDIST_ENDINGS
from ..project_record import CompatibleFile, joined, split
from . import JSON

if TYPE_CHECKING:
    from ...core.response import Reply
    from .decoding import SimpleBody, SimpleFile

_HTML = ("text/html", "application/vnd.pypi.simple.v1+html")
LINKS = 200_000
"""Links that a page may have unless the caller says otherwise."""

_STATUSES: Mapping[str, ProjectStatus] = {each: each for each in get_args(ProjectStatus)}
_DISTRIBUTIONS = (".whl", *SDIST_ENDINGS, ".egg", ".exe", ".msi", ".rpm", ".deb", ".dmg")
"""Endings of what indexes list, or once listed."""


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
    metadata: bool | str | None = None
    """Whether there is a sidecar (PEP 658), or its sha256; None where the page does not say."""

    hashes: Hashes = ()
    """Other hashes than the sha256."""

    provenance: str | None = None
    """Where its attestations are (PEP 740)."""

    @property
    def withdrawn(self) -> bool:
        """Whether it is yanked (PEP 592)."""
        return self.yanked is not None

    def compatible_file(self, rank: int) -> CompatibleFile:
        """What is kept of it."""
        return CompatibleFile(
            self.filename,
            self.url,
            self.sha256,
            self.size,
            self.metadata,
            self.yanked,
            self.uploaded,
            rank,
            joined(self.hashes) if self.hashes else "",
            self.provenance,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A project's page, or any page of links."""

    links: list[Link] = field(default_factory=list)
    status: ProjectStatus | None = None
    reason: str | None = None
    """PEP 792."""

    official: bool = False
    """Whether it says that it is an index's (PEP 629)."""


def read(reply: Reply) -> Page:
    """Any page of links, in whichever format it came. Raises ValueError for any other, and for one without files."""
    if is_json(reply):
        body, base = _decoded(reply), Base(reply.url)
        for file in body.files:
            named_by_url(file)
        return Page(links=[_from_json(file, base) for file in body.files])
    page = _read_html(reply)
    if not any(link.filename.endswith(_DISTRIBUTIONS) for link in page.links):
        raise ValueError("a page without links to files")
    return page


def is_json(reply: Reply) -> bool:
    """Whether the answer calls itself a page in JSON (PEP 691)."""
    return _kind(reply).lower().startswith(JSON)


def json_page(name: str, reply: Reply) -> SimpleBody:
    """The project's page in JSON. Raises ValueError for anything else, DownloadFailed for one without files."""
    body = _decoded(reply)
    if body.name is not None and normalize(body.name) != name:
        raise ValueError(f"the page of {body.name[:50]}")
    if not body.files and known_status(body.status.status) != "quarantined":
        raise _without_files()
    if body.files and not body.files[0].filename:  # an old server: then most lack it
        for file in body.files:
            named_by_url(file)
    return body


def html_page(name: str, reply: Reply) -> Page:
    """The project's page in HTML. Raises ValueError for anything else, DownloadFailed for one without files."""
    page = _read_html(reply)
    if page.status == "quarantined":
        return page
    files = [link for link in page.links if link.filename.endswith(_DISTRIBUTIONS)]
    if not page.links and page.official:
        raise _without_files()
    if not files:
        raise ValueError("a page without links to files")
    if not any(normalize(link.filename).startswith(f"{name}-") for link in files):
        raise ValueError(f"a page with files of other projects, such as {files[0].filename[:50]}")
    return page


def _without_files() -> DownloadFailed:
    return DownloadFailed("no-files", "the index lists no files for it (all files removed)")


def _read_html(reply: Reply) -> Page:
    kind = _kind(reply)
    if kind.lower().startswith(_HTML):
        from .decoding import text

        return read_html(text(reply.body, kind), reply.url, links=reply.links)
    raise ValueError(f"not a page of links: {kind.partition(';')[0] or 'no content type'}")


def _kind(reply: Reply) -> str:
    return next((value for key, value in reply.headers.items() if key.lower() == "content-type"), "")


def _decoded(reply: Reply) -> SimpleBody:
    from .decoding import simple

    body = simple(reply.body)
    if body.meta.api_version.partition(".")[0] != "1":
        raise ValueError(f"version {body.meta.api_version} of the simple API")
    if len(body.files) > reply.links:
        raise ValueError(f"more than {reply.links} files")
    return body


def named_by_url(file: SimpleFile) -> None:
    """Call the file as its URL does, which is what pip does."""
    name = file.filename
    if not name or not file.url.endswith(f"/{name}"):
        file.filename = filename(file.url)


def json_file(file: SimpleFile, rank: int, base: Base) -> CompatibleFile:
    """What is kept of a file."""
    sha256, others = _hashes((*_fragment(file.url), *file.all_hashes.items()))
    said = file.sidecar
    return CompatibleFile(
        file.filename,
        base.join(file.url),
        sha256,
        file.size,
        (said.get("sha256") or True) if isinstance(said, dict) else said,
        (file.yanked if isinstance(file.yanked, str) else "") if file.yanked else None,
        file.uploaded,
        rank,
        joined(others) if others else "",
        file.provenance,
    )


def _from_json(file: SimpleFile, base: Base) -> Link:
    name, url, sha256, size, metadata, yanked, uploaded, _, hashes, provenance = json_file(file, 0, base)
    return Link(
        filename=name,
        url=url,
        sha256=sha256,
        size=size,
        requires_python=file.requires_python,
        yanked=yanked,
        uploaded=uploaded,
        metadata=metadata,
        hashes=split(hashes),
        provenance=provenance,
    )


def known_status(text: str | None) -> ProjectStatus | None:
    """A project's status (PEP 792), None for ``active`` and for those that nobody knows."""
    return _STATUSES.get(text or "")


def link_to(url: str) -> Link:
    """A link that is a URL and nothing else."""
    sha256, others = _hashes(_fragment(url))
    return Link(filename=filename(url), url=without_login(url.partition("#")[0]), sha256=sha256, hashes=others)


def _fragment(url: str) -> list[tuple[str, str]]:
    """The hashes that stand behind the ``#`` of a link."""
    fragment = url.partition("#")[2]
    return [pair for pair in parse_qsl(fragment) if pair[0] in SIZES] if "=" in fragment else []


def _hashes(pairs: Iterable[tuple[str, str]]) -> tuple[str | None, Hashes]:
    """The sha256 that comes first, and all other hashes."""
    listed = list(pairs)
    if len(listed) == 1 and listed[0][0] == "sha256":
        return listed[0][1].strip().lower() or None, ()
    arranged = arrange(listed)
    sha256 = next((text.strip().lower() for name, text in listed if name.strip().lower() == "sha256" and text), None)
    return sha256, tuple(pair for pair in arranged if pair != ("sha256", sha256))


def read_html(text: str, url: str, *, links: int = LINKS) -> Page:
    """A page in HTML, found at ``url``, of at most so many ``links``. Raises ValueError for more,
    and for another major version (PEP 629)."""
    from .markup import parse

    document = parse(text, links)
    version = document.meta.get("pypi:repository-version") or "1.0"
    major = version.strip().partition(".")[0]
    if major.isdecimal() and major != "1":  # PEP 629: not to be guessed at
        raise ValueError(f"version {version} of the simple API")
    base = Base(Base(url).join(document.base) if document.base else url)
    found = [_from_html(anchor, base) for anchor in document.anchors if anchor.get("href")]
    status = document.meta.get("pypi:project-status")
    return Page(
        links=found,
        status=known_status(status),
        reason=document.meta.get("pypi:project-status-reason"),
        official="pypi:repository-version" in document.meta,
    )


def _from_html(anchor: dict[str, str | None], base: Base) -> Link:
    href = (anchor.get("href") or "").strip()
    url = base.join(href)
    said = anchor.get("data-core-metadata")
    if said is None:
        said = anchor.get("data-dist-info-metadata")
    sha256, others = _hashes(_fragment(href))
    return Link(
        filename=filename(url),
        url=url,
        sha256=sha256,
        requires_python=anchor.get("data-requires-python"),
        yanked=anchor.get("data-yanked", "") or "" if "data-yanked" in anchor else None,
        metadata=_sidecar(said),
        hashes=others,
        provenance=anchor.get("data-provenance"),
    )


def _sidecar(said: str | None) -> bool | str | None:
    """What ``data-core-metadata`` tells: the hash, or that there is one; None where it is not there."""
    if said is None:
        return None
    kind, _, value = said.partition("=")
    return (value or True) if kind == "sha256" else said.lower() not in ("", "false")
