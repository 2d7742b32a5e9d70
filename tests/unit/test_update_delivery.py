"""How many threads stage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate._pip import unpacking
from pip_fastupdate.models import File, Release
from pip_fastupdate.update.delivery import SLOW, Delivery


def crew(tmp_path: Path, filename: str) -> int:
    """The number of threads for one release with that file."""
    nothing: Any = None
    delivery = Delivery(
        store=nothing,
        staging=tmp_path,
        jobs=1,
        progress=nothing,
        installed=nothing,
        owners=nothing,
        wants_bytecode=nothing,
        user_site=nothing,
        build=nothing,
    )
    release = Release(name="x", version=Version("1"), file=File(filename=filename, url=f"https://x.test/{filename}"))
    return delivery._crew([release])


@pytest.mark.parametrize(
    ("seconds", "filename", "several"),
    [
        (SLOW / 2, "x-1-py3-none-any.whl", False),
        (SLOW * 2, "x-1-py3-none-any.whl", True),
        (SLOW / 2, "x-1.tar.gz", True),
    ],
)
def test_several_threads_only_where_they_would_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, filename: str, several: bool
) -> None:
    """For builds, or for a disk that is slow to make files."""
    monkeypatch.setattr(unpacking, "seconds_per_file", lambda folder: seconds)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert crew(tmp_path, filename) == (4 if several else 1)
