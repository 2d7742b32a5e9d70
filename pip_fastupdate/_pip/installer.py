"""Unpacks wheels with pip's own installer into directories that mirror the environment, which stays unchanged.

Each wheel gets its own root, so that none can overwrite another's files, and may be unpacked in a thread.
"""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import TransactionError
from ..core.files import plain, reachable_tree, too_long
from ..core.names import normalize
from ..core.threads.gil_turns import Turns, aside
from . import compat, patches
from .compilers import Compilers
from .file_writer import Unpack, UnpackedFiles, WheelPath
from .places import Mirror, scheme_below, spelled_for
from .preload import import_everything
from .proof import escaped

if TYPE_CHECKING:
    from ..core.reasons import NotInstalled

__all__ = [
    "Compilers",
    "StageFailed",
    "StagedWheel",
    "compile_bytecode",
    "import_everything",
    "prepare_process",
    "stage",
    "without_warnings",
]

_DISK_TROUBLE = frozenset((errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)))
"""Errors of the disk rather than of a wheel; the next wheel would fail, too."""


class StageFailed(Exception):
    """A wheel that cannot be installed, or not even built; ``kind`` and ``text`` as in ``models.Failure``.

    ``log`` is the tail of a build's output.
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
    """The staged ``.dist-info`` directory."""

    base: str
    """A live directory: usually the environment's, the whole file system's if files go elsewhere, too."""

    @property
    def mirror(self) -> Mirror:
        """Return which path mirrors which."""
        return Mirror(root=str(self.root), base=self.base)

    @property
    def files(self) -> tuple[Path, ...]:
        """Return all staged files, sorted."""
        return tuple(sorted(_files(self.root)))


def prepare_process() -> None:
    """Call once before any wheel is staged in a thread; imports pip's installer, which is slow."""
    patches.prepare_installer()
    compat.load_backend()
    compat.silence()


@contextmanager
def without_warnings() -> Iterator[None]:
    """Show no warnings of pip's own code, or of compiled sources, inside, as when pip itself runs.

    Start and end threads inside: warnings are global to the process.
    """
    with warnings.catch_warnings():
        _ignore()
        yield


def _ignore() -> None:
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pip\._")
    warnings.simplefilter("ignore", SyntaxWarning)  # of the sources
    warnings.filterwarnings("ignore", "invalid ", DeprecationWarning)  # a SyntaxWarning since Python 3.12


def stage(
    wheel: Path,
    *,
    name: str,
    root: Path,
    requested: bool,
    user: bool,
    unpack: Unpack | None = None,
    kept: UnpackedFiles | None = None,
    turns: Turns | None = None,
    label: str | None = None,
) -> StagedWheel:
    """Unpack ``wheel`` below ``root`` as ``pip install --no-compile`` would into the environment. Thread-safe.

    ``requested`` writes pip's REQUESTED file, ``user`` takes the user's scheme; ``unpack`` returns the content of
    its files, unless they are ``kept``; ``turns`` are those that the thread is at work in; ``label`` stands for the
    wheel in messages. Raises StageFailed for a wheel that pip does not install, and TransactionError if the disk
    refuses.
    """
    from pip._internal.operations.install.wheel import install_wheel

    scheme, mirror = scheme_below(str(root), name, user=user)
    path = WheelPath(str(wheel), unpack, kept)
    try:
        install_wheel(
            name=name,
            wheel_path=path,
            scheme=spelled_for(str(wheel), scheme),
            req_description=name,
            pycompile=False,
            warn_script_location=False,
            requested=requested,
        )
        with aside(turns):
            path.write_all()
    except Exception as error:  # a wheel may contain whatever makes pip fail
        failure = _failure(error, root, name)
        if isinstance(failure, StageFailed) and label:
            failure = StageFailed(failure.text.replace(str(wheel), label))
        raise failure from error
    info = _info_folder({Path(scheme.purelib), Path(scheme.platlib)}, name)
    outside = escaped(root, info, Path(scheme.data), Path(mirror.live(scheme.data)))
    if outside is not None:
        raise StageFailed(f"pip would write {outside!r}, outside the directories of a wheel")
    return StagedWheel(root=root, info=info, base=mirror.base)


def _failure(error: Exception, root: Path, name: str) -> Exception:
    if isinstance(error, OSError) and error.errno in _DISK_TROUBLE:
        return TransactionError(
            f"could not write to {root}: {error.strerror}",
            hint="free some space or make it writable, then rerun pip-update; the environment is unchanged",
        )
    longest = too_long(error) if isinstance(error, OSError) else None
    if longest is not None:
        return StageFailed(longest)
    return StageFailed(compat.words(error).removeprefix(f"For req: {name}. "))


def _info_folder(folders: set[Path], name: str) -> Path:
    """Return the unpacked ``.dist-info`` directory."""
    found = [info for folder in folders for info in folder.glob("*.dist-info")]
    if len(found) != 1 or normalize(found[0].name.partition("-")[0]) != normalize(name):
        raise StageFailed(
            f"the wheel contains metadata for {', '.join(sorted(info.stem for info in found)) or 'nothing'}"
        )
    return found[0]


def _files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(reachable_tree(str(root))):
        for name in names:
            yield Path(plain(folder), name)


def compile_bytecode(staged: StagedWheel, cached: Path | None = None, compilers: Compilers | None = None) -> None:
    """Add the bytecode that ``pip install --compile`` would have written. Thread-safe.

    ``cached`` is where the wheel is cached under its hash: its bytecode is shared there, made by ``compilers``. Raises
    TransactionError if the disk refuses.
    """
    from .bytecode import compile_staged

    try:
        live = Path(staged.mirror.live(str(staged.info.parent)))
        compile_staged(staged.info, staged.files, live, cached, compilers)
    except OSError as error:
        raise _failure(error, staged.root, staged.info.name) from error
