"""Checks whether the running environment is the one that the user means, if the command line does not say."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.errors import UsageError
from ..core.files import real
from ..core.text import typed

_TOOLS = {"pipx_metadata.json": ("pipx", "pipx upgrade {name}"), "uv-receipt.toml": ("uv", "uv tool upgrade {name}")}
"""Files in the environments of tools: who manages these, and how to update one."""

_EPHEMERAL = re.compile(r"[/\\](?:archive|environments|builds)-v[0-9]+[/\\][^/\\]+$")
"""Environments in uv's cache, from which ``uvx`` runs tools."""

_ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX")


def check(warn: Callable[[str, str], object], *, prefix: Path, environ: Mapping[str, str] | None = None) -> None:
    """Warn if another environment than the one at ``prefix`` is active.

    ``warn`` gets a message and a hint. Raises UsageError if this is the environment of a tool managed by pipx or uv:
    nobody means that without saying so.
    """
    active = _active(environ if environ is not None else os.environ)
    _refuse_tool(prefix, active)
    if active is not None and real(str(active)) != real(str(prefix)):
        warn(
            f"the active environment is {active}, but this pip-update updates {prefix}, where it is installed",
            f"run `pip-update --python {typed(str(active))}` to update the active environment",
        )


def _active(environ: Mapping[str, str]) -> Path | None:
    """Return the environment activated last, as far as variables show; one that no longer exists does not count."""
    for name in _ACTIVE:
        if environ.get(name):
            path = Path(environ[name])
            return path if _has_python(path) else None
    return None


def _has_python(folder: Path) -> bool:
    try:
        return any(
            (folder / name).exists() for name in ("bin/python", "Scripts/python.exe", "python.exe", "bin/python.exe")
        )
    except (OSError, ValueError):  # nothing that could be a path
        return False


def _refuse_tool(prefix: Path, active: Path | None) -> None:
    manager, upgrade = manager_of(prefix)
    if not manager:
        return
    other = active if active is not None and real(str(active)) != real(str(prefix)) else None
    if other is None and _has_python(Path(".venv")):
        other = Path(".venv")
    path = typed(str(other)) if other else "PATH"
    itself = f" (`{upgrade.format(name=prefix.name)}` updates the tool itself)" if upgrade else ""
    raise UsageError(
        f"{prefix} is the environment of a tool managed by {manager}; use --python to choose another environment",
        hint=f"run `pip-update --python {path}`{itself}",
    )


def manager_of(prefix: Path) -> tuple[str, str]:
    """Return who manages the tool of this environment, and the command that updates it; "" for any other
    environment.
    """
    for name, found in _TOOLS.items():
        if (prefix / name).is_file():
            return found
    ephemeral = _EPHEMERAL.search(str(prefix)) and (prefix / "CACHEDIR.TAG").is_file()
    return ("uv", "") if ephemeral else ("", "")
