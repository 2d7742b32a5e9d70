"""Installations by tools older than wheels, as pip itself classifies them. None of them is ever changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from .._pip.compat import installed, listening
from ..core.files import real
from ..core.models import Distribution, Reason
from ..core.requirements import is_requirement
from .dist_info import outside
from .paths import Site


def distributions(
    paths: Sequence[str], site: Site, warn: Callable[[str], object], *, user_only: bool
) -> list[Distribution]:
    """Return everything pip finds on ``paths`` other than ``.dist-info`` directories, each with its reason in ``skip``.

    pip reads the ``.dist-info`` directories, too, so that whichever comes first decides, as always.
    """
    with listening():
        try:
            others = [each for each in installed(paths) if not each.installed_with_dist_info]
        except (OSError, ValueError) as error:  # pkg_resources fails at the first file that it cannot read
            warn(f"ignoring packages installed by older tools, which pip could not read: {error}")
            others = []
        classified = [_attempt(each, site, warn, user_only=user_only) for each in others]
    return [each for each in classified if each is not None]


def _attempt(found: Any, site: Site, warn: Callable[[str], object], *, user_only: bool) -> Distribution | None:
    try:
        return _classify(found, site, user_only=user_only)
    except (OSError, ValueError) as error:  # whatever pip raises for unreadable metadata
        warn(f"ignoring {found.location}, whose metadata pip could not read: {error}")
        return None


def _classify(found: Any, site: Site, *, user_only: bool) -> Distribution:
    location = found.location or os.curdir
    installed = found.installed_location or real(location)
    requires = [str(each).strip() for each in found.metadata.get_all("Requires-Dist", [])]
    return Distribution(
        name=str(found.canonical_name),
        version=_version(found),
        requires=tuple(each for each in requires if is_requirement(each)),
        location=Path(location),
        info_name=str(Path(found.info_location or location).absolute()),
        requested=bool(found.requested),
        user_site=bool(found.in_usersite),
        skip=_reason(found, site, installed, user_only=user_only),
    )


def _version(found: Any) -> Version:
    try:
        return Version(str(found.version))
    except (InvalidVersion, ValueError):  # pip's own InvalidVersion is another class, but a ValueError as well
        return Version("0")


def _reason(found: Any, site: Site, installed: str, *, user_only: bool) -> Reason:
    if found.editable:
        return Reason(kind="editable", text=f"editable install of {found.location}")
    if found.installed_by_distutils:
        return Reason(kind="distutils", text="installed by distutils, which recorded no files")
    if found.installed_as_egg:
        return Reason(kind="egg", text="installed as an egg")
    if not site.manages(installed, user_only=user_only):
        return outside(installed)
    return Reason(kind="egg", text="installed by setup.py, not as a wheel")
