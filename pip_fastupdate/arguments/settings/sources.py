"""Where settings are found, lowest priority first. Without settings, nothing else of this package is imported."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import UsageError
from ...core.files import content
from ...core.names import NAME, normalize
from ...core.text import closest

if TYPE_CHECKING:
    from .keys import Given, Key

VARIABLES = "PIP_UPDATE_"
NOT_SETTINGS = ("PIP_UPDATE_LIMITS", "PIP_UPDATE_ELSEWHERE")
"""Variables with that prefix that are read elsewhere."""

LARGEST = 4 * 1024**2
"""Maximum size of a pyproject.toml in bytes."""

Toml = Callable[[str], Mapping[str, Any]]
"""A parser. Raises ValueError."""

_ROOTS = (".git", ".hg", ".svn", ".jj")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value and its source."""

    key: str
    """From ``KEYS``, or ``packages.NAME.KEY``."""

    value: Given
    source: str
    """A file's path or a variable, for display."""


def found(
    of_pips_files: Sequence[tuple[str, str, str]],
    *,
    folder: Path,
    target: Path | None,
    toml: Toml,
    variables: Mapping[str, str] = os.environ,
) -> tuple[Setting, ...]:
    """Return all settings for a run started in ``folder``, lowest priority first.

    ``target`` is the directory of the environment if it is not the running one: the project's file then applies only if
    that is in the project. ``toml`` parses a document. Raises UsageError.
    """
    project = nearest(folder)
    foreign = project is not None and target is not None and not target.is_relative_to(project.parent)
    return (
        *of_pip(of_pips_files),
        *(of_project(project, toml) if project and not foreign else ()),
        *of_variables(variables),
    )


def of_variables(variables: Mapping[str, str]) -> Iterator[Setting]:
    """Read variables such as ``PIP_UPDATE_LEVEL=minor``. Raises UsageError."""
    for name, text in sorted(variables.items()):
        if name.startswith(VARIABLES) and name not in NOT_SETTINGS and text:
            yield _parsed(name.removeprefix(VARIABLES).lower().replace("_", "-"), text, name)


def of_pip(found: Iterable[tuple[str, str, str]]) -> Iterator[Setting]:
    """Read (key, value, file) of ``[update]`` in pip's configuration files. Raises UsageError."""
    for key, text, file in found:
        yield _parsed(key, text, file)


def _parsed(key: str, text: str, source: str) -> Setting:
    from .keys import WrongValue

    known = _known(key, source)
    try:
        return Setting(key=key, value=known.parse(text), source=source)
    except WrongValue as error:
        raise UsageError(f"{key} in {source} {error}: {text!r}", hint="see docs/settings.md") from None


def _known(key: str, source: str) -> Key:
    from .keys import KEYS

    if key not in KEYS:
        raise UsageError(f"unknown setting {key!r} in {source}", hint=_close_to(key, KEYS))
    return KEYS[key]


def _close_to(word: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown word."""
    if word == "interactive":
        return "give --interactive on the command line; a setting must not make a run wait for a person"
    found = closest(word, known, cutoff=0.6)
    return f"did you mean `{found[0]}`?" if found else f"the keys are {', '.join(known)}"


def nearest(folder: Path) -> Path | None:
    """Return the ``pyproject.toml`` of the project that contains ``folder``, not above the root of its repository."""
    for each in (folder, *folder.parents):
        path = each / "pyproject.toml"
        if os.path.isfile(path):  # noqa: PTH113 - an unreadable directory has none
            return path
        if any(os.path.exists(each / root) for root in _ROOTS):  # noqa: PTH110
            return None
    return None


def of_project(path: Path, toml: Toml) -> Iterator[Setting]:
    """Read ``[tool.pip-update]`` from a pyproject.toml; nothing without one. Raises UsageError."""
    source = str(path)
    try:
        data = content(source, LARGEST)
        if b"pip-update" not in data:
            return
        document = toml(data.decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        reason = "larger than 4 MiB" if getattr(error, "errno", None) == errno.EFBIG else reason
        raise UsageError(f"could not read {source}: {reason}", hint="run pip-update in another directory") from None
    tool = document.get("tool")
    table = tool.get("pip-update", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"tool.pip-update in {source} is not a table", hint="see docs/settings.md")
    for key, value in table.items():
        if key == "packages":
            yield from _of_packages(value, source)
        else:
            yield _of_table(key, value, source)


def _of_table(key: str, value: object, source: str) -> Setting:
    from .keys import WrongValue

    known = _known(key, source)
    if known.personal:
        raise UsageError(
            f"{key} cannot be set in {source}: a project's file must not run commands or choose where data is sent",
            hint=f"set it in `[update]` of pip's configuration, or as {VARIABLES}{key.upper().replace('-', '_')}",
        )
    try:
        return Setting(key=key, value=known.read(value), source=source)
    except WrongValue as error:
        raise UsageError(f"{key} in {source} {error}: {value!r}", hint="see docs/settings.md") from None


def _of_packages(tables: object, source: str) -> Iterator[Setting]:
    from .keys import FOR_A_PACKAGE

    if not isinstance(tables, dict):
        raise UsageError(f"packages in {source} is not a table", hint="for example, [tool.pip-update.packages.numpy]")
    for name, table in tables.items():
        where = f"packages.{name}"
        if not NAME.fullmatch(name):
            raise UsageError(f"{name!r} in {source} is not a valid package name", hint="use package names")
        if not isinstance(table, dict):
            raise UsageError(f"{where} in {source} is not a table", hint=f"for example, [tool.pip-update.{where}]")
        for key, value in table.items():
            if key not in FOR_A_PACKAGE:
                raise UsageError(f"unknown setting {where}.{key} in {source}", hint=_close_to(key, FOR_A_PACKAGE))
            wanted: type = bool if key == "hold" else str
            number = key == "cooldown" and isinstance(value, int) and not isinstance(value, bool)
            if not isinstance(value, wanted) and not number:
                phrase = "true or false" if wanted is bool else "text"
                raise UsageError(f"{where}.{key} in {source} is not {phrase}: {value!r}", hint="see docs/settings.md")
            given = value if isinstance(value, bool) else str(value)
            yield Setting(key=f"packages.{normalize(name)}.{key}", value=given, source=source)
