"""The real program, killed or failing now and then; ``python -m tests.faults program`` does it at every call."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator

import pytest

from tests.faults import peers, program, real
from tests.faults.harness import NEW, OLD
from tests.faults.inject import Fault
from tests.support.environments import installed, run
from tests.support.thoroughness import at_night

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed by signals")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[program.Case]:
    """A small environment with an update of everything in it."""
    with real.small(tmp_path_factory.mktemp("small")) as made:
        yield program.Case(made)


def sampled(case: program.Case, count: int, seed: int) -> list[int]:
    return sorted(random.Random(seed).sample(range(1, case.calls + 1), count))


def middle(case: program.Case) -> Fault:
    """A kill that leaves the environment between old and new."""
    for at in range(case.calls // 4, case.calls, 5):
        fault = Fault(at=at)
        case.strike(fault)
        if case.judge.name(case.real.tree()) not in (OLD, NEW):
            return fault
    raise AssertionError("no call is in the middle of the swap")


def test_killed_now_and_then(case: program.Case) -> None:
    """The next run makes it the old or the new environment, to the byte, and a further update works."""
    count = at_night(24, sample=4)
    tally = program.carry_out([case], program.kills(sampled(case, count, seed=1)), go_on_every=4)
    assert {} == tally.others
    assert (count, True, True) == (tally.runs, tally.outcomes[OLD] > 0, tally.outcomes[NEW] > 0)


def test_errors_now_and_then(case: program.Case) -> None:
    """A disk that refuses is told in one sentence; the environment is the old one, or the new one if that is said."""
    tally = program.carry_out([case], program.errors(sampled(case, at_night(18, sample=3), seed=2)))
    assert {} == tally.others


def test_whatever_the_next_run_is(case: program.Case) -> None:
    """It mends the environment first and says so in one line; dry runs tell what is to be done and change nothing."""
    fault = middle(case)
    for flags, outcome, code in (
        (["--offline", "-x", "*"], OLD, 0),
        (["--undo"], OLD, 1),
        (["plain"], None, 0),
        (["--keep", "2", "-q"], NEW, 0),
    ):
        case.strike(fault)
        done = run(case.real.env, *flags, index=case.real.index, env_vars=real.EPOCH)
        assert code == done.returncode, done.stderr
        assert 1 == done.stderr.count("warning: rolled back an interrupted update of 7 packages")
        if outcome is not None:
            assert outcome == case.judge.name(case.real.tree())
        else:
            assert "2.0" == installed(case.real.env)["plain"]
    case.strike(fault)
    before = case.real.tree()
    for flags in (["--dry-run"], ["--check"], ["--history"]):
        done = run(case.real.env, *flags, index=case.real.index)
        assert before == case.real.tree()
        assert ("--history" in flags) == ("must be rolled back" not in done.stderr)


def test_other_outcomes_are_noticed(case: program.Case) -> None:
    """An environment that is neither old nor new is called so."""
    case.real.reset()
    (case.real.env.site_packages / "single.py").unlink()
    assert case.judge.name(case.real.tree()).startswith("neither: ")
    case.real.reset()
    assert OLD == case.judge.name(case.real.tree())


def test_broken_environments_are_noticed(case: program.Case) -> None:
    """Whatever another tool may leave behind has a name."""
    env, names = case.real.env, case.real.names
    case.real.reset()
    assert {} == peers.faults(env, names)
    info = env.site_packages / "plain-1.0.dist-info"
    shutil.copytree(info, env.site_packages / "~lain-1.0.dist-info")
    shutil.copytree(info, env.site_packages / "plain-2.0.dist-info")
    shutil.rmtree(env.site_packages / "single-1.0.dist-info")
    (env.site_packages / "ordinary" / "__init__.py").write_text("half of it")
    (env.site_packages / "space" / "one" / "__init__.py").unlink()
    found = peers.faults(env, names)
    assert (["single"], ["plain"], ["~lain-1.0.dist-info"]) == (found["missing"], found["twice"], found["remains"])
    assert ["ordinary-1.0.dist-info", "space_one-1.0.dist-info"] == sorted(found["half there"])
    (info / "RECORD").unlink()
    assert info.name in peers.faults(env, names)["half there"]
    case.real.reset()


@pytest.mark.nightly
def test_peers_are_compared(case: program.Case) -> None:
    """A tool is timed, killed at random times, and every environment is counted once."""
    figures = peers.measured(case.real, peers.commands(case.real)["pip-update"], kills=2, seed=0, rounds=1)
    assert (2, 2, 0) == (figures.runs, figures.outcomes.total(), figures.still)
    case.real.reset()
