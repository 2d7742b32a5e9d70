"""Forks a process again and again at one moment of its life, for whoever asks: starting it anew would take seconds.

``Forks`` is in the process that is forked, which needs none of the other tests; ``Nursery`` in the one that asks. Each
child has a standard output and an error output of its own, and goes on as the process would have.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

HUNG = 1000
"""What a child ends with that took too long."""

_write = os.write  # the injector replaces it


class Forks:
    """Where a process waits to be forked. ``asking`` and ``answering`` are the descriptors of two pipes."""

    def __init__(self, asking: int, answering: int) -> None:
        self._asking = asking
        self._answering = answering

    def wait(self, number: int = 0) -> dict[str, Any]:
        """Return what is asked for in a child of its own, each time that something is. This process ends in here.

        ``number`` is told to whoever asks.
        """
        _write(self._answering, b"%d\n" % number)
        while True:
            request = self._next()
            pid = os.fork()
            if pid == 0:
                os.close(self._asking)
                os.close(self._answering)
                _redirect(request["out"], 1)
                _redirect(request["err"], 2)
                return request
            _write(self._answering, b"%d\n" % _ended(pid, request["patience"]))

    def _next(self) -> dict[str, Any]:
        line = b""
        while not line.endswith(b"\n"):
            found = os.read(self._asking, 65536)
            if not found:
                os._exit(0)
            line += found
        request: dict[str, Any] = json.loads(line)
        return request


def _redirect(path: str, descriptor: int) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(opened, descriptor)
    os.close(opened)


def _ended(pid: int, patience: float) -> int:
    """The exit code of a child, negative for a signal; one that takes longer than ``patience`` (s) is killed."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return HUNG


class Nursery:
    """A process that waits to be forked, and its children."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, patience: float) -> None:
        """Wait until it can be forked.

        ``command`` has to take ``--forks ASKING ANSWERING``; ``patience`` is how long a child may take (s).
        """
        self._patience = patience
        self._folder = tempfile.TemporaryDirectory(prefix="nursery-")
        asked, self._asking = os.pipe()
        self._answers, answering = os.pipe()
        script, *options = command[command.index("--forks") :]
        head = command[: command.index("--forks")]
        with Path(self._folder.name, "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*head, script, str(asked), str(answering), *options],
                pass_fds=(asked, answering),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                cwd=cwd,
            )
        os.close(asked)
        os.close(answering)
        self.number = self._answer()

    def child(self, **request: object) -> subprocess.CompletedProcess[str]:
        """Have a child do what ``request`` says, and wait for its end."""
        out, err = (str(Path(self._folder.name, name)) for name in ("out", "err"))
        what = {**request, "out": out, "err": err, "patience": self._patience}
        os.write(self._asking, json.dumps(what).encode() + b"\n")
        code = self._answer()
        texts = [Path(path).read_text(encoding="utf-8") for path in (out, err)]
        return subprocess.CompletedProcess([], code, *texts)

    def _answer(self) -> int:
        answer = b""
        while not answer.endswith(b"\n"):
            found = os.read(self._answers, 100)
            if not found:
                raise RuntimeError(f"it ended early: {Path(self._folder.name, 'log').read_text(encoding='utf-8')}")
            answer += found
        return int(answer)

    def close(self) -> None:
        """End it."""
        os.close(self._asking)
        self._process.wait()
        os.close(self._answers)
        self._folder.cleanup()

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def main(argv: list[str]) -> None:
    """``--forks ASKING ANSWERING FOLDER [MODULE …]``: run a program in each child, with these modules imported before.

    FOLDER is what the interpreter puts first on its path for the program; "" for none. A request has the program as
    ``argv``, and ``modules``, a file for the names of all that is imported in the end.
    """
    import atexit
    import importlib
    import runpy
    from contextlib import suppress

    _, asking, answering, folder, *modules = argv
    del sys.path[0]
    if folder:
        sys.path.insert(0, folder)
    for name in modules:
        with suppress(ImportError):
            importlib.import_module(name)
    request = Forks(int(asking), int(answering)).wait()
    importlib.invalidate_caches()
    if request.get("modules"):
        atexit.register(lambda: Path(request["modules"]).write_text("\n".join(list(sys.modules)), encoding="utf-8"))
    sys.argv = request["argv"]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
