from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import TransactionError
from pip_fastupdate.transaction import Transactions
from pip_fastupdate.transaction.flushing import flush
from tests.unit.transactions import Env, dist, snapshot

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="syncfs is Linux's")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is flushed, while nothing really is: the folder of each file system, or "all"."""
    found: list[str] = []
    monkeypatch.setattr(ctypes.CDLL, "syncfs", staticmethod(_failing(0, found)), raising=False)
    monkeypatch.setattr(os, "sync", lambda: found.append("all"))
    return found


def _failing(code: int, found: list[str]) -> Callable[[int], int]:
    def syncfs(descriptor: int) -> int:
        found.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        ctypes.set_errno(code)
        return -1 if code else 0

    return syncfs


def test_each_file_system_once(calls: list[str], tmp_path: Path) -> None:
    """Two folders of one file system are one call, and no other file system is waited for."""
    (tmp_path / "other").mkdir()
    flush([str(tmp_path), str(tmp_path / "other"), "/proc"])
    assert ["/proc", str(tmp_path / "other")] == sorted(calls)


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM])
def test_where_the_call_is_refused(
    code: int, calls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old kernels and sandboxes do without: then everything is flushed."""
    monkeypatch.setattr(ctypes.CDLL, "syncfs", staticmethod(_failing(code, calls)))
    flush([str(tmp_path)])
    assert [str(tmp_path), "all"] == calls


def test_the_real_call(tmp_path: Path) -> None:
    """The C library has it, and a real file system takes it."""
    (tmp_path / "new").write_bytes(b"x")
    assert hasattr(ctypes.CDLL(None), "syncfs")
    flush([str(tmp_path)])


def test_what_is_not_on_the_disk_is_not_swapped_in(
    calls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the disk ends the update before the first rename: the environment is as it was."""
    env, a = Env(tmp_path / "env"), dist("a", {"a.py": "1"}, {"a.py": "2"})
    env.install(a)
    before = snapshot(env.prefix)
    monkeypatch.setattr(ctypes.CDLL, "syncfs", staticmethod(_failing(errno.EIO, calls)))
    store = Transactions(env.home, env.prefix)
    with pytest.raises(TransactionError, match="could not prepare the update"), store.begin() as transaction:
        transaction.prepare(env.stage(transaction, a))
    assert 1 == len(calls)
    assert before == snapshot(env.prefix)
