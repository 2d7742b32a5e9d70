"""pip in a process that stays: who prepares environments for tests need not start it, and import it, each time.

Started as a script it takes requests on standard input, a line of JSON each, and answers likewise. It is pip's own code
alone: nothing of the program under test is in that process, nor is anything measured there.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import subprocess
import sys
import sysconfig
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


def install(prefix: Path, python: Path, wheels: list[tuple[str, Path]], *, compile: bool, requested: bool) -> None:
    """Unpack (name, wheel) into the virtual environment ``prefix`` of this very Python, as ``pip install`` does.

    Nothing of that name may be there. Raises AssertionError with pip's own words.
    """
    _ask(
        "install",
        prefix=str(prefix),
        python=str(python),
        wheels=[(name, str(path)) for name, path in wheels],
        compile=compile,
        requested=requested,
    )


def check(site_packages: Path) -> list[str]:
    """The lines of ``pip check`` about what is installed in a folder; [] for none."""
    return list(_ask("check", site_packages=str(site_packages)))


def _ask(what: str, **options: Any) -> Any:
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps({"what": what, **options}) + "\n")
    server.stdin.flush()
    answer = json.loads(server.stdout.readline() or '{"error": "pip has ended"}')
    assert "error" not in answer, answer["error"]
    return answer["found"]


@cache
def _server() -> subprocess.Popen[str]:
    said = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "COVERAGE_", "PYTHON"))}
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", __file__],
        env={**said, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    atexit.register(_end, server)
    return server


def _end(server: subprocess.Popen[str]) -> None:
    for stream in (server.stdin, server.stdout):
        if stream is not None:
            stream.close()
    server.wait(10)


# In the process itself


def _install(options: Mapping[str, Any]) -> None:
    from pip._internal.models.scheme import Scheme
    from pip._internal.operations.install.wheel import install_wheel

    prefix = options["prefix"]
    name_of_scheme = "venv" if "venv" in sysconfig.get_scheme_names() else "nt" if os.name == "nt" else "posix_prefix"
    paths = sysconfig.get_paths(name_of_scheme, vars={"base": prefix, "platbase": prefix})
    headers = os.path.join(prefix, "include", "site", f"python{sysconfig.get_python_version()}")  # noqa: PTH118
    own, sys.executable = sys.executable, options["python"]  # what pip writes into scripts
    try:
        for name, path in options["wheels"]:
            scheme = Scheme(
                purelib=paths["purelib"],
                platlib=paths["platlib"],
                headers=os.path.join(headers, name),  # noqa: PTH118
                scripts=paths["scripts"],
                data=paths["data"],
            )
            install_wheel(
                name=name,
                wheel_path=path,
                scheme=scheme,
                req_description=name,
                pycompile=options["compile"],
                warn_script_location=False,
                requested=options["requested"],
            )
    finally:
        sys.executable = own


def _check(options: Mapping[str, Any]) -> list[str]:
    from pip._internal.commands import check as command
    from pip._internal.metadata import get_environment
    from pip._internal.operations import check as operations

    for module in (command, operations):
        if hasattr(module, "get_default_environment"):
            module.get_default_environment = lambda: get_environment([options["site_packages"]])
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = command.CheckCommand("check", "").main([])
    return printed.getvalue().splitlines() if code else []


def _serve() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    actions = {"install": _install, "check": _check}
    for line in sys.stdin:
        options = json.loads(line)
        try:
            answer = {"found": actions[options["what"]](options)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    sys.path.pop(0)  # this folder, whose modules nobody asked for
    _serve()
