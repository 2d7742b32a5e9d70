"""How the threads that stage share the interpreter."""

from __future__ import annotations

from pathlib import Path

import pytest

from pip_fastupdate._pip import file_writer
from pip_fastupdate.core.gil_turns import LARGE
from pip_fastupdate.update.stages.fetch import SLOW, turns_for


@pytest.mark.parametrize(("seconds", "large"), [(SLOW / 2, LARGE), (SLOW * 2, 0)])
def test_others_go_on_where_one_would_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, large: int
) -> None:
    """For large files, or for all of them on a disk that is slow to make files."""
    monkeypatch.setattr(file_writer, "seconds_per_file", lambda folder: seconds)
    assert turns_for(tmp_path).large == large
