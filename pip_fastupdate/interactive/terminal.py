"""Whether a user can be asked: checked before a run begins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TextIO

from ..core.errors import UsageError

_NO = ("", "0", "false", "no", "off")
"""Values of ``CI`` that mean that this is not CI."""

_INSTEAD = "drop --interactive, and name the packages to update"


def check(
    stdin: TextIO | None,
    stdout: TextIO | None,
    stderr: TextIO | None,
    environ: Mapping[str, str] = os.environ,
    *,
    windows: bool = os.name == "nt",
) -> None:
    """Raise UsageError if nobody can be asked: in CI, without a terminal, or without prompt_toolkit.

    On Windows, prompt_toolkit draws on the console of standard output, whatever it gets.
    """
    if environ.get("CI", "").lower() not in _NO:
        raise UsageError(f"--interactive cannot be used in CI (CI={environ['CI']})", hint=_INSTEAD)
    streams = {"input": stdin, "error": stderr} | ({"output": stdout} if windows else {})
    for name, stream in streams.items():
        if stream is None or not stream.isatty():
            raise UsageError(f"--interactive requires a terminal, but standard {name} is not one", hint=_INSTEAD)
    if environ.get("TERM") == "dumb":
        raise UsageError("--interactive requires a terminal with a movable cursor, not TERM=dumb", hint=_INSTEAD)
    if not _is_installed("prompt_toolkit"):
        raise UsageError(
            "--interactive requires prompt_toolkit, which is not installed",
            hint='run `pip install "pip-fastupdate[interactive]"`',
        )


def _is_installed(name: str) -> bool:
    """Return whether a module can be imported, also where --python keeps the target's own from being imported."""
    try:
        return find_spec(name) is not None
    except ImportError:
        return False
