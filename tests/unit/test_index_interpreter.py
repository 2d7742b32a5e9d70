"""Which files fit an interpreter."""

from __future__ import annotations

import packaging
import pytest
from packaging.tags import sys_tags

from pip_fastupdate.core import interpreter
from pip_fastupdate.core.interpreter import FOREIGN, MALFORMED, Interpreter, this

TAGS = ("cp311-cp311-linux_x86_64", "cp311-abi3-manylinux2014_x86_64", "cp39-abi3-linux_x86_64", "py3-none-any")
HERE = Interpreter("3.11.7", lambda: TAGS)


@pytest.mark.parametrize(
    ("tag", "rank"),
    [
        (("cp311", "cp311", "linux_x86_64"), 0),
        (("py2.py3", "none", "any"), 3),
        (("cp39.cp311", "abi3", "linux_x86_64.manylinux2014_x86_64"), 1),
        (("CP39", "ABI3", "Linux_x86_64"), 2),
        (("cp312", "cp312", "linux_x86_64"), FOREIGN),
        (("py3", "none", ""), MALFORMED),
        (("py3.", "none", "any"), MALFORMED),
        (("3", "none", "any"), MALFORMED),
    ],
)
def test_rank_is_the_place_of_the_best_tag(tag: tuple[str, str, str], rank: int) -> None:
    """Compressed sets count as all of their tags (PEP 425)."""
    assert (rank, rank) == (HERE.rank(*tag), HERE.rank(*tag))


@pytest.mark.parametrize(
    ("specifier", "runs"),
    [
        (None, True),
        ("", True),
        (">=3.8", True),
        (">=3.12", False),
        ("!=3.11.7", False),
        ("<3.11", False),
        (">=2.7,!=3.0.*", True),
        ("nonsense", True),
        (">=3.6.*", True),
    ],
)
def test_requires_python(specifier: str | None, runs: bool) -> None:
    """The full version counts; what is no specifier is ignored, as in pip."""
    assert runs is HERE.runs(specifier)


def test_this_interpreter_knows_its_tags() -> None:
    """In packaging's order."""
    first = next(iter(sys_tags()))
    assert 0 == this().rank(first.interpreter, first.abi, first.platform)
    assert this() is this()
    assert this().rank("py3", "none", "any") > 0


def test_signature_tells_interpreters_apart() -> None:
    """Made of version and tags where none is given; the running one has one that needs no tags."""
    others = [Interpreter("3.11.7", lambda: TAGS), Interpreter("3.11.8", lambda: TAGS), Interpreter("3.11.7", tuple)]
    assert 3 == len({each.signature for each in others})
    assert HERE.signature == others[0].signature
    assert this().signature
    assert this().signature not in {each.signature for each in others}


def test_tags_are_asked_for_once() -> None:
    """And not before a wheel has to be judged."""
    asked = []
    lazy = Interpreter("3.11.7", lambda: asked.append(1) or TAGS, signature="s")
    assert [] == asked
    assert (3, 0) == (lazy.rank("py3", "none", "any"), lazy.rank("cp311", "cp311", "linux_x86_64"))
    assert [1] == asked


def test_an_update_of_packaging_does_not_make_answers_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run after it asks for nothing that the run before it asked for."""
    before = interpreter._signature()
    monkeypatch.setattr(packaging, "__version__", "99.0")
    assert before == interpreter._signature()
