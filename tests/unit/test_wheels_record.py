"""RECORDs that build tools got wrong: what is passed over where the archive is known to be the published one."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import File, Release
from pip_fastupdate.wheels import Inspection, inspect
from tests.support.raw_wheels import FILENAME, INFO, Member, demo, pack, record_row

SHA256 = File(filename=FILENAME, url="https://x.test/demo.whl", sha256="0" * 64)
SHA512 = File(filename=FILENAME, url="https://x.test/demo.whl", hashes=(("sha512", "0" * 128),))
MD5 = File(filename=FILENAME, url="https://x.test/demo.whl", hashes=(("md5", "0" * 32),))
NONE = File(filename=FILENAME, url="https://x.test/demo.whl")
LOCAL = File(filename=FILENAME, url="file:///x/demo.whl")


def wheel(*, add: str = "", drop: str = "", members: tuple[Member, ...] = ()) -> bytes:
    """The wheel with lines more in RECORD, or one less, and members that RECORD does not know."""
    *others, record = demo()
    lines = record.content.decode().splitlines(keepends=True)
    text = "".join(line for line in lines if not (drop and line.startswith(drop))) + add
    return pack([*others, *members, Member(record.name, text.encode())])


def look(folder: Path, content: bytes, file: File) -> Inspection:
    path = folder / FILENAME
    path.write_bytes(content)
    release = Release(name="demo", version=Version("1.0"), file=file)
    return inspect(path, release, before=None, owners=lambda _: None, commands=lambda _: None)


def told(found: Inspection) -> tuple[list[str], list[str]]:
    """The kinds of what rules it out, and of what is warned of, but for the archive's own hash."""
    return (
        [each.kind for each in found.refusals],
        [each.kind for each in found.warnings if each.kind not in ("no-hash", "weak-hash")],
    )


FOLDERS = {
    "with an entry": wheel(add="demo/,,\n", members=(Member("demo/"),)),
    "hashed, as `wheel tags` wrote them": wheel(add=record_row("demo/", b""), members=(Member("demo/"),)),
    "without an entry": wheel(add="demo/,,\n"),
    "without a slash": wheel(add="demo,,\n"),
    "of the metadata": wheel(add=f"{INFO}/,,\n"),
    "without any hash algorithm known": wheel(add="demo/,md5=x,\n"),
}


@pytest.mark.parametrize("content", FOLDERS.values(), ids=FOLDERS.keys())
@pytest.mark.parametrize("file", [SHA256, NONE, LOCAL])
def test_folders_in_record_are_passed_over_with_a_word(tmp_path: Path, content: bytes, file: File) -> None:
    """Rows of folders that the archive has harm nobody; they are told, so that --strict holds them."""
    assert ([], ["record-folder"]) == told(look(tmp_path, content, file))


@pytest.mark.parametrize(
    ("file", "known"), [(SHA256, True), (SHA512, True), (LOCAL, True), (MD5, False), (NONE, False)]
)
def test_files_that_record_lacks(tmp_path: Path, file: File, known: bool) -> None:
    """They are let in with a word where a hash says that this is the published archive, and else refused."""
    content = wheel(drop="demo/__init__.py", members=(Member("demo/more.py", b"x = 1\n"),))
    expected = ([], ["record-incomplete"]) if known else (["not-in-record", "not-in-record"], [])
    assert expected == told(look(tmp_path, content, file))


@pytest.mark.parametrize(("file", "known"), [(SHA256, True), (LOCAL, True), (MD5, False), (NONE, False)])
def test_files_that_only_record_has(tmp_path: Path, file: File, known: bool) -> None:
    """A row for a file that was forgotten is passed over where it is among the wheel's own folders."""
    expected = ([], ["record-absent"]) if known else (["record-absent"], [])
    assert expected == told(look(tmp_path, wheel(add="demo/gone.py,,\n"), file))


@pytest.mark.parametrize(
    ("file", "known"), [(SHA256, True), (SHA512, True), (LOCAL, True), (MD5, False), (NONE, False)]
)
def test_files_that_differ_from_record(tmp_path: Path, file: File, known: bool) -> None:
    """They were changed by the builder where a hash says that this is the published archive; else by anyone."""
    rows = record_row("demo/__init__.py", b"other") + record_row("demo/more.py", b"x = 2\n")
    content = wheel(drop="demo/__init__.py", add=rows, members=(Member("demo/more.py", b"x = 1\n"),))
    found = look(tmp_path, content, file)
    assert (([], ["record-differs"]) if known else (["record-size", "record-hash"], [])) == told(found)
    assert ["2"] * known == [each.data["count"] for each in found.warnings if each.kind == "record-differs"]


def test_what_differs_is_told_again(tmp_path: Path) -> None:
    """Also of a wheel in the cache, which is read only once where all is in order."""
    folder = tmp_path / "0" / str(SHA256.sha256)
    folder.mkdir(parents=True)
    content = wheel(drop="demo/__init__.py", add=record_row("demo/__init__.py", b"other"))
    for _ in range(2):
        assert ([], ["record-differs"]) == told(look(folder, content, SHA256))


def test_files_that_are_there_twice(tmp_path: Path) -> None:
    """The same content twice is no trouble, for pip neither."""
    twice = Member("demo/more.py", b"x = 1\n")
    assert ([], ["record-incomplete"]) == told(look(tmp_path, wheel(members=(twice, twice)), SHA256))
    other = Member("demo/more.py", b"x = 2\n")
    assert (["duplicate-entry"], []) == told(look(tmp_path, wheel(members=(twice, other)), SHA256))


@pytest.mark.parametrize(
    "path",
    ["../../../bin/python", "/etc/passwd", "other/__init__.py", "other/", "demo/../other.py", "..", "gone.py", ""],
)
def test_rows_of_what_belongs_to_others_are_refused(tmp_path: Path, path: str) -> None:
    """Whoever uninstalls the wheel would remove them, so no hash of the archive makes them good."""
    assert (["record-absent"], []) == told(look(tmp_path, wheel(add=f"{path},,\n" if path else "\n"), SHA256))


COMMAS = Member("demo/a,b,c.txt", b"x\n")


def unquoted(member: Member) -> str:
    """A row as wheel 0.32, Poetry 1.0 and hatchling until 1.10 wrote it."""
    return record_row(member.name, member.content).replace('"', "")


@pytest.mark.parametrize(("file", "known"), [(SHA256, True), (LOCAL, True), (MD5, False), (NONE, False)])
def test_names_with_commas_that_nobody_quoted(tmp_path: Path, file: File, known: bool) -> None:
    """The row is the file's, as the hash shows; pip lists the beginning of its name as installed, too."""
    found = look(tmp_path, wheel(add=unquoted(COMMAS), members=(COMMAS,)), file)
    assert (([], ["record-absent"]) if known else (["record-absent"], [])) == told(found)
    assert not known or "'demo/a'" in next(each.text for each in found.warnings if each.kind == "record-absent")


def test_name_whose_beginning_is_another_file(tmp_path: Path) -> None:
    """As coverage names its annotated sources: both rows count, and nothing is missing."""
    other = Member("demo/__init__.py,cover", b"> x\n")
    assert ([], []) == told(look(tmp_path, wheel(add=unquoted(other), members=(other,)), NONE))


def test_unquoted_row_of_another_content(tmp_path: Path) -> None:
    """Its hash counts as any."""
    row = unquoted(Member(COMMAS.name, b"y\n"))
    assert ([], ["record-absent", "record-differs"]) == told(look(tmp_path, wheel(add=row, members=(COMMAS,)), SHA256))


@pytest.mark.parametrize("path", ["../../../bin/python", "/etc/passwd", "other/__init__.py"])
def test_beginning_of_what_belongs_to_others(tmp_path: Path, path: str) -> None:
    """Is refused like a row of its own."""
    row = f"{path},x,sha256=x,1\n"
    assert (["record-absent", "record-absent"], []) == told(look(tmp_path, wheel(add=row), SHA256))


@pytest.mark.parametrize("file", [SHA256, NONE, LOCAL])
def test_separators_of_windows(tmp_path: Path, file: File) -> None:
    """Some build tools wrote them into RECORD, and not into the archive."""
    member = Member("demo/sub/more.py", b"x = 1\n")
    row = record_row(member.name, member.content).replace("/", "\\", 2)
    assert "demo\\sub\\more.py" in row
    assert ([], []) == told(look(tmp_path, wheel(add=row, members=(member,)), file))
    assert (["record-absent"], []) == told(look(tmp_path, wheel(add="..\\..\\python,,\n"), file))


def test_several_are_counted(tmp_path: Path) -> None:
    """One sentence names the first and counts the rest."""
    members = tuple(Member(f"demo/{number}.py", b"") for number in range(3))
    (warning,) = look(tmp_path, wheel(members=members), SHA256).warnings
    assert ("RECORD does not list 'demo/0.py' and 2 more", "3") == (warning.text, warning.data["count"])


@pytest.mark.parametrize(("file", "kinds"), [(SHA256, []), (SHA512, []), (MD5, ["weak-hash"]), (NONE, ["no-hash"])])
def test_what_the_archive_was_checked_against_is_told(tmp_path: Path, file: File, kinds: list[str]) -> None:
    """No hash, and none that withstands forgery, are each told."""
    assert kinds == [each.kind for each in look(tmp_path, pack(demo()), file).warnings]
