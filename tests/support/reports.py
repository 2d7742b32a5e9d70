"""Reports to be rendered, and streams that pretend to be terminals."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from pip_fastupdate.core.models import Action, Failure, Reason, Report, Row, Stats, Status, Target

TARGET = Target(prefix=Path("/venv"), python="3.11.7", pip="26.3", executable=Path("/venv/bin/python"))


def row(
    name: str,
    installed: str | None,
    target: str | None,
    latest: str | None,
    action: Action,
    *why: str,
    status: Status = "done",
) -> Row:
    reasons = tuple(Reason(kind="required-by", text=text, data={"by": name}) for text in why)
    return Row(
        name=name, installed=installed, target=target, latest=latest, action=action, status=status, reasons=reasons
    )


def report(
    *rows: Row,
    failures: tuple[Failure, ...] = (),
    warnings: tuple[str, ...] = (),
    dry_run: bool = False,
    seconds: Mapping[str, float] | None = None,
    stats: Stats | None = None,
) -> Report:
    return Report(
        target=TARGET,
        rows=rows,
        failures=failures,
        warnings=warnings,
        dry_run=dry_run,
        transaction=None if dry_run else "20261120T101500Z",
        stats=stats or Stats(seconds=seconds or {"look up": 2.0, "swap": 1.1}),
    )


def mixed(status: Status = "done", **others: object) -> Report:
    """One row of every group, and a failure that belongs to a row."""
    return report(
        row("attrs", "23.1", "26.1", "26.1", "upgrade", status=status),
        row("numpy", "1.25.0", "1.26.4", "2.3.1", "upgrade", "numba 0.59.1 requires numpy<1.27", status=status),
        row("typing-inspection", None, "0.4", "0.4", "add", status=status),
        row("pydantic-core", "2.1", "2.1", "2.9", "hold", "pydantic 2.5 requires pydantic-core==2.1"),
        row("myproject", "0.1", "0.1", None, "skip", "editable"),
        row("broken", "0.1", "0.3", "0.3", "upgrade", status="failed"),
        row("idna", "3.1", "3.1", "3.1", "current"),
        failures=(Failure(name="broken", kind="hash", text="the wheel is not what the index says", version="0.3"),),
        **others,  # type: ignore[arg-type]
    )


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def encoded(encoding: str) -> tuple[io.TextIOWrapper, io.BytesIO]:
    """A strict stream of that encoding, and the bytes that end up in it."""
    raw = io.BytesIO()
    return io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline=""), raw
