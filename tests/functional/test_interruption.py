"""Ctrl-C and requests to end, wherever they come: what is printed is true, and the environment is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults import real
from tests.support.environments import installed, variables
from tests.support.local_index import wait_until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signals")

PAUSE = Path(real.__file__).with_name("pause.py")

AS_IT_WAS = "error: interrupted; the environment is unchanged"
KEPT = "error: interrupted, but the run had already completed; its result is kept"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[real.Real]:
    """A small environment with an update of everything in it."""
    with real.small(tmp_path_factory.mktemp("small")) as small:
        yield small


@pytest.fixture
def small(made: real.Real) -> real.Real:
    """The same as new, with nothing downloaded yet."""
    made.reset()
    made.index.reset()
    return made


def start(made: real.Real, *pause: str, arguments: Sequence[str] = (), **streams: object) -> subprocess.Popen[str]:
    """The program, with a pause at certain calls."""
    mark = made.env.home / "mark"
    mark.unlink(missing_ok=True)
    paused = [str(PAUSE), "--mark", str(mark), *pause, "--"] if pause else []
    return subprocess.Popen(
        [str(made.env.python), *paused, "-m", "pip_fastupdate", *arguments],
        env=variables(made.env, index=made.index, env_vars=real.EPOCH),
        cwd=made.env.home,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **streams},
    )


def interrupted(made: real.Real, process: subprocess.Popen[str], *signals: int) -> tuple[int, str, str]:
    """Exit code, standard output and last line of standard error after signals that arrive in the pause."""
    with process:
        wait_until((made.env.home / "mark").exists, 30)
        for each in signals:
            process.send_signal(each)
            time.sleep(0.05)
        out, told = process.communicate(timeout=60)
    return process.returncode, out, told.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("event", "path"),
    [
        ("open", "/plain-2.0.dist-info/"),
        ("open", "journal.preparing"),
        ("os.rename", "journal.swapping"),
        ("os.rename", "/1/old/"),
        ("os.rename", "journal.swapped"),
    ],
)
def test_interruption_before_the_commit(small: real.Real, event: str, path: str, number: int) -> None:
    """While staging, preparing, swapping: the environment is as it was, nothing is left behind, and that is said."""
    process = start(small, "--event", event, "--path", path, "--pauses", "1")
    assert (130, "", AS_IT_WAS) == interrupted(small, process, number)
    assert small.before == small.tree()


def test_interruption_of_the_way_back(small: real.Real) -> None:
    """However often it is asked to end, it takes back everything first."""
    process = start(small, "--event", "os.rename", "--path", "/1/old/", "--seconds", "0.1", "--first", "3")
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
    assert (130, "", AS_IT_WAS) == interrupted(small, process, *signals)
    assert small.before == small.tree()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_of_the_commit(small: real.Real, number: int) -> None:
    """That takes a moment only: it is finished, and so is the run."""
    process = start(small, "--event", "os.rename", "--path", "journal.committed", "--pauses", "1")
    code, out, _ = interrupted(small, process, number)
    assert (0, True, small.new) == (code, "Upgraded 6, added 1" in out, installed(small.env))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_of_the_report(small: real.Real, number: int) -> None:
    """Nobody reads the report: the update is complete by then, and is not said to have been taken back."""
    fcntl = pytest.importorskip("fcntl")
    if not hasattr(fcntl, "F_SETPIPE_SZ"):
        pytest.skip("pipes cannot be made small")
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"." * 4096)
    with start(small, arguments=["--format", "json"], stdout=writing) as process:
        os.close(writing)
        try:
            wait_until((small.env.path / real.HOME / "1" / "journal.committed").exists, 30)
            time.sleep(0.7)
            process.send_signal(number)
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()  # or else a failure would wait for ever
    os.close(reading)
    assert (130, KEPT, small.new) == (process.returncode, told.splitlines()[-1], installed(small.env))


def test_reader_that_goes_away(small: real.Real) -> None:
    """A report that nobody wants to read to its end does not make the update a failure."""
    reading, writing = os.pipe()
    os.close(reading)
    with start(small, arguments=["--format", "json"], stdout=writing) as process:
        os.close(writing)
        _, told = process.communicate(timeout=60)
    assert (0, small.new) == (process.returncode, installed(small.env))
    assert "rror" not in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_report_that_cannot_be_written(small: real.Real) -> None:
    """The update stands, and what is wrong is told."""
    with Path("/dev/full").open("w") as full, start(small, stdout=full) as process:
        _, told = process.communicate(timeout=60)
    assert (0, small.new) == (process.returncode, installed(small.env))
    assert "warning: could not write the report: No space left on device" == told.splitlines()[-1]


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(small: real.Real, closed: str) -> None:
    """What is written to them is lost, and nothing else: the update is made, and its exit code is true."""
    words = [str(small.env.python), "-m", "pip_fastupdate"]
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *words],
        env=variables(small.env, index=small.index, env_vars=real.EPOCH),
        cwd=small.env.home,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (0, small.new) == (done.returncode, installed(small.env)), done.stderr
    assert "rror" not in done.stderr


def test_hang_up_that_is_ignored(small: real.Real) -> None:
    """What was started with nohup goes on when the terminal is closed."""
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = start(small, "--event", "os.rename", "--path", "/1/old/", "--pauses", "1")
    finally:
        signal.signal(signal.SIGHUP, former)
    code, _, _ = interrupted(small, process, signal.SIGHUP)
    assert (0, small.new) == (code, installed(small.env))


@pytest.mark.parametrize("fault", [{"hang": 30.0}, {"cut_after": 10, "hang": 30.0}])
def test_interruption_of_a_download_that_hangs(small: real.Real, fault: dict) -> None:
    """It ends soon all the same."""
    small.index.fail("/files/plain-2.0-*.whl", **fault)
    with start(small, arguments=["--no-cache"]) as process:
        wait_until(lambda: small.index.paths("/files/single-2.0-*.whl"), 30)
        time.sleep(0.3)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (130, AS_IT_WAS) == (process.returncode, told.splitlines()[-1])
    assert time.monotonic() - begun < 10
    assert small.before == small.tree()
