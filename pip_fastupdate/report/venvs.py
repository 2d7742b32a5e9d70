"""The report of ``--all-venvs``: what became of each environment, after the reports of these."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.options import Format
from ..core.text import clean, redact


def render(rows: Sequence[tuple[str, str]], fields: Sequence[Mapping[str, Any]], *, format: Format) -> str:
    """A line for each environment (path, result); as JSON the list of ``fields``."""
    if format == "json":
        return json.dumps(fields, indent=2)
    shown = [(clean(path), clean(redact(result))) for path, result in rows]
    if format == "markdown":
        return "\n".join(["| environment | result |", "|---|---|", *(f"| `{path}` | {text} |" for path, text in shown)])
    width = max(len(path) for path, _ in (("Environment", ""), *shown))
    return "\n".join(f"{path:<{width}}  {text}" for path, text in (("Environment", "Result"), *shown))
