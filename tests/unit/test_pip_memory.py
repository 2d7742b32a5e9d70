"""What is remembered of pip's settings, and when it is forgotten."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from pip_fastupdate._pip import settings_cache
from pip_fastupdate._pip.settings_cache import Memory
from pip_fastupdate.environment import paths

VALUE = {"settings": {"index_url": "x"}}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A configuration file."""
    file = tmp_path / "pip.conf"
    file.write_text("[global]\n")
    return file


def kept(folder: Path, source: Path, arguments: Sequence[str] = ()) -> Memory:
    """A memory that has just been filled."""
    made = Memory(folder, arguments)
    made.keep(VALUE, settings_cache.digests([str(source)]))
    return made


def test_what_was_kept_comes_back(tmp_path: Path, source: Path) -> None:
    """In another process too, that is: for another object."""
    kept(tmp_path / "cache", source)
    assert Memory(tmp_path / "cache", ()).recall() == VALUE


def test_nothing_was_kept(tmp_path: Path) -> None:
    """The folder need not exist."""
    assert Memory(tmp_path / "nowhere", ()).recall() is None


def test_changed_source_is_noticed(tmp_path: Path, source: Path) -> None:
    """Even if its size and its times are as before."""
    made = kept(tmp_path, source)
    before = source.stat()
    source.write_text("[globaL]\n")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert made.recall() is None


def test_source_that_appears_or_goes_is_noticed(tmp_path: Path, source: Path) -> None:
    """Files that do not exist are a part of the answer."""
    absent = tmp_path / "absent.conf"
    made = kept(tmp_path, absent)
    assert made.recall() == VALUE
    absent.write_text("")
    assert made.recall() is None
    made = kept(tmp_path, source)
    source.unlink()
    assert made.recall() is None


@pytest.mark.parametrize(
    "name",
    ["PIP_INDEX_URL", "PIP_ANYTHING", "HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "APPDATA", "LC_ALL", "PYTHONUTF8"],
)
def test_each_variable_counts(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Those that pip reads, and those by which it finds its files."""
    kept(tmp_path, source)
    monkeypatch.setenv(name, "something else")
    assert Memory(tmp_path, ()).recall() is None


def test_other_variables_do_not_count(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing would ever be remembered."""
    kept(tmp_path, source)
    monkeypatch.setenv("TERM_SESSION_ID", "something else")
    assert Memory(tmp_path, ()).recall() == VALUE


def test_arguments_and_the_current_folder_count(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means another file elsewhere."""
    kept(tmp_path, source, ["--pre"])
    assert Memory(tmp_path, ["--pre", "--user"]).recall() is None
    assert Memory(tmp_path, ["--pre"]).recall() == VALUE
    monkeypatch.chdir(tmp_path)
    assert Memory(tmp_path, ["--pre"]).recall() is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"digests": 1, "value": {}}', '{"digests": {}, "value": 1}', "\x00"]
)
def test_damage_is_forgetting(tmp_path: Path, source: Path, content: str) -> None:
    """Whatever is in the file."""
    made = kept(tmp_path, source)
    next((tmp_path / "settings").iterdir()).write_text(content)
    assert made.recall() is None


@pytest.mark.skipif(os.name == "nt", reason="permissions are another matter there")
def test_file_that_others_can_write_is_not_believed(tmp_path: Path, source: Path) -> None:
    """It could name an index of theirs."""
    made = kept(tmp_path, source)
    file = next((tmp_path / "settings").iterdir())
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o622)
    assert made.recall() is None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_file_of_somebody_else_is_not_believed(tmp_path: Path, source: Path) -> None:
    """Not by root either, with somebody's HOME."""
    made = kept(tmp_path, source)
    os.chown(next((tmp_path / "settings").iterdir()), 12345, -1)
    assert made.recall() is None


def test_not_being_able_to_write_does_not_matter(tmp_path: Path, source: Path) -> None:
    """The next run takes a little longer."""
    (tmp_path / "settings").write_text("a file where the folder should be")
    assert kept(tmp_path, source).recall() is None


def test_only_so_many_are_kept(tmp_path: Path, source: Path) -> None:
    """The last ones."""
    for number in range(40):
        kept(tmp_path, source, [str(number)])
        file = max((tmp_path / "settings").iterdir(), key=lambda each: each.stat().st_mtime_ns)
        os.utime(file, (number, number))
    assert len(list((tmp_path / "settings").iterdir())) == 32
    assert Memory(tmp_path, ["39"]).recall() == VALUE
    assert Memory(tmp_path, ["0"]).recall() is None


def test_digests_of_what_can_be_read_twice(tmp_path: Path, source: Path) -> None:
    """Files and nothing at all; a pipe raises, as its content is gone once read."""
    found = settings_cache.digests([str(source), str(tmp_path / "absent"), os.devnull])
    assert found[str(tmp_path / "absent")] == ""
    assert len(set(found.values())) == 3
    with pytest.raises(ValueError, match="cannot be read twice"):
        settings_cache.digests([str(tmp_path)])


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/c"}, "/c/pip/fastupdate"),
        ("linux", {"HOME": "/h"}, "/h/.cache/pip/fastupdate"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Caches/pip/fastupdate"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/pip/Cache/fastupdate"),
        ("linux", {"PIP_CACHE_DIR": "~/x", "HOME": "/h"}, "/h/x/fastupdate"),
        ("linux", {"PIP_CACHE_DIR": "~no-such-user/x"}, None),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="compares paths as they are elsewhere")
def test_folder_is_where_pips_cache_mostly_is(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], expected: str | None
) -> None:
    """Known without pip."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "PIP_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert settings_cache.default_folder(platform) == (expected and Path(expected))


def test_folder_that_was_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not an error yet: pip has words for it."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    assert paths.working_folder() == str(Path.cwd())
    if os.name != "nt":
        (tmp_path / "gone").rmdir()
        assert paths.working_folder() == ""
