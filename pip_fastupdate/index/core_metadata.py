"""Core metadata (PEP 566): of all its fields those that planning needs, checked against the file's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from packaging.version import InvalidVersion

from ..core.models import File, Release
from ..core.names import normalize
from ..core.protocols import DownloadFailed
from ..core.requirements import InvalidRequirement, parse
from .filenames import version_of

_LINE_END = re.compile(r"\r\n|\r|\n")
_HEAD_END = re.compile(r"(?:\r\n|\n)(?:\r\n|\n)|\r\r")


class CoreMetadata(NamedTuple):
    """What a distribution says of itself."""

    requires: tuple[str, ...]
    requires_python: str | None
    static: bool
    """Whether they hold whatever a build does (PEP 643); of no matter for wheels."""


def read(body: bytes, release: Release) -> CoreMetadata:
    """The fields of METADATA or PKG-INFO. Raises DownloadFailed (``garbage``) where they are not the release's."""
    fields: dict[str, list[str]] = {}
    for name, value in _fields(head(body)):
        fields.setdefault(name, []).append(value)
    _check_identity(fields, release)
    requires = tuple(fields.get("requires-dist", ()))
    check(requires)
    python = next(iter(fields.get("requires-python", ())), None)
    return CoreMetadata(requires, python, _is_static(fields))


def check(requires: tuple[str, ...]) -> None:
    """Raises DownloadFailed (``garbage``) with the first line that does not follow PEP 508."""
    for line in requires:
        try:
            parse(line)
        except InvalidRequirement as invalid:
            reason = str(invalid).splitlines()[0]
            raise DownloadFailed("garbage", f"its requirement {line!r} cannot be understood: {reason}") from None


def check_hash(body: bytes, file: File) -> None:
    """Raises DownloadFailed (``hash``) where a sidecar is not what the index announced."""
    from hashlib import sha256

    if file.metadata_sha256 and sha256(body).hexdigest() != file.metadata_sha256.lower():
        raise DownloadFailed("hash", f"the metadata of {file.filename} is not what the index announced")


def head(body: bytes) -> str:
    """The fields alone, as text: the description follows an empty line, or comes as one of the fields."""
    return _HEAD_END.split(body.decode("utf-8", errors="replace"), maxsplit=1)[0]


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Names in lower case; lines that begin with a blank continue the one before."""
    name, value = "", ""
    for line in _LINE_END.split(text):
        if line[:1] in (" ", "\t") and name:
            value += f" {line.strip()}"
            continue
        if name:
            yield name, value
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            return
    yield name, value


def _check_identity(fields: dict[str, list[str]], release: Release) -> None:
    name = next(iter(fields.get("name", ())), "")
    version = next(iter(fields.get("version", ())), "")
    if not name or normalize(name) != release.name:
        raise DownloadFailed("garbage", f"its metadata is that of {name or 'nothing'}")
    try:
        same = version_of(version) == release.version
    except InvalidVersion:
        same = False
    if not same:
        raise DownloadFailed("garbage", f"its metadata is that of version {version or 'nothing'}")


def _is_static(fields: dict[str, list[str]]) -> bool:
    dynamic = {value.lower() for value in fields.get("dynamic", ())}
    try:
        known = version_of(next(iter(fields.get("metadata-version", ())), "0")) >= version_of("2.2")
    except InvalidVersion:
        known = False
    return known and not dynamic & {"requires-dist", "requires-python"}
