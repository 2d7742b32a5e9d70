"""Names that one file system takes for one and another for two; and what looks like a folder and is none."""

from __future__ import annotations

import stat
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest

from pip_fastupdate.core.files import leads_elsewhere
from pip_fastupdate.transaction import filesystem
from tests.support.platforms import Mac, Windows
from tests.unit.transactions import Env, dist, folder, live

simulated = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no other system is simulated here")

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@simulated
@pytest.mark.parametrize("decomposes", [False, True])
def test_normal_forms(system: str, decomposes: bool) -> None:
    """RECORD and the disk may spell a letter in two ways: the old file goes, the new one comes, undo brings it back."""
    if system != "native":
        pytest.skip("it brings its own rules")
    a = dist(
        "a", {f"{COMPOSED}.py": "1", f"{DECOMPOSED}s/x.py": "1"}, {f"{COMPOSED}.py": "2", f"{COMPOSED}s/y.py": "2"}
    )
    with folder() as path, Mac(path, decomposes=decomposes).on():
        env = Env(path / "env")
        env.install(a)
        if decomposes:
            assert f"{DECOMPOSED}.py" in {each.name for each in env.site.iterdir()}
        before = live(env.prefix)
        env.update(a)
        assert "2" == (env.site / f"{COMPOSED}.py").read_text()
        assert ["y.py"] == [each.name for each in (env.site / f"{DECOMPOSED}s").iterdir()]
        env.store.undo()
        assert before == live(env.prefix)


@simulated
def test_letters_of_two(system: str) -> None:
    """``ß`` and ``ss`` are two names on NTFS: two packages with these are no conflict."""
    if system != "native":
        pytest.skip("it brings its own rules")
    one, other = dist("one", None, {"straße.py": "1"}), dist("other", None, {"strasse.py": "2"})
    with folder() as path, Windows(path).on():
        env = Env(path / "env")
        env.install()
        env.update(one, other)
        assert ("1", "2") == ((env.site / "straße.py").read_text(), (env.site / "STRASSE.py").read_text())


@pytest.mark.parametrize(
    "text", ["a.py", "A.PY", "__pycache__/X.cpython-311.pyc", "straße", "\u0130", COMPOSED, DECOMPOSED]
)
def test_folding_again(text: str) -> None:
    """What is folded stays as it is when folded again, and keeps the endings that modules are known by."""
    for fold in (filesystem._by_letter, filesystem._normal, filesystem._decomposed):
        once = fold(text)
        assert once == fold(once)
    assert filesystem._by_letter("A.PY").endswith(".py")
    assert filesystem._decomposed(COMPOSED.upper()) == filesystem._decomposed(unicodedata.normalize("NFD", COMPOSED))


@pytest.mark.parametrize(
    ("mode", "tag", "elsewhere"),
    [
        (stat.S_IFDIR, 0, False),
        (stat.S_IFDIR, 0xA0000003, True),  # a junction
        (stat.S_IFDIR, 0x9000001A, False),  # a folder of OneDrive
        (stat.S_IFLNK, 0xA000000C, True),
        (stat.S_IFREG, 0, False),
    ],
)
def test_junctions(mode: int, tag: int, elsewhere: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A junction is a link, although Windows shows a folder: what it leads to is somebody else's."""
    found = SimpleNamespace(st_mode=mode | 0o777, st_reparse_tag=tag)
    assert elsewhere == leads_elsewhere(found)
    entry = SimpleNamespace(
        is_symlink=lambda: stat.S_ISLNK(mode),
        is_dir=lambda follow_symlinks: stat.S_ISDIR(mode),
        stat=lambda follow_symlinks: found,
    )
    seen = SimpleNamespace(name="nt", lstat=lambda path: found)
    monkeypatch.setattr(filesystem, "os", seen)
    assert (elsewhere, elsewhere) == (filesystem.kind_of("x") == "link", filesystem.kind_of_entry(entry) == "link")


@simulated
@pytest.mark.parametrize(("full_sync", "flushed"), [(True, True), (False, False)])
def test_disk_caches(system: str, full_sync: bool, flushed: bool) -> None:
    """On macOS the journal goes through the disk's own cache at every step; where nothing can, fsync must do."""
    if system != "native":
        pytest.skip("it brings its own rules")
    a = dist("a", {"a.py": "1"}, {"a.py": "2"})
    with folder() as path:
        rules = Mac(path, full_sync=full_sync)
        with rules.on():
            env = Env(path / "env")
            env.install(a)
            env.update(a)
        assert flushed == (rules.flushed >= 5)
