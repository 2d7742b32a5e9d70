"""Completion by ``--shell-init`` in real shells, with a pip-update that only tells how it was called."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import get_args

import pytest

from pip_fastupdate.arguments import parser
from pip_fastupdate.arguments.shell.completion import completion_for
from pip_fastupdate.core.options import Format

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the shells are those of POSIX systems")

INSTALLED = (
    "typing_extensions-4.1.dist-info",
    "zope.interface-6.0.dist-info",
    "zo$(touch pwned)-1.dist-info",
    "zo`touch pwned`;touch pwned-1.dist-info",
    "zo'\"-1.dist-info",
    "zo\ntouch pwned-1.dist-info",
    "zo\nzombie-1\nzone-1.dist-info",
)
LINES = [
    ("pip-update --dry-r", ["--dry-run"]),
    ("pip-update --format j", ["json"]),
    ("pip-update --level mi", ["minor"]),
    ("pip-update --shell-init fi", ["fish"]),
    ("pip-update --undo 1", ["12"]),
    ("pip-update --why zo", ["zope.interface"]),
    ("pip-update --changes --cache-in", ["--cache-info"]),
    ("pip-update zo", ["zope.interface"]),
    ("pip-update -n typing-", ["typing-extensions"]),
    ("pip update --cache-in", ["--cache-info"]),
    ("pip update zo", ["zope.interface"]),
]
WITH_EQUALS = [
    ("pip-update --format=j", ["--format=json"]),
    ("pip-update --exclude=ty", ["--exclude=typing-extensions"]),
]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment with a pip and a pip-update that write down their arguments, and with installed names."""
    folder = tmp_path / "env $(touch pwned) [a]"
    packages = folder / "lib" / "python3.12" / "site-packages"
    for name in INSTALLED:
        (packages / name).mkdir(parents=True)
    for name in ("12", "13;touch pwned", "14$(touch pwned)"):
        (folder / ".pip-fastupdate" / name).mkdir(parents=True)
    (folder / ".pip-fastupdate" / "1.json").touch()
    (folder / "bin").mkdir()
    for program in ("pip", "pip-update"):
        (folder / "bin" / program).write_text(f'#!/bin/sh\nprintf "<%s>" {program} "$@" >>"$HOME/told"\n')
        (folder / "bin" / program).chmod(0o755)
    return folder


def _shell(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    return program


def _settings(environment: Path) -> dict[str, str]:
    path = os.pathsep.join([str(environment / "bin"), "/usr/bin", "/bin"])
    return {"PATH": path, "HOME": str(environment.parent), "LC_ALL": "C", "TERM": "dumb"}


def _text(environment: Path, shell: str) -> str:
    """A file with the text."""
    file = environment.parent / "completion"
    file.write_text(f"{completion_for(shell, parser())}\n", encoding="ascii")
    return shlex.quote(str(file))


def _output(command: list[str], environment: Path) -> list[str]:
    done = subprocess.run(
        command,
        env=_settings(environment),
        cwd=environment.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert (done.stderr, (environment.parent / "pwned").exists()) == ("", False)
    assert not (environment.parent / "told").exists(), "completing ran a program"
    return done.stdout.splitlines()


def _complete_in_bash(environment: Path, words: list[str]) -> list[str]:
    """What bash calls on Tab, with the words that it would hand over."""
    script = f"""
        . {_text(environment, "bash")}
        COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}
        registered=($(complete -p {words[0]}))
        "${{registered[2]}}" {words[0]} {shlex.quote(words[-1])} {words[-2]}
        [ ${{#COMPREPLY[@]}} = 0 ] || printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return _output([_shell("bash"), "--norc", "-c", script], environment)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        *LINES,
        ("pip-update --format = j", ["json"]),
        ("pip-update --format =", list(get_args(Format))),
        ("pip-update --cache-url z", []),
        ("pip install zo", []),
        ("pip-update nothing", []),
    ],
)
def test_bash(environment: Path, line: str, expected: list[str]) -> None:
    """Options, values and names are offered; no program runs, and what cannot be a name is not offered."""
    assert _complete_in_bash(environment, line.split(" ")) == expected


def test_completion_of_pip_stays(environment: Path) -> None:
    """Whoever completes pip already goes on doing so."""
    script = f"complete -F _of_pip pip; . {_text(environment, 'bash')}; complete -p pip pip-update"
    said = _output([_shell("bash"), "--norc", "-c", script], environment)
    assert said == ["complete -F _of_pip pip", "complete -F __pip_update_complete pip-update"]


def test_fish(environment: Path) -> None:
    """Fish says itself what it would offer."""
    asked = "\n".join(f"complete -C {shlex.quote(line)}; echo ." for line, _ in (*LINES, *WITH_EQUALS))
    script = f"source {_text(environment, 'fish')}\n{asked}"
    said = _output([_shell("fish"), "--no-config", "-c", script], environment)
    offered = [line.partition("\t")[0] for line in said]
    assert offered == [word for _, words in (*LINES, *WITH_EQUALS) for word in (*words, ".")]


def test_zsh(environment: Path) -> None:
    """Tab at a real prompt writes the whole word, which the program is then called with."""
    program, home = _shell("zsh"), environment.parent
    (home / ".zshrc").write_text(
        f"unsetopt beep zle_bracketed_paste\nautoload -Uz compinit; compinit -D -u\n. {_text(environment, 'zsh')}\n"
        "pip() { if [[ $1 == update ]]; then shift; command pip-update \"$@\"; fi; }\nPS1='ready> '\n"
    )
    terminal, other_end = pytest.importorskip("pty").openpty()
    with subprocess.Popen(
        [program, "-d", "-i"],
        env=_settings(environment),
        cwd=home,
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
        start_new_session=True,
    ) as child:
        os.close(other_end)
        try:
            _press_tab(terminal)
        finally:
            child.kill()
            os.close(terminal)
    called = [
        "<pip-update>" + "".join(f"<{word}>" for word in _words(line, words)) for line, words in (*LINES, *WITH_EQUALS)
    ]
    assert (home / "told").read_text(encoding="utf-8") == "".join(called)
    assert not (home / "pwned").exists()


def _press_tab(terminal: int) -> None:
    """Types the lines, each with Tab and Return, and waits until the last one has run."""
    _wait_for(terminal, b"ready> ")
    for line, _ in (*LINES, *WITH_EQUALS):
        os.write(terminal, f"{line}\t\n".encode())
        _wait_for(terminal, b"ready> ")  # perhaps only drawn anew
    os.write(terminal, b"echo all' 'done\n")
    _wait_for(terminal, b"all done")


def _words(line: str, completed: list[str]) -> list[str]:
    """The arguments that pip-update gets."""
    return [word for word in line.split(" ")[1:-1] if word != "update"] + completed


def _wait_for(terminal: int, text: bytes) -> None:
    """Reads until the terminal shows the text."""
    seen, end = b"", time.monotonic() + 20
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, seen
        seen += os.read(terminal, 4096)
