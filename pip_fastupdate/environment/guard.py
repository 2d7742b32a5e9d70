"""May this environment be changed at all? Asked before anything is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .._pip import compat
from ..core.errors import EnvironmentRefused, UsageError
from ..core.options import Settings
from .paths import Site, current
from .scan import is_writable, target

_VENV_HINT = "`python -m venv .venv`, then `pip-update --python .venv`"


def check(
    settings: Settings,
    *,
    changing: bool = True,
    site: Site | None = None,
    unwritable: Callable[..., str | None] = is_writable,
) -> None:
    """Refuse what pip would refuse, and what we could not carry out; a run that changes nothing may look at more.

    Raises EnvironmentRefused or UsageError. ``site`` defaults to the running environment.
    """
    site = site or current()
    if settings.require_virtualenv and not site.virtual:
        raise EnvironmentRefused(
            f"{site.prefix} is not a virtual environment, and pip's setting require-virtualenv demands one.",
            hint="activate a virtual environment, or unset PIP_REQUIRE_VIRTUALENV for this run",
        )
    if settings.user and site.user is None:
        where = "a virtual environment has none of its own" if site.virtual else "they are disabled for this Python"
        raise UsageError(
            f"--user means the user's own site-packages, and {where}.",
            hint="drop --user, or PIP_USER and the setting user in pip's configuration",
        )
    if changing:
        compat.check(target().pip)
        _check_managed(settings, site)
        _check_writable(settings, site, unwritable(user=settings.user))


def _check_managed(settings: Settings, site: Site) -> None:
    """PEP 668."""
    marker = Path(site.standard_library, "EXTERNALLY-MANAGED")
    if not settings.break_system_packages and not site.virtual and marker.is_file():
        raise EnvironmentRefused(
            f"{site.prefix} is managed by the operating system's own package manager (PEP 668).",
            hint=f"use a virtual environment: {_VENV_HINT}; --break-system-packages overrules this",
        )


def _check_writable(settings: Settings, site: Site, folder: str | None) -> None:
    if folder is None:
        return
    hint = f"run as the user who owns {site.prefix}, or {_VENV_HINT}"
    if site.user is not None and not settings.user:
        hint += "; --user updates your own packages only"
    raise EnvironmentRefused(f"{folder} cannot be written to.", hint=hint)
