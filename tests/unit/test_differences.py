"""What two versions' metadata differ in."""

from __future__ import annotations

from pip_fastupdate.environment.differences import facts_of_metadata


def requires(*lines: str) -> frozenset[str]:
    """The requirements of metadata with these fields."""
    return facts_of_metadata("".join(f"Requires-Dist: {line}\n" for line in lines)).requires


def test_spelling_of_a_requirement_is_no_difference() -> None:
    """Case, blanks, brackets and the order of extras are the author's; what is required is the same."""
    old = requires("Foo.Bar [B,a] (>=1.0)", 'other >= 2 ; python_version < "4"', "here@ https://example.com/here-1.zip")
    new = requires("foo-bar[a,b]>=1.0", "other>=2; python_version < '4'", "here @ https://example.com/here-1.zip")
    assert old == new
    assert 'other>=2; python_version < "4"' in new


def test_another_marker_is_a_difference() -> None:
    """Though name and versions are the same."""
    assert requires("foo>=1") != requires('foo>=1; python_version < "4"')


def test_what_cannot_be_parsed_is_shown() -> None:
    """As it stands, on one line."""
    assert frozenset({"foo ~~ 1"}) == requires("foo  ~~  1")
