"""Sorts the files of an index by version, and the best of them to the front."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from ..core.interpreter import FOREIGN, MALFORMED, Interpreter
from ..core.names import normalize
from .filenames import Build, OrderKey, build_tag, is_final, order_key, sdist_version, wheel_project
from .project_record import SDIST, CompatibleFile, VersionRecord


class ListedFile(Protocol):
    """A file as an index lists it, with what is needed to evaluate it."""

    @property
    def filename(self) -> str:
        """Unquoted, without directory."""

    @property
    def requires_python(self) -> str | None:
        """The specifier; None or "" if irrelevant."""

    @property
    def withdrawn(self) -> bool:
        """True if it is yanked (PEP 592)."""


File = TypeVar("File", bound=ListedFile)


def collect(
    project: str,
    files: Iterable[File],
    compatible: Callable[[File, int], CompatibleFile],
    interpreter: Interpreter,
    *,
    sdists: bool,
) -> list[VersionRecord]:
    """Return the entries of a project, newest first, from all files that an index lists, in its order.

    ``compatible`` makes what is kept of a file with its rank. Without ``sdists`` those are dropped if a wheel is
    compatible. A file with a malformed name, or another project's, is skipped, as in pip.
    """
    evaluator: Evaluator[File] = Evaluator(project, interpreter)
    for file in files:
        evaluator.add(file)
    return evaluator.entries(compatible, sdists=sdists)


_SPARE = 8
"""Minimum number of releases kept: the cache serves other environments, too."""


def fill(
    evaluator: Evaluator[File],
    files: Sequence[File],
    floor: OrderKey | None,
    check: Callable[[File], None] | None = None,
) -> str | None:
    """Add the files of releases from ``floor`` on to the evaluator, and some more; all of them for None.

    Returns the first version dropped, if any. Pre-releases depend on whether a compatible final release exists: until
    one is found, it goes on. Most files of most projects are old: those are hardly examined, and not passed to
    ``check``, which may correct the others.
    """
    if floor is None:
        _add(evaluator, files, check)
        return None
    groups = _grouped(files, evaluator.project)
    keys = {text: order_key(text) for text in groups}
    for text in [text for text, key in keys.items() if key is None]:
        _add(evaluator, groups[text], check)
    ordered = sorted(((key, text) for text, key in keys.items() if key), reverse=True)
    for count, (key, text) in enumerate(ordered):
        if count >= _SPARE and key < floor and evaluator.final:
            return text
        _add(evaluator, groups[text], check)
    return None


def _add(evaluator: Evaluator[File], files: Iterable[File], check: Callable[[File], None] | None) -> None:
    for file in files:
        if check is not None:
            check(file)
        evaluator.add(file)


def _grouped(files: Sequence[File], project: str) -> dict[str, list[File]]:
    """Return files by the version in their names; "" if that is ambiguous.

    Runs for thousands of files: pages usually list them version by version, so few names are examined closely.
    """
    groups: dict[str, list[File]] = {}
    group: list[File] = []
    wheel = sdist = "\n"
    for file in files:
        name = file.filename
        if (name[-1:] == "l" and name.startswith(wheel)) or name == sdist:
            group.append(file)
            continue
        stem, text = _stem_and_version(name, project)
        wheel, sdist = (f"{stem}-{text}-", f"{stem}-{text}.tar.gz") if text else ("\n", "\n")
        group = groups.setdefault(text, [])
        group.append(file)
    return groups


def _stem_and_version(name: str, project: str) -> tuple[str, str]:
    """Return what precedes the version in a file's name, and the version; "" if that is ambiguous."""
    if name[-4:] == ".whl":
        parts = name.split("-", 2)
        if len(parts) == 3:
            return parts[0], parts[1]
    elif name[-7:] == ".tar.gz":
        stem, _, text = name[:-7].rpartition("-")
        if normalize(stem) == project:
            return stem, text
    return "", ""


class _VersionFiles(Generic[File]):
    """The files of one version."""

    __slots__ = ("foreign", "key", "python", "sdists", "text", "wheels")

    def __init__(self, text: str, key: OrderKey) -> None:
        self.text = text
        self.key = key
        self.wheels: list[tuple[int, Build, File]] = []
        self.sdists: list[File] = []
        self.python: str | None = None
        self.foreign: list[list[str]] = []


class Evaluator(Generic[File]):
    """A project's files by version. Runs for thousands of files: kept tight."""

    def __init__(self, project: str, interpreter: Interpreter) -> None:
        self.project = project
        self._interpreter = interpreter
        self._by_text: dict[str, _VersionFiles[File] | None] = {}
        self._by_key: dict[OrderKey, _VersionFiles[File]] = {}

        self.final = False
        """True if a wheel of a final version is among the compatible files."""

    def add(self, file: File) -> None:
        """Add a file to its version."""
        if "/" in file.filename or "\\" in file.filename:
            return  # a name that leads elsewhere
        if file.filename.endswith(".whl"):
            self._add_wheel(file)
        else:
            self._add_sdist(file)

    def entries(self, compatible: Callable[[File, int], CompatibleFile], *, sdists: bool) -> list[VersionRecord]:
        """Return one entry per version, newest first: ``1.0`` and ``1.0.0`` are the same. See ``collect``."""
        groups = sorted(self._by_key.values(), key=lambda group: group.key, reverse=True)
        return [_close(group, compatible, sdists=sdists) for group in groups]

    def _group(self, text: str) -> _VersionFiles[File] | None:
        if text not in self._by_text:
            key = order_key(text)
            self._by_text[text] = None if key is None else self._by_key.setdefault(key, _VersionFiles(text, key))
        return self._by_text[text]

    def _add_wheel(self, file: File) -> None:
        parts = file.filename[:-4].split("-")
        build: Build | None = ()
        if len(parts) == 6:
            build = build_tag(parts.pop(2))
        if len(parts) != 5 or build is None or wheel_project(parts[0]) != self.project:
            return
        rank = self._interpreter.rank(parts[2], parts[3], parts[4])
        group = self._group(parts[1]) if rank != MALFORMED else None
        if group is None:
            return
        if not self._interpreter.runs(file.requires_python):
            group.python = group.python or file.requires_python
        elif rank == FOREIGN:
            group.foreign.append(parts)
        else:
            group.wheels.append((rank, build, file))
            self.final = self.final or (is_final(group.key) and not file.withdrawn)

    def _add_sdist(self, file: File) -> None:
        version = sdist_version(file.filename, self.project, self._interpreter.short)
        group = self._group(version) if version else None
        if group is None:
            return
        if not self._interpreter.runs(file.requires_python):
            group.python = group.python or file.requires_python
        else:
            group.sdists.append(file)


def _close(
    group: _VersionFiles[File], compatible: Callable[[File, int], CompatibleFile], *, sdists: bool
) -> VersionRecord:
    wheels = group.wheels
    if len(wheels) > 1:
        wheels.sort(key=lambda each: each[1], reverse=True)
        wheels.sort(key=lambda each: each[0])
    files = _useful([compatible(file, rank) for rank, _, file in wheels])
    if sdists or not files:
        files += _useful([compatible(file, SDIST) for file in group.sdists])
    fits = bool(wheels)
    return VersionRecord(group.text, files, None if files else group.python, None if fits else _summary(group.foreign))


def _useful(files: list[CompatibleFile]) -> list[CompatibleFile]:
    """Return those that could ever be chosen: a lesser one only if the better is yanked or was uploaded later."""
    kept: list[CompatibleFile] = []
    for compatible in files:
        if not any(_beats(better, compatible) for better in kept):
            kept.append(compatible)
    return kept


def _beats(better: CompatibleFile, compatible: CompatibleFile) -> bool:
    if better.yanked is not None and compatible.yanked is None:
        return False
    return better.uploaded is None or (compatible.uploaded is not None and better.uploaded <= compatible.uploaded)


def _summary(foreign: list[list[str]]) -> str | None:
    tags = sorted({"-".join(parts[2:]) for parts in foreign})
    more = f" and {len(tags) - 2} more" if len(tags) > 2 else ""
    return ", ".join(tags[:2]) + more if tags else None
