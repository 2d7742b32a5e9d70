"""Unpacks wheels by pip's own installer into folders that mirror the environment, which stays untouched.

Each wheel gets a root of its own, so that none can overwrite another's files, and may be unpacked in a thread.
"""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..core.errors import TransactionError
from ..core.files import too_long
from ..core.gil_turns import Turns
from ..core.names import normalize
from . import compat, patches
from .file_writer import Contents, WheelPath
from .places import Mirror, scheme_below, spelled_for
from .preload import import_everything
from .proof import escaped

if TYPE_CHECKING:
    from ..core.reasons import NotInstalled

__all__ = [
    "StageFailed",
    "StagedWheel",
    "compile_bytecode",
    "import_everything",
    "prepare_process",
    "stage",
    "without_warnings",
]

_DISK_TROUBLE = frozenset((errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)))
"""What is no wheel's fault, and would befall the next one as well."""


class StageFailed(Exception):
    """A wheel that cannot be installed, or not even be made; ``kind`` and ``text`` as in ``models.Failure``.

    ``log`` is the tail of what a build printed.
    """

    def __init__(self, text: str, kind: NotInstalled = "stage", log: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.kind = kind
        self.log = log


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedWheel:
    """A wheel unpacked below ``root``, at the paths that it will have below ``base``."""

    root: Path
    info: Path
    """The staged ``.dist-info`` folder."""

    base: str
    """A live folder: the environment's own mostly, the whole file system's where files go elsewhere, too."""

    @property
    def mirror(self) -> Mirror:
        """What is where."""
        return Mirror(root=str(self.root), base=self.base)

    @property
    def files(self) -> tuple[Path, ...]:
        """All staged files, sorted."""
        return tuple(sorted(_files(self.root)))


def prepare_process() -> None:
    """To be called once, before any wheel is staged in a thread; imports pip's installer, which takes a while."""
    patches.prepare_installer()
    compat.load_backend()
    compat.silence()


@contextmanager
def without_warnings() -> Iterator[None]:
    """Inside, no warning of pip's own code, nor of the sources that are compiled, is shown, as when pip itself runs.

    Threads are to be started and to end inside: warnings are the whole process's.
    """
    with warnings.catch_warnings():
        _ignore()
        yield


def _ignore() -> None:
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pip\._")
    warnings.simplefilter("ignore", SyntaxWarning)  # of the sources
    warnings.filterwarnings("ignore", "invalid ", DeprecationWarning)  # what is a SyntaxWarning since Python 3.12


def stage(
    wheel: Path,
    *,
    name: str,
    root: Path,
    requested: bool,
    user: bool,
    contents: Contents = MappingProxyType({}),
    turns: Turns | None = None,
    label: str | None = None,
) -> StagedWheel:
    """Unpack ``wheel`` below ``root`` as ``pip install --no-compile`` would into the environment. Safe in threads.

    ``requested`` makes pip's REQUESTED file, ``user`` takes the user's scheme; ``contents`` are of files that need not
    be read again; ``turns`` are those that the thread is at work in; ``label`` stands for the wheel in messages. Raises
    StageFailed for a wheel that pip does not install, and TransactionError when the disk does not allow it.
    """
    from pip._internal.operations.install.wheel import install_wheel

    scheme, mirror = scheme_below(str(root), name, user=user)
    try:
        install_wheel(
            name=name,
            wheel_path=WheelPath(str(wheel), contents, turns),
            scheme=spelled_for(str(wheel), scheme),
            req_description=name,
            pycompile=False,
            warn_script_location=False,
            requested=requested,
        )
    except Exception as error:  # whatever a wheel can contain, pip can stumble over
        failure = _failure(error, root, name)
        if isinstance(failure, StageFailed) and label:
            failure = StageFailed(failure.text.replace(str(wheel), label))
        raise failure from error
    info = _info_folder({Path(scheme.purelib), Path(scheme.platlib)}, name)
    outside = escaped(root, info, Path(scheme.data))
    if outside is not None:
        raise StageFailed(f"pip put {outside!r} where no wheel may write")
    return StagedWheel(root=root, info=info, base=mirror.base)


def _failure(error: Exception, root: Path, name: str) -> Exception:
    if isinstance(error, OSError) and error.errno in _DISK_TROUBLE:
        return TransactionError(
            f"{root} cannot be written: {error.strerror}.",
            hint="the environment is unchanged; free space, or make it writable, and run pip-update again",
        )
    longest = too_long(error) if isinstance(error, OSError) else None
    if longest is not None:
        return StageFailed(longest)
    return StageFailed(compat.words(error).removeprefix(f"For req: {name}. "))


def _info_folder(folders: set[Path], name: str) -> Path:
    """The ``.dist-info`` folder that was unpacked."""
    found = [info for folder in folders for info in folder.glob("*.dist-info")]
    if len(found) != 1 or normalize(found[0].name.partition("-")[0]) != normalize(name):
        raise StageFailed(f"the wheel holds metadata of {', '.join(sorted(info.stem for info in found)) or 'nothing'}")
    return found[0]


def _files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            yield Path(folder, name)


def compile_bytecode(staged: StagedWheel, cached: Path | None = None) -> None:
    """Add the bytecode that ``pip install --compile`` would have made of it. Safe in threads.

    ``cached`` is where the wheel lies in the cache under its hash: its bytecode is shared there. Raises
    TransactionError when the disk does not allow it.
    """
    from .bytecode import compile_staged

    try:
        compile_staged(staged.info, staged.files, Path(staged.mirror.live(str(staged.info.parent))), cached)
    except OSError as error:
        raise _failure(error, staged.root, staged.info.name) from error
