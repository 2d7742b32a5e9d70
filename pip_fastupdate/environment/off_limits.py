"""Files of an environment that no distribution owns, whatever its RECORD lists: its interpreter, and itself.

What the interpreter reads at startup is from CPython's ``getpath`` and ``site``; the parts of a virtual environment are
from venv and virtualenv.
"""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from ..core.files import real
from .paths import Site, scheme_paths

Zone = Literal["outside", "closed", "site", "own", "info", "other"]
"""The kind of a directory: outside the environment; never a distribution's; a site-packages itself; a package in
one; a ``.dist-info`` directory or the like; anywhere else in the environment, with scripts, headers and data
files.
"""

_CLOSED = frozenset((".pip-fastupdate", "conda-meta", ".git"))
"""Directories below the prefix: our own, conda's records, and a checkout that contains the environment."""

_INTERPRETER = re.compile(
    r"(python|pythonw|pypy|pypyw|graalpy|libpypy)[0-9.]*t?(_d)?(\.exe|\.dll|\.so|\.dylib)?"
    r"|python[0-9.]*t?-config(\.py)?|venv(w)?launcher(t)?(_d)?\.exe|vcruntime[0-9_]*\.dll|libpython.*"
    r"|(python|pypy)[0-9.]*(_d)?\._pth|python[0-9]*t?\.zip|pybuilddir\.txt|pyvenv\.cfg"
    r"|\N{MATHEMATICAL ITALIC SMALL PI}thon"
)
_ACTIVATION = re.compile(r"(de)?activate(_this)?(\.(sh|csh|fish|ps1|bat|nu|xsh|py))?")
_OF_ENVIRONMENT = frozenset(
    ("pyvenv.cfg", "lib64", ".gitignore", "cachedir.tag", ".lock", "pipx_metadata.json", "uv-receipt.toml")
)
_OF_SITE = frozenset(("_virtualenv.py", "_virtualenv.pth", "easy-install.pth", "site.py"))
_INFO = (".dist-info", ".egg-info", ".egg-link")
_STARTUP = frozenset(("sitecustomize.py", "usercustomize.py"))


@dataclass(frozen=True, kw_only=True)
class OffLimits:
    """Files in the environment of ``site`` that stay although they are listed. Directories are real paths."""

    site: Site
    infos: frozenset[str]
    """Names of the directories that describe the distribution itself, in the file system's case."""

    _zones: dict[str, Zone] = field(default_factory=dict)

    def zone(self, folder: str) -> Zone:
        """Return the kind of a directory; determined once for each."""
        found = self._zones.get(folder)
        if found is None:
            found = self._zones[folder] = self._zone(os.path.normcase(folder))
        return found

    def _zone(self, folder: str) -> Zone:
        site = self.site
        if not site.permits(folder):
            return "outside"
        for packages in (*site.packages, *([site.user] if site.user else [])):
            if folder == packages:
                return "site"
            if folder.startswith(packages + os.sep):
                return self._zone_in(folder[len(packages) + 1 :].partition(os.sep)[0])
        first = folder.removeprefix(site.prefix.rstrip(os.sep) + os.sep).partition(os.sep)[0]
        return "closed" if first.casefold() in _CLOSED or self._is_pythons(folder) else "other"

    def _zone_in(self, first: str) -> Zone:
        if not first.casefold().endswith(_INFO):
            return "own"
        return "info" if first in self.infos else "closed"

    def _is_pythons(self, folder: str) -> bool:
        """Return whether it is the standard library's, or contains the headers of Python itself."""
        if any(folder == each or folder.startswith(each + os.sep) for each in self._libraries):
            return True
        return any(folder in (each, *(f"{each}{os.sep}{name}" for name in _HEADERS)) for each in self._includes)

    @cached_property
    def _libraries(self) -> frozenset[str]:
        names = ("stdlib", "platstdlib")
        return frozenset(
            real(each) for each in (self.site.standard_library, *map(sysconfig.get_path, names)) if each
        ) - {self.site.prefix, *self.site.packages}

    @cached_property
    def _includes(self) -> frozenset[str]:
        return frozenset(real(each) for each in map(sysconfig.get_path, ("include", "platinclude")) if each)

    def is_closed(self, folder: str, name: str) -> bool:
        """Return whether a file of that name in ``folder`` is never a distribution's."""
        zone, plain = self.zone(folder), name.casefold()
        if zone in ("outside", "closed"):
            return True
        if zone == "site":
            return plain in _OF_SITE or (plain.endswith(_INFO) and os.path.normcase(name) not in self.infos)
        return zone == "other" and self._is_environments(os.path.normcase(folder), plain, f"{folder}{os.sep}{name}")

    def _is_environments(self, folder: str, plain: str, path: str) -> bool:
        """Return whether it is part of the environment itself: its interpreter, its settings, its activation
        scripts.
        """
        if folder == self.site.prefix and plain in _OF_ENVIRONMENT:
            return True
        if folder not in self._programs:
            return False
        known = _INTERPRETER.fullmatch(plain) or _ACTIVATION.fullmatch(plain)
        return known is not None or _is_same(path, sys.executable)

    @cached_property
    def _programs(self) -> frozenset[str]:
        """Return directories that may contain an interpreter, its libraries and its settings."""
        prefix = self.site.prefix
        inside = (f"{prefix}{os.sep}{name}" for name in ("bin", "Scripts", "lib", "lib64", "DLLs"))
        return frozenset((prefix, *map(os.path.normcase, inside), *_script_folders()))

    def needs_proof(self, folder: str, name: str, digest: str) -> bool:
        """Return whether being listed with this hash is not enough.

        That is so outside of packages, and for what Python runs at startup. A script may have no hash, but not a wrong
        one: its first line is rewritten on installation, and not every installer records the result.
        """
        zone = self.zone(folder)
        if zone == "other" and not digest and os.path.normcase(folder) in self._programs - {self.site.prefix}:
            return False
        return zone == "other" or (zone == "site" and (name.casefold() in _STARTUP or name.endswith(".pth")))


_HEADERS = ("cpython", "internal")


@cache
def _script_folders() -> frozenset[str]:
    return frozenset((real(scheme_paths()["scripts"]), real(str(Path(sys.executable).parent))))


def _is_same(path: str, other: str) -> bool:
    try:
        return Path(path).samefile(other)
    except OSError:  # one of them does not exist
        return False
