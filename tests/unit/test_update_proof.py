"""Whether what the program stands on can be imported is proven where it can be, and read where it cannot."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
import typing
import weakref
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Change
from pip_fastupdate.update.stages.verify import not_proven
from pip_fastupdate.update.trials.proof import StagedModules, _anew, _Finder, _without_garbage
from pip_fastupdate.update.trials.reading import READ, read
from tests.support.pools import release


def staged(folder: Path, name: str, **files: str) -> StagedModules:
    """A new version of ``name``, staged in ``folder``, with these files in its site-packages."""
    site = sysconfig.get_path("purelib")
    for path, text in files.items():
        target = folder / name / site.lstrip(os.sep) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    root = str(folder / name)
    return StagedModules(name=name, root=root, at=lambda live: root + live, before=frozenset())


REMEMBERED = """
import typing

class Kept: pass

LIST = typing.List[Kept]

@typing.overload
def f(x: int) -> int: ...
@typing.overload
def f(x: str) -> str: ...

typing.get_origin = f
"""


def test_nothing_remains_of_what_was_imported(tmp_path: Path) -> None:
    """Neither in the caches of ``typing`` nor in its place: two versions of every dependency take much memory."""
    (tmp_path / "remembered.py").write_text(REMEMBERED)
    before = typing.get_origin
    names = frozenset({"remembered"})
    with _without_garbage(), _anew(names, _Finder({"remembered": [str(tmp_path)]})):
        found = weakref.ref(importlib.import_module("remembered").Kept)
    assert (None, before, False) == (found(), typing.get_origin, "remembered" in sys.modules)


def change(name: str) -> Change:
    return Change(name=name, installed=Version("1"), target=release(name, "2"))


def test_reading_finds_what_no_python_takes(tmp_path: Path) -> None:
    """Syntax of another version, and modules compiled for another one, stay out; the others are said to be unproven."""
    found = read(
        [
            staged(tmp_path, "sound", **{"sound/__init__.py": "import not_here", "sound/data.txt": "def (:"}),
            staged(tmp_path, "broken", **{"broken/__init__.py": "", "broken/sub/late.py": "def (:"}),
            staged(tmp_path, "nul", **{"nul.py": "x = 1\0"}),
            staged(tmp_path, "foreign", **{"foreign/core.cpython-27m-other.so": ""}),
            staged(tmp_path, "fitting", **{f"fitting/core{EXTENSION_SUFFIXES[0]}": ""}),
        ]
    )
    assert {"sound": READ, "fitting": READ} == found.unproven
    assert {"broken", "nul", "foreign"} == found.failures.keys()
    assert found.failures["broken"].endswith("in broken/sub/late.py")


@pytest.mark.parametrize(
    ("count", "named"), [(1, "p00 2"), (3, "p00 2, p01 2, p02 2"), (17, "p00 2, p01 2, p02 2 and 14 more")]
)
def test_one_line_for_all_that_one_reason_concerns(count: int, named: str) -> None:
    """However many cannot be proven because of one of them."""
    moving = {f"p{each:02}": change(f"p{each:02}") for each in range(count)} | {"other": change("other")}
    unproven = {name: "compiled" if name == "other" else "No module named x" for name in moving}
    assert [
        "could not prove that other 2 can be imported: compiled",
        f"could not prove that {named} can be imported: No module named x",
    ] == list(not_proven(unproven, moving))
