"""What the program stands on and is the same before and after stays where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pip_fastupdate.transaction.moves.own_files import arranged
from pip_fastupdate.transaction.moves.steps import Exchange, In, Operation, Out
from pip_fastupdate.transaction.moves.witness import are_same, witness


def both(tmp_path: Path, old: dict[str, str], new: dict[str, str]) -> tuple[str, str]:
    for folder, files in (("old", old), ("new", new)):
        for path, content in files.items():
            target = tmp_path / folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
    return str(tmp_path / "old"), str(tmp_path / "new")


def test_same_content_stays(tmp_path: Path) -> None:
    """A script that the new version brings unchanged is neither moved out nor in, nor exchanged; a changed one is."""
    old, new = both(tmp_path, {"pip-update": "same", "other": "1"}, {"pip-update": "same", "other": "2"})
    steps: list[Operation] = [Out(live=f"{old}/{each}", kept=f"kept/{each}") for each in ("pip-update", "other")]
    steps += [In(live=f"{old}/{each}", staged=f"{new}/{each}") for each in ("pip-update", "other")]
    found, same = arranged(steps, lambda path: True, str)
    assert ({f"{old}/pip-update"}, [Exchange], [f"{old}/other"]) == (
        set(same),
        [type(each) for each in found],
        [each.live for each in found],
    )


def test_others_are_moved(tmp_path: Path) -> None:
    """Of other distributions everything moves as it always did."""
    old, new = both(tmp_path, {"tool": "same"}, {"tool": "same"})
    steps = (Out(live=f"{old}/tool", kept="kept/tool"), In(live=f"{old}/tool", staged=f"{new}/tool"))
    assert (steps, frozenset()) == arranged(steps, lambda path: False, str)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a/m.py": "1", "a/__pycache__/m.pyc": "1"}, {"a/m.py": "1", "a/__pycache__/m.pyc": "2"}, True),
        ({"a/m.py": "1"}, {"a/m.py": "2"}, False),
        ({"a/m.py": "1"}, {"a/m.py": "1", "a/n.py": ""}, False),
        ({"a/b/m.py": "1"}, {"a/b/m.py": "1"}, True),
        ({"a/__pycache__/m.pyc": "1"}, {"a/__pycache__/m.pyc": "2"}, False),
        ({"a/m.py": "1", "a/__pycache__/gone.cpython-311.pyc": "1"}, {"a/m.py": "1"}, False),
        ({"a/m.pyc": "1"}, {"a/m.pyc": "2"}, False),
        ({"a/m.pyc": "1"}, {}, False),
        ({"a/m.py": "", "a/m.pyc": "1"}, {"a/m.py": "", "a/m.pyc": "2"}, True),
        ({"a/m.py": "", "a/__pycache__/m.opt-1.pyc": "1"}, {"a/m.py": ""}, True),
    ],
)
def test_folders(tmp_path: Path, old: dict[str, str], new: dict[str, str], expected: bool) -> None:
    """Are the same when all is but the bytecode of modules in them; what else differs tells them apart later."""
    (tmp_path / "new" / "a").mkdir(parents=True)
    before, after = both(tmp_path, old, new)
    assert expected == are_same(before, after)
    assert expected == (witness(before, after) is None)


def test_bytecode_itself(tmp_path: Path) -> None:
    """A folder of bytecode is the same only when that is."""
    old, new = both(tmp_path, {"__pycache__/m.pyc": "1"}, {"__pycache__/m.pyc": "2"})
    assert not are_same(f"{old}/__pycache__", f"{new}/__pycache__")
    assert witness(f"{old}/__pycache__", f"{new}/__pycache__") is None  # Python may write there at any instant


def test_modes_count(tmp_path: Path) -> None:
    """A file that becomes executable is another one."""
    old, new = both(tmp_path, {"m": "1"}, {"m": "1"})
    assert are_same(f"{old}/m", f"{new}/m")
    Path(new, "m").chmod(0o755)
    assert not are_same(f"{old}/m", f"{new}/m")
