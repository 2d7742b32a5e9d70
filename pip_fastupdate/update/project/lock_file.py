"""``--lock-file``: the environment after the update as a lock file, drafted before the swap, renamed after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.models import Distribution, Failure, Inventory, Release
from ...core.reasons import NO_INDEX
from ...core.text import plural

if TYPE_CHECKING:
    from ...lockfile import Draft, Pinned, RenderedLock
    from ..context import RunContext
    from ..results import Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class LockDraft:
    """A lock file draft, next to its final place until the update is committed."""

    path: Path
    draft: Draft
    notes: tuple[str, ...]
    """Messages for when it is in place: the result, then remarks."""


def draft(context: RunContext, planned: Planned, path: Path) -> LockDraft:
    """Write what the environment is about to hold next to the lock file's place, instead of any former draft.

    ``path`` is absolute. Raises LockRefused when something of it cannot be locked, or nothing can be written there.
    """
    from ...lockfile import Draft, render

    locked, outside = _parted(planned.inventory)
    pinned = _with_identities(context, list(_pinned(context, locked, planned)))
    lock = render(pinned, path)
    notes = (f"locked {plural(len(pinned), 'package')} in {path}", *_notes(lock, outside))
    return LockDraft(path=path, draft=context.drafts.enter_context(Draft(path, lock.text)), notes=notes)


def put(context: RunContext, drafted: LockDraft) -> tuple[Failure, ...]:
    """Rename the draft into place; return what prevents that."""
    try:
        drafted.draft.put()
    except OSError as error:
        text = f"could not write {drafted.path}: {error.strerror}"
        context.progress.warn(text)
        return (Failure(name=drafted.path.name, kind="lock-file", text=text),)
    done, *warnings = drafted.notes
    context.progress.note(done)
    for text in warnings:
        context.progress.warn(text)
    return ()


def _notes(lock: RenderedLock, outside: list[str]) -> Iterator[str]:
    if outside:
        yield f"not locked because they are outside this environment: {', '.join(outside)}"
    if lock.local:
        yield f"locked by local path, which must also exist on other machines: {', '.join(lock.local)}"
    if lock.unhashed:
        names = ", ".join(lock.unhashed)
        yield f"locked without a hash (not a single file; uv installs these, pip refuses them): {names}"


def _parted(inventory: Inventory) -> tuple[list[Distribution], list[str]]:
    """Return what the environment itself contains, and the names of what it only sees."""
    outside = [each.name for each in inventory.distributions if each.skip is not None and each.skip.kind == "outside"]
    return [each for each in inventory.distributions if each.name not in outside], outside


def _pinned(context: RunContext, distributions: list[Distribution], planned: Planned) -> Iterator[Pinned]:
    """Return all of these, with additions, as they are after the plan."""
    changes = {each.name: each.target for each in planned.plan.changes}
    for release in changes.values():
        yield _of(context, release)
    stay = [each for each in distributions if each.name not in changes]
    _look_up(context, planned, stay)
    for each in stay:
        yield _installed(context, planned, each)


def _with_identities(context: RunContext, pinned: list[Pinned]) -> list[Pinned]:
    """Return the same with their publishers, as far as the index has provenance; all are requested at once."""
    from ..origin import publishers

    files = {each.name: each.release.file for each in pinned if each.release is not None}
    proven = {name: file for name, file in files.items() if file is not None and file.provenance is not None}
    found = context.catalog.each(partial(publishers, context), proven.values())
    identities = dict(zip(proven, found, strict=True))
    return [replace(each, identities=identities.get(each.name, ())) for each in pinned]


def _look_up(context: RunContext, planned: Planned, distributions: list[Distribution]) -> None:
    """Look up what the plan did not need, all at once."""
    named = context.options.names
    rest = {
        each.name: each.version
        for each in distributions
        if not _is_direct(each) and (not planned.pool.may_move(each.name) or (named and each.name not in named))
    }
    if rest:
        with context.progress.stage("look up", len(rest)):
            context.catalog.look_up(rest, context.progress, filters=context.filters())


def _is_direct(distribution: Distribution) -> bool:
    """Return whether it was installed from a URL or path; a package of that name on an index is unrelated."""
    skip = distribution.skip
    return skip is not None and (skip.kind in NO_INDEX or (distribution.info / "direct_url.json").exists())


def _installed(context: RunContext, planned: Planned, distribution: Distribution) -> Pinned:
    from ...lockfile import Pinned

    name, version = distribution.name, distribution.version
    if _is_direct(distribution):
        return Pinned(name=name, version=version, info=distribution.info)
    project = planned.pool.project(name)
    if isinstance(project, Failure):
        return Pinned(name=name, version=version, lacking=project.text)
    release = next((each for each in project.releases if each.version == version), None)
    if release is None:
        return Pinned(name=name, version=version, lacking="no index has this version")
    return _of(context, release)


def _of(context: RunContext, release: Release) -> Pinned:
    from ...lockfile import Pinned

    urls = (context.settings.index_url, *context.settings.extra_index_urls)
    index = next((each for each in urls if each is not None and each.rstrip("/") == release.index.rstrip("/")), None)
    return Pinned(name=release.name, version=release.version, release=release, index=index)
