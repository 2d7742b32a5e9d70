"""The hashes of all files of a release, those for other platforms included: for requirements files that pin hashes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.version import InvalidVersion

from ..core.files import decoded
from .apis import ACCEPT
from .filenames import sdist_version, version_of, wheel_project

if TYPE_CHECKING:
    from ..core.models import Release
    from ..core.response import Reply
    from ..network.session import Session
    from .apis.simple_pages import Link

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII).fullmatch


def every_hash(release: Release, session: Session) -> tuple[str, ...]:
    """Return the sha256 of each file that the index has of the release, sorted, as ``sha256:0123…``.

    Empty if the index does not give one for each of them, or has different files from those that the plan is based on.
    Raises DownloadFailed.
    """
    if not release.index.startswith(("https://", "http://")):
        return ()
    page = f"{release.index.rstrip('/')}/{quote(release.name)}/"

    def condense(reply: Reply) -> bytes:
        from .apis.simple_pages import read

        found = [link.sha256 for link in read(reply).links if _is_of(link, release)]
        return json.dumps(sorted(filter(None, found)) if all(found) else []).encode()

    answer = session.ask(page, key=f"every hash {page} {release.version}", condense=condense, accept=ACCEPT)
    hashes = decoded(answer.body) if answer.status == 200 else []
    if not isinstance(hashes, list) or not all(
        isinstance(each, str) and _SHA256(each) for each in hashes
    ):  # they are going to be written into a file
        return ()
    planned = release.file.sha256 if release.file is not None else None
    return tuple(f"sha256:{each}" for each in hashes) if planned is None or planned in hashes else ()


def _is_of(link: Link, release: Release) -> bool:
    return any(_is_same(each, release) for each in _versions(link.filename, release.name))


def _is_same(text: str, release: Release) -> bool:
    try:
        return version_of(text) == release.version
    except InvalidVersion:
        return False


def _versions(filename: str, name: str) -> Iterator[str]:
    """Return the version in the name of a wheel or an sdist of the project."""
    if filename.endswith(".whl"):
        parts = filename.split("-")
        if len(parts) in (5, 6) and wheel_project(parts[0]) == name:
            yield parts[1]
    elif found := sdist_version(filename, name, ""):
        yield found
