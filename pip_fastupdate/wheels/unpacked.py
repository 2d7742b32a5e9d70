"""The files of cached wheels, unpacked next to them: with ``--link-mode``, environments share them.

Each file is called by the sha256 that the wheel's RECORD gives it, and hashed again whenever it is used: what is
damaged, half written or changed is not that file, and is unpacked from the wheel. So nothing here needs to be written
as a whole, and several runs may read and add at the same time. Files without such a hash are always unpacked.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..core.cache_folder import CAREFUL, PRIVATE, UNPACKED, is_trusted_file, make, touch
from ..core.files import create, part_of, write_all
from ..core.hashes import SIZES
from ..core.links import LINKS, Link
from ..core.options import LinkMode
from .record import RecordRow

_EXECUTABLE = 0o111

PIECE = 1024**2
"""Bytes hashed at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """How files get from the cache into an environment."""

    link: Link
    keeps_mode: bool
    """True if the permissions come along: then they must be right already."""

    mode: int
    """The permissions of a new file here."""


def linking(mode: LinkMode, cache: Path, staging: Path) -> Linking:
    """Return how, after trying it from the cache to the staging directory. Raises OSError if it cannot be done."""
    link = LINKS[mode]
    one, other = part_of(cache / "wheels"), part_of(staging / "x")
    make(one.parent, cache)
    descriptor = create(str(one), access=os.O_RDWR)
    try:
        write_all(descriptor, b"x" * 4096)
        link(descriptor, str(one), str(other))
        found = stat.S_IMODE(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)
        for each in (one, other):
            with suppress(FileNotFoundError):
                each.unlink()
    return Linking(link=link, keeps_mode=mode == "hardlink" or sys.platform == "darwin", mode=found)


class Unpacked:
    """The files of one wheel."""

    def __init__(self, wheel: Path, rows: Mapping[str, RecordRow], how: Linking) -> None:
        """``wheel`` is cached under its verified hash; ``rows`` are its RECORD's."""
        self._folder = wheel.with_name(wheel.name + UNPACKED)
        self._rows, self._how = rows, how
        self._new: list[tuple[str, str]] = []
        self._open = self._folder.is_dir() and not self._folder.is_symlink()
        if self._open:
            touch(self._folder)

    def take(self, name: str, target: str, *, executable: bool) -> bool:
        """Make the file ``name`` of the wheel appear at ``target``; return False, without it, if it must be
        unpacked.
        """
        digest = self._digest(name)
        if digest is None or not self._open:
            return False
        try:
            return self._take(digest, target, executable)
        except OSError:
            return False

    def _take(self, digest: str, target: str, executable: bool) -> bool:
        path = self._path(digest, executable)
        descriptor = os.open(path, os.O_RDONLY | CAREFUL)
        try:
            if not self._is_sound(descriptor, digest, executable):
                os.unlink(path)  # noqa: PTH108 - text
                return False
            self._how.link(descriptor, path, target)
        finally:
            os.close(descriptor)
        return True

    def _is_sound(self, descriptor: int, digest: str, executable: bool) -> bool:
        status = os.fstat(descriptor)
        if not is_trusted_file(status):
            return False
        if self._how.keeps_mode and stat.S_IMODE(status.st_mode) != self._how.mode | (_EXECUTABLE if executable else 0):
            return False
        return _sha256(descriptor, status.st_size) == digest

    def add(self, name: str, path: str, *, executable: bool) -> None:
        """Note that the file ``name`` of the wheel was unpacked at ``path``."""
        digest = self._digest(name)
        if digest is not None:
            self._new.append((path, self._path(digest, executable)))

    def keep(self) -> None:
        """Keep what was noted for the next environment; what is not possible any more is left out.

        Call it once the files are on disk: to clone one that is not, the system writes it first, one after the other.
        """
        with suppress(OSError):  # a cache that is not writable costs time, nothing else
            if self._new:
                self._folder.mkdir(mode=PRIVATE, exist_ok=True)
        for path, kept in self._new:
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | CAREFUL)
                try:
                    self._how.link(descriptor, path, kept)
                finally:
                    os.close(descriptor)
        self._new.clear()

    def _digest(self, name: str) -> str | None:
        row = self._rows.get(name)
        if row is None or row.algorithm != "sha256" or row.size == 0:
            return None
        try:
            digest = urlsafe_b64decode(f"{row.digest}=")
        except ValueError:
            return None
        return digest.hex() if len(digest) == SIZES["sha256"] else None

    def _path(self, digest: str, executable: bool) -> str:
        return f"{self._folder}{os.sep}{digest}{'.x' if executable else ''}"


def _sha256(descriptor: int, size: int) -> str:
    """Return the digest of an open file of that size; "" if it has another."""
    machine = hashlib.sha256()
    left = size
    while left and (piece := os.read(descriptor, min(left, PIECE))):
        machine.update(piece)
        left -= len(piece)
    return "" if left else machine.hexdigest()
