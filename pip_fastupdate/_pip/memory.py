"""Remembers pip's settings on disk, so that finding them again costs no import of pip.

What they depend on is of two kinds. What is known beforehand (variables, options, interpreter, pip) makes the name
of the file. What only pip knew, the files that it read or would have read, is in it with digests of their contents.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from .. import __version__
from .locations import working_folder

_KEPT = 32
"""Files kept: each combination of options, variables and environments has its own."""

_VARIABLES = frozenset(
    (
        *("HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "ALLUSERSPROFILE"),
        *("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONUTF8"),
    )
)
"""Beside ``PIP_*``: where configuration files are looked for, and how they are decoded."""

Digests = Mapping[str, str]
"""Of files by their absolute paths."""


class Memory:
    """The settings remembered for one command line in the present environment."""

    def __init__(self, folder: Path, arguments: Sequence[str]) -> None:
        """``folder`` need not exist."""
        self._folder = folder / "settings"
        self._path = self._folder / f"{_key(arguments)}.json"

    def recall(self) -> dict[str, Any] | None:
        """What was kept, if all that it depends on is still the same."""
        data = _trusted(self._path)
        if data is None:
            return None
        try:
            kept = json.loads(data)
            if kept["digests"] != digests(kept["digests"]):
                return None
            return dict(kept["value"])
        except (ValueError, KeyError, TypeError):  # damaged: it is read anew and written anew
            return None

    def keep(self, value: Mapping[str, Any], sources: Digests) -> None:
        """Remember ``value`` (plain data) for as long as the ``sources`` stay the same.

        Not being able to is no reason to fail: the next run only takes a little longer.
        """
        temporary = self._path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"digests": dict(sources), "value": value}, file)
            temporary.replace(self._path)
            _prune(self._folder)


def default_folder(platform: str = sys.platform) -> Path | None:
    """Our folder in pip's cache where that mostly is on such a ``platform``, known without asking pip.

    None for a user without a home.
    """
    said = os.environ.get("PIP_CACHE_DIR")
    try:
        if said:
            return Path(said).expanduser() / "fastupdate"
        if platform == "win32":
            local = Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser()
            return local / "pip" / "Cache" / "fastupdate"
        if platform == "darwin":
            return Path("~/Library/Caches/pip/fastupdate").expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pip" / "fastupdate"
    except RuntimeError:
        return None


def digests(paths: Iterable[str]) -> dict[str, str]:
    """Of the files' contents; "" for what is not there or cannot be read. Raises ValueError for a pipe and the like."""
    return {path: _digest(Path(path)) for path in paths}


def _digest(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and str(path) != os.devnull:
            raise ValueError(f"{path} is not a file that can be read twice")
        return sha256(path.read_bytes()).hexdigest()
    except OSError:  # pip passes over what is not there; should it appear or become readable, the digest differs
        return ""


def _key(arguments: Sequence[str]) -> str:
    """Digest of all that is known before pip is asked."""
    import pip

    variables = sorted(each for each in os.environ.items() if each[0].startswith("PIP_") or each[0] in _VARIABLES)
    user = os.geteuid() if hasattr(os, "geteuid") else None
    known = [
        __version__,
        pip.__version__,
        pip.__file__,
        sys.version,
        sys.executable,
        sys.prefix,
        working_folder(),
        user,
        list(arguments),
        variables,
    ]
    return sha256(json.dumps(known).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _trusted(path: Path) -> bytes | None:
    """The file's content, unless there is none or somebody else could have written it."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if hasattr(os, "geteuid") and (found.st_uid != os.geteuid() or found.st_mode & 0o022):
                return None
            return file.read()
    except OSError:
        return None


def _prune(folder: Path) -> None:
    """Keep the files written last."""
    files = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for file in files[_KEPT:]:
        file.unlink(missing_ok=True)
