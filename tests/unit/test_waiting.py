"""Waits that Ctrl-C ends."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from pathlib import Path

import pip_fastupdate
from pip_fastupdate.core import waiting


def test_end_of_a_thread() -> None:
    """It is over when this returns."""
    over = threading.Event()
    thread = threading.Thread(target=lambda: over.wait(0.3))
    thread.start()
    waiting.join(thread)
    assert not thread.is_alive()


ENDLESS = {"result", "join", "wait", "acquire", "get", "shutdown"}
"""Names of calls that may wait for ever when they are given nothing."""


def waits(path: Path) -> Iterator[str]:
    """Lines that wait for a thread without a limit of time, as far as one sees that."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ENDLESS:
            value = node.func.value
            name = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""
            if not node.args and not node.keywords and name in ("future", "thread", "process", "done", "ready"):
                yield f"{path.name}: {ast.unparse(node)}"


def test_no_other_wait_is_without_a_limit() -> None:
    """Futures, threads and processes are waited for here, where Ctrl-C is heard on Windows too."""
    package = Path(pip_fastupdate.__file__).parent
    found = {each for path in package.rglob("*.py") if path.name != "waiting.py" for each in waits(path)}
    assert set() == found
