"""From begin to commit, and back."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import EnvironmentChanged, TransactionError
from pip_fastupdate.transaction import Transactions, fingerprint
from pip_fastupdate.transaction.filesystem import (
    identical,
    raising_transaction_errors,
    remove,
    sync_folder,
    transaction_error,
    uninterrupted,
)
from pip_fastupdate.transaction.moves.steps import In
from tests.unit.transactions import SITE, Dist, Env, dist, folder, live, snapshot, write

A = dist("a", {"a/x.py": "1", "a.txt": "1"}, {"a/x.py": "2", "a.txt": "2"})


@pytest.fixture
def env() -> Iterator[Env]:
    with folder() as path:
        made = Env(path / "env")
        made.install(A)
        yield made


class Steps:
    """Counts what a progress display is told."""

    def __init__(self) -> None:
        self.count = 0

    def step(self, detail: str = "", amount: int = 1) -> None:
        self.count += amount


def test_commit_keeps_what_undo_needs_and_nothing_else(env: Env) -> None:
    """Staging is gone, the old files are there."""
    (env.prefix / "wheels").mkdir()
    with env.store.begin() as transaction:
        (transaction.staging.parent / "wheels").mkdir()
        transaction.prepare(env.stage(transaction, A))
        steps = Steps()
        transaction.swap(steps)
        transaction.commit(1)
    assert (transaction.id, transaction.renames, steps.count) == ("1", 6, 1)
    assert transaction.seconds > 0
    assert sorted(each.name for each in (env.home / "1").iterdir()) == ["journal.committed", "old", "steps"]
    assert (env.site / "a.txt").read_text() == "2"


def test_flushed_before_prepared(env: Env) -> None:
    """What is staged is on the disk before the journal says that there is anything to swap."""
    states = []

    def flush(folders: Sequence[str]) -> None:
        states.append(env.workspace().state())

    with Transactions(env.home, env.prefix, flush=flush).begin() as transaction:
        transaction.prepare(env.stage(transaction, A))
        states.append(env.workspace().state())
    assert states == [None, "prepared"]


def test_flushing_for_good(env: Env) -> None:
    """By default the disk is really flushed."""
    store = Transactions(env.home, env.prefix)
    with store.begin() as transaction:
        transaction.prepare(env.stage(transaction, A))
        transaction.swap()
        transaction.commit(1)
    assert [entry.id for entry in store.history()] == ["1"]


@pytest.mark.parametrize("stage", ["begun", "prepared", "swapped"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, None])
def test_leaving_without_commit_leaves_no_trace(env: Env, stage: str, error: type[BaseException] | None) -> None:
    """Whatever is raised, or if nothing is."""
    before = snapshot(env.prefix)

    def run() -> None:
        with env.store.begin() as transaction:
            replacements = env.stage(transaction, A)
            if stage != "begun":
                transaction.prepare(replacements)
            if stage == "swapped":
                transaction.swap()
                assert live(env.prefix) != before
            if error:
                raise error

    if error:
        with pytest.raises(error):
            run()
    else:
        run()
    assert snapshot(env.prefix) == before


def test_revert_and_again(env: Env) -> None:
    """What is staged can be swapped in again, in another combination."""
    b = dist("b", None, {"b.py": "b"})
    before = live(env.prefix)
    with env.store.begin() as transaction:
        first, second = env.stage(transaction, A, b)
        for replacements in ([first, second], [second], [first]):
            transaction.prepare(replacements)
            transaction.swap()
            write(env.site, {"b/__pycache__/z.cpython-311.pyc": b""})
            remove(str(env.site / "b"))
            transaction.revert()
            assert (live(env.prefix), transaction.committed) == (before, False)
        transaction.prepare([first])
        transaction.swap()
        transaction.commit(1)
        assert transaction.committed
    assert ((env.site / "a.txt").read_text(), (env.site / "b.py").exists()) == ("2", False)
    env.store.undo()
    assert live(env.prefix) == before


def test_prepared_twice(env: Env) -> None:
    """The second time counts."""
    with env.store.begin() as transaction:
        first, second = env.stage(transaction, A, dist("b", None, {"b.py": "b"}))
        transaction.prepare([first])
        transaction.prepare([second])
        transaction.swap()
        transaction.commit(1)
    assert ((env.site / "a.txt").read_text(), (env.site / "b.py").exists()) == ("1", True)


def test_abandon(env: Env) -> None:
    """Nothing staged stays; home stays when it was there before."""
    env.update(A)
    before = snapshot(env.prefix)
    with env.store.begin() as transaction:
        env.stage(transaction, A)
        transaction.abandon()
        assert snapshot(env.prefix) == before


def fail_at(env: Env, error: Callable[[], BaseException]) -> Callable[[], None]:
    """A swap whose last step fails."""

    def run() -> None:
        with env.store.begin() as transaction:
            transaction.prepare(env.stage(transaction, A))
            last = env.workspace().layout().operations[-1]
            failing = type("Failing", (), {"live": last.live, "do": _raiser(error), "undo": last.undo})()
            transaction._layout = _with(transaction._layout, failing)
            transaction.swap()

    return run


def _raiser(error: Callable[[], BaseException]) -> Callable[[object], None]:
    def do(self: object) -> None:
        raise error()

    return do


def _with(layout, last):
    from dataclasses import replace

    return replace(layout, operations=(*layout.operations[:-1], last))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the update failed and was rolled back: the disk is full"),
        (errno.EROFS, "the update failed and was rolled back: the file system is read-only"),
        (errno.EACCES, "the update failed and was rolled back: permission denied (/some/where)"),
        (errno.EIO, "the update failed and was rolled back: Input/output error (/some/where)"),
        (errno.EXDEV, "the update failed and was rolled back: it is on a different file system"),
    ],
)
def test_error_during_the_swap(env: Env, number: int, words: str) -> None:
    """Taken back, and said in words; EXDEV only after a second try with single files."""
    before = snapshot(env.prefix)
    error = OSError(number, os.strerror(number), "/some/where")
    if number == errno.EXDEV:
        with (
            pytest.raises(TransactionError) as caught,
            raising_transaction_errors("the update failed and was rolled back"),
        ):
            raise error
    else:
        with pytest.raises(TransactionError) as caught:
            fail_at(env, lambda: error)()
    assert caught.value.message.startswith(words)
    assert snapshot(env.prefix) == before


def test_interrupt_during_the_swap(env: Env) -> None:
    """Ctrl-C brings the old files back and goes on as Ctrl-C."""
    before = snapshot(env.prefix)
    with pytest.raises(KeyboardInterrupt):
        fail_at(env, KeyboardInterrupt)()
    assert snapshot(env.prefix) == before


def test_folders_that_cannot_be_renamed(env: Env) -> None:
    """One EXDEV, and the swap is done with single files."""
    raised = []

    def once() -> OSError:
        raised.append(1)
        return OSError(errno.EXDEV, "", "")

    with env.store.begin() as transaction:
        transaction.prepare(env.stage(transaction, A))
        last = env.workspace().layout().operations[-1]
        failing = type("Failing", (), {"live": last.live, "do": _raiser(once), "undo": last.undo})()
        transaction._layout = _with(transaction._layout, failing)
        transaction.swap()
        transaction.commit(1)
    assert (len(raised), transaction.renames > 6, (env.site / "a/x.py").read_text()) == (1, True, "2")
    env.store.undo()
    assert (env.site / "a/x.py").read_text() == "1"


def test_rollback_that_fails(env: Env) -> None:
    """It is said so, and the next recovery does it."""
    before = snapshot(env.prefix)
    old, new = env.home / "1/old", env.home / "1/new"

    def run() -> None:
        with env.store.begin() as transaction:
            transaction.prepare(env.stage(transaction, A))
            transaction.swap()
            new.rename(env.home / "1/gone")
            new.write_text("in the way")
            transaction.rollback()

    with pytest.raises(TransactionError) as caught:
        run()
    assert caught.value.message.startswith("the update failed and could not be rolled back completely: ")
    assert caught.value.hint.endswith(
        "the old files are safe, and the next pip-update run restores them first, "
        f"as does `python {env.home / 'recover.py'}`, which needs nothing else"
    )
    assert old.is_dir()
    new.unlink()
    (env.home / "1/gone").rename(new)
    assert env.store.recover() is not None
    assert snapshot(env.prefix) == before


def test_commit_that_fails(env: Env) -> None:
    """Nothing is committed; leaving takes back."""
    before = snapshot(env.prefix)
    obstacle = env.home / "1/journal.committed"

    def run() -> None:
        with env.store.begin() as transaction:
            transaction.prepare(env.stage(transaction, A))
            transaction.swap()
            write(obstacle, {"x": b""})
            try:
                transaction.commit(1)
            finally:
                remove(str(obstacle))

    with pytest.raises(TransactionError, match=r"^could not commit the update: "):
        run()
    assert snapshot(env.prefix) == before


def swap_after(env: Env, change: Callable[[], object], *dists: Dist, **options: object) -> None:
    """What happens if something changes between prepare and swap."""
    with env.store.begin() as transaction:
        transaction.prepare(env.stage(transaction, *dists), **options)
        change()
        transaction.swap()


def test_target_that_appears(env: Env) -> None:
    """Nothing is overwritten that came between planning and swapping."""
    before = snapshot(env.prefix)
    b = dist("b", None, {"b.py": "b"})
    with pytest.raises(EnvironmentChanged) as caught:
        swap_after(env, lambda: write(env.site, {"b.py": b"mine"}), A, b)
    path = env.site / "b.py"
    assert caught.value.message == (
        f"the update failed and was rolled back: another program changed the environment ({path})"
    )
    assert snapshot(env.prefix) == {**before, f"{SITE}/b.py": ("file", 0o644, b"mine")}


def test_old_file_that_vanishes(env: Env) -> None:
    """The same for what is to go out."""
    before = snapshot(env.prefix)
    with pytest.raises(EnvironmentChanged):
        swap_after(env, (env.site / "a.txt").unlink, A)
    del before[f"{SITE}/a.txt"]
    assert snapshot(env.prefix) == before


@pytest.mark.parametrize("when", ["before prepare", "before swap"])
@pytest.mark.parametrize("what", ["installed", "removed", "changed"])
def test_fingerprint(env: Env, when: str, what: str) -> None:
    """A distribution that comes, goes or changes after the scan stops the swap."""
    seen = fingerprint([env.site, env.prefix / "missing"])
    info = env.site / "a-1.dist-info"

    def change() -> None:
        if what == "installed":
            (env.site / "b-1.dist-info").mkdir()
        elif what == "removed":
            info.rename(env.site / "trash")
        else:
            (info / "REQUESTED").touch()
            os.utime(info, ns=(1, 1))

    if when == "before prepare":
        change()
    with pytest.raises(EnvironmentChanged, match="another program changed this environment during the run"):
        swap_after(env, change if when == "before swap" else list, A, fingerprint=seen)
    assert not env.home.exists()


def test_fingerprint_of_the_same(env: Env) -> None:
    """Modules and bytecode that come and go are no change."""
    seen = fingerprint([env.site])
    write(env.site, {"__pycache__/z.cpython-311.pyc": b""})
    env.update(A, fingerprint=seen)
    assert (env.site / "a.txt").read_text() == "2"


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="a second file system is needed")
def test_other_file_system(tmp_path: Path) -> None:
    """A folder that a rename cannot reach is named before anything is changed."""
    env = Env(tmp_path / "env")
    env.install(A)
    with folder() as elsewhere:
        if elsewhere.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("both are on one file system")
        (env.prefix / "share").symlink_to(elsewhere)
        with pytest.raises(TransactionError) as caught:
            env.update(dist("b", None, {"/share/doc/b.txt": "b"}))
    assert caught.value.message == (
        f"could not prepare the update: it is on a different file system from the rest of the environment ({elsewhere})"
    )
    assert not env.home.exists()


def test_second_interrupt_is_ignored_while_going_back() -> None:
    """Ctrl-C works again afterwards."""
    former = signal.getsignal(signal.SIGINT)
    with uninterrupted():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is former
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_threads_are_never_interrupted() -> None:
    """Only the main thread can set signal handlers."""
    seen = []

    def run() -> None:
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


def test_interrupt_before_the_rollback_has_begun(env: Env) -> None:
    """Leaving goes on until the rollback is done."""
    before = snapshot(env.prefix)

    def run() -> None:
        with env.store.begin() as transaction:
            transaction.prepare(env.stage(transaction, A))
            transaction.swap()
            rollback, interrupts = transaction.rollback, iter([KeyboardInterrupt, KeyboardInterrupt])

            def late() -> None:
                for each in interrupts:
                    raise each
                rollback()

            transaction.rollback = late
            raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        run()
    assert snapshot(env.prefix) == before


def test_begin_where_nothing_can_be_written(env: Env) -> None:
    """The disk's refusal is told in words."""
    env.home.write_text("a file")
    with pytest.raises(TransactionError, match=r"it is not a folder, which pip-update did not create") as caught:
        env.store.begin()
    assert not isinstance(caught.value, EnvironmentChanged)
    assert env.home.read_text() == "a file"


def test_explained_names_the_obstacle() -> None:
    """Of two names in an error, the one that is in the way."""
    error = FileExistsError(errno.EEXIST, "", "/staged", None, "/live")
    changed = transaction_error("It failed", error, planned=True)
    assert (type(changed), changed.message.endswith("another program changed the environment (/live)")) == (
        EnvironmentChanged,
        True,
    )
    assert type(transaction_error("It failed", error)) is TransactionError
    assert transaction_error("It failed", OSError("odd")).message == "It failed: odd"


def test_remove_as_far_as_possible(tmp_path: Path) -> None:
    """Links are removed, not followed; what is missing is removed already."""
    write(tmp_path, {"a/b/c": b"", "kept/d": b""})
    (tmp_path / "a/link").symlink_to(tmp_path / "kept")
    assert (remove(str(tmp_path / "a")), remove(str(tmp_path / "missing"))) == (True, True)
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["d", "kept"]


def test_identical(tmp_path: Path) -> None:
    """Files by content, links by target, never one with the other."""
    write(tmp_path, {"a": b"x", "b": b"x", "c": b"y"})
    for name, target in (("l", "a"), ("m", "a"), ("n", "b")):
        (tmp_path / name).symlink_to(target)
    pairs = [identical(str(tmp_path / one), str(tmp_path / other)) for one, other in ("ab", "ac", "lm", "ln", "al")]
    assert pairs == [True, False, True, False, False]


def test_sync_of_a_missing_folder(tmp_path: Path) -> None:
    """Errors other than of file systems that cannot do it are not swallowed."""
    with pytest.raises(FileNotFoundError):
        sync_folder(str(tmp_path / "missing"))


def test_in_never_overwrites(tmp_path: Path) -> None:
    """Not even if the layout was wrong."""
    write(tmp_path, {"new": b"new", "live": b"live"})
    with pytest.raises(FileExistsError):
        In(staged=str(tmp_path / "new"), live=str(tmp_path / "live")).do()
    assert (tmp_path / "live").read_bytes() == b"live"
