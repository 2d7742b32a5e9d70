"""What the program stands on is there at every instant of a swap, and the script that needs nothing takes all back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pip_fastupdate.transaction import standalone
from pip_fastupdate.transaction.moves.exchange import exchange
from pip_fastupdate.transaction.moves.steps import Exchange
from pip_fastupdate.transaction.moves.witness import Witness, witness
from tests.faults import harness, synthetic
from tests.faults.harness import DONE, Case, every, in_child
from tests.faults.inject import Fault, Injector
from tests.unit.transactions import SITE, Env, dist, folder, live, write

OWN = frozenset({"packaging", "tool"})
PACKAGING = dist(
    "packaging",
    {"packaging/__init__.py": "1", "packaging/gone.py": "1", "packaging/sub/y.py": "1"},
    {"packaging/__init__.py": "2", "packaging/new.py": "2", "packaging/sub/y.py": "2"},
)
TOOL = dist("tool", {"tool.py": "1", "/bin/tool": "1"}, {"tool.py": "2", "/bin/tool": "2"})
OTHER = dist("other", {"other/x.py": "1"}, {"other/x.py": "2"})
NEEDED = ("packaging/__init__.py", "packaging/sub/y.py", "tool.py", "../../../bin/tool")


@pytest.fixture
def env() -> Iterator[Env]:
    with folder() as path:
        made = Env(path / "env")
        made.install(PACKAGING, TOOL, OTHER)
        yield made


can_exchange = pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="takes two steps there")


@can_exchange
@pytest.mark.parametrize("beside", [False, True], ids=["folders", "files, for somebody else's is there"])
def test_all_is_there_at_every_instant(env: Env, tmp_path: Path, beside: bool) -> None:
    """Whatever the program needs can be read before and after every single call that changes something."""
    if beside:
        write(env.site, {"packaging/somebodys.txt": b"", "packaging/sub/somebodys.txt": b""})
    seen = tmp_path / "seen.json"

    def watched(prefix: Path, injector: Injector) -> None:
        looks, missing = look_at_each_call(env)
        with env.store.begin() as transaction:
            transaction.prepare(env.stage(transaction, PACKAGING, TOOL, OTHER), own=OWN)
            transaction.swap()
            transaction.commit(1)
        found = {
            "new": (env.site / "packaging/new.py").read_text(),
            "gone": not (env.site / "packaging/gone.py").exists(),
        }
        env.store.undo()
        seen.write_text(json.dumps({**found, "missing": missing, "enough": looks[0] > 20}))

    # in a child, for nobody gets rid of an audit hook, and with one in Python no two threads may start at once (3.11)
    assert in_child(watched, env.prefix, Fault(at=0))[0] == DONE
    assert json.loads(seen.read_text()) == {"new": "2", "gone": True, "missing": [], "enough": True}


def look_at_each_call(env: Env) -> tuple[list[int], list[str]]:
    """From now on in this process: how often was looked, and what was not there."""
    looks, missing = [0], []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir"):
            looks[0] += 1
            missing.extend(f"{each} before {arguments[0]}" for each in NEEDED if not (env.site / each).exists())

    sys.addaudithook(watch)
    return looks, missing


@pytest.mark.parametrize("able", [True, False], ids=["at once", "in two steps"])
def test_taken_back_from_every_step(env: Env, monkeypatch: pytest.MonkeyPatch, able: bool) -> None:
    """Whether the system can exchange or not, then and now."""
    if not able:
        monkeypatch.setattr("pip_fastupdate.transaction.moves.steps.exchange", lambda one, other: False)
    before = live(env.prefix)
    count = len(env.steps(PACKAGING, TOOL, OTHER, own=OWN))
    for steps in range(count + 1):
        env.half(PACKAGING, TOOL, OTHER, steps=steps, options={"own": OWN})
        env.store.recover()
        assert live(env.prefix) == before


def test_exchange_that_another_system_takes_back(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was exchanged in one call goes back in three where there is no such call."""
    before = live(env.prefix)
    env.half(PACKAGING, TOOL, steps=3, options={"own": OWN})
    monkeypatch.setattr("pip_fastupdate.transaction.moves.steps.exchange", lambda one, other: False)
    env.store.recover()
    assert live(env.prefix) == before


def updating(prefix: Path, injector: Injector) -> None:
    """An update of what the program stands on."""
    with injector.on(), harness.transactions(prefix).begin() as transaction:
        with injector.off():
            replacements = [synthetic.staged(transaction.staging, prefix, each) for each in (PACKAGING, TOOL, OTHER)]
        transaction.prepare(replacements, own=OWN)
        transaction.swap()
        transaction.commit(1)


def in_two_steps(prefix: Path, injector: Injector) -> None:
    """The same where nothing can be exchanged."""
    from pip_fastupdate.transaction.moves import steps

    steps.exchange = lambda one, other: False
    updating(prefix, injector)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
@pytest.mark.parametrize("action", [updating, in_two_steps])
def test_killed_at_each_call(action: harness.Action) -> None:
    """An exchange is as safe as other steps, and so is its recovery."""
    with folder() as path:
        case = Case(path, (PACKAGING, TOOL, OTHER), action)
        assert harness.kills(case, every(case, 9)).others == {}
        assert harness.some_errors(case, every(case, 23)).others == {}


def test_exchange(tmp_path: Path) -> None:
    """Two files or folders change places, or nothing is done at all."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    (one / "file").touch()
    other.write_text("other")
    done = exchange(str(one), str(other))
    assert done == (sys.platform in ("linux", "darwin"))
    assert other.is_dir() == done
    with pytest.raises(FileNotFoundError):
        exchange(str(one), str(tmp_path / "missing")) or (tmp_path / "missing").read_text()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": b"1"}, {"a": b"2"}),
        ({"a": b"1"}, {"a": b"1", "b": b"1"}),
        ({"a": b"1", "b": b"1"}, {"a": b"1"}),
        ({"a": b"1", "sub/c": b"1"}, {"a": b"1", "sub/c": b"2"}),
        ({"a": b"1", "sub/c": b"1"}, {"a": b"1", "sub": b"1"}),
    ],
)
def test_witness(tmp_path: Path, old: dict[str, bytes], new: dict[str, bytes]) -> None:
    """Tells which of two folders is the old one, also when bytecode has come into them."""
    write(tmp_path / "old", old)
    write(tmp_path / "new", new)
    found = witness(str(tmp_path / "old"), str(tmp_path / "new"))
    assert found is not None
    write(tmp_path / "new", {"__pycache__/x.pyc": b""})
    assert (found.is_old(str(tmp_path / "old")), found.is_old(str(tmp_path / "new"))) == (True, False)
    assert Witness.decoded(found.encoded()) == found


def test_no_witness_without_difference(tmp_path: Path) -> None:
    """What is the same on both sides is not exchanged."""
    for name in ("old", "new"):
        write(tmp_path / name, {"a": b"1", "sub/b": b"1"})
    assert witness(str(tmp_path / "old"), str(tmp_path / "new")) is None


def run(env: Env, *arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """The script by itself: without site-packages, environment variables and the current folder."""
    command = [python, "-I", "-S", str(env.home / "recover.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)


def test_script_takes_back(env: Env) -> None:
    """What it needs is in it alone."""
    before = live(env.prefix)
    env.half(PACKAGING, OTHER, options={"own": OWN})
    done = run(env)
    assert (done.returncode, done.stdout) == (0, "")
    assert "the environment is as it was before" in done.stderr
    assert live(env.prefix) == before
    assert not env.home.exists()


def test_script_undoes_and_lists(env: Env) -> None:
    """As pip-update does."""
    before = live(env.prefix)
    env.update(PACKAGING, own=OWN)
    assert "1  " in run(env, "--history").stdout
    done = run(env, "--undo", "1")
    assert (done.returncode, live(env.prefix)) == (0, before)
    assert "packaging: 2 → 1" in done.stderr
    assert "can be undone" in run(env, "--history").stdout
    assert run(env, "--undo", "7").returncode == 1
    assert run(env, "--what").returncode == 2


def test_script_refuses_what_is_planted(env: Env) -> None:
    """The same checks hold there."""
    env.half(PACKAGING)
    (env.home / "1").rename(env.prefix / "moved")
    (env.home / "1").symlink_to(env.prefix / "moved")
    done = run(env)
    assert (done.returncode, done.stderr.count("is a link")) == (1, 1)


def test_script_goes_with_the_last_transaction(env: Env) -> None:
    """Nothing is left where nothing is kept."""
    with env.store.begin() as transaction:
        transaction.prepare(env.stage(transaction, OTHER))
        assert (env.home / "recover.py").exists()
    assert not env.home.exists()


def test_steps_of_the_program_itself(env: Env) -> None:
    """Others go out first and come in last; what is there before and after is exchanged."""
    with env.store.begin() as transaction:
        transaction.prepare(env.stage(transaction, PACKAGING, OTHER), own=OWN)
        steps = env.workspace(transaction.id).layout().operations
    own = [number for number, each in enumerate(steps) if "packaging" in each.live]
    assert own == list(range(own[0], own[-1] + 1))
    assert [each.live for each in steps if isinstance(each, Exchange)] == [
        os.path.realpath(env.prefix / SITE / "packaging")
    ]


def test_script_has_all_its_modules() -> None:
    """Each that the transactions import is in it."""
    found = {f"transaction.{each.stem}" for each in Path(standalone.__file__).parent.glob("*.py")}
    assert found - {"transaction.__init__", "transaction.here"} <= set(standalone._MODULES)
