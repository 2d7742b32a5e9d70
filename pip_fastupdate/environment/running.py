"""Programs that run in an environment while it is updated: they use the old versions until restarted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..core.models import Running

PROC = Path("/proc")

_LONGEST = 500
"""Maximum characters shown of a command line."""

_SECRET = re.compile(r"((?:token|secret|passw|pwd|api-?key|credential)[\w-]{0,40}(?:=|\s+))[^\s]+", re.IGNORECASE)
"""A secret value of an option or a variable: reports are stored and published."""


def running_in(prefix: Path, executable: Path, *, proc: Path = PROC) -> tuple[Running, ...]:
    """Return the other processes of the environment's interpreter that this user may inspect, by number.

    By ``/proc`` on Linux, elsewhere by psutil, if that is installed; empty without either. Never raises.
    """
    there = proc != PROC or (proc / "self" / "exe").exists()
    found = _by_proc(proc) if there else _by_psutil()
    real, inside = os.path.realpath(executable), os.path.realpath(prefix)
    own = os.getpid()
    return tuple(
        Running(pid=pid, command=_shown(command))
        for pid, exe, command, environ, cwd in sorted(found)
        if pid != own and exe == real and _belongs(command, environ, cwd, inside, real)
    )


def _shown(command: str) -> str:
    return _SECRET.sub(r"\1****", command[:_LONGEST])


Process = tuple[int, str, str, str, str]
"""Number, real path of the program, command line, VIRTUAL_ENV, current directory."""


def _belongs(command: str, active: str, cwd: str, inside: str, real: str) -> bool:
    """Return whether a process of the interpreter's program belongs to this environment: venvs share the program
    itself.
    """
    if real.startswith(inside + os.sep):
        return True
    first = command.partition(" ")[0]
    if os.sep in first:
        folder = os.path.dirname(os.path.join(cwd, first))  # noqa: PTH118, PTH120 - paths of other processes, as text
        return os.path.realpath(folder).startswith(inside + os.sep)
    return bool(active) and os.path.realpath(active) == inside


def _by_proc(proc: Path) -> Iterator[Process]:
    for folder in proc.iterdir():
        if folder.name.isdigit():
            with suppress(OSError, ValueError):  # ended in the meantime, or another user's
                words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                environ = dict(each.partition(b"=")[::2] for each in (folder / "environ").read_bytes().split(b"\0"))
                yield (
                    int(folder.name),
                    str((folder / "exe").readlink()).removesuffix(" (deleted)"),
                    _text(words),
                    os.fsdecode(environ.get(b"VIRTUAL_ENV", b"")),
                    str((folder / "cwd").readlink()),
                )


def _text(words: Iterable[bytes]) -> str:
    return " ".join(os.fsdecode(each) for each in words)


def _by_psutil() -> Iterator[Process]:
    try:
        import psutil  # type: ignore[import-untyped, unused-ignore] # it is optional
    except ImportError:
        return
    process: Any
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            command = " ".join(process.cmdline())
            active = process.environ().get("VIRTUAL_ENV", "")
            yield process.pid, os.path.realpath(process.exe()), command, active, process.cwd()
