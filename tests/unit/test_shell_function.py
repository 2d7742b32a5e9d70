from __future__ import annotations

import pytest

from pip_fastupdate.core.errors import UsageError
from pip_fastupdate.shell import init


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


def test_unknown_shell() -> None:
    """An unknown shell is a wrong usage, with the known ones as a hint."""
    with pytest.raises(UsageError, match="no shell function for 'tcsh'") as caught:
        init.function_for("tcsh")
    assert caught.value.hint == "choose one of bash, zsh, fish, powershell"
