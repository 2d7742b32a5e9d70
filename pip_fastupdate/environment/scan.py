"""Scans the installed distributions on ``sys.path``, and why some of them must be skipped.

``.dist-info`` directories are read directly, because importing pip's own scanner takes longer than this whole scan of a
thousand of them. Only what older tools left behind (``.egg-info``, ``.egg``, ``.egg-link``) is classified by pip.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._pip import facts
from ..core import busy_files
from ..core.busy_files import CLEARING, Patience
from ..core.files import real
from ..core.models import Distribution, Inventory, Target
from ..core.names import normalize
from .dist_info import Folder, read
from .paths import Site, current, scheme_paths, search_path

if TYPE_CHECKING:
    from .installed_files import (
        console_scripts,
        has_bytecode,
        installed_files,
        mostly_bytecode,
        owners,
        recorded_files,
        script_owners,
    )

__all__ = [
    "console_scripts",
    "folders",
    "has_bytecode",
    "installed_files",
    "is_writable",
    "mostly_bytecode",
    "owners",
    "recorded_files",
    "scan",
    "script_owners",
    "target",
]

_SUFFIXES = (".dist-info", ".egg-info", ".egg-link", ".egg")
_VALID_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")


def __getattr__(name: str) -> Any:
    """Import names of ``installed_files``, which a run without changes does not need."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import installed_files

    return getattr(installed_files, name)


def target() -> Target:
    """Return the running environment. Raises ImportError if it has no pip."""
    return Target(
        prefix=Path(sys.prefix),
        python=sys.version.split()[0].rstrip("+"),
        pip=facts.version(),
        executable=Path(sys.executable),
    )


def folders() -> tuple[Path, ...]:
    """Return the site-packages of this environment, including the user's own, whether or not they exist."""
    site = current()
    return tuple(Path(each) for each in sorted(site.packages | ({site.user} if site.user else set())))


def is_writable(*, user: bool = False, folders: Iterable[str] | None = None) -> str | None:
    """Return the first directory that an installation writes to and that is not writable; None if there is none.

    ``folders`` default to those of the scheme, of the user's with ``user``. They need not exist.
    """
    for folder in dict.fromkeys(scheme_paths(user=user).values() if folders is None else folders):
        nearest = next(each for each in (Path(folder).absolute(), *Path(folder).absolute().parents) if each.exists())
        if not _accepts_files(nearest):
            return str(nearest)
    return None


def _accepts_files(folder: Path) -> bool:
    """Return whether a file can really be created there: permissions are not enough, for root and on network disks."""
    probe = folder / f".pip-fastupdate-{os.getpid()}"
    try:
        probe.touch(exist_ok=True)
    except OSError:
        return False
    with suppress(OSError):  # a virus scanner may keep it for longer, which says nothing about the directory
        busy_files.unlink(str(probe), Patience(CLEARING))
    return True


def scan(
    warn: Callable[[str], object] = lambda text: None,
    *,
    user: bool = False,
    site: Site | None = None,
    paths: Sequence[str] | None = None,
) -> Inventory:
    """Return everything installed, freshly read from disk; what must not be changed has ``skip`` set.

    ``warn`` gets a message for each thing that is ignored. With ``user`` only the user's own site-packages are managed.
    ``site`` and ``paths`` default to the running environment and its ``sys.path``.
    """
    site = site or current()
    paths = search_path() if paths is None else paths
    folders = [_list(path, site, user_only=user) for path in dict.fromkeys(paths)]
    links = {link for folder in folders for link in folder.links}
    found: dict[str, Distribution] = {}
    legacy = False
    for folder in folders:
        legacy = legacy or any(name not in found for name in folder.legacy)
        for distribution in _read_folder(folder, links, warn):
            found.setdefault(distribution.name, distribution)
    if legacy:
        from .legacy import distributions

        older = distributions(paths, site, warn, user_only=user)
        described = dict(found)  # pip up to 23.2 lists a zipped egg twice, and the last one is right
        found.update((each.name, each) for each in older if not _is_beside(each, described.get(each.name)))
    return Inventory(distributions=tuple(found[name] for name in sorted(found)))


def _is_beside(older: Distribution, found: Distribution | None) -> bool:
    """Return whether an older tool's leftover is about a distribution with a ``.dist-info`` directory in the same
    place.
    """
    editable = older.skip is not None and older.skip.kind == "editable"
    return found is not None and not editable and real(str(found.location)) == real(str(older.location))


def _list(path: str, site: Site, *, user_only: bool) -> Folder:
    """List the relevant entries of ``path``. Whatever cannot be listed has none, as for the import system."""
    entries: list[tuple[str, bool]] = []
    try:
        with os.scandir(path) as listing:
            entries += ((entry.name, entry.is_dir()) for entry in listing if _matters(entry.name, path))
    except NotADirectoryError:
        if path.endswith(".egg"):  # zipped; nothing is installed in other archives, such as a zipapp of our own
            entries.append((Path(path).name, False))
    except OSError:  # the import system skips it just as silently
        pass
    if sys.version_info < (3, 11):
        entries.sort()  # pip's pkg_resources backend takes the first by name, importlib.metadata the first listed
    infos = [name for name, is_folder in entries if is_folder and name.endswith(".dist-info")]
    others = [name for name, is_folder in entries if not (is_folder and name.endswith(".dist-info"))]
    resolved = real(path)
    return Folder(
        path=path,
        location=Path(path),
        managed=site.manages(resolved, user_only=user_only),
        user=resolved == site.user,
        infos=tuple(infos),
        links=tuple(name.removesuffix(".egg-link") for name in others if name.endswith(".egg-link")),
        legacy=tuple(_project(name, path) for name in others),
    )


def _matters(entry: str, folder: str) -> bool:
    """Return whether an entry of a directory on ``sys.path`` may describe a distribution."""
    lower = entry.lower()
    return lower.endswith(_SUFFIXES) or (lower == "egg-info" and folder.endswith(".egg"))


def _project(entry: str, folder: str) -> str:
    """Return the normalized name of the project of a ``.egg-info`` and the like."""
    if entry.lower() == "egg-info":  # the inside of an unpacked egg that is itself on sys.path
        entry = Path(folder).name
    stem = entry.rpartition(".")[0]
    return normalize(stem if entry.endswith(".egg-link") else stem.partition("-")[0])


def _read_folder(folder: Folder, links: set[str], warn: Callable[[str], object]) -> Iterator[Distribution]:
    infos: dict[str, list[str]] = {}
    for info in folder.infos:
        name = normalize(info.removesuffix(".dist-info").partition("-")[0])
        if _VALID_NAME.fullmatch(name):
            infos.setdefault(name, []).append(info)
        else:
            what = "left behind by an interrupted pip" if name.startswith("~") else "not a valid distribution name"
            warn(f"ignoring {os.path.join(folder.path, info)}: {what}")  # noqa: PTH118
    for name, found in infos.items():
        info = found[0]
        if len(found) > 1:
            from .leftovers import live

            info = live(folder.location, found)
        yield read(folder, info, name, tuple(sorted(each for each in found if each != info)), links)
