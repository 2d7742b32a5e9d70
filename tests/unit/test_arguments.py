"""The command line as data."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pip_fastupdate.arguments import parse_arguments, parser
from pip_fastupdate.cli.settings import rush
from pip_fastupdate.core.errors import UsageError
from pip_fastupdate.core.options import CacheOptions, Options
from pip_fastupdate.core.settings import ResponseLimits


def test_nothing_given() -> None:
    """Without arguments everything is updated, with the documented defaults."""
    found = parse_arguments([])
    assert Options(cache=CacheOptions(directory=None)) == found.options
    assert ((), None, None, False, None) == (
        found.pip_arguments,
        found.jobs,
        found.cache_directory,
        found.no_cache,
        found.undo,
    )


def test_names_are_normalized_and_may_stand_anywhere() -> None:
    """Every word without a dash is a project's name, written as anybody may write it; named twice counts once."""
    found = parse_arguments(["Foo_Bar", "--check", "foo.bar", "-q", "baz"])
    assert ("foo-bar", "baz") == found.options.names
    assert (True, -1) == (found.options.check, found.options.verbosity)


def test_options_of_pip_are_passed_on() -> None:
    """They are handed to pip's own parser as they were written, in their order."""
    words = ["-i", "http://127.0.0.1/simple", "--pre", "--timeout", "3", "-f", "a", "--find-links=b", "--no-index"]
    assert (
        "--index-url=http://127.0.0.1/simple",
        "--pre",
        "--timeout=3",
        "--find-links=a",
        "--find-links=b",
        "--no-index",
    ) == parse_arguments(words).pip_arguments


def test_excluded_names_and_patterns() -> None:
    """Names and globs are normalized; commas separate, and the option may be repeated."""
    assert ("foo-*", "bar", "baz") == parse_arguments(["-x", "Foo_*,bar", "--exclude", "BAZ"]).options.exclude


def test_names_to_build() -> None:
    """Names are normalized, :all: stays."""
    assert frozenset({"foo-bar", ":all:"}) == parse_arguments(["--build", "Foo_Bar,:all:"]).build


def test_names_that_may_change_their_index() -> None:
    """Names are normalized, :all: stays; commas separate, and the option may be repeated."""
    found = parse_arguments(["--allow-source-change", "Foo_Bar,baz", "--allow-source-change", ":all:"])
    assert frozenset({"foo-bar", "baz", ":all:"}) == found.options.allow_source_change


@pytest.mark.parametrize(("text", "limit"), [("0", 0), ("500M", 500_000_000), ("2g", 2_000_000_000), ("10kB", 10_000)])
def test_sizes(text: str, limit: int) -> None:
    """Sizes take the usual suffixes."""
    assert limit == parse_arguments(["--cache-limit", text]).options.cache.limit


def test_undo() -> None:
    """Without an id the last one is meant."""
    assert ("", "abc") == (parse_arguments(["--undo"]).undo, parse_arguments(["--undo", "abc"]).undo)


def test_keep_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images set how much is kept for --undo by a variable; the option overrules it."""
    monkeypatch.setenv("PIP_UPDATE_KEEP", "0")
    assert (0, 3) == (parse_arguments([]).options.keep, parse_arguments(["--keep", "3"]).options.keep)
    monkeypatch.setenv("PIP_UPDATE_KEEP", "many")
    with pytest.raises(UsageError, match="PIP_UPDATE_KEEP"):
        parse_arguments([])


def test_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable counts: neither pip's nor ours, whatever it says."""
    for name, value in (("PIP_UPDATE_KEEP", "many"), ("PIP_UPDATE_LIMITS", "no=1"), ("PIP_PYTHON", "/no/such/python")):
        monkeypatch.setenv(name, value)
    found = parse_arguments(["--isolated"])
    assert (1, ResponseLimits(), None, True) == (found.options.keep, found.limits, found.python, found.isolated)
    assert ("--isolated",) == found.pip_arguments
    assert "x" == parse_arguments(["--isolated", "--python", "x"]).python


@pytest.mark.parametrize(
    "words",
    [
        ["foo==1"],
        ["./folder"],
        ["foo[extra]"],
        ["-x", "foo==1"],
        ["--jobs", "0"],
        ["--jobs", "many"],
        ["--jobs", "1000"],
        ["--cache-ttl", "soon"],
        ["--cache-ttl", "-1"],
        ["--lock-timeout", "nan"],
        ["--cache-limit", "much"],
        ["--format", "yaml"],
        ["--nonsense"],
        ["--keep", "-1"],
    ],
)
def test_wrong_usage(words: list[str]) -> None:
    """Whatever cannot be understood is said in one sentence, with a hint."""
    with pytest.raises(UsageError) as caught:
        parse_arguments(words)
    assert caught.value.message[:1] == caught.value.message[:1].lower()
    assert not caught.value.message.endswith(".")
    assert caught.value.hint


@pytest.mark.parametrize(
    "words",
    [
        ["--osv-url", "https://osv.test"],
        ["--advisories", "records"],
        ["--ignore-vuln", "CVE-1"],
        ["--ignore-until-fixed", "CVE-1"],
        ["--audit", "--osv-url", "https://osv.test", "--advisories", "records"],
        ["--audit", "--osv-url", "ftp://osv.test"],
        ["--audit", "--osv-url", "https://"],
        ["--audit=yes"],
        ["--security=oldest"],
        ["--cooldown", "1y"],
        ["--cooldown", "2026-13-01"],
        ["--cooldown", "9999999d"],
        ["--cooldown-except", "a b"],
        ["--cooldown-unknown", "maybe"],
        ["--level", "huge"],
        ["--level", "numpy="],
        ["--level", "=minor"],
        ["--direct=yes"],
        ["--prune=yes"],
    ],
)
def test_wrong_choice(words: list[str]) -> None:
    """So are policy options that make no sense; exit code 2, before anything is read."""
    with pytest.raises(UsageError) as caught:
        parse_arguments(words)
    assert (True, 2) == (bool(caught.value.hint), caught.value.exit_code)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8"])
def test_help_for_any_stream(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """Characters that its encoding lacks are replaced, as in every other output."""
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding=encoding, write_through=True))
    with pytest.raises(SystemExit) as ended:
        parse_arguments(["--help"])
    assert (0, True) == (ended.value.code, "redis://" in written.getvalue().decode(encoding))


def test_files_to_write_are_read_by_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All but pyproject.toml and the lock files of other programs, whatever their names end with."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    names = ("requirements.lock", "uv.lock", "pyproject.toml", "~/r.txt")
    found = parse_arguments([f"--write={each}" for each in names])
    expected = ("--requirement=requirements.lock", f"--requirement={tmp_path}/r.txt")
    assert expected == tuple(each.replace("\\", "/") for each in found.pip_arguments)
    assert tmp_path / "r.txt" == found.options.write[-1]


def test_tilde_that_is_nobodys_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is the first letter of a name, as for a shell."""
    monkeypatch.chdir(tmp_path)
    words = ["--write", "~no-one.txt", "--output", "~no-one.json", "--cache-dir", "~no-one"]
    found = parse_arguments(words)
    assert (tmp_path / "~no-one.txt",) == found.options.write
    assert ((tmp_path / "~no-one.json", "json"),) == found.options.outputs
    assert tmp_path / "~no-one" == parse_arguments(["--all-venvs", "~no-one"]).all_venvs


def test_cache_folder_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A setting is read by no shell that expands it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert tmp_path / "there" == parse_arguments(["--cache-dir=~/there"]).cache_directory


def test_cache_folder() -> None:
    """The cache may lie elsewhere, or nowhere."""
    assert Path("there") == parse_arguments(["--cache-dir", "there"]).cache_directory
    assert parse_arguments(["--no-cache"]).no_cache


def test_help_names_every_option_once() -> None:
    """The help lists every option."""
    text = parser().format_help()
    for option in ("--check", "--undo", "--index-url", "--shell-init", "--cache-ttl", "--stats"):
        assert option in text


def test_few_open_files_mean_few_requests() -> None:
    """As on macOS, where a process may have 256; never fewer than without a rush."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = {}
    try:
        for allowed in (256, 150, min(soft, 1024)):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            found[allowed] = rush()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {256: 39, 150: 20, min(soft, 1024): 64} == found


@pytest.mark.parametrize("other", ["--undo", "--undo=3", "--history"])
def test_a_lock_is_not_what_an_undo_goes_back_to(other: str) -> None:
    """Nothing is undone that was not meant."""
    with pytest.raises(UsageError, match=r"^--to cannot be used with --"):
        parse_arguments(["--to", "pylock.toml", other])
