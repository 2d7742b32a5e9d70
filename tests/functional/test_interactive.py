"""``--interactive`` in a real terminal: what is chosen comes in, and nothing else happens to anything."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.copies import copy_distribution, copy_packages
from tests.support.environments import Env, install, installed, run, tree, variables
from tests.support.local_index import LocalIndex

pty, termios, fcntl = (pytest.importorskip(name) for name in ("pty", "termios", "fcntl"))
pytest.importorskip("prompt_toolkit")

NOT_IN_CI = {"CI": None, "TERM": "xterm-256color"}


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from which prompt_toolkit is imported, without its metadata."""
    folder = tmp_path_factory.mktemp("library")
    for name in ("prompt_toolkit", "wcwidth"):
        copy_packages(name, folder)
    return folder


@pytest.fixture
def env(environment: Env, index: LocalIndex, library: Path) -> Env:
    """A package that requires a newer one of another, one on its own, one that the user holds back."""
    (environment.site_packages / "zz-library.pth").write_text(f"{library}\n")
    install(environment, [index.release("lib", "1.0"), index.release("solo", "1.0")])
    install(environment, [index.release("app", "1.0", requires=["lib"])])
    index.release("app", "2.0", requires=["lib>=1.5"])
    index.release("solo", "1.0.1")
    for version in ("1.5", "2.0"):
        index.release("lib", version)
    return environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run in a terminal came to."""

    code: int
    report: str
    """Standard output, which is no terminal."""

    screen: str
    """All that came to the terminal, codes and all."""

    restored: bool
    """Whether the terminal is as it was."""

    @property
    def versions(self) -> dict[str, str]:
        """By name, the versions after the run, of what the report is about."""
        return {each["name"]: each["target"] for each in json.loads(self.report)["packages"]}


Step = str | Callable[[subprocess.Popen[bytes]], str | None]
"""Keys, or something to be done that may return some."""


def ask(env: Env, index: LocalIndex, keys: Step, *arguments: str, again: Step = "", **extra: str) -> Done:
    """Run the program in a terminal of its own; once it asks, type the keys, or do something else to it.

    ``again`` is typed when it asks once more.
    """
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    os.set_blocking(controller, False)
    before = termios.tcgetattr(terminal)
    child = subprocess.Popen(
        [str(env.python), "-m", "pip_fastupdate", "--interactive", "--format", "json", *arguments],
        env=variables(env, index=index, env_vars={**NOT_IN_CI, **extra}),
        cwd=env.home,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        start_new_session=True,
    )
    seen = b""
    for sign, step in [(b" to download", keys), *([(b"choose again", again)] if again else [])]:
        seen += _until(lambda seen, sign=sign: sign in seen, controller)
        typed = step(child) if callable(step) else step
        os.write(controller, (typed or "").encode())
    seen += _until(lambda _: child.poll() is not None, controller)
    assert child.stdout is not None
    report = child.stdout.read().decode()
    child.stdout.close()
    after = termios.tcgetattr(terminal)
    os.close(terminal)
    os.close(controller)
    return Done(code=child.returncode, report=report, screen=seen.decode(), restored=before == after)


def _until(over: Callable[[bytes], bool], controller: int) -> bytes:
    """What comes to the terminal until it is over."""
    seen, late = b"", time.monotonic() + 60
    while not over(seen):
        seen += _some(controller)
        assert time.monotonic() < late, seen.decode()
        time.sleep(0.01)
    return seen + _some(controller)


def _some(controller: int) -> bytes:
    try:
        return os.read(controller, 65536)
    except BlockingIOError:
        return b""


def test_what_is_chosen_comes_in(env: Env, index: LocalIndex) -> None:
    """With what has to follow, as little as that must; the index is asked for the two files."""
    run(env, "-n", index=index)
    index.reset()
    done = ask(env, index, "a \r")
    assert (0, True) == (done.code, done.restored)
    assert {"app": "2.0", "lib": "1.5"} == done.versions
    assert {"app": "2.0", "lib": "1.5", "solo": "1.0"} == installed(env)
    assert {"/files/app-2.0-py3-none-any.whl", "/files/lib-1.5-py3-none-any.whl"} == set(index.paths("*.whl"))
    assert done.screen.index("\x1b[?1049h") < done.screen.index("\x1b[?1049l")


def test_enter_alone_is_the_usual_run(env: Env, index: LocalIndex) -> None:
    """Everything is chosen at first; the marks of the best there is are left as always."""
    done = ask(env, index, "\r")
    assert (0, {"app": "2.0", "lib": "2.0", "solo": "1.0.1"}) == (done.code, installed(env))
    index.reset()
    assert (0, []) == (run(env, "--interactive", index=index, env_vars=NOT_IN_CI).returncode - 2, index.requests)


def test_dry_run(env: Env, index: LocalIndex) -> None:
    """The plan of what is chosen: with names, only these are offered."""
    before = tree(env.path)
    done = ask(env, index, "a\x1b[B \r", "--dry-run", "solo", "app")
    assert ({"solo": "1.0.1"}, 0, before) == (done.versions, done.code, tree(env.path))


def test_files_follow_what_is_chosen(env: Env, index: LocalIndex) -> None:
    """Lines of what is not chosen stay, whatever they say."""
    file = env.home / "requirements.txt"
    file.write_text("lib==0.5\nsolo==1.0\napp==1.0\n")
    done = ask(env, index, "a\x1b[F \r", "-r", str(file), "--write", str(file))
    assert (0, "lib==0.5\nsolo==1.0.1\napp==1.0\n") == (done.code, file.read_text())


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(" \x03", id="Ctrl-C"),
        pytest.param(lambda child: child.send_signal(signal.SIGTERM), id="SIGTERM"),
        pytest.param(lambda child: child.send_signal(signal.SIGINT), id="SIGINT"),
    ],
)
def test_leaving_changes_nothing(env: Env, index: LocalIndex, leave: str) -> None:
    """It is an interrupt, and the terminal is as it was."""
    before = tree(env.site_packages)
    done = ask(env, index, leave)
    assert (130, True, "") == (done.code, done.restored, done.report)
    assert "error: interrupted; the environment is unchanged" in done.screen
    assert before == tree(env.site_packages)
    assert "\x1b[?1049l" in done.screen


def test_environment_that_changes_meanwhile(env: Env, index: LocalIndex) -> None:
    """It is noticed before the swap: the plan is made anew, and the user is asked again, with what he chose before."""
    other = index.release("other", "1.0")

    def meanwhile(_child: subprocess.Popen[bytes]) -> str:
        install(env, [other])
        return "a \r"

    done = ask(env, index, meanwhile, again="\r")
    assert (0, {"app": "2.0", "lib": "1.5"}) == (done.code, done.versions)
    assert {"app": "2.0", "lib": "1.5", "other": "1.0", "solo": "1.0"} == installed(env)


def test_no_color(env: Env, index: LocalIndex) -> None:
    """NO_COLOR is honoured: bold at most; without it there is some."""
    colored = re.compile(r"\x1b\[[\d;]*\b(3[0-7]|9[0-7]|38;)[\d;]*m")
    assert [True, False] == [
        bool(colored.search(ask(env, index, "q", **extra).screen)) for extra in ({}, {"NO_COLOR": "1"})
    ]


@pytest.mark.parametrize(
    ("variables", "says"),
    [({"CI": None}, "standard input is not one"), ({"CI": "true"}, "cannot be used in CI (CI=true)")],
)
def test_nobody_to_ask(env: Env, index: LocalIndex, variables: dict[str, str | None], says: str) -> None:
    """One error with a hint, before anything is asked or changed."""
    done = run(env, "--interactive", index=index, env_vars=variables)
    assert (2, "", 2) == (done.returncode, done.stdout, len(done.stderr.splitlines()))
    assert says in done.stderr
    assert [] == index.requests


def test_its_own_library_is_updated(environment: Env, index: LocalIndex) -> None:
    """What draws the choice may be what is chosen: nothing of it is needed after the swap."""
    for name in ("prompt_toolkit", "wcwidth"):
        copy_distribution(name, environment.site_packages)
    broken = {"prompt_toolkit/__init__.py": "raise ImportError('half of it')\n"}
    index.release("prompt-toolkit", "99.0", files=broken)
    done = ask(environment, index, "\r")
    assert (0, {"prompt-toolkit": "99.0"}) == (done.code, {k: v for k, v in done.versions.items() if k[0] == "p"})
    assert "Traceback" not in done.screen


# how it looks, in a terminal that is one


class Tmux:
    """A terminal whose screen can be read."""

    def __init__(self, folder: Path) -> None:
        self._base = ["tmux", "-S", str(folder / "socket"), "-f", os.devnull]

    def start(self, command: str, variables: dict[str, str], columns: int, rows: int) -> None:
        new = ["new-session", "-d", "-x", str(columns), "-y", str(rows), command]
        subprocess.run([*self._base, *new], env={**variables, "TERM": "xterm"}, check=True)

    def __call__(self, *words: str) -> str:
        done = subprocess.run([*self._base, *words], check=True, capture_output=True, encoding="utf-8")
        return done.stdout

    def lines(self, until: str) -> list[str]:
        """The screen as soon as it has what this pattern finds."""
        for _ in range(1000):
            screen = self("capture-pane", "-p")
            if re.search(until, screen):
                return [line.rstrip() for line in screen.splitlines()]
            time.sleep(0.01)
        raise AssertionError(f"no {until!r} on\n{screen}")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    found = Tmux(tmp_path)
    yield found
    found("kill-server")


def boxes(lines: list[str]) -> list[str]:
    """The lines of packages, blanks made one."""
    return [" ".join(line.split()) for line in lines if re.match(r".\[.\] |   [+=] ", line)]


def test_on_screen(env: Env, index: LocalIndex, tmux: Tmux) -> None:
    """Each key shows at once what it leads to; a terminal of 40 columns has names and versions; then the report."""
    command = shlex.join([str(env.python), "-m", "pip_fastupdate", "--interactive", "-n"])
    tmux.start(f"{command}; echo code $?; cat", variables(env, index=index, env_vars=NOT_IN_CI), 100, 24)
    lines = tmux.lines("3 of 3 chosen")
    assert ["Major (2)", "Patch (1)"] == [line for line in lines if line.endswith(")")]
    assert [">[x] app 1.0", "[x] lib 1.0", "[x] solo 1.0"] == [line.partition(" →")[0] for line in boxes(lines)]
    tmux("send-keys", "a")
    assert 3 == len([line for line in boxes(tmux.lines("0 of 3 chosen")) if "[ ]" in line])
    tmux("send-keys", "Space")
    shown = boxes(tmux.lines(r"1 more required, \d"))
    assert re.fullmatch(r"\[\+\] lib 1.0 → 1.5 [\d.]+ k?B app 2.0 requires lib>=1.5", shown[1])
    tmux("send-keys", "i")
    shown = boxes(tmux.lines(r"2 of 3 chosen, \d"))
    assert [">[ ] app 1.0 → 2.0", "[x] lib 1.0 → 2.0"] == [re.sub("(→ [^ ]+).*", r"\1", line) for line in shown[:2]]
    tmux("resize-window", "-x", "40", "-y", "12")
    shown = boxes(tmux.lines("enter go"))
    assert [">[ ] app 1.0 → 2.0", "[x] lib 1.0 → 2.0", "[x] solo 1.0 → 1.0.1"] == shown
    tmux("resize-window", "-x", "100", "-y", "24")
    tmux.lines("a all  i invert")
    tmux("send-keys", "Enter")
    lines = tmux.lines("code 0")
    assert ["lib", "solo"] == [line.split()[0] for line in lines if "would upgrade" in line]
