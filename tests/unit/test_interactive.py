"""The choice of ``--interactive``: what keys make of it, how it looks, what it leads to, and where nobody is asked."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from pip_fastupdate.core.errors import UsageError
from pip_fastupdate.core.models import Plan
from pip_fastupdate.interactive import screen, state, terminal
from pip_fastupdate.interactive.replanning import Replanner
from pip_fastupdate.interactive.state import State
from pip_fastupdate.interactive.updates import Foreseen, Move, Update
from pip_fastupdate.resolver.explain import holds
from pip_fastupdate.resolver.search import Wishes, best_assignment
from pip_fastupdate.update.results import Planned
from pip_fastupdate.update.scope import changes_of
from pip_fastupdate.update.stages.choose import foreseen
from tests.support.pools import make_pool
from tests.support.reports import Terminal

UPDATES = (
    Update(name="zope", installed="1.0", target="2.0", level="major", size=1000),
    Update(name="alpha", installed="1.0", target="1.1", level="minor", size=2000, links=(("source", "https://a.io"),)),
    Update(name="beta", installed="1.0", target="1.2", level="minor", size=4000, summary="Does much " * 20),
    Update(name="jinja", installed="3.0", target="3.1", level="patch", fixes=("CVE-1",)),
)
ALL = frozenset({"alpha", "beta", "jinja", "zope"})


def moves(*names: str, because: str = "") -> dict[str, Move]:
    return {name: Move(name=name, installed="1.0", target="2.0", size=1000, because=because) for name in names}


def begun() -> State:
    return state.begin(UPDATES, Foreseen(moves=moves(*ALL)))


def lines(now: State, columns: int = 100, rows: int = 40) -> list[str]:
    glyphs = screen.Glyphs.of("utf-8")
    shown = screen.screen(now, "/venv", columns=columns, rows=rows, glyphs=glyphs)
    return ["".join(text for _, text in line).rstrip() for line in shown]


# the choice


def test_all_is_chosen_at_first() -> None:
    """In groups, vulnerabilities first; within one by name."""
    now = begun()
    assert (["jinja", "zope", "alpha", "beta"], ALL) == ([each.name for each in now.updates], now.chosen)
    assert not now.pending


def test_asked_again() -> None:
    """What was chosen before is chosen still, as far as it is there; it is still to be planned."""
    now = state.begin(UPDATES, Foreseen(moves=moves(*ALL)), frozenset({"zope", "gone"}))
    assert ({"zope"}, True, state.AGAIN) == (now.chosen, now.pending, lines(now)[1])


def press(now: State, *keys: Callable[[State], State]) -> State:
    for key in keys:
        now = key(now)
    return now


def down(now: State) -> State:
    return state.move(now, 1)


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ([state.toggle], ALL - {"jinja"}),
        ([state.toggle, state.toggle], ALL),
        ([down, state.toggle], ALL - {"zope"}),
        ([state.toggle_all], set()),
        ([state.toggle, state.toggle_all], ALL),
        ([state.invert], set()),
        ([state.toggle, state.invert], {"jinja"}),
        ([down, down, state.toggle_group], {"jinja", "zope"}),
        ([down, down, state.toggle_group, down, state.toggle_group], ALL),
        ([down, down, down, down, state.toggle], ALL - {"beta"}),
        ([lambda now: state.move(now, -5), state.toggle], ALL - {"jinja"}),
    ],
)
def test_keys(keys: list[Callable[[State], State]], chosen: set[str]) -> None:
    """Each changes the choice as it says, and the cursor stays in the list."""
    now = press(begun(), *keys)
    assert (chosen, chosen != ALL) == (now.chosen, now.pending)


def test_plan_of_a_former_choice_changes_nothing() -> None:
    """It arrives when the user is further: the choice of now is still to be planned."""
    now = state.toggle(begun())
    assert now is state.with_plan(now, ALL, Foreseen())
    done = state.with_plan(now, now.chosen, Foreseen(moves=moves("zope")))
    assert (False, {"zope"}) == (done.pending, set(done.foreseen.moves))


def test_go() -> None:
    """At once if it is planned, later if not, not at all where nothing would change; any other key takes it back."""
    assert state.go(begun()).going
    nothing = state.with_plan(state.toggle_all(begun()), frozenset(), Foreseen())
    assert (False, state.NOTHING) == (state.go(nothing).going, state.go(nothing).message)
    waiting = state.go(state.toggle(begun()))
    assert (True, True, False, False) == (
        waiting.going,
        waiting.pending,
        state.toggle(waiting).going,
        down(waiting).going,
    )


def test_nothing_to_choose_from() -> None:
    """Keys do no harm."""
    now = press(state.begin((), Foreseen()), state.toggle, state.toggle_group, state.invert, down, state.go)
    assert (frozenset(), False) == (now.chosen, now.going)


# the screen


def test_screen() -> None:
    """Headings, boxes, versions, sizes, and details of what is under the cursor."""
    shown = lines(down(down(begun())))
    assert "Choose what to update in /venv" == shown[0]
    assert "4 of 4 chosen, 4.0 kB to download" == shown[1]
    assert [line for line in shown if line.startswith((" [", ">["))] == [
        " [x] jinja    3.0       → 2.0        1.0 kB  patch, fixes CVE-1",
        " [x] zope     1.0       → 2.0        1.0 kB",
        ">[x] alpha    1.0       → 2.0        1.0 kB",
        " [x] beta     1.0       → 2.0        1.0 kB",
    ]
    assert ["Fixes known vulnerabilities (1)", "Major (1)", "Minor (2)"] == [line for line in shown if "(" in line]
    assert ["alpha 1.1  minor, 2.0 kB", "source  https://a.io"] == shown[-6:-4]


def test_what_moves_with_others_and_what_is_held() -> None:
    """Not chosen but moving, chosen but held, not to be chosen at all: each says why."""
    now = replace_plan(
        begun(),
        ["zope", "alpha"],
        Foreseen(
            moves={**moves("alpha"), **moves("beta", "new", because="alpha 2.0 requires it")},
            held={"zope": "3.0: x 1 requires zope<2", "other": "4: y requires other<4"},
        ),
    )
    shown = lines(now)
    assert "2 of 4 chosen, 2 more required, 1 package held, 3.0 kB to download" == shown[1]
    assert " [+] beta     1.0       → 2.0        1.0 kB  alpha 2.0 requires it" in shown
    assert " [x] zope     1.0       → held               3.0: x 1 requires zope<2" in shown
    assert "   + new      1.0       → 2.0        1.0 kB  alpha 2.0 requires it" in shown
    assert "   = other    4: y requires other<4" in shown
    assert [" [ ] jinja 3.0 → 3.1 patch, fixes CVE-1"] == [
        re.sub(" +", " ", line) for line in shown if "] jinja" in line
    ]


def replace_plan(now: State, chosen: list[str], plan: Foreseen) -> State:
    now = press(now, state.toggle_all)
    for name in chosen:
        place = [each.name for each in now.updates].index(name)
        now = state.toggle(state.move(now, place - now.cursor))
    return state.with_plan(now, frozenset(chosen), plan)


def test_removals() -> None:
    """What ``--prune`` takes away is told of apart; the user is asked even where nothing else is to be done."""
    gone = {"old": Move(name="old", installed="1.0", target=None, because="nothing requires it")}
    now = state.begin((), Foreseen(moves=gone))
    shown = lines(now)
    assert ("0 of 0 chosen, 1 to remove", True) == (shown[1], state.go(now).going)
    assert ["Removed", "   - old      1.0       → removed            nothing requires it"] == shown[3:5]


def test_planning_is_said() -> None:
    """And nothing of a former plan is told as that of this choice."""
    now = state.toggle(begun())
    assert "3 of 4 chosen, planning…" == lines(now)[1]
    assert "3 of 4 chosen, planning…, then go" == lines(state.go(now))[1]
    assert not [line for line in lines(now) if "[+]" in line]


@pytest.mark.parametrize("columns", [1, 8, 20, 40, 61, 62, 78, 200])
@pytest.mark.parametrize("rows", [1, 2, 5, 8, 14, 30])
def test_any_size(columns: int, rows: int) -> None:
    """Never wider or higher than the terminal, and the cursor is always in sight."""
    many = tuple(
        Update(name=f"package-{number:03}", installed="1.0", target="2.0.post1", level="minor") for number in range(99)
    )
    for place in (0, 50, 98):
        now = state.move(state.begin(many, Foreseen(held={"z": "why " * 30})), place)
        shown = lines(now, columns, rows)
        assert (True, True) == (len(shown) <= rows, max(map(len, shown)) <= columns)
        if rows > 1:
            assert 1 == len([line for line in shown if line.startswith(">")])


def test_list_ends_where_it_ends() -> None:
    """On the last update, what follows it is shown, too."""
    held = {f"held-{number:02}": "why" for number in range(20)}
    now = state.move(state.begin(UPDATES, Foreseen(moves=moves(*ALL), held=held)), 3)
    assert any("held-19" in line for line in lines(now, rows=40))


def test_narrow_terminal_has_names_and_versions() -> None:
    """At 40 columns the rest is left out, and details are wrapped."""
    shown = lines(press(begun(), down, down, down), 40, 24)
    assert ">[x] beta     1.0      → 2.0" in shown
    assert ["beta 1.2  minor, 4.0 kB, Does much Does", "much Does much Does much Does much Does"] == shown[-7:-5]


def test_plain_terminal() -> None:
    """An encoding without arrows gets ASCII."""
    found = screen.screen(state.toggle(begun()), "/v", columns=90, rows=30, glyphs=screen.Glyphs.of("ascii"))
    assert all(text.isascii() for line in found for _, text in line)


# planning in the background


def test_only_the_last_choice_is_planned() -> None:
    """What was asked for while another plan was made, and replaced meanwhile, is left out."""
    busy, asked, planned, told = threading.Event(), threading.Event(), [], []
    end = threading.Event()

    def plan(chosen: frozenset[str]) -> Foreseen:
        planned.append(chosen)
        busy.set()
        assert asked.wait(10)
        return Foreseen()

    def done(chosen: frozenset[str], _found: object) -> None:
        told.append(chosen)
        if chosen == frozenset("c"):
            end.set()

    with Replanner(plan, done) as planner:
        planner.ask(frozenset("a"))
        assert busy.wait(10)
        planner.ask(frozenset("b"))
        planner.ask(frozenset("c"))
        asked.set()
        assert end.wait(10)
    assert [frozenset("a"), frozenset("c")] == planned == told


@pytest.mark.parametrize(
    ("meanwhile", "expected"),
    [("aa", "a"), ("ba", "a"), ("bcba", "a"), ("bb", "ab"), ("cab", "ab"), ("bcab", "ab"), ("ab", "ab")],
)
def test_the_last_choice_counts(meanwhile: str, expected: str) -> None:
    """Whatever is chosen while a plan is under way: the last one is planned next, unless it is the one under way."""
    busy, go_on, end = threading.Event(), threading.Event(), threading.Event()
    planned: list[str] = []
    told: list[str] = []

    def plan(chosen: frozenset[str]) -> Foreseen:
        planned.extend(chosen)
        busy.set()
        assert go_on.wait(10)
        return Foreseen()

    def done(chosen: frozenset[str], _found: object) -> None:
        told.extend(chosen)
        if chosen == frozenset("z"):
            end.set()

    with Replanner(plan, done) as planner:
        planner.ask(frozenset("a"))
        assert busy.wait(10)
        for each in meanwhile:
            planner.ask(frozenset(each))
        go_on.set()
        until(lambda: len(told) >= len(expected) and planner._asked.empty())
        planner.ask(frozenset("z"))
        assert end.wait(10)
    assert [*expected, "z"] == planned == told


def until(holds: Callable[[], bool]) -> None:
    """Wait for another thread."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_plan_that_fails_is_told() -> None:
    """And the thread goes on."""
    told: list[object] = []
    end = threading.Event()

    def plan(chosen: frozenset[str]) -> Foreseen:
        if not chosen:
            raise UsageError("no")
        return Foreseen()

    def done(_chosen: object, found: object) -> None:
        told.append(type(found))
        if found == Foreseen():
            end.set()

    with Replanner(plan, done) as planner:
        planner.ask(frozenset())
        while not told:
            end.wait(0.01)
        planner.ask(frozenset("a"))
        assert end.wait(10)
    assert [UsageError, Foreseen] == told


# what a plan leads to


def planned(names: frozenset[str], installed: Mapping[str, str], releases: Any) -> Planned:
    pool = make_pool(installed, releases)
    assignment = best_assignment(pool, Wishes(names=names)).assignment
    plan = Plan(changes=tuple(changes_of(pool, assignment)), holds=tuple(holds(pool, assignment, names or installed)))
    return Planned(pool=pool, assignment=assignment, plan=plan, failures={}, names=names or None)


WORLD = {
    "app": {"1": ["lib<2"], "2": ["lib>=2", "new"]},
    "lib": {"1": [], "2": [], "3": []},
    "new": {"5": []},
    "old": {"1": ["lib<3"]},
}


def test_foreseen_says_who_makes_others_move() -> None:
    """A requirement of what was chosen, of what stays, or of what is new."""
    found = foreseen(planned(frozenset({"app"}), {"app": "1", "lib": "1", "old": "1"}, WORLD), frozenset({"app"}))
    assert {
        "app": ("1", "2", ""),
        "lib": ("1", "2", "app 2 requires lib>=2"),
        "new": (None, "5", "app 2 requires new"),
    } == {name: (each.installed, each.target, each.because) for name, each in found.moves.items()}


def test_foreseen_says_what_is_held() -> None:
    """With the version that does not come in."""
    found = foreseen(planned(frozenset(), {"app": "1", "lib": "1", "old": "1"}, WORLD), frozenset({"app", "lib"}))
    assert {"lib": "3 held: old 1 requires lib<3"} == found.held


def test_what_moves_as_its_own_requirement_would_break() -> None:
    """The old version of what follows has an older one in mind."""
    world = {"core": {"1": [], "2": []}, "plugin": {"1": ["core<2"], "2": ["core>=2"]}}
    found = foreseen(planned(frozenset({"core"}), {"core": "1", "plugin": "1"}, world), frozenset({"core"}))
    assert "plugin 1 requires core<2" == found.moves["plugin"].because


# where nobody can be asked


class Pipe(Terminal):
    def isatty(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("stdin", "stderr", "environ", "says"),
    [
        (Terminal(), Terminal(), {"CI": "true"}, r"cannot be used in CI \(CI=true\)"),
        (Pipe(), Terminal(), {}, "standard input is not one"),
        (None, Terminal(), {}, "standard input is not one"),
        (Terminal(), Pipe(), {}, "standard error is not one"),
        (Terminal(), Terminal(), {"TERM": "dumb"}, "TERM=dumb"),
    ],
)
def test_nobody_to_ask(stdin: Any, stderr: Any, environ: dict[str, str], says: str) -> None:
    """One clear error with a hint, and the exit code of wrong usage."""
    with pytest.raises(UsageError, match=says) as raised:
        terminal.check(stdin, Pipe(), stderr, environ)
    assert (2, True) == (raised.value.exit_code, bool(raised.value.hint))


def test_on_windows() -> None:
    """Standard output must be the console, too: it is drawn there."""
    with pytest.raises(UsageError, match="standard output is not one"):
        terminal.check(Terminal(), Pipe(), Terminal(), {}, windows=True)


@pytest.mark.parametrize("value", ["", "0", "false", "False"])
def test_not_ci(value: str) -> None:
    """As whoever sets it means it."""
    pytest.importorskip("prompt_toolkit")
    terminal.check(Terminal(), Pipe(), Terminal(), {"CI": value, "TERM": "xterm"}, windows=False)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint has the command that installs it."""
    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=lambda *_: None)])
    monkeypatch.delitem(sys.modules, "prompt_toolkit", raising=False)
    with pytest.raises(UsageError, match="prompt_toolkit") as raised:
        terminal.check(Terminal(), Pipe(), Terminal(), {"TERM": "xterm"}, windows=False)
    assert 'run `pip install "pip-fastupdate[interactive]"`' == raised.value.hint


# keys as a terminal sends them


@pytest.fixture
def ask() -> Iterator[Callable[..., Any]]:
    """Asks, with these keys already typed."""
    pytest.importorskip("prompt_toolkit")
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    from pip_fastupdate.interactive.picker import Picker

    with create_pipe_input() as typed:

        def ask(
            keys: str,
            plan: Any = lambda chosen: Foreseen(moves=moves(*chosen)),
            first: State | None = None,
            late: Callable[[Any], Any] = lambda run: run,
        ) -> frozenset[str]:
            typed.send_text(keys)
            picker = Picker(first or begun(), plan, where="/venv", color=True, input=typed, output=DummyOutput())
            picker._app.run = late(picker._app.run)  # type: ignore[method-assign]
            leave.start()
            return picker.run()

        leave = threading.Timer(10, typed.send_text, ["q"])  # rather than to wait for ever
        yield ask
        leave.cancel()


DOWN = "\x1b[B"


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ("\r", ALL),
        (" \r", ALL - {"jinja"}),
        (f"{DOWN} \r", ALL - {"zope"}),
        ("aj \r", {"zope"}),
        ("i \r", {"jinja"}),
        ("\x1b[F \r", ALL - {"beta"}),
        ("\x1b[Fg\r", {"jinja", "zope"}),
        ("a\r \r", {"jinja"}),
    ],
)
def test_keys_of_a_terminal(ask: Callable[..., Any], keys: str, chosen: set[str]) -> None:
    """Enter waits for the plan of the last choice; where nothing is chosen, it does nothing."""
    assert chosen == ask(keys)


@pytest.mark.parametrize("keys", ["q", " q", "\x1b", "\x03", "\x04"])
def test_leaving(ask: Callable[..., Any], keys: str) -> None:
    """q, Escape, Ctrl-C and Ctrl-D are an interrupt."""
    with pytest.raises(KeyboardInterrupt):
        ask(keys)


def test_planning_that_raises(ask: Callable[..., Any]) -> None:
    """Ends the asking with that."""

    def plan(chosen: frozenset[str]) -> Foreseen:
        raise UsageError("could not read the advisories")

    with pytest.raises(UsageError, match="could not read"):
        ask(" ", plan)


def test_each_choice_is_planned_once(ask: Callable[..., Any]) -> None:
    """What was planned before is there at once: here, nothing but the choice of everything, which is known."""
    assert ALL == ask("  \r", SimpleNamespace)


def test_first_plan_that_is_ready_at_once(ask: Callable[..., Any]) -> None:
    """A choice that is asked for again is shown with its plan, however early that comes."""
    planned = threading.Event()

    def plan(chosen: frozenset[str]) -> Foreseen:
        planned.set()
        return Foreseen(moves=moves(*chosen))

    def late(run: Callable[..., Any]) -> Callable[..., Any]:
        def run_later(**options: Any) -> Any:
            planned.wait(0.3)
            return run(**options)

        return run_later

    again = state.begin(UPDATES, Foreseen(moves=moves(*ALL)), frozenset({"zope"}))
    try:
        assert {"zope"} == ask("\r", plan, again, late)
    except KeyboardInterrupt:
        pytest.fail("the plan was not shown")
