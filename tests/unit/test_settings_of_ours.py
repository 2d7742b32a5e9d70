"""Our own settings: where they are read, which prevails, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import pytest
from packaging.version import Version

from pip_fastupdate._pip.toml import loads
from pip_fastupdate.arguments import given, parse_arguments
from pip_fastupdate.arguments.settings.command_line import applied, of_packages, words_of
from pip_fastupdate.arguments.settings.keys import KEYS
from pip_fastupdate.arguments.settings.sources import LARGEST, Setting, nearest
from pip_fastupdate.arguments.settings.sources import found as found_settings
from pip_fastupdate.core.errors import UsageError
from pip_fastupdate.core.options import Options, PolicyOptions
from pip_fastupdate.core.protocols import OfferedFile
from pip_fastupdate.policy.making import Knowledge
from pip_fastupdate.policy.table import filters_of


def read(
    folder: Path,
    document: str = "",
    *,
    pip: Sequence[tuple[str, str, str]] = (),
    target: Path | None = None,
    **variables: str,
) -> tuple[Setting, ...]:
    """The settings of a project with that table, of pip's files and of variables."""
    if document:
        (folder / "pyproject.toml").write_text(f"[tool.pip-update]\n{document}\n", encoding="utf-8")
    return found_settings(pip, folder=folder, target=target, toml=loads, variables=variables)


def options(found: tuple[Setting, ...], *argv: str) -> Options:
    """What a command line amounts to with the settings."""
    plain = parse_arguments(argv).options
    return applied(found, lambda words: parse_arguments([*words, *argv]), plain).options


def test_each_key_is_an_option() -> None:
    """And takes what its kind says."""
    values = {"switch": True, "list": ("one",), "text": "2"}
    special = {
        "cooldown-unknown": "allow",
        "security": "newest",
        "level": ("minor",),
        "cache-url": "redis://host",
        "shared-wheels": "s3://bucket",
        "link-mode": "clone",
        "osv-url": "https://osv.example.com",
    }
    for key in KEYS.values():
        words = key.words(special.get(key.name, values[key.kind]))
        more = {"bisect": ["--test=x"], "advisories": ["--audit"], "osv-url": ["--audit"]}.get(key.name, [])
        more = ["--audit"] if key.name.startswith("ignore") else more
        assert words
        assert parse_arguments([*words, *more]) != parse_arguments(more), key.name


def test_later_ones_prevail_and_lists_add_up(tmp_path: Path) -> None:
    """pip's files, the project, variables, the command line."""
    pip = [("cooldown", "1", "pip.conf"), ("exclude", "one two", "pip.conf"), ("strict", "yes", "pip.conf")]
    found = read(tmp_path, 'cooldown = 2\nexclude = ["three"]\nstrict = false', pip=pip, PIP_UPDATE_COOLDOWN="3")
    plain, with_words = options(found), options(found, "--cooldown=4", "-x", "four")
    assert ("3", ("one", "two", "three"), False) == (plain.policy.cooldown, plain.exclude, plain.strict)
    assert ("4", ("one", "two", "three", "four")) == (with_words.policy.cooldown, with_words.exclude)


def test_of_one_package(tmp_path: Path) -> None:
    """Hold, level, cooldown, index; why goes with the reasons."""
    document = """[tool.pip-update.packages."Zope.Interface"]\nhold = true\nwhy = "breaks"
    [tool.pip-update.packages.numpy]\nlevel = "patch"\ncooldown = 30\nindex = "https://one.example.com/simple" """
    found = read(tmp_path, document)
    given = options(found)
    assert (("zope-interface", "breaks"),) == of_packages(found, "why")
    assert (("numpy", "https://one.example.com/simple"),) == of_packages(found, "index")
    assert ("zope-interface",) == given.exclude
    assert ((("numpy", "patch"),), (("numpy", "30"),)) == (given.policy.levels, given.policy.cooldowns)


@pytest.mark.parametrize(
    ("document", "message", "hint"),
    [
        ('levl = "minor"', "unknown setting 'levl' in ", "did you mean `level`?"),
        ("interactive = true", "unknown setting 'interactive' in ", "give --interactive on the command line"),
        ("strict = 1", "strict in ", "see docs/settings.md"),
        ("cooldown = []", "cooldown in ", "see docs/settings.md"),
        ('test = "true"', "test cannot be set in ", "set it in `[update]` of pip's configuration"),
        (
            "[tool.pip-update.packages.numpy]\nlevle = 1",
            "unknown setting packages.numpy.levle",
            "did you mean `level`?",
        ),
        ("[tool.pip-update.packages.numpy]\nhold = 1", "packages.numpy.hold in ", "see docs/settings.md"),
        ("packages = 1", "packages in ", "for example, [tool.pip-update.packages.numpy]"),
        ('[tool.pip-update.packages."a b"]\nhold = true', "'a b' in ", "use package names"),
        ("[", "could not read ", "run pip-update in another directory"),
    ],
)
def test_what_is_wrong_in_a_project_is_said(tmp_path: Path, document: str, message: str, hint: str) -> None:
    """With the file."""
    with pytest.raises(UsageError) as caught:
        read(tmp_path, document)
    assert str(tmp_path / "pyproject.toml") in caught.value.message
    assert (True, True) == (caught.value.message.startswith(message), caught.value.hint.startswith(hint))


def test_a_value_that_the_option_refuses_names_its_source(tmp_path: Path) -> None:
    """Not the command line, on which it does not stand."""
    found = read(tmp_path, 'level = "minor"\ncooldown = "soon"')
    with pytest.raises(UsageError, match=r"^invalid setting cooldown in .*pyproject\.toml: .*'soon' is not an age"):
        options(found, "-n")


@pytest.mark.parametrize("variable", ["PIP_UPDATE_LEVLE", "PIP_UPDATE_NAMES"])
def test_unknown_variable(tmp_path: Path, variable: str) -> None:
    """Nothing is ignored silently."""
    with pytest.raises(UsageError, match=f"unknown setting .* in {variable}"):
        read(tmp_path, **{variable: "1"})


def test_a_test_does_not_apply_to_a_dry_run(tmp_path: Path) -> None:
    """Nor do advisories without anything that reads them."""
    found = read(tmp_path, 'ignore-vuln = ["PYSEC-1"]', PIP_UPDATE_TEST="pytest -q")
    assert ("pytest -q", None) == (options(found).test, options(found, "-n").test)
    assert ((), ("PYSEC-1",)) == (options(found).advisories.ignore, options(found, "--audit").advisories.ignore)


def test_nearest_project_is_not_above_its_repository(tmp_path: Path) -> None:
    """Its file is the nearest one, whether or not it has the table."""
    inner = tmp_path / "repository" / "sub"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    assert tmp_path / "pyproject.toml" == nearest(inner)
    (tmp_path / "repository" / ".git").mkdir()
    assert nearest(inner) is None
    (tmp_path / "repository" / "pyproject.toml").touch()
    assert tmp_path / "repository" / "pyproject.toml" == nearest(inner)


def test_project_of_another_environment(tmp_path: Path) -> None:
    """With ``--python`` it counts for an environment in the project only."""
    project = tmp_path / "project"
    project.mkdir()
    assert ("--level=minor",) == words_of(read(project, 'level = "minor"', target=project / ".venv"))
    assert () == words_of(read(project, target=tmp_path / "other"))


def test_a_document_that_has_no_settings_is_not_parsed(tmp_path: Path) -> None:
    """Whatever is wrong with it."""
    (tmp_path / "pyproject.toml").write_text("[project\n", encoding="utf-8")
    assert () == read(tmp_path)


def test_given_on_the_command_line() -> None:
    """By the names of the options, without what is at its default."""
    assert {"cooldown": ("5",), "exclude": ("one",), "dry-run": True} == given(["-n", "-x", "one", "--cooldown", "5"])
    assert {"no-compile": True, "no-color": True} == given(["--no-compile", "--no-color"])


def held(policy: PolicyOptions, name: str, *, index: str = "https://one.example.com/simple") -> str | None:
    """Why a file of version 2.0 that was uploaded a day ago must not come in."""
    now = datetime(2024, 1, 10, tzinfo=timezone.utc)
    file = OfferedFile(
        name=name,
        version=Version("2.0"),
        installed=Version("1.0"),
        url=f"{index}/{name}-2.0-py3-none-any.whl",
        index=index,
        uploaded="2024-01-09T00:00:00Z",
    )
    reasons = (each.held(file) for each in filters_of(policy, Knowledge(now=now)))
    return next((each.text for each in reasons if each is not None), None)


def test_an_age_of_its_own() -> None:
    """Longer or none at all, for one project."""
    policy = PolicyOptions(cooldown="7", cooldowns=(("fresh", "0"), ("old", "30")))
    assert "allowed from 2024-01-16" in (held(policy, "other") or "")
    assert "allowed from 2024-02-08" in (held(policy, "old") or "")
    assert held(policy, "fresh") is None
    assert held(PolicyOptions(cooldowns=(("old", "30"),)), "other") is None


def test_an_index_of_its_own() -> None:
    """With what the user wrote down about it."""
    policy = PolicyOptions(indexes=(("inner", "https://me:secret@two.example.com/simple/"),), whys=(("inner", "ours"),))
    text = "is on https://one.example.com/simple, but only https://two.example.com/simple/ is allowed (ours)"
    assert text == held(policy, "inner")
    assert held(policy, "inner", index="https://two.example.com/simple") is None
    assert held(policy, "other") is None


def test_a_variable_prevails_over_what_a_project_says_of_a_package(tmp_path: Path) -> None:
    """And a cooldown of one package leaves the general one."""
    document = '[tool.pip-update.packages.numpy]\ncooldown = "5"'
    pip = [("cooldown", "7", "pip.conf"), ("cooldown", "numpy=1", "pip.conf")]
    found = options(read(tmp_path, document, pip=pip, PIP_UPDATE_COOLDOWN="numpy=9"))
    assert ("7", (("numpy", "9"),)) == (found.policy.cooldown, found.policy.cooldowns)


def test_the_setting_that_is_wrong_is_named(tmp_path: Path) -> None:
    """Not another one that only needs a third."""
    pip = [("osv-url", "https://osv.example.com", "pip.conf"), ("audit", "1", "pip.conf")]
    with pytest.raises(UsageError, match=r"^invalid setting level in PIP_UPDATE_LEVEL: "):
        options(read(tmp_path, pip=pip, PIP_UPDATE_LEVEL="bogus"))


def test_security_is_smallest_where_it_is_only_true(tmp_path: Path) -> None:
    """In each of the places."""
    assert "smallest" == options(read(tmp_path, "security = true")).advisories.security
    assert "smallest" == options(read(tmp_path, "security = 'newest'", PIP_UPDATE_SECURITY="yes")).advisories.security


def test_a_document_that_is_too_large(tmp_path: Path) -> None:
    """Wherever in it the table would be."""
    (tmp_path / "pyproject.toml").write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(UsageError, match="larger than 4 MiB"):
        read(tmp_path)
