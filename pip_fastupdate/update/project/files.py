"""Project files: which packages a run updates, how far, and what is written back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from ..._pip import toml
from ...core.errors import UsageError
from ...core.files import expanded, real
from ...core.models import Inventory, WrittenFile
from ...core.options import Options
from ...core.requirements import Dependency, InvalidRequirement, parse
from ...core.settings import Settings
from ...core.text import redact, some
from ...project_files.pyproject import GroupError, group
from ...project_files.rewrite import relaxed
from ...project_files.writable import (
    FileRequirement,
    Rewritten,
    Writable,
    check_kind,
    open_pyproject,
    open_requirements,
)
from ...transaction.rewrites import Rewrite
from ..context import NoProject, RunContext
from .own import bound_of, metadata_rewrites, without_own_bounds

if TYPE_CHECKING:
    from ..results import Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFiles(NoProject):
    """The files that bound one run, and those that follow it."""

    bounds: tuple[Dependency, ...]
    """Requirements that are not rewritten."""

    files: tuple[Writable, ...] = ()
    lower_bounds: bool = False
    _known: dict[frozenset[tuple[str, Version]], tuple[tuple[Writable, Rewritten], ...]] = field(default_factory=dict)
    """By the versions of a plan, the new contents of the files: used before, during and after the swap."""

    def names(self) -> list[str]:
        """Return every name that the files have for this interpreter, once, in their order."""
        found = [each.name for each in self.bounds if each.applies(frozenset())]
        return list(dict.fromkeys([*found, *(each.dependency.name for each in self._entries())]))

    def constraints(self) -> Iterator[str]:
        """Return the limits of the plan as constraint lines; of a file to be written, only those not moved with it."""
        for each in self.bounds:
            if each.specifier and each.applies(frozenset()):
                yield f"{each.name}{each.specifier}"
        for entry in self._entries():
            specifier = entry.dependency.specifier
            kept = specifier if entry.fixed else relaxed(specifier)
            if kept:
                yield f"{entry.dependency.name}{kept}"

    def bounded(self, context: RunContext, inventory: Inventory) -> RunContext:
        """Return the context restricted to the project's files. Raises UsageError if nothing in them is installed."""
        wanted, installed = self.names(), inventory.by_name()
        missing = [name for name in wanted if name not in installed]
        names = context.options.names or tuple(name for name in wanted if name in installed)
        if not names:
            raise UsageError(
                f"none of the requested packages is installed in {context.target.prefix}",
                hint="run `pip install` with the same files first",
            )
        if missing:
            context.progress.warn(
                f"not installed, so not updated: {some(missing)}", hint="run `pip install` with the same files"
            )
        limits = (*self._kept(context.settings), *self.constraints())
        settings = replace(context.settings, constraints=limits, constraint_files=())
        return replace(
            context,
            options=replace(context.options, names=names),
            configuration=replace(context.configuration, settings=settings),
        )

    def _kept(self, settings: Settings) -> Iterator[str]:
        """Return the lines of the constraints files that are not written: the others move as ``constraints`` says."""
        written = {real(str(file.path)) for file in self.files}
        for line, origin in zip_longest(settings.constraints, settings.constraint_files):
            if origin is None or real(origin) not in written:
                yield line

    def unbound(self, inventory: Inventory) -> Inventory:
        """Return the inventory without the bounds that the run moves."""
        return without_own_bounds(inventory, self.files) if self.files else inventory

    def rewrites(self, context: RunContext, planned: Planned) -> tuple[Rewrite, ...]:
        """Return the new contents of files once the plan is live, without unchanged ones."""
        return tuple(self._rewrites(context, planned))

    def _rewrites(self, context: RunContext, planned: Planned) -> Iterator[Rewrite]:
        versions = _versions(context, planned)
        for file, after in self._rewritten(context, planned):
            if after.data == file.data:
                continue
            yield Rewrite(path=str(file.path.resolve()), before=file.data, after=after.data)
            changed = {bound_of(each.dependency): versions[each.dependency.name] for each, _ in after.changed}
            yield from metadata_rewrites(planned.inventory, file, changed, lower_bounds=self.lower_bounds)

    def written(self, context: RunContext, planned: Planned) -> tuple[WrittenFile, ...]:
        """Return the same for the report, with a warning for everything left unchanged."""
        found = []
        for file, after in self._rewritten(context, planned):
            for entry, why in after.refused:
                context.progress.warn(f"leaving {file.path}, {entry.where}: {entry.dependency.name} unchanged: {why}")
            diff = "\n".join(_diff(file, after.data))
            changed = tuple((entry.where, entry.dependency.text, _bare(new)) for entry, new in after.changed)
            found.append(WrittenFile(path=file.path, changed=changed, diff=diff))
        return tuple(found)

    def _rewritten(self, context: RunContext, planned: Planned) -> tuple[tuple[Writable, Rewritten], ...]:
        """Return each file with its new content; computed once per plan."""
        versions = _versions(context, planned)
        key = frozenset(versions.items())
        if key not in self._known:
            hashes = self._hashes(context, planned, versions)
            self._known[key] = tuple(
                (file, file.rewritten(versions, lower_bounds=self.lower_bounds, hashes=hashes)) for file in self.files
            )
        return self._known[key]

    def _hashes(
        self, context: RunContext, planned: Planned, versions: Mapping[str, Version]
    ) -> dict[str, tuple[str, ...]]:
        """Return those of new versions, by name, where the files have some; the index is asked for all at once."""
        names = {name for file in self.files for name in file.rehashed(versions)}
        releases = {each.name: each.target for each in planned.plan.changes if each.name in names}
        for name in names - releases.keys():  # installed already, and newer than what the file has
            releases |= {each.name: each for each in planned.releases(name) if each.version == versions[name]}
        if not releases:
            return {}
        found = context.catalog.each(context.catalog.every_hash, releases.values())
        return dict(zip(releases, found, strict=True))

    def _entries(self) -> Iterator[FileRequirement]:
        return (entry for file in self.files for entry in file.entries if entry.applies)


def project_of(options: Options, settings: Settings) -> ProjectFiles:
    """Return the files that the command line and pip's settings name. Raises UsageError."""
    written = {real(str(path)) for path in options.write}
    lines = [line for line in settings.requirements or () if real(line.file) not in written]
    bounds = [parse(line.text) for line in lines]
    bounds += [parse(text) for each in options.groups for text in _group(each, options.write)]
    return ProjectFiles(
        bounds=tuple(each for each in bounds if each.url is None),
        files=tuple(_open(path, settings) for path in options.write),
        lower_bounds=options.write_lower_bounds,
    )


def _bare(text: str) -> str:
    """Return the requirement of a line without its hashes."""
    return text.partition("--hash")[0].strip(" \t\r\n\\")


def _open(path: Path, settings: Settings) -> Writable:
    check_kind(path)
    if path.suffix == ".toml":
        return open_pyproject(path, toml.loads)
    place = real(str(path))
    lines = [line for line in settings.requirements or () if real(line.file) == place]
    return open_requirements(path, lines, hashes=settings.index_url is not None)


def _group(word: str, written: Sequence[Path]) -> tuple[str, ...]:
    """Return the requirements of ``[PATH:]NAME``. Raises UsageError."""
    place, _, name = word.rpartition(":")
    path = expanded(place or "pyproject.toml").absolute()
    if path.name != "pyproject.toml":
        raise UsageError(f"{path} is not a pyproject.toml", hint="use --group NAME or --group PATH/pyproject.toml:NAME")
    if real(str(path)) in {real(str(each)) for each in written}:
        return ()
    try:
        found = group(toml.loads(path.read_text(encoding="utf-8")), name)
        for text in found:
            parse(text)
    except OSError as error:
        raise UsageError(f"could not read {path}: {error.strerror}") from None
    except (GroupError, InvalidRequirement, ValueError) as error:
        raise UsageError(f"could not use group {name} of {path}: {error}") from None
    return found


def _diff(file: Writable, after: bytes) -> Iterator[str]:
    before, new = (file.text(data).splitlines() for data in (file.data, after))
    lines = unified_diff(before, new, str(file.path), str(file.path), lineterm="")
    return map(redact, lines)  # a requirement's line may contain --index-url with a password


def _versions(context: RunContext, planned: Planned) -> Mapping[str, Version]:
    """Return versions after the plan, for packages of this run that an index has; of the chosen ones, if some were."""
    found = {
        each.name: each.version
        for each in planned.inventory.distributions
        if each.skip is None and (context.chosen is None or each.name in context.chosen)
    }
    found |= {change.name: change.target.version for change in planned.plan.changes}
    return {name: version for name, version in found.items() if name in context.options.names}
