"""Compiles staged sources as pip's installer does after unpacking, but in any thread, and for their final places."""

from __future__ import annotations

import csv
import errno
import os
import py_compile
import sys
from collections.abc import Iterable
from contextlib import ExitStack, closing
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.entry_points import script_names
from ..core.files import reachable_tree
from .shared_bytecode import Shared

if TYPE_CHECKING:
    from .compilers import Compilers
    from .movable_code import Movable


def compile_staged(
    info: Path, files: Iterable[Path], live: Path, wheel: Path | None = None, compilers: Compilers | None = None
) -> list[Path]:
    """Compile the Python ``files``, list the bytecode in the RECORD of ``info``, and return the new files.

    ``live`` is the final path of the directory that contains ``info``; tracebacks show paths there. ``wheel`` is where
    the wheel, verified by its hash, is cached: its bytecode is cached next to it and taken from there. If it is not
    there yet, ``compilers`` share the work. A source that does not compile is skipped. Raises OSError if the disk is
    full.
    """
    if sys.pycache_prefix is not None:  # bytecode then belongs elsewhere, outside the environment
        return []
    with ExitStack() as ends:
        shared = None if wheel is None or not _is_usual() else ends.enter_context(Shared(wheel))
        sources = _sources(info, files)
        if compilers is not None and shared is not None and shared.is_new:
            made = _make_together(sources, info, live, shared, compilers)
        else:
            made = [_make(source, info, live, shared) for source in sources]
        if shared is not None:
            shared.keep()
    found = [each for each in made if each is not None]
    _add_to_record(info, found)
    return found


def _is_usual() -> bool:
    """Return whether bytecode is of the normal kind: not checked by hash, with columns, and CPython's."""
    unusual = {"SOURCE_DATE_EPOCH", "PYTHONNODEBUGRANGES"} & os.environ.keys() or "no_debug_ranges" in sys._xoptions
    return sys.implementation.name == "cpython" and not unusual


def _make_together(
    sources: Iterable[Path], info: Path, live: Path, shared: Shared, compilers: Compilers
) -> list[Path | None]:
    with closing(compilers.compile(sources)) as codes:
        return [_make(source, info, live, shared, code) for source, code in codes]


def _make(source: Path, info: Path, live: Path, shared: Shared | None, code: Movable | None = None) -> Path | None:
    """Write the bytecode of ``source``; ``code`` is what it compiles to, None if that is not known."""
    name = _relative(source, info)
    shown = f"{live}{os.sep}{name}"
    if shared is not None and not name.startswith(os.pardir):  # commands have another first line in each environment
        found = shared.make(source, name.replace(os.sep, "/"), shown, code)
        if found is not None:
            return found
    return _compile(source, shown)


def _sources(info: Path, files: Iterable[Path]) -> list[Path]:
    """Return the wheel's own modules: an entry point's wrapper may be called ``x.py``, but is not a module."""
    listed = Path(reachable_tree(str(info / "entry_points.txt")))
    text = listed.read_text(encoding="utf-8", errors="replace") if listed.is_file() else ""
    wrappers = {name for name in script_names(text) if name.endswith(".py")}
    return [each for each in files if each.suffix == ".py" and not _is_wrapper(each, wrappers, info.parent)]


def _is_wrapper(file: Path, wrappers: set[str], library: Path) -> bool:
    return file.name in wrappers and library not in file.parents


def _compile(source: Path, shown: str) -> Path | None:
    target = cache_from_source(str(source))
    try:  # py_compile writes under a longer name first
        py_compile.compile(reachable_tree(str(source)), cfile=reachable_tree(target), dfile=shown, doraise=True)
    except (py_compile.PyCompileError, SyntaxError, UnicodeError):
        return None  # sources for other Pythons, and templates, are common; pip skips them, too
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise
        return None
    return Path(target)


def _add_to_record(info: Path, bytecode: Iterable[Path]) -> None:
    """Add rows as pip writes them: without hash and size, all sorted."""
    record = Path(reachable_tree(str(info / "RECORD")))
    with record.open(encoding="utf-8", newline="") as file:
        rows = [tuple(row) for row in csv.reader(file)]
    rows += [(_relative(each, info).replace(os.sep, "/"), "", "") for each in bytecode]
    with record.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(sorted(rows))


def _relative(path: Path, info: Path) -> str:
    """Return the path relative to the directory of ``info``, with ``..`` if necessary, as in pip's RECORD and
    bytecode.
    """
    start, text = f"{info.parent}{os.sep}", str(path)
    return text[len(start) :] if text.startswith(start) else os.path.relpath(path, info.parent)
