"""Caches pip's settings on disk, so that reading them again does not import pip.

To look at 1000 distributions again takes 0.41 s of processor time and 39 MB so, 0.62 s and 57 MB without; at 12, 0.21 s
and 26 MB, 0.42 s and 44 MB without (medians of 7).

They depend on two kinds of things. What is known beforehand (variables, options, interpreter, pip) gives the name of
the file. What only pip knew, the files that it read or would have read, is in it with digests of their contents.
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
from ..core.cache_folder import distrust, is_trusted_file, make
from ..core.files import create, working_folder

_KEPT = 32
"""Maximum number of files: each combination of options, variables and environments has its own."""

_VARIABLES = frozenset(
    (
        *("HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "ALLUSERSPROFILE"),
        *("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONUTF8"),
    )
)
"""In addition to ``PIP_*``: where configuration files are searched, and how they are decoded."""

Digests = Mapping[str, str]
"""Of files by their absolute paths."""


class Memory:
    """The cached settings of one command line in the present environment."""

    def __init__(self, folder: Path, arguments: Sequence[str]) -> None:
        """``folder``, the cache, need not exist."""
        self._cache = folder
        self._folder = folder / "settings"
        self._path = self._folder / f"{_key(arguments)}.json"

    def recall(self) -> dict[str, Any] | None:
        """Return the cached value if everything it depends on is unchanged."""
        data = None if distrust(self._cache) else _trusted(self._path)
        if data is None:
            return None
        try:
            kept = json.loads(data)
            if kept["sum"] != _sum(kept["digests"], kept["value"]) or kept["digests"] != digests(kept["digests"]):
                return None
            return dict(kept["value"])
        except (ValueError, KeyError, TypeError, RecursionError):  # damaged: it is read and written again
            return None

    def keep(self, value: Mapping[str, Any], sources: Digests) -> None:
        """Cache ``value`` (plain data) while the ``sources`` are unchanged.

        Failing to do so is not an error: the next run only takes a little longer.
        """
        if distrust(self._cache):
            return
        temporary = self._path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            make(self._folder, self._cache)
            descriptor = create(os.fspath(temporary), 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                # As it will be read: tuples are lists then.
                plain = json.loads(json.dumps({"digests": dict(sources), "value": value}))
                json.dump({**plain, "sum": _sum(plain["digests"], plain["value"])}, file)
            temporary.replace(self._path)
            _prune(self._folder)


def default_folder(platform: str = sys.platform, *, isolated: bool = False) -> Path | None:
    """Return the usual directory in pip's cache on such a ``platform``, without asking pip.

    None for a user without a home. ``isolated`` ignores ``PIP_CACHE_DIR``.
    """
    said = None if isolated else os.environ.get("PIP_CACHE_DIR")
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
    """Return digests of the files' contents; "" for a missing or unreadable one. Raises ValueError for a pipe and
    the like.
    """
    return {path: _digest(Path(path)) for path in paths}


def _digest(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and str(path) != os.devnull:
            raise ValueError(f"{path} cannot be read twice: it is not a regular file")
        return sha256(path.read_bytes()).hexdigest()
    except OSError:  # pip skips missing files; if one appears or becomes readable, the digest differs
        return ""


def _sum(sources: Any, value: Any) -> str:
    """Return a checksum: content that decodes but is not what was written is damaged, too."""
    return sha256(json.dumps([sources, value], sort_keys=True).encode()).hexdigest()


def _key(arguments: Sequence[str]) -> str:
    """Return a digest of everything known without pip."""
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
    """Return the file's content, unless there is none or another user could have written it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if not is_trusted_file(found) or (hasattr(os, "geteuid") and found.st_mode & 0o022):
                return None
            return file.read()
    except OSError:
        return None


def _prune(folder: Path) -> None:
    """Keep only the files written last."""
    files = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for file in files[_KEPT:]:
        file.unlink(missing_ok=True)
