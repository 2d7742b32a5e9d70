"""The kinds of reasons: none twice, none that nobody gives, and words for all that the summary counts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pip_fastupdate
from pip_fastupdate.core import reasons


def test_no_kind_is_twice() -> None:
    """Each is in one of the lists, so that it means one thing."""
    lists = (getattr(reasons, name) for name in dir(reasons) if name[0].isupper() and name != "ReasonKind")
    every = [kind for each in lists for kind in get_args(each) if isinstance(kind, str)]
    assert sorted(get_args(reasons.ReasonKind)) == sorted(every)
    assert len(set(every)) == len(every)


def test_every_kind_is_given() -> None:
    """Somewhere in the program; mypy looks after those that are given and are not there."""
    root = Path(pip_fastupdate.__file__).parent
    sources = [path.read_text(encoding="utf-8") for path in root.rglob("*.py") if path.name != "reasons.py"]
    given = {word for source in sources for word in re.findall(r'"([a-z][a-z-]*)"', source)}
    assert set() == {*get_args(reasons.ReasonKind)} - given


def test_every_kind_that_is_counted_has_words() -> None:
    """The summary says ``2 too recent``, not ``2 cooldown``."""
    counted = reasons.ReasonKind, reasons.Skip, reasons.Filtered, reasons.Changed, reasons.Held
    every, *shown = (frozenset(get_args(each)) for each in counted)
    assert set() == frozenset().union(*shown) - reasons.WORDS.keys()
    assert set() == reasons.WORDS.keys() - every


def test_what_is_aside_is_never_why_something_stays() -> None:
    """The sets that the lists make do not overlap."""
    assert frozenset() == reasons.ASIDE & (reasons.PASSED_OVER | reasons.OF_NEW_VERSION)
