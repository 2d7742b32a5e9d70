"""Whether the environment that is updated is the one that the user means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import UsageError
from pip_fastupdate.other_python import chosen


def make(folder: Path, *files: str) -> Path:
    """What looks like an environment."""
    for name in ("bin/python", *files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def said(prefix: Path, **environ: str) -> list[tuple[str, str]]:
    """The warnings, each with its hint."""
    found: list[tuple[str, str]] = []
    variables: Mapping[str, str] = environ
    chosen.check(lambda text, hint: found.append((text, hint)), prefix=prefix, environ=variables)
    return found


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_another_is_active(tmp_path: Path, variable: str) -> None:
    """It is named, and so is the line that updates it."""
    here, there = make(tmp_path / "here"), make(tmp_path / "with space")
    [(text, hint)] = said(here, **{variable: str(there)})
    assert (True, True) == (str(there) in text, str(here) in text)
    assert f"pip-update --python '{there}'" in hint


def test_this_one_is_active(tmp_path: Path) -> None:
    """Also by another spelling, and with a conda environment below a virtual one."""
    here, base = make(tmp_path / "here"), make(tmp_path / "base")
    (tmp_path / "link").symlink_to(here)
    assert [] == said(here, VIRTUAL_ENV=str(here), CONDA_PREFIX=str(base))
    assert [] == said(here, VIRTUAL_ENV=f"{tmp_path}/link/")
    assert [] == said(here)
    assert [] == said(here, VIRTUAL_ENV="", CONDA_PREFIX="")


@pytest.mark.parametrize("value", ["/nowhere/at/all", "\0", "x" * 5000])
def test_what_is_gone_is_not_active(tmp_path: Path, value: str) -> None:
    """A shell may still have the name of an environment that was removed."""
    assert [] == said(make(tmp_path / "here"), VIRTUAL_ENV=value)


@pytest.mark.parametrize(
    ("folder", "file", "upgrade"),
    [
        ("venvs/black", "pipx_metadata.json", "pipx upgrade black"),
        ("tools/black", "uv-receipt.toml", "uv tool upgrade black"),
        ("cache/archive-v0/x6nz9kDyS2LNxs6M", "CACHEDIR.TAG", ""),
        ("cache/environments-v2/black-1a2b", "CACHEDIR.TAG", ""),
    ],
)
def test_environments_of_tools_are_not_updated_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, file: str, upgrade: str
) -> None:
    """The hint names the active environment, else the one in the current folder, and how the tool is updated."""
    monkeypatch.chdir(tmp_path)
    tool, project = make(tmp_path / folder, file), make(tmp_path / "project")
    with pytest.raises(UsageError) as refused:
        said(tool, VIRTUAL_ENV=str(project))
    assert (True, 2) == (f"--python {project}`" in refused.value.hint, refused.value.exit_code)
    assert upgrade in refused.value.hint
    with pytest.raises(UsageError, match="--python") as refused:
        said(tool)
    assert "--python PATH`" in refused.value.hint
    make(tmp_path / ".venv")
    with pytest.raises(UsageError) as refused:
        said(tool, VIRTUAL_ENV=str(tool))
    assert "--python .venv`" in refused.value.hint


def test_folders_that_only_look_like_uvs_cache(tmp_path: Path) -> None:
    """An environment in a folder of that name is one like any other."""
    assert [] == said(make(tmp_path / "archive-v1" / "env"))
