"""Bytes of a plan: room for them, and what they make of the environment."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import TransactionError
from pip_fastupdate.update import space

Usage = namedtuple("Usage", "total used free")


def test_room_is_told_before_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two folders on one disk need twice the room; nothing to fetch needs none."""
    monkeypatch.setattr(space.shutil, "disk_usage", lambda path: Usage(0, 0, 10 * 1024**2))
    space.check_room(4 * 1024**2, [tmp_path, tmp_path / "not" / "there"])
    space.check_room(8 * 1024**2, [tmp_path])
    space.check_room(0, [tmp_path])
    with pytest.raises(TransactionError, match="not enough space") as caught:
        space.check_room(5 * 1024**2, [tmp_path, tmp_path])
    assert "nothing was downloaded" in caught.value.hint


def test_sizes_by_record(tmp_path: Path) -> None:
    """Lines without a size, or that make no sense, count for nothing; so does a RECORD that is not there."""
    (tmp_path / "RECORD").write_text(
        'a.py,sha256=x,10\n"b,c.py",sha256=y,5\na.dist-info/RECORD,,\nz,,99999999999999999999\n'
    )
    assert (15, 0) == (space.recorded(tmp_path), space.recorded(tmp_path / "missing"))
