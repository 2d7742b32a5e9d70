"""Hostile wheels: each is refused, for its own reason and for no other."""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import get_args

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import File, Release
from pip_fastupdate.core.reasons import Refusal
from pip_fastupdate.wheels import Inspection, Limits, archive, inspect
from pip_fastupdate.wheels.archive import Archive
from tests.support.raw_wheels import (
    FILENAME,
    INFO,
    STORED,
    Member,
    changed,
    deflate,
    demo,
    pack,
    record_row,
)

INIT = "demo/__init__.py"
SMALL = Limits(entries=50, total=10**6, metadata=10_000, windows=False)
RELEASE = Release(name="demo", version=Version("1.0"), file=File(filename=FILENAME, url="https://x.test/demo.whl"))
"""Without a hash: nothing says that this is what was published."""
SYMLINK, FIFO, DEVICE = 0o120777, 0o010644, 0o060644


def look(folder: Path, content: bytes, limits: Limits = SMALL, release: Release = RELEASE) -> Inspection:
    path = folder / FILENAME
    path.write_bytes(content)
    return inspect(path, release, before=None, owners=lambda _: None, commands=lambda _: None, limits=limits)


def kinds(found: Inspection) -> set[str]:
    return {reason.kind for reason in found.refusals}


def entry(name: str, content: bytes = b"evil = True\n", **fields: object) -> bytes:
    """The wheel with one more member."""
    return pack(changed(demo({name: content}), name, **fields))


def broken(**fields: object) -> bytes:
    """The wheel with fields of one member changed."""
    return pack(changed(demo(), INIT, **fields))


def rewritten(*, add: str = "", drop: str = "", content: bytes | None = None) -> bytes:
    """The wheel with another RECORD: a line more, the line of ``drop`` less, or all new."""
    record = demo()[-1].content
    lines = [line for line in record.decode().splitlines(keepends=True) if not (drop and line.startswith(drop))]
    return pack(demo(record="".join([*lines, add]).encode() if content is None else content))


def scripts(text: str) -> bytes:
    return pack(demo({f"{INFO}/entry_points.txt": f"[console_scripts]\n{text}\n".encode()}))


def cut() -> bytes:
    """The wheel without some bytes in its middle."""
    whole = pack(demo())
    return whole[:50] + whole[90:]


def hidden_member() -> bytes:
    """A member with a local header that the directory does not know: programs that read from the start see it."""
    evil = pack([Member("evil.py", b"evil = True\n", method=STORED)])
    return pack(changed(demo(), f"{INFO}/WHEEL", before=evil[: evil.index(b"PK\1\2")]))


def shared_data() -> bytes:
    """A member that lies within the data of another: how bombs get around every limit on single members."""
    inner = Member("demo/inner.py", b"evil = True\n")
    quoted = pack([inner])
    outer = Member("demo/outer.bin", quoted[: quoted.index(b"PK\1\2")], method=STORED)
    return pack([outer, replace(inner, at=30 + len(outer.name)), *demo()])


def unicode_path(other: str) -> bytes:
    field = struct.pack("<BL", 1, zlib.crc32(INIT.encode())) + other.encode()
    return struct.pack("<HH", 0x7075, len(field)) + field


def damaged_directory() -> bytes:
    whole = pack(demo())
    at = whole.rindex(b"PK\1\2")
    return whole[:at] + b"XX" + whole[at + 2 :]


ZIP64 = b"\x99\x99\1\0?" + struct.pack("<HHQQ", 1, 16, 7, 7)
BZIP2 = broken(method=12, packed=b"BZh9")
LZMA = broken(method=14, packed=b"\5\0")
ZEROS = b"\0" * 3_000_000
SPACES = b" " * 600_000
ROOMY = Limits(windows=False)
WINDOWS = Limits(windows=True)

CASES: list[tuple[str, str, bytes | Callable[[], bytes], Limits]] = [
    ("text", "not-a-zip", b"<html>Not found</html>" * 50, SMALL),
    ("empty file", "not-a-zip", b"", SMALL),
    ("gzip file", "not-a-zip", gzip.compress(b"x" * 10_000), SMALL),
    ("end record with nothing before it, too short", "not-a-zip", b"PK\5\6" + b"\1" * 10, SMALL),
    ("first half only", "truncated", lambda: pack(demo())[:300], SMALL),
    ("last bytes missing", "truncated", lambda: pack(demo())[:-10], SMALL),
    ("bytes missing in the middle", "truncated", cut, SMALL),
    ("program in front", "zip-prefix", lambda: b"#!/bin/sh\nexit\n" + pack(demo()), SMALL),
    ("program in front, offsets to match", "zip-prefix", lambda: b"MZ" * 50 + pack(demo(), shift=100), SMALL),
    ("bytes after the end", "hidden-data", lambda: pack(demo()) + b"more", SMALL),
    ("comment longer than announced", "hidden-data", lambda: pack(demo(), comment=b"hello") + b"more", SMALL),
    ("bytes between members", "hidden-data", lambda: broken(after=b"x" * 16), SMALL),
    ("wrong descriptor", "hidden-data", lambda: broken(flags=8, after=b"PK\7\b" + b"x" * 12), SMALL),
    ("bytes before the directory", "hidden-data", lambda: pack(demo(), gap=b"x" * 12), SMALL),
    ("member that the directory does not know", "hidden-data", hidden_member, SMALL),
    ("folder with content", "hidden-data", lambda: entry("demo/sub/", b"evil", mode=0o040755), SMALL),
    ("fewer members announced", "zip-disagreement", lambda: pack(demo(), entries=2), SMALL),
    ("more members announced", "zip-disagreement", lambda: pack(demo(), entries=9), SMALL),
    ("other name in the local header", "zip-disagreement", lambda: broken(local_name="demo/evil____.py"), SMALL),
    ("other size in the local header", "zip-disagreement", lambda: broken(local_size=7), SMALL),
    ("other method in the local header", "zip-disagreement", lambda: broken(local_method=STORED), SMALL),
    ("no local header", "zip-disagreement", lambda: b"XX" + pack(demo())[2:], SMALL),
    ("another name in an extra field", "zip-disagreement", lambda: broken(extra=unicode_path("demo/evil.py")), SMALL),
    ("part of several", "zip-disagreement", lambda: pack(demo(), disk=1), SMALL),
    ("zip64 with another number", "zip-disagreement", lambda: pack(demo(), zip64=True, entries64=9), SMALL),
    ("zip64 without its record", "zip-disagreement", lambda: pack(demo(), zip64=True, record64=b"PK\6\0"), SMALL),
    ("sizes of zip64 that are none", "zip-disagreement", lambda: broken(local_size=0xFFFFFFFF), SMALL),
    ("other sizes in zip64", "zip-disagreement", lambda: broken(local_size=0xFFFFFFFF, local_extra=ZIP64), SMALL),
    (
        "another name, second extra field",
        "zip-disagreement",
        lambda: broken(extra=b"\1\x80\0\0" + unicode_path("x")),
        SMALL,
    ),
    ("damaged directory", "broken-zip", damaged_directory, SMALL),
    ("members that share data", "overlap", shared_data, SMALL),
    ("too many members", "too-many-entries", lambda: pack(demo({f"demo/{n}": b"" for n in range(60)})), SMALL),
    ("too much in all", "too-large", lambda: pack(demo({"demo/a": SPACES, "demo/b": SPACES})), SMALL),
    ("endless METADATA", "too-large", lambda: pack(demo(metadata=b"Name: demo\n" * 2000)), SMALL),
    ("endless RECORD", "too-large", lambda: rewritten(content=b"a" * 50_000), SMALL),
    ("bomb", "bomb", lambda: entry("demo/zeros", ZEROS), replace(ROOMY, ratio_from=1024**2)),
    (
        "bomb that announces little",
        "lying-size",
        lambda: entry("demo/zeros", b"", packed=deflate(ZEROS), size=100),
        ROOMY,
    ),
    ("less than announced", "lying-size", lambda: broken(size=500), SMALL),
    ("stored with two sizes", "lying-size", lambda: broken(method=STORED, size=3), SMALL),
    ("encrypted", "encrypted", lambda: broken(flags=1), SMALL),
    ("strongly encrypted", "encrypted", lambda: broken(flags=0x41), SMALL),
    ("bzip2", "compression", BZIP2, SMALL),
    ("lzma", "compression", LZMA, SMALL),
    ("parent folder", "path-escape", lambda: entry("../evil.py"), SMALL),
    ("parent folder further down", "path-escape", lambda: entry("demo/../../evil.py"), SMALL),
    ("folder entry that is a parent", "path-escape", lambda: entry("demo/../", b"", mode=0o040755), SMALL),
    ("out of data", "path-escape", lambda: entry("demo-1.0.data/data/../../../etc/evil"), SMALL),
    ("out of headers", "path-escape", lambda: entry("demo-1.0.data/headers/../evil.h"), SMALL),
    ("absolute", "absolute-path", lambda: entry("/etc/evil"), SMALL),
    ("two slashes", "absolute-path", lambda: entry("//server/share/evil"), SMALL),
    ("drive letter", "absolute-path", lambda: entry("C:/evil.py"), SMALL),
    ("relative to a drive", "absolute-path", lambda: entry("c:evil.py"), SMALL),
    ("backslash", "backslash", lambda: entry("..\\evil.py"), SMALL),
    ("UNC", "backslash", lambda: entry("\\\\server\\share\\evil.py"), SMALL),
    ("NUL", "control-character", lambda: entry("demo/evil.py\0.txt"), SMALL),
    ("newline", "control-character", lambda: entry("demo/evil\n.py"), SMALL),
    ("line separator", "control-character", lambda: entry("demo/evil\u2028.py"), SMALL),
    ("text direction", "control-character", lambda: entry("demo/\u202eyp.live"), SMALL),
    ("dot", "unclean-path", lambda: entry("./demo/evil.py"), SMALL),
    ("empty part", "unclean-path", lambda: entry("demo//evil.py"), SMALL),
    ("empty name", "unclean-path", lambda: entry(""), SMALL),
    ("device of Windows", "windows-name", lambda: entry("demo/CON.py"), WINDOWS),
    ("trailing dot on Windows", "windows-name", lambda: entry("demo/evil.py."), WINDOWS),
    ("stream on Windows", "windows-name", lambda: entry("demo/a.py:evil"), WINDOWS),
    ("symbolic link", "symlink", lambda: entry("demo/link", b"/etc", mode=SYMLINK), SMALL),
    ("symbolic link as a folder", "symlink", lambda: entry("demo/link/", b"", mode=SYMLINK), SMALL),
    ("pipe", "special-file", lambda: entry("demo/pipe", mode=FIFO), SMALL),
    ("device", "special-file", lambda: entry("demo/disk", mode=DEVICE), SMALL),
    ("folder without a slash", "special-file", lambda: entry("demo/sub", b"", mode=0o040755), SMALL),
    ("same name twice", "duplicate-entry", lambda: pack([Member(INIT, b"evil"), *demo()]), SMALL),
    ("upper and lower case", "case-collision", lambda: entry("Demo/__INIT__.py"), SMALL),
    ("two forms of Unicode", "case-collision", lambda: pack(demo({"é.py": b"", "e\u0301.py": b""})), SMALL),
    ("file and folder", "file-and-folder", lambda: pack(demo({"demo/a": b"", "demo/A/b": b""})), SMALL),
    ("no .dist-info", "no-dist-info", lambda: pack(demo(info="demo-1.0")), SMALL),
    ("another's .dist-info", "no-dist-info", lambda: pack(demo(info="demo_two-1.0.dist-info")), SMALL),
    ("another version's .dist-info", "no-dist-info", lambda: pack(demo(info="demo-2.0.dist-info")), SMALL),
    ("nonsense as version", "no-dist-info", lambda: pack(demo(info="demo-new.dist-info")), SMALL),
    ("second .dist-info", "foreign-metadata", lambda: entry("pip-99.dist-info/METADATA"), SMALL),
    ("second .dist-info in capitals", "foreign-metadata", lambda: entry("pip-99.DIST-INFO/METADATA"), SMALL),
    ("an .egg-info", "foreign-metadata", lambda: entry("pip.egg-info/PKG-INFO"), SMALL),
    ("another's .data", "foreign-metadata", lambda: entry("pip-99.data/scripts/x"), SMALL),
    (
        ".dist-info by way of purelib",
        "foreign-metadata",
        lambda: entry("demo-1.0.data/purelib/pip-9.dist-info/X"),
        SMALL,
    ),
    (
        ".dist-info by way of data",
        "foreign-metadata",
        lambda: entry("demo-1.0.data/data/lib/python3.11/site-packages/pip-9.dist-info/X"),
        SMALL,
    ),
    ("own .dist-info by way of platlib", "foreign-metadata", lambda: entry(f"demo-1.0.data/platlib/{INFO}/X"), SMALL),
    ("installer's file", "installer-file", lambda: entry(f"{INFO}/direct_url.json"), SMALL),
    ("no METADATA", "missing-metadata", lambda: pack(demo(drop=[f"{INFO}/METADATA"])), SMALL),
    ("no WHEEL", "missing-metadata", lambda: pack(demo(drop=[f"{INFO}/WHEEL"])), SMALL),
    ("no RECORD", "missing-metadata", lambda: pack(demo(drop=[f"{INFO}/RECORD"])), SMALL),
    ("two names", "bad-metadata", lambda: pack(demo(metadata=b"Name: demo\nName: pip\nVersion: 1.0\n")), SMALL),
    ("no version", "bad-metadata", lambda: pack(demo(metadata=b"Name: demo\n")), SMALL),
    ("METADATA in Latin-1", "bad-metadata", lambda: pack(demo(metadata=b"Name: demo\nVersion: 1.0\nX: \xe9\n")), SMALL),
    ("entry points in Latin-1", "bad-metadata", lambda: entry(f"{INFO}/entry_points.txt", b"\xe9"), SMALL),
    ("another name in METADATA", "name-mismatch", lambda: pack(demo(metadata=b"Name: pip\nVersion: 1.0\n")), SMALL),
    ("another version", "version-mismatch", lambda: pack(demo(metadata=b"Name: demo\nVersion: 1.1\n")), SMALL),
    ("nonsense as version", "version-mismatch", lambda: pack(demo(metadata=b"Name: demo\nVersion: new\n")), SMALL),
    ("format of the future", "wheel-version", lambda: pack(demo(wheel=b"Wheel-Version: 2.0\n")), SMALL),
    ("no format", "wheel-version", lambda: pack(demo(wheel=b"Generator: x\n")), SMALL),
    ("command out of its folder", "entry-point", lambda: scripts("../../evil = demo:main"), SMALL),
    ("command with a backslash", "entry-point", lambda: scripts("..\\evil = demo:main"), SMALL),
    ("command without a name", "entry-point", lambda: scripts("= demo:main"), SMALL),
    ("command that is a folder", "entry-point", lambda: scripts(".. = demo:main"), SMALL),
    ("code instead of a function", "entry-point", lambda: scripts("x = demo:main);import os;(exit"), SMALL),
    ("braces instead of a function", "entry-point", lambda: scripts("x = {0.__class__}"), SMALL),
    ("no function", "entry-point", lambda: scripts("x = demo"), SMALL),
    ("command python", "entry-point", lambda: scripts("python3 = demo:main"), SMALL),
    ("command that is a device of Windows", "entry-point", lambda: scripts("aux = demo:main"), WINDOWS),
    ("command with a trailing dot on Windows", "entry-point", lambda: scripts("x. = demo:main"), WINDOWS),
    ("our own folder", "own-folder", lambda: entry("demo-1.0.data/data/.pip-fastupdate/x"), SMALL),
    ("endless path", "long-path", lambda: entry("demo/" + 2000 * "a/" + "b.py"), SMALL),
    ("script python", "interpreter-file", lambda: entry("demo-1.0.data/scripts/python3.11"), SMALL),
    ("script python.exe", "interpreter-file", lambda: entry("demo-1.0.data/scripts/Python.EXE"), SMALL),
    ("python by way of data", "interpreter-file", lambda: entry("demo-1.0.data/data/bin/python"), SMALL),
    ("activation script", "interpreter-file", lambda: entry("demo-1.0.data/scripts/activate.fish"), SMALL),
    ("pyvenv.cfg", "interpreter-file", lambda: entry("demo-1.0.data/data/pyvenv.cfg"), SMALL),
    ("standard library", "interpreter-file", lambda: entry("demo-1.0.data/data/lib/python3.11/os.py"), SMALL),
    ("unknown scheme", "data-scheme", lambda: entry("demo-1.0.data/stdlib/os.py"), SMALL),
    ("file instead of a scheme", "data-scheme", lambda: entry("demo-1.0.data/scripts"), SMALL),
    ("file instead of .data", "data-scheme", lambda: entry("demo-1.0.data"), SMALL),
    ("two ways to a place", "same-destination", lambda: entry("demo-1.0.data/purelib/demo/__init__.py"), SMALL),
    ("two ways, other case", "same-destination", lambda: entry("demo-1.0.data/purelib/demo/__INIT__.py"), SMALL),
    ("RECORD not UTF-8", "record-broken", lambda: rewritten(content=b"\xff\xfe"), SMALL),
    ("RECORD with an endless field", "record-broken", lambda: rewritten(content=b"a" * 200_000), ROOMY),
    ("RECORD with a size in words", "record-broken", lambda: rewritten(content=b"a,sha256=x,many\n"), SMALL),
    ("two hashes of a file", "record-duplicate", lambda: rewritten(add=record_row(INIT, b"evil")), SMALL),
    ("file that RECORD lacks", "not-in-record", lambda: rewritten(drop=INIT), SMALL),
    ("RECORD with a file more", "record-absent", lambda: rewritten(add="demo/gone.py,,\n"), SMALL),
    ("RECORD that lists others' files", "record-absent", lambda: rewritten(add="../../../etc/passwd,,\n"), SMALL),
    ("RECORD with an empty line", "record-absent", lambda: rewritten(add="\n"), SMALL),
    ("md5", "record-algorithm", lambda: rewritten(drop=INIT, add=record_row(INIT, b"", "md5")), SMALL),
    ("sha1", "record-algorithm", lambda: rewritten(drop=INIT, add=record_row(INIT, b"", "sha1")), SMALL),
    ("other content", "record-hash", lambda: broken(content=b"__version__ = '6.6'\n"), SMALL),
    ("other size", "record-size", lambda: broken(content=b"evil"), SMALL),
    ("damaged data", "broken-entry", lambda: broken(packed=b"\xff" * 20), SMALL),
    ("data goes on behind its end", "broken-entry", lambda: broken(packed=deflate(demo()[0].content) + b"evil"), SMALL),
    ("data without an end", "broken-entry", lambda: broken(packed=deflate(demo()[0].content)[:-2]), SMALL),
    ("wrong checksum", "bad-crc", lambda: broken(crc=1), SMALL),
]


def test_every_kind_of_refusal_has_its_wheel() -> None:
    """Two aside that are about no archive: they have tests of their own."""
    assert {*get_args(Refusal), "bad-metadata"} == {case[1] for case in CASES} | {"unreadable", "file-name"}


@pytest.mark.parametrize(("kind", "content", "limits"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_refused_for_its_reason(
    tmp_path: Path, kind: str, content: bytes | Callable[[], bytes], limits: Limits
) -> None:
    """Each is refused with its own kind, a text of its own, and nothing else is told of it."""
    found = look(tmp_path, content if isinstance(content, bytes) else content(), limits)

    assert {kind} == kinds(found)
    assert all(reason.text and "\n" not in reason.text and "{}" not in reason.text for reason in found.refusals)
    assert ((), (), None, "1.0") == (found.warnings, found.requires, found.requires_python, found.version)


def test_missing_file(tmp_path: Path) -> None:
    """A wheel that cannot be read is refused like any other."""
    found = inspect(tmp_path / FILENAME, RELEASE, before=None, owners=lambda _: None)

    assert {"unreadable"} == kinds(found)


@pytest.mark.parametrize("filename", ["demo-2.0-py3-none-any.whl", "pip-1.0-py3-none-any.whl", "demo.whl"])
def test_file_name_of_something_else(tmp_path: Path, filename: str) -> None:
    """The index must not offer as demo 1.0 what calls itself otherwise."""
    release = replace(RELEASE, file=File(filename=filename, url=""))

    assert {"file-name"} == kinds(look(tmp_path, pack(demo()), release=release))


def test_reasons_are_limited(tmp_path: Path) -> None:
    """A wheel with very many faults does not fill the report."""
    members = demo({f"../{number}": b"" for number in range(40)})

    assert 20 == len(look(tmp_path, pack(members)).refusals)


def test_reasons_carry_the_entry(tmp_path: Path) -> None:
    """Programs find the entry in the data of the reason; people see it quoted."""
    (reason,) = look(tmp_path, entry("../\x1b[2Jevil")).refusals

    assert "../\x1b[2Jevil" == reason.data["file"]
    assert r"the name '../\x1b[2Jevil' contains control characters" == reason.text


def test_damage_is_found_or_harmless(tmp_path: Path) -> None:
    """With any byte changed, a wheel is refused, or its members are what they were."""
    sound = pack(demo())
    expected = {member.name: member.content for member in demo()}
    random = Random(20)
    refused = 0
    for position in range(len(sound)):
        mutant = bytearray(sound)
        mutant[position] ^= random.randrange(1, 256)
        if look(tmp_path, bytes(mutant)).refusals:
            refused += 1
            continue
        with zipfile.ZipFile(tmp_path / FILENAME) as found:
            assert expected == {name: found.read(name) for name in found.namelist()}, f"byte {position}"
    assert refused > len(sound) / 2


def test_file_that_shrinks_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file that somebody cuts while it is looked into ends in words too."""
    monkeypatch.setattr(archive, "WHOLE", 1000)
    path = tmp_path / FILENAME
    path.write_bytes(pack(demo({"demo/a.bin": bytes(Random(1).randbytes(100_000))})))
    with Archive(path, SMALL) as opened:
        entry = next(each for each in opened.entries if each.name == "demo/a.bin")
        with path.open("r+b") as stream:
            stream.truncate(entry.start + 10)
        with pytest.raises(OSError, match="changed while it was read"):
            list(opened.chunks(entry))


@pytest.mark.parametrize("length", [archive.PIECE - 1, archive.PIECE, archive.PIECE + 1, 2 * archive.PIECE + 5])
@pytest.mark.parametrize("pattern", [b"\0", b"abc", bytes(range(256))])
def test_data_that_ends_where_a_piece_does(tmp_path: Path, length: int, pattern: bytes) -> None:
    """Once its input is used up, zlib may still have some content, or only the end, in its own memory."""
    content = (pattern * length)[:length]
    (tmp_path / FILENAME).write_bytes(pack(demo({"demo/a.bin": content})))

    with Archive(tmp_path / FILENAME, replace(SMALL, ratio_from=10**9)) as opened:
        assert content == b"".join(opened.pieces("demo/a.bin"))
