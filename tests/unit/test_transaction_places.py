"""Where the new files are staged and the old ones kept: no path is much longer than the live one."""

from __future__ import annotations

import os
import shutil
import site
import sys
from pathlib import Path

import pytest

from pip_fastupdate._pip.places import Mirror, scheme_below
from pip_fastupdate.transaction import Replacement, Transaction
from tests.faults.synthetic import write
from tests.unit.transactions import SITE, Dist, Env, dist, folder, live, snapshot

A = dist("a", {"a/x.py": "1", "/bin/a": "1"}, {"a/x.py": "2", "/bin/a": "2", "/share/a/data": "2"})


def staged(transaction: Transaction, each: Dist, base: str) -> Replacement:
    """The new version, below a root that mirrors the environment alone."""
    root = transaction.staging / each.name
    write(root, each.new)
    return Replacement(name=each.name, before="1", after="2", old_files=(), staged=root, base=base)


def update(env: Env, each: Dist, base: str) -> None:
    with env.store.begin() as transaction:
        found = staged(transaction, each, base)
        old = tuple(str(env.prefix / path) for path in each.old)
        transaction.prepare(
            [Replacement(name="a", before="1", after="2", old_files=old, staged=found.staged, base=found.base)]
        )
        transaction.swap()
        transaction.commit(1)


def test_staged_by_the_place_in_the_environment() -> None:
    """What is staged relative to the environment comes in there; undo, redo and recovery are as ever."""
    with folder() as path:
        env = Env(path / "env")
        env.install(A)
        before = live(env.prefix)
        update(env, A, str(env.prefix))
        assert A.new == {path: (env.prefix / path).read_bytes() for path in A.new}
        after = live(env.prefix)
        assert ["prefix"] == [each.name for each in (env.home / "1/old").iterdir()]
        env.store.undo()
        assert before == live(env.prefix)
        env.store.undo()
        assert after == live(env.prefix)
        longest = max(len(each) for each in before)
        kept = [each for each in snapshot(env.prefix) if each.startswith(".pip-fastupdate/")]
        assert max(map(len, kept)) <= longest + len(".pip-fastupdate/10/old/prefix/")


def test_environment_spelled_through_a_link() -> None:
    """A mapped drive, a junction: files come to where the environment is, and not beside it."""
    with folder() as path:
        env = Env(path / "real" / "env")
        env.install(A)
        (path / "mapped").symlink_to(path / "real")
        update(env, A, str(path / "mapped" / "env"))
        assert b"2" == (env.prefix / SITE / "a/x.py").read_bytes()
        assert ["mapped", "real"] == sorted(each.name for each in path.iterdir())
        env.store.undo()
        assert b"1" == (env.prefix / SITE / "a/x.py").read_bytes()


def test_packages_next_to_the_environment() -> None:
    """In a directory outside whose name begins with that of the environment."""
    with folder() as path:
        env = Env(path / "env")
        env.install(A)
        (env.prefix / SITE).rename(path / "env-packages")
        (env.prefix / SITE).symlink_to(path / "env-packages")
        env = Env(path / "env", roots=(str(path / "env-packages"),))
        update(env, A, str(env.prefix))
        assert b"2" == (path / "env-packages/a/x.py").read_bytes()
        env.store.undo()
        assert b"1" == (path / "env-packages/a/x.py").read_bytes()


def test_killed_when_half_done() -> None:
    """Recovery believes a journal of such a transaction."""
    with folder() as path:
        env = Env(path / "env")
        env.install(A)
        before = snapshot(env.prefix)
        transaction = env.store.begin()
        old = tuple(str(env.prefix / each) for each in A.old)
        found = staged(transaction, A, str(env.prefix))
        transaction.prepare(
            [Replacement(name="a", before="1", after="2", old_files=old, staged=found.staged, base=found.base)]
        )
        workspace = env.workspace(transaction.id)
        workspace.become("swapping")
        for each in workspace.layout().operations[:-1]:
            each.do()
        assert before != snapshot(env.prefix)
        assert env.store.recover() is not None
        assert before == snapshot(env.prefix)


def test_files_kept_by_an_earlier_version() -> None:
    """What an earlier version has kept by its whole path can be undone all the same."""
    with folder() as path:
        env = Env(path / "env")
        env.install(A)
        before = live(env.prefix)
        update(env, A, str(env.prefix))
        old = env.home / "1/old"
        whole = old / os.path.realpath(env.prefix)[1:]
        whole.parent.mkdir(parents=True)
        shutil.move(old / "prefix", whole)
        steps = env.home / "1/steps"
        steps.write_text(steps.read_text().replace("/1/old/prefix/", f"/1/old{os.path.realpath(env.prefix)}/"))
        env.store.undo()
        assert before == live(env.prefix)


@pytest.mark.parametrize("user", [False, True])
def test_scheme(tmp_path: Path, user: bool) -> None:
    """Every folder of the scheme is below the root, at its place below the environment's folder or the user's."""
    if user and not site.ENABLE_USER_SITE:
        pytest.skip("this environment has no user's site-packages")
    scheme, mirror = scheme_below(str(tmp_path), "name", user=user)
    assert (site.getuserbase() if user else sys.prefix) == mirror.base
    for path in (scheme.purelib, scheme.platlib, scheme.scripts, scheme.data, scheme.headers):
        assert path == mirror.staged(mirror.live(path))
        assert Path(path).is_relative_to(tmp_path)
    assert os.path.relpath(scheme.scripts, scheme.purelib) == os.path.relpath(
        mirror.live(scheme.scripts), mirror.live(scheme.purelib)
    )


def test_mirror(tmp_path: Path) -> None:
    """A path may be spelled through links; what is elsewhere has no place."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    mirror = Mirror(root="/root", base=str(tmp_path / "link"))
    assert ["/root/x/y", "/root/x/y", None, "/root"] == [
        mirror.staged(str(tmp_path / each)) for each in ("link/x/y", "real/x/y", "links/x", "link")
    ]
    assert str(tmp_path / "link/x/y") == mirror.live("/root/x/y")
