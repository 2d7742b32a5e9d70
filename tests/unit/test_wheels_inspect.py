"""Honest wheels: let through, with what they bring that is new."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
import tracemalloc
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import File, Release
from pip_fastupdate.wheels import Inspection, InstalledFiles, Limits, inspect
from pip_fastupdate.wheels.refusal import Refused
from pip_fastupdate.wheels.warnings import system_command
from tests.support.raw_wheels import (
    FILENAME,
    INFO,
    METADATA,
    STORED,
    WHEEL,
    Member,
    changed,
    demo,
    descriptor,
    pack,
    record_row,
)
from tests.support.wheels import make_wheel

INIT = "demo/__init__.py"
RELEASE = Release(name="demo", version=Version("1.0"), file=File(filename=FILENAME, url="", sha256="0" * 64))
NOTHING = InstalledFiles(files=frozenset(), scripts=frozenset())


def look(folder: Path, content: bytes, release: Release = RELEASE, before: InstalledFiles | None = None) -> Inspection:
    path = folder / FILENAME
    path.write_bytes(content)
    return inspect(path, release, before=before, owners=lambda _: None, commands=lambda _: None)


def installed(*files: str, scripts: Iterable[str] = ()) -> InstalledFiles:
    return InstalledFiles(files=frozenset(files), scripts=frozenset(scripts))


def by_zipfile(members: list[Member], **options: object) -> bytes:
    """The members as Python's own library writes them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            with archive.open(zipfile.ZipInfo(member.name), "w", **options) as stream:  # type: ignore[call-overload]
                stream.write(member.content)
    return buffer.getvalue()


def to_a_pipe(members: list[Member]) -> bytes:
    """The members as written to where one cannot go back: sizes come behind the data."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError("a pipe")

        tell = seek  # type: ignore[assignment]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for member in members:
            archive.writestr(member.name, member.content)
    return pipe.getvalue()


INIT_CONTENT = demo()[0].content
CRLF_RECORD = demo()[-1].content.replace(b"\n", b"\r\n")
SIGNED = [*demo(), Member(f"{INFO}/RECORD.jws", b"{}"), Member(f"{INFO}/RECORD.p7s", b"x")]
PADDED = re.sub(rb"(sha256=[^,]+)", rb"\1=", demo()[-1].content)
FOLDERS = [
    Member("demo/", method=STORED, mode=stat.S_IFDIR | 0o755),
    Member(f"{INFO}/", method=STORED, mode=0),
    *demo(),
]
OTHER_HASHES = "".join(
    [
        record_row(INIT, INIT_CONTENT, "sha512"),
        record_row(f"{INFO}/METADATA", METADATA, "sha384"),
        record_row(f"{INFO}/WHEEL", WHEEL),
        f"{INFO}/RECORD,,\n",
    ]
)
ENTRY_POINTS = b"""
# a comment
[console_scripts]
demo = demo.cli:main
demo-old=demo:Main.run [extra]

[demo.plugins]
../anything = whatever it likes
[gui_scripts]
demo w = demo:window
"""

BENIGN: dict[str, bytes] = {
    "plain": pack(demo()),
    "stored": pack([replace(member, method=STORED) for member in demo()]),
    "folders named": pack(FOLDERS),
    "namespace package": pack(demo({"space/part/module.py": b"", "space/part/data,with comma.txt": b"x"})),
    "no permissions": pack([replace(member, mode=0) for member in demo()]),
    "names in Unicode": pack(demo({"demo/größe.txt": b"x", "demo/数.py": b""})),
    "empty file without data": pack(changed(demo({"demo/e.py": b""}), "demo/e.py", packed=b"")),
    "lines of RECORD end as on Windows": pack(demo(record=CRLF_RECORD)),
    "signed": pack(SIGNED),
    "other hashes": pack(demo(record=OTHER_HASHES.encode())),
    "padded hashes": pack(demo(record=PADDED)),
    "same line of RECORD twice": pack(demo(record=demo()[-1].content + record_row(INIT, INIT_CONTENT).encode())),
    "four columns in RECORD": pack(demo(record=demo()[-1].content.replace(b",,", b",,,more"))),
    "comment": pack(demo(), comment=b"made by hand"),
    "zip64": pack(demo(), zip64=True),
    "descriptors": pack(changed(demo(), INIT, flags=8, after=descriptor(INIT_CONTENT))),
    "descriptors without signature": pack(changed(demo(), INIT, flags=8, after=descriptor(INIT_CONTENT, signed=False))),
    "long descriptors": pack(changed(demo(), INIT, flags=8, after=descriptor(INIT_CONTENT, large=True))),
    "by zipfile": by_zipfile(demo()),
    "by zipfile with long sizes": by_zipfile(demo(), force_zip64=True),
    "to a pipe": to_a_pipe(demo()),
    "scripts and headers": pack(
        demo(
            {
                "demo-1.0.data/scripts/x": b"#!python\n",
                "demo-1.0.data/headers/x.h": b"",
            }
        )
    ),
    "platlib": pack(demo({"demo-1.0.data/platlib/demo/fast.py": b""})),
    "entry points": pack(demo({f"{INFO}/entry_points.txt": ENTRY_POINTS})),
    "vendored metadata": pack(demo({"demo/_vendor/other-1.dist-info/METADATA": b""})),
    "INSTALLER": pack(demo({f"{INFO}/INSTALLER": b"pip\n"})),
    "other spelling of the name": pack(demo(info="Demo-1.dist-info", metadata=b"Name: DEMO\nVersion: 1\n")),
    "names that only Windows cannot store": pack(demo({"demo/aux.py": b"", "demo/what?": b""})),
}


@pytest.mark.parametrize("content", BENIGN.values(), ids=BENIGN.keys())
def test_let_through(tmp_path: Path, content: bytes) -> None:
    """What honest tools make is neither refused nor warned of."""
    found = look(tmp_path, content)

    assert ((), ()) == (found.refusals, found.warnings)


def test_tells_the_metadata(tmp_path: Path) -> None:
    """What the plan is verified with is read from METADATA."""
    found = look(tmp_path, pack(demo()))

    assert (("other>=2",), ">=3.8", "1.0") == (found.requires, found.requires_python, found.version)


def test_large_members(tmp_path: Path) -> None:
    """Members larger than the buffers, with the sizes of zip64 in their headers, are read piece by piece."""
    members = demo({"demo/a.bin": os.urandom(700_000), "demo/b.bin": bytes(range(256)) * 12_000})

    for content in (pack(members), by_zipfile(members, force_zip64=True), to_a_pipe(members)):
        assert () == look(tmp_path, content).refusals


@pytest.mark.parametrize("content", [bytes(8 * 1024**2), b"\xff" * 8 * 1024**2], ids=["zeros", "ones"])
def test_large_member_of_one_byte(tmp_path: Path, content: bytes) -> None:
    """An empty image of a disk is not a bomb."""
    assert () == look(tmp_path, pack(demo({"demo/blank.img": content}))).refusals


def test_made_by_the_common_helper(tmp_path: Path) -> None:
    """A wheel without a file in its release goes by the name of its path."""
    path = make_wheel(tmp_path, "Some.Thing", "2.0.post1", scripts={"thing": "some_thing:main"}, size=1000)
    release = Release(name="some-thing", version=Version("2.0.post1"))
    found = inspect(path, release, before=None, owners=lambda _: None, commands=lambda _: None)

    assert ((), ["no-hash"]) == (found.refusals, [each.kind for each in found.warnings])


def test_built_of_an_sdist(tmp_path: Path) -> None:
    """What was built of an sdist goes by the name of the wheel."""
    release = replace(RELEASE, file=File(filename="demo-1.0.tar.gz", url="", sha256="0" * 64))

    found = look(tmp_path, pack(demo()), release)

    assert ((), ()) == (found.refusals, found.warnings)


def test_file_without_hash_in_record(tmp_path: Path) -> None:
    """pip installs what RECORD lists without a hash, so it is only said."""
    record = f"{INIT}\ndemo/b.py,,3\n{INFO}/METADATA,,\n{INFO}/WHEEL,,\n{INFO}/RECORD,,\n".encode()
    (warning,) = look(tmp_path, pack(demo({"demo/b.py": b"a=1"}, record=record))).warnings

    assert ("record-no-hash", INIT, "4") == (warning.kind, warning.data["file"], warning.data["count"])


def test_size_without_hash_counts(tmp_path: Path) -> None:
    """A size in RECORD is compared even where it gives no hash."""
    record = demo()[-1].content.replace(b"demo/__init__.py,", b"demo/__init__.py,,7\n#").split(b"\n")
    content = pack(demo(record=b"\n".join(line for line in record if not line.startswith(b"#"))))
    unverified = replace(RELEASE, file=File(filename=FILENAME, url=""))

    assert ["record-size"] == [each.kind for each in look(tmp_path, content, unverified).refusals]


def fresh(found: Inspection) -> list[tuple[str, str]]:
    """Kind and entry of what is new."""
    return [(each.kind, each.data["file"]) for each in found.warnings]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("evil.pth", "new-pth"),
        ("evil.start", "new-pth"),
        ("demo-1.0.data/purelib/evil.pth", "new-pth"),
        ("demo-1.0.data/data/Lib/site-packages/evil.pth", "new-pth"),
        ("sitecustomize.py", "new-hook"),
        ("usercustomize/__init__.py", "new-hook"),
        ("sitecustomize.cpython-311-x86_64-linux-gnu.so", "new-hook"),
        ("json.py", "new-stdlib-name"),
        ("email/evil.py", "new-stdlib-name"),
    ],
)
def test_warns_of_additions_and_upgrades(tmp_path: Path, name: str, kind: str) -> None:
    """What runs at every start, or hides the standard library, is told wherever it is new."""
    content, place = pack(demo({name: b"import os\n"})), name.rpartition("purelib/")[2].rpartition("site-packages/")[2]

    assert [(kind, place)] == fresh(look(tmp_path, content))
    assert [(kind, place)] == fresh(look(tmp_path, content, before=installed("demo/x.so", "json/x.txt")))
    assert [] == fresh(look(tmp_path, content, before=installed(place, "demo/x.so")))


def test_text_of_a_hook(tmp_path: Path) -> None:
    """The words for people say what the file does."""
    (warning,) = look(tmp_path, pack(demo({"x.pth": b""}))).warnings

    assert 'adds startup hook "x.pth", which runs at every interpreter start' == warning.text


def test_hook_named_after_its_version(tmp_path: Path) -> None:
    """A hook that only has the new version in its name was there before."""
    content = pack(demo({"demo-1.0-py3.11-nspkg.pth": b""}))

    assert [] == fresh(look(tmp_path, content, before=installed("demo-0.9-py3.10-nspkg.pth")))
    assert ["new-pth"] == [kind for kind, _ in fresh(look(tmp_path, content, before=NOTHING))]


@pytest.mark.parametrize("name", ["demo/_fast.abi3.so", "demo.libs/libx-1.so.6.0.0", "demo/x.pyd", "demo/x.dylib"])
def test_native_code(tmp_path: Path, name: str) -> None:
    """Native code is told when an upgrade brings it to where there was none."""
    content = pack(demo({name: b"\x7fELF", "demo/z.dll": b"MZ"}))

    assert [("new-native", name)] == fresh(look(tmp_path, content, before=installed(INIT)))
    assert [] == fresh(look(tmp_path, content, before=installed(INIT, "demo/old.so")))
    assert [] == fresh(look(tmp_path, content))


def test_data_outside(tmp_path: Path) -> None:
    """Files outside site-packages are told of an addition, and of an upgrade that has them in another place."""
    content = pack(demo({"demo-1.0.data/data/etc/demo.conf": b"", "demo-1.0.data/data/share/demo/2.js": b""}))
    (warning,) = look(tmp_path, content, before=installed(INIT)).warnings

    assert ("new-data", "etc/demo.conf", "2") == (warning.kind, warning.data["file"], warning.data["count"])
    assert [("new-data", "etc/demo.conf")] == fresh(
        look(tmp_path, content, before=installed("../../../share/demo/1.js"))
    )
    assert [("new-data", "etc/demo.conf")] == fresh(look(tmp_path, content))


SCRIPTS = pack(
    demo(
        {
            f"{INFO}/entry_points.txt": b"[console_scripts]\nls = demo:main\npip = demo:main\n",
            "demo-1.0.data/scripts/git": b"#!python\n",
            "demo-1.0.data/data/bin/curl": b"#!python\n",
        }
    )
)


def shadows(folder: Path, before: InstalledFiles | None) -> list[tuple[str, str]]:
    path = folder / FILENAME
    path.write_bytes(SCRIPTS)
    owners = {"pip": "pip", "git": "Demo"}.get
    found = inspect(path, RELEASE, before=before, owners=owners, commands={"ls": "/bin/ls", "curl": "/bin/curl"}.get)
    return fresh(found)


def test_scripts_that_shadow(tmp_path: Path) -> None:
    """New commands are told that belong to another distribution, or hide one of the system's."""
    assert [("shadows-command", "curl"), ("shadows-command", "ls"), ("shadows-script", "pip")] == shadows(
        tmp_path, None
    )


def test_scripts_that_were_there(tmp_path: Path) -> None:
    """Commands that the installed version has already are no news."""
    assert [("shadows-script", "pip")] == shadows(tmp_path, installed("../../../bin/curl", scripts=["ls"]))


def test_system_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are found outside the environment, unless they are Python scripts themselves."""
    for folder, name, content in (
        ("system", "native", b"\x7fELF"),
        ("system", "script", b"#!/usr/bin/env python3\n"),
        ("shims", "pyenv", b"#!/bin/sh\n"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_bytes(content)
        (tmp_path / folder / name).chmod(0o755)
    own = Path(sys.executable).parent
    monkeypatch.setenv("PATH", os.pathsep.join(["", str(own), str(tmp_path / "system"), str(tmp_path / "shims")]))

    assert str(tmp_path / "system" / "native") == system_command("native")
    assert [None] * 3 == [system_command(name) for name in ("script", "pyenv", Path(sys.executable).name)]


def test_no_system_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a PATH beyond the environment there is nothing to hide."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))

    assert system_command("sh") is None


def cached(folder: Path, content: bytes, sha256: str = "a" * 64) -> tuple[Path, Release]:
    path = folder / sha256 / FILENAME
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path, replace(RELEASE, file=File(filename=FILENAME, url="", sha256=sha256))


def kinds(path: Path, release: Release) -> list[str]:
    found = inspect(path, release, before=None, owners=lambda _: None, limits=Limits(windows=False))
    return [each.kind for each in found.refusals]


def test_content_is_read_once(tmp_path: Path) -> None:
    """What lies under its hash and was found in order is not read in full again; its structure is."""
    path, release = cached(tmp_path, pack(demo()))
    assert [] == kinds(path, release)
    path.write_bytes(pack(changed(demo(), INIT, content=b"__version__ = '6.6'\n")))
    assert [] == kinds(path, release)
    path.write_bytes(pack(demo({"../x": b""})))
    assert ["path-escape"] == kinds(path, release)


def test_content_that_was_read_is_at_hand(tmp_path: Path) -> None:
    """It comes as it was checked, though the file is another by now; what was not read is checked as it is read."""
    path, release = cached(tmp_path, pack(demo()))
    found = []
    for _ in range(2):
        with path.open("r+b") as stream:
            inspection = inspect(path, release, before=None, owners=lambda _: None, stream=stream)
            assert inspection.unpack is not None
            found.append(b"".join(inspection.unpack(INIT)))
        path.write_bytes(pack(changed(demo(), INIT, content=b"other")))
    assert found == [b"__version__ = '1.0'\n", b"other"]

    path.write_bytes(pack(changed(demo(), INIT, crc=1)))
    with path.open("rb") as stream:
        inspection = inspect(path, release, before=None, owners=lambda _: None, stream=stream)
        assert inspection.unpack is not None
        with pytest.raises(Refused, match="checksum"):
            list(inspection.unpack(INIT))
    assert inspect(path, release, before=None, owners=lambda _: None).unpack is None, "nobody keeps it open"


def test_content_in_memory_is_given_away(tmp_path: Path) -> None:
    """It is not in memory any longer once it is written, nor twice before; who asks again gets it unpacked."""
    content = os.urandom(3 * 1024**2)
    path, release = cached(tmp_path, pack(demo({"demo/data.bin": content})))
    tracemalloc.start()
    try:
        with path.open("rb") as stream:
            inspection = inspect(path, release, before=None, owners=lambda _: None, stream=stream)
            peak = tracemalloc.get_traced_memory()[1]
            assert inspection.unpack is not None
            kept = tracemalloc.get_traced_memory()[0]
            assert content == b"".join(inspection.unpack("demo/data.bin"))
            given = kept - tracemalloc.get_traced_memory()[0]
            assert content == b"".join(inspection.unpack("demo/data.bin"))
    finally:
        tracemalloc.stop()
    assert (True, True) == (given > len(content) - 100_000, peak < 2.8 * len(content)), (given, peak)


def test_mark_of_another_version_is_void(tmp_path: Path) -> None:
    """A mark that was not made by these very checks does not count, and is made anew."""
    path, release = cached(tmp_path, pack(changed(demo(), INIT, crc=1)))
    mark = path.with_name(f"{FILENAME}.ok")
    mark.write_text("0 " + "a" * 64 + "\n")
    assert ["bad-crc"] == kinds(path, release)
    path.write_bytes(pack(demo()))
    assert [] == kinds(path, release)
    assert "1 " + "a" * 64 + "\n" == mark.read_text()


def test_wheel_elsewhere_is_not_marked(tmp_path: Path) -> None:
    """A wheel that does not lie under its hash may change, so it is read every time."""
    look(tmp_path, pack(demo()))

    assert [FILENAME] == [path.name for path in tmp_path.iterdir()]


def test_mark_that_cannot_be_made(tmp_path: Path) -> None:
    """A folder in the mark's place costs time, nothing else."""
    path, release = cached(tmp_path, pack(demo()))
    path.with_name(f"{FILENAME}.ok").mkdir()

    assert [] == kinds(path, release)
