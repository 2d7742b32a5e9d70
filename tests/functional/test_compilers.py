"""Processes that compile in several interpreters, however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 12)
    or (sys.implementation.name, os.name) != ("cpython", "posix")
    or bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="no interpreter has a lock of its own here",
)

COMPILE = """
import sys, threading
from pathlib import Path
from pip_fastupdate._pip.compilers import Compilers
from pip_fastupdate._pip.movable_code import compile_movable
from pip_fastupdate.core.threads.background import Task, Threads
compilers, threads = Compilers(2), Threads(2)
sources = sorted(Path(sys.argv[1]).iterdir())
def compiled():
    found = dict(compilers.compile(sources))
    assert sorted(found) == sources
    return found
"""

ENDS = {
    "properly": """
assert compiled() == {each: compile_movable(each.read_bytes()) for each in sources}
compilers.end()
assert threading.active_count() == 1
""",
    "without a word": "compiled()\n",
    "by an error": "next(compilers.compile(sources))\nsys.exit('failed')\n",
    "while they work": """
threads.submit(Task(compiled))
while not any(each.name == "compile" for each in threading.enumerate()):
    pass
sys.exit('failed')
""",
}

INTERRUPTED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
tasks = [Task(compiled) for _ in range(1000)]
try:
    for each in tasks:
        threads.submit(each)
    tasks[0].wait()
    print("now", flush=True)
    tasks[-1].wait()
except KeyboardInterrupt:
    print("interrupted")
finally:
    threads.end()
    compilers.end()
assert threading.active_count() == 1
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """300 kB in 60 files."""
    for number in range(60):
        (tmp_path / f"m{number}.py").write_text(f"def f{number}(x, y=(1, 'a')):\n    return [x, y, {{'b'}}]\n" * 100)
    return tmp_path


def environment() -> dict[str, str]:
    """Without a measured coverage: its start in each interpreter is what ``available`` prevents."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


@pytest.mark.parametrize("flags", [[], ["-O"]])
@pytest.mark.parametrize("end", ENDS)
def test_process_ends(sources: Path, end: str, flags: list[str]) -> None:
    """Python itself cannot end while an interpreter is left; and code is compiled with the options of the process."""
    command = [sys.executable, *flags, "-c", COMPILE + ENDS[end], str(sources)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    failed = "failed" in ENDS[end]
    assert (failed, "failed\n" if failed else "") == (bool(done.returncode), done.stderr)


def test_interrupt_ends_all(sources: Path) -> None:
    """After the wheel that is being compiled."""
    command = [sys.executable, "-c", COMPILE + INTERRUPTED, str(sources)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment(), stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert "now\n" == process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert (0, "interrupted\n", "") == (process.returncode, output, errors)
