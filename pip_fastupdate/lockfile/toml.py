"""Writes a lock file as TOML. packaging leaves that to others, and a lock file needs only a small part of TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def document(lock: Mapping[str, Any]) -> str:
    """Return the text of a lock file, given as the dictionary from packaging's classes."""
    return "".join(_lines(lock))


def _lines(lock: Mapping[str, Any]) -> Iterator[str]:
    for key, value in lock.items():
        if key != "packages" or not value:
            yield f"{_key(key)} = {_value(value)}\n"
    for package in lock["packages"]:
        yield "\n[[packages]]\n"
        for key, value in package.items():
            yield f"{_key(key)} = {_value(value)}\n"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + "}"
    return "[" + ", ".join(map(_value, value)) + "]"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    """Return a basic string: JSON's escapes are TOML's as well; what an editor or a terminal could obey is escaped,
    too.
    """
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if quoted.isprintable() else "".join(map(_visible, quoted))


def _visible(character: str) -> str:
    code = ord(character)
    if character.isprintable() or 0xD800 <= code < 0xE000:  # TOML has no surrogates: the file cannot be written
        return character
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
