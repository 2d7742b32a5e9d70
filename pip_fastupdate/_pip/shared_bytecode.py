"""The bytecode of one wheel: taken from the cache, or compiled once and cached."""

from __future__ import annotations

import os
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

from ..cache.bytecode import Keeping, KeptBytecode, open_kept
from ..core.files import create_below, reachable, write_all
from .movable_code import Movable, at, compile_movable, packed, unpacked, with_header


class Shared:
    """A context manager; what is compiled inside is cached if ``keep`` is called."""

    def __init__(self, wheel: Path) -> None:
        """``wheel`` is cached under its hash."""
        path = _beside(wheel)
        self._kept: KeptBytecode | None = open_kept(path)
        self._keeping = Keeping(path=path) if self._kept is None else None

    def __enter__(self) -> Shared:
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._kept is not None:
            self._kept.close()
        if self._keeping is not None:
            self._keeping.discard()

    def keep(self) -> None:
        """Cache what was compiled."""
        if self._keeping is not None:
            self._keeping.finish()

    @property
    def is_new(self) -> bool:
        """True if nothing is cached yet."""
        return self._kept is None

    def make(self, source: Path, name: str, shown: str, compiled: Movable | None = None) -> Path | None:
        """Write the bytecode of ``source``, called ``name`` in the wheel, that tracebacks show as ``shown``.

        ``compiled`` is its code if that is known. Returns None if that is not possible: errors of the compiler and
        conflicts are left to ``py_compile``.
        """
        try:
            status = os.stat(reachable(str(source)))  # noqa: PTH116 - text
            code = self._code(source, name, status.st_size, compiled)
            if code is None:
                return None
            content = with_header(at(shown, code), mtime=status.st_mtime, size=status.st_size)
            return _written(cache_from_source(str(source)), content, status.st_mode)
        except OSError:
            return None

    def _code(self, source: Path, name: str, size: int, compiled: Movable | None) -> Movable | None:
        """Return the code. Raises OSError if the source cannot be read."""
        content = self._kept.take(name, size) if self._kept is not None else None
        code = unpacked(content) if content is not None else None
        if code is None:
            code = compiled or compile_movable(Path(reachable(str(source))).read_bytes())
            if code is not None and self._keeping is not None:
                self._keeping.add(name, packed(code), size)
        return code


def _beside(wheel: Path) -> Path:
    """Return where the bytecode for this kind of interpreter is cached."""
    kind = cache_from_source("x.py").rpartition(os.sep)[2].removeprefix("x.").removesuffix(".pyc")
    return wheel.with_name(f"{wheel.name}.{kind}-{MAGIC_NUMBER.hex()}.pyc")


def _written(path: str, content: bytes, mode: int) -> Path:
    """Write a new file with the permissions of its source. Raises OSError, with nothing written."""
    spelled = reachable(path)
    descriptor = create_below(spelled, (mode | 0o200) & 0o666)
    try:
        try:
            write_all(descriptor, content)
        finally:
            os.close(descriptor)
    except OSError:
        os.unlink(spelled)  # noqa: PTH108 - text; closed, as Windows removes nothing else
        raise
    return Path(path)
