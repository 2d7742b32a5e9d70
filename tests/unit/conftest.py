"""Tests of transactions run on each system that can be simulated here, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.harness import memory
from tests.support.platforms import NATIVE, SYSTEMS

EXPECTED: dict[tuple[str, str], str] = {}
"""By system and test, what does not work there yet, and why."""

NOT_THERE: dict[tuple[str, str], str] = {}
"""By system and test, why it says nothing about that system."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each test of a transaction on every system; that of this machine comes without any rules."""
    name = metafunc.module.__name__.rpartition(".")[2]
    if not name.startswith("test_transaction"):
        return
    systems = [NATIVE, *SYSTEMS] if Path("/proc/self/fd").exists() else [NATIVE]
    metafunc.fixturenames.insert(0, "system")
    metafunc.parametrize("system", [_case(each, metafunc.function.__name__) for each in systems], indirect=True)


def _case(system: str, test: str) -> object:
    marks = []
    if (system, test) in EXPECTED:
        marks.append(pytest.mark.xfail(strict=True, reason=EXPECTED[system, test]))
    if (system, test) in NOT_THERE:
        marks.append(pytest.mark.skip(reason=NOT_THERE[system, test]))
    return pytest.param(system, marks=marks, id=system)


@pytest.fixture
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The rules of a system, wherever these tests make their environments."""
    name = request.param
    if name == NATIVE:
        yield name
        return
    with SYSTEMS[name](tmp_path, *filter(None, [memory()])).on():
        yield name
