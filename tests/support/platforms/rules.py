"""What the simulated systems have in common: how their rules come between a test and the disk."""

from __future__ import annotations

import builtins
import errno
import importlib
import io
import os
import pathlib
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

REAL = SimpleNamespace(**{name: getattr(os, name) for name in dir(os) if callable(getattr(os, name))})
"""The calls of ``os`` as they are."""

_OPEN = io.open

VERBATIM = "\\\\?\\"
"""What stands before paths that Windows takes as they are, however long."""

_ONE_PATH = (
    *("open", "unlink", "rmdir", "mkdir", "stat", "lstat", "readlink", "chmod", "scandir", "listdir"),
    *("truncate", "utime", "access"),
)
_TWO_PATHS = ("rename", "replace", "link")
_DESCRIPTORS = ("fsync",)

_looking = 0


def looking() -> bool:
    """Whether a call to the disk is the simulation's own, and none of the program."""
    return _looking > 0


@contextmanager
def look() -> Iterator[None]:
    """Calls inside are the simulation's own."""
    global _looking  # noqa: PLW0603 - audit hooks, which ask for it, know nobody else
    _looking += 1
    try:
        yield
    finally:
        _looking -= 1


class Clock:
    """Time that passes while somebody sleeps, and not else."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


class Seen(ModuleType):
    """A module as the program sees it: some things are otherwise, some are missing."""

    def __init__(self, module: ModuleType, missing: Iterable[str] = (), **others: object) -> None:
        super().__init__(module.__name__)
        self.__dict__.update({"_module": module, "_missing": frozenset(missing), **others})

    def __getattr__(self, name: str) -> Any:
        if name in self._missing:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self._module, name)


class Rules:
    """A system's file system. The rules are those below ``folders``; elsewhere this one's hold."""

    def __init__(self, *folders: str | os.PathLike[str]) -> None:
        self._folders = tuple(os.path.realpath(each) for each in folders)
        self.clock = Clock()

    # What a system says

    def key(self, name: str) -> str:
        """Equal for two names that are one file's."""
        return name

    def stored(self, name: str) -> str:
        """How a new name is put down."""
        return name

    def modules(self) -> dict[ModuleType, Seen]:
        """What the program sees instead of modules of the standard library."""
        return {time: Seen(time, sleep=self.clock.sleep, monotonic=self.clock.monotonic)}

    def extra_modules(self) -> dict[str, ModuleType]:
        """Modules that only that system has."""
        return {}

    def check_path(self, name: str, path: str) -> None:
        """Raises OSError for a path that a call does not take."""

    def call(self, name: str, path: str, *args: Any, **options: Any) -> Any:
        """Carry out a call with one path, the one as it is found. Raises OSError."""
        return getattr(REAL, name)(path, *args, **options)

    def move(self, name: str, source: str, target: str) -> None:
        """Carry out a rename, or the like, paths as they are found. Raises OSError."""
        getattr(REAL, name)(source, target)

    def fsync(self, descriptor: int) -> None:
        """Flush a file."""
        REAL.fsync(descriptor)

    # How paths are found

    def holds_for(self, path: object) -> bool:
        """Whether the rules hold for a path."""
        if isinstance(path, (bytes, int)) or path is None:
            return False
        full = self.full(os.fspath(path))
        return any(full == folder or full.startswith(folder + os.sep) for folder in self._folders)

    def full(self, path: str) -> str:
        """The absolute path."""
        path = path.removeprefix(VERBATIM)
        return path if path.startswith(os.sep) else os.path.join(REAL.getcwd(), path)

    def found(self, path: str) -> str:
        """The path as it is put down on the disk, as far as it exists there, and as it would be from there on."""
        full = self.full(os.fspath(path))
        base = next(folder for folder in self._folders if full == folder or full.startswith(folder + os.sep))
        with look():
            for name in full[len(base) :].split(os.sep):
                base = base if name in ("", ".") else self._inside(base, name)
        return base

    def _inside(self, folder: str, name: str) -> str:
        direct = os.path.join(folder, name)
        if name == ".." or exists(direct):
            return direct
        key = self.key(name)
        try:
            names = REAL.listdir(folder)
        except OSError:
            names = []
        return os.path.join(folder, next((each for each in names if self.key(each) == key), self.stored(name)))

    # How all this comes about

    @contextmanager
    def on(self) -> Iterator[Rules]:
        """The rules hold inside."""
        with ExitStack() as stack:
            for name, function in self._functions().items():
                stack.enter_context(patch.object(os, name, function))
                accessor = getattr(pathlib, "_NormalAccessor", None)  # Python 3.10, where its "open" is that of io
                if accessor is not None and hasattr(accessor, name):
                    used = self._open_file if name == "open" else function
                    stack.enter_context(patch.object(accessor, name, staticmethod(used)))
            for module in (builtins, io):
                stack.enter_context(patch.object(module, "open", self._open_file))
            self._show_importer(stack)
            stack.enter_context(patch.dict(sys.modules, self.extra_modules()))
            if os.name == "posix":  # folders cannot be opened everywhere, and so not be removed that way
                stack.enter_context(patch.object(shutil, "_use_fd_functions", False))
                stack.enter_context(patch.object(shutil, "_copyxattr", lambda *_, **_options: None))  # Linux only
            self._show_program(stack)
            _forget()
            stack.callback(_forget)
            yield self

    def _show_importer(self, stack: ExitStack) -> None:
        """What compiles sources has calls of its own, below ``os`` and ``io``."""
        importer: Any = importlib.import_module("importlib._bootstrap_external")
        system, files = importer._os, importer._io
        calls = {name: each for name, each in self._functions().items() if hasattr(system, name)}
        stack.enter_context(patch.object(importer, "_os", Seen(system, **calls)))
        opened = {"open_code": lambda path: self._open_file(path, "rb"), "FileIO": self._file_io}
        stack.enter_context(patch.object(importer, "_io", Seen(files, **opened)))

    def _file_io(self, file: Any, mode: str = "r") -> Any:
        if isinstance(file, int) or not self.holds_for(file):
            return io.FileIO(file, mode)
        self.check_path("open", os.fspath(file))
        return io.FileIO(self.found(file), mode)

    def _show_program(self, stack: ExitStack) -> None:
        modules = self.modules()
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == "pip_fastupdate":
                for attribute, value in list(vars(module).items()):
                    if isinstance(value, ModuleType) and value in modules:
                        stack.enter_context(patch.object(module, attribute, modules[value]))

    def _functions(self) -> dict[str, Callable[..., Any]]:
        found = {name: self._with_one_path(name) for name in _ONE_PATH}
        found |= {name: self._with_two_paths(name) for name in _TWO_PATHS}
        return found | {"remove": found["unlink"], "fsync": self.fsync}

    def _with_one_path(self, name: str) -> Callable[..., Any]:
        real = getattr(REAL, name)

        def function(path: Any = ".", *args: Any, **options: Any) -> Any:
            if options.get("dir_fd") is not None or not self.holds_for(path):
                return real(path, *args, **options)
            self.check_path(name, os.fspath(path))
            return self.call(name, self.found(path), *args, **options)

        return function

    def _with_two_paths(self, name: str) -> Callable[..., None]:
        real = getattr(REAL, name)

        def function(source: Any, target: Any, **options: Any) -> None:
            if not self.holds_for(source) or not self.holds_for(target):
                real(source, target, **options)
                return
            for path in (source, target):
                self.check_path(name, os.fspath(path))
            head, tail = os.path.split(self.full(os.fspath(target)))
            self.move(name, self.found(source), os.path.join(self.found(head), self.stored(tail)))

        return function

    def _open_file(self, file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if not self.holds_for(file):
            return _OPEN(file, mode, *args, **options)
        self.check_path("open", os.fspath(file))
        path = self.found(file)
        self.check_open(path, os.O_RDWR | os.O_CREAT if any(letter in mode for letter in "wax+") else os.O_RDONLY)
        return _OPEN(path, mode, *args, **options)

    def check_open(self, path: str, flags: int, *args: Any, **options: Any) -> None:
        """Raises OSError where a file cannot be opened."""


def exists(path: str) -> bool:
    """``os.path.lexists``, whatever holds."""
    try:
        REAL.lstat(path)
    except OSError:
        return False
    return True


def missing(path: str) -> OSError:
    """Nothing is there."""
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _forget() -> None:
    """What the program has found out about the system is that of another one now."""
    for name, module in list(sys.modules.items()):
        if name.startswith("pip_fastupdate.transaction."):
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if clear is not None:
                    clear()
