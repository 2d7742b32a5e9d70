"""File systems mounted for a test, where the system lets us."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def volume(place: Path) -> Iterator[None]:
    """A file system of its own at the folder ``place``, in memory, with what is in there now."""
    aside = place.with_name(f"{place.name}-aside")
    place.rename(aside)
    place.mkdir()
    try:
        with _mounted("-t", "tmpfs", "-o", "mode=755", "none", place):
            subprocess.run(["cp", "-a", f"{aside}/.", str(place)], check=True)
            subprocess.run(["rm", "-r", str(aside)], check=True)
            yield
    finally:
        if aside.exists():
            place.rmdir()
            aside.rename(place)


@contextmanager
def bound(source: Path, place: Path) -> Iterator[None]:
    """The file or folder ``source`` at ``place`` too, as a volume of a container is."""
    with _mounted("--bind", str(source), place):
        yield


@contextmanager
def _mounted(*arguments: str | Path) -> Iterator[None]:
    try:
        done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("nothing can be mounted here")
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(arguments[-1])], check=True)
