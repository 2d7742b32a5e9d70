"""JSON bodies of indexes, decoded only as far as they are used.

Public indexes keep to their formats, and a typed decoder reads those many times faster than anything else. Private
servers send numbers as strings or null for a text: if the typed decoder refuses, a tolerant one tries again.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar, cast

import msgspec

_NULL = msgspec.Raw(b"null")


class Hashes(msgspec.Struct, gc=False):
    """The only hash used here."""

    sha256: str | None = None


class JsonApiFile(msgspec.Struct, gc=False):
    """A file in the JSON API."""

    digests: Hashes = msgspec.field(default_factory=Hashes)
    uploaded: str | None = msgspec.field(name="upload_time_iso_8601", default=None)


class JsonApiInfo(msgspec.Struct, gc=False):
    """The newest version according to the index."""

    name: str | None = None
    version: str | None = None
    requires_dist: list[str] | None = None
    """None or empty for no requirements, or if they are unknown."""

    requires_python: str | None = None


class JsonApiBody(msgspec.Struct, gc=False):
    """``/pypi/NAME/json``: only what it says about the newest version."""

    info: JsonApiInfo = msgspec.field(default_factory=JsonApiInfo)
    urls: list[JsonApiFile] = []
    """The newest version's files."""


class SimpleFile(msgspec.Struct, gc=False):
    """A file in a simple page (PEP 691, 700, 714, 740). Fields kept for few files are not even decoded yet."""

    url: str
    filename: str = ""
    hashes: msgspec.Raw = _NULL
    size: int | None = None
    requires_python: str | None = msgspec.field(name="requires-python", default=None)
    yanked: bool | str | None = None
    uploaded: str | None = msgspec.field(name="upload-time", default=None)
    metadata: msgspec.Raw = msgspec.field(name="core-metadata", default=_NULL)
    old_metadata: msgspec.Raw = msgspec.field(name="dist-info-metadata", default=_NULL)
    provenance: str | None = None

    @property
    def withdrawn(self) -> bool:
        """Return whether it is yanked (PEP 592)."""
        return bool(self.yanked)

    @property
    def all_hashes(self) -> dict[str, str]:
        """By algorithm, unchanged."""
        return _pairs(msgspec.json.decode(self.hashes))

    @property
    def sidecar(self) -> bool | dict[str, str] | None:
        """Return the metadata entry: hashes, or whether it is served; None if missing or invalid.

        ``core-metadata`` overrides its older name (PEP 714).
        """
        raw = self.metadata if bytes(self.metadata) != b"null" else self.old_metadata
        said = msgspec.json.decode(raw)
        return _pairs(said) if isinstance(said, dict) else said if isinstance(said, bool) else None


def _pairs(value: object) -> dict[str, str]:
    said = value if isinstance(value, dict) else {}
    return {name: text for name, text in said.items() if isinstance(text, str)}


class SimpleStatus(msgspec.Struct, gc=False):
    """PEP 792."""

    status: str | None = None
    reason: str | None = None


class SimpleMeta(msgspec.Struct, gc=False):
    """The page's metadata."""

    api_version: str = msgspec.field(name="api-version", default="1.0")


class SimpleBody(msgspec.Struct, gc=False):
    """A project's page."""

    files: list[SimpleFile]
    name: str | None = None
    meta: SimpleMeta = msgspec.field(default_factory=SimpleMeta)
    status: SimpleStatus = msgspec.field(name="project-status", default_factory=SimpleStatus)


_NO_PROJECT = "it does not describe a project"
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
Function = TypeVar("Function", bound=Callable[..., Any])


def _checked(function: Function) -> Function:
    """Raise every error of the decoder as ValueError: excessive nesting, not UTF-8, a number too long."""

    @wraps(function)
    def checked(body: Any) -> Any:
        try:
            return function(body.removeprefix(BOM_UTF8) if isinstance(body, bytes) else body)
        except _NO_JSON as error:
            raise ValueError(f"invalid JSON: {error}") from None

    return cast("Function", checked)


_JSON_API = msgspec.json.Decoder(JsonApiBody)
_SIMPLE = msgspec.json.Decoder(SimpleBody)


@_checked
def json_api(body: bytes) -> JsonApiBody:
    """Decode the JSON API's response about a project's newest version. Raises ValueError for anything else."""
    try:
        decoded = _JSON_API.decode(body)
    except msgspec.ValidationError:
        raise ValueError(_NO_PROJECT) from None
    if decoded.info.version is None:
        raise ValueError(_NO_PROJECT)
    return decoded


@_checked
def simple(body: bytes) -> SimpleBody:
    """Decode a simple page in JSON. Raises ValueError for anything else."""
    try:
        return _SIMPLE.decode(body)
    except msgspec.ValidationError:
        return _any_simple(_mapping(body))


_CHARSETS = frozenset(("utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be"))


def text(body: bytes, content_type: str) -> str:
    """Decode a body in the charset of its ``Content-Type``, else in UTF-8; never fails.

    Only charsets in which pages are written: Python also knows some that are not text, or take forever.
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


def _any_simple(body: Mapping[str, Any]) -> SimpleBody:
    if not isinstance(body.get("files"), list):
        raise ValueError(_NO_PROJECT)
    status, meta = _dict(body.get("project-status")), _dict(body.get("meta"))
    return SimpleBody(
        files=[_any_file(row) for row in body["files"] if _is_file(row)],
        name=_text(body.get("name")),
        meta=SimpleMeta(str(meta.get("api-version", "1.0"))),
        status=SimpleStatus(_text(status.get("status")), _text(status.get("reason"))),
    )


def _any_file(row: Mapping[str, Any]) -> SimpleFile:
    """Return the file with the usable fields of ``row``; fields of other types count as missing."""
    fitting: dict[str, Any] = {}
    for field in msgspec.structs.fields(SimpleFile):
        said = row.get(field.encode_name)
        if field.type is msgspec.Raw:
            fitting[field.name] = msgspec.Raw(msgspec.json.encode(said))
            continue
        try:
            fitting[field.name] = msgspec.convert(said, field.type, strict=False)
        except msgspec.ValidationError:
            continue  # null, or a type without meaning here: the default stays
    return SimpleFile(**fitting)


def _is_file(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("url"), str)


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
