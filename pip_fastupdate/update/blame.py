"""Find the update to blame for a failed import, and how to undo it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from types import TracebackType

from ..core.entry import HistoryEntry
from ..core.errors import TransactionError
from ..transaction import Transactions
from ..transaction.here import transactions

_OURS = frozenset(("pip_fastupdate", "pip_update_recovery", "__main__"))


def modules_of(error: BaseException) -> tuple[str, ...]:
    """Return the top-level modules, not our own, whose import failed with ``error``, innermost first; () if none
    did.
    """
    found = [name for name in _names(error) if name.partition(".")[0] not in _OURS]
    return tuple(dict.fromkeys(name.partition(".")[0] for name in found))


def is_failed_import(error: BaseException) -> bool:
    """Return whether it was raised while a module was imported, whatever it is."""
    return isinstance(error, ImportError) or bool(list(_executed(error.__traceback__)))


def _names(error: BaseException) -> Iterator[str]:
    if isinstance(error, ImportError) and error.name:
        yield error.name
    if isinstance(error, SyntaxError) and error.filename:
        yield from _of_file(error.filename)
    yield from reversed(list(_executed(error.__traceback__)))


def _of_file(path: str) -> Iterator[str]:
    """Return the top-level module that a file on ``sys.path`` belongs to."""
    for folder in filter(None, sys.path):
        if path.startswith(folder.rstrip(os.sep) + os.sep):
            yield path[len(folder.rstrip(os.sep)) + 1 :].split(os.sep, 1)[0].partition(".")[0]


def _executed(trace: TracebackType | None) -> Iterator[str]:
    """Return modules whose own code was running, without the standard library and our own."""
    while trace is not None:
        frame = trace.tb_frame
        name = frame.f_globals.get("__name__", "")
        top = name.partition(".")[0]
        if frame.f_code.co_name == "<module>" and top not in _OURS and top not in sys.stdlib_module_names:
            yield name
        trace = trace.tb_next


def blamed(error: BaseException) -> tuple[str, str]:
    """Return a sentence on the failed import, and a hint that undoes the update that changed it."""
    modules = modules_of(error)
    what = modules[0] if modules else "a part of pip-update"
    said = str(error) or type(error).__name__
    message = f"could not import {what}, so pip-update cannot start: {said}"
    try:
        found = _update_of(transactions(), modules)
    except (TransactionError, OSError) as unreadable:
        return message, f"could not find out what changed it: {unreadable}"
    if found is None:
        first = f"`{sys.executable} -m ensurepip --upgrade`, then " if "pip" in modules else ""
        again = " ".join(name for name in modules[:1] if name != "pip")
        line = f"{sys.executable} -m pip install --upgrade --force-reinstall pip-fastupdate {again}".rstrip()
        return message, f"run {first}`{line}` to fix it"
    entry, changes = found
    listing = ", ".join(f"{name} {before or '(none)'} → {after or '(removed)'}" for name, before, after in changes)
    return message, (
        f"run `pip-update --undo {entry.id}` to undo the update of {entry.when}, which changed it ({listing})"
    )


def _update_of(
    found: Transactions, modules: Sequence[str]
) -> tuple[HistoryEntry, Sequence[tuple[str, str | None, str | None]]] | None:
    """Return the newest update that can be undone and added or removed one of these, with its changes to them."""
    for entry in found.history():
        if not entry.undoable:
            continue
        brought = found.top_levels(entry.id)
        for module in modules:
            changes = [each for each in entry.changes if _is_named(each[0], module)]
            if changes or module in brought:
                return entry, changes or entry.changes
    return None


def _is_named(name: str, module: str) -> bool:
    return re.sub(r"[-_.]+", "_", name).lower() == re.sub(r"[-_.]+", "_", module).lower()
