"""Environments spread over several file systems are updated, undone and recovered as any other."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import FileConflict, TransactionError
from tests.support.thoroughness import at_night
from tests.support.volumes import bound, volume

from . import harness, synthetic
from .harness import NEW, OLD, Case, every
from .inject import Fault
from .synthetic import HOME, SITE, SMALL, live

pytestmark = pytest.mark.skipif(os.name == "nt", reason="children are forked, file systems mounted")

UPDATE = harness.updating(SMALL)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="volumes-", dir=harness.memory()) as path:
        yield Path(path)


@pytest.fixture
def prefix(folder: Path) -> Iterator[Path]:
    """An environment of old versions, whose site-packages and ``bin`` are volumes."""
    prefix = folder / "env"
    synthetic.install(prefix, SMALL)
    with volume(prefix / SITE), volume(prefix / "bin"):
        yield prefix


@pytest.fixture
def case(prefix: Path) -> Case:
    return Case(prefix.parent, SMALL, UPDATE)


def update(prefix: Path, dists: tuple[synthetic.Dist, ...] = SMALL) -> None:
    with harness.transactions(prefix).begin() as transaction:
        transaction.prepare([synthetic.staged(transaction.staging, prefix, dist) for dist in dists])
        transaction.swap()
        transaction.commit(1)


def annexes(prefix: Path) -> list[Path]:
    return [each for place in (SITE, "bin") for each in (prefix / place / HOME).glob("*")]


def expected(folder: Path, dists: tuple[synthetic.Dist, ...] = SMALL) -> synthetic.Snapshot:
    """What the same update makes of an environment on one file system."""
    synthetic.install(folder, SMALL)
    update(folder, dists)
    return live(folder)


def test_update_and_undo(prefix: Path, folder: Path) -> None:
    """Leave what they leave on one file system; the old files are kept where they were, and gone in the end."""
    before = synthetic.snapshot(prefix)
    update(prefix)
    assert expected(folder / "other") == live(prefix)
    assert 2 == len(annexes(prefix))
    harness.transactions(prefix).undo()
    assert synthetic.without_home(before) == live(prefix)
    harness.transactions(prefix).undo()
    assert expected(folder / "another") == live(prefix)
    assert 2 == len(annexes(prefix))


def test_nothing_kept_nothing_left(prefix: Path, folder: Path) -> None:
    """With --keep 0 nothing is left on any of the file systems."""
    with harness.transactions(prefix).begin() as transaction:
        transaction.prepare([synthetic.staged(transaction.staging, prefix, dist) for dist in SMALL])
        transaction.swap()
        transaction.commit(0)
    assert expected(folder / "other") == synthetic.snapshot(prefix)


def test_tried_and_taken_back(prefix: Path, folder: Path) -> None:
    """What is staged there can be swapped in, taken back and swapped in again."""
    before = live(prefix)
    with harness.transactions(prefix).begin() as transaction:
        replacements = [synthetic.staged(transaction.staging, prefix, dist) for dist in SMALL]
        transaction.prepare(replacements)
        transaction.swap()
        transaction.revert()
        assert before == live(prefix)
        transaction.prepare(replacements)
        transaction.swap()
        transaction.commit(1)
    assert expected(folder / "other") == live(prefix)


def test_killed(case: Case) -> None:
    """The whole, on all file systems, is the old or the new one."""
    tally = harness.kills(case, every(case, 9))
    assert {} == tally.others
    assert (True, True) == (tally.outcomes[OLD] > 5, tally.outcomes[NEW] > 5)


def test_failing(case: Case) -> None:
    """The same for errors."""
    assert {} == harness.some_errors(case, every(case, 13)).others


def test_undo_killed(prefix: Path) -> None:
    """The same for an undo."""
    case = Case(prefix.parent, SMALL, harness.undoing, [UPDATE])
    assert {} == harness.kills(case, every(case, 11)).others


def test_recovery_killed(case: Case) -> None:
    """Recovery that is killed is done by the next one."""
    assert {} == harness.recovery_kills(case, [case.calls // 2], step=at_night(1, sample=9)).others


def test_missing_volume(folder: Path) -> None:
    """An update that was cut short is not taken for taken back where a part of it is not there: that is told."""
    prefix = folder / "env"
    synthetic.install(prefix, SMALL)
    kept, place = folder / "volume", prefix / SITE
    place.rename(kept)
    place.mkdir()
    with bound(kept, place):
        before = live(prefix)
        case_calls = harness.in_child(UPDATE, prefix, Fault(at=0))[1]
        harness.transactions(prefix).undo()
        for at in range(case_calls // 3, case_calls, 5):  # a swap takes many more
            harness.in_child(UPDATE, prefix, Fault(at=at))
            if live(prefix) != before:
                break
            harness.transactions(prefix).recover()
        broken = synthetic.snapshot(prefix)
    without = synthetic.snapshot(prefix)
    with pytest.raises(TransactionError, match=r"part of the transaction is missing: ") as caught:
        harness.transactions(prefix).recover()
    assert f"mount the file system of {place} as it was, and rerun this" == caught.value.hint
    assert without == synthetic.snapshot(prefix)
    with bound(kept, place):
        assert broken == synthetic.snapshot(prefix)
        harness.transactions(prefix).recover()
        assert before == live(prefix)


def test_in_the_way_on_a_volume(prefix: Path) -> None:
    """A file that somebody put in the place of an old one is not lost, though it is kept on another file system."""
    before = live(prefix)
    with harness.transactions(prefix).begin() as transaction:
        transaction.prepare([synthetic.staged(transaction.staging, prefix, dist) for dist in SMALL])
        transaction.swap()
        for path, content in (("old.txt", b"a file"), ("new.txt/x", b"in a folder")):
            synthetic.write(prefix / SITE / "one", {f"mine-{path}": content})
        (prefix / SITE / "one" / "link").symlink_to("nowhere")
    assert before == live(prefix)
    aside = prefix / HOME / "1" / "aside"
    found = {path.name: path.is_symlink() or path.read_bytes() for path in aside.iterdir()}
    assert {"mine-old.txt": b"a file", "x": b"in a folder", "link": True} == found


@pytest.mark.parametrize("mounted", ["bin/one", f"{SITE}/one/m0.py", f"{SITE}/one/data", f"{SITE}/one"])
def test_mounted_by_itself(folder: Path, mounted: str) -> None:
    """A file or folder that is mounted holds its distribution, by name; the others are updated."""
    prefix = folder / "env"
    synthetic.install(prefix, SMALL)
    place, source = prefix / mounted, folder / "source"
    if mounted.endswith("data"):
        place.mkdir()
    with ExitStack() as stack:
        if place.is_dir():
            stack.enter_context(volume(place))
        else:
            source.write_bytes(place.read_bytes())
            stack.enter_context(bound(source, place))
        before = live(prefix)
        with pytest.raises(FileConflict) as caught:
            update(prefix)
        assert (("one",), before) == (caught.value.names, live(prefix))
        assert str(place) in caught.value.message
        assert not (prefix / HOME).exists()
        update(prefix, SMALL[1:])
        assert {f"{SITE}/new-2.dist-info", f"{SITE}/one-1.dist-info"} <= live(prefix).keys()


@pytest.mark.parametrize(
    "planted", ["/tmp/.pip-fastupdate/1-abc", "../x/.pip-fastupdate/1-abc", "bin/1-abc", "bin/.pip-fastupdate/2-abc"]
)
def test_annexes_are_input(folder: Path, planted: str) -> None:
    """A list of annexes that names anything else is not obeyed."""
    import json

    prefix = folder / "env"
    synthetic.install(prefix, SMALL)
    update(prefix)
    target = prefix / planted
    there = target / "new" / "precious"
    if "tmp" not in planted:
        there.mkdir(parents=True)
    (prefix / HOME / "1" / "annexes").write_text(json.dumps([planted]))
    with pytest.raises(TransactionError, match="which is not part of the transaction"):
        harness.transactions(prefix).undo()
    assert there.exists() == ("tmp" not in planted)
