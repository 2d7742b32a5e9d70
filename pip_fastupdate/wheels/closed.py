"""Places where no wheel may write: files that the interpreter reads at startup, and this program's own directory.

The list follows CPython's ``Modules/getpath.py`` (``._pth`` next to the executable or its library, ``pyvenv.cfg`` there
or one directory up, ``pybuilddir.txt``, ``Modules/Setup.local``, the zipped and the plain standard library below
``lib``, ``lib64`` and ``DLLs``), ``site.py``, and the loaders of Windows and macOS, which look for libraries next to
the program.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Literal

Scheme = Literal["lib", "scripts", "headers", "data"]

OWN_FOLDER = ".pip-fastupdate"
"""Directory of the transactions: recovery and ``--undo`` obey its content."""

_SHORT = re.compile(r"pip-fa~\d+|pi[0-9a-f]{4}~\d+")
"""Other names of that directory on Windows (8.3 names)."""

_INTERPRETER = re.compile(
    r"(?:python|pypy|graalpy)[w\d.]*t?(?:_d)?(?:-intel64|-32)?(?:\.exe)?(?:\.(?:local|manifest|config))?"
    r"|(?:de)?activate(?:\..+|_this\.py)?"
)
_BESIDE = re.compile(r".*\._pth|pyvenv\.cfg|pybuilddir\.txt|__pyvenv_launcher__|python\d*\.zip|.*\.(?:dll|pyd|drv|ocx)")
"""At the top of the executable's directory, or of the environment, which is that directory on Windows."""

_STDLIB = re.compile(r"(?:lib(?:32|64)?/(?:(?:python|pypy|graalpy)[\d.]+t?)/.+|lib(?:32|64)?/python\d+t?\.zip|dlls/.+)")
_LIBRARY = re.compile(r"lib(?:32|64)?/(?:lib(?:python|pypy)[^/]*|[^/]*\._pth)")
_TOPS = frozenset({"lib", "lib32", "lib64", "bin", "scripts", "include", "share", "dlls", "python", ".python"})
"""Directories of the environment, links to one (``lib64``), or the library of a framework's Python."""


def plain(path: str) -> str:
    """Return the path as file systems that fold case, normalize Unicode or drop characters may read it."""
    if not path.isascii():
        shown = (each for each in unicodedata.normalize("NFKC", path) if unicodedata.category(each) != "Cf")
        path = "".join(shown)
    path = path.casefold()
    if ". " in path or "./" in path or " /" in path or path.endswith((".", " ")) or ":" in path:  # Windows drops them
        path = "/".join(part.partition(":")[0].rstrip(". ") or part for part in path.split("/"))
    return path


def is_own(path: str) -> bool:
    """Return whether any directory on the way, in any spelling, is one that only this program may write to."""
    if "~" not in path and path.isascii() and OWN_FOLDER not in path.lower():
        return False
    return any(part == OWN_FOLDER or _SHORT.fullmatch(part) for part in plain(path).split("/"))


def is_interpreter(script: str) -> bool:
    """Return whether a command of that name belongs to the environment itself."""
    return _INTERPRETER.fullmatch(plain(script)) is not None


def is_closed(scheme: Scheme, path: str, *, windows: bool) -> bool:
    """Return whether a file at ``path`` of the scheme's directory affects or replaces the interpreter."""
    if scheme == "scripts":
        name = plain(path)
        return is_interpreter(path) or _BESIDE.fullmatch(name) is not None or name.startswith("modules/setup")
    return scheme == "data" and _is_closed_below_prefix(plain(path), windows=windows)


def _is_closed_below_prefix(path: str, *, windows: bool) -> bool:
    top, slash, rest = path.partition("/")
    if not slash:
        return top in _TOPS or _BESIDE.fullmatch(top) is not None or (windows and is_interpreter(top))
    if windows and top == "lib":  # there the standard library itself
        module = rest.partition("/")[0].partition(".")[0]
        return module in _STDLIB_MODULES
    return _STDLIB.fullmatch(path) is not None or _LIBRARY.fullmatch(path) is not None or path == "modules/setup.local"


_STDLIB_MODULES = frozenset(map(str.casefold, sys.stdlib_module_names))
