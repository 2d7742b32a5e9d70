"""Sources of releases other than HTTP indexes: indexes on disk, and ``--find-links``."""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..core.interpreter import Interpreter
from ..core.names import normalize
from ..core.protocols import DownloadFailed
from ..core.urls import Learn, file_path, filename, forget, without_login
from .apis import ACCEPT
from .apis.simple_pages import Link, Page, link_to, read, read_html
from .evaluator import collect
from .filenames import SDIST_ENDINGS
from .project_record import SCHEMA, ProjectRecord
from .remote import SourceAnswer, SourceErrors

if TYPE_CHECKING:
    from packaging.version import Version

    from ..core.response import Answer, Reply
    from ..network.session import Session

_ARCHIVES = (".whl", *SDIST_ENDINGS)
_PAGES = (".html", ".htm")
_ALWAYS = float("inf")
"""When the disk was read: just now, at any time."""


class FileIndex:
    """An index in a directory: ``NAME/index.html`` for each project, as pip reads it."""

    def __init__(
        self, url: str, folder: Path, interpreter: Interpreter, *, required: bool, sdists: bool, learn: Learn = forget
    ) -> None:
        """``sdists``: sdists are kept, too. ``learn`` gets the logins in the pages' links."""
        self.url = url
        self.required = required
        self._folder = folder
        self._interpreter = interpreter
        self._sdists = sdists
        self._learn = learn
        self._errors = SourceErrors(f"the index {url}")

    def keys(self, names: Iterable[str]) -> list[str]:
        """Return no keys: the disk is fast enough."""
        return []

    def learn(self, stored: Mapping[str, Answer]) -> None:
        """Do nothing."""

    @cached_property
    def _exists(self) -> bool:
        exists = self._folder.is_dir()
        if not exists and not self.required:
            self._errors.add("", "no such directory")
        return exists

    def recall(self, name: str, floor: Version | None, stored: Mapping[str, Answer]) -> SourceAnswer | None:
        """Return what its page lists; None, so that ``ask`` fails, if a required index is missing or unreadable."""
        try:
            return self.ask(name, None)
        except DownloadFailed:
            return None

    def ask(
        self, name: str, session: Session | None, *, floor: Version | None = None, revalidate: bool = False
    ) -> SourceAnswer:
        """Return what its page lists. Raises DownloadFailed if a required index is missing or unreadable."""
        if not self._exists and self.required:
            raise DownloadFailed("unreachable", f"no such directory: {self._folder}")
        file = self._folder / name / "index.html"
        try:
            page = _read_page(file, self._learn) if self._exists else None
        except OSError as error:
            if self.required:
                raise DownloadFailed("unreachable", f"could not read {file}: {error.strerror}") from error
            self._errors.add(name, str(error.strerror))
            page = None
        if page is None:
            return SourceAnswer(None, _ALWAYS)
        entries = collect(name, page.links, Link.compatible_file, self._interpreter, sdists=self._sdists)
        return SourceAnswer(ProjectRecord(head=entries, status=page.status, reason=page.reason), _ALWAYS)

    def unconsulted(self) -> str | None:
        """Return what could not be read, if the run went on without it."""
        return self._errors.line()


def _read_page(file: Path, learn: Learn) -> Page | None:
    """Return the page, or None if there is none."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return read_html(text, file.absolute().as_uri(), learn=learn)


class Links:
    """Everything in ``--find-links``: directories, pages and single files, in the order in which pip lists them.

    Files come before pages, among files the greater URL first.
    """

    required = False
    url = "find-links"

    def __init__(
        self, locations: Iterable[str], interpreter: Interpreter, *, sdists: bool, learn: Learn = forget
    ) -> None:
        """``locations`` as in pip; ``sdists``: sdists are kept, too. ``learn`` gets the logins in links on disk."""
        self._interpreter = interpreter
        self._sdists = sdists
        self._learn = learn
        self._prefix = f"{SCHEMA}l "
        self._errors: dict[str, SourceErrors] = {}
        self._files: list[Link] = []
        self._pages: dict[str, list[Link] | None] = {}
        self._lock = Lock()
        self._by_project: _LinksByProject | None = None
        for location in dict.fromkeys(locations):
            self._add(location)

    def _add(self, location: str) -> None:
        path = file_path(location)
        try:
            if path is None and filename(location).endswith(_ARCHIVES):
                self._files.append(link_to(location))
            elif path is None:
                self._pages[location] = None
            elif path.is_dir():
                with os.scandir(path) as entries:
                    for entry in sorted(entries, key=lambda each: each.name):
                        self._add_file(Path(entry.path))
            elif path.is_file():
                self._add_file(path)
            else:
                self._fail(location, "no such file or directory")
        except OSError as error:
            self._fail(location, str(error.strerror))

    def _add_file(self, path: Path) -> None:
        if path.name.lower().endswith(_PAGES):
            page = _read_page(path, self._learn)
            self._pages[path.absolute().as_uri()] = page.links if page else []
        elif path.name.endswith(_ARCHIVES):
            self._files.append(link_to(path.absolute().as_uri()))

    def _fail(self, location: str, text: str) -> None:
        location = without_login(location)
        self._errors.setdefault(location, SourceErrors(f"find-links {location}")).add("", text)

    def keys(self, names: Iterable[str]) -> list[str]:
        """Return one key for each HTTP page that is not read yet."""
        return [self._prefix + without_login(url) for url, links in self._pages.items() if links is None]

    def learn(self, stored: Mapping[str, Answer]) -> None:
        """Take the fresh pages from the cache."""
        for url, links in list(self._pages.items()):
            answer = stored.get(self._prefix + without_login(url)) if links is None else None
            if answer and answer.fresh:
                self._take(url, answer)

    def recall(self, name: str, floor: Version | None, stored: Mapping[str, Answer]) -> SourceAnswer | None:
        """Return what all sources have of the project; None before the last page is read."""
        return None if any(links is None for links in self._pages.values()) else self._of(name)

    def _of(self, name: str) -> SourceAnswer:
        with self._lock:
            if self._by_project is None:
                self._by_project = _LinksByProject(self._ordered())
        entries = collect(name, self._by_project.of(name), Link.compatible_file, self._interpreter, sdists=self._sdists)
        return SourceAnswer(ProjectRecord(head=entries) if entries else None, _ALWAYS)

    def ask(
        self, name: str, session: Session, *, floor: Version | None = None, revalidate: bool = False
    ) -> SourceAnswer:
        """Return the same, after reading the pages; each is read once, by the first thread that needs it."""
        with self._lock:
            for url, links in self._pages.items():
                if links is None:
                    self._ask(url, session)
        return self._of(name)

    def _ask(self, url: str, session: Session) -> None:
        try:
            key = self._prefix + without_login(url)
            self._take(url, session.ask(url, key=key, condense=_links_of, accept=ACCEPT))
        except DownloadFailed as failed:
            self._pages[url] = []
            self._fail(url, failed.text)

    def _take(self, url: str, answer: Answer) -> None:
        if answer.status != 200:
            self._fail(url, f"the server returned {answer.status}")
        self._pages[url] = [_loaded(each) for each in json.loads(answer.body or b"[]")]

    def _ordered(self) -> list[Link]:
        files = sorted(self._files, key=lambda link: link.url, reverse=True)
        return files + [link for links in self._pages.values() for link in links or ()]

    def unconsulted(self) -> str | None:
        """Return what could not be read."""
        lines = [errors.line() or "" for errors in self._errors.values()]
        return "; ".join(lines) or None


def _links_of(reply: Reply) -> bytes:
    """Return the links of a page's response, for the cache."""
    from msgspec.json import encode as dumps

    return dumps(read(reply).links)


def _loaded(fields: dict[str, Any]) -> Link:
    hashes = tuple((name, value) for name, value in fields.pop("hashes", ()))
    return Link(**fields, hashes=hashes)


class _LinksByProject:
    """Links by project. The name of an sdist does not identify its project for sure: all possible ones are returned."""

    def __init__(self, links: list[Link]) -> None:
        self._links = links
        self._sorted = sorted((normalize(link.filename), at) for at, link in enumerate(links))

    def of(self, name: str) -> list[Link]:
        """Return those that may belong to the project, in their order."""
        beginning = f"{name}-"
        found = []
        for at in range(bisect_left(self._sorted, (beginning, -1)), len(self._sorted)):
            text, position = self._sorted[at]
            if not text.startswith(beginning):
                break
            found.append(position)
        return [self._links[position] for position in sorted(found)]
