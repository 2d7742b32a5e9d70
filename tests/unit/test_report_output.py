"""The report as a file, and the options for it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from pip_fastupdate.arguments import parse_arguments
from pip_fastupdate.core.errors import UsageError
from pip_fastupdate.report.output_file import check, save
from tests.support.reports import mixed


@pytest.mark.parametrize(
    ("words", "shown", "written"),
    [
        (["--output", "a.json"], "table", "json"),
        (["--output", "a.MD"], "table", "markdown"),
        (["--output", "a.sarif"], "table", "sarif"),
        (["--output", "a"], "table", "table"),
        (["--output", "a.log", "--format", "markdown"], "table", "markdown"),
        (["--format", "json"], "json", ""),
    ],
)
def test_format_by_suffix(words: list[str], shown: str, written: str) -> None:
    """The suffix says which format, unless --format does; standard output has the table then."""
    options = parse_arguments(words).options
    assert (shown, [written] if "--output" in words else []) == (options.format, [each for _, each in options.outputs])
    assert (written == "sarif") == options.advisories.audit


@pytest.mark.parametrize(
    "words",
    [
        ["--output", "a.yaml"],
        ["--output", ""],
        ["--output", "a.json", "--history"],
        ["--output", "a.json", "--undo"],
        ["--output", "a.json", "--output", "a.md", "--format", "json"],
        ["--why", "a", "--format", "json"],
        ["--why", "a", "--output", "a.json"],
        ["--why", "a", "b"],
        ["--why", "a==1"],
    ],
)
def test_wrong_usage(words: list[str]) -> None:
    """What cannot be meant is refused, with what to do instead."""
    with pytest.raises(UsageError) as caught:
        parse_arguments(words)
    assert caught.value.hint


def test_why_changes_nothing() -> None:
    """It only plans."""
    assert parse_arguments(["--why", "Foo_Bar"]).options.dry_run
    assert "foo-bar" == parse_arguments(["--why", "Foo_Bar"]).options.why


def test_saved_in_one_step(tmp_path: Path) -> None:
    """A link stays one, the mode stays, no draft is left, and text beyond Unicode is no obstacle."""
    place = tmp_path / "real.json"
    place.write_text("before", encoding="utf-8")
    place.chmod(0o640)
    (tmp_path / "link.json").symlink_to(place)
    report = mixed(warnings=("\udcff",))
    check([tmp_path / "link.json"])
    for format in ("json", "table"):
        save(report, tmp_path / "link.json", format=format)
        text = place.read_text(encoding="utf-8")
        assert text.endswith("\n")
    assert "attrs" in text
    assert {"real.json", "link.json"} == {each.name for each in tmp_path.iterdir()}
    if os.name != "nt":
        assert 0o640 == stat.S_IMODE(place.stat().st_mode)


def test_former_report_stays_if_the_new_one_cannot_be_written(tmp_path: Path) -> None:
    """A directory came into its place meanwhile: an error, and no draft is left."""
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        save(mixed(), tmp_path / "a.json", format="json")
    assert ["a.json"] == [each.name for each in tmp_path.iterdir()]


def test_places_that_are_refused(tmp_path: Path) -> None:
    """A device, a directory, a directory that is not there."""
    device = [] if os.name == "nt" else [Path(os.devnull)]
    for path in (tmp_path, tmp_path / "no" / "a.json", *device):
        with pytest.raises(UsageError, match="could not write"):
            check([path])


def test_json_in_the_file_is_json(tmp_path: Path) -> None:
    """As on standard output."""
    save(mixed(), tmp_path / "a.json", format="json")
    assert 2 == json.loads((tmp_path / "a.json").read_bytes())["schema"]


def test_file_of_another_option(tmp_path: Path) -> None:
    """A report takes the place of no lock, and of no other report; however the file is named."""
    (tmp_path / "link.toml").symlink_to("pylock.toml")
    for paths, others in (
        ([tmp_path / "link.toml"], [tmp_path / "pylock.toml"]),
        ([tmp_path / "a.json", tmp_path / "sub" / ".." / "a.json"], []),
    ):
        (tmp_path / "sub").mkdir(exist_ok=True)
        with pytest.raises(UsageError, match="another option names this file"):
            check(paths, others)


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    """Too long, and a link that leads to itself."""
    (tmp_path / "loop.json").symlink_to("loop.json")
    for name in (f"{'a' * 300}.json", "loop.json"):
        with pytest.raises(UsageError, match=r"^could not write"):
            check([tmp_path / name])
