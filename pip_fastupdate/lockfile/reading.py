"""Reads a lock file (PEP 751): the version and file of each project for the running interpreter.

Our own reader, because packaging selects from a lock file only since 26.1. The order of its checks is that of the
specification's section on installation. Nothing is trusted: types, names and hashes are checked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName, default_environment
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from ..core.files import content
from ..core.hashes import WEAK, arrange, problem
from ..core.interpreter import Interpreter
from ..core.models import File, Release
from ..core.names import normalize
from ..core.text import clean, some
from ..core.urls import Learn, filename, forget, learned, without_login
from .refused import LockRefused

T = TypeVar("T")

_LONGEST = 255
"""Maximum characters of a file name: no file system takes more, and the tags of a wheel are multiplied with each
other.
"""

_DIRECT = {"vcs": "a repository", "directory": "a directory", "archive": "an archive given by path or URL"}
"""Sources other than an index, in words."""

_UNREADABLE = (
    InvalidMarker,
    InvalidSpecifier,
    InvalidVersion,
    UndefinedComparison,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLock:
    """What a lock file has for one interpreter."""

    path: Path
    releases: Mapping[str, Release]
    """By normalized name, the one release to install; its file has at least one strong hash."""

    notes: tuple[str, ...] = ()
    """Remarks, phrases for display."""


LARGEST = 64 * 1024**2
"""Maximum bytes of a lock file: one of thousands of packages has a few million."""


class _Malformed(Exception):
    """A phrase about what is wrong."""


def read(
    path: Path,
    loads: Callable[[str], Mapping[str, Any]],
    this: Interpreter,
    excluded: Callable[[str], bool],
    learn: Learn = forget,
) -> ReadLock:
    """Read the lock file at ``path``; ``loads`` parses TOML, and what is ``excluded`` by name is skipped.

    ``learn`` gets the logins in URLs of files.

    Raises LockRefused, with everything in it that cannot be installed here.
    """
    try:
        document = loads(content(str(path), LARGEST).decode("utf-8").replace("\r\n", "\n"))
        return _Reader(path=path, this=this, excluded=excluded, learn=learn).lock(document)
    except OSError as error:
        raise LockRefused(f"could not read {path}: {error.strerror}", hint="check the path given with --to") from None
    except _Malformed as error:
        raise LockRefused(f"cannot use {path}: {clean(str(error))}", hint=_AGAIN) from None
    except (KeyError, UndefinedEnvironmentName) as error:  # from packaging: all else is read by ``_get``
        text = f"one of its markers has a variable that is undefined there: {clean(str(error))}"
        raise LockRefused(f"cannot use {path}: {text}", hint=_AGAIN) from None
    except _UNREADABLE as error:
        text = clean(str(error).partition("\n")[0])
        raise LockRefused(f"{path} is not a valid lock file: {text}", hint=_AGAIN) from None


_AGAIN = "recreate it with `pip-update --lock-file` or the tool that wrote it"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """One lock file, read for one interpreter."""

    path: Path
    this: Interpreter
    excluded: Callable[[str], bool]
    learn: Learn

    def lock(self, document: Mapping[str, Any]) -> ReadLock:
        """Read all of it. Raises _Malformed, LockRefused, and what packaging raises for invalid data."""
        version = Version(_need(document, "lock-version", str))
        if version.major != 1:
            raise _Malformed(f"its lock-version is {version}; only 1.0 is supported")
        _need(document, "created-by", str)
        self._fits(document)
        groups = frozenset(_texts(document, "default-groups"))
        releases: dict[str, Release] = {}
        refused: list[str] = []
        for package in self._chosen(_tables(document, "packages"), groups):
            try:
                found = self._release(package)
            except _Malformed as error:
                refused.append(f"{package['name']} ({error})")
            else:
                releases[found.name] = found
        if refused:
            raise LockRefused(
                f"cannot install from {self.path}: {clean(some(refused))}",
                hint="use `--exclude NAME` to skip a package",
            )
        notes = (f"{self.path} has lock-version {version}; newer features are ignored",)
        return ReadLock(path=self.path, releases=releases, notes=notes if version > Version("1.0") else ())

    def _fits(self, document: Mapping[str, Any]) -> None:
        """Raise _Malformed for a lock file for other machines."""
        python = _get(document, "requires-python", str)
        if python is not None and not self._runs(python):
            raise _Malformed(f"it requires Python {python}; this is {self.this.python}")
        markers = _texts(document, "environments")
        if markers and not any(Marker(text).evaluate() for text in markers):
            raise _Malformed(f"it is for other environments ({some(list(markers), 3)})")

    def _runs(self, specifier: str) -> bool:
        return SpecifierSet(specifier).contains(self.this.python, prereleases=True)

    def _chosen(self, packages: list[Mapping[str, Any]], groups: Collection[str]) -> Iterator[Mapping[str, Any]]:
        """Yield the entries whose markers are true here, without extras and with the default groups, one per name."""
        seen: set[str] = set()
        for package in packages:
            name = _need(package, "name", str)
            if name != normalize(name) or not name:
                raise _Malformed(f"the name {name!r} is not normalized")
            marker = _get(package, "marker", str)
            if (marker is not None and not _holds(marker, groups)) or self.excluded(name):
                continue
            if name in seen:
                raise _Malformed(f"it has several entries for {name} that apply here")
            seen.add(name)
            yield package

    def _release(self, package: Mapping[str, Any]) -> Release:
        name = package["name"]
        python = _get(package, "requires-python", str)
        if python is not None and not self._runs(python):
            raise _Malformed(f"requires Python {python}")
        for kind, words in _DIRECT.items():
            if kind in package:
                raise _Malformed(f"from {words}, which only pip can install")
        stated = _get(package, "version", str)
        version, entry, uploaded = self._file(package, None if stated is None else Version(stated))
        index = _get(package, "index", str)
        index = None if index is None else without_login(index)
        return Release(name=name, version=version, file=entry, uploaded=uploaded, index=index or "")

    def _file(self, package: Mapping[str, Any], stated: Version | None) -> tuple[Version, File, str | None]:
        """Return the wheel with the best tag, or the sdist if none is compatible, and when it was uploaded."""
        name, best = package["name"], None
        for entry in _tables(package, "wheels") if "wheels" in package else []:
            called = _called(entry)
            try:
                project, version, build, tags = parse_wheel_filename(called)
            except InvalidWheelFilename:
                raise _Malformed(f"{called!r} is not a valid wheel file name") from None
            _same(called, (project, version), name, stated)
            ranks = [self.this.rank(each.interpreter, each.abi, each.platform) for each in tags]
            rank = min((each for each in ranks if each >= 0), default=None)
            order = None if rank is None else (-rank, build)
            if order is not None and (best is None or order > best[0]):
                best = (order, version, entry)
        if best is not None:
            return best[1], *self._as_file(best[2])
        sdist = _get(package, "sdist", dict)
        if sdist is None:
            raise _Malformed("no compatible wheel")
        try:
            project, version = parse_sdist_filename(_called(sdist))
        except InvalidSdistFilename:
            raise _Malformed(f"{_called(sdist)!r} is not a valid sdist file name") from None
        _same(_called(sdist), (project, version), name, stated)
        return version, *self._as_file(sdist)

    def _as_file(self, entry: Mapping[str, Any]) -> tuple[File, str | None]:
        found = {key: _typed(value, str, key) for key, value in _need(entry, "hashes", dict).items()}
        hashes = arrange(found.items())
        wrong = problem(hashes)
        if wrong is not None or all(name in WEAK for name, _ in hashes):
            raise _Malformed(f"{wrong or 'no strong hash'} for {_called(entry)}")
        size = _get(entry, "size", int)
        sha256 = next((value for name, value in hashes if name == "sha256"), None)
        rest = tuple(each for each in hashes if each[0] != "sha256")
        file = File(filename=_called(entry), url=self._url(entry), sha256=sha256, hashes=rest, size=size)
        uploaded = _get(entry, "upload-time", datetime)
        instant = uploaded.astimezone(timezone.utc).isoformat() if uploaded is not None and uploaded.tzinfo else None
        return file, instant

    def _url(self, entry: Mapping[str, Any]) -> str:
        """Return its URL: a path is relative to the lock file."""
        path, url = _get(entry, "path", str), _get(entry, "url", str)
        if path is not None and (url is None or os.path.exists(self.path.parent / path)):  # noqa: PTH110 - too long is not there
            return (self.path.parent / path).absolute().as_uri()
        if url is None or not url.lower().startswith(("https://", "http://", "file://")):
            raise _Malformed(f"no path or downloadable URL for {_called(entry)}")
        return learned(url, self.learn)


def _holds(marker: str, groups: Collection[str]) -> bool:
    """Return whether the marker of an entry is true here."""
    wanted: dict[str, Any] = {**default_environment(), "extras": frozenset(), "dependency_groups": frozenset(groups)}
    try:
        parsed = Marker(marker)
    except InvalidMarker:
        if "extras" in marker or "dependency_groups" in marker:
            raise _Malformed("its markers for extras and groups require packaging 25 or newer") from None
        raise
    try:
        return bool(parsed.evaluate(wanted, context="lock_file"))  # since packaging 25
    except TypeError:
        return bool(parsed.evaluate(wanted))


def _called(entry: Mapping[str, Any]) -> str:
    """Return the file's name: as given, or the last part of its path or URL."""
    name, path, url = (_get(entry, key, str) for key in ("name", "path", "url"))
    called = name or (path or "").replace("\\", "/").rpartition("/")[2] or filename(url or "")
    if len(called) > _LONGEST:
        raise _Malformed(f"a file name has {len(called)} characters")
    return called


def _same(called: str, found: tuple[str, Version], name: str, stated: Version | None) -> None:
    if found[0] != name or (stated is not None and found[1] != stated):
        raise _Malformed(f"its file {called} is for {found[0]} {found[1]}")


def _get(table: Mapping[str, Any], key: str, kind: type[T]) -> T | None:
    value = table.get(key)
    return None if value is None else _typed(value, kind, key)


def _need(table: Mapping[str, Any], key: str, kind: type[T]) -> T:
    value = _get(table, key, kind)
    if value is None:
        raise _Malformed(f"{key} is missing")
    return value


def _typed(value: object, kind: type[T], key: str) -> T:
    if not isinstance(value, kind) or (kind is int and (isinstance(value, bool) or int(str(value)) < 0)):
        raise _Malformed(f"{key} has the wrong type")
    return value


def _tables(table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [_typed(each, dict, key) for each in _need(table, key, list)]


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(_typed(each, str, key) for each in _get(table, key, list) or ())
