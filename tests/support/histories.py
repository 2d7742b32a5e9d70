"""Projects with odd release histories, and what ``pip install -U`` makes of them."""

from __future__ import annotations

import functools
import io
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.tags import sys_tags
from packaging.utils import canonicalize_name

from .index_pages import HTML, ProjectPages, read_file, simple
from .local_index import LocalIndex
from .wheels import make_metadata, make_sdist, make_wheel, module_name

NEVER = ">=3.99"
FOREIGN = "py3-none-win_amd64"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One file of a history: how to write it, and what the index says of it."""

    write: Callable[[Path, str], Path]
    """Takes a folder and the project's name."""

    yanked: str | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments for ``LocalIndex.add``."""


def wheel(version: str, *, yanked: str | None = None, said: Mapping[str, Any] | None = None, **how: Any) -> Offered:
    """A wheel; ``how`` as for ``make_wheel``."""
    return Offered(
        write=lambda folder, name: make_wheel(folder, name, version, **how), yanked=yanked, said=dict(said or {})
    )


def spelled(filename: str, version: str) -> Offered:
    """A wheel or sdist whose file's name is spelled as it stands here."""

    def write(folder: Path, name: str) -> Path:
        make = make_wheel if filename.endswith(".whl") else make_sdist
        return shutil.copyfile(make(folder / "plain", name, version), folder / filename)

    return Offered(write=write)


def sdist(version: str, *, yanked: str | None = None, **how: Any) -> Offered:
    """An sdist; ``how`` as for ``make_sdist``."""
    return Offered(write=lambda folder, name: make_sdist(folder, name, version, **how), yanked=yanked)


def junk(ending: str) -> Offered:
    """A file ``NAME-ENDING`` that nobody should take for a release."""

    def write(folder: Path, name: str) -> Path:
        path = folder / f"{module_name(name)}-{ending}"
        if path.suffix == ".whl":
            return shutil.copyfile(make_wheel(folder / "plain", name, "9"), path)
        content = make_metadata(name, "9")
        with tarfile.open(path, "w") as archive:
            entry = tarfile.TarInfo(f"{path.name}/PKG-INFO")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        return path

    return Offered(write=write)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A project, what is installed of it, what is offered, and what is to be chosen."""

    name: str
    installed: str = "1.0"
    offered: tuple[Offered, ...] = ()
    newest: str
    """Among wheels, by an index that tells all it can."""

    untold: str | None = None
    """The same by an index that knows of no yanks (PEP 592); None where that is no matter."""

    built: str | None = None
    """Where sdists count too; None: the same."""

    status: str | None = None
    """PEP 792."""


@functools.cache
def native_tag() -> str:
    """A tag of wheels for this very platform."""
    return next(str(tag) for tag in sys_tags() if tag.platform != "any" and tag.abi == "abi3")


def _history(name: str, newest: str, *offered: Offered, **fields: Any) -> History:
    return History(name=name, newest=newest, offered=offered, **fields)


def _all() -> tuple[History, ...]:
    one = wheel("1.0")
    return (
        _history("plain", "2.0", one, wheel("1.5"), wheel("2.0")),
        _history("tens", "1.10", one, wheel("1.9"), wheel("1.10"), wheel("1.2")),
        _history("pre-later", "2.0", one, wheel("2.0"), wheel("3.0a1"), wheel("2.5rc1")),
        _history("pre-only", "1.0rc1", wheel("1.0a1"), wheel("1.0rc1"), wheel("1.0b2"), installed="0.1"),
        _history(
            "pre-but-final-yanked", "0.9", wheel("1.0", yanked="bad"), wheel("2.0b1"), untold="1.0", installed="0.9"
        ),
        _history("dev-newest", "1.0", one, wheel("1.1.dev3")),
        _history("post", "1.0.post1", one, wheel("1.0.post1"), wheel("1.0.post2.dev1")),
        _history("local", "1.0+local.10", one, wheel("1.0+cpu"), wheel("1.0+local.9"), wheel("1.0+local.10")),
        _history("epoch", "1!1.0", wheel("2024.1"), wheel("1!1.0"), wheel("2025.1"), installed="2024.1"),
        _history("dates", "2024.10.1", wheel("2024.9.30"), spelled("dates-2024.10.01-py3-none-any.whl", "2024.10.1")),
        _history("older-only", "1.0", wheel("0.1"), wheel("0.9")),
        _history("same-spelled-longer", "1.0", one, wheel("1.0.0"), wheel("1.0.0.0")),
        _history("yanked-newest", "1.5", one, wheel("1.5"), wheel("2.0", yanked="broke everything"), untold="2.0"),
        _history("yanked-silently", "1.5", one, wheel("1.5"), wheel("2.0", yanked=""), untold="2.0"),
        _history("yanked-markup", "1.0", one, wheel("2.0", yanked='<b>"it\'s" & bad</b> é'), untold="2.0"),
        _history("yanked-all", "1.0", wheel("1.0", yanked="x"), wheel("2.0", yanked="y"), untold="2.0"),
        _history("yanked-half", "2.0", one, wheel("2.0", yanked="bad build"), wheel("2.0", tag="1-py3-none-any")),
        _history("python-newest", "1.5", one, wheel("1.5"), wheel("2.0", requires_python=NEVER)),
        _history("python-all", "1.0", wheel("1.5", requires_python=NEVER), wheel("2.0", requires_python="<3")),
        _history(
            "python-escaped",
            "2.0",
            one,
            wheel("2.0", requires_python=">=3.8,<4,!=3.9.0"),
            wheel("3", requires_python="<3.8"),
        ),
        _history("python-garbage", "2.0", one, wheel("2.0", said={"requires_python": "whatever"})),
        _history("python-legacy", "2.0", one, wheel("2.0", said={"requires_python": ">=3.8.*"})),
        _history("python-empty", "2.0", one, wheel("2.0", said={"requires_python": ""})),
        _history(
            "python-only-in-the-wheel",
            "1.5",
            one,
            wheel("1.5"),
            wheel("2.0", requires_python=NEVER, said={"requires_python": None}),
        ),
        _history("sdist-newest", "1.5", one, wheel("1.5"), sdist("2.0"), built="2.0"),
        _history("sdist-only", "1.0", sdist("1.0"), sdist("2.0"), built="2.0"),
        _history("sdist-beside", "2.0", one, wheel("2.0"), sdist("2.0"), sdist("1.9")),
        _history("sdist-yanked", "1.0", one, sdist("2.0", yanked="no"), untold="1.0"),
        _history(
            "foreign-newest",
            "1.5",
            one,
            wheel("1.5"),
            wheel("2.0", tag=FOREIGN),
            wheel("1.9", tag="cp27-cp27mu-manylinux1_x86_64"),
        ),
        _history("foreign-only", "1.0", wheel("2.0", tag=FOREIGN), sdist("1.8"), built="1.8"),
        _history("native", "2.0", one, wheel("2.0", tag=native_tag()), wheel("2.0", tag=FOREIGN)),
        _history("many-tags", "2.0", one, wheel("2.0", tag="py2.py3-none-any"), wheel("2.1", tag="py2-none-any")),
        _history("build-tags", "2.0", one, wheel("2.0", tag="2-py3-none-any"), wheel("2.0", tag="10b-py3-none-any")),
        _history("build-tag-wrong", "1.0", one, wheel("2.0", tag="b1-py3-none-any")),
        _history("Odd__Name.thing", "2.0", one, wheel("2.0")),
        _history("dotted.name", "2.0", one, spelled("dotted.name-2.0-py3-none-any.whl", "2.0")),
        _history("Capitals", "2.0", one, spelled("Capitals-2.0-py3-none-any.whl", "2.0")),
        _history(
            "weird-files",
            "1.5",
            *(one, junk("3.0.whl"), junk("4.0-py3-none.whl"), junk("not.a.version-py3-none-any.whl")),
            *(junk("5.0-py3-none-any.whl.asc"), junk("6.0.exe"), junk("7.0-py3.11.egg"), wheel("1.5"), junk("8.0.rpm")),
        ),
        _history("undated", "2.0", one, wheel("2.0", said={"upload_time": None})),
        _history("no-sidecar", "2.0", one, wheel("2.0", said={"metadata": False})),
        _history("nothing-offered", "1.0"),
        _history("prefix", "2.0", one, wheel("2.0")),
        _history("prefix-1", "1.0", spelled("prefix-1-2.tar.gz", "2"), built="2"),
        _history("quarantined", "1.0", one, wheel("2.0"), status="quarantined", untold="2.0"),
        _history("archived", "2.0", one, wheel("2.0"), status="archived"),
    )


HISTORIES = _all()


def unpack(wheel: Path, site_packages: Path) -> None:
    """Install a plain wheel in a millisecond."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_packages)


class Written:
    """The histories as files in a folder."""

    def __init__(self, folder: Path) -> None:
        """Writes them all: the installed versions below ``old``, what is offered below ``files``."""
        self.folder = folder / "files"
        self.folder.mkdir(parents=True)
        self.offers = [(history, each, self._write(history, each)) for history in HISTORIES for each in history.offered]
        self.old = [make_wheel(folder / "old", history.name, history.installed) for history in HISTORIES]

    def _write(self, history: History, offered: Offered) -> Path:
        with TemporaryDirectory(dir=self.folder.parent) as scratch:
            written = offered.write(Path(scratch), history.name)
            return Path(shutil.move(written, self.folder / written.name))

    def fill(self, index: LocalIndex, every: slice = slice(None)) -> None:
        """Offer everything there, or ``every`` so many files."""
        for _, each, path in self.offers[every]:
            index.add(path, yanked=each.yanked, **each.said)
        for history in HISTORIES:
            if history.status or not history.offered:
                index.project(history.name, status=history.status)

    @property
    def paths(self) -> list[Path]:
        """Every offered file."""
        return [path for _, _, path in self.offers]

    def uploads(self) -> list[tuple[Path, dict[str, str]]]:
        """What a server takes as an upload, with the fields of its form."""
        forms = []
        for history, each, path in self.offers:
            served = read_file(path)
            python = each.said.get("requires_python", served.requires_python)
            form = {"name": history.name, "version": str(served.fields["Version"])}
            forms.append((path, form | ({"requires_python": python} if python else {})))
        return forms

    def pages(self, folder: Path, base: str) -> None:
        """Write the simple pages (PEP 503) for a server of static files; the files lie below ``base``/files."""
        for history in HISTORIES:
            pages = ProjectPages(name=history.name, status=history.status)
            for each, path in ((each, path) for of, each, path in self.offers if of is history):
                served = read_file(path)
                served.yanked = each.yanked
                served.requires_python = each.said.get("requires_python", served.requires_python)
                pages.add(served)
            page = folder / canonicalize_name(history.name) / "index.html"
            page.parent.mkdir(parents=True)
            page.write_bytes(simple(pages, base, HTML, "unsaid"))

    def install(self, site_packages: Path) -> None:
        """Put the installed versions there."""
        for each in self.old:
            unpack(each, site_packages)

    def split(self, folder: Path) -> None:
        """Lay the files out in one folder a project, without any pages."""
        for history, _, path in self.offers:
            below = folder / canonicalize_name(history.name)
            below.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, below / path.name)
