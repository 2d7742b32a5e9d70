"""Markers that packaging cannot evaluate, or takes for comparisons of versions."""

from __future__ import annotations

import pytest

from pip_fastupdate.core.requirements import InvalidRequirement, names_prerelease, parse


@pytest.mark.parametrize(
    "marker", ['"x" in extras', '"x" in dependency_groups', '"linux" == "linux"', 'extra == "a" and "x" in extras']
)
def test_that_means_nothing(marker: str) -> None:
    """The requirement is invalid at once: whoever evaluates it later does not expect an error."""
    with pytest.raises(InvalidRequirement):
        parse(f"foo; {marker}")


@pytest.mark.parametrize(
    ("marker", "extras"),
    [
        ('extra == "2"', "2"),
        ('"2" == extra', "2"),
        ('extra == "v2" or extra == "dev"', "dev"),
        ('extra == "v2" and (os_name == "nt" or os_name == "posix")', "v2"),
        ('extra != "1"', ""),
        ('sys_platform != "1"', ""),
    ],
)
def test_text_that_looks_like_a_version(marker: str, extras: str) -> None:
    """It is compared as text, which old versions of packaging do not do."""
    dependency = parse(f"foo; {marker}")
    assert dependency.applies(frozenset([extras] if extras else []))
    assert dependency.applies(frozenset(["other"])) is ("!=" in marker)


@pytest.mark.parametrize("specifier", ["===abc", "===1.0-custom"])
def test_arbitrary_equality(specifier: str) -> None:
    """What follows === is any text."""
    assert not names_prerelease(parse(f"foo{specifier}").specifier)
