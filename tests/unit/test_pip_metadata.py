"""Reading METADATA without an e-mail parser, against the e-mail parser; requirements told by their looks."""

from __future__ import annotations

import random
from email.parser import BytesParser, HeaderParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement

from pip_fastupdate.core.names import normalize
from pip_fastupdate.core.requirements import is_requirement
from pip_fastupdate.environment import metadata_file

HEADER = "Metadata-Version: 2.1\nName: Foo\nVersion: 1.0\n"


@pytest.mark.parametrize(
    ("text", "requires"),
    [
        (HEADER + "Requires-Dist: bar\n", ("bar",)),
        (HEADER + "requires-dist:bar>=1\nREQUIRES-DIST: \t baz \n", ("bar>=1", "baz")),
        (HEADER + "Requires-Dist: bar ;\n extra ==\n\t'x'\n", ("bar ; extra == 'x'",)),
        (HEADER + "Requires-Dist: bar\n\nRequires-Dist: no\n", ("bar",)),
        (HEADER + "Requires-Dist: bar\r\n\r\nRequires-Dist: no\r\n", ("bar",)),
        (HEADER.replace("\n", "\r") + "Requires-Dist: bar\r", ("bar",)),
        (HEADER + "Requires-Dist: bar\nDescription without colon\nRequires-Dist: no\n", ("bar",)),
        (HEADER + "Requires-Dist: bar", ("bar",)),
        (HEADER + "Provides-Requires-Dist: no\nX-Requires-Dist: no\n", ()),
        (HEADER + "Description: a\n  Requires-Dist: no\nRequires-Dist: bar\n", ("bar",)),
        ("", ()),
    ],
)
def test_fields_as_an_email_parser_finds_them(text: str, requires: tuple[str, ...]) -> None:
    """Where the header ends, what is a field, how lines are folded."""
    found = metadata_file.parse(text.encode())
    message = BytesParser().parsebytes(text.encode())
    assert found.requires == requires
    assert [" ".join(each.split()) for each in message.get_all("Requires-Dist", [])] == list(requires)
    assert (found.name, found.version) == (message["Name"], message["Version"])


lines = st.lists(
    st.sampled_from(
        [
            "Name: a",
            "name:b",
            "Version: 1",
            "Requires-Dist: c",
            "Requires-Dist:",
            " folded",
            "\tmore",
            "plain",
            "",
            "X: y",
            "From me",
            "From: me",
            ": z",
            "Name : w",
            "Näme: v",
            "\x0cName: u",
            "Requires-Dist: \x0b\x1c\x85t",
        ]
    ),
    max_size=12,
)


@given(lines, st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_header_is_read_like_an_email(found: list[str], end: str) -> None:
    """Whatever the lines, the fields are those of the e-mail parser."""
    data = end.join(["Metadata-Version: 2.1", *found]).encode()
    message = HeaderParser().parsestr(data.decode())
    read = metadata_file.parse(data)
    assert list(read.requires) == [" ".join(each.split()) for each in message.get_all("Requires-Dist", [])]
    expected = (
        message["Name"] and " ".join(message["Name"].split()),
        message["Version"] and message["Version"].split()[0],
    )
    assert (read.name, read.version and read.version.split()[0]) == expected


def test_not_utf8_raises_only_for_the_fields_used() -> None:
    """A summary in another encoding does no harm; a requirement does."""
    assert metadata_file.parse(HEADER.encode() + b"Summary: caf\xe9\n").name == "Foo"
    with pytest.raises(UnicodeDecodeError):
        metadata_file.parse(HEADER.encode() + b"Requires-Dist: caf\xe9\n")


@pytest.mark.parametrize("size", [0, 1, 16 * 1024 - len(HEADER) - 4, 16 * 1024 - len(HEADER), 16 * 1024, 40 * 1024])
def test_long_headers_are_read_to_their_end(tmp_path: Path, size: int) -> None:
    """Wherever the end of a chunk falls, and whatever long text follows."""
    file = tmp_path / "METADATA"
    file.write_text(f"{HEADER}X: {'x' * size}\nRequires-Dist: bar\n\n{'text ' * 9999}")
    assert metadata_file.read(str(file)) == metadata_file.Metadata(name="Foo", version="1.0", requires=("bar",))


def test_header_that_fills_whole_chunks(tmp_path: Path) -> None:
    """The end of the file can be the end of a chunk, too."""
    file = tmp_path / "METADATA"
    file.write_text(f"{HEADER}X: ".ljust(16 * 1024 - 1, "x") + "\n")
    assert metadata_file.read(str(file)).name == "Foo"


@pytest.mark.parametrize(
    "text",
    [
        "foo",
        "foo.bar_baz",
        "foo>=1",
        "foo (>=1,<2)",
        "foo[a,b-c] ~= 1.2 ; python_version < '3.8'",
        'foo ; (python_version >= "3.8" and extra == "x") or sys_platform == \'win32\'',
        'foo==1.*,!=2.0rc1; os_name not in "a b"',
        "foo @ https://example.invalid/foo.whl",
        'foo ; "linux" == sys_platform',
    ],
)
def test_requirements(text: str) -> None:
    """Usual forms, and those that take a parser."""
    assert is_requirement(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "foo>dev",
        "foo (>=1",
        "foo >=1)",
        "foo ~= 1",
        "foo>=1.*",
        "-foo",
        "foo-",
        "foo ; ",
        "foo ; extra",
        "foo ; extra == 'x' and",
        "foo ; (extra == 'x'",
        "foo ; extra == 'x')",
        "foo ; extra == 'x' extra == 'y'",
        "foo ; ) extra == 'x' (",
        "foo ; and extra == 'x'",
    ],
)
def test_no_requirements(text: str) -> None:
    """What packaging refuses is refused."""
    assert not is_requirement(text)


NAMES = ["foo", "a.b", "A-b_c", "foo-", "_x", ""]
EXTRAS = ["", "[x]", "[x,y]", " [ x , y-z ]", "[]", "[x-]"]
VERSIONS = ["1", "1.0", "1.0.*", "2.0rc1", "1.post1", ".", "dev", "1!2", "1.*", "1.0+x"]
OPERATORS = ["==", "!=", "<=", ">=", "<", ">", "~=", "===", "="]
TESTS = [
    'python_version < "3"',
    "extra == 'x'",
    'sys_platform=="linux"',
    'os_name in "a b"',
    'os_name not in "a"',
    'platform_machine not  in "a"',
    "extra == x",
    '"a" == os_name',
    'python_version in"3"',
    "extra",
]


@pytest.mark.parametrize("seed", range(5))
def test_looks_never_deceive(seed: int) -> None:
    """Of thousands of texts that look like requirements, the same ones are found valid as by packaging."""
    dice = random.Random(seed)
    for _ in range(2000):
        text = made_up(dice)
        assert is_requirement(text) == is_valid(text), text


def made_up(dice: random.Random) -> str:
    """Something like a requirement."""
    clauses = [
        dice.choice(OPERATORS) + dice.choice(["", " "]) + dice.choice(VERSIONS) for _ in range(dice.randint(0, 3))
    ]
    joined = dice.choice([",", ", ", " ,", " "]).join(clauses)
    joined = dice.choice([joined, joined, f"({joined})", f" ( {joined} )", f"({joined}", f"{joined})", f"{joined},"])
    text = dice.choice(NAMES) + dice.choice(["", " "]) + dice.choice(EXTRAS) + dice.choice(["", " "]) + joined
    return text + dice.choice(["", ";", " ; "]) + marker(dice) if dice.random() < 0.6 else text


def marker(dice: random.Random, depth: int = 0) -> str:
    """Something like a marker."""
    kind = dice.random()
    if kind < 0.5 or depth > 2:
        return dice.choice(TESTS)
    if kind < 0.75:
        return f"({dice.choice(['', ' '])}{marker(dice, depth + 1)}{dice.choice(['', ' '])})"
    operator = dice.choice([" and ", " or ", "and ", " or(", " xor ", " "])
    return marker(dice, depth + 1) + operator + marker(dice, depth + 1)


def is_valid(text: str) -> bool:
    """packaging's verdict."""
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def test_names_are_normalized() -> None:
    """As PEP 503 says."""
    assert normalize("Foo._-Bar__baz") == "foo-bar-baz"
