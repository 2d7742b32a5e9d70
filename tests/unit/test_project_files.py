"""Requirements in files: which bytes a new version changes, and which it must not."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pip_fastupdate._pip import requirement_files, toml
from pip_fastupdate.core.errors import UsageError
from pip_fastupdate.core.options import CacheOptions, Options
from pip_fastupdate.core.settings import RequirementLine, Settings
from pip_fastupdate.project_files import pyproject, requirements
from pip_fastupdate.project_files.rewrite import Edit, Unwritable, edited, moved, relaxed
from pip_fastupdate.project_files.writable import Writable, open_pyproject, open_requirements
from pip_fastupdate.update.project.files import project_of

try:
    import tomllib
except ImportError:  # Python 3.10
    from pip._vendor import tomli as tomllib


def _chain(length: int, members: str) -> str:
    """Groups that include the next one each, the first called a."""
    names = ["a", *(f"g{number}" for number in range(1, length))]
    lines = [f"{name} = [{members.replace('#', str(number))}]" for number, name in enumerate(names, 1)]
    return "\n".join(("[dependency-groups]", *lines, f"g{length} = ['x']"))


def after(text: str, target: str, *, lower_bounds: bool = False) -> str:
    return edited(text, moved(text, Version(target), lower_bounds=lower_bounds))


@pytest.mark.parametrize(
    ("before", "target", "expected"),
    [
        ("a==1.0", "2.3.1", "a==2.3.1"),
        ("a == 1.0", "2.3.1", "a == 2.3.1"),
        ("a (==1.0)", "2.3.1", "a (==2.3.1)"),
        ("a===1.0", "2.3.1", "a===2.3.1"),
        ("a~=1.0", "2.3.1", "a~=2.3"),
        ("a~=1.0.0", "2.3", "a~=2.3.0"),
        ("a~=1.4.2", "1.5.1", "a~=1.5.1"),
        ("a~=1.0", "1.9", "a~=1.0"),
        ("a>=1.0,<2", "2.3.1", "a>=1.0,<3"),
        ("a<2.0,>=1", "2.3.1", "a<3.0,>=1"),
        ("a<2.0.0", "2.3.1", "a<3.0.0"),
        ("a>=1.2 , <1.27", "2.3.1", "a>=1.2 , <2.4"),
        ("a<=1.5", "2.3.1", "a<=2.3.1"),
        ("a==1.*", "2.3.1", "a==2.*"),
        ("a==1.2.*", "2.3.1", "a==2.3.*"),
        ("a==1.2.*", "1.2.9", "a==1.2.*"),
        ("a>=1.0", "2.3.1", "a>=1.0"),
        ("a>1", "2.3.1", "a>1"),
        ("a", "2.3.1", "a"),
        ("a!=2.0,<3", "3.0", "a!=2.0,<4"),
        ("a[x, y]>=1,<2; python_version < '4'", "2.0", "a[x, y]>=1,<3; python_version < '4'"),
        ("a==1!1.0", "1!2.0", "a==1!2.0"),
        ("a<2", "1!1.0", "a<1!2"),
        ("a==1.0", "2.0+cu126", "a==2.0"),
        ("a==1.0+cpu", "2.0+cu126", "a==2.0+cu126"),
        ("a==1.0rc1", "1.0", "a==1.0"),
        ("a<2", "2.0rc1", "a<3"),
        ("a<0.5", "0.5.2", "a<0.6"),
        ("a<0", "0.5", "a<1"),
        ("a>=1, \\\n  <2", "2.1", "a>=1, \\\n  <3"),
    ],
)
def test_moved_as_uv_does(before: str, target: str, expected: str) -> None:
    """An upper bound or a pin moves as exactly as it was written; whatever admits the version stays."""
    assert expected == after(before, target)


@pytest.mark.parametrize(
    ("before", "expected"), [("a>=1.0", "a>=2.3.1"), ("a>=1.0,<2", "a>=2.3.1,<3"), ("a>=3", "a>=3"), ("a>1", "a>1")]
)
def test_lower_bounds_when_asked_for(before: str, expected: str) -> None:
    """A lower bound is raised only on demand, and never lowered."""
    if before == "a>=3":
        with pytest.raises(Unwritable):
            after(before, "2.3.1", lower_bounds=True)
    else:
        assert expected == after(before, "2.3.1", lower_bounds=True)


@pytest.mark.parametrize("text", ["a==3.0", "a>=3", "a~=3.1", "a!=2.3.1", "a===foo", "a==1.0.banana", "-e ."])
def test_what_cannot_be_rewritten(text: str) -> None:
    """A version is never moved backwards, and what cannot be compared is said."""
    with pytest.raises(Unwritable):
        after(text, "2.3.1")


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        *(("==1.0", ">=1.0"), ("==1.*", ">=1"), ("~=1.4", ">=1.4"), (">=1,<2", ">=1"), ("!=1.5,<2", "!=1.5")),
        *(("<=2", ""), ("==2.1+cpu", ">=2.1"), ("===2.1+cpu", ">=2.1"), ("===any", "===any")),
    ],
)
def test_what_stays_of_a_specifier(specifier: str, expected: str) -> None:
    """To plan a rewrite, only what keeps newer versions out is left out."""
    assert expected == relaxed(specifier)
    assert SpecifierSet(expected) is not None, "it is a limit of the plan"


def test_logical_lines() -> None:
    """Lines are continued and counted as pip does, whatever their ends; comments say what to leave alone."""
    text = "a==1 \\\r\n  --hash=sha256:0\r\n# b \\\nb==2  # pip-update: ignore\nc==3 # pip-update:ignored\nd"
    found = requirements.lines(text)
    assert [(1, False), (3, False), (4, True), (5, False), (6, False)] == [(x.number, x.ignored) for x in found]
    assert "a==1 \\\r\n  --hash=sha256:0" == text[found[0].start : found[0].end]
    assert "d" == text[found[-1].start : found[-1].end]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa==1",
        "a==1 # \u00e9".encode("utf-16"),
        b"# -*- coding: latin-1 -*-\na==1 # \xe9",
        "a==1 # \u00e9".encode(),
    ],
)
def test_encodings(data: bytes) -> None:
    """What is decoded is encoded to the same bytes."""
    found = requirements.decode(data)
    assert "a==1" in found.text
    assert data == found.encode(found.text)


def test_undecodable() -> None:
    """Bytes that are not what they say are an error, not a guess."""
    for data in (b"a==1 # \xff", b"# coding: nonsense\na"):
        with pytest.raises(UnicodeError):
            requirements.decode(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a==1\n", None),
        ("# generated code is fun\na==1  # viable\n", None),
        (
            "#\n# This file is autogenerated by pip-compile with Python 3.11\n# by the following command:\n#\n"
            "#    pip-compile --extra=dev pyproject.toml\n#\na==1\n",
            "pip-compile --extra=dev pyproject.toml",
        ),
        (
            "# This file was autogenerated by uv via the following command:\n"
            "#    uv pip compile requirements.in -o requirements.txt\na==1\n    # via b\n",
            "uv pip compile requirements.in -o requirements.txt",
        ),
        ("a==1\n    # via b\nb==2\n", ""),
        ("a==1                    # via b\n", ""),
    ],
)
def test_compiled_files(text: str, expected: str | None) -> None:
    """A file that a program made is known by its head or its notes, and so is the command."""
    assert expected == requirements.compiled_by(text)


DOCUMENT = """\
[project]
name = "x" # a==1
dependencies = [
  'a==1',  # keep
  "b >= 1, <2 ; python_version > '3'",
]\r
[project.optional-dependencies]
dev = ["a==1", "c~=1.0"]
[dependency-groups]
test = [{include-group = "Lint_er"}, "d==1"]
lint-er = ["e"]
"""


def test_declared_requirements() -> None:
    """All three kinds of tables are read, groups with what they include."""
    document = tomllib.loads(DOCUMENT)
    found = pyproject.declared(document)
    tables = ["project.dependencies"] * 2 + ["project.optional-dependencies.dev"] * 2
    assert [*tables, "dependency-groups.test", "dependency-groups.lint-er"] == [each.table for each in found]
    assert ("e", "d==1") == pyproject.group(document, "TEST")


@pytest.mark.parametrize("index", range(5))
def test_only_that_string_changes(index: int) -> None:
    """The same requirement elsewhere, in a comment or another table, stays, as does every other byte."""
    where = pyproject.declared(tomllib.loads(DOCUMENT))[index]
    new = pyproject.replaced(DOCUMENT, tomllib.loads, where, moved(where.text, Version("2.5")))
    before, result = (pyproject.declared(tomllib.loads(text)) for text in (DOCUMENT, new))
    assert [index] == [number for number, (x, y) in enumerate(zip(before, result, strict=True)) if x != y]
    pairs = [(x, y) for x, y in zip(DOCUMENT.split("\n"), new.split("\n"), strict=True) if x != y]
    assert 1 == len(pairs)


def test_escaped_strings() -> None:
    """A requirement that is not there letter by letter is not rewritten."""
    text = '[project]\ndependencies = ["\\u0061==1"]\n'
    where = pyproject.declared(tomllib.loads(text))[0]
    with pytest.raises(Unwritable):
        pyproject.replaced(text, tomllib.loads, where, moved(where.text, Version("2")))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ("[dependency-groups]\na = [{include-group='b'}]\nb = [{include-group='A'}]", "includes itself"),
        ("[dependency-groups]\nb = []", "available: b"),
        ("", "available: none"),
        ("[dependency-groups]\na = 'x'", "not a list"),
        ("[dependency-groups]\na = []\nb-c = ['x']\nB_C = ['y']", "two dependency groups have the name b-c"),
        ("[dependency-groups]\na = [1]", "neither"),
        (_chain(200, "{include-group='g#'}"), "more than 100 others"),
        (_chain(40, "{include-group='g#'}, {include-group='g#'}"), "more than 10000 requirements"),
        (_chain(40, "{include-group='g#'}, {include-group='g#'}").replace("'x'", ""), "more than 10000 requirements"),
    ],
)
def test_wrong_groups(groups: str, message: str) -> None:
    """What does not follow PEP 735 is said."""
    with pytest.raises(pyproject.GroupError, match=message):
        pyproject.group(tomllib.loads(groups), "a")


@pytest.mark.parametrize("text", ["x = " + "[" * 50_000, "x = " + "{a=" * 50_000, "x = " + "9" * 5000])
def test_documents_that_are_too_much(tmp_path: Path, text: str) -> None:
    """Nested beyond measure, or with a number that Python does not read: no document."""
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError, match="could not read"):
        open_pyproject(tmp_path / "pyproject.toml", toml.loads)


@pytest.mark.parametrize("operator", ["==", "===", "~=", "<", "<=", "!="])
def test_numbers_that_python_does_not_read(operator: str) -> None:
    """A requirement with one is left alone."""
    with pytest.raises(Unwritable):
        moved(f"a{operator}{'9' * 5000}", Version("2"))


@pytest.mark.parametrize("text", ["a" + " " * 60_000 + "x", "\n" * 60_000 + "x", "#" * 60_000, "a # via" * 9_000])
def test_lines_take_no_longer_than_they_are(text: str) -> None:
    """Spaces, empty lines and comments without end: the time grows with the length, not with its square."""
    start = time.process_time()
    requirements.lines(text)
    requirements.compiled_by(text)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("line", ["x" * 300 + "!" + "y" * 300, "a; " + "(" * 300 + "os_name=='x'", "a>=" + "9" * 5000])
def test_lines_too_long_for_a_path(tmp_path: Path, line: str) -> None:
    """A line that is no requirement is said to be none, however long it is."""
    (tmp_path / "requirements.txt").write_text(line)
    options = SimpleNamespace(features_enabled=[], isolated_mode=False, format_control=None, release_control=None)
    with pytest.raises(UsageError, match="could not parse"):
        requirement_files.read([str(tmp_path / "requirements.txt")], lambda: None, options)


def test_lock_file_of_other_files(tmp_path: Path) -> None:
    """Next to a pyproject.toml, one that is generated from it counts; a Pipfile.lock is not."""
    path = tmp_path / "pyproject.toml"
    path.write_text("[project]\ndependencies = ['a<2']\n")
    (tmp_path / "Pipfile.lock").touch()
    assert [1] == [len(open_pyproject(path, toml.loads).entries)]
    (tmp_path / "uv.lock").touch()
    with pytest.raises(UsageError, match=r"uv\.lock next to it"):
        open_pyproject(path, toml.loads)


def test_encoding_that_would_change_other_bytes(tmp_path: Path) -> None:
    """Where a character has several bytes, a rewritten file would not have those of before: it is refused."""
    path = tmp_path / "requirements.txt"
    path.write_bytes(b"# coding: cp932 \x87\x90\na==1.0\n")
    with pytest.raises(UsageError, match="several bytes for one of its characters"):
        open_requirements(path, [])


def test_text_of_an_encoded_file(tmp_path: Path) -> None:
    """A diff shows the text of a file, in whatever encoding, such as that of PowerShell's ``>``."""
    path = tmp_path / "requirements.txt"
    path.write_bytes("a==1.0\r\n".encode("utf-16"))
    opened = open_requirements(path, [RequirementLine(text="a==1.0", file=str(path), number=1)])
    assert "a==1.0\r\n" == opened.text(opened.data)
    assert "a==2.0\r\n" == opened.text(opened.rewritten({"a": Version("2.0")}).data)


@pytest.mark.parametrize("written", ["base.txt", "sub/../base.txt", "link.txt"])
def test_one_file_under_two_names(tmp_path: Path, written: str) -> None:
    """Another file may name the one to be written differently: its lines move with the update, and do not bound it."""
    base = tmp_path / "base.txt"
    base.write_text("a==1.0\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.txt").symlink_to(base)
    options = Options(cache=CacheOptions(directory=None), write=(tmp_path / written,))
    line = RequirementLine(text="a==1.0", file=str(base), number=1)
    found = project_of(options, Settings(index_url=None, requirements=(line,)))
    assert ((), [1]) == (found.bounds, [len(each.entries) for each in found.files])
    assert ["a>=1.0"] == list(found.constraints())


def test_file_that_is_named_twice(tmp_path: Path) -> None:
    """``-r FILE --write FILE``: pip's parser has each line twice, and it is moved once, whatever its length."""
    path = tmp_path / "requirements.txt"
    path.write_text("a==1.0\n")
    line = RequirementLine(text="a==1.0", file=str(path), number=1)
    opened = open_requirements(path, [line, line])
    assert b"a==2.10.1\n" == opened.rewritten({"a": Version("2.10.1")}).data


ONE, TWO, THREE = (f"sha256:{digit * 64}" for digit in "123")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"a==1.0 --hash={ONE}", f"a==2.10 --hash={TWO} --hash={THREE}"),
        (f"a==1.0 --hash={ONE} --hash={TWO} # why", f"a==2.10 --hash={TWO} --hash={THREE} # why"),
        (f"a==1.0 \\\r\n    --hash {ONE}", f"a==2.10 \\\r\n    --hash={TWO} \\\r\n    --hash={THREE}"),
        (
            f"a[x]==1.0; python_version>'3' \\\n --hash={ONE} \\\n --hash={TWO} \\\n --hash={THREE}",
            f"a[x]==2.10; python_version>'3' \\\n --hash={TWO} \\\n --hash={THREE}",
        ),
    ],
)
def test_hashes_follow(tmp_path: Path, before: str, after: str) -> None:
    """A line gets all hashes of the new version in place of its own, laid out as those are."""
    opened = hashed(tmp_path, before)
    versions = {"a": Version("2.10")}
    assert ["a"] == opened.rehashed(versions)
    assert f"{after}\nb\n".encode() == opened.rewritten(versions, hashes={"a": (TWO, THREE)}).data


def hashed(folder: Path, text: str) -> Writable:
    path = folder / "requirements.txt"
    path.write_bytes(f"{text}\nb\n".encode())
    requirement = text.partition("--hash")[0].strip(" \r\n\\")
    return open_requirements(path, [RequirementLine(text=requirement, file=str(path), number=1, hashed=True)])


@pytest.mark.parametrize(
    ("text", "hashes", "why"),
    [
        (f"a==1.0 --hash={ONE}", (), "does not give a sha256 hash of every file"),
        (f"a==1.0 --hash={ONE} # not --hash={TWO}", (THREE,), "not next to each other"),
        (f"a<2,>=1 --hash={ONE}", (TWO,), "not of one version"),
        (f"a==1.* --hash={ONE}", (TWO,), "not of one version"),
    ],
)
def test_hashes_that_cannot_follow(tmp_path: Path, text: str, hashes: tuple[str, ...], why: str) -> None:
    """The line is left as it is, and it is said why."""
    opened = hashed(tmp_path, text)
    found = opened.rewritten({"a": Version("2.10")}, hashes={"a": hashes})
    assert (opened.data, 1) == (found.data, len(found.refused))
    assert why in found.refused[0][1]


def test_hashes_of_the_same_version_stay(tmp_path: Path) -> None:
    """Nothing is asked for, nothing is written."""
    opened = hashed(tmp_path, f"a==2.10 --hash={ONE}")
    assert ([], opened.data) == (opened.rehashed({"a": Version("2.10")}), opened.rewritten({"a": Version("2.10")}).data)


def test_edits_that_overlap() -> None:
    """Are refused: what they would make is no requirement."""
    with pytest.raises(ValueError, match="two edits at 3"):
        edited("a==1.0", (Edit(start=3, end=6, new="2.10"), Edit(start=3, end=6, new="2.10")))
    assert "a>=1,<3" == edited("a>=0,<2", (Edit(start=3, end=4, new="1"), Edit(start=6, end=7, new="3")))
