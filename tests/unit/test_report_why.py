"""What holds a package, and what requires it, as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pip_fastupdate.core.models import Reason, Row
from pip_fastupdate.report.holding import holders
from pip_fastupdate.report.view import View
from pip_fastupdate.report.why import render
from tests.support.reports import report, row


def held(name: str, by: str, requirement: str, *required_by: tuple[str, str]) -> Row:
    """One that ``by`` holds at 1."""
    data = {"by": by, "by_version": "1", "requirement": requirement}
    reason = Reason(kind="required-by", text=f"{by} 1 requires {requirement}", data=data)
    return replace(row(name, "1", "1", "2", "hold"), reasons=(reason,), required_by=required_by)


CHAIN = report(
    held("a", "b", "a<2", ("b", "a<2")),
    held("b", "c", "b<2", ("c", "b<2"), ("d", "b")),
    replace(row("c", "1", "1", "1", "current"), direct=True),
    replace(row("d", "1", "1", "1", "current"), required_by=(("b", "d"),)),
)


def test_chain() -> None:
    """Who holds it, who holds that one, and all who require it; one that comes again is not told again."""
    expected = """\
a 1: held; 2 is the newest
└─ b 1 requires a<2
   └─ b 1: held; 2 is the newest
      └─ c 1 requires b<2

what requires a
└─ b 1 requires a<2
   ├─ c 1 requires b<2
   └─ d 1 requires b
      └─ b 1 requires d (see above)"""
    assert expected == render(CHAIN, "a")


def test_current() -> None:
    """Nothing holds what is at its newest, and nobody requires what the user asked for."""
    assert "c 1: up to date\n\nwhat requires c\n└─ you asked for it by name" == render(CHAIN, "c")


def test_what_moves() -> None:
    """From which version to which, for short of the newest, too; the user's wish comes beside what requires it."""
    moving = replace(row("a", "1", "2", "3", "upgrade"), direct=True, required_by=(("b", "a"),))
    text = render(report(moving, row("b", "1", "1", "1", "current")), "a")
    assert (
        "a 1 → 2: upgraded, held back; 3 is the newest\n\nwhat requires a\n├─ b 1 requires a\n"
        "└─ you asked for it by name" == text
    )
    alone = render(report(row("a", None, "2", "2", "add")), "a")
    assert "a 2: added\n\nwhat requires a\n└─ nothing installed" == alone


def test_circle_of_holders() -> None:
    """Two that hold each other are told once each."""
    text = render(report(held("a", "b", "a<2"), held("b", "a", "b<2")), "a")
    assert 1 == text.count("b 1: held; 2 is the newest")
    assert text.count("see above") == 1


def test_chain_without_end() -> None:
    """A tree has so many levels and no more: installed metadata may chain thousands."""
    chain = [held(f"p{each}", f"p{each + 1}", f"p{each}<2", (f"p{each + 1}", "x")) for each in range(2000)]
    text = render(report(*chain), "p0")
    assert 2 == text.count(" (and so on)")
    assert "p99 " in text
    assert "p200 " not in text


def test_what_it_requires_holds_it() -> None:
    """Where its own requirement is in the way, the one it requires is the holder, whatever the spelling."""
    own = held("a", "a", "Other_Name[x]>=2; python_version>'3'")
    rows = {"a": own, "other-name": row("other-name", "1", "1", "2", "hold")}
    assert ("other-name",) == holders(own, rows)
    assert () == holders(own, {"a": own})


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_poor_streams(encoding: str) -> None:
    """Where there are no lines, ASCII draws them; nothing from outside reaches a terminal unescaped."""
    bad = replace(held("a", "b", "a<2"), reasons=(Reason(kind="x", text="evil\x1b]0;\x07 https://me:secret@host/"),))
    text = render(report(bad), "a", View(encoding=encoding))
    text.encode("ascii")
    assert "`- evil\\x1b]0;\\x07 https://****@host/" in text
