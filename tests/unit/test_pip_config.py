"""pip's settings through pip's own parser: from options, variables and files, right and wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pip
import pytest

from pip_fastupdate._pip import settings, settings_parser
from pip_fastupdate._pip.compat import version_of
from pip_fastupdate._pip.configuration import Configuration
from pip_fastupdate.core.errors import UsageError

VERSION = version_of(pip.__version__)
Configure = Callable[[str], Path]


def knows(option: str) -> bool:
    """Whether this pip has that option."""
    from pip._internal.commands import create_command

    command: Any = create_command("install")
    return command.parser.get_option(option) is not None


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Settings of nobody, whatever this machine's are; call it with lines of [global] to have some."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.chdir(tmp_path)

    def write(lines: str) -> Path:
        file = tmp_path / "pip.conf"
        file.write_text(f"[global]\n{lines}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
        return file

    return write


def plain(configuration: Configuration) -> dict[str, Any]:
    """All settings in one flat dictionary."""
    from dataclasses import asdict

    fields = asdict(configuration.settings)
    return {**fields, **fields.pop("network"), **fields.pop("policy")}


@pytest.mark.usefixtures("configure")
def test_without_settings_all_is_as_pip_has_it() -> None:
    """The defaults are pip's own, the index too."""
    found = settings.settings([])
    assert found.settings.index_url == found.default_index == settings_parser._default_index()
    assert (found.settings.extra_index_urls, found.settings.find_links, found.settings.constraints) == ((), (), ())
    assert (found.settings.network.timeout, found.settings.network.retries, found.settings.network.verify) == (
        15,
        5,
        True,
    )
    assert (found.settings.network.proxy, found.settings.compile, found.settings.keyring_provider) == (
        None,
        True,
        "auto",
    )
    assert found.system_certificates == (VERSION >= (24, 2))
    assert found.cache_directory is not None
    assert found.cache_directory.name == "fastupdate"
    assert (found.warnings, found.arguments, found.secret_urls) == ((), (), ())


CASES: list[tuple[str, str, str, Any]] = [
    ("index-url", "http://127.0.0.1:9/simple", "index_url", "http://127.0.0.1:9/simple"),
    (
        "extra-index-url",
        "http://a.invalid/ http://b.invalid/",
        "extra_index_urls",
        ("http://a.invalid/", "http://b.invalid/"),
    ),
    ("find-links", "wheels http://x.invalid/w", "find_links", ("wheels", "http://x.invalid/w")),
    ("no-index", "true", "index_url", None),
    ("trusted-host", "h:1 i", "trusted_hosts", ("h:1", "i")),
    ("cert", "~/ca.pem", "verify", "{home}/ca.pem"),
    ("client-cert", "/c.pem", "client_cert", "/c.pem"),
    ("proxy", "http://p.invalid:3128", "proxy", "http://p.invalid:3128"),
    ("timeout", "2.5", "timeout", 2.5),
    ("default-timeout", "3", "timeout", 3.0),
    ("retries", "7", "retries", 7),
    ("only-binary", "Foo_Bar,baz", "only_binary", frozenset({"foo-bar", "baz"})),
    ("no-binary", ":all:", "no_binary", frozenset({":all:"})),
    ("prefer-binary", "1", "prefer_binary", True),
    ("pre", "yes", "pre", True),
    ("user", "true", "user", True),
    ("require-virtualenv", "true", "require_virtualenv", True),
    ("break-system-packages", "true", "break_system_packages", True),
    ("no-compile", "no", "compile", False),  # that way round, says pip's documentation
    ("keyring-provider", "disabled", "keyring_provider", "disabled"),
    ("no-input", "on", "no_input", True),
]


def expected_of(value: Any, tmp_path: Path) -> Any:
    """With the home folder of the test."""
    return value.format(home=tmp_path / "home") if isinstance(value, str) else value


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_each_setting_in_a_file(configure: Configure, tmp_path: Path, case: tuple[str, str, str, Any]) -> None:
    """As ``pip config set global.NAME VALUE`` writes it."""
    name, value, field, expected = case
    configure(f"{name} = {value}")
    assert plain(settings.settings([], remember=False))[field] == expected_of(expected, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
@pytest.mark.usefixtures("configure")
def test_each_setting_in_a_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: tuple[str, str, str, Any]
) -> None:
    """As PIP_NAME, and remembered just the same."""
    name, value, field, expected = case
    monkeypatch.setenv(f"PIP_{name.replace('-', '_').upper()}", value)
    found = settings.settings([])
    assert plain(found)[field] == expected_of(expected, tmp_path)
    assert settings.settings([]) == found


def test_options_before_variables_before_files(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip's own order."""
    configure("timeout = 1\nretries = 1\nkeyring-provider = disabled")
    monkeypatch.setenv("PIP_TIMEOUT", "2")
    monkeypatch.setenv("PIP_RETRIES", "2")
    found = settings.settings(["--timeout", "3", "--index-url=http://127.0.0.1:9/"])
    assert (found.settings.network.timeout, found.settings.network.retries) == (3.0, 2)
    assert (found.settings.keyring_provider, found.settings.index_url) == ("disabled", "http://127.0.0.1:9/")
    assert found.arguments == ("--timeout", "3", "--index-url=http://127.0.0.1:9/")


def test_section_of_the_command_counts(configure: Configure) -> None:
    """What is set for ``pip install`` is set for us; what is set for another command is not."""
    file = configure("timeout = 1")
    file.write_text("[global]\ntimeout = 1\n[install]\ntimeout = 2\n[download]\ntimeout = 3\n")
    assert settings.settings([]).settings.network.timeout == 2


def test_no_index_means_no_extra_index_either(configure: Configure) -> None:
    """Only find-links is left."""
    configure("no-index = true\nextra-index-url = http://a.invalid/\nfind-links = /w")
    found = settings.settings([]).settings
    assert (found.index_url, found.extra_index_urls, found.find_links) == (None, (), ("/w",))


@pytest.mark.usefixtures("configure")
def test_home_in_find_links(tmp_path: Path) -> None:
    """Replaced where it exists, as pip does."""
    (tmp_path / "home" / "wheels").mkdir(parents=True)
    found = settings.settings(["--find-links", "~/wheels", "--find-links", "~/nowhere"])
    assert found.settings.find_links == (str(tmp_path / "home" / "wheels"), "~/nowhere")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("timeout = soon", "soon"),
        ("retries = many", "many"),
        ("no-index = perhaps", "perhaps"),
        ("keyring-provider = magic", "magic"),
        ("no-cache-dir = maybe", "maybe"),
        ("only-binary = -x", "argument"),
        ("timeout 1\n", "pip.conf"),
    ],
)
def test_wrong_settings_are_told_in_words(
    configure: Configure, capsys: pytest.CaptureFixture[str], lines: str, words: str
) -> None:
    """One sentence, pip's words in it, and nothing printed by pip."""
    configure(lines)
    with pytest.raises(UsageError) as wrong:
        settings.settings([])
    assert words in wrong.value.message
    assert "\n" not in wrong.value.message
    assert wrong.value.message.startswith("pip rejected its configuration: ")
    assert "pip config debug" in wrong.value.hint
    assert capsys.readouterr() == ("", "")


def test_file_that_is_no_text(configure: Configure, tmp_path: Path) -> None:
    """Its name is told."""
    configure("").write_bytes(b"[global]\ncert = \xff\xfe\n")
    with pytest.raises(UsageError, match=r"pip\.conf"):
        settings.settings([])


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--timeout"], ["--timeout", "x"]])
@pytest.mark.usefixtures("configure")
def test_wrong_options(arguments: list[str]) -> None:
    """The same on the command line."""
    with pytest.raises(UsageError, match="pip rejected its configuration"):
        settings.settings(arguments)


@pytest.mark.usefixtures("configure")
def test_words_are_not_for_pip() -> None:
    """What is no option should not have come here."""
    with pytest.raises(UsageError, match="'foo'"):
        settings.settings(["foo"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("target", "/t"),
        ("prefix", "/p"),
        ("root", "/r"),
        ("python", "/usr/bin/python3"),
        ("platform", "linux_x86_64"),
        ("python-version", "3.9"),
        ("implementation", "pp"),
        ("abi", "cp39"),
        ("require-hashes", "true"),
    ],
)
def test_what_cannot_be_honoured_is_refused(configure: Configure, name: str, value: str) -> None:
    """With the setting's name, and how to be rid of it."""
    configure(f"{name} = {value}")
    with pytest.raises(UsageError) as refused:
        settings.settings([])
    assert f"pip's {name} setting is not supported" in refused.value.message
    assert f"PIP_{name.replace('-', '_').upper()}" in refused.value.hint


SECRETS = [
    ("index-url", "https://user:s3cret@x.invalid/simple"),
    ("extra-index-url", "https://user:s3cret@x.invalid/simple"),
    ("find-links", "https://user:s3cret@x.invalid/wheels"),
    ("proxy", "http://user:s3cret@x.invalid:3128"),
]


@pytest.mark.parametrize(("name", "value"), SECRETS, ids=[case[0] for case in SECRETS])
def test_credentials_are_neither_shown_nor_kept(configure: Configure, tmp_path: Path, name: str, value: str) -> None:
    """Not in the settings' URLs, not in any representation, not on disk."""
    configure(f"{name} = {value}")
    found = settings.settings([], cache_directory=tmp_path / "cache")
    assert found.secret_urls == ((value,) if name != "proxy" else ())
    if name != "proxy":
        assert "s3cret" not in repr(found)
        assert "https://x.invalid/" in repr(found.settings)
    assert not (tmp_path / "cache").exists()


def test_token_as_user_name_is_a_secret_too(configure: Configure) -> None:
    """A password is not needed to be one."""
    configure("index-url = https://t0ken@x.invalid/simple")
    found = settings.settings([])
    assert (found.settings.index_url, found.secret_urls) == (
        "https://x.invalid/simple",
        ("https://t0ken@x.invalid/simple",),
    )


def test_remembered_settings_are_the_same(configure: Configure, tmp_path: Path) -> None:
    """Field by field, types included; and they are forgotten when the file changes."""
    (tmp_path / "c.txt").write_text("foo<2\n")
    os.utime(tmp_path / "c.txt", (1, 1))
    file = configure(
        "extra-index-url = http://a.invalid/\nonly-binary = b,a\ntrusted-host = h\ncert = /ca.pem\n"
        "constraint = c.txt\nfind-links = /w\nproxy = http://p.invalid"
    )
    first = settings.settings([])
    assert len(list((tmp_path / "home" / "pip" / "fastupdate" / "settings").iterdir())) == 1
    assert settings.settings([]) == first
    assert first.settings.constraints == ("foo<2",)
    file.write_text(file.read_text() + "pre = true\n")
    assert settings.settings([]).settings.policy.pre is True


def test_changed_constraints_are_read_again(configure: Configure, tmp_path: Path) -> None:
    """They belong to what the settings depend on, with all that they include."""
    configure("constraint = c.txt")
    (tmp_path / "c.txt").write_text("-c more.txt\n")
    (tmp_path / "more.txt").write_text("")
    for name in ("c.txt", "more.txt"):
        os.utime(tmp_path / name, (1, 1))
    assert settings.settings([]).settings.constraints == ()
    assert (tmp_path / "home" / "pip" / "fastupdate" / "settings").exists()
    (tmp_path / "more.txt").write_text("foo<3\n")
    assert settings.settings([]).settings.constraints == ("foo<3",)


def test_constraints_written_this_very_moment_are_not_remembered(configure: Configure, tmp_path: Path) -> None:
    """They may have been changed after they were read."""
    configure("constraint = c.txt")
    (tmp_path / "c.txt").write_text("foo<2\n")
    settings.settings([])
    assert not (tmp_path / "home" / "pip" / "fastupdate" / "settings").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_settings_from_a_pipe_are_read_once(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with ``PIP_CONFIG_FILE=<(…)``: nobody else may read it, and nothing can be remembered."""
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(pipe))
    writer = threading.Thread(target=lambda: pipe.write_text("[global]\ntimeout = 4\n"))
    writer.start()
    assert settings.settings([]).settings.network.timeout == 4
    writer.join()
    assert not (tmp_path / "home" / "pip" / "fastupdate" / "settings").exists()


@pytest.mark.parametrize(
    "damage", ["{", '{"digests": {}, "value": {"settings": 1}}', '{"digests": {}, "value": {"settings": {}}}']
)
@pytest.mark.usefixtures("configure")
def test_damaged_memory_is_replaced(tmp_path: Path, damage: str) -> None:
    """As if there had been none."""
    first = settings.settings([])
    file = next((tmp_path / "home" / "pip" / "fastupdate" / "settings").iterdir())
    whole = file.read_text()
    file.write_text(damage)
    assert settings.settings([]) == first
    assert file.read_text() == whole


def test_cache_folder(configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip's, ours, or none."""
    configure("cache-dir = ~/elsewhere")
    assert settings.settings([]).cache_directory == tmp_path / "home" / "elsewhere" / "fastupdate"
    assert settings.settings([], cache_directory=tmp_path / "own").cache_directory == tmp_path / "own"
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    before = sorted(tmp_path.rglob("*.json"))
    assert settings.settings([]).cache_directory is None
    assert sorted(tmp_path.rglob("*.json")) == before


@pytest.mark.skipif(os.name == "nt", reason="homes of others are found there")
@pytest.mark.usefixtures("configure")
def test_cache_folder_in_a_home_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Users without a home exist in containers; then nothing is kept."""
    monkeypatch.setenv("PIP_CACHE_DIR", "~no-such-user/cache")
    found = settings.settings([])
    assert found.cache_directory is None
    assert found.warnings == ("cache disabled: no home directory for ~no-such-user/cache",)


@pytest.mark.skipif(os.name == "nt", reason="homes of others are found there")
@pytest.mark.usefixtures("configure")
def test_folder_of_our_own_makes_that_of_pip_irrelevant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A service without a home names one, and is not told that none is used."""
    monkeypatch.setenv("PIP_CACHE_DIR", "~no-such-user/cache")
    found = settings.settings([], cache_directory=tmp_path / "own")
    assert (tmp_path / "own", ()) == (found.cache_directory, found.warnings)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can meet somebody else's folder")
def test_cache_folder_of_somebody_else_is_left_alone(configure: Configure, tmp_path: Path) -> None:
    """As with sudo without -H; said in one sentence."""
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, -1)
    configure(f"cache-dir = {tmp_path / 'theirs'}")
    found = settings.settings([])
    assert found.cache_directory is None
    assert found.warnings == (f"cache disabled: {tmp_path / 'theirs'} or its parent is not yours or not writable",)


@pytest.mark.parametrize("text", ["P3D", "2024-01-02T03:04:05+01:00"])
def test_the_age_of_files_is_read_as_text_whatever_the_pip(configure: Configure, tmp_path: Path, text: str) -> None:
    """Three days count from each run on, so they may be remembered as such; older pips need not know the setting."""
    configure(f"uploaded-prior-to = {text}")
    found = settings.settings([]).settings.policy.cooldown
    again = settings.settings([]).settings.policy.cooldown
    assert (text, text) == (found, again)


@pytest.mark.skipif(not knows("--only-final"), reason="this pip does not have it")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("all-releases = :all:", (True, frozenset(), frozenset())),
        ("all-releases = Foo", (False, frozenset({"foo"}), frozenset())),
        ("only-final = :all:", (False, frozenset(), frozenset({":all:"}))),
        ("all-releases = :all:\nonly-final = foo", (True, frozenset(), frozenset({"foo"}))),
    ],
)
def test_pre_releases_by_name(configure: Configure, lines: str, expected: Any) -> None:
    """pip's release control."""
    configure(lines)
    policy = settings.settings([]).settings.policy
    assert (policy.pre, policy.all_releases, policy.only_final) == expected


@pytest.mark.skipif(not knows("--only-final"), reason="this pip does not have it")
def test_pre_and_release_control_exclude_each_other(configure: Configure) -> None:
    """As for pip itself."""
    configure("pre = true\nonly-final = foo")
    with pytest.raises(UsageError, match="pre setting cannot be combined"):
        settings.settings([])


def constrained(configure: Configure, tmp_path: Path, text: str) -> tuple[str, ...]:
    """The constraints from a file with that text."""
    configure(f"constraint = {tmp_path / 'sub' / 'c.txt'}")
    (tmp_path / "sub").mkdir(exist_ok=True)
    (tmp_path / "sub" / "c.txt").write_text(text)
    return settings.settings([]).settings.constraints


def test_constraints_as_pip_reads_them(configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments, long lines, variables, markers, files beside the file."""
    monkeypatch.setenv("WANTED", "3")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("more<9\n")
    text = "# all of it\nfoo<2  # really\nbar \\\n  ==1.*\nbaz<${WANTED}\nqux<1; python_version < '3'\n-c more.txt\n\n"
    assert constrained(configure, tmp_path, text) == (
        "foo<2",
        "bar   ==1.*",
        "baz<3",
        "qux<1; python_version < '3'",
        "more<9",
    )
    assert not (tmp_path / "home" / "pip" / "fastupdate" / "settings").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("foo[x]<2", "'foo[x]<2' in line 1 of"),
        ("foo @ https://x.invalid/foo.whl", "is not a version constraint"),
        ("-e .", "is not a version constraint"),
        ("./local.whl", "could not parse"),
        ("\nfoo>dev", "line 2 of"),
        ("\n--require-hashes", "options are not supported in constraints files (line 2 of"),
        ("--index-url http://[x", "could not read|invalid|URL"),
        ("foo==1 --hash=sha256:" + "0" * 64, "is not a version constraint"),
        ("-r other.txt", "is not a version constraint"),
        ("-c absent.txt", "could not read"),
        ("--nonsense", "could not read"),
        ("-c c.txt", "could not read|includes itself"),
    ],
)
def test_constraints_that_cannot_be_honoured(configure: Configure, tmp_path: Path, text: str, words: str) -> None:
    """Each in one sentence that says where."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "other.txt").write_text("foo<2\n")
    with pytest.raises(UsageError) as wrong:
        constrained(configure, tmp_path, text)
    assert any(word in wrong.value.message for word in words.split("|"))
    assert "\n" not in wrong.value.message


def test_missing_constraints(configure: Configure) -> None:
    """The file is named."""
    configure("constraint = /no/such/file.txt")
    with pytest.raises(UsageError, match=r"/no/such/file\.txt"):
        settings.settings([])
