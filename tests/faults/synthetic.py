"""Small environments without pip: files by their paths, swapped by the project's own transactions."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pip_fastupdate.core.files import reachable
from pip_fastupdate.transaction import Replacement

SITE = "lib/python3.11/site-packages"

Files = Mapping[str, bytes]
"""Content by path below the prefix."""

Snapshot = dict[str, tuple[str, int, bytes]]
"""(kind, mode, content) by path below the prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dist:
    """A distribution before and after; "" for a version in which it is not there."""

    name: str
    before: str = "1"
    after: str = "2"
    old: Files = field(default_factory=dict)
    new: Files = field(default_factory=dict)


def package(name: str, count: int = 3, *, added: bool = False) -> Dist:
    """An ordinary distribution of ``count`` modules and a script, the way wheels are."""
    old = {} if added else _version(name, "1", count)
    return Dist(name=name, before="" if added else "1", old=old, new=_version(name, "2", count))


def _version(name: str, version: str, count: int) -> dict[str, bytes]:
    info = f"{SITE}/{name}-{version}.dist-info"
    modules = [f"{SITE}/{name}/{part}m{n}.py" for n in range(count) for part in ("", "sub/")[: 1 + n % 2]]
    bodies = {path: f"# {path} {version}\n".encode() * 20 for path in modules}
    return {
        **bodies,
        f"{SITE}/{name}/only_in_{version}.txt": b"",
        f"bin/{name}": f"#!python\n{version}".encode(),
        **infos(name, version),
        f"{info}/RECORD": "\n".join(modules).encode(),
    }


def infos(name: str, version: str) -> dict[str, bytes]:
    """The files of a ``.dist-info`` folder."""
    info = f"{SITE}/{name}-{version}.dist-info"
    return {f"{info}/METADATA": f"Name: {name}\nVersion: {version}\n".encode(), f"{info}/RECORD": b""}


def namespace(name: str) -> Dist:
    """A distribution in a namespace folder that others share, with a module that all of them bring."""

    def version(number: str) -> Files:
        return {
            f"{SITE}/space/{name}/__init__.py": number.encode(),
            f"{SITE}/space/common.py": b"the same in all",
            **infos(f"space_{name}", number),
        }

    return Dist(name=f"space-{name}", old=version("1"), new=version("2"))


def write(root: Path, files: Files) -> None:
    """Make files below ``root``."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if path.startswith("bin/"):
            target.chmod(0o755)


def install(prefix: Path, dists: Iterable[Dist]) -> None:
    """Make the environment as it is before, in which ``bin/python`` belongs to nobody."""
    write(prefix, {"bin/python": b"", f"{SITE}/README.txt": b"anybody's"})
    for dist in dists:
        write(prefix, dist.old)


def staged(staging: Path, prefix: Path, dist: Dist) -> Replacement:
    """Stage the new version, as ``Transaction.prepare`` wants it."""
    root = staging / dist.name
    root.mkdir(parents=True)
    write(root / prefix.relative_to(prefix.anchor), dist.new)
    return Replacement(
        name=dist.name,
        before=dist.before or None,
        after=dist.after or None,
        old_files=tuple(str(prefix / path) for path in dist.old),
        staged=root,
        source="http://127.0.0.1/simple",
    )


def snapshot(prefix: Path) -> Snapshot:
    """Everything below ``prefix``: names, modes, contents; folders too, links as links."""
    found: Snapshot = {}
    _add(found, os.fspath(prefix), "")
    return found


def _add(found: Snapshot, folder: str, start: str) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            path, mode = start + entry.name, stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
            if entry.is_symlink():
                found[path] = ("link", mode, os.fsencode(Path(entry.path).readlink()))
            elif entry.is_dir():
                found[path] = ("folder", mode, b"")
                _add(found, entry.path, f"{path}/")
            else:
                found[path] = ("file", mode, Path(reachable(entry.path)).read_bytes())


def without_home(found: Snapshot) -> Snapshot:
    """The same without what the transactions keep."""
    return {path: each for path, each in found.items() if HOME not in path.split("/")}


def live(prefix: Path) -> Snapshot:
    """The live environment alone."""
    return without_home(snapshot(prefix))


HOME = ".pip-fastupdate"

SMALL = (package("one", 1), package("new", 1, added=True), namespace("a"), namespace("b"))
"""An upgrade, an addition, and two upgrades in one namespace folder with a module in common."""


def large(count: int) -> tuple[Dist, ...]:
    """``count`` distributions of all kinds."""
    kinds = (
        lambda n: package(f"p{n}", n % 7 + 1),
        lambda n: package(f"n{n}", 2, added=True),
        lambda n: namespace(f"s{n}"),
    )
    return tuple(kinds[0 if n % 5 else n % 3](n) for n in range(count))
