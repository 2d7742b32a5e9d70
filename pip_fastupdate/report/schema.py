"""``--schema``: the JSON schema (draft 2020-12) of the JSON report."""

from __future__ import annotations

from pathlib import Path


def text() -> str:
    """Return the schema, without a final line end."""
    return Path(__file__).with_name("report.schema.json").read_text(encoding="utf-8").rstrip("\n")
