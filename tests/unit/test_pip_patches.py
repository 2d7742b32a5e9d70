"""What is replaced in pip: each patch fits the pip that is installed, and does what it says.

``nox -s pips -- tests/unit/test_pip_patches.py`` tries them with every pip that is supported.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pip
import pytest
from packaging.specifiers import SpecifierSet

from pip_fastupdate._pip import patches
from pip_fastupdate._pip.file_writer import WheelPath
from pip_fastupdate._pip.patches import INSTALLER, USER_AGENT, Patch, prepare_installer

PATCHES = (*INSTALLER, USER_AGENT)


def named(patch: Patch) -> str:
    """For the list of tests."""
    return f"{patch.module.rpartition('.')[2]}.{patch.path}"


@pytest.fixture(autouse=True)
def prepared() -> None:
    """As a run does once."""
    prepare_installer()


def current(patch: Patch) -> Any:
    """What stands in pip now."""
    found: Any = sys.modules[patch.module]
    for name in patch.path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("patch", PATCHES, ids=named)
def test_patch_fits(patch: Patch) -> None:
    """pip has what is replaced, takes what the replacement goes by, and has it replaced where it is for this pip."""
    assert SpecifierSet(patch.pips).contains(pip.__version__, prereleases=True)
    original = patch.original()
    assert original.__module__.startswith(("pip._internal.", "pip._vendor."))
    assert tuple(inspect.signature(original).parameters) == patch.takes
    assert current(patch).__module__ == patches.__name__
    assert patch.does
    assert patch.saves


@pytest.mark.parametrize("patch", PATCHES, ids=named)
def test_once_more_does_not_pile_up(patch: Patch) -> None:
    """A replacement stands for pip's own, never for another replacement."""
    before = patch.original()
    patch.apply()
    assert patch.original() is before
    assert current(patch).__wrapped__ is before


@pytest.mark.parametrize("path", ["nothing", "Nobody.nothing"])
def test_pip_without_it_is_left_alone(path: str) -> None:
    """Nothing is put where nothing was."""
    patch = replace(USER_AGENT, path=path)
    patch.apply()
    assert patch.original() is None
    assert not hasattr(sys.modules[patch.module], "nothing")


def test_user_agent_is_ours() -> None:
    """And costs no process."""
    from pip._internal.network import session

    from pip_fastupdate.core.text import user_agent

    assert session.user_agent() == user_agent()
    assert user_agent().startswith("pip-fastupdate/")


@pytest.fixture
def masked() -> Iterator[None]:
    """With a umask that no other test has."""
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("masked")
def test_umask_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the threads; then it is known, and stays as it is."""
    from pip._internal.operations.install import wheel
    from pip._internal.utils import unpacking

    prepare_installer()
    monkeypatch.delattr(os, "umask")
    assert (wheel.current_umask(), unpacking.current_umask()) == (0o027, 0o027)


@pytest.mark.usefixtures("masked")
def test_umask_is_known_without_changing_it() -> None:
    """Where the system tells."""
    assert patches.umask() == 0o027
    assert patches.umask(Path("/no/such/status")) == 0o027
    assert os.umask(0o027) == 0o027


def test_files_of_pips_own_are_not_written_to_the_disk_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lie beside their later place, with the name that pip renames."""
    from pip._internal.operations.install import wheel

    monkeypatch.delattr(os, "fsync")
    with wheel.adjacent_tmp_file(str(tmp_path / "RECORD"), mode="w", newline="", encoding="utf-8") as file:
        file.write("ä\n")
    assert [str(path) for path in tmp_path.iterdir()] == [file.name]
    assert Path(file.name).read_bytes() == "ä\n".encode()


def test_files_are_written_in_the_end(tmp_path: Path) -> None:
    """Those of pip's own kind; what is there by then pip has made after them."""
    from pip._internal.operations.install.wheel import RecordPath, ZipBackedFile

    with zipfile.ZipFile(tmp_path / "x.zip", "w") as new:
        new.writestr("a.py", "packed")
    path, found = WheelPath(str(tmp_path / "x.zip"), lambda name: (b"known",)), []
    with zipfile.ZipFile(path) as archive:
        for folder in ("one", "two"):
            file = ZipBackedFile(RecordPath("a.py"), str(tmp_path / folder / "a.py"), archive)
            file.save()
            found.append(file.written and not (tmp_path / folder).exists())
    (tmp_path / "two").mkdir()
    (tmp_path / "two/a.py").write_text("later")
    path.write_all()
    assert found == [True, True]
    assert [(tmp_path / folder / "a.py").read_text() for folder in ("one", "two")] == ["known", "later"]


@pytest.mark.parametrize("path", [("lib", "a", "b.py"), ("lib", "a..b.py"), ("lib", "..", "bin", "x"), ("bin", "x")])
def test_paths_are_named_as_pip_names_them(tmp_path: Path, path: tuple[str, ...]) -> None:
    """The same words, whichever way they come about."""
    from pip._internal.operations.install import wheel

    [patch] = [each for each in INSTALLER if each.path == "_fs_to_record_path"]
    there, folder = str(tmp_path.joinpath(*path)), str(tmp_path / "lib")
    assert wheel._fs_to_record_path(there, folder) == patch.original()(there, folder)


@pytest.mark.parametrize("name", ["", " ", ".", "..", "../x", "a/b", "a\\b", "C:x"])
def test_command_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    """Whatever pip itself thinks of it."""
    from pip._internal.operations.install.wheel import PipScriptMaker

    maker = PipScriptMaker(None, str(tmp_path))
    with pytest.raises(ValueError, match=f"^the command {re.escape(repr(name))} is not a file name$"):
        maker._make_script(SimpleNamespace(name=name), [])
    assert list(tmp_path.iterdir()) == []


def test_command_is_made(tmp_path: Path) -> None:
    """Where its name is one."""
    from pip._internal.operations.install.wheel import PipScriptMaker

    maker = PipScriptMaker(None, str(tmp_path))
    maker.variants = {""}
    made = maker.make("tool = module:main")
    assert [Path(path).name.removesuffix(".exe") for path in made] == ["tool"]
