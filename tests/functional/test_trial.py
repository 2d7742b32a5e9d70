"""Test, then keep: the user's command decides what stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.environments import Env, install, installed, pip_check, run, tree, variables
from tests.support.local_index import LocalIndex, wait_until

HOME = ".pip-fastupdate"


def packages(done: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    """The packages of a JSON report, by name."""
    return {each["name"]: each for each in json.loads(done.stdout)["packages"]}


def held(done: subprocess.CompletedProcess[str]) -> set[str]:
    """What failed the test, by the report."""
    return {
        name
        for name, each in packages(done).items()
        if each["action"] == "hold" and "fails-test" in {reason["kind"] for reason in each["reasons"]}
    }


class Command:
    """A test that fails while all of certain packages are at version 2; keeps a line for each time it is run."""

    def __init__(self, env: Env, *bad: Iterable[str], code: int = 7) -> None:
        self.log = env.home / "runs.log"
        self._script = env.home / "test.py"
        self._script.write_text(
            "import importlib, pathlib, sys\n"
            f"with open({str(self.log)!r}, 'a') as log: print('run', file=log)\n"
            "def new(name):\n"
            "    try: return importlib.import_module(name).__version__.startswith('2')\n"
            "    except ImportError: return False\n"
            "print('to stdout')\n"
            "print('to stderr', file=sys.stderr)\n"
            f"bad = {[list(each) for each in bad]!r}\n"
            f"sys.exit({code} if any(all(map(new, names)) for names in bad) else 0)\n"
        )
        self.line = f'"{env.python}" "{self._script}"'

    @property
    def runs(self) -> int:
        """How often it was run."""
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


@pytest.fixture
def twelve(environment: Env, index: LocalIndex) -> Env:
    """An environment of twelve packages, a to l, each with a new version."""
    names = "abcdefghijkl"
    install(environment, [index.release(name, "1.0") for name in names])
    for name in names:
        index.release(name, "2.0")
    return environment


def test_update_that_passes_is_kept(twelve: Env, index: LocalIndex) -> None:
    """The command is run before and after; what it prints is on standard error, the report alone on standard output."""
    command = Command(twelve)
    done = run(twelve, "--test", command.line, "--format", "json", index=index)
    assert (0, {"2.0"}, 2) == (done.returncode, set(installed(twelve).values()), command.runs)
    assert 12 == len(packages(done))
    assert (2, 2) == (done.stderr.count("to stdout"), done.stderr.count("to stderr"))


def test_update_that_fails_is_taken_back(twelve: Env, index: LocalIndex) -> None:
    """To the byte, with the command's exit code in one sentence."""
    command, before = Command(twelve, "c"), tree(twelve.path)
    done = run(twelve, "--test", command.line, "--format", "json", index=index)
    assert (1, 2, "") == (done.returncode, command.runs, done.stdout)
    assert before == tree(twelve.path)
    assert "error: the test failed with exit code 7 after the update; the update was rolled back" in done.stderr
    assert "--bisect" in done.stderr.splitlines()[-1]


def test_command_that_fails_before_the_update(twelve: Env, index: LocalIndex) -> None:
    """It can tell nothing: nothing is downloaded, let alone changed."""
    before = tree(twelve.path)
    done = run(twelve, "--test", "exit 3", index=index)
    assert (1, before, []) == (done.returncode, tree(twelve.path), index.paths("/files/*.whl"))
    assert "failed with exit code 3 before the update" in done.stderr
    assert "hint: " in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="there are no signals")
def test_command_ended_by_a_signal(twelve: Env, index: LocalIndex) -> None:
    """That is no success either."""
    done = run(twelve, "--test", "kill -9 $$", index=index)
    assert (1, True) == (done.returncode, "was killed by signal 9 before" in done.stderr)


def test_command_without_anything_to_do(twelve: Env, index: LocalIndex) -> None:
    """It is not run when there is nothing to update."""
    run(twelve, index=index)
    command = Command(twelve)
    assert (0, 0) == (run(twelve, "--test", command.line, index=index).returncode, command.runs)


def test_command_leaves_no_bytecode(twelve: Env, index: LocalIndex) -> None:
    """What it imports is not compiled into the environment: what is taken back is as it was."""
    before = tree(twelve.path)
    command = Command(twelve, "c")
    variables = {"PYTHONDONTWRITEBYTECODE": None}
    assert 1 == run(twelve, "--test", command.line, index=index, env_vars=variables).returncode
    assert before == tree(twelve.path, ignore=["__pycache__"]) | {
        path: each for path, each in before.items() if "__pycache__" in path
    }


def test_command_that_leaves_files_in_a_new_package(twelve: Env, index: LocalIndex) -> None:
    """They are put aside, not lost, and not in the environment."""
    before = tree(twelve.path)
    here = twelve.site_packages / "a"
    line = f'"{twelve.python}" -c "import a, pathlib, sys; new = a.__version__ == \'2.0\'; ' + (
        f"new and pathlib.Path(r'{here}', 'left.txt').write_text('x'); sys.exit(new)\""
    )
    done = run(twelve, "--test", line, index=index)
    assert 1 == done.returncode
    assert before == tree(twelve.path, ignore=[HOME])
    assert ["x"] == [each.read_text() for each in (twelve.path / HOME).rglob("left.txt")]


def test_bisect_finds_the_one_that_fails(twelve: Env, index: LocalIndex) -> None:
    """It is held with its reason, the others are kept, and halving takes few runs."""
    command = Command(twelve, "e")
    done = run(twelve, "--test", command.line, "--bisect", "--format", "json", index=index)
    assert (4, {"e"}) == (done.returncode, held(done))
    assert {name: "1.0" if name == "e" else "2.0" for name in "abcdefghijkl"} == installed(twelve)
    assert command.runs <= 2 + 4 + 1
    row = packages(done)["e"]
    assert ("hold", "done", "1.0", "2.0") == (row["action"], row["status"], row["target"], row["latest"])
    assert [{"kind": "fails-test", "text": "fails your test", "version": "2.0"}] == row["reasons"]
    assert 12 == len(index.paths("/files/*.whl"))
    assert "warning: e 2.0 fails your test; leaving e unchanged" in done.stderr
    assert (0, "2.0") == (run(twelve, index=index).returncode, installed(twelve)["e"])


def test_bisect_without_anything_that_fails(twelve: Env, index: LocalIndex) -> None:
    """Then everything is kept after two runs."""
    command = Command(twelve)
    done = run(twelve, "--test", command.line, "--bisect", index=index)
    assert (0, 2, {"2.0"}) == (done.returncode, command.runs, set(installed(twelve).values()))


def test_bisect_is_one_transaction(twelve: Env, index: LocalIndex) -> None:
    """The tries leave nothing behind: the history has what was kept, and undoing it restores every byte."""
    before = tree(twelve.path, ignore=[HOME])
    run(twelve, "--test", Command(twelve, "e").line, "--bisect", index=index)
    (entry,) = json.loads(run(twelve, "--history", "--format", "json").stdout)["transactions"]
    assert 11 == len(entry["changes"])
    assert 0 == run(twelve, "--undo").returncode
    assert before == tree(twelve.path, ignore=[HOME])


def test_bisect_finds_several(twelve: Env, index: LocalIndex) -> None:
    """Two that fail independently of each other are both held."""
    command = Command(twelve, "b", "k")
    done = run(twelve, "--test", command.line, "--bisect", "--format", "json", index=index)
    assert (4, {"b", "k"}) == (done.returncode, held(done))
    assert {name: "1.0" if name in "bk" else "2.0" for name in "abcdefghijkl"} == installed(twelve)


def test_bisect_of_two_that_fail_together_only(twelve: Env, index: LocalIndex) -> None:
    """Holding one of them is enough."""
    command = Command(twelve, "bk")
    done = run(twelve, "--test", command.line, "--bisect", "--format", "json", index=index)
    assert (4, {"k"}) == (done.returncode, held(done))
    assert {name: "1.0" if name == "k" else "2.0" for name in "abcdefghijkl"} == installed(twelve)


def test_bisect_when_all_fail(twelve: Env, index: LocalIndex) -> None:
    """Then nothing changes, and the report says so."""
    before = tree(twelve.path)
    done = run(twelve, "--test", Command(twelve, *"abcdefghijkl").line, "--bisect", "--format", "json", index=index)
    assert (4, set("abcdefghijkl"), None) == (done.returncode, held(done), json.loads(done.stdout)["transaction"])
    assert before == tree(twelve.path)


def test_bisect_respects_requirements(environment: Env, index: LocalIndex) -> None:
    """Every try is consistent: what the failing one needs is kept, what needs it is held by that."""
    install(environment, [index.release(name, "1.0") for name in ("app", "lib", "plugin")])
    index.release("lib", "2.0")
    index.release("app", "2.0", requires=["lib>=2", "fresh"])
    index.release("plugin", "2.0", requires=["app>=2"])
    index.release("fresh", "2.0")
    done = run(environment, "--test", Command(environment, ["app"]).line, "--bisect", "--format", "json", index=index)
    assert (4, {"app"}) == (done.returncode, held(done))
    assert {"app": "1.0", "lib": "2.0", "plugin": "1.0"} == installed(environment)
    assert "plugin 2.0 requires app>=2, but app stays at 1.0 (fails your test)" in [
        reason["text"] for reason in packages(done)["plugin"]["reasons"]
    ]
    assert [] == pip_check(environment)


def test_bisect_of_what_can_only_move_together(environment: Env, index: LocalIndex) -> None:
    """A pair in which one pins the other is held as a pair."""
    install(environment, [index.release("core", "1.0"), index.release("model", "1.0", requires=["core==1.0"])])
    install(environment, [index.release("other", "1.0")])
    index.release("core", "2.0")
    index.release("model", "2.0", requires=["core==2.0"])
    index.release("other", "2.0")
    done = run(environment, "--test", Command(environment, ["core"]).line, "--bisect", "--format", "json", index=index)
    assert (4, {"core", "model"}) == (done.returncode, held(done))
    assert {"core": "1.0", "model": "1.0", "other": "2.0"} == installed(environment)
    assert "core 2.0" == packages(done)["model"]["reasons"][0]["with"]


def test_bisect_of_what_takes_over_a_file(environment: Env, index: LocalIndex) -> None:
    """A part of the plan that cannot be swapped in by itself is no trial."""
    install(
        environment,
        [
            index.release("former", "1.0", files={"former/__init__.py": "__version__ = '1'", "shared.py": ""}),
            index.release("above", "1.0"),
            index.release("zebra", "1.0"),
        ],
    )
    index.release("former", "2.0", files={"former/__init__.py": "__version__ = '1'"})
    index.release("above", "2.0", files={"above/__init__.py": "__version__ = '1'", "shared.py": "taken"})
    index.release("zebra", "2.0")
    done = run(environment, "--test", Command(environment, ["zebra"]).line, "--bisect", "--format", "json", index=index)
    assert (4, {"zebra"}) == (done.returncode, held(done))
    assert {"former": "2.0", "above": "2.0", "zebra": "1.0"} == installed(environment)


def test_command_that_installs_something(twelve: Env, index: LocalIndex) -> None:
    """That would spoil every comparison: planned and tried again with what is there now."""
    info = twelve.site_packages / "stray-1.0.dist-info"
    line = f'"{twelve.python}" -c "import a, pathlib, sys; new = a.__version__ == \'2.0\'; ' + (
        f"new and pathlib.Path(r'{info}').mkdir(exist_ok=True); sys.exit(new)\""
    )
    done = run(twelve, "--test", line, "--bisect", "--format", "json", index=index)
    assert (4, {"a"}) == (done.returncode, held(done))
    assert 1 == done.stderr.count("planning again")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--bisect"], "--bisect requires --test"),
        (["--test", " "], "requires a command"),
        (["--test", "true", "--check"], "--test cannot be used with --check"),
        (["--test", "true", "-n"], "--test cannot be used with --dry-run"),
    ],
)
def test_wrong_usage(environment: Env, index: LocalIndex, arguments: list[str], words: str) -> None:
    """One sentence, a hint, exit code 2."""
    done = run(environment, *arguments, index=index)
    assert (2, True, True) == (done.returncode, words in done.stderr, "hint: " in done.stderr)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("bisect", [False, True])
def test_interruption_during_the_test(twelve: Env, index: LocalIndex, number: int, bisect: bool) -> None:
    """Everything is taken back, the command does not outlive the run, and what is printed is true."""
    before = tree(twelve.path)
    mark = twelve.home / "waiting"
    script = twelve.home / "wait.py"
    script.write_text(
        "import a, pathlib, time, os\n"
        "if a.__version__ == '2.0':\n"
        f"    pathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(60)\n"
    )
    flags = ["--bisect"] if bisect else []
    with subprocess.Popen(
        [str(twelve.python), "-m", "pip_fastupdate", "--test", f'exec "{twelve.python}" "{script}"', *flags],
        env=variables(twelve, index=index),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until(lambda: mark.exists() and mark.read_text(), 30)
        process.send_signal(number)
        out, told = process.communicate(timeout=30)
    assert (130, "") == (process.returncode, out)
    assert "error: interrupted; the environment is unchanged" == told.splitlines()[-1]
    assert before == tree(twelve.path)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
@pytest.mark.parametrize("deaf", [False, True])
def test_what_the_shell_has_started_ends_with_it(twelve: Env, index: LocalIndex, deaf: bool) -> None:
    """Without a terminal, which would send Ctrl-C to all of them; those that do not want to are killed."""
    mark, script = twelve.home / "waiting", twelve.home / "wait.py"
    script.write_text(
        "import os, pathlib, signal, time\n"
        f"if {deaf}:\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [str(twelve.python), "-m", "pip_fastupdate", "--test", f'"{twelve.python}" "{script}" && true; true'],
        env=variables(twelve, index=index),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        wait_until(lambda: mark.exists() and mark.read_text(), 30)
        process.send_signal(signal.SIGTERM)
        assert 130 == process.wait(30)
    wait_until(lambda: not is_alive(int(mark.read_text())), 2)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and that nobody has asked does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups of terminals")
@pytest.mark.parametrize("terminal", [False, True])
def test_command_stays_with_its_terminal(tmp_path: Path, terminal: bool) -> None:
    """Where there is one, its Ctrl-C reaches the command by itself; otherwise the command has a session of its own."""
    inner = tmp_path / "inner.py"
    inner.write_text(
        "import os, sys\n"
        "from pip_fastupdate.progress.plain import Silent\n"
        "from pip_fastupdate.update.trials.user_test import UserTest\n"
        "line = f'{sys.executable} -c \"import os; raise SystemExit(os.getsid(0) != {os.getsid(0)})\"'\n"
        "print('together:', UserTest(command=line, progress=Silent()).run('it') == 0)\n"
    )
    started = [sys.executable, str(inner)]
    if terminal:
        started = [sys.executable, "-c", f"import pty; pty.spawn({started!r})"]
    done = subprocess.run(
        started,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=30,
        check=False,
    )
    assert f"together: {terminal}" in done.stdout, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signals")
def test_command_that_does_not_want_to_end(twelve: Env, index: LocalIndex) -> None:
    """It is given some seconds, then the run ends without it."""
    before, mark = tree(twelve.path), twelve.home / "waiting"
    line = f"trap '' TERM; echo > {mark}; sleep 12"
    with subprocess.Popen(
        [str(twelve.python), "-m", "pip_fastupdate", "--test", line],
        env=variables(twelve, index=index),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_until(mark.exists, 30)
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        assert 130 == process.wait(30)
    assert 4 < time.monotonic() - begun < 11
    assert before == tree(twelve.path)


def test_command_is_found_as_the_shell_finds_it(twelve: Env, index: LocalIndex, tmp_path: Path) -> None:
    """PATH, working directory and variables are the user's; there is no standard input."""
    script = tmp_path / "where.py"
    script.write_text(
        "import os, sys\n"
        "assert os.getcwd() == os.environ['EXPECTED']\n"
        "assert sys.stdin.read() == ''\n"
        "print('seen it')\n"
    )
    there = tmp_path / "there"
    there.mkdir()
    done = run(
        twelve,
        *("--test", f'python "{script}"'),
        index=index,
        env_vars={"EXPECTED": str(there), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        input="not for the command",
        cwd=there,
    )
    assert (0, 2) == (done.returncode, done.stderr.count("seen it"))
