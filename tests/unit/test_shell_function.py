from __future__ import annotations

import pytest

from pip_fastupdate.arguments.shell import init
from pip_fastupdate.cli import main


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bash", "bash"),
        ("/usr/bin/zsh", "zsh"),
        ("FISH", "fish"),
        ("pwsh", "powershell"),
        ("C:\\Windows\\powershell.exe", "powershell"),
    ],
)
def test_function(name: str, expected: str) -> None:
    """A shell may be named by its path, too."""
    assert init.function_for(name) == init.FUNCTIONS[expected]


def test_unknown_shell(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown shell is a wrong usage, with the known ones as a hint."""
    assert init.function_for("tcsh") is None
    assert 2 == main(["--shell-init", "tcsh"])
    said = capsys.readouterr().err.splitlines()
    assert ["error: unsupported shell 'tcsh'", "hint: use one of bash, zsh, fish, powershell"] == said
