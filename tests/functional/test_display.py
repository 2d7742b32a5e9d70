"""Report and progress in processes of their own: what they import, and what they do to real streams and terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import pytest

from pip_fastupdate.core.options import Format

ROOT = Path(__file__).parents[2]
NOTHING = "report(row('a', '1', '1', '1', 'current'), row('b', '1', '1', '2', 'hold', 'c 1 requires b<2'))"
HEAD = "import os, sys\nfrom pip_fastupdate import progress, report as reports\nfrom tests.support.reports import *\n"


def run(script: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Runs the script in a fresh interpreter, its output in pipes."""
    return subprocess.run(
        [sys.executable, "-c", HEAD + script],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(f"reports.show({NOTHING}, sys.stdout)", id="nothing to do, pipe"),
        pytest.param(f"reports.show({NOTHING}, Terminal())", id="nothing to do, terminal"),
        pytest.param("reports.show(mixed(), sys.stdout)", id="table, pipe"),
        pytest.param("reports.show(mixed(), sys.stdout, format='json')", id="JSON"),
        pytest.param("reports.show(mixed(), sys.stdout, format='markdown')", id="Markdown"),
        pytest.param("with progress.make(Terminal(), environ={}).stage('scan'): pass", id="short run, terminal"),
        pytest.param("with progress.make(sys.stderr).stage('scan'): pass", id="run, pipe"),
    ],
)
def test_no_rich(script: str) -> None:
    """rich, which is slow to import, is for tables and displays on terminals only."""
    done = run(f"{script}\nassert 'rich' not in sys.modules, 'imported'")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


def test_no_json_for_a_table() -> None:
    """Nor is json imported for anything but JSON."""
    done = run(
        "before = 'json' in sys.modules\nreports.show(mixed(), sys.stdout)\nassert before or 'json' not in sys.modules"
    )
    assert done.returncode == 0


def test_rich_for_a_table_on_a_terminal() -> None:
    """The check above would notice: a table on a terminal does import it."""
    assert run("reports.show(mixed(), Terminal())\nassert 'rich' in sys.modules", TERM="xterm").returncode == 0


PRELOADED = """
stream = {stream}
reports.preload(stream, format={format!r})
before = set(sys.modules)
reports.show(mixed(), stream, format={format!r}, verbosity=1)
reports.show_stats(mixed(), stream)
assert set(sys.modules) == before, set(sys.modules) - before
"""
SWAPPING = """
import threading, time
from pip_fastupdate.progress.live import Live
stream = Terminal()
display = Live(stream, color=True, delay=0.4)
with display.stage("swap", 3):
    before = set(sys.modules)
    display.step("x")
    while "Applying 1 of 3" not in stream.getvalue():
        time.sleep(0.01)
    display.warn("1 → 2")
assert set(sys.modules) == before, set(sys.modules) - before
"""


@pytest.mark.parametrize("format", get_args(Format))
@pytest.mark.parametrize("stream", ["Terminal()", "sys.stdout"])
def test_nothing_is_imported_after_the_preload(format: str, stream: str) -> None:
    """What is shown after the swap needs nothing that the swap may have replaced."""
    done = run(PRELOADED.format(format=format, stream=stream), TERM="xterm", COLUMNS="70")
    assert (done.returncode, done.stderr) == (0, b"")


def test_nothing_is_imported_during_the_swap() -> None:
    """The same holds for the display: what it needs is imported before the swap begins."""
    done = run(SWAPPING.replace("→", "\\u2192"), TERM="xterm")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("encoding", ["ascii:strict", "cp1252:strict", "utf-8:strict"])
@pytest.mark.parametrize("format", get_args(Format))
def test_output_to_a_pipe(encoding: str, format: str) -> None:
    """Whatever the encoding, a pipe gets everything, uncut and without control characters."""
    script = f"reports.show(mixed(warnings=('größer → 3',)), sys.stdout, format={format!r})"
    done = run(script, PYTHONIOENCODING=encoding, COLUMNS="20", FORCE_COLOR="1")
    text = done.stdout.decode(encoding.partition(":")[0])
    assert (done.returncode, done.stderr) == (0, b"")
    said = {"sarif": '"results": []'}.get(
        format, "pydantic 2.5 requires pydantic-core==2.1"
    )  # no vulnerability: no result
    assert said in text
    assert all(character.isprintable() or character in "\r\n" for character in text)


def test_posix_locale() -> None:
    """In the C locale nothing goes wrong either, with and without UTF-8 mode."""
    for utf8 in ("0", "1"):
        script = "reports.show(mixed(), sys.stdout)\nprogress.make(sys.stderr).warn('1 \\u2192 2')"
        done = run(script, LC_ALL="C", PYTHONUTF8=utf8, PYTHONCOERCECLOCALE="0")
        assert (done.returncode, b"1.25.0" in done.stdout, b"warning: 1 " in done.stderr) == (0, True, True)


LONG = """
import time
display = progress.make(sys.stderr)
with display.stage("look up", 100):
    for number in range(100):
        display.step(f"project-{number}")
        time.sleep(0.1)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("kind", ["SIGINT", "SIGKILL"])
def test_killed_on_a_terminal(kind: str) -> None:
    """Interrupted or killed while a line moves, the cursor is visible."""
    import pty

    controller, terminal = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", HEAD + LONG],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stderr=terminal,
        stdout=subprocess.DEVNULL,
    )
    os.close(terminal)
    seen = b""
    while b"of 100 packages" not in seen or b"\x1b[?25h" not in seen:
        seen += os.read(controller, 4096)
    time.sleep(0.2)
    child.send_signal(signal.Signals[kind])
    seen += rest(controller)
    assert child.wait(10) != 0
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l")
    assert (b"KeyboardInterrupt" in seen) is (kind == "SIGINT")


def rest(controller: int) -> bytes:
    """What else comes from a pseudo-terminal until its last writer has gone."""
    seen = b""
    try:
        while piece := os.read(controller, 4096):
            seen += piece
    except OSError:  # how Linux says that it is the end
        return seen
    finally:
        os.close(controller)
    return seen
