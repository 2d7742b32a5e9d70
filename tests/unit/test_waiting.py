"""Waits that Ctrl-C ends."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

import pip_fastupdate
from pip_fastupdate.core import waiting


def test_result_of_a_future() -> None:
    """The value, or the error, also one that says that time is up."""
    done: Future[int] = Future()
    threading.Timer(0.3, lambda: done.set_result(7)).start()
    assert 7 == waiting.result(done)
    failed: Future[int] = Future()
    failed.set_exception(TimeoutError("of its own"))
    with pytest.raises(TimeoutError, match="of its own"):
        waiting.result(failed)


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
