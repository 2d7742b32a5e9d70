"""From pinned distributions to the content of a lock file, with packaging's own classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from packaging.markers import Marker, default_environment
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ..core.errors import UsageError
from ..core.files import followed
from .refused import LockRefused, Unlockable
from .sources import Pinned, package
from .toml import document

CREATOR = "pip-fastupdate"
_MARKED = ("sys_platform", "platform_machine", "implementation_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedLock:
    """The content of a lock file, and remarks."""

    text: str
    """TOML."""

    local: tuple[str, ...] = ()
    """Names locked by a path on this machine."""

    unhashed: tuple[str, ...] = ()
    """Names without a hash, because they are not single files."""


def standard(name: str = "packaging.pylock") -> Any:
    """Return the module with packaging's own classes for lock files. Raises UsageError if packaging is too old (<
    26).
    """
    try:
        return import_module(name)
    except ImportError:
        raise UsageError(
            f"--lock-file requires packaging 26.0 or newer; {_packaging()} is installed",
            hint="run `python -m pip install --upgrade packaging` where pip-update is installed",
        ) from None


def _packaging() -> str:
    from importlib.metadata import PackageNotFoundError, version

    with suppress(PackageNotFoundError):
        return version("packaging")
    return "an older one"


def check(path: Path) -> None:
    """Check whether a lock file can be written to ``path`` at all. Raises UsageError."""
    standard()
    try:
        place = followed(path)
        there = place.exists()
    except OSError as error:  # the name is too long, or a link to itself
        raise UsageError(f"could not write lock file {path}: {error.strerror}") from None
    if not place.parent.is_dir():
        raise UsageError(f"could not write lock file {path}: no such directory")
    if there and not place.is_file():
        raise UsageError(f"could not write lock file {path}: not a regular file")


def render(pinned: Iterable[Pinned], path: Path) -> RenderedLock:
    """Return the content of the lock file at ``path`` (absolute); local files are relative to it if possible.

    Raises LockRefused, naming everything that cannot be locked.
    """
    pylock = standard()
    packages, refused = [], []
    for each in sorted(pinned, key=lambda each: each.name):
        try:
            found = package(pylock, each, path.parent)
            _lock(pylock, [found]).validate()
        except (Unlockable, pylock.PylockValidationError) as error:
            refused.append(f"{each.name} {each.version} ({error})")
        else:
            packages.append(found)
    if refused:
        raise LockRefused(
            f"could not lock this environment: {', '.join(refused)}",
            hint="add the index or --find-links location that has the missing files",
        )
    return _finished(_lock(pylock, packages).to_dict())


def _lock(pylock: Any, packages: Sequence[Any]) -> Any:
    here: Mapping[str, Any] = {**default_environment()}
    marker = " and ".join(f'{name} == "{here[name]}"' for name in _MARKED)
    return pylock.Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(marker)],
        requires_python=SpecifierSet(f"=={here['python_version']}.*"),
        created_by=CREATOR,
        packages=packages,
    )


def _finished(lock: Mapping[str, Any]) -> RenderedLock:
    packages = lock["packages"]
    return RenderedLock(
        text=document(lock),
        local=tuple(each["name"] for each in packages if any("path" in source for source in _sources(each))),
        unhashed=tuple(each["name"] for each in packages if "vcs" in each or "directory" in each),
    )


def _sources(package: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return its sources."""
    kinds = ("vcs", "directory", "archive", "sdist")
    return [*package.get("wheels", ()), *(package[kind] for kind in kinds if kind in package)]
