"""The directories of the running environment, found without importing pip."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..core.files import real, working_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where this interpreter installs to. Paths are absolute, real (no symbolic links) and case-normalized."""

    prefix: str
    virtual: bool
    """True for a virtual environment (PEP 405)."""

    packages: frozenset[str]
    """``purelib`` and ``platlib``, usually the same directory."""

    user: str | None
    """The user's own site-packages; None if this interpreter ignores it."""

    standard_library: str
    """The interpreter's own directory."""

    roots: tuple[str, ...]
    """Everything an installation here may write is below one of these."""

    def manages(self, folder: str, *, user_only: bool = False) -> bool:
        """Return whether a distribution in ``folder`` (real path) is installed in this very environment."""
        return folder == self.user or (not user_only and folder in self.packages)

    def permits(self, folder: str) -> bool:
        """Return whether ``folder`` (real path) is below one of the roots."""
        return any(folder == root or folder.startswith(root.rstrip(os.sep) + os.sep) for root in self.roots)


@lru_cache(maxsize=1)
def current() -> Site:
    """Return the running interpreter's directories."""
    return describe(virtual=sys.prefix != sys.base_prefix, user_enabled=bool(site.ENABLE_USER_SITE))


def describe(*, virtual: bool, user_enabled: bool) -> Site:
    """Return the directories of this interpreter; ``user_enabled`` says whether it uses the user's site-packages."""
    scheme = scheme_paths()
    user = site.getusersitepackages() if user_enabled and not virtual else None
    roots = [sys.prefix, *scheme.values(), *([user, site.getuserbase()] if user else [])]
    return Site(
        prefix=real(sys.prefix),
        virtual=virtual,
        packages=frozenset((real(scheme["purelib"]), real(scheme["platlib"]))),
        user=real(user) if user else None,
        standard_library=sysconfig.get_path("stdlib"),
        roots=tuple(dict.fromkeys(real(root) for root in roots)),
    )


def scheme_paths(*, user: bool = False, by_sysconfig: bool | None = None) -> dict[str, str]:
    """Return directories by pip's keys (``purelib``, ``platlib``, ``scripts``, ``data``), as in its ``get_scheme("")``.

    A distributor may have decided against ``by_sysconfig`` (pip #10647); then pip itself is called. Raises KeyError if
    this platform has no user scheme.
    """
    if by_sysconfig is None:
        by_sysconfig = getattr(sysconfig, "_PIP_USE_SYSCONFIG", True)
    if by_sysconfig:
        paths = sysconfig.get_paths(sysconfig.get_preferred_scheme("user" if user else "prefix"))
        return {key: paths[key] for key in _KEYS}
    from .._pip.facts import scheme

    return {key: getattr(scheme(user=user), key) for key in _KEYS}


_KEYS = ("purelib", "platlib", "scripts", "data")


def search_path(paths: Iterable[str | os.PathLike[str]] | None = None) -> list[str]:
    """Return ``paths`` (default: ``sys.path``) as pip sees it.

    ``python -m`` puts the current directory first, and pip removes it.
    """
    found = [os.fspath(path) for path in (_at_first() if paths is None else paths)]
    if found and found[0] in ("", working_folder()):
        del found[0]
    return [path or os.curdir for path in found]


@lru_cache(maxsize=1)
def _at_first() -> tuple[str, ...]:
    """Return ``sys.path`` at the first call: some imports, such as pkg_resources, add to it."""
    return tuple(sys.path)
