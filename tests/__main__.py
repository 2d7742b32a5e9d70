"""Everything that has to hold, in one command: ``python -m tests``; it stops at the first thing that does not.

``python -m tests nightly`` tries more: every test, each property with many more examples, faults at many more places.
Other arguments go to pytest, which runs in one process then, and nothing is measured: ``python -m tests -k report``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
COVERED = 94
"""Per cent of the branches that the tests have to reach."""

PYTHON = (sys.executable, "-m")
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as main; main()"
CHECKS = (
    (*PYTHON, "ruff", "format", "--check", "."),
    (*PYTHON, "ruff", "check", "."),
    (*PYTHON, "mypy"),
    (sys.executable, "-c", LINT_IMPORTS),
)
PARALLEL = ("--numprocesses=auto", "--dist=worksteal", "--durations=20", "--durations-min=1")
MEASURED = ("--cov", f"--cov-fail-under={COVERED}")


def main(arguments: list[str]) -> int:
    """The exit code of the first step that fails, else 0."""
    nightly = arguments == ["nightly"]
    options = PARALLEL if nightly else arguments or (*PARALLEL, *MEASURED)
    variables = {**os.environ, "PIP_FASTUPDATE_TESTS": "nightly"} if nightly else None
    fuzzing = [(*PYTHON, "tests.fuzz")] if nightly and find_spec("atheris") else []
    for step in (*CHECKS, (*PYTHON, "pytest", *options), *fuzzing):
        print(f"$ {' '.join(step[1:])}", flush=True)
        code = subprocess.run(step, cwd=ROOT, env=variables, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
