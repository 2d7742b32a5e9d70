"""``--all-venvs DIR``: update every virtual environment in a directory, one after the other, each by ``--python``.

Each is a separate run in its own process, so that a failure in one cannot stop the others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import DONE, FAILED, INCOMPLETE, INTERRUPTED, UPDATES_FOUND, PipUpdateError
from ..core.files import walk
from ..core.text import typed
from . import launch, lifeline
from .chosen import manager_of

MARK = "pyvenv.cfg"
_CONDA = "conda-meta"
_CONDA_UPDATE = "conda update --all --prefix {path}"
_PIXI = "pixi"
"""A file in there that pixi writes: its lock file says what such an environment has."""
_GRAVEST = (INTERRUPTED, FAILED, INCOMPLETE, UPDATES_FOUND, DONE)
"""The overall exit code if several differ."""

_RESULTS = {
    DONE: "done",
    INCOMPLETE: "done, but some packages could not be upgraded",
    UPDATES_FOUND: "updates found",
    INTERRUPTED: "interrupted; the remaining environments are unchanged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One environment."""

    path: Path
    manager: str = ""
    """The program that manages it; "" for one that is updated."""

    command: str = ""
    """The command that updates it then; "" if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The result of one environment."""

    found: Found
    code: int | None
    """Exit code of its run; None if there was none."""

    error: str = ""
    report: Any = None
    """The JSON report, decoded, if requested and written."""

    @property
    def result(self) -> str:
        """The result for display."""
        if self.found.manager:
            line = f"; run `{self.found.command}` to update it" if self.found.command else ""
            return f"managed by {self.found.manager}{line}"
        return self.error or _RESULTS[self.code or DONE]

    def as_json(self) -> dict[str, Any]:
        """Return its object in the list of all."""
        return {
            "prefix": str(self.found.path),
            "exit_code": self.code,
            "left_to": self.found.manager or None,
            "command": self.found.command or None,
            "error": self.error or None,
            "report": self.report,
        }


def without_folder(arguments: Sequence[str], format: str) -> list[str]:
    """Return the command line for one environment, whose report has the ``format``."""
    words = iter(arguments)
    kept = []
    for word in words:
        if word == "--all-venvs":
            next(words, None)
        elif not word.startswith("--all-venvs="):
            kept.append(word)
    return [f"--format={format}", *kept]  # before a "--", after which there are only names


def environments(folder: Path, failed: Callable[[OSError], object]) -> Iterator[Found]:
    """Yield the environments in and below ``folder``, sorted; links are not followed, and environments not searched."""
    for place, folders, files in walk(folder, failed):
        folders.sort()
        conda = _CONDA in folders
        if not conda and MARK not in files:
            continue
        folders.clear()
        path = Path(place)
        if conda and (path / _CONDA / _PIXI).is_file():
            yield Found(path=path, manager="pixi", command="pixi update")
        elif conda:
            yield Found(path=path, manager="conda", command=_CONDA_UPDATE.format(path=typed(str(path))))
        elif path.name == "shared" and (path.parent / "venvs").is_dir():
            yield Found(path=path, manager="pipx", command="pipx upgrade-shared")
        else:
            name, command = manager_of(path)
            yield Found(path=path, manager=name, command=command.format(name=path.name) if command else "")


def run(found: Found, arguments: Sequence[str], *, as_json: bool) -> Ran:
    """Run the program in one environment; its messages, and without ``as_json`` its report, go where ours go.

    Returns only when that run has ended, even if interrupted.
    """
    if found.manager:
        return Ran(found=found, code=None)
    try:
        command, variables = launch.command(str(found.path), arguments)
        code, output = _wait_for(command, variables, capture=as_json)
    except KeyboardInterrupt:
        return Ran(found=found, code=INTERRUPTED, error=_RESULTS[INTERRUPTED])
    except (PipUpdateError, OSError) as error:
        return Ran(found=found, code=FAILED, error=getattr(error, "message", str(error)))
    what = _RESULTS[INTERRUPTED] if code == INTERRUPTED else "" if code in _RESULTS else _words(code)
    return Ran(found=found, code=code, report=_decoded(output), error=what)


def _wait_for(command: Sequence[str], variables: Mapping[str, str], *, capture: bool) -> tuple[int, bytes]:
    """Return the exit code and the output, if that is captured."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with (
        lifeline.to_child(variables) as options,
        subprocess.Popen(  # noqa: S603 - the interpreter of an environment in the directory that the user named
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if capture else None, **options
        ) as child,
    ):
        try:
            output, _ = child.communicate()
        except BaseException:  # it may not have been interrupted: it rolls back what it has begun
            child.terminate()
            child.wait()
            raise
    return child.returncode, output or b""


def _decoded(output: bytes) -> Any:
    try:
        return json.loads(output) if output else None
    except (ValueError, RecursionError):
        return None


def _words(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"failed with exit code {code}; see its messages above"


def exit_code(ran: Iterable[Ran]) -> int:
    """Return one code for all: the most serious one; usage errors, signals and the like count as failed."""
    codes = {each.code if each.code in _GRAVEST else FAILED for each in ran if each.code is not None}
    return next((code for code in _GRAVEST if code in codes), DONE)
