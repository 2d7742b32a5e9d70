"""Test that the program and its dependencies can be imported from the staged versions.

They are imported in this process before anything is moved, under names that are restored afterwards. Compiled modules
are not imported, because a process cannot load two versions of one; they are only inspected, and the report says so.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import sysconfig
import traceback
import typing
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from types import ModuleType

from ..._pip.preload import ON_THEIR_OWN, OTHERS
from ...network.lean import lean

OURS = "pip_fastupdate"


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedModules:
    """A new version of a dependency of the program."""

    name: str
    root: str
    at: Callable[[str], str | None]
    """Return where a live path is staged below ``root``; None if it is not."""

    before: frozenset[str]
    """Top-level modules of the replaced version."""

    @property
    def folders(self) -> tuple[str, ...]:
        """Directories in which its modules are staged."""
        paths = dict.fromkeys(sysconfig.get_path(key) for key in ("purelib", "platlib"))
        found = map(self.at, paths)
        return tuple(each for each in found if each and os.path.isdir(each))  # noqa: PTH112 - as all paths here, text

    def modules(self) -> frozenset[str]:
        """Return the top-level modules of the new version."""
        return frozenset(name for folder in self.folders for name in top_levels(os.listdir(folder)))  # noqa: PTH208

    def compiled(self) -> list[str]:
        """Return its extension modules."""
        return [
            name
            for folder in self.folders
            for _, _, names in os.walk(folder)
            for name in names
            if name.endswith((".so", ".pyd"))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of a test."""

    failures: Mapping[str, str]
    """By name: the exception raised on import."""

    unproven: Mapping[str, str]
    """By name: why it cannot be tested before it is in place."""


def top_levels(entries: Iterable[str]) -> Iterator[str]:
    """Return the names under which files in a site-packages directory are imported."""
    for entry in entries:
        name, dot, suffix = entry.partition(".")
        if name.isidentifier() and name != "__pycache__" and (not dot or suffix == "py" or suffix.endswith("so")):
            yield name


def prove(staged: Sequence[StagedModules], others: frozenset[str]) -> Verdict:
    """Import the dependencies of the program, from ``staged`` where it has them.

    ``others`` are top-level modules of dependencies that stay, imported again together with the new ones, as are the
    program's own modules. None of these imports remains.
    """
    compiled = {each.name: found for each in staged if (found := each.compiled())}
    unproven = dict.fromkeys(compiled, "its compiled part can be loaded only after the update")
    failures = {name: why for name, found in compiled.items() if (why := unfit(found))}
    pure = [each for each in staged if each.name not in compiled]
    with _without_garbage():
        error = _attempt(pure, others) if pure else None
    if error is None:
        return Verdict(failures=failures, unproven=unproven)
    words = said(error)
    before = _attempt((), others)
    if before is not None and said(before) == words:
        return Verdict(failures=failures, unproven={**unproven, **{each.name: words for each in pure}})
    return Verdict(failures={**failures, **dict.fromkeys(_failing(error, pure), words)}, unproven=unproven)


def unfit(compiled: Sequence[str]) -> str | None:
    """Return why none of the extension modules is for this interpreter, if there are any."""
    if not compiled:
        return None
    for name in compiled:
        module, _, suffix = name.partition(".")
        if module and f".{suffix}" in EXTENSION_SUFFIXES:
            return None
    return f"none of its compiled modules is for this Python ({EXTENSION_SUFFIXES[0]})"


class _Finder:
    """Finds some top-level modules only in their staged directories."""

    def __init__(self, folders: Mapping[str, Sequence[str]]) -> None:
        self._folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module for the import system."""
        if name not in self._folders:
            return None
        found = PathFinder.find_spec(name, list(self._folders[name]))
        if found is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return found


def _attempt(staged: Sequence[StagedModules], others: frozenset[str]) -> BaseException | None:
    """Import everything; return the exception, or None."""
    folders: dict[str, list[str]] = {}
    for each in staged:
        for name in each.before | each.modules():
            folders.setdefault(name, []).extend(each.folders)
    names = frozenset(folders) | others | {OURS}
    with _anew(names, _Finder(folders)), lean(wanted=names):
        try:
            lasting = {name for each in staged for name in each.before & each.modules()}
            for module in _needed(lasting, names):
                _import(module, names)
        except (Exception, SystemExit) as error:  # whatever a broken release raises
            return error
    return None


def _needed(lasting: Iterable[str], names: frozenset[str]) -> Iterator[str]:
    """Return the modules to import: those the program uses, and others that can be imported before and after.

    A module that was dropped or added matters only if one of these imports it.
    """
    yield from (name for name in OTHERS if name.partition(".")[0] in names)
    yield from sorted(name for name in lasting if name != OURS)
    if OURS in names:
        package = importlib.import_module(OURS)
        yield from sorted(_modules_of(package))


def _modules_of(package: ModuleType) -> Iterator[str]:
    for place in package.__path__:
        for folder, _, files in os.walk(place):
            inner = os.path.relpath(folder, place).replace(os.sep, ".")
            start = OURS if inner == "." else f"{OURS}.{inner}"
            for file in files:
                name = f"{start}.{file.removesuffix('.py')}"
                if file.endswith(".py") and file != "__init__.py" and not name.endswith(ON_THEIR_OWN):
                    yield name


def _import(module: str, names: frozenset[str]) -> None:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if _asker(error) == OURS and (error.name or "").partition(".")[0] not in names:
            return  # from an extra that is not installed
        raise


def _asker(error: ImportError) -> str:
    """Return the top-level module that contains the failed import."""
    found = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name = str(frame.f_globals.get("__name__", ""))
        if not name.startswith("importlib"):
            found = name.partition(".")[0]
    return found


@contextmanager
def _anew(names: frozenset[str], finder: _Finder) -> Iterator[None]:
    """Import modules of these names again inside; restore everything afterwards."""
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in names}
    former = (list(sys.meta_path), list(sys.path), list(warnings.filters), sys.dont_write_bytecode)
    types = dict(vars(typing))  # typing_extensions puts functions of its own there
    for name in kept:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    sys.dont_write_bytecode = True  # neither staged nor live files may change through this
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] in names]:
            del sys.modules[name]
        sys.modules.update(kept)
        vars(typing).update(types)
        sys.meta_path[:], sys.path[:], _, sys.dont_write_bytecode = former
        importlib.invalidate_caches()


@contextmanager
def _without_garbage() -> Iterator[None]:
    """Free afterwards what was imported inside; modules are circles, and the collector is off. Saves 20 MB.

    What was there before is not searched, but for what ``typing`` remembers of every class and overloaded function.
    """
    gc.freeze()
    try:
        yield
    finally:
        for forget in (*getattr(typing, "_cleanups", ()), getattr(typing, "clear_overloads", list)):
            forget()
        gc.collect()
        gc.unfreeze()


def said(error: BaseException) -> str:
    """Return the error in words."""
    text = str(error) or type(error).__name__
    return text if isinstance(error, ImportError) else f"{type(error).__name__}: {text}"


def _failing(error: BaseException, staged: Sequence[StagedModules]) -> tuple[str, ...]:
    """Return the new version that failed; all of them if that is unknown."""
    missing = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    lacking = tuple(each.name for each in staged if missing and missing in each.before | each.modules())
    if lacking:
        return lacking
    places = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        places.append(error.filename)
    for place in reversed(places):
        found = tuple(each.name for each in staged if place.startswith(each.root + os.sep))
        if found:
            return found
    return tuple(each.name for each in staged)
