"""A file whose requirements follow an update: its entries, and its bytes with new versions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.version import Version

from ..core.errors import UsageError
from ..core.requirements import Dependency, InvalidRequirement, allows, parse
from ..core.settings import RequirementLine
from . import requirements
from .foreign import FOREIGN
from .hashes import is_pin, with_hashes
from .pyproject import Loads, declared, replaced, why_fixed
from .rewrite import Edit, Unwritable, edited, moved

Edits = Mapping[int, tuple[Edit, ...]]
"""Of entries, by their indexes; positions are in the entry's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRequirement:
    """One requirement in the file that an index can satisfy."""

    where: str
    """For display: ``line 3``, ``project.dependencies``."""

    text: str
    """As written in the file."""

    dependency: Dependency
    fixed: str | None = None
    """Why it is not rewritten, a phrase; None if it may be."""

    hashed: bool = False
    """Whether it has ``--hash`` options, which a new version replaces."""

    @property
    def applies(self) -> bool:
        """Return whether its marker is true for this interpreter."""
        return self.dependency.applies(frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """The new content of a file."""

    data: bytes
    changed: tuple[tuple[FileRequirement, str], ...]
    """Entries that differ, with their new text."""

    refused: tuple[tuple[FileRequirement, str], ...]
    """Entries that no longer allow the installed version, and why they were not rewritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writable:
    """An open file: its entries, and how to write it."""

    path: Path
    data: bytes
    entries: tuple[FileRequirement, ...]
    put: Callable[[Edits], bytes]
    """Returns the file's bytes with these edits. Raises Unwritable, UnicodeEncodeError."""

    text: Callable[[bytes], str]
    """Returns bytes of the file, old or new, as text."""

    def rehashed(self, versions: Mapping[str, Version]) -> list[str]:
        """Return the names of entries that need the hashes of other versions than before."""
        wanted = (each for each in self.entries if each.hashed and each.applies and each.dependency.name in versions)
        found = (each.dependency for each in wanted if each.fixed is None)
        return [each.name for each in found if not allows(each.specifier, versions[each.name])]

    def rewritten(
        self,
        versions: Mapping[str, Version],
        *,
        lower_bounds: bool = False,
        hashes: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Rewritten:
        """Return the file for an environment with these ``versions`` (by normalized name): each entry allows its one.

        ``hashes`` are those of ``rehashed``, by name; without any where they are not known.
        """
        edits: dict[int, tuple[Edit, ...]] = {}
        refused: list[tuple[FileRequirement, str]] = []
        for index, entry in enumerate(self.entries):
            target = versions.get(entry.dependency.name)
            if target is None or not entry.applies:
                continue
            admitted = allows(entry.dependency.specifier, target)
            if entry.fixed is not None:
                refused += [] if admitted else [(entry, entry.fixed)]
                continue
            try:
                found = _moved(entry, target, lower_bounds, admitted=admitted)
                if found and entry.hashed:
                    found = (*found, with_hashes(entry.text, (hashes or {}).get(entry.dependency.name, ())))
                self.put({index: found})
            except Unwritable as why:
                refused.append((entry, str(why)))
            else:
                edits.update({index: found} if found else {})
        changed = tuple((self.entries[index], edited(self.entries[index].text, each)) for index, each in edits.items())
        return Rewritten(data=self.put(edits) if edits else self.data, changed=changed, refused=tuple(refused))


def _moved(entry: FileRequirement, target: Version, lower_bounds: bool, *, admitted: bool) -> tuple[Edit, ...]:
    if admitted and not lower_bounds:
        return ()
    edits = moved(entry.text, target, lower_bounds=lower_bounds)
    if not edits and not admitted:
        raise Unwritable("its specifier is not where it is expected")
    return edits


def open_requirements(path: Path, lines: Sequence[RequirementLine], *, hashes: bool = True) -> Writable:
    """Open a requirements file; ``lines`` are those that pip's parser found in it. Raises UsageError.

    ``hashes`` says whether those of new versions can be known.
    """
    data = _read(path)
    try:
        decoded = requirements.decode(data)
        if decoded.encode(decoded.text) != data:
            raise UnicodeError(f"{decoded.encoding} has several bytes for one of its characters")
    except UnicodeError as error:
        raise UsageError(f"could not decode {path}: {error}", hint="save it as UTF-8") from None
    command = requirements.compiled_by(decoded.text)
    if command is not None:
        hint = f"run `{command}` instead" if command else "run the program that generated it instead"
        raise UsageError(
            f"cannot write {path}: it is generated", hint=f"{hint}, or write to the file it is generated from"
        )
    places = {line.number: line for line in requirements.lines(decoded.text)}
    starts, entries = [], []
    for line in {line.number: line for line in lines}.values():  # once, although -r and --write may both name the file
        place = places.get(line.number)
        if place is None:
            raise UsageError(f"could not find line {line.number} of {path}", hint="check its line endings")
        text = decoded.text[place.start : place.end]
        starts.append(place.start)
        entry = _entry(f"line {line.number}", text, line.text, _why_fixed(line, place, text, hashes))
        entries.append(replace(entry, hashed=line.hashed))

    def put(edits: Edits) -> bytes:
        shifted = (
            Edit(start=each.start + starts[index], end=each.end + starts[index], new=each.new)
            for index, found in edits.items()
            for each in found
        )
        return decoded.encode(edited(decoded.text, tuple(shifted)))

    return Writable(
        path=path, data=data, entries=tuple(entries), put=put, text=lambda data: requirements.decode(data).text
    )


def _why_fixed(line: RequirementLine, place: requirements.LogicalLine, text: str, hashes: bool) -> str | None:
    if place.ignored:
        return "its line says pip-update: ignore"
    if line.hashed and not is_pin(parse(line.text).specifier):
        return "it has hashes, but not of one version (==)"
    if line.hashed and not hashes:
        return "it has hashes, which only an index can provide for every file"
    if "${" in text:
        return "it depends on environment variables"
    return None


def _entry(where: str, text: str, requirement: str, fixed: str | None) -> FileRequirement:
    return FileRequirement(where=where, text=text, dependency=parse(requirement), fixed=fixed)


def open_pyproject(path: Path, loads: Loads) -> Writable:
    """Open a pyproject.toml. Raises UsageError."""
    data = _read(path)
    try:
        text = data.decode("utf-8")
        document = loads(text)
    except (UnicodeError, ValueError) as error:
        raise UsageError(f"could not read {path}: {error}") from None
    beside = next((name for name in FOREIGN if name not in _OTHERWISE and (path.parent / name).exists()), None)
    if beside is not None:
        raise UsageError(
            (f"cannot write {path}: {beside} next to it is generated from it"), hint=f"run `{FOREIGN[beside]}`"
        )
    found = declared(document)
    if not found:
        raise UsageError(f"{path} declares no dependencies", hint=_no_dependencies(document))
    places, entries = [], []
    for each in found:
        try:
            entry = _entry(each.table, each.text, each.text, why_fixed(text, loads, each))
        except InvalidRequirement:
            raise UsageError(f"could not parse {each.text!r} in {each.table} of {path}") from None
        if entry.dependency.url is None:
            places.append(each)
            entries.append(entry)

    def put(edits: Edits) -> bytes:
        result = text
        for index, changes in edits.items():
            result = replaced(result, loads, places[index], changes)
        return result.encode("utf-8")

    return Writable(path=path, data=data, entries=tuple(entries), put=put, text=lambda data: data.decode("utf-8"))


_OTHERWISE = ("pylock.toml", "Pipfile.lock")
"""Lock files that are not generated from a pyproject.toml."""


def _no_dependencies(document: Mapping[str, object]) -> str:
    tool = document.get("tool")
    if isinstance(tool, dict) and "poetry" in tool:
        return "run `poetry update` for [tool.poetry.dependencies]"
    return "pip-update supports project.dependencies, project.optional-dependencies and dependency-groups"


def check_kind(path: Path) -> None:
    """Raise UsageError for a lock file of another program."""
    if path.name in FOREIGN:
        raise UsageError(f"cannot write {path}: it is a lock file", hint=f"run `{FOREIGN[path.name]}`")


def _read(path: Path) -> bytes:
    """Return the file's content. Raises UsageError, also for a file that is not writable, before anything is
    planned.
    """
    try:
        data = path.read_bytes()
        protected = not path.stat().st_mode & 0o222 or not os.access(path.resolve().parent, os.W_OK)
    except OSError as error:
        raise UsageError(f"could not read {path}: {error.strerror}") from None
    if protected:
        raise UsageError(
            f"cannot write {path}: it or its directory is read-only",
            hint=f"drop `--write {path.name}`, or run as its owner",
        )
    return data
