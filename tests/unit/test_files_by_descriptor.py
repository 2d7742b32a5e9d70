"""Files are input: read within limits, and made without following what was put in their way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pip_fastupdate.core.files import content, create_anew, decoded
from pip_fastupdate.lockfile import Draft
from pip_fastupdate.transaction import rewrites
from pip_fastupdate.transaction.rewrites import Rewrite

needs_links = pytest.mark.skipif(os.name == "nt", reason="not everybody may make links there")


def test_no_more_than_the_limit(tmp_path: Path) -> None:
    """A file of exactly that size is read, one of a byte more is refused."""
    (tmp_path / "file").write_bytes(b"12345")

    assert content(str(tmp_path / "file"), 5) == b"12345"
    with pytest.raises(OSError, match="large"):
        content(str(tmp_path / "file"), 4)


@needs_links
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_only_regular_files(tmp_path: Path, kind: str) -> None:
    """Nothing is waited for, and nothing read without end."""
    path = tmp_path / "it"
    {"pipe": lambda: os.mkfifo(path), "device": lambda: path.symlink_to("/dev/zero"), "folder": path.mkdir}[kind]()

    with pytest.raises(OSError, match=r"regular|directory"):
        content(str(path), 1000)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, "", b"\xff"])
def test_json_that_is_too_much(text: str | bytes) -> None:
    """It is no other error than for what is not JSON at all."""
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words
        decoded(text)


@needs_links
def test_links_in_the_way_of_new_files(tmp_path: Path) -> None:
    """What a link leads to stays as it is, whoever put the link there: of a plain file, a draft, a project's file."""
    treasure = tmp_path / "treasure"
    treasure.write_text("mine")
    for name in ("plain", f".pylock.toml.{os.getpid()}", "requirements.txt.pip-update"):
        (tmp_path / name).symlink_to(treasure)
    (tmp_path / "requirements.txt").write_text("a==1")
    (tmp_path / "requirements.txt").chmod(0o640)

    os.close(create_anew(str(tmp_path / "plain")))
    with Draft(tmp_path / "pylock.toml", "text") as draft:
        draft.put()
    rewrites.put([Rewrite(path=str(tmp_path / "requirements.txt"), before=b"a==1", after=b"a==2")])

    assert treasure.read_text() == "mine"
    assert treasure.stat().st_mode & 0o222
    assert (tmp_path / "pylock.toml").read_text() == "text"
    assert (tmp_path / "requirements.txt").read_text() == "a==2"
    assert (tmp_path / "requirements.txt").stat().st_mode & 0o777 == 0o640
    assert not list(tmp_path.glob("*.pip-update"))


def test_part_of_a_file_is_removed_after_a_kill(tmp_path: Path) -> None:
    """What a killed run has begun to write beside a file goes; what somebody else has put there stays."""
    path, part = tmp_path / "r.txt", tmp_path / "r.txt.pip-update"
    change = Rewrite(path=str(path), before=b"a==1", after=b"a==2")
    for beside, stays in ((b"a=", False), (b"", False), (b"mine", True)):
        path.write_bytes(change.before)
        part.write_bytes(beside)
        rewrites.take_back([change])
        assert (change.before, stays) == (path.read_bytes(), part.exists())
