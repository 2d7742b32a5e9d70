"""What is refused, on environments that exist on paper only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import EnvironmentRefused, UsageError
from pip_fastupdate.core.settings import Settings
from pip_fastupdate.environment import guard
from pip_fastupdate.environment.paths import Site

VENV = Site(
    prefix="/venv", virtual=True, packages=frozenset({"/venv/x"}), user=None, standard_library="/x", roots=("/venv",)
)
SYSTEM = replace(VENV, prefix="/usr", virtual=False, user="/home/me/x")
PLAIN = Settings(index_url=None)


def check(site: Site, settings: Settings = PLAIN, *, changing: bool = True, unwritable: str | None = None) -> None:
    """The guard on that environment."""
    guard.check(settings, changing=changing, site=site, unwritable=lambda user: unwritable)


def test_nothing_against_it() -> None:
    """Virtual or not."""
    check(VENV)
    check(VENV, replace(PLAIN, require_virtualenv=True))
    check(SYSTEM)
    check(SYSTEM, replace(PLAIN, user=True))


def test_virtual_environment_required() -> None:
    """Also for a dry run, as for pip."""
    with pytest.raises(EnvironmentRefused, match="/usr is not a virtual environment"):
        check(SYSTEM, replace(PLAIN, require_virtualenv=True), changing=False)


def test_user_site_that_does_not_count() -> None:
    """In virtual environments, and where it is disabled."""
    with pytest.raises(UsageError, match="a virtual environment has no user site-packages"):
        check(VENV, replace(PLAIN, user=True))
    with pytest.raises(UsageError, match="disabled for this Python"):
        check(replace(SYSTEM, user=None), replace(PLAIN, user=True))


def test_externally_managed(tmp_path: Path) -> None:
    """By the marker in the standard library, and only outside of virtual environments."""
    (tmp_path / "EXTERNALLY-MANAGED").write_text("")
    marked = replace(SYSTEM, standard_library=str(tmp_path))
    with pytest.raises(EnvironmentRefused, match="PEP 668") as refused:
        check(marked)
    assert "python -m venv" in refused.value.hint
    check(marked, replace(PLAIN, break_system_packages=True))
    check(marked, changing=False)
    check(replace(marked, virtual=True))


def test_not_writable() -> None:
    """The folder is named, and what can be done."""
    with pytest.raises(EnvironmentRefused, match="/usr/lib is not writable") as refused:
        check(SYSTEM, unwritable="/usr/lib")
    assert "--user" in refused.value.hint
    with pytest.raises(EnvironmentRefused) as refused:
        check(SYSTEM, replace(PLAIN, user=True), unwritable="/home/me")
    assert "--user" not in refused.value.hint
    with pytest.raises(EnvironmentRefused) as refused:
        check(VENV, unwritable="/venv")
    assert "--user" not in refused.value.hint
    check(VENV, unwritable="/venv", changing=False)
