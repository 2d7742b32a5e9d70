"""JSON bodies of indexes, decoded into no more than what is used of them.

Public registries keep to their formats, and a typed decoder reads those many times faster than anything else.
Private servers send numbers as strings or null for a list: where the typed decoder refuses, a forgiving one has
another look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar, cast

import msgspec


class Hashes(msgspec.Struct, gc=False):
    """The only hash that is of use here."""

    sha256: str | None = None


class WarehouseFile(msgspec.Struct, gc=False):
    """A file in the JSON API."""

    filename: str
    url: str
    digests: Hashes = msgspec.field(default_factory=Hashes)
    size: int | None = None
    requires_python: str | None = None
    yanked: bool = False
    yanked_reason: str | None = None
    uploaded: str | None = msgspec.field(name="upload_time_iso_8601", default=None)
    metadata: bool | Hashes | None = msgspec.field(name="core-metadata", default=None)

    @property
    def withdrawn(self) -> bool:
        """Whether it is yanked (PEP 592)."""
        return self.yanked


class WarehouseInfo(msgspec.Struct, gc=False):
    """The newest version, in the index's eyes."""

    version: str | None = None
    requires_dist: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    """None for an empty list, usually; unset where nothing is said of it."""


class WarehouseVulnerability(msgspec.Struct, gc=False):
    """A known vulnerability of the newest version."""

    id: str
    aliases: list[str] = []
    fixed_in: list[str] = []
    withdrawn: str | None = None


class WarehouseBody(msgspec.Struct, gc=False):
    """``/pypi/NAME/json``."""

    info: WarehouseInfo = msgspec.field(default_factory=WarehouseInfo)
    releases: dict[str, msgspec.Raw] | None = None
    """Files by version; old ones need not be decoded."""

    urls: msgspec.Raw = msgspec.Raw(b"[]")
    """The newest version's files once more: of interest only where ``releases`` has none."""

    vulnerabilities: list[WarehouseVulnerability] = []


class SimpleFile(msgspec.Struct, gc=False):
    """A file in a simple page (PEP 691, 700, 714)."""

    url: str
    hashes: Hashes = msgspec.field(default_factory=Hashes)
    size: int | None = None
    requires_python: str | None = msgspec.field(name="requires-python", default=None)
    yanked: bool | str | None = None
    uploaded: str | None = msgspec.field(name="upload-time", default=None)
    metadata: bool | Hashes | None = msgspec.field(name="core-metadata", default=None)
    old_metadata: bool | Hashes | None = msgspec.field(name="dist-info-metadata", default=None)


class SimpleStatus(msgspec.Struct, gc=False):
    """PEP 792."""

    status: str | None = None
    reason: str | None = None


class SimpleMeta(msgspec.Struct, gc=False):
    """The page about itself."""

    api_version: str = msgspec.field(name="api-version", default="1.0")


class SimpleBody(msgspec.Struct, gc=False):
    """A project's page."""

    files: list[SimpleFile]
    meta: SimpleMeta = msgspec.field(default_factory=SimpleMeta)
    status: SimpleStatus = msgspec.field(name="project-status", default_factory=SimpleStatus)


_EMPTY = 2
"""Bytes of an empty list."""

_NO_PROJECT = "it does not describe a project"
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
Function = TypeVar("Function", bound=Callable[..., Any])


def _checked(function: Function) -> Function:
    """Have whatever the decoder dislikes raised as ValueError: nested beyond measure, not UTF-8, a number too long."""

    @wraps(function)
    def checked(body: Any) -> Any:
        try:
            return function(body)
        except _NO_JSON as error:
            raise ValueError(f"no JSON: {error}") from None

    return cast("Function", checked)


_WAREHOUSE = msgspec.json.Decoder(WarehouseBody)
_FILES = msgspec.json.Decoder(list[WarehouseFile])
_SIMPLE = msgspec.json.Decoder(SimpleBody)


@_checked
def warehouse(body: bytes) -> WarehouseBody:
    """What the JSON API says of a project; ``files`` reads its releases. Raises ValueError for something else."""
    try:
        decoded = _WAREHOUSE.decode(body)
    except msgspec.ValidationError:
        decoded = _any_warehouse(body)
    if decoded.releases is None and len(decoded.urls) <= _EMPTY and decoded.info.version is None:
        raise ValueError(_NO_PROJECT)
    if not any(len(files) > _EMPTY for files in (decoded.releases or {}).values()):
        decoded.releases = {decoded.info.version or "": decoded.urls}
    decoded.vulnerabilities = [each for each in decoded.vulnerabilities if not each.withdrawn]
    return decoded


@_checked
def files(raw: msgspec.Raw) -> list[WarehouseFile]:
    """One release's files, as far as they can be understood. Raises ValueError where that is no JSON at all."""
    try:
        return _FILES.decode(raw)
    except msgspec.ValidationError:
        rows = _list(msgspec.json.decode(raw))
    return [_any_file(WarehouseFile, row) for row in rows if _is_file(row) and isinstance(row.get("filename"), str)]


@_checked
def simple(body: bytes) -> SimpleBody:
    """A simple page in JSON. Raises ValueError where it is something else."""
    try:
        return _SIMPLE.decode(body)
    except msgspec.ValidationError:
        return _any_simple(_mapping(body))


_CHARSETS = frozenset(("utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be"))


def text(body: bytes, content_type: str) -> str:
    """A body of text in the charset that the ``Content-Type`` names, else in UTF-8; never fails.

    Of the charsets only those that pages are written in: Python also knows some that are no text, or take for ever.
    """
    import codecs

    charset = "utf-8"
    for parameter in content_type.split(";")[1:]:
        key, _, value = parameter.strip().partition("=")
        if key.lower() == "charset":
            with suppress(LookupError, ValueError):
                charset = codecs.lookup(value.strip("\"' ")).name
            break
    return body.decode(charset if charset in _CHARSETS else "utf-8", errors="replace")


def _mapping(body: bytes) -> Mapping[str, Any]:
    decoded = msgspec.json.decode(body)
    if not isinstance(decoded, dict):
        raise ValueError(_NO_PROJECT)
    return decoded


def _any_warehouse(body: bytes) -> WarehouseBody:
    try:
        parts = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        raise ValueError(_NO_PROJECT) from None
    plain = {key: msgspec.json.decode(parts[key]) for key in ("info", "vulnerabilities") if key in parts}
    info = _dict(plain.get("info"))
    known = [
        WarehouseVulnerability(
            id=row["id"],
            aliases=_texts(row.get("aliases")) or [],
            fixed_in=_texts(row.get("fixed_in")) or [],
            withdrawn=str(row["withdrawn"]) if row.get("withdrawn") else None,
        )
        for row in _list(plain.get("vulnerabilities"))
        if isinstance(row, dict) and isinstance(row.get("id"), str)
    ]
    try:
        releases = msgspec.json.decode(parts.get("releases", b"null"), type=dict[str, msgspec.Raw] | None)
    except msgspec.ValidationError:
        releases = None
    return WarehouseBody(
        info=WarehouseInfo(_text(info.get("version")), _requirements(info)),
        releases=releases,
        urls=parts.get("urls", msgspec.Raw(b"[]")),
        vulnerabilities=known,
    )


def _requirements(info: Mapping[str, Any]) -> list[str] | msgspec.UnsetType | None:
    said = info.get("requires_dist", msgspec.UNSET)
    texts = _texts(said)
    return msgspec.UNSET if texts is None and said is not None else texts


def _any_simple(body: Mapping[str, Any]) -> SimpleBody:
    if not isinstance(body.get("files"), list):
        raise ValueError(_NO_PROJECT)
    status, meta = _dict(body.get("project-status")), _dict(body.get("meta"))
    return SimpleBody(
        files=[_any_file(SimpleFile, row) for row in body["files"] if _is_file(row)],
        meta=SimpleMeta(str(meta.get("api-version", "1.0"))),
        status=SimpleStatus(_text(status.get("status")), _text(status.get("reason"))),
    )


_File = TypeVar("_File", WarehouseFile, SimpleFile)


def _any_file(kind: type[_File], row: Mapping[str, Any]) -> _File:
    """The file with whatever of ``row`` is of use; fields of other types are as good as missing."""
    fitting = {}
    for field in msgspec.structs.fields(kind):
        try:
            fitting[field.name] = msgspec.convert(row.get(field.encode_name), field.type, strict=False)
        except msgspec.ValidationError:
            continue  # null, or of a type that means nothing here: the default stands
    return kind(**fitting)


def _is_file(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("url"), str)


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> list[str] | None:
    """The list of texts, or None where it is no such list: then nothing is known."""
    return value if isinstance(value, list) and all(isinstance(each, str) for each in value) else None
