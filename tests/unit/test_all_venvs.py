"""Environments below a folder: which are found, whom they are left to, and the one exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from pip_fastupdate.arguments import parse_arguments
from pip_fastupdate.core.errors import UsageError
from pip_fastupdate.other_python.all_venvs import Found, Ran, environments, exit_code, without_folder
from pip_fastupdate.report.formats import renderer
from pip_fastupdate.report.given import Venv


def fail(error: OSError) -> None:
    raise error


def made(folder: Path, *files: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("pyvenv.cfg", *files):
        (folder / name).touch()
    return folder


def test_environments_are_found_and_left_to_their_managers(tmp_path: Path) -> None:
    """Sorted; none inside of another, none through a link; tools and conda with the line that updates them."""
    inner = made(tmp_path / "a" / ".venv")
    made(inner / "lib" / "nested")
    outside = made(tmp_path.parent / f"{tmp_path.name}-outside")
    (tmp_path / "link").symlink_to(outside)
    made(tmp_path / "pipx" / "venvs" / "black", "pipx_metadata.json")
    made(tmp_path / "pipx" / "shared")
    made(tmp_path / "ruff", "uv-receipt.toml")
    (tmp_path / "base env" / "conda-meta").mkdir(parents=True)
    made(tmp_path / "project" / ".pixi" / "envs" / "default" / "conda-meta", "pixi")
    assert [
        Found(path=inner),
        Found(
            path=tmp_path / "base env",
            manager="conda",
            command=f"conda update --all --prefix '{tmp_path / 'base env'}'",
        ),
        Found(path=tmp_path / "pipx" / "shared", manager="pipx", command="pipx upgrade-shared"),
        Found(path=tmp_path / "pipx" / "venvs" / "black", manager="pipx", command="pipx upgrade black"),
        Found(path=tmp_path / "project" / ".pixi" / "envs" / "default", manager="pixi", command="pixi update"),
        Found(path=tmp_path / "ruff", manager="uv", command="uv tool upgrade ruff"),
    ] == list(environments(tmp_path, fail))
    with pytest.raises(FileNotFoundError):
        list(environments(tmp_path / "missing", fail))


@pytest.mark.parametrize(
    ("codes", "expected"), [([0, None], 0), ([0, 3], 3), ([3, 4], 4), ([4, 2, 0], 1), ([-9, 0], 1), ([1, 130], 130)]
)
def test_gravest_exit_code_counts(codes: list[int | None], expected: int) -> None:
    """What is left to others does not count."""
    assert expected == exit_code([Ran(found=Found(path=Path("x")), code=code) for code in codes])


def test_command_line_for_one_environment() -> None:
    """Everything but the folder is handed on."""
    words = ["--all-venvs", "a", "-n", "--all-venvs=b", "rich"]
    assert ["--format=table", "-n", "rich"] == without_folder(words, "table")
    assert ["--format=json", "--", "rich"] == without_folder(["--all-venvs", "a", "--", "rich"], "json")


@pytest.mark.parametrize(
    "words",
    [["--undo"], ["--history"], ["--python", "x"], ["--output=r.json"], ["--write", "r.txt"], ["--format=html"]],
)
def test_options_about_one_environment_are_refused(words: list[str]) -> None:
    """They mean one report, one file or one transaction."""
    with pytest.raises(UsageError, match=f"--all-venvs cannot be used with {words[0].partition('=')[0]}"):
        parse_arguments(["--all-venvs", ".", *words])


def test_report() -> None:
    """A line each, in three formats."""
    found = [Venv("/a/.venv", "done", {"prefix": "x"}), Venv("/b|c", "left to pipx: `pipx upgrade b` updates it", {})]
    assert "Environment  Result\n/a/.venv     done\n" in renderer("table").venvs(found)
    assert "| /a/.venv | done |\n| /b\\|c | left" in renderer("markdown").venvs(found)
    assert '[\n  {\n    "prefix": "x"\n  }\n]' == renderer("json").venvs(found[:1])
