"""Real environments with their index: a small one with a package of every kind, and a large one as people have them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.environments import Env, Templates, install, tree
from tests.support.local_index import LocalIndex

Tree = dict[str, tuple[int, str]]
"""Everything below a folder, as ``tree`` has it."""

HOME = ".pip-fastupdate"


@dataclass(slots=True, kw_only=True)
class Real:
    """An environment of old versions, the index with the new ones, and a copy to begin anew from."""

    env: Env
    index: LocalIndex
    new: dict[str, str] = field(default_factory=dict)
    """What a complete update leaves, by name."""

    before: Tree = field(default_factory=dict)

    @property
    def _copy(self) -> Path:
        return self.env.path.with_name(f"{self.env.path.name}-copy")

    @property
    def names(self) -> list[str]:
        """What is installed before."""
        return [name for name in self.new if name != "addition"]

    def keep(self) -> None:
        """Remember the environment as it is now."""
        shutil.copytree(self.env.path, self._copy, symlinks=True)
        self.before = self.tree()

    def reset(self) -> None:
        """Bring back what was remembered."""
        shutil.rmtree(self.env.path)
        shutil.copytree(self._copy, self.env.path, symlinks=True)

    def tree(self) -> Tree:
        """The whole environment."""
        return tree(self.env.path)


def live(found: Tree) -> Tree:
    """A tree without what the transactions keep."""
    return {path: each for path, each in found.items() if path.split("/")[0] != HOME}


@contextmanager
def small(folder: Path) -> Iterator[Real]:
    """Six packages: with bytecode, subpackage, script and data; two in a namespace; a module; one that gets another."""
    with _begun(folder) as real:
        for number in "12":
            version = f"{number}.0"
            _offer(real, "ordinary", version, files=_ordinary(number), scripts=_script(number), data=_data(number))
            _offer(real, "space-one", version, files={"space/one/__init__.py": number, "space/common.txt": "same"})
            _offer(real, "space-two", version, files={"space/two/__init__.py": number, "space/common.txt": "same"})
            _offer(real, "single", version, files={"single.py": f"version = {number}"})
            _offer(real, "grows", version, requires=["addition"] if number == "2" else [])
            _offer(real, "plain", version)
        real.index.release("addition", "1.0", files=_ordinary("1", "addition"))
        real.new["addition"] = "1.0"
        _install(real)
        yield real


def _script(number: str) -> dict[str, str]:
    return {"ordinary": "ordinary:main", f"only-in-{number}": "ordinary:main"}


def _data(number: str) -> dict[str, str]:
    return {"data/share/ordinary/data.txt": number, f"data/etc/only-in-{number}.conf": "", "scripts/raw": "#!python\n"}


def _ordinary(number: str, name: str = "ordinary") -> dict[str, str]:
    return {
        f"{name}/__init__.py": f"version = {number}\ndef main(): ...\n",
        f"{name}/sub/__init__.py": "",
        f"{name}/sub/only_in_{number}.py": "",
        f"{name}/data.bin": number * 1000,
    }


@contextmanager
def large(folder: Path, count: int = 60) -> Iterator[Real]:
    """``count`` packages with some 20 modules each; of every ten, two pin each other, three have commands."""
    with _begun(folder) as real:
        for number in "12":
            for each in range(count):
                name, version = f"package-{each:02}", f"{number}.{each}"
                requires = [f"package-{each - 1:02}=={number}.{each - 1}"] if each % 10 == 9 else []
                requires += [f"package-{each - 10:02}>={number}"] if each >= 10 else []
                scripts = {f"tool-{each}": f"package_{each:02}:main"} if each % 10 < 3 else {}
                _offer(real, name, version, files=_modules(name, number), scripts=scripts, requires=requires)
        _install(real)
        yield real


def _modules(name: str, number: str) -> dict[str, str]:
    module = name.replace("-", "_")
    body = "".join(f"def function_{each}():\n    return {each} * {number}\n\n\n" for each in range(60))
    files = {f"{module}/m{each}.py": body for each in range(15)}
    files |= {f"{module}/sub/m{each}.py": body for each in range(4)}
    return {f"{module}/__init__.py": "", f"{module}/sub/__init__.py": "", f"{module}/in_{number}.txt": body} | files


@contextmanager
def _begun(folder: Path) -> Iterator[Real]:
    with LocalIndex(folder / "index") as index:
        yield Real(env=Templates(folder / "template").make(folder / "env"), index=index)


def _offer(real: Real, name: str, version: str, **options: object) -> None:
    real.index.release(name, version, **options)
    real.new[name] = version


def _install(real: Real) -> None:
    """Everything at the older of its two versions, by pip, with bytecode that does not depend on when it was made."""
    with _reproducible():
        install(
            real.env, sorted(real.index.folder.glob("*-1.*.whl"), key=_is_addition)[: len(real.names)], compile=True
        )
    real.keep()


def _is_addition(wheel: Path) -> bool:
    return wheel.name.startswith("addition-")


EPOCH = {"SOURCE_DATE_EPOCH": "1704067200"}
"""Has bytecode hold its source's hash instead of its time: else no two installations would be the same."""


@contextmanager
def _reproducible() -> Iterator[None]:
    os.environ.update(EPOCH)
    try:
        yield
    finally:
        for name in EPOCH:
            del os.environ[name]
