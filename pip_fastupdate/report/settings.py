"""The settings in force, for ``--show-config``: each with its value and where that comes from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ..core.options import Format
from ..core.text import clean, redact

Shown = tuple[str, "bool | str | Sequence[str]", str]
"""Key, value, source."""


def render(settings: Iterable[Shown], *, format: Format = "table") -> str:
    """A line each; with the format ``json`` a list of ``{"key", "value", "source"}``. No text for no settings."""
    found = list(settings)
    if format == "json":
        return json.dumps(
            [{"key": key, "value": _safe(value), "source": redact(source)} for key, value, source in found]
        )
    rows = [(clean(key), clean(redact(_text(value))), clean(redact(source))) for key, value, source in found]
    width = max((len(f"{key} = {value}") for key, value, _ in rows), default=0)
    return "\n".join(f"{f'{key} = {value}':<{width}}  {source}" for key, value, source in rows)


def _text(value: bool | str | Sequence[str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ", ".join(value)


def _safe(value: bool | str | Sequence[str]) -> object:
    if isinstance(value, bool):
        return value
    return redact(value) if isinstance(value, str) else [redact(each) for each in value]
