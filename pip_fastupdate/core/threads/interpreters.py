"""Interpreters inside this process with locks of their own (PEP 684): they work at the same time as this one."""

from __future__ import annotations

import os
import re
import site
import sys
import sysconfig
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

_Functions: TypeAlias = "tuple[Callable[[], Any], Callable[[Any, str], Any], Callable[[Any], Any]]"

_HARMLESS = (
    r"import _virtualenv$",
    r"import os; var = 'SETUPTOOLS_USE_DISTUTILS';",
    r"import __editable___\w+_finder; __editable___\w+_finder\.install\(\)$",
    r"import sys, types, os;\s*has_mfs = sys\.version_info > \(3, 5\);",
    r"import sys; exec\('import os\\n\\nif os\.getenv\(\"COVERAGE_PROCESS_START\"\)",
)
"""Lines of ``.pth`` files that virtualenv and uv, setuptools (three) and coverage write.

A new interpreter runs such lines once more, and an extension module that it cannot import is a traceback on stderr.
"""

_MEASURING = frozenset({"COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"})
"""Variables for which coverage's line is more than a question."""


def available() -> bool:
    """Return whether there are such interpreters here, and a new one would run nothing unknown.

    Not on Windows, where it was not tried. Builds and modes that exchange Python's allocator while interpreters are
    created are out, too (cpython #123134), and those without a global lock (cpython #126644).
    """
    version: tuple[int, ...] = sys.version_info[:2]
    return (
        version >= (3, 12)
        and (sys.implementation.name, os.name) == ("cpython", "posix")
        and not hasattr(sys, "gettotalrefcount")
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
        and not (sys.flags.dev_mode or os.environ.get("PYTHONMALLOC") or "tracemalloc" in sys.modules)
        and (bool(sys.flags.no_site) or not _runs_unknown())
    )


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "process_cpu_count"):  # since 3.13; knows the variable PYTHON_CPU_COUNT
        return int(os.process_cpu_count() or 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(script: str) -> None:
    """Run ``script`` in a new interpreter, and destroy that one.

    Raises RuntimeError or ``InterpreterError``, which has no home that all versions know, if any of this fails.
    """
    create, execute, destroy = _functions()
    interpreter = create()
    try:
        failure = execute(interpreter, script)
    finally:
        destroy(interpreter)
    if failure is not None:
        raise RuntimeError(f"the script failed: {failure}")


def _functions() -> _Functions:
    """Return what creates an isolated interpreter, executes a script in it, and destroys it."""
    version: tuple[int, ...] = sys.version_info[:2]
    if version >= (3, 14):
        found = import_module("concurrent.interpreters")
        return found.create, lambda made, script: made.exec(script), lambda made: made.close()
    if version == (3, 13):
        found = import_module("_interpreters")
        return lambda: found.create("isolated"), found.exec, found.destroy
    found = import_module("_xxsubinterpreters")
    return lambda: found.create(isolated=True), found.run_string, found.destroy


def _runs_unknown() -> bool:
    """Return whether a new interpreter would run code of the environment's that is not known to be harmless."""
    own = Path(os.__file__).parent
    customized = (sys.modules.get(name) for name in ("sitecustomize", "usercustomize"))
    if any(each is not None and Path(each.__file__ or "").parent != own for each in customized):
        return True
    return not all(map(is_harmless, _start_lines()))


def is_harmless(line: str) -> bool:
    """Return whether a line of a ``.pth`` file may run in each new interpreter."""
    known = [each for each in _HARMLESS if "COVERAGE" not in each or not _MEASURING & os.environ.keys()]
    return any(re.match(each, line) for each in known)


def _start_lines() -> Iterator[str]:
    """Yield the lines that ``site`` runs at the start of an interpreter."""
    folders = site.getsitepackages() + ([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])
    for file in sorted({each for folder in folders for each in Path(folder).glob("*.pth")}):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            yield f"import {file.stem}"  # nobody knows
            continue
        yield from (line.rstrip() for line in text.splitlines() if line.startswith(("import ", "import\t")))
