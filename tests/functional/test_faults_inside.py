"""The program inside the environment that it updates, cut short; ``python -m tests.faults inside`` does all of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.faults.harness import NEW, OLD
from tests.faults.inject import Fault
from tests.faults.inside import inside
from tests.faults.program_inside import MOMENT, STOPS, Case
from tests.faults.real import live

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed by signals")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """Everything that the program stands on, with newer versions; calls count from the swap on."""
    case = Case(inside(tmp_path_factory.mktemp("inside")), after=STOPS[-1])
    yield case
    case.close()


def test_everything_moves(case: Case) -> None:
    """The update without any fault brings the program itself, pip and what they require to newer versions."""
    done = case.strike(Fault(at=0))
    before, after = live(case.made.before), live(case.made.tree())
    assert (0, NEW) == (done.returncode, case.judge.name(after))
    modules = {path.rsplit("/", 1)[-1] for path in after.keys() - before.keys() if path.endswith("_only_after.py")}
    assert {f"{each}_only_after.py" for each in ("pip", "pip_fastupdate", "packaging", "requests", "rich")} <= modules


@pytest.mark.parametrize("way", ["history", "recover.py"])
def test_killed_in_the_middle(case: Case, way: str) -> None:
    """The environment is neither old nor new then; each of the means that it has itself brings it back."""
    tally = case.run(Fault(at=20), way)
    assert ({OLD: 1}, 0) == (tally.outcomes, tally.at_once)


def test_error_that_lasts(case: Case) -> None:
    """What a disk that refuses everything keeps the run from taking back the next run takes back."""
    tally = case.run(Fault(at=20, what="EIO", lasting=True), "pip-update")
    assert ({OLD: 1}, 0) == (tally.outcomes, tally.at_once)


def test_error_that_passes(case: Case) -> None:
    """What refuses everything for a moment is waited for: the run takes everything back itself."""
    tally = case.run(Fault(at=20, what="EACCES", seconds=MOMENT), "pip-update")
    assert ({OLD: 1}, 1) == (tally.outcomes, tally.at_once)


def test_killed_at_the_end(case: Case) -> None:
    """A commit that was reached stays."""
    assert {NEW: 1} == case.run(Fault(at=case.calls - 5), "recover.py").outcomes


def test_nothing_is_written_into_the_copies(case: Case) -> None:
    """Or what was found in environments that share files with these would prove nothing."""
    assert [] == case.made.changed()
    path = next(case.made.env.site_packages.glob("rich/*.py"))
    case.made.reset(STOPS[-1])
    content = path.read_bytes()
    path.write_bytes(b"changed")
    try:
        assert [str(path.relative_to(case.made.env.path))] == case.made.changed()
    finally:
        path.write_bytes(content)
