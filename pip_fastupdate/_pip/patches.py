"""Everything that is replaced in pip, once and for good, before pip's installer or its sessions are used.

pip is written for one wheel at a time, and for directories that other programs may be changing. Here several threads
unpack wheels, each into a new directory. A replacement knows only its arguments: what was read of a wheel reaches it
with the wheel's path (``unpacking.WheelPath``), which pip passes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from ..core.text import user_agent

_WHEEL = "pip._internal.operations.install.wheel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One function of pip's and its replacement."""

    module: str
    path: str
    """Its path in its module: ``function``, or ``Class.method``."""

    pips: str
    """The versions of pip that it is for, as a specifier; another pip without that function is left unchanged."""

    takes: tuple[str, ...]
    """Parameters of pip's own function that the replacement uses."""

    does: str
    saves: str
    make: Callable[[Any], Any]
    """Creates the replacement from pip's own function."""

    def original(self) -> Any:
        """Return pip's own function; None if this pip has none."""
        _, _, current = self._find()
        return getattr(current, "__wrapped__", current)

    def apply(self) -> None:
        """Replace it; repeated calls only read the umask again."""
        owner, name, current = self._find()
        if current is None:
            return
        original = getattr(current, "__wrapped__", current)
        replacement = self.make(original)
        replacement.__wrapped__ = original
        setattr(owner, name, replacement)

    def _find(self) -> tuple[Any, str, Any]:
        owner: Any = import_module(self.module)
        *parents, name = self.path.split(".")
        for parent in parents:
            owner = getattr(owner, parent, None)
        return owner, name, getattr(owner, name, None)


def _user_agent(_original: Any) -> Any:
    def presented() -> str:
        return user_agent()

    return presented


def _current_umask(_original: Any) -> Any:
    mask = umask()
    return lambda: mask


def umask(status: Path = Path("/proc/self/status")) -> int:
    """Return the process's umask, read if Linux shows it, else determined by changing it."""
    try:
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1], 8) for line in lines if line.startswith("Umask:"))
    except (OSError, StopIteration):  # another system, or Linux before 4.7
        mask = os.umask(0o077)
        os.umask(mask)
        return mask


def _adjacent_tmp_file(_original: Any) -> Any:
    @contextmanager
    def file_beside(path: str, mode: str = "w+b", **options: Any) -> Iterator[IO[Any]]:
        """Yield a file that replaces ``path`` when it is complete."""
        temporary = f"{path}.{os.urandom(4).hex()}.tmp"
        with open(temporary, mode, **options) as file:  # noqa: PTH123 - pip goes by its name, a string
            yield file

    return file_beside


def _save(original: Any) -> Any:
    from .file_writer import save

    def save_file(file: Any) -> None:
        if not save(file):
            original(file)

    return save_file


def _record_path(original: Any) -> Any:
    from .file_writer import below

    return lambda path, lib_dir: below(path, lib_dir) or original(path, lib_dir)


def _make_script(original: Any) -> Any:
    def make_script(self: Any, entry: Any, filenames: Any, options: Any = None) -> Any:
        """Create it. Raises ValueError if its name is not a file name."""
        name = str(entry.name)
        if name.strip() in ("", ".", "..") or {"/", "\\", os.sep, ":"} & set(name):
            raise ValueError(f"the command {name!r} is not a file name")
        return original(self, entry, filenames, options=options)

    return make_script


USER_AGENT = Patch(
    module="pip._internal.network.session",
    path="user_agent",
    pips=">=23.2",
    takes=(),
    does="pip's sessions present themselves as ours do.",
    saves="pip's own code starts processes such as lsb_release and rustc.",
    make=_user_agent,
)

INSTALLER = (
    Patch(
        module=_WHEEL,
        path="current_umask",
        pips=">=23.2",
        takes=(),
        does="The umask is read once, before there are threads.",
        saves="Safety: pip sets it to 0 for a moment for every wheel, which threads can see for long.",
        make=_current_umask,
    ),
    Patch(
        module="pip._internal.utils.unpacking",
        path="current_umask",
        pips=">=23.2",
        takes=(),
        does="The same for every executable file.",
        saves="Safety, as above.",
        make=_current_umask,
    ),
    Patch(
        module=_WHEEL,
        path="adjacent_tmp_file",
        pips=">=23.2",
        takes=("path", "kwargs"),
        does="RECORD, INSTALLER and the like are not synced one by one: all files are, before the swap.",
        saves="Two or more calls of fsync for every wheel. In seconds: not measured.",
        make=_adjacent_tmp_file,
    ),
    Patch(
        module=_WHEEL,
        path="ZipBackedFile.save",
        pips=">=23.2",
        takes=("self",),
        does=(
            "The files of a package are written together, after pip has done the rest, as they were read for "
            "verification; new files are created without a lookup."
        ),
        saves="0.5 of 3.4 s of staging in an update of 83 with 14000 files (medians of 5): other threads go on.",
        make=_save,
    ),
    Patch(
        module=_WHEEL,
        path="_fs_to_record_path",
        pips=">=23.2",
        takes=("path", "lib_dir"),
        does="A path that plainly is in the library's directory is cut off instead of compared part by part.",
        saves="0.14 of 2.5 s of processor time in an update of 100 (median of 7): a call of relpath for each file.",
        make=_record_path,
    ),
    Patch(
        module=_WHEEL,
        path="PipScriptMaker._make_script",
        pips=">=23.2",
        takes=("self", "entry", "filenames", "options"),
        does="A command whose name is a path is refused; pip 24.1 to 25 would create it. A second lock: see ``proof``.",
        saves="Safety.",
        make=_make_script,
    ),
)
"""Replacements before wheels are staged in threads."""


def prepare_installer() -> None:
    """Replace everything for staging in threads; imports pip's installer, which is slow."""
    for patch in (*INSTALLER, USER_AGENT):
        patch.apply()
