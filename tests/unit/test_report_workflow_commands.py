"""Annotations of GitHub workflows: one command a line, whatever an index says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pip_fastupdate.core.models import KnownVulnerability
from pip_fastupdate.report.workflow_commands import command, render
from tests.support.reports import mixed, report, row


def test_everything_that_matters() -> None:
    """Failures are errors, what moves and is held is summed up, the summary comes last."""
    lines = render(mixed(warnings=("careful",))).splitlines()
    assert "::error title=broken failed::the wheel is not what the index says" == lines[0]
    assert "::warning title=pip-update::careful" == lines[1]
    assert "::notice title=2 upgraded::attrs 23.1, numpy 1.25.0 → 1.26.4" == lines[2]
    assert lines[-1].startswith("::notice title=pip-update::Upgraded 2, added 1")


@pytest.mark.parametrize(("severity", "kind"), [("high", "error"), ("low", "warning"), ("", "warning")])
def test_vulnerabilities(severity: str, kind: str) -> None:
    """Those that remain, and that the user does not ignore, by their severity."""
    found = KnownVulnerability(id="X-1", summary="bad", severity=severity, fixed_in="2")
    others = (replace(found, id="X-2", remains=False), replace(found, id="X-3", ignored=True))
    told = replace(row("a", "1", "1", "2", "hold"), vulnerabilities=(found, *others))
    text = render(report(told))
    assert f"::{kind} title=a 1%3A X-1::bad; fixed in 2" in text.splitlines()
    assert "X-2" not in text
    assert "X-3" not in text


def test_nothing_starts_another_command() -> None:
    """Line ends, colons and commas of a title, and percent signs are what the runner reads back."""
    evil = "a,b: 100%0A\n::set-env name=x::y\r::add-mask::z"
    made = command("notice", evil, evil)
    assert 1 == len(made.splitlines())
    head, _, told = made.removeprefix("::notice title=").partition("::")
    assert "a%2Cb%3A 100%250A %3A%3Aset-env" in head
    assert told.startswith("a,b: 100%250A ::set-env")
