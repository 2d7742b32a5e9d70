"""Core metadata (PEP 566): the fields that planning needs, checked against the file's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from packaging.version import InvalidVersion

from ..core.metadata import fields
from ..core.models import File, Release
from ..core.names import normalize
from ..core.protocols import DownloadFailed
from ..core.requirements import InvalidRequirement, parse
from .filenames import version_of

_USED = ("name", "version", "requires-dist", "requires-python", "dynamic", "metadata-version")


class CoreMetadata(NamedTuple):
    """The metadata of a distribution."""

    requires: tuple[str, ...]
    requires_python: str | None
    static: bool
    """True if builds do not change them (PEP 643); irrelevant for wheels."""


def read(body: bytes, release: Release) -> CoreMetadata:
    """Read METADATA or PKG-INFO. Raises DownloadFailed (``garbage``) if it is not the release's."""
    found = fields(body, _USED, errors="replace")
    _check_identity(found, release)
    requires = tuple(found["requires-dist"])
    check(requires)
    python = next(iter(found["requires-python"]), None)
    return CoreMetadata(requires, python, _is_static(found))


def check(requires: tuple[str, ...]) -> None:
    """Raise DownloadFailed (``garbage``) with the first line that does not follow PEP 508."""
    for line in requires:
        try:
            parse(line)
        except InvalidRequirement as invalid:
            reason = str(invalid).splitlines()[0]
            raise DownloadFailed("garbage", f"invalid requirement {line!r}: {reason}") from None


def check_hash(body: bytes, file: File) -> None:
    """Raise DownloadFailed (``hash``) if a sidecar does not match the index."""
    from hashlib import sha256

    if file.metadata_sha256 and sha256(body).hexdigest() != file.metadata_sha256.lower():
        raise DownloadFailed("hash", f"the metadata of {file.filename} does not match the index")


def fixed(file: File) -> str | None:
    """Return a hash of the file; None if the index gives none: then another file may replace it, unnoticed."""
    return file.sha256 or (file.hashes[0][1] if file.hashes else None)


def identity(file: File) -> str:
    """Return what identifies the content of a file in the cache: its URL and its hash.

    With a hash, a query does not count: it may be a signature that is valid for a limited time.
    """
    known = fixed(file)
    return f"{file.url.partition('?')[0] if known else file.url}#{known or '-'}"


def _check_identity(found: Mapping[str, list[str]], release: Release) -> None:
    name = next(iter(found["name"]), "")
    version = next(iter(found["version"]), "")
    if not name or normalize(name) != release.name:
        raise DownloadFailed("garbage", f"its metadata is for {name or 'nothing'}")
    try:
        same = version_of(version) == release.version
    except InvalidVersion:
        same = False
    if not same:
        raise DownloadFailed("garbage", f"its metadata is for version {version or 'nothing'}")


def _is_static(found: Mapping[str, list[str]]) -> bool:
    dynamic = {value.lower() for value in found["dynamic"]}
    try:
        known = version_of(next(iter(found["metadata-version"]), "0")) >= version_of("2.2")
    except InvalidVersion:
        known = False
    return known and not dynamic & {"requires-dist", "requires-python"}
