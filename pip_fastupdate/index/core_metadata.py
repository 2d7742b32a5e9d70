"""Core metadata (PEP 566): of all its fields those that planning needs, checked against the file's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from packaging.version import InvalidVersion

from ..core.models import Release
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
    for name, value in _fields(body.decode("utf-8", errors="replace")):
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


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Names in lower case; the head ends at an empty line, lines that begin with a blank continue the one before."""
    name, value = "", ""
    for line in _LINE_END.split(_HEAD_END.split(text, maxsplit=1)[0]):
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
