"""The settings in force, for ``--show-config``: each with its value and source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..core.text import clean, redact

if TYPE_CHECKING:
    from .given import Shown


def lines(settings: Iterable[Shown]) -> str:
    """Return one line per setting, with aligned sources; "" without settings."""
    rows = [(f"{clean(key)} = {clean(redact(_text(value)))}", clean(redact(source))) for key, value, source in settings]
    width = max((len(setting) for setting, _ in rows), default=0)
    return "\n".join(f"{setting:<{width}}  {source}" for setting, source in rows)


def document(settings: Iterable[Shown]) -> Iterator[dict[str, Any]]:
    """Return the same for programs, without secrets."""
    for key, value, source in settings:
        yield {"key": key, "value": _safe(value), "source": redact(source)}


def _text(value: bool | str | Sequence[str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ", ".join(value)


def _safe(value: bool | str | Sequence[str]) -> object:
    if isinstance(value, bool):
        return value
    return redact(value) if isinstance(value, str) else [redact(each) for each in value]
