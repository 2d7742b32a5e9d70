"""May this environment be changed at all? Asked before anything is downloaded."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from ..errors import EnvironmentRefused, UsageError
from ..options import Settings
from . import compat
from .environment import is_writable, target

_VENV_HINT = "python -m venv .venv, then run pip-update with .venv/bin/python -m pip_fastupdate"


def check(settings: Settings, *, changing: bool = True) -> None:
    """Refuse what pip would refuse, and what we could not carry out; a run that changes nothing may look at more.

    Raises EnvironmentRefused or UsageError.
    """
    virtual = sys.prefix != sys.base_prefix
    if settings.require_virtualenv and not virtual:
        raise EnvironmentRefused(
            f"{sys.prefix} is not a virtual environment, and pip's setting require-virtualenv demands one.",
            hint="activate a virtual environment, or unset PIP_REQUIRE_VIRTUALENV for this run",
        )
    if settings.user:
        _check_user_site(virtual)
    if changing:
        compat.check(target().pip)
        if not settings.break_system_packages:
            _check_managed(virtual)
        _check_writable(settings)


def _check_user_site(virtual: bool) -> None:
    """pip, too, installs for the user only where the interpreter sees the user's site-packages."""
    import site

    if virtual or not site.ENABLE_USER_SITE:
        where = "a virtual environment has none" if virtual else "they are disabled for this Python"
        raise UsageError(
            f"--user means the user's own site-packages, and {where}.",
            hint="drop --user, or PIP_USER and the setting user in pip's configuration",
        )


def _check_managed(virtual: bool) -> None:
    """PEP 668; the marker's place is the specification's, its words are the distributor's."""
    if virtual or not Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").is_file():
        return
    from pip._internal.exceptions import ExternallyManagedEnvironment
    from pip._internal.utils.misc import check_externally_managed

    try:
        check_externally_managed()
    except ExternallyManagedEnvironment:
        raise EnvironmentRefused(
            f"{sys.prefix} is managed by the operating system's own package manager (PEP 668).",
            hint=f"use a virtual environment: {_VENV_HINT}; --break-system-packages overrules this",
        ) from None


def _check_writable(settings: Settings) -> None:
    folder = is_writable(user=settings.user)
    if folder is not None:
        alone = "" if settings.user or sys.prefix != sys.base_prefix else "; --user updates your own packages only"
        hint = f"run as the user who owns {sys.prefix}, or {_VENV_HINT}{alone}"
        raise EnvironmentRefused(f"{folder} cannot be written to.", hint=hint)
