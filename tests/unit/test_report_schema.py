"""The JSON schema that the program prints, and reports with everything in them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pip_fastupdate.arguments import parse_arguments
from pip_fastupdate.cli import main
from pip_fastupdate.core.models import Difference, KnownVulnerability, Running, WrittenFile
from pip_fastupdate.report.json_ import document
from tests.support.reports import mixed, report, row
from tests.support.schema import problems


def test_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """As it is: a valid schema, and nothing else is done."""
    assert 0 == main(["--schema"])
    Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))
    assert parse_arguments(["--schema"]).schema


def test_reports() -> None:
    """Every group, failures, changes, vulnerabilities, files, programs that run on."""
    change = Difference(uploaded=(None, "2026-01-01"), links=(("changelog", "https://a.test"),), license=("", "MIT"))
    found = KnownVulnerability(id="X-1", aliases=("C",), severity="high", fixed_in="2")
    full = replace(row("a", "1", "2", "2", "upgrade"), changes=change, vulnerabilities=(found,), level="major", size=3)
    file = WrittenFile(path=Path("pyproject.toml"), changed=(("project", "a==1", "a==2"),), diff="-a\n+b\n")
    told = replace(report(full, warnings=("w",)), files=(file,), running=(Running(pid=1, command="x"),), growth=-3)
    assert ([], []) == (problems(document(told)), problems(document(mixed("planned", dry_run=True))))


def test_faults_are_found() -> None:
    """A key that is not there, one that nobody knows, an action of another's."""
    given = document(mixed())
    del given["stats"]
    given["packages"][0] |= {"action": "explode", "colour": "red"}
    assert 3 == len(problems(given))
