from __future__ import annotations

import io
import re
import sys
import threading
import time
from collections.abc import Callable

import pytest

from pip_fastupdate.core.protocols import Progress
from pip_fastupdate.core.text import IMPORTING
from pip_fastupdate.progress import Plain, Silent, make
from pip_fastupdate.progress.live import Live
from pip_fastupdate.progress.stages import Stage, summary
from tests.support.reports import Terminal, encoded


def wait_for(condition: Callable[[], bool]) -> None:
    """Returns when the condition holds; fails after ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def lines(progress: Plain, stream: io.StringIO) -> list[str]:
    """What is said about a short run, seconds left out."""
    with progress.stage("scan"):
        progress.step(amount=3)
    progress.note("a note")
    progress.warn("careful", "do so")
    return re.sub(r"[\d.]+ s", "N s", stream.getvalue()).splitlines()


def test_plain_lines() -> None:
    """A stage is one line at its end; notes, warnings and hints are lines of their own."""
    stream = io.StringIO()
    expected = ["Scanned 3 packages in N s", "a note", "warning: careful", "hint: do so"]
    assert expected == lines(Plain(stream), stream)


def test_quiet() -> None:
    """Quiet, there are only the warnings."""
    stream = io.StringIO()
    assert ["warning: careful", "hint: do so"] == lines(Plain(stream, verbosity=-1), stream)


def test_silent() -> None:
    """The base says nothing, and measures all the same."""
    progress: Progress = Silent()
    with progress.stage("scan", 3):
        progress.step("a")
    progress.step()
    progress.note("a note")
    progress.warn("careful", "do so")
    assert ["scan"] == list(progress.seconds)  # type: ignore[attr-defined]


def test_colored_warning() -> None:
    """Colours are on the prefixes only."""
    stream = io.StringIO()
    Plain(stream, color=True).warn("careful")
    assert stream.getvalue() == "\x1b[33mwarning:\x1b[0m careful\n"


def test_seconds() -> None:
    """A nested stage counts in its own alone, one that is entered again adds up, one that fails counts too."""
    progress = Silent()
    with progress.stage("plan"):
        for _ in range(2):
            with progress.stage("look up"):
                time.sleep(0.01)
    with pytest.raises(ValueError, match="oops"), progress.stage("swap"):
        raise ValueError("oops")
    assert ["plan", "look up", "swap"] == list(progress.seconds)
    assert 0.02 <= progress.seconds["look up"]
    assert sum(progress.seconds.values()) <= progress.elapsed()


def test_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is only measured is not spoken of, takes no steps, and adds to a stage of its name; no second is lost."""
    clock = iter(range(100))
    monkeypatch.setattr("pip_fastupdate.progress.plain.perf_counter", lambda: float(next(clock)))
    stream = io.StringIO()
    progress = Plain(stream, started=0.0)
    with pytest.raises(ValueError, match="oops"), progress.timed("check"), progress.timed("load"):
        raise ValueError("oops")
    with progress.timed("plan"), progress.timed("load"), progress.timed("plan"):
        progress.step()
    assert {"check": 2.0, "load": 3.0, "plan": 4.0 - 1.0} == progress.seconds
    assert "" == stream.getvalue()


def test_elapsed_since_the_start() -> None:
    """The run may have started before the progress did."""
    assert Silent(started=time.perf_counter() - 5).elapsed() >= 5


def test_failed_stage_has_no_line() -> None:
    """A stage that ends with an exception does not claim to be done."""
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Plain(stream).stage("swap"):
        raise KeyboardInterrupt
    assert stream.getvalue() == ""


def test_steps_count_for_the_innermost_stage() -> None:
    """After a nested stage, the steps are the outer one's again."""
    stream = io.StringIO()
    progress = Plain(stream)
    with progress.stage("plan"):
        progress.step()
        with progress.stage("look up"):
            progress.step(amount=5)
        progress.step()
    assert ["Looked up 5 packages", "Planned 2 steps"] == [
        line.partition(" in ")[0] for line in stream.getvalue().splitlines()
    ]


def test_steps_from_many_threads() -> None:
    """No step is lost."""
    stream = io.StringIO()
    progress = Plain(stream)
    with progress.stage("look up", 4000):
        threads = [threading.Thread(target=lambda: [progress.step("x") for _ in range(1000)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert stream.getvalue().startswith("Looked up 4000 packages in ")


def test_nothing_dangerous() -> None:
    """Passwords in URLs, escape sequences and line ends are not passed on."""
    stream = io.StringIO()
    progress = Plain(stream)
    progress.note("see https://me:pw@host/\n\x1b[2J")
    progress.warn("see https://me:pw@host/", "see https://me:pw@host/")
    assert stream.getvalue().splitlines() == [
        "see https://****@host/ \\x1b[2J",
        "warning: see https://****@host/",
        "hint: see https://****@host/",
    ]


def test_any_encoding() -> None:
    """A stream without arrows gets ASCII."""
    stream, raw = encoded("ascii")
    Plain(stream).note("1 → 2")
    assert raw.getvalue() == b"1 -> 2\n"


def test_reader_that_went_away() -> None:
    """A closed stream stops the words, not the run."""
    stream = io.StringIO()
    progress = Plain(stream)
    stream.close()
    progress.note("unheard")
    progress.warn("unheard")
    with progress.stage("scan"):
        pass
    assert ["scan"] == list(progress.seconds)


class Broken(Terminal):
    """A terminal that has hung up, once told."""

    hung = False

    def write(self, text: str, /) -> int:
        if self.hung:
            raise OSError(5, "Input/output error")
        return super().write(text)


def test_hung_up_terminal() -> None:
    """A terminal that hangs up while a display is on it does not stop the run."""
    stream = Broken()
    progress = Live(stream, delay=0)
    with progress.stage("look up", 3):
        wait_for(lambda: "Looking up" in stream.getvalue())
        stream.hung = True
        progress.warn("unheard")
    progress.warn("unheard")
    assert "unheard" not in stream.getvalue()


def test_hung_up_before_the_display() -> None:
    """Nor does one that has hung up before the display came."""
    stream = Broken()
    stream.hung = True
    progress = Live(stream, delay=0)
    threads = threading.active_count()
    with progress.stage("look up", 3):
        wait_for(lambda: "rich.live" in sys.modules)
        time.sleep(0.15)
    wait_for(lambda: threading.active_count() <= threads)
    assert (stream.getvalue(), list(progress.seconds)) == ("", ["look up"])


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage(name="scan"), "Scanned in 1.0 s"),
        (Stage(name="look up", total=98, done=1), "Looked up 1 package in 1.0 s"),
        (Stage(name="download", total=72_000_000, done=72_000_000), "Downloaded 72.0 MB in 1.0 s"),
        (Stage(name="tidy up", done=2), "Tidy up: 2 steps in 1.0 s"),
    ],
)
def test_summary(stage: Stage, expected: str) -> None:
    """A finished stage is told with what was really done."""
    assert summary(stage, 1.0) == expected


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage(name="scan"), ""),
        (Stage(name="scan", done=3), "3 packages"),
        (Stage(name="look up", total=98, done=3), "3 of 98 packages"),
        (Stage(name="download", total=72_000_000, done=1_000_000), "1.0 MB of 72.0 MB"),
        (Stage(name="download", done=1_000_000), "1.0 MB"),
    ],
)
def test_count(stage: Stage, expected: str) -> None:
    """A stage under way is told with what is known of its end."""
    assert stage.count == expected


@pytest.mark.parametrize(
    ("environ", "options", "expected"),
    [
        ({"TERM": "xterm"}, {}, Live),
        ({"TERM": "xterm", "NO_COLOR": "1"}, {}, Live),
        ({"TERM": "dumb"}, {}, Plain),
        ({"TERM": "xterm"}, {"live": False}, Plain),
        ({"TERM": "xterm"}, {"verbosity": -1}, Plain),
    ],
)
def test_make(environ: dict[str, str], options: dict[str, bool], expected: type) -> None:
    """A capable terminal gets the live display, unless it is not wanted."""
    assert type(make(Terminal(), environ=environ, **options)) is expected  # type: ignore[arg-type]


def test_make_for_a_pipe() -> None:
    """A pipe gets lines, without colours."""
    stream = io.StringIO()
    progress = make(stream, environ={"TERM": "xterm"})
    progress.warn("careful")
    assert (type(progress), stream.getvalue()) == (Plain, "warning: careful\n")


def test_make_asks_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without being told, NO_COLOR is honoured."""
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    make(stream).warn("careful")
    assert stream.getvalue() == "warning: careful\n"


def test_live_display() -> None:
    """While a stage lasts a line moves; notes stay above it; at the end it is taken away."""
    stream = Terminal()
    progress = Live(stream, color=True, delay=0)
    with progress.stage("look up", 98):
        progress.step("https://me:pw@host/ \x1b[2J", amount=3)
        wait_for(lambda: "Looking up 3 of 98 packages" in stream.getvalue())
        progress.note("a note 1 → 2")
        progress.warn("careful")
        with progress.stage("plan"):
            wait_for(lambda: "Planning" in stream.getvalue())
    text = stream.getvalue()
    assert "https://****@host/ \\x1b[" in text
    assert "a note 1 → 2" in text
    assert "\x1b[33mwarning:\x1b[0m careful" in text
    assert "pw" not in text
    assert "Looked up" not in text
    assert text.endswith("\x1b[2K\x1b[?25h\r") or text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_live_says_finished_stages_when_verbose() -> None:
    """With verbosity 1, the finished stages stay as lines."""
    stream = Terminal()
    assert lines(Live(stream, verbosity=1), stream)[0] == "Scanned 3 packages in N s"
    assert "\x1b" not in stream.getvalue()


def test_live_says_no_finished_stages() -> None:
    """Else only notes and warnings stay."""
    stream = Terminal()
    assert ["a note", "warning: careful", "hint: do so"] == lines(Live(stream), stream)


def test_live_without_colors() -> None:
    """Without colours the line moves all the same."""
    stream = Terminal()
    progress = Live(stream, delay=0)
    with progress.stage("download", 1000):
        progress.step(amount=500)
        wait_for(lambda: "Downloading 500 B of 1.0 kB" in stream.getvalue())
    assert not re.search("\x1b\\[[0-9;]*m", stream.getvalue())


def test_live_in_ascii() -> None:
    """A terminal that knows ASCII only gets nothing else."""
    stream = Terminal()
    stream.encoding = "ascii"
    progress = Live(stream, delay=0)
    with progress.stage("look up", 98):
        progress.step("größe", amount=3)
        wait_for(lambda: "3 of 98 packages" in stream.getvalue())
    assert stream.getvalue().isascii()


def test_live_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one line however narrow the terminal: no bar, the detail cut off."""
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    progress = Live(stream, delay=0)
    with progress.stage("look up", 98):
        progress.step("a-very-long-name" * 5, amount=3)
        wait_for(lambda: "3 of 98 packages" in stream.getvalue())
    frames = re.split("\x1b\\[[0-9;?]*[a-zA-Z]|\r|\n", stream.getvalue())
    assert max(map(len, frames)) <= 40
    assert "━" not in stream.getvalue()


@pytest.mark.parametrize("name", ["COLUMNS", "LINES"])
def test_live_on_a_terminal_of_an_odd_size(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A size that is not a number to Python, although it consists of a digit, is ignored."""
    monkeypatch.setenv(name, "²")
    stream = Terminal()
    with Live(stream, delay=0).stage("look up", 98):
        wait_for(lambda: "of 98 packages" in stream.getvalue())
    assert "of 98 packages" in stream.getvalue()


def test_live_after_an_interrupt() -> None:
    """Ctrl-C takes the line away and leaves the cursor visible."""
    stream = Terminal()
    progress = Live(stream, delay=0)

    def interrupted() -> None:
        with progress.stage("look up"):
            wait_for(lambda: "Looking up" in stream.getvalue())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")
    length = len(stream.getvalue())
    time.sleep(0.25)
    assert len(stream.getvalue()) == length


def test_cursor_is_visible_while_the_line_moves() -> None:
    """A program that is killed leaves a terminal that can be used."""
    stream = Terminal()
    progress = Live(stream, delay=0)
    with progress.stage("look up"):
        wait_for(lambda: "\x1b[?25h" in stream.getvalue())
        assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_swap_imports_before_it_begins() -> None:
    """Once the swap has begun, a display needs no further import, since rich itself may be swapped."""
    stream = Terminal()
    progress = Live(stream, color=True, delay=0)
    with progress.stage("swap", 3):
        before = set(sys.modules)
        progress.step("x")
        wait_for(lambda: "Applying 1 of 3 changes" in stream.getvalue())
        progress.note("a note")
    assert set(sys.modules) == before


def test_no_display_once_the_stage_is_over() -> None:
    """A display that comes too late, because its import took so long, does not come at all."""
    stream = Terminal()
    progress = Live(stream, delay=0)
    threads = threading.active_count()
    with IMPORTING, progress.stage("look up"):
        time.sleep(0.05)
    wait_for(lambda: threading.active_count() <= threads)
    assert stream.getvalue() == ""
