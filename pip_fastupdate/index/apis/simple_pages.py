"""Pages of links, from indexes and ``--find-links``, in JSON or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args
from urllib.parse import parse_qsl

from ...core.hashes import SIZES, Hashes, arrange
from ...core.models import ProjectStatus
from ...core.names import normalize
from ...core.protocols import DownloadFailed
from ...core.urls import Base, Learn, filename, forget, without_login
from ..filenames import SDIST_ENDINGS
from ..project_record import CompatibleFile, joined, split
from . import JSON

if TYPE_CHECKING:
    from ...core.response import Reply
    from .decoding import SimpleBody, SimpleFile

_HTML = ("text/html", "application/vnd.pypi.simple.v1+html")
LINKS = 200_000
"""Maximum number of links on a page by default."""

_LONGEST_TITLE = 4096
"""Bytes of a page that has a title only."""

_TITLE_TAG = re.compile(
    r"<(?:!doctype|/?(?:html|head|title|body|h1|br)|meta(?![^<>]*refresh))(?=[\s/>])[^<>]*>", re.IGNORECASE
)

_STATUSES: Mapping[str, ProjectStatus] = {each: each for each in get_args(ProjectStatus)}
_DISTRIBUTIONS = (".whl", *SDIST_ENDINGS, ".egg", ".exe", ".msi", ".rpm", ".deb", ".dmg")
"""Suffixes of what indexes list, or once listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A file as a page lists it, every field as text."""

    filename: str
    url: str
    """Absolute."""

    sha256: str | None = None
    size: int | None = None
    requires_python: str | None = None
    yanked: str | None = None
    uploaded: str | None = None
    metadata: bool | str | None = None
    """Whether there is a sidecar (PEP 658), or its sha256; None if the page does not say."""

    hashes: Hashes = ()
    """Hashes other than the sha256."""

    provenance: str | None = None
    """The URL of its attestations (PEP 740)."""

    @property
    def withdrawn(self) -> bool:
        """True if it is yanked (PEP 592)."""
        return self.yanked is not None

    def compatible_file(self, rank: int) -> CompatibleFile:
        """Return the file as it is kept."""
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
    """True if it says that it is an index's page (PEP 629)."""


def read(reply: Reply) -> Page:
    """Read any page of links, in any format. Raises ValueError for anything else, and for one without files."""
    if is_json(reply):
        body, base = _decoded(reply), Base(reply.url, reply.learn)
        for file in body.files:
            named_by_url(file)
        return Page(links=[_from_json(file, base) for file in body.files])
    page = _read_html(reply)
    if not any(link.filename.endswith(_DISTRIBUTIONS) for link in page.links):
        raise ValueError("a page without links to files")
    return page


def is_json(reply: Reply) -> bool:
    """Return whether the response declares itself a page in JSON (PEP 691)."""
    return _kind(reply).lower().startswith(JSON)


def json_page(name: str, reply: Reply) -> SimpleBody:
    """Read the project's page in JSON. Raises ValueError for anything else, DownloadFailed for one without files."""
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
    """Read the project's page in HTML. Raises ValueError for anything else, DownloadFailed for one without files."""
    page = _read_html(reply)
    if page.status == "quarantined":
        return page
    files = [link for link in page.links if link.filename.endswith(_DISTRIBUTIONS)]
    if not page.links and (page.official or _is_title_only(name, reply)):
        raise _without_files()
    if not files:
        raise ValueError("a page without links to files")
    if not any(normalize(link.filename).startswith(f"{name}-") for link in files):
        raise ValueError(f"a page with files of other projects, such as {files[0].filename[:50]}")
    return page


def _is_title_only(name: str, reply: Reply) -> bool:
    """Return whether a page is "Links for NAME" and nothing else: Nexus has one for each project that it does not know.

    A page of anything else, such as a login, has other texts or tags.
    """
    if len(reply.body) > _LONGEST_TITLE:
        return False
    words = _TITLE_TAG.sub(" ", reply.body.decode("utf-8", "replace")).lower().split()
    titles = [words[at : at + 3] for at in range(0, len(words), 3)]
    return bool(titles) and all(
        len(each) == 3 and each[:2] in (["links", "for"], ["links", "to"]) and normalize(each[2]) == name
        for each in titles
    )


def _without_files() -> DownloadFailed:
    return DownloadFailed("no-files", "the index lists no files for it (all files removed)")


def _read_html(reply: Reply) -> Page:
    kind = _kind(reply)
    if kind.lower().startswith(_HTML):
        from .decoding import text

        return read_html(text(reply.body, kind), reply.url, links=reply.links, learn=reply.learn)
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
    """Name the file after its URL, as pip does."""
    name = file.filename
    if not name or not file.url.endswith(f"/{name}"):
        file.filename = filename(file.url)


def json_file(file: SimpleFile, rank: int, base: Base) -> CompatibleFile:
    """Return the file as it is kept."""
    sha256, others = _hashes((*_fragment(file.url), *file.all_hashes.items()))
    said = file.sidecar
    return CompatibleFile(
        file.filename,
        base.join(file.url),
        sha256,
        file.size if file.size and file.size > 0 else None,  # mirrors write -1 if they do not know it
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
    """Return a project's status (PEP 792); None for ``active`` and unknown ones."""
    return _STATUSES.get(text or "")


def link_to(url: str) -> Link:
    """Return a link that is only a URL."""
    sha256, others = _hashes(_fragment(url))
    return Link(filename=filename(url), url=without_login(url.partition("#")[0]), sha256=sha256, hashes=others)


def _fragment(url: str) -> list[tuple[str, str]]:
    """Return the hashes after the ``#`` of a link."""
    fragment = url.partition("#")[2]
    return [pair for pair in parse_qsl(fragment) if pair[0] in SIZES] if "=" in fragment else []


def _hashes(pairs: Iterable[tuple[str, str]]) -> tuple[str | None, Hashes]:
    """Return the first sha256, and all other hashes."""
    listed = list(pairs)
    if len(listed) == 1 and listed[0][0] == "sha256":
        return listed[0][1].strip().lower() or None, ()
    arranged = arrange(listed)
    sha256 = next((text.strip().lower() for name, text in listed if name.strip().lower() == "sha256" and text), None)
    return sha256, tuple(pair for pair in arranged if pair != ("sha256", sha256))


def read_html(text: str, url: str, *, links: int = LINKS, learn: Learn = forget) -> Page:
    """Read a page in HTML, found at ``url``, of at most ``links`` links. Raises ValueError for more, and for another
    major version (PEP 629). ``learn`` is called with each login in a link.
    """
    from .markup import parse

    document = parse(text, links)
    version = document.meta.get("pypi:repository-version") or "1.0"
    major = version.strip().partition(".")[0]
    if major.isdecimal() and major != "1":  # PEP 629: must not be guessed
        raise ValueError(f"version {version} of the simple API")
    base = Base(url, learn).moved(document.base) if document.base else Base(url, learn)
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
    """Return what ``data-core-metadata`` says: the hash, or that there is one; None if it is missing."""
    if said is None:
        return None
    kind, _, value = said.partition("=")
    return (value or True) if kind == "sha256" else said.lower() not in ("", "false")
