"""Whatever happens at whichever call to the file system, an environment is the old one or the new one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.platforms import NATIVE, SYSTEMS
from tests.support.thoroughness import at_night

from . import harness, synthetic
from .harness import NEW, OLD, Case, every, sample
from .inject import Injector

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")

UPDATE = harness.updating(synthetic.SMALL)
SYSTEMS_HERE = [NATIVE, *SYSTEMS] if Path("/proc/self/fd").exists() else [NATIVE]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="faults-", dir=harness.memory()) as path:
        yield Path(path)


@pytest.fixture(params=SYSTEMS_HERE)
def system(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def update(folder: Path, system: str) -> Case:
    return Case(folder, synthetic.SMALL, UPDATE, system=system)


@pytest.fixture
def undo(folder: Path, system: str) -> Case:
    return Case(folder, synthetic.SMALL, harness.undoing, [UPDATE], system=system)


def some(case: Case, step: int = 1) -> list[int]:
    """Its calls: every so many of them, at night more, and fewer where the system is simulated, which takes longer."""
    step *= at_night(1, sample=3)
    return list(every(case, step if case.system == NATIVE else 5 * step))


def test_update_killed_at_each_call(update: Case) -> None:
    """An update that is killed is taken back, or found to be complete."""
    tally = harness.kills(update, some(update))
    assert tally.others == {}
    assert (len(some(update)), True, True) == (tally.runs, tally.outcomes[OLD] > 6, tally.outcomes[NEW] > 2)


def test_update_failing_at_each_call(update: Case) -> None:
    """An update that meets an error says so and leaves the old environment, or has none to speak of."""
    tally = harness.some_errors(update, some(update))
    assert tally.others == {}
    assert tally.outcomes[OLD] > 6


def test_update_interrupted_now_and_then(update: Case) -> None:
    """Ctrl-C, once or again and again, leaves the old environment without any recovery, or comes too late."""
    tally = harness.interrupts(update, some(update, 4))
    assert tally.others == {}
    assert tally.at_once == tally.runs > 4


FILES = ("project/requirements.txt", "project/pyproject.toml")
"""Of a project, which follow the update."""


@pytest.mark.parametrize("undone", [False, True])
def test_project_files_and_environment_stay_together(folder: Path, undone: bool, system: str) -> None:
    """Killed at any call, or met by an error, both are old or both are new, and nothing is left beside the files."""
    update = harness.updating(synthetic.SMALL, files=FILES)
    first = [harness.making(FILES), *([update] if undone else [])]
    case = Case(folder, synthetic.SMALL, harness.undoing if undone else update, first, system)
    tally = harness.kills(case, some(case))
    tally += harness.some_errors(case, some(case, 9))
    assert tally.others == {}
    assert (tally.outcomes[OLD] > 6, tally.outcomes[NEW] > 0) == (True, True)


def test_undo_killed_at_each_call(undo: Case) -> None:
    """An undo is as safe as an update."""
    tally = harness.kills(undo, some(undo))
    assert tally.others == {}
    assert (tally.outcomes[OLD] > 6, tally.outcomes[NEW] > 0) == (True, True)


def test_undo_failing_at_each_call(undo: Case) -> None:
    """The same for errors."""
    assert harness.some_errors(undo, some(undo)).others == {}


def test_undo_that_takes_a_folder_of_the_environment_away(folder: Path, system: str) -> None:
    """The update had created it: killed before that step, it is there with all that the update has put into it."""
    one = synthetic.package("one", 1)
    dists = [replace(one, new={**one.new, "share/one/data": b"1", "etc/one.conf": b"1"})]
    case = Case(folder, dists, harness.undoing, [harness.updating(dists)], system=system)
    tally = harness.kills(case, some(case))
    assert tally.others == {}
    assert tally.outcomes.keys() == {OLD, NEW}


def test_update_of_single_files_killed(folder: Path, system: str) -> None:
    """Where folders cannot be renamed, a second try moves files: killed in either."""
    case = Case(folder, synthetic.SMALL, harness.refusing_folders(UPDATE), system=system)
    assert harness.kills(case, some(case, 7)).others == {}
    assert harness.some_errors(case, some(case, 7)).others == {}


def test_update_that_keeps_nothing_killed(folder: Path, system: str) -> None:
    """With nothing to be kept, recovery leaves nothing either."""
    case = Case(folder, synthetic.SMALL, harness.updating(synthetic.SMALL, 0), system=system)
    assert harness.kills(case, some(case, 5)).others == {}


def test_recovery_killed_at_each_call(update: Case) -> None:
    """Recovery that is killed, or meets an error, is done by the next one."""
    step = at_night(1, sample=4 if update.system == NATIVE else 12)
    tally = harness.recovery_kills(update, [update.calls // 2], step)
    assert tally.others == {}
    assert tally.outcomes[OLD] > 5


def test_large_update_killed_now_and_then(folder: Path, system: str) -> None:
    """The same in an environment of 60 distributions; on another system of 12."""
    dists = synthetic.large(60 if system == NATIVE else 12)
    case = Case(folder, dists, harness.updating(dists), system=system)
    assert harness.kills(case, sample(case, at_night(12, sample=4), seed=1)).others == {}


@pytest.mark.skipif(len(SYSTEMS_HERE) == 1, reason="open files are not known here")
def test_update_and_undo_killed_while_files_are_scanned(folder: Path) -> None:
    """Killed, met by an error or interrupted while it waits for a scanner, an update is as safe as ever."""
    case = Case(folder / "update", synthetic.SMALL, UPDATE, system=harness.SCANNED)
    tally = harness.kills(case, some(case, 2))
    tally += harness.some_errors(case, some(case, 3))
    tally += harness.interrupts(case, some(case, 9))
    case = Case(folder / "undo", synthetic.SMALL, harness.undoing, [UPDATE], system=harness.SCANNED)
    tally += harness.kills(case, some(case, 3))
    assert tally.others == {}
    assert (tally.outcomes[OLD] > 6, tally.outcomes[NEW] > 2) == (True, True)


def test_harness_finds_careless_updates(folder: Path) -> None:
    """An update without a journal does not pass."""

    def careless(prefix: Path, injector: Injector) -> None:
        with injector.on():
            for dist in synthetic.SMALL:
                for path in dist.old:
                    (prefix / path).unlink(missing_ok=True)
                synthetic.write(prefix, dist.new)

    case = Case(folder, synthetic.SMALL, careless)
    assert harness.kills(case, every(case, 3)).others


def test_faults_in_any_program(tmp_path: Path) -> None:
    """The injector runs programs: one is killed, one meets an error, one is only counted."""
    program = tmp_path / "program.py"
    program.write_text(f"import os\nfor n in range(5):\n    os.mkdir({str(tmp_path)!r} + f'/journal.{{n}}')\n")

    def run(*options: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "tests.faults.inject", "--prefix", str(tmp_path), *options, "--", str(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for folder in tmp_path.glob("journal.*"):
            folder.rmdir()
        return done.returncode, done.stderr.strip().splitlines()[-1] if done.stderr else ""

    assert run() == (0, "calls: 5")
    assert run("--after", "journal.3") == (0, "calls: 2")
    assert run("--at", "2")[0] in (-9, 137)
    status, last = run("--at", "2", "--fault", "ENOSPC")
    assert (status, last) == (1, f"OSError: [Errno 28] No space left on device: '{tmp_path}/journal.1'")
