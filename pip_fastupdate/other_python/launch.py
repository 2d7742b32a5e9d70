"""``--python PATH``: the same program, run by another interpreter on that one's environment.

Nothing has to be installed there, not even pip. The other interpreter replaces the process (``execve``; on Windows it
is started and waited for) and runs ``bootstrap.py`` from our own directory. That imports this program, pip and all
other dependencies from where they are installed now, with a finder for just these names. ``sys.path`` stays that of the
target, so whatever reads it (scan, settings, installation, PEP 668) sees only the target, and the target's versions of
our dependencies do not matter.

The target must be runnable by this user on this machine, and have the implementation, minor version and ABI of the
interpreter that we are installed with, because some of our dependencies are compiled. The target itself checks that,
and reports it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import UsageError
from ..core.files import expanded
from ..core.names import normalize
from ..core.text import venv_python
from . import bootstrap, lifeline

if TYPE_CHECKING:
    from importlib.metadata import Distribution

OURSELVES = "pip-fastupdate"

EXTRAS = frozenset(("interactive", "redis", "s3", "shared"))
"""Our own extras; what they require may be missing. The others are for development."""

DEVELOPMENT = ("dev", "doc", "test")
"""Beginnings of the names of extras that are not for users."""

OPTIONAL = (
    *("backports", "boto3", "brotli", "brotlicffi", "bson", "cbor2", "chardet", "cryptography"),
    *("gridfs", "hiredis", "itsdangerous", "msgpack", "opentelemetry", "orjson", "pymongo"),
    *("simplejson", "socks", "tomlkit", "ujson", "wcwidth", "xxhash", "yaml"),
)
"""Modules that our dependencies import if available. Those of the target are not used: we have ours, or none.

The same holds for what our extras require, and the extras of that: the metadata names those.
"""

_IN_ENVIRONMENT = ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe", "bin/python.exe")
"""The last one is MSYS2's way."""

_HINT = f"pass --python an interpreter, such as {venv_python()}, or a virtual environment"
_LIKE_PYTHON = re.compile(r"python|pypy|graalpy|^py\b", re.IGNORECASE)


def run(python: str, arguments: Sequence[str]) -> int | None:
    """Run the program with the same command line in the environment of ``python``: an interpreter, or its venv.

    Returns None if that is the running one. Otherwise the exit code, on Windows; elsewhere it does not return. Raises
    UsageError if there is no such interpreter.
    """
    lifeline.hold()
    if os.environ.pop(bootstrap.VARIABLE, None) == str(os.getpid()):
        return None
    path = interpreter(python)
    os.environ.pop("PIP_PYTHON", None)  # handled here, unless it was overridden; pip's parser must not see it again
    if is_running(path):
        return None
    return replace_process(*_borrowing(path, arguments))


def command(python: str, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command line and the variables that run the program on the environment of ``python``.

    Raises UsageError if there is no such interpreter.
    """
    path = interpreter(python)
    words = ["--python", str(path), *arguments]
    if not is_running(path):
        return _borrowing(path, words)
    return [sys.executable, "-m", __name__.partition(".")[0], *words], dict(os.environ)


def _borrowing(path: Path, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command line and the variables for another interpreter, which gets this program from where it is
    now.
    """
    script = str(Path(bootstrap.__file__).absolute())
    environment = {key: value for key, value in os.environ.items() if key != "__PYVENV_LAUNCHER__"}  # macOS: us
    environment[bootstrap.VARIABLE] = specification(str(path))  # on a command line, quotes get lost in .bat files
    return [str(path), script, *arguments], environment


def interpreter(given: str) -> Path:
    """Return the interpreter for ``given``: its path, the directory of its environment, or its name, searched in PATH.

    The path is absolute, but symbolic links in it stay: they make a virtual environment. Raises UsageError.
    """
    path = expanded(given).absolute()
    try:
        path = _found(path, given)
        _check(path)
    except OSError as error:  # a directory on the way is another user's, or the name is too long
        raise UsageError(f"could not read {path}: {error.strerror}", hint=_HINT) from None
    return path


def _found(path: Path, given: str) -> Path:
    """Return the interpreter in an environment's directory, or that of a name in PATH; else ``path`` itself."""
    if path.is_dir():
        places = [path / each for each in _IN_ENVIRONMENT]
        found = next((each for each in (*filter(Path.exists, places), *filter(Path.is_symlink, places))), None)
        if found is None:
            raise UsageError(
                f"no Python environment found in {path}",
                hint=_HINT,
            )
        return found
    if not path.exists() and Path(given).name == given:
        return _in_path(given) or path
    return path


def _in_path(name: str) -> Path | None:
    from shutil import which

    found = which(name)
    return Path(found).absolute() if found else None


def _check(path: Path) -> None:
    """Check an interpreter without running it. Raises UsageError."""
    hint = _HINT
    if not path.exists():
        broken = path.is_symlink()
        why = f"is a broken symbolic link to {path.readlink()}" if broken else "does not exist"
        raise UsageError(
            f"{path} {why}", hint=("its Python may have been removed; recreate the environment") if broken else hint
        )
    if not os.access(path, os.X_OK):
        raise UsageError(f"{path} is not executable", hint=hint)
    if not any(_LIKE_PYTHON.search(each.name) for each in (path, path.resolve())):
        raise UsageError(f"{path} does not look like a Python interpreter", hint=hint)


def is_running(path: Path) -> bool:
    """Return whether the interpreter at ``path`` is the running one."""
    if not sys.executable:
        return False
    own = Path(sys.executable)
    return path == own or (path.parent.resolve() == own.parent.resolve() and path.resolve() == own.resolve())


def specification(given: str) -> str:
    """Return the input of ``bootstrap``, as JSON; ``given`` is the target's path for display."""
    import json

    names, missing, optional = borrowed()
    folders: dict[str, list[str]] = {}
    for name in sorted({*names, *missing, *OPTIONAL}):
        found = _folders_of(name)
        for folder in found or ([] if name in names else [""]):
            folders.setdefault(folder, []).append(name)
    version = ".".join(map(str, sys.version_info[:2]))
    told = {"given": given, "version": version, "abi": bootstrap.abi()}
    return json.dumps({**told, "folders": folders, "optional": sorted(optional)})


def _folders_of(name: str) -> list[str]:
    """Return the directories that a top-level module would be imported from: several for a namespace package."""
    from importlib.util import find_spec

    spec = find_spec(name)
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [str(Path(each).absolute().parent) for each in spec.submodule_search_locations]
    return [str(Path(spec.origin).absolute().parent)] if spec.has_location and spec.origin is not None else []


class Borrowing(NamedTuple):
    """What another interpreter gets from here, by the metadata installed with us."""

    names: frozenset[str]
    """Top-level modules of this program and all its dependencies."""

    missing: frozenset[str]
    """Those of optional dependencies that are not installed, as far as they are named like these."""

    optional: frozenset[str]
    """Normalized names of optional dependencies that are installed."""


def borrowed() -> Borrowing:
    """Return what is borrowed. Raises ImportError if something required is missing."""
    names, missing, optional = {__name__.partition(".")[0]}, set[str](), set[str]()
    for each in _closure():
        if each.distribution is None:
            missing.add(each.name.replace("-", "_"))
        else:
            names.update(top_level(each.distribution))
            optional.update(() if each.needed else (each.name,))
    missing = {each for each in missing - names if each.isidentifier()}
    return Borrowing(frozenset(names), frozenset(missing), frozenset(optional))


class _Dependency(NamedTuple):
    name: str
    needed: bool
    distribution: Distribution | None


def _closure() -> Iterator[_Dependency]:
    """Yield our own distribution, and those it requires, directly or not; optional ones may be missing."""
    from ..core.requirements import parse

    waiting = [(OURSELVES, EXTRAS, True)]
    seen = set()
    for name, extras, needed in waiting:  # grows during iteration
        found = _installed(name)
        if found is None and needed:
            raise ImportError(f"{name} is not installed", name=name)
        yield _Dependency(name, needed, found)
        for each in map(parse, found.requires or () if found is not None else ()):
            if each.applies(extras) and (each.name, each.extras) not in seen:
                seen.add((each.name, each.extras))
                ours = name == OURSELVES and not each.applies(frozenset())
                wanted = each.extras | (_extras_of(each.name) if ours else frozenset())
                waiting.append((each.name, wanted, needed and each.applies(frozenset())))


def _installed(name: str) -> Distribution | None:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _extras_of(name: str) -> frozenset[str]:
    """Return the extras of a distribution that users may have installed: those of fsspec are its file systems."""
    found = _installed(name)
    extras = (found.metadata.get_all("Provides-Extra") or ()) if found is not None else ()
    return frozenset(each for each in map(normalize, extras) if not each.startswith(DEVELOPMENT))


def top_level(distribution: Distribution) -> set[str]:
    """Return the names under which a distribution's files are imported, as far as known.

    Never one of the standard library: that is the target's own.
    """
    record = (distribution.read_text("RECORD") or "").splitlines()
    names = {_module(line.strip('"').split(",")[0]) for line in record}
    names.update((distribution.read_text("top_level.txt") or "").split())
    return {each for each in names - sys.stdlib_module_names if each.isidentifier()}


def _module(path: str) -> str:
    """Return the top-level module of a file; something that is not an identifier if it has none."""
    first, slash, _ = path.partition("/")
    if slash:
        return first if first != "__pycache__" else ""
    return first.partition(".")[0] if first.endswith((".py", ".so", ".pyd")) else ""


def replace_process(command: list[str], environment: Mapping[str, str], *, windows: bool = os.name == "nt") -> int:
    """Replace this process with another program; on Windows, run it and return its exit code.

    Raises UsageError if it cannot be run.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    try:
        if windows:
            return _wait_for(command, environment)
        os.execve(command[0], command, environment)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise UsageError(
            f"could not run {command[0]}: {error.strerror}",
            hint="check that it is complete and built for this machine",
        ) from None


def _wait_for(command: list[str], environment: Mapping[str, str]) -> int:
    """Wait for the program: on Windows ``execve`` would return to the shell at once, and lose the exit code."""
    import subprocess

    with (
        lifeline.to_child(environment) as options,
        subprocess.Popen(command, **options) as child,  # noqa: S603 - the interpreter that the user named
    ):
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:  # the child is interrupted, too, and knows what to roll back
                continue
