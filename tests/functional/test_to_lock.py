"""``--to``: a lock file that one environment wrote is applied to others."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import real
from tests.support.environments import Env, install, installed, run, tree, variables
from tests.support.local_index import LocalIndex, wait_until
from tests.support.wheels import make_wheel

PAUSE = Path(real.__file__).with_name("pause.py")

GOAL = {"app": "2.0", "lib": "2.5", "new": "1.0"}


def lock_of(folder: Path, index: LocalIndex, *wheels: Path, **texts: str) -> Path:
    """A lock file with these wheels of the index; ``texts`` are appended to the entry of a name."""
    lines = ['lock-version = "1.0"', 'created-by = "test"']
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        name, digest = name.replace("_", "-"), hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines += ["[[packages]]", f'name = "{name}"', f'version = "{version}"', f'index = "{index.index_url}"']
        lines += [f'wheels = [{{url = "{index.file_url(wheel)}", hashes = {{sha256 = "{digest}"}}}}]']
        lines += [texts[name]] if name in texts else []
    path = folder / "pylock.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def lock(index: LocalIndex, tmp_path: Path) -> Path:
    """app 2.0, lib 2.5 and new 1.0; the index has newer ones, too."""
    index.release("lib", "3.0")
    wheels = [index.release("app", "2.0", requires=["lib>=2", "new"]), index.release("lib", "2.5")]
    return lock_of(tmp_path, index, *wheels, index.release("new", "1.0"))


@pytest.fixture
def old(environment: Env, index: LocalIndex) -> Env:
    """app and lib in older versions, and something that no lock knows."""
    wheels = [index.release("app", "1.0", requires=["lib"]), index.release("lib", "1.0"), index.release("own", "1.0")]
    install(environment, wheels)
    return environment


def test_applied_and_undone(old: Env, index: LocalIndex, lock: Path) -> None:
    """Older ones are upgraded, missing ones added, others stay; a second run has nothing to do; undo is exact."""
    before = tree(old.path)
    foreseen = run(old, "--to", str(lock), "--check", "--format", "json", index=index)
    assert (3, before) == (foreseen.returncode, tree(old.path)), foreseen.stderr
    actions = {row["name"]: row["action"] for row in json.loads(foreseen.stdout)["packages"]}
    assert {"app": "upgrade", "lib": "upgrade", "new": "add"} == actions
    done = run(old, "--to", str(lock), "--level", "patch", index=index)
    assert (0, {**GOAL, "own": "1.0"}) == (done.returncode, installed(old)), done.stderr
    assert "not in pylock.toml, so unchanged: own" in done.stderr
    assert "ignoring cooldown and level" in done.stderr
    again = run(old, "--to", str(lock), "--check", "--offline", index=index)
    assert 0 == again.returncode, again.stdout + again.stderr
    assert 0 == run(old, "--undo", index=index).returncode
    assert {"app": "1.0", "lib": "1.0", "own": "1.0"} == installed(old)


@pytest.mark.parametrize("named", [True, False])
def test_urls_that_have_expired(old: Env, index: LocalIndex, lock: Path, named: bool) -> None:
    """The index has the same files at other URLs by now; without its name in the lock file, the configured one."""
    text = lock.read_text().replace(f"{index.url}/files/", f"{index.url}/signed/")
    lock.write_text(text if named else text.replace("index =", "# index ="))
    done = run(old, "--to", str(lock), index=index)
    assert (0, {**GOAL, "own": "1.0"}) == (done.returncode, installed(old)), done.stderr


def test_logins_in_urls(old: Env, index: LocalIndex, lock: Path) -> None:
    """They are used for the files, as by pip, and shown nowhere."""
    lock.write_text(lock.read_text().replace(f"{index.url}/files/", f"http://me:s3cr3t@{index.url[7:]}/files/"))
    index.auth = ("me", "s3cr3t")
    done = run(old, "--to", str(lock), "-vv", index=index)
    assert (0, {**GOAL, "own": "1.0"}) == (done.returncode, installed(old)), done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr


def test_older_versions(old: Env, index: LocalIndex, lock: Path) -> None:
    """What is newer than the lock stays, with exit code 4, unless downgrades are allowed."""
    install(old, [index.release("lib", "3.0")])
    held = run(old, "--to", str(lock), index=index)
    assert (4, {**GOAL, "lib": "3.0", "own": "1.0"}) == (held.returncode, installed(old)), held.stderr
    assert "pylock.toml has 2.5, which is older; use --allow-downgrade to install it" in held.stdout
    done = run(old, "--to", str(lock), "--allow-downgrade", "--format", "json", index=index)
    assert (0, {**GOAL, "own": "1.0"}) == (done.returncode, installed(old)), done.stderr
    (row,) = [row for row in json.loads(done.stdout)["packages"] if row["name"] == "lib"]
    assert ("downgrade", "3.0", "2.5") == (row["action"], row["installed"], row["target"])
    assert 0 == run(old, "--undo", index=index).returncode
    assert "3.0" == installed(old)["lib"]


def test_requirement_that_would_break(old: Env, index: LocalIndex, lock: Path) -> None:
    """What stays has its say: the lock is followed as far as it goes, and exit code 4 tells."""
    install(old, [index.release("own", "2.0", requires=["lib<2"])])
    done = run(old, "--to", str(lock), index=index)
    assert 4 == done.returncode, done.stderr
    assert {"app": "1.0", "lib": "1.0", "new": "1.0", "own": "2.0"} == installed(old)
    assert "own 2.0 requires lib<2, but lib would be 2.5" in done.stdout
    assert "app 2.0 requires lib>=2, but lib would be 1.0" in done.stdout


def test_lock_that_lacks_something(old: Env, index: LocalIndex, tmp_path: Path) -> None:
    """A lock without what it requires is told, and does no harm."""
    wheel = index.release("app", "3.0", requires=["absent"])
    done = run(old, "--to", str(lock_of(tmp_path, index, wheel)), index=index)
    assert (4, "1.0") == (done.returncode, installed(old)["app"])
    assert "app 3.0 requires absent, which pylock.toml does not contain" in done.stderr


def test_index_that_tells_other_requirements(old: Env, index: LocalIndex, tmp_path: Path) -> None:
    """What stands in the way by the index alone is looked up in the file itself, whose hash is locked."""
    (tmp_path / "true").mkdir()
    true = make_wheel(tmp_path / "true", "app", "2.0", requires=["lib>=2"])
    index.add(make_wheel(index.folder, "app", "2.0", requires=["lib<2"]), content=true.read_bytes())
    lock = lock_of(tmp_path, index, true, index.release("lib", "2.5"))
    done = run(old, "--to", str(lock), index=index)
    assert (0, {"app": "2.0", "lib": "2.5", "own": "1.0"}) == (done.returncode, installed(old)), done.stderr


def test_wrong_hash(old: Env, index: LocalIndex, lock: Path) -> None:
    """A file that is not what the lock says never gets in; what goes without it does."""
    index.fail("/files/lib-2.5-*.whl", corrupt=True)
    done = run(old, "--to", str(lock), index=index)
    assert 4 == done.returncode
    assert {"app": "1.0", "lib": "1.0", "new": "1.0", "own": "1.0"} == installed(old), done.stdout


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["app"], 2, "--to cannot be used with NAME"),
        (["--direct"], 2, "--to cannot be used with --direct"),
        (["--lock-file", "pylock.x.toml"], 2, "--to cannot be used with --lock-file"),
        (["--to", "pylock.absent.toml"], 1, "could not read"),
        (["--to", "lock.txt"], 2, "must be named pylock.toml or pylock.NAME.toml (PEP 751)"),
        (["--to", "pylock.bad.toml"], 1, "is not a valid lock file"),
    ],
)
@pytest.mark.usefixtures("lock")
def test_refused(old: Env, tmp_path: Path, options: list[str], code: int, words: str) -> None:
    """One error, one hint, and nothing changed."""
    before = tree(old.path)
    (old.home / "pylock.bad.toml").write_text("lock-version = ")
    done = run(old, "--to", str(tmp_path / "pylock.toml"), *options)
    assert (code, before) == (done.returncode, tree(old.path))
    assert words in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_written_here_applied_there(
    old: Env, make_env: Callable[..., Env], index: LocalIndex, lock: Path, tmp_path: Path
) -> None:
    """What ``--lock-file`` writes, ``--to`` makes of an empty environment."""
    pytest.importorskip("packaging.pylock", reason="packaging is older than 26")
    path = tmp_path / "pylock.made.toml"
    assert 0 == run(old, "--lock-file", str(path), index=index).returncode
    fresh = make_env("fresh")
    done = run(fresh, "--to", str(path), index=index)
    assert (0, installed(old)) == (done.returncode, installed(fresh)), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signal")
def test_killed_in_the_middle(tmp_path: Path) -> None:
    """Killed among the renames, the next run puts all back and brings the environment to the lock all the same."""
    pytest.importorskip("packaging.pylock", reason="packaging is older than 26")
    lock, mark = tmp_path / "pylock.toml", tmp_path / "mark"
    with real.small(tmp_path / "small") as made:
        assert 3 == run(made.env, "--check", "--lock-file", str(lock), index=made.index).returncode
        paused = ["--event", "os.rename", "--path", "/1/old/", "--first", "3", "--seconds", "60", "--mark", str(mark)]
        with subprocess.Popen(
            [made.env.python, PAUSE, *paused, "--", "-m", "pip_fastupdate", "--to", str(lock)],
            env=variables(made.env, index=made.index, env_vars=real.EPOCH),
            cwd=made.env.home,
        ) as process:
            wait_until(mark.exists, 30)
            process.send_signal(signal.SIGKILL)
        assert made.before != made.tree()
        done = run(made.env, "--to", str(lock), index=made.index)
        assert (0, made.new) == (done.returncode, installed(made.env)), done.stderr
        assert "interrupted" in done.stderr
        assert 0 == run(made.env, "--undo", index=made.index).returncode
        assert real.live(made.before) == real.live(made.tree())
