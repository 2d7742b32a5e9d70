"""Wheels from anywhere: their inspection ends, soon and with an answer, and sees what the installer makes of them."""

from __future__ import annotations

import random
import string
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.version import Version

from pip_fastupdate._pip.installer import StageFailed, prepare_process, stage
from pip_fastupdate.core.entry_points import script_names
from pip_fastupdate.core.interpreter import this
from pip_fastupdate.core.models import File, Release
from pip_fastupdate.wheels import Inspection, inspect
from pip_fastupdate.wheels.entry_points import commands
from pip_fastupdate.wheels.refusal import Refused
from tests.support.raw_wheels import FILENAME, INFO, demo, pack
from tests.support.thoroughness import examples

CORPUS = Path(__file__).parents[1] / "corpus"
RELEASE = Release(name="demo", version=Version("1.0"), file=File(filename=FILENAME, url="", sha256="0" * 64))
PATIENCE = 5.0
"""Seconds: the slowest takes a tenth of one."""

SECTIONS = st.sampled_from(
    [
        "[console_scripts]",
        "[[console_scripts]]",
        "[gui_scripts]",
        "[ console_scripts ]",
        "[other]",
        "[console_scripts",
        "",
    ]
)
PIECES = st.sampled_from(
    [
        "a",
        "tool",
        "../",
        "..",
        "/",
        "\\",
        ";",
        "#",
        " ",
        "=",
        "[",
        "]",
        ":",
        "python3",
        "\t",
        "\u202e",
        "é",
        ".",
        "-",
        "x",
    ]
)
NAMES = st.lists(PIECES, max_size=6).map("".join)
VALUES = st.sampled_from(
    ["demo:main", "demo:main [x]", "demo", "demo:a.b", "demo:main [../x = demo:y]", "", "x = demo:y"]
)
LINES = st.tuples(NAMES, st.sampled_from([" = ", "=", " "]), VALUES).map("".join)
TEXTS = st.lists(st.one_of(SECTIONS, LINES), max_size=6).map("\n".join)


def look(content: bytes) -> Inspection:
    """What inspection says of it; it says something, and does so in time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, FILENAME)
        path.write_bytes(content)
        start = time.process_time()
        found = inspect(path, RELEASE, before=None, owners=lambda _: None, commands=lambda _: None)
        if not found.refusals:
            this().runs(found.requires_python)
        assert PATIENCE > time.process_time() - start
        return found


@pytest.fixture(scope="module", autouse=True)
def prepared() -> None:
    """As a run does once."""
    prepare_process()


@examples(40, nightly=2000)
@given(TEXTS)
@example("[console_scripts]\na;a = demo:main")
@example("[console_scripts]\na a = demo:main")
def test_commands_are_those_that_the_installer_makes(text: str) -> None:
    """Where the text passes, the files in bin are the commands that were seen, and nothing is beside the root."""
    try:
        seen = commands(text, windows=False)
    except Refused:
        return
    with tempfile.TemporaryDirectory() as folder:
        wheel, root = Path(folder, FILENAME), Path(folder, "deep", "er", "root")
        wheel.write_bytes(pack(demo({f"{INFO}/entry_points.txt": text.encode()})))
        try:
            staged = stage(wheel, name="demo", root=root, requested=False, user=False)
        except StageFailed:
            return
        made = {path.name for path in staged.files if path.parent.name in ("bin", "Scripts")}
        beside = {path.name for path in Path(folder).rglob("*") if root not in (path, *path.parents)}
        # Newer pips create " w" for "demo w", former ones "w".
        assert {name.strip() for name in seen} == {name.removesuffix(".exe").strip() for name in made}
        assert {FILENAME, "deep", "er"} == beside


@examples(40, nightly=2000)
@given(TEXTS)
@example("[console_scripts]\n[console_scripts\n = demo:main")
@example("[console_scripts]\n[a = demo:main")
@example("a = b:c\n[console_scripts]")
def test_installed_commands_are_read_alike(text: str) -> None:
    """Any text ends in names; where it passes, they are those that the wheel was let in with."""
    names = {name.strip() for name in script_names(text)}
    try:
        seen = commands(text, windows=False)
    except Refused:
        return
    assert names == {name.strip() for name in seen}


@examples(50, nightly=2000)
@given(st.randoms(use_true_random=False))
def test_damage_ends_in_words(chance: random.Random) -> None:
    """Bytes changed, cut out, doubled: refused or passed, never an exception."""
    content = bytearray(pack(demo({f"{INFO}/entry_points.txt": b"[console_scripts]\nx = demo:main\n"})))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content))
        if chance.random() < 0.7:
            content[at] = chance.randrange(256)
        else:
            content[at : at + chance.randint(0, 40)] = content[at : at + chance.randint(0, 40)]
    assert isinstance(look(bytes(content)), Inspection)


@examples(40, nightly=2000)
@given(st.text(string.printable + "é\u2028\ud7ff", max_size=200))
def test_any_metadata(text: str) -> None:
    """Whatever stands in RECORD, METADATA, WHEEL or entry_points.txt."""
    data = text.encode()
    for wheel in (
        demo(record=data),
        demo(metadata=b"Name: demo\nVersion: 1.0\n" + data),
        demo(wheel=b"Wheel-Version: " + data),
        demo({f"{INFO}/entry_points.txt": b"[console_scripts]\n" + data}),
    ):
        assert isinstance(look(pack(wheel)), Inspection)


@pytest.mark.parametrize("path", sorted(CORPUS.rglob("*.*")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_corpus(path: Path) -> None:
    """What was once of interest stays so: an answer, in time linear in its length."""
    data = path.read_bytes()
    wheel = {
        "entry_points": lambda: demo({f"{INFO}/entry_points.txt": data}),
        "record": lambda: demo(record=data),
        "metadata": lambda: demo(metadata=data),
    }[path.parent.name]()
    assert isinstance(look(pack(wheel)), Inspection)
