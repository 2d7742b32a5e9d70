"""One run at a time on one environment."""

from __future__ import annotations

import errno
import os
import platform
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import EnvironmentLocked, TransactionError
from pip_fastupdate.transaction.claim import Claim
from pip_fastupdate.transaction.lock import FileLock, Lock, held, hold
from tests.support.platforms import Windows
from tests.support.platforms.windows import refused
from tests.unit.transactions import Env


@pytest.fixture
def env(tmp_path: Path) -> Env:
    prefix = tmp_path / "env"
    prefix.mkdir()
    return Env(prefix)


def never() -> None:
    raise AssertionError("nobody has to wait")


@pytest.fixture(params=[FileLock, Claim])
def kind(request: pytest.FixtureRequest) -> type[Lock]:
    return request.param


HOLDER = """
import sys
sys.path.insert(0, {root!r})
from pip_fastupdate.transaction.lock import FileLock
from pip_fastupdate.transaction.claim import Claim
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
    env.home.mkdir(exist_ok=True)
    made = Holder(kind, env.home)
    yield made
    if made.process.poll() is None:
        made.let_go()


def lock_of(kind: type[Lock], env: Env) -> Lock:
    return kind(str(env.home))


def test_lock_leaves_nothing_behind(env: Env) -> None:
    """It is there as long as it is held, and again afterwards."""
    for _ in range(2):
        with env.store.lock(0, never):
            assert [each.name for each in env.prefix.iterdir()] == [env.home.name]
        assert list(env.prefix.iterdir()) == []


def test_refused_at_once(kind: type[Lock], env: Env, holder: Holder) -> None:
    """With the other's process id, without waiting."""
    with pytest.raises(EnvironmentLocked) as caught, held(lock_of(kind, env), 0, never):
        pass
    where = f" on {platform.node()}" if kind is Claim else ""
    assert (
        caught.value.message
        == f"another pip-update run is changing this environment (process {holder.process.pid}{where})"
    )


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


def test_folder_goes_while_it_is_made(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run removes the folder as soon as it is there: that is no failure, but a reason to try again."""
    chmod, lock, times = os.chmod, FileLock(str(env.home)), iter(range(3))

    def removed_first(path: str, mode: int) -> None:
        if next(times, None) is not None:
            Path(path).rmdir()
        chmod(path, mode)

    monkeypatch.setattr(os, "chmod", removed_first)
    with held(lock, 5, lambda: None):
        assert env.home.exists()
    assert [] == list(env.prefix.iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are not known here")
@pytest.mark.parametrize(("seconds", "expected"), [(0.3, None), (1e9, TransactionError)])
def test_folder_that_is_being_removed_on_windows(
    env: Env, monkeypatch: pytest.MonkeyPatch, seconds: float, expected: type[Exception] | None
) -> None:
    """It cannot be made then, for a moment. What lasts is a lack of permission, and is called that."""
    rules = Windows(env.prefix)

    def pending(path: str, *args: object) -> None:
        if rules.clock.now < seconds:
            raise refused(5, path)

    monkeypatch.setattr(rules, "check_mkdir", pending)
    refusal = nullcontext() if expected is None else pytest.raises(expected, match="permission denied")
    with rules.on(), refusal, hold(env.prefix, env.home, 0, never):
        assert env.home.exists()


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


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_file_system_without_locks(env: Env, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """It is told, and a file that says who is at work does as well, for this run and for another."""

    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("pip_fastupdate.transaction.lock._try", refuse)
    told: list[str] = []
    with hold(env.prefix, env.home, 0, never, told.append):
        assert [each.name for each in env.home.iterdir()] == ["claim"]
        with pytest.raises(EnvironmentLocked), hold(env.prefix, env.home, 0, never):
            pass
    assert not env.home.exists()
    assert told == [f"could not lock {env.home} ({os.strerror(number)}); using a lock file in it"]


def test_claim_of_another_machine(env: Env) -> None:
    """Is respected, since nobody can tell whether that process lives; the user is told which file says so."""
    env.home.mkdir()
    (env.home / "claim").write_text("1 - elsewhere")
    with pytest.raises(EnvironmentLocked) as caught, held(Claim(str(env.home)), 0, never):
        pass
    assert caught.value.message == "another pip-update run is changing this environment (process 1 on elsewhere)"
    assert f"remove {env.home}/claim" in caught.value.hint


def test_claim_of_a_number_used_again(env: Env) -> None:
    """A process that has the number of one that is no more holds nothing."""
    env.home.mkdir()
    (env.home / "claim").write_text(f"{os.getpid()} 1 {platform.node()}")
    with held(Claim(str(env.home)), 0, never):
        pass


@pytest.mark.skipif(os.name == "nt", reason="no modes")
@pytest.mark.parametrize(("mode", "expected"), [(0o755, 0o600), (0o775, 0o660), (0o700, 0o600)])
def test_who_may_only_read_cannot_lock(env: Env, mode: int, expected: int) -> None:
    """The file can be opened by those alone who may change the environment; the folder itself is not locked."""
    env.prefix.chmod(mode)
    with held(FileLock(str(env.home)), 0, never):
        assert stat.S_IMODE((env.home / "lock").stat().st_mode) == expected


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be locked")
def test_lock_on_the_folder_by_a_reader_is_nothing(env: Env) -> None:
    """Whoever can read the environment can lock its folder for ever: nobody waits for that."""
    import fcntl

    descriptor = os.open(env.prefix, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with env.store.lock(0, never):
        pass
    os.close(descriptor)


def test_cannot_be_locked_at_all(env: Env) -> None:
    """In words."""
    env.home.write_text("a file")
    with pytest.raises(TransactionError, match=r"is not a folder"), hold(env.prefix, env.home, 0, never):
        pass


def test_unknown_holder(env: Env) -> None:
    """Is nobody."""
    assert (FileLock(str(env.home)).holder(), Claim(str(env.home)).holder()) == (None, None)
