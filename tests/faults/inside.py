"""The program installed as a user installs it, in the environment that it updates, with all that it stands on.

Two generations of wheels are made from what is installed beside the tests: pip, the program, and everything that these
require, once under its own version and once under a higher one. In the newer generation every module is another file,
one is gone from each package and one has come; so an environment that is partly old and partly new is noticed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.copies import PROJECT, needed
from tests.support.environments import Env

from .real import EPOCH, HOME, Tree

OLD_ONLY, NEW_ONLY = "only_before", "only_after"

_UNUSED = ("pygments/lexers/", "pygments/styles/", "pygments/formatters/")
_USED = ("__init__.py", "_mapping.py", "python.py", "default.py", "ansi.py")
"""Most of what is large is not needed here, and would cost each run time."""


_WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(slots=True, kw_only=True)
class Inside:
    """Such an environment, the folder of newer wheels, and copies to begin anew from."""

    env: Env
    wheels: Path
    before: Tree = field(default_factory=dict)
    _known: dict[tuple[int, int, int], str] = field(default_factory=dict)
    _staged: dict[str, Tree] = field(default_factory=dict)
    _linked: set[int] = field(default_factory=set)
    """Inodes of the files of the copies."""

    @property
    def program(self) -> Path:
        """The installed script."""
        return self.env.scripts / "pip-update"

    def _copy(self, name: str = "before") -> Path:
        return self.env.path.with_name(f"{self.env.path.name}-{name}")

    def keep(self) -> None:
        """Remember the environment as it is now."""
        shutil.copytree(self.env.path, self._copy(), symlinks=True)
        self._remember(self._copy())
        self.reset()
        self.before = self.tree()

    def stage(self, name: str) -> None:
        """Remember it as it is now, in the middle of an update."""
        _link(os.fspath(self.env.path), os.fspath(self._copy(name)))
        self._remember(self._copy(name))
        self._staged[name] = _hashed(self._copy(name))

    def _remember(self, copy: Path) -> None:
        self._linked |= {path.lstat().st_ino for path in copy.rglob("*")}

    def reset(self, name: str = "before") -> None:
        """Bring back what was remembered: its files are linked, not copied, since swaps rename and never write."""
        shutil.rmtree(self.env.path)
        _link(os.fspath(self._copy(name)), os.fspath(self.env.path))

    def changed(self) -> list[str]:
        """What has been written into files of the copies, for which nothing that was found can be believed."""
        pairs = [(_hashed(self._copy(name)), known) for name, known in self._staged.items()]
        return sorted(
            path for one, other in pairs for path in one.keys() | other.keys() if one.get(path) != other.get(path)
        )

    def tree(self) -> Tree:
        """The whole environment, as ``tests.support.environments.tree`` has it; what was once hashed stays so."""
        return dict(sorted(self._walk(os.fspath(self.env.path), "")))

    def _walk(self, folder: str, prefix: str) -> Iterator[tuple[str, tuple[int, str]]]:
        for entry in os.scandir(folder):
            relative, found = f"{prefix}{entry.name}", entry.stat(follow_symlinks=False)
            mode = stat.S_IMODE(found.st_mode)
            if entry.is_symlink():
                yield relative, (mode, f"-> {Path(entry.path).readlink()}")
            elif entry.is_dir():
                yield relative, (mode, "folder")
                yield from self._walk(entry.path, f"{relative}/")
            else:
                yield relative, (mode, self._digest(entry.path, found))

    def _digest(self, path: str, found: os.stat_result) -> str:
        reused = HOME in path and found.st_ino not in self._linked
        key = (found.st_ino, found.st_size, found.st_ctime_ns if reused else found.st_mtime_ns)
        if key not in self._known:
            self._known[key] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return self._known[key]


def _link(source: str, target: str) -> None:
    """Copy a folder, its times, too: imports go by them."""
    found = os.lstat(source)
    os.mkdir(target)  # noqa: PTH102 - some thousand folders and files
    for entry in os.scandir(source):
        path = f"{target}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            _link(entry.path, path)
        elif entry.name == "lock":  # whoever made it may still hold it
            shutil.copy2(entry.path, path)
        else:
            os.link(entry.path, path, follow_symlinks=False)
    os.chmod(target, stat.S_IMODE(found.st_mode))  # noqa: PTH101
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))


def _hashed(folder: Path) -> Tree:
    return {
        str(path.relative_to(folder)): (0, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def inside(folder: Path, source: Path = PROJECT) -> Inside:
    """Make one in ``folder``, of the program as it is in the checkout ``source``."""
    old, new = folder / "old", folder / "new"
    for name in ("pip", "pip-fastupdate", *needed()):
        _wheel(old, name, source, newer=False)
        _wheel(new, name, source, newer=True)
    path = folder / "env"
    venv.EnvBuilder(symlinks=True).create(path)
    env = Env(path=path, python=path / "bin/python", site_packages=next(path.glob("lib/python*/site-packages")))
    env.home.mkdir()
    made = Inside(env=env, wheels=new)
    command = [sys.executable, "-m", "pip", "--python", str(env.python), "install", "-q", "--no-index", "--compile"]
    command += ["--disable-pip-version-check", f"--find-links={old}", "pip", "pip-fastupdate"]
    subprocess.run(command, check=True, env={**os.environ, **EPOCH, "PYTHONDONTWRITEBYTECODE": "1"})
    made.keep()
    return made


def _wheel(folder: Path, name: str, source: Path, *, newer: bool) -> None:
    distribution = metadata.distribution(name)
    before = distribution.version
    version = f"{before.partition('.post')[0]}.post{(Version(before).post or 0) + 1}" if newer else before
    stem = canonicalize_name(name).replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    members = _changed(dict(_files(name, source)), stem, newer=newer)
    if name == "pip-fastupdate":
        init = f"{stem}/__init__.py"
        members[init] = members[init].replace(f'"{before}"'.encode(), f'"{version}"'.encode())
    about = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    members[f"{info}/METADATA"] = about.replace(f"\nVersion: {before}\n", f"\nVersion: {version}\n", 1).encode()
    wheel = distribution.read_text("WHEEL") or _WHEEL
    members[f"{info}/WHEEL"] = wheel.replace("Root-Is-Purelib: false", "Root-Is-Purelib: true").encode()
    entry_points = distribution.read_text("entry_points.txt")
    if entry_points:
        members[f"{info}/entry_points.txt"] = entry_points.encode()
    _pack(folder / f"{stem}-{version}-{_tag(wheel)}.whl", members, f"{info}/RECORD")


def _tag(wheel: str) -> str:
    """One of the tags, or all of them pressed together where they differ in one part alone."""
    tags = [line.removeprefix("Tag: ") for line in wheel.splitlines() if line.startswith("Tag: ")]
    return next((tag for tag in tags if sysconfig.get_platform().startswith("linux") and "many" in tag), tags[0])


def _files(name: str, source: Path) -> Iterator[tuple[str, bytes]]:
    if name == "pip-fastupdate":
        for path in sorted((source / "pip_fastupdate").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(source).as_posix(), path.read_bytes()
        return
    for each in metadata.files(name) or ():
        relative, path = each.as_posix(), Path(str(each.locate()))
        unused = relative.startswith(_UNUSED) and path.name not in _USED
        if relative.startswith("..") or ".dist-info/" in relative or path.suffix == ".pyc" or unused:
            continue
        yield relative, path.read_bytes()


def _changed(members: Mapping[str, bytes], stem: str, *, newer: bool) -> dict[str, bytes]:
    """The same of this generation: each module another file, one more and one less."""
    mark = b"\n# the newer one\n" if newer else b""
    found = {
        path: content + mark if path.endswith(".py") and not path.endswith("/__init__.py") else content
        for path, content in members.items()
    }
    only = NEW_ONLY if newer else OLD_ONLY
    for package in {path.split("/")[0] for path in members if "/" in path}:
        found[f"{package}/{only}.py"] = b""
    found[f"{stem}_{only}.py"] = b""
    return found


def _pack(path: Path, members: Mapping[str, bytes], record: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{name},sha256={_hash(content)},{len(content)}\n" for name, content in members.items()]
    content = "".join((*rows, f"{record},,\n")).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in (*members.items(), (record, content)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, each)


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


@cache
def other_python() -> str:
    """An interpreter that is not the environment's, for ``recover.py``."""
    return os.path.realpath(sys.executable)
