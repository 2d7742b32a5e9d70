from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import get_args

import pytest

from pip_fastupdate import report as reports
from pip_fastupdate.arguments import parse_arguments
from pip_fastupdate.core.models import Difference, KnownVulnerability
from pip_fastupdate.core.options import Format
from pip_fastupdate.report.formats import renderer
from pip_fastupdate.report.given import Venv
from pip_fastupdate.report.view import PLAIN, View
from tests.support.reports import Terminal, encoded, mixed, report, row
from tests.unit.test_report_history import ENTRIES, Cache

FORMATS: tuple[Format, ...] = get_args(Format)
TELLING = tuple(each for each in FORMATS if each not in {"sarif", "github"})
"""Those that tell all of a run; SARIF and annotations are about findings."""

VIEWS = (PLAIN, View(width=40, color=True, verbosity=1), View(encoding="ascii"), View(encoding=None, verbosity=1))


@pytest.mark.parametrize("format", FORMATS)
def test_format_is_a_choice(format: Format) -> None:
    """The command line takes each format, and no other."""
    assert format == parse_arguments(["--format", format]).options.format


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("format", TELLING)
def test_everything_is_told(format: Format, view: View) -> None:
    """A run, the history and the cache: each format tells all three, however it is looked at."""
    found = renderer(format)
    report, history, cache = found.render(mixed(), view), found.history(ENTRIES, view), found.cache(Cache(), view)
    assert all(name in report.replace("\\", "") for name in ("attrs", "numpy", "broken"))
    assert all(entry.id in history for entry in ENTRIES)
    assert "98" in cache
    assert not any(text.endswith("\n") for text in (report, history, cache))


@pytest.mark.parametrize("format", FORMATS)
def test_settings_and_environments_are_told(format: Format) -> None:
    """By each format; secrets by none, and by those for people no control characters either."""
    found = renderer(format)
    settings = found.settings([("index-url", "https://me:secret@host/", "pip.conf\x1b"), ("pre", True, "environment")])
    venvs = found.venvs([Venv("/a", "done\x1b", {"prefix": "/a"}), Venv("/b", "failed", {"prefix": "/b"})])
    assert ("index-url" in settings, "secret" in settings, "\x1b" in settings + venvs) == (True, False, False)
    assert "/a" in venvs
    assert "/b" in venvs


@pytest.mark.parametrize("format", TELLING)
def test_secrets_of_new_requirements(format: Format) -> None:
    """A requirement may be a URL with a password, which is shown by no format."""
    new = Difference(requires_added=("a @ https://me:s3cr3t@host/a.whl",), requires_dropped=("b @ https://x:s3cr3t@y",))
    text = renderer(format).render(report(replace(row("c", "1", "2", "2", "upgrade"), changes=new)))
    assert (True, False) == ("host/a.whl" in text, "s3cr3t" in text)


def test_malware_in_sarif() -> None:
    """Its records have no severity, and it is worse than any; its version is part of a package URL."""
    found = KnownVulnerability(id="MAL-1", summary="bad", malware=True)
    told = replace(row("a", "1!2+cpu", "1!2+cpu", None, "current"), vulnerabilities=(found,))
    (run,) = json.loads(renderer("sarif").render(report(told)))["runs"]
    assert "10.0" == run["tool"]["driver"]["rules"][0]["properties"]["security-severity"]
    (place,) = run["results"][0]["locations"]
    assert "pkg:pypi/a@1%212%2Bcpu" == place["logicalLocations"][0]["fullyQualifiedName"]


def test_formats_differ() -> None:
    """No format is told in the words of another, whatever is told."""
    for tell in ("render", "history", "cache"):
        given = {"render": mixed(), "history": ENTRIES, "cache": Cache()}[tell]
        assert len(TELLING) == len({getattr(renderer(each), tell)(given) for each in TELLING})


def test_json_is_json() -> None:
    """What programs read can be read, in each of the three."""
    found = renderer("json")
    schemas = [
        json.loads(text)["schema"] for text in (found.render(mixed()), found.history(ENTRIES), found.cache(Cache()))
    ]
    assert [2, 1, 1] == schemas


@pytest.mark.parametrize("format", FORMATS)
def test_streams_are_written_to(format: Format) -> None:
    """What is shown is what the format makes of the stream's view, and a line end."""
    stream, raw = encoded("ascii")
    reports.show(mixed(), stream, format=format)
    reports.show_history(ENTRIES, stream, format=format)
    reports.show_cache(Cache(), stream, format=format)
    assert raw.getvalue().decode("ascii").count("\n") > 3
    assert raw.getvalue().endswith(b"\n")


def test_view_of_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Width and colours are a terminal's alone; a pipe has an encoding and no more."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "77")
    assert View(width=77, color=True, encoding="utf-8") == reports.view_of(Terminal(), color=True)
    assert View(width=77, color=False, encoding="utf-8") == reports.view_of(Terminal(), color=False)
    assert View(encoding=None, verbosity=1) == reports.view_of(io.StringIO(), verbosity=1, color=True)
