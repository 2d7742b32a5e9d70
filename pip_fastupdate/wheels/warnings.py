"""What a wheel would add to an environment that its owner may want to know before."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..core.models import Reason
from ..core.names import normalize
from .destinations import Destination
from .refusal import about, several, shown

STARTUP = (".pth", ".start")
"""Suffixes of files at the top of site-packages that ``site`` runs at every start (PEP 829 for the second)."""

HOOKS = frozenset({"sitecustomize", "usercustomize"})
"""Modules that ``site`` imports at every start."""

LAUNCHER_END = 64 * 1024
"""Bytes at the end of a launcher that contain its script."""

_NUMBERS = re.compile(r"\d+(\.\d+)*")
_NATIVE = re.compile(r"\.(?:so(?:\.\d+)*|pyd|dll|dylib)\Z")
_IMPORTABLE = (".py", ".so", ".pyd")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledFiles:
    """What the environment contains of the version that a wheel would replace."""

    files: frozenset[str]
    """Posix paths relative to site-packages, as in RECORD: those outside start with ``../``."""

    scripts: frozenset[str]
    """Names of its console scripts."""


Owners = Callable[[str], "str | None"]
"""The installed distribution that owns a script, by the script's name."""

Commands = Callable[[str], "str | None"]
"""The path of a command outside the environment, by its name."""


def system_command(name: str) -> str | None:
    """Return what the shell would run as ``name`` without this environment; None for nothing, and for Python scripts.

    Environments are meant to hide the same tool of another Python, so that is not reported.
    """
    own = {
        os.path.realpath(each)
        for each in (Path(sys.executable).parent, Path(sys.prefix, "bin"), Path(sys.prefix, "Scripts"))
    }
    folders = [
        folder
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if folder and os.path.realpath(folder) not in own and Path(folder).name not in ("shims", "Scripts")
    ]
    found = shutil.which(name, path=os.pathsep.join(folders)) if folders else None
    return None if found is None or _is_python_script(found) else found


def _is_python_script(path: str) -> bool:
    with suppress(OSError), Path(path).open("rb") as stream:
        head = stream.read(300)
        if head.startswith(b"MZ"):
            return _is_launcher(stream)
        return head.startswith(b"#!") and b"python" in head
    return False


def _is_launcher(stream: BinaryIO) -> bool:
    """Return whether a program for Windows is a launcher by pip, pipx or uv: it ends in its interpreter's path and a
    zip archive with a ``__main__.py``, or in either of them.
    """
    stream.seek(-min(LAUNCHER_END, stream.seek(0, os.SEEK_END)), os.SEEK_END)
    end = stream.read()
    return b"python" in end.lower() and (b"__main__.py" in end or b"UVUV" in end or b"UVSC" in end)


def news(
    destinations: Sequence[Destination],
    scripts: frozenset[str],
    *,
    name: str,
    before: InstalledFiles | None,
    owners: Owners,
    commands: Commands,
) -> Iterator[Reason]:
    """Yield what is new compared with ``before``, the installed version of ``name``; None for an addition.

    ``scripts`` are the commands that the entry points declare.
    """
    known = before or InstalledFiles(files=frozenset(), scripts=frozenset())
    library = [destination.path for destination in destinations if destination.scheme == "lib"]
    yield from _startup(library, known.files)
    yield from _modules(library, known.files)
    placed = {destination.path for destination in destinations if destination.scheme == "scripts"}
    for script in sorted((scripts | placed) - known.scripts - _outside_names(known.files)):
        yield from _shadowed(script, name, owners, commands)
    if before is not None:
        yield from _native([destination.entry.name for destination in destinations], known.files)
    yield from _data([destination.path for destination in destinations if destination.scheme == "data"], known.files)


def _startup(library: Iterable[str], known: frozenset[str]) -> Iterator[Reason]:
    """Yield new files that ``site`` runs; a file that only changed the version in its name is not new."""
    former = {_NUMBERS.sub("", path) for path in known}
    for path in library:
        if "/" not in path and path.endswith(STARTUP) and _NUMBERS.sub("", path) not in former:
            text = f'adds startup hook "{path}", which runs at every interpreter start'
            yield Reason(kind="new-pth", text=text, data={"file": path})


def _modules(library: Iterable[str], known: frozenset[str]) -> Iterator[Reason]:
    former = {_module(path) for path in known}
    for module, path in {_module(path): path for path in reversed(list(library))}.items():
        if module in former:
            continue
        if module in HOOKS:
            yield about("new-hook", "adds {}, which is imported at every interpreter start", path)
        elif module in sys.stdlib_module_names:
            yield about("new-stdlib-name", f"adds {{}}, although {module} is a standard library module", path)


def _module(path: str) -> str:
    """Return the top-level module or package of the file; "" if it cannot be imported."""
    if not path.endswith(_IMPORTABLE):
        return ""
    top, slash, _ = path.partition("/")
    return top if slash else top.partition(".")[0]


def _outside_names(known: frozenset[str]) -> set[str]:
    """Return the names of all installed files outside site-packages: which are scripts does not matter here."""
    return {path.rpartition("/")[2] for path in known if path.startswith("../")}


def _shadowed(script: str, name: str, owners: Owners, commands: Commands) -> Iterator[Reason]:
    owner = owners(script)
    if owner is not None and normalize(owner) != name:
        text = f"its command {shown(script)} would replace the one from {owner}"
        yield Reason(kind="shadows-script", text=text, data={"file": script, "owner": owner})
    elif owner is None:
        path = commands(script)
        if path is not None:
            text = f"its command {shown(script)} would hide {path}"
            yield Reason(kind="shadows-command", text=text, data={"file": script, "hides": path})


def _native(names: Sequence[str], known: frozenset[str]) -> Iterator[Reason]:
    found = [name for name in names if _NATIVE.search(name)]
    if found and not any(_NATIVE.search(path) for path in known):
        yield several("new-native", "adds native code (the installed version has none): {}", found)


def _data(paths: Sequence[str], known: frozenset[str]) -> Iterator[Reason]:
    """Yield files outside site-packages, unless the installed version has some in the same place.

    The place is the first two directories, such as ``share/jupyter``: below, names change with every build.
    """
    former = {_place(path.replace("../", "")) for path in known if path.startswith("../")}
    found = [path for path in paths if _place(path) not in former]
    if found:
        yield several("new-data", "adds files outside site-packages: {}", found)


def _place(path: str) -> str:
    return "/".join(path.split("/")[:2])
