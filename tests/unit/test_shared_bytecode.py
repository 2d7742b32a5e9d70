"""Bytecode that is compiled once for a wheel, and is that of each environment it is taken to."""

from __future__ import annotations

import errno
import marshal
import os
import py_compile
import struct
import sys
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType

import pytest

from pip_fastupdate._pip.bytecode import compile_staged
from pip_fastupdate._pip.movable_code import at, compile_movable, packed, unpacked
from pip_fastupdate.cache.bytecode import Keeping, open_kept

pytestmark = pytest.mark.skipif(sys.implementation.name != "cpython", reason="only CPython's bytecode is shared")

SOURCE = '''"""A module."""
import os

class A(dict):
    """Nested."""

    async def f(self, x=(1, "é", b"b", 2.5, 3j, None, ...)):
        return [lambda y: (y, x, {"a", "b"} , z) for z in os.environ if z in {"p", "q"}]

def fails():
    raise ValueError("<movable:0000000000000000000000000000>")
'''
PLACES = ["/a.py", "/venv/lib/python3/site-packages/demo/a.py", "/" + "long/" * 80 + "a.py", "/hôme/ä\udcff/a.py", "a"]


def same(one: object, other: object) -> None:
    """All that is in two code objects, those in them included."""
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        assert sorted(map(repr, one)) == sorted(map(repr, other))  # equal strings with equal hashes have no fixed order
        return
    if not isinstance(one, CodeType) or not isinstance(other, CodeType):
        assert repr(one) == repr(other)
        return
    assert one.co_filename == other.co_filename
    for name in (each for each in dir(one) if each.startswith("co_") and each not in ("co_consts", "co_lnotab")):
        if not callable(getattr(one, name)):
            assert getattr(one, name) == getattr(other, name), name
    assert len(one.co_consts) == len(other.co_consts)
    for mine, its in zip(one.co_consts, other.co_consts, strict=True):
        same(mine, its)


def compiled(source: str, path: str) -> CodeType:
    """What a compile under that path makes."""
    made = compile(source, path, "exec", dont_inherit=True)
    assert isinstance(made, CodeType)
    return made


@pytest.mark.parametrize("place", PLACES)
def test_code_is_what_a_compile_there_makes(place: str) -> None:
    """However long the path is, and whatever letters it has."""
    code = compile_movable(SOURCE.encode())
    assert code is not None
    assert (code, None, None) == (unpacked(packed(code)), unpacked(b""), unpacked(b"\xff" * 9))
    same(compiled(SOURCE, place), marshal.loads(at(place, code)))


@pytest.mark.parametrize("source", [b"print 'x'\n", b"x = '\xe9'\n", b"\0", b"(" * 5000])
def test_what_does_not_compile_is_not_movable(source: bytes) -> None:
    """Whatever the compiler says to it."""
    assert None is compile_movable(source)


class Wheel:
    """A wheel in the cache, and environments that it is staged for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "cache").mkdir()
        self.path = folder / "cache" / "demo-1.0-py3-none-any.whl"

    @property
    def kept(self) -> list[Path]:
        return sorted((self.folder / "cache").iterdir())

    def staged(self, name: str, source: str = SOURCE, *, cached: bool = True) -> Path:
        """Stage it for an environment of that name; returns the staged library folder."""
        library = self.folder / name
        info = library / "demo-1.0.dist-info"
        info.mkdir(parents=True)
        (library / "demo").mkdir()
        for number, text in enumerate(("", source, "x =")):
            (library / "demo" / f"m{number}.py").write_text(text, encoding="utf-8")
        (info / "RECORD").write_text("demo/m0.py,,\n")
        files = sorted(library.rglob("*.py"))
        compile_staged(info, files, Path(f"/live/{name}"), self.path if cached else None)
        return library


@pytest.fixture
def wheel(tmp_path: Path) -> Wheel:
    return Wheel(tmp_path)


def tree(library: Path) -> dict[str, tuple[int, bytes]]:
    """All files but the bytecode's marshalled part, with their modes."""
    return {
        path.relative_to(library).as_posix(): (
            path.stat().st_mode,
            path.read_bytes()[: 16 if path.suffix == ".pyc" else None],
        )
        for path in library.rglob("*")
        if path.is_file()
    }


def code_in(library: Path, module: str = "m1") -> CodeType:
    code = marshal.loads(Path(cache_from_source(str(library / "demo" / f"{module}.py"))).read_bytes()[16:])
    assert isinstance(code, CodeType)
    return code


def test_second_environment_gets_the_same(wheel: Wheel) -> None:
    """The same tree, RECORD and headers as without sharing."""
    libraries = {"plain": wheel.staged("plain", cached=False)}
    assert [] == wheel.kept
    libraries |= {name: wheel.staged(name) for name in ("first", "second")}
    (kept,) = wheel.kept
    assert 0o600 == kept.stat().st_mode & 0o777
    trees = [
        {
            name: (mode, content[:8] if name.endswith(".pyc") else content)
            for name, (mode, content) in tree(each).items()
        }
        for each in libraries.values()
    ]
    assert [trees[0]] * 3 == trees
    for name, library in libraries.items():
        same(compiled(SOURCE, f"/live/{name}/demo/m1.py"), code_in(library))


def test_nothing_is_compiled_again(wheel: Wheel) -> None:
    """The hash of the wheel says that the source is the same one, so it is not read: here it is another."""
    wheel.staged("first")
    library = wheel.staged("second", SOURCE.replace("Nested", "nESTED"))
    same(compiled(SOURCE, "/live/second/demo/m1.py"), code_in(library))


def test_bytecode_is_valid_for_its_source(wheel: Wheel) -> None:
    """By time and size of the source as it lies there: Python would not compile it again."""
    for name in ("first", "second"):
        library = wheel.staged(name)
        source = library / "demo" / "m1.py"
        header = Path(cache_from_source(str(source))).read_bytes()[:16]
        expected = Path(py_compile.compile(str(source), cfile=str(library / "x.pyc"), doraise=True) or "")
        assert expected.read_bytes()[:16] == header
        assert (0, int(source.stat().st_mtime), source.stat().st_size) == struct.unpack("<III", header[4:])


def test_another_source_is_compiled(wheel: Wheel) -> None:
    """Of another size: it is not the one that was kept."""
    wheel.staged("first")
    library = wheel.staged("second", SOURCE + "y = 1\n")
    same(compiled(SOURCE + "y = 1\n", "/live/second/demo/m1.py"), code_in(library))


DAMAGE = {
    "entry": lambda content: b"\xff" * 50 + content[50:],
    "index": lambda content: content[:-60] + b"\0" * 10 + content[-50:],
    "cut": lambda content: content[:-1],
    "longer": lambda content: content + b"x",
    "empty": lambda content: b"",
    "end": lambda content: content[:-40] + b"\xff" * 8 + content[-32:],
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_a_miss(wheel: Wheel, kind: str) -> None:
    """What was kept is compared with its hash when it is taken: the source is compiled instead."""
    wheel.staged("first")
    (kept,) = wheel.kept
    kept.write_bytes(DAMAGE[kind](kept.read_bytes()))
    library = wheel.staged("second")
    same(compiled(SOURCE, "/live/second/demo/m1.py"), code_in(library))
    same(compiled("", "/live/second/demo/m0.py"), code_in(library, "m0"))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are another matter there")
@pytest.mark.parametrize("way", ["link", "everybody", "folder"])
def test_what_others_could_have_put_there_is_none(wheel: Wheel, way: str) -> None:
    """It is not read; a link is replaced, and its target stays as it was."""
    wheel.staged("first")
    (kept,) = wheel.kept
    target = wheel.folder / "target"
    if way == "link":
        kept.rename(target)
        kept.symlink_to(target)
    elif way == "everybody":
        kept.chmod(0o666)
    else:
        kept.unlink()
        kept.mkdir()
    before = target.read_bytes() if way == "link" else b""
    assert None is open_kept(kept)
    wheel.staged("second")
    assert [kept] == wheel.kept
    if way == "link":
        assert before == target.read_bytes()
    if way != "folder":
        assert (False, 0o600) == (kept.is_symlink(), kept.stat().st_mode & 0o777)


def test_full_disk_keeps_nothing(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache is a help: the bytecode is made all the same, and no part of a file stays."""

    opened, write, parts = os.open, os.write, set[int]()

    def opening(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = opened(path, flags, mode)
        (parts.add if str(path).endswith(".part") else parts.discard)(descriptor)
        return descriptor

    def writing(descriptor: int, content: bytes) -> int:
        if descriptor in parts:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, "write", writing)
    library = wheel.staged("first")
    assert [] == wheel.kept
    same(compiled(SOURCE, "/live/first/demo/m1.py"), code_in(library))


def test_what_is_not_finished_is_not_there(tmp_path: Path) -> None:
    """Two runs may keep the same at once; one that ends early leaves nothing."""
    path = tmp_path / "x.pyc"
    one, other = Keeping(path=path), Keeping(path=path)
    for each in (one, other):
        each.add("m", b"content", 3)
    one.discard()
    assert (None, 1) == (open_kept(path), len(list(tmp_path.iterdir())))
    other.finish()
    other.discard()
    assert [path] == list(tmp_path.iterdir())
    kept = open_kept(path)
    assert kept is not None
    assert (b"content", None, None) == (kept.take("m", 3), kept.take("m", 4), kept.take("n", 3))
    kept.close()


@pytest.mark.parametrize("variable", ["SOURCE_DATE_EPOCH", "PYTHONNODEBUGRANGES"])
def test_unusual_bytecode_is_not_shared(wheel: Wheel, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """What Python makes checked by hash, or without columns, is made as before."""
    monkeypatch.setenv(variable, "1")
    library = wheel.staged("first")
    assert [] == wheel.kept
    assert Path(cache_from_source(str(library / "demo" / "m1.py"))).is_file()
