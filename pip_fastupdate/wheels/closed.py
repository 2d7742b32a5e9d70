"""Places that no wheel may write to: what the interpreter obeys when it starts, and this program's own folder.

The list follows CPython's ``Modules/getpath.py`` (``._pth`` beside the executable or its library, ``pyvenv.cfg`` there
or one folder up, ``pybuilddir.txt``, ``Modules/Setup.local``, the zipped and the plain standard library below ``lib``,
``lib64`` and ``DLLs``), ``site.py``, and the loaders of Windows and macOS, which look for libraries beside the program.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Literal

Scheme = Literal["lib", "scripts", "headers", "data"]

OWN_FOLDER = ".pip-fastupdate"
"""Where transactions are kept: what lies there is obeyed by recovery and ``--undo``."""

_SHORT = re.compile(r"pip-fa~\d+|pi[0-9a-f]{4}~\d+")
"""What Windows may call that folder as well (8.3 names)."""

_INTERPRETER = re.compile(
    r"(?:python|pypy|graalpy)[w\d.]*t?(?:_d)?(?:-intel64|-32)?(?:\.exe)?(?:\.(?:local|manifest|config))?"
    r"|(?:de)?activate(?:\..+|_this\.py)?"
)
_BESIDE = re.compile(r".*\._pth|pyvenv\.cfg|pybuilddir\.txt|__pyvenv_launcher__|python\d*\.zip|.*\.(?:dll|pyd|drv|ocx)")
"""At the top of the folder of the executable, or of the environment, which is that folder on Windows."""

_STDLIB = re.compile(r"(?:lib(?:32|64)?/(?:(?:python|pypy|graalpy)[\d.]+t?)/.+|lib(?:32|64)?/python\d+t?\.zip|dlls/.+)")
_LIBRARY = re.compile(r"lib(?:32|64)?/(?:lib(?:python|pypy)[^/]*|[^/]*\._pth)")
_TOPS = frozenset({"lib", "lib32", "lib64", "bin", "scripts", "include", "share", "dlls", "python", ".python"})
"""What is a folder of the environment, or a link to one (``lib64``), or the library of a framework's Python."""


def plain(path: str) -> str:
    """The path as file systems that fold case, normalize Unicode or drop characters may take it."""
    if not path.isascii():
        shown = (each for each in unicodedata.normalize("NFKC", path) if unicodedata.category(each) != "Cf")
        path = "".join(shown)
    path = path.casefold()
    if ". " in path or "./" in path or " /" in path or path.endswith((".", " ")) or ":" in path:  # Windows drops them
        path = "/".join(part.partition(":")[0].rstrip(". ") or part for part in path.split("/"))
    return path


def is_own(path: str) -> bool:
    """Whether any folder on the way, in whatever spelling, is one that only this program may write to."""
    if "~" not in path and path.isascii() and OWN_FOLDER not in path.lower():
        return False
    return any(part == OWN_FOLDER or _SHORT.fullmatch(part) for part in plain(path).split("/"))


def is_interpreter(script: str) -> bool:
    """Whether a command of that name belongs to the environment itself."""
    return _INTERPRETER.fullmatch(plain(script)) is not None


def is_closed(scheme: Scheme, path: str, *, windows: bool) -> bool:
    """Whether the interpreter would obey a file at ``path`` of the scheme's folder, or be replaced by it."""
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
