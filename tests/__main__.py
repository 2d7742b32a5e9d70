"""Everything that has to hold, in one command: ``python -m tests``; it stops at the first thing that does not.

Arguments go to pytest, which then runs in one process and says nothing about coverage: ``python -m tests -k report``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
COVERED = 95
"""Per cent of the branches that the tests have to reach."""

PYTHON = (sys.executable, "-m")
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as main; main()"
CHECKS = (
    (*PYTHON, "ruff", "format", "--check", "."),
    (*PYTHON, "ruff", "check", "."),
    (*PYTHON, "mypy"),
    (sys.executable, "-c", LINT_IMPORTS),
)


def main(arguments: list[str]) -> int:
    """The exit code of the first step that fails, else 0."""
    everything = ("--numprocesses=auto", "--dist=loadfile", "--cov", f"--cov-fail-under={COVERED}")
    for step in (*CHECKS, (*PYTHON, "pytest", *(arguments or everything))):
        print(f"$ {' '.join(step[1:])}", flush=True)
        code = subprocess.run(step, cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
