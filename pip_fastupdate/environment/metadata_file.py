"""The fields that planning needs from an installed ``METADATA`` file, without reading all of the file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..core.files import without_waiting
from ..core.metadata import fields

_CHUNK = 16 * 1024
_MOST = 256 * _CHUNK
_USED, _LICENSE = ("name", "version", "requires-dist"), "license-expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The fields used, stripped and unfolded. Of repeated single fields the first counts, as in an e-mail."""

    name: str | None = None
    version: str | None = None
    requires: tuple[str, ...] = ()


def read(path: str) -> Metadata:
    """Return the metadata in the file at ``path``. Raises OSError, and UnicodeDecodeError for a field that is not
    UTF-8.
    """
    return parse(head(path))


def parse(head: bytes) -> Metadata:
    """Parse the metadata in the first lines of a file; anything after the header is ignored."""
    found = fields(head, _USED)
    return Metadata(
        name=next(iter(found["name"]), None),
        version=next(iter(found["version"]), None),
        requires=tuple(found["requires-dist"]),
    )


def license_expression(info: Path | None) -> str:
    """Return the ``License-Expression`` (PEP 639) in a ``.dist-info`` directory; "" if there is none."""
    if info is None:
        return ""
    try:
        data = head(str(info / "METADATA"))
    except OSError:
        return ""
    return next(iter(fields(data, (_LICENSE,), errors="replace")[_LICENSE]), "")


def head(path: str) -> bytes:
    """Return the file's first bytes, at least up to the first blank line, faster than ``open``. Raises OSError.

    Never more than 4 MiB, and nothing of a pipe: installed files are input like any other.
    """
    descriptor = without_waiting(path)
    try:
        data = os.read(descriptor, _CHUNK)
        while len(data) % _CHUNK == 0 and len(data) < _MOST and b"\n\n" not in data and b"\r\n\r\n" not in data:
            more = os.read(descriptor, _CHUNK)
            if not more:
                break
            data += more
        return data
    finally:
        os.close(descriptor)
