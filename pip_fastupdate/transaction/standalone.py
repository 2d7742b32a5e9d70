"""``recover.py`` in the directory of the transactions: rolls an update back when nothing else works.

It is written before the first rename, from this package's own sources, and needs only the standard library of any
Python from 3.10 on: neither pip-update nor anything else in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

from ..core.busy_files import SHORT, Patience, replace
from .filesystem import write
from .home import PART, RECOVER

_CORE = ("busy_files", "entry", "errors", "files", "names", "text", "waiting")
_TRANSACTION = (
    *("bounds", "claim", "filesystem", "fingerprint", "flushing", "folder", "home", "index_origins", "installed"),
    *("journal", "lock", "rescue", "rewrites", "standalone", "transaction", "transactions", "trust"),
)
_MOVES = (
    *("additions", "annexes", "exchange", "live_environment", "in_use", "mounts", "own_files", "path_tree", "planner"),
    *("removals", "seals", "spread", "steps", "witness"),
)
_PACKAGES = ("", "core", "transaction", "transaction.moves")
_MODULES = (
    *_PACKAGES,
    *(f"core.{name}" for name in _CORE),
    *(f"transaction.{name}" for name in _TRANSACTION),
    *(f"transaction.moves.{name}" for name in _MOVES),
)
"""The package itself and its modules, by their names in it."""

_SCRIPT = '''"""Rolls back an interrupted update of this environment, undoes an update, and lists all of them.

    python {name}                  rolls back an interrupted update
    python {name} --undo [ID]      undoes the last update, or that one
    python {name} --history        lists the updates

Any Python from 3.10 on can run it, with nothing installed. Written by pip-update {version}.
"""

import sys

if sys.version_info < (3, 10):
    sys.exit("error: this needs Python 3.10 or newer")

from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

PACKAGE = "pip_update_recovery"
ROOTS = {roots!r}
PACKAGES = {packages!r}
SOURCES = {sources}


class Sources(Loader, MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        module = name.removeprefix(PACKAGE).lstrip(".")
        if not (name == PACKAGE or name.startswith(PACKAGE + ".")) or module not in SOURCES:
            return None
        return ModuleSpec(name, self, is_package=module in PACKAGES)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__.removeprefix(PACKAGE).lstrip(".")
        exec(compile(SOURCES[name], f"<{{name or PACKAGE}} in {name}>", "exec"), module.__dict__)


if __name__ == "__main__":
    sys.meta_path.insert(0, Sources())
    from pip_update_recovery.transaction.rescue import main

    sys.exit(main(sys.argv[1:], __file__, ROOTS))
'''


def script(roots: Sequence[str]) -> bytes | None:
    """Return the whole file; None if the sources are not available. ``roots`` are as for ``Home``."""
    sources = dict(_sources())
    if len(sources) < len(_MODULES):
        return None
    text = "{\n" + "".join(f"    {name!r}: {source!r},\n" for name, source in sources.items()) + "}"
    version = _constant(sources[""])
    filled = _SCRIPT.format(name=RECOVER, version=version, roots=tuple(roots), packages=_PACKAGES, sources=text)
    return filled.encode("utf-8")


def _sources() -> Iterator[tuple[str, str]]:
    package = __name__.partition(".")[0]
    for name in _MODULES:
        spec = find_spec(f"{package}.{name}" if name else package)
        read = getattr(spec.loader, "get_source", None) if spec else None
        source = read(spec.name) if spec and read else None
        if source is not None:
            yield name, source


def _constant(source: str) -> str:
    """Return the version, as in the package's own module."""
    return source.partition('__version__ = "')[2].partition('"')[0]


def leave(home: str, roots: Sequence[str]) -> None:
    """Write ``recover.py`` to ``home``, synced to disk, unless it exists. Raises OSError."""
    path, content = os.path.join(home, RECOVER), script(roots)
    if content is None or _is(path, content):
        return
    part = os.path.join(home, PART)
    write(part, content)
    replace(part, path, Patience(SHORT))


def _is(path: str, content: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read() == content
    except OSError:
        return False
