from __future__ import annotations

import argparse

import pytest

from pip_fastupdate.arguments import parser
from pip_fastupdate.arguments.shell.completion import completion_for
from pip_fastupdate.arguments.shell.completion_texts import TEMPLATES
from pip_fastupdate.arguments.shell.init import FUNCTIONS
from pip_fastupdate.cli import main

OPTIONS = [word for action in parser()._actions for word in action.option_strings]
SHELLS = list(TEMPLATES)


def _as_written(shell: str, option: str) -> str:
    """How a shell's text has an option."""
    name = option.lstrip("-")
    return {
        "bash": f" {option} ",
        "zsh": f"\n        '{option}:",
        "fish": f" -l {name} " if option.startswith("--") else f" -s {name} ",
        "powershell": f", @('{option}', '",
    }[shell]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed has the function, every option of the parser and nothing left to fill in."""
    assert 0 == main(["--shell-init", shell])
    text = capsys.readouterr().out
    assert text.startswith(FUNCTIONS[shell])
    words = text.replace("'", " ") if shell == "bash" else text
    assert [each for each in OPTIONS if _as_written(shell, each) not in words] == []
    assert [mark for mark in ("OPTIONS", "CHOICES", "FILES", "OTHER", "VALUES") if f"@{mark}@" in text] == []


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ("zsh", "'--odd:it'\\''s \\ $(x) ...?'"),
        ("fish", "-l odd -d 'it\\'s \\\\ $(x) ...?' -x -a 'a b'"),
        ("powershell", "@('--odd', 'it''s \\ $(x) ...?')"),
    ],
)
def test_quoted_help(shell: str, expected: str) -> None:
    """Help is inert in every shell, and ASCII."""
    made = argparse.ArgumentParser(add_help=False)
    made.add_argument(
        "--odd", choices=["a", "b"], help="it's \\ $(x) \N{HORIZONTAL ELLIPSIS}\N{RIGHT SINGLE QUOTATION MARK}"
    )
    made.add_argument("--names", metavar="NAME", help="names")
    made.add_argument("--file", metavar="FILE", help="a file")
    made.add_argument("--other", help="a value")
    made.add_argument("--hidden", help=argparse.SUPPRESS)
    text = completion_for(shell, made)
    assert expected in text
    assert text.isascii()
    assert "hidden" not in text
