"""The program of ``recover.py``: recovery, undo and history, for when pip-update itself cannot start."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import WRONG_USAGE, PipUpdateError
from ..core.text import clean, redact
from .transactions import Transactions

_USAGE = "usage: recover.py [--undo [ID] | --history]"


def main(argv: Sequence[str], script: str, roots: Sequence[str]) -> int:
    """Run the command line in the environment whose directory contains ``script``; return the exit code."""
    home = Path(os.path.realpath(script)).parent
    transactions = Transactions(home=home, prefix=home.parent, roots=roots)
    try:
        return _carry_out(argv, transactions)
    except PipUpdateError as error:
        _say(f"error: {error.message}")
        if error.hint:
            _say(f"hint: {error.hint}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _carry_out(argv: Sequence[str], transactions: Transactions) -> int:
    words = list(argv)
    if words[:1] == ["--history"] and len(words) == 1:
        for entry in transactions.history():
            changes = ", ".join(f"{name} {before or '-'} → {after or '-'}" for name, before, after in entry.changes)
            undo = "can be undone" if entry.undoable else entry.why_not
            print(clean(f"{entry.id}  {entry.when}  {entry.kind}  ({undo})  {changes}"))
        return 0
    if words and (words[0] != "--undo" or len(words) > 2):
        print(_USAGE, file=sys.stderr)
        return 0 if words[0] in ("-h", "--help") else WRONG_USAGE
    with transactions.lock(0, lambda: None, _say):
        message = transactions.recover()
        if message or not words:
            _say(message or "nothing to recover; the environment is unchanged")
        if words:
            entry = transactions.undo(words[1] if len(words) == 2 else None)
            for name, before, after in entry.changes:
                _say(f"{name}: {before or 'not installed'} → {after or 'removed'}")
    return 0


def _say(text: str) -> None:
    print(clean(redact(text)), file=sys.stderr)
