"""The program inside the environment that it updates, cut short; ``python -m tests.faults inside`` does all of it."""

from __future__ import annotations

import os

import pytest

from tests.faults.harness import OLD
from tests.faults.inject import Fault
from tests.faults.inside import inside
from tests.faults.program_inside import Case
from tests.faults.real import live

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed by signals")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Everything that the program stands on, with newer versions; calls count from the swap on."""
    return Case(inside(tmp_path_factory.mktemp("inside")), after="journal.swapping")


def test_everything_moves(case: Case) -> None:
    """The update without any fault brings the program itself, pip and what they require to newer versions."""
    before, after = live(case.made.before), live(case.made.tree())
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
