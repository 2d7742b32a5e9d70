"""One run at a time on one environment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pip_fastupdate.errors import EnvironmentLocked, TransactionError
from pip_fastupdate.transaction.lock import FileLock, FolderLock, Lock, held, hold
from tests.unit.transactions import Env


@pytest.fixture
def env(tmp_path: Path) -> Env:
    prefix = tmp_path / "env"
    prefix.mkdir()
    return Env(prefix)


def never() -> None:
    raise AssertionError("nobody has to wait")


@pytest.fixture(params=[FolderLock, FileLock])
def kind(request: pytest.FixtureRequest) -> type[Lock]:
    if request.param is FolderLock and os.name == "nt":
        pytest.skip("folders cannot be locked")
    return request.param


HOLDER = """
import sys
sys.path.insert(0, {root!r})
from pip_fastupdate.transaction.lock import FileLock, FolderLock
lock = {kind}({folder!r})
assert lock.acquire()
print("held", flush=True)
sys.stdin.readline()
lock.release()
"""


class Holder:
    """Another process that holds a lock."""

    def __init__(self, kind: type[Lock], folder: Path) -> None:
        program = HOLDER.format(root=str(Path(__file__).parents[2]), kind=kind.__name__, folder=str(folder))
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "held\n"

    def let_go(self) -> None:
        self.process.communicate("\n")
        assert self.process.returncode == 0


@pytest.fixture
def holder(kind: type[Lock], env: Env) -> Iterator[Holder]:
    made = Holder(kind, env.home if kind is FileLock else env.prefix)
    yield made
    if made.process.poll() is None:
        made.let_go()


def lock_of(kind: type[Lock], env: Env) -> Lock:
    return kind(str(env.home if kind is FileLock else env.prefix))


def test_lock_leaves_nothing_behind(env: Env) -> None:
    """It is there as long as it is held, and again afterwards."""
    for _ in range(2):
        with env.store.lock(0, never):
            assert list(env.prefix.iterdir()) == []


def test_refused_at_once(kind: type[Lock], env: Env, holder: Holder) -> None:
    """With the other's process id, without waiting."""
    with pytest.raises(EnvironmentLocked) as caught, held(lock_of(kind, env), 0, never):
        pass
    assert caught.value.message == f"Another run is changing this environment (process {holder.process.pid})."


def test_waits_with_a_word(kind: type[Lock], env: Env, holder: Holder) -> None:
    """Until the other is done."""
    later = threading.Timer(0.1, holder.let_go)
    with held(lock_of(kind, env), 20, later.start):
        assert later.ident is not None
    later.join()


def test_waits_only_so_long(kind: type[Lock], env: Env, holder: Holder) -> None:
    """Then it is refused."""
    told = []
    with pytest.raises(EnvironmentLocked), held(lock_of(kind, env), 0.1, lambda: told.append(1)):
        pass
    assert told == [1]


def test_killed_holder_holds_no_more(kind: type[Lock], env: Env, holder: Holder) -> None:
    """No lock survives its process."""
    holder.process.kill()
    holder.process.communicate()
    with held(lock_of(kind, env), 0, never):
        pass


def test_lock_file_goes_with_its_folder(env: Env) -> None:
    """Unless something else is in there."""
    with held(FileLock(str(env.home)), 0, never):
        assert (env.home / "lock").read_text().strip() == str(os.getpid())
    assert not env.home.exists()
    (env.home / "1").mkdir(parents=True)
    with held(FileLock(str(env.home)), 0, never):
        pass
    assert [each.name for each in env.home.iterdir()] == ["1"]


def test_removed_lock_file_is_no_lock(env: Env) -> None:
    """The file that was locked must still be the one that others see."""
    lock = FileLock(str(env.home))
    env.home.mkdir()
    (env.home / "other").touch()

    class Late(FileLock):
        def _is_current(self, descriptor: int) -> bool:
            (env.home / "lock").unlink()
            return super()._is_current(descriptor)

    assert not Late(str(env.home)).acquire()
    assert lock.acquire()
    lock.release()


def test_falls_back_to_a_file(env: Env) -> None:
    """Where the folder cannot be locked; where neither can be, in words."""
    missing = env.prefix / "missing"
    with hold(missing, env.home, 0, never):
        assert (env.home / "lock").exists()
    assert not env.home.exists()
    env.home.write_text("a file")
    with (
        pytest.raises(TransactionError, match=r"^The environment cannot be locked: "),
        hold(missing, env.home, 0, never),
    ):
        pass


def test_unknown_holder(env: Env) -> None:
    """Is nobody."""
    assert (FolderLock(str(env.prefix)).holder(), FolderLock(str(env.home)).holder()) == (None, None)
    assert FileLock(str(env.home)).holder() is None
