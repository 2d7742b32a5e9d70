from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from pip_fastupdate.core.models import WrittenFile
from pip_fastupdate.report import markdown
from tests.support.reports import mixed, report, row


def test_whole_page() -> None:
    """Changes are in a table, what was left alone is folded, what failed is open."""
    expected = """\
        ## Upgraded 2, added 1, held 1, skipped 1, failed 1 of 6 packages in 3.1 s

        Python 3.11.7, pip 26.3, /venv

        | Package | Current | Latest | Status |
        | --- | --- | --- | --- |
        | attrs | 23.1 | 26.1 | upgraded |
        | numpy | 1.25.0 → 1.26.4 | 2.3.1 | upgraded, held back: numba 0.59.1 requires numpy&lt;1.27 |
        | typing-inspection | - | 0.4 | added |

        <details>
        <summary>1 held</summary>

        | Package | Current | Latest | Status |
        | --- | --- | --- | --- |
        | pydantic-core | 2.1 | 2.9 | held: pydantic 2.5 requires pydantic-core==2.1 |

        </details>

        <details>
        <summary>1 skipped</summary>

        | Package | Current | Latest | Status |
        | --- | --- | --- | --- |
        | myproject | 0.1 | - | skipped: editable |

        </details>

        <details open>
        <summary>1 failed</summary>

        | Package | Current | Latest | Status |
        | --- | --- | --- | --- |
        | broken | 0.1 | 0.3 | failed: the wheel is not what the index says |

        </details>

        - warning: 1 file changed"""
    assert textwrap.dedent(expected) == markdown.render(mixed(warnings=("1 file changed",)))


def test_nothing_to_do() -> None:
    """Nothing to do is a heading and the environment."""
    text = markdown.render(report(row("a", "1", "1", "1", "current")))
    assert text == "## Everything is up to date (1 package) in 3.1 s\n\nPython 3.11.7, pip 26.3, /venv"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a|b", "a\\|b"),
        ("!=1.*, !=2.*", "!=1.\\*, !=2.\\*"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("`rm` [x] \\", "\\`rm\\` \\[x\\] \\\\"),
        ("two\nlines", "two lines"),
        ("https://me:pw@host/x", "https://\\*\\*\\*\\*@&#8203;host/x"),
        ("summary by @somebody, @org/team", "summary by @&#8203;somebody, @&#8203;org/team"),
        ("a @ file:///x, me@example", "a @ file:///x, me@example"),
    ],
)
def test_escape(given: str, expected: str) -> None:
    """Markdown shows a text as it is, in one cell."""
    assert markdown.escape(given) == expected


def test_a_diff_stays_in_its_block() -> None:
    """Tildes in a file do not end it, and what a terminal or an editor could obey is escaped."""
    diff = "@@\n ~~~~~~~~\n <img src=x>\n+\x1b[2J\u202ea==1"
    file = WrittenFile(path=Path("requirements.txt"), changed=(), diff=diff)
    text = markdown.render(replace(mixed(), files=(file,)))
    block = text[text.index("~~~~~~~~~diff") :]
    shown = ["@@", " ~~~~~~~~", " <img src=x>", "+\\x1b[2J\\u202ea==1", "~~~~~~~~~"]
    assert ["~~~~~~~~~diff", *shown] == block.split("\n")[:6]
