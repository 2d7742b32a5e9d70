"""Checks that the environment may be changed, before anything is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .._pip import compat
from ..core.errors import EnvironmentRefused, UsageError
from ..core.settings import Settings
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
    """Refuse what pip would refuse, and what we could not do; a run without changes may read more.

    Raises EnvironmentRefused or UsageError. ``site`` defaults to the running environment.
    """
    site = site or current()
    if settings.require_virtualenv and not site.virtual:
        raise EnvironmentRefused(
            f"{site.prefix} is not a virtual environment, but pip's require-virtualenv setting requires one",
            hint="activate a virtual environment, or unset PIP_REQUIRE_VIRTUALENV for this run",
        )
    if settings.user and site.user is None:
        where = (
            ("a virtual environment has no user site-packages")
            if site.virtual
            else ("user site-packages are disabled for this Python")
        )
        raise UsageError(
            f"cannot use --user: {where}",
            hint="remove --user, PIP_USER or pip's user setting",
        )
    if changing:
        compat.check(target().pip)
        _check_managed(settings, site)
        _check_writable(settings, site, unwritable(user=settings.user))


def _check_managed(settings: Settings, site: Site) -> None:
    """Check PEP 668."""
    marker = Path(site.standard_library, "EXTERNALLY-MANAGED")
    if not settings.break_system_packages and not site.virtual and marker.is_file():
        raise EnvironmentRefused(
            f"{site.prefix} is managed by the system package manager (PEP 668)",
            hint=f"use a virtual environment ({_VENV_HINT}), or override with --break-system-packages",
        )


def _check_writable(settings: Settings, site: Site, folder: str | None) -> None:
    if folder is None:
        return
    hint = f"run as the owner of {site.prefix}, or use a virtual environment ({_VENV_HINT})"
    if site.user is not None and not settings.user:
        hint += ", or update only your own packages with --user"
    raise EnvironmentRefused(f"{folder} is not writable", hint=hint)
