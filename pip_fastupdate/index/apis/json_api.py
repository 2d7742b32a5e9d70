"""The JSON API (``/pypi/NAME/json``): requirements of the newest version if the simple API does not have them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion

from ...core.models import File, Release
from ...core.names import normalize
from ...core.protocols import DownloadFailed
from ..core_metadata import CoreMetadata, check
from ..filenames import version_of
from ..project_record import SCHEMA

if TYPE_CHECKING:
    from ...core.response import Reply
    from ...network.session import Session
    from .decoding import JsonApiFile


class JsonApi:
    """The JSON API that may exist next to a simple index. Thread-safe.

    It is trusted for one thing only: the requirements of a file that the simple page lists with the same sha256, and
    that was the first upload of the newest version. It shows the metadata of that file.
    """

    def __init__(self, root: str) -> None:
        """``root`` ends in ``/pypi/``."""
        self._root = root
        self._useless = False

    @classmethod
    def beside(cls, index_url: str) -> JsonApi | None:
        """Return the JSON API of a simple index; None if the URL's shape suggests none."""
        root, simple, rest = index_url.rstrip("/").rpartition("/simple")
        if not simple or rest or not root.startswith(("http://", "https://")):
            return None
        return cls(f"{root}/pypi/")

    def page(self, name: str) -> str:
        """Return the URL that describes the project."""
        return f"{self._root}{name}/json"

    def metadata(self, release: Release, file: File, session: Session) -> CoreMetadata | None:
        """Return the metadata of that very file; None if it is unavailable for any reason.

        An API that fails, or does not know a project on the index, is not requested again.
        """
        if self._useless or not file.sha256 or not file.is_wheel:
            return None
        page = self.page(release.name)
        try:
            answer = session.ask(page, key=f"{SCHEMA}j {page}", condense=lambda reply: _condensed(release.name, reply))
        except DownloadFailed as failed:
            self._useless = failed.kind != "offline"
            return None
        if answer.status != 200:
            self._useless = True
            return None
        return _of(json.loads(answer.body), release, file)


def _of(kept: list[str | list[str] | None], release: Release, file: File) -> CoreMetadata | None:
    version, sha256, requires, python = kept
    try:
        fits = version_of(str(version)) == release.version and sha256 == str(file.sha256).lower()
    except InvalidVersion:
        return None
    if not fits or not isinstance(requires, list):
        return None
    try:
        check(tuple(requires))
    except DownloadFailed:
        return None  # the file itself may have readable metadata
    return CoreMetadata(tuple(requires), python if isinstance(python, str) else None, static=False)


def _condensed(name: str, reply: Reply) -> bytes:
    """Return version, sha256 of the file with the requirements, these, Requires-Python. Raises ValueError."""
    from .decoding import json_api

    body = json_api(reply.body)
    info = body.info
    if info.name is None or normalize(info.name) != name:
        raise ValueError(f"it describes {info.name or 'nothing'}")
    requires = info.requires_dist or None  # an empty list may also mean that nobody knows
    return json.dumps((info.version, _first(body.urls), requires, info.requires_python)).encode()


def _first(files: Iterable[JsonApiFile]) -> str | None:
    """Return the sha256 of the file that was uploaded first; None if unknown."""
    known = list(files)
    if len(known) == 1:
        return (known[0].digests.sha256 or "").lower() or None
    if not known or not all(each.uploaded for each in known):
        return None
    first, second, *_ = sorted(known, key=lambda each: each.uploaded or "")
    return (first.digests.sha256 or "").lower() or None if first.uploaded != second.uploaded else None
