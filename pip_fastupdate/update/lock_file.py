"""``--lock-file``: what the environment will hold becomes a lock file, drafted before the swap, put there after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.models import Distribution, Failure, Inventory, Release
from ..core.text import plural

if TYPE_CHECKING:
    from ..lockfile import Draft, Lock, Pinned
    from .context import Tools
    from .plan import Planned

DIRECT = frozenset({"direct-url", "editable"})
"""Kinds of reasons to stay that say that no index has it."""


class LockFile:
    """The lock file of one run; without a path all of it does nothing."""

    def __init__(self, path: Path | None) -> None:
        """``path`` is absolute. Raises UsageError where no lock file can be written."""
        self._path = path
        self._draft: Draft | None = None
        self._notes: tuple[str, ...] = ()
        if path is not None:
            from ..lockfile import check

            check(path)

    def draft(self, tools: Tools, inventory: Inventory, planned: Planned) -> None:
        """Write what the environment is about to hold beside the lock file's place, instead of any former draft.

        Raises LockRefused when something of it cannot be locked, or when nothing can be written there.
        """
        if self._path is None:
            return
        from ..lockfile import Draft, render

        locked, outside = _parted(inventory)
        pinned = list(_pinned(tools, locked, planned))
        lock = render(pinned, self._path)
        self.discard()
        self._draft = Draft(self._path, lock.text)
        self._notes = (f"Locked {plural(len(pinned), 'distribution')} in {self._path}", *_notes(lock, outside))

    def put(self, tools: Tools) -> tuple[Failure, ...]:
        """Have the draft take its place, in one rename; what keeps it from that is returned."""
        if self._draft is None:
            return ()
        try:
            self._draft.put()
        except OSError as error:
            text = f"{self._path} cannot be written: {error.strerror}"
            tools.progress.warn(text)
            return (Failure(name="pylock", kind="lock-file", text=text),)
        done, *warnings = self._notes
        tools.progress.note(done)
        for text in warnings:
            tools.progress.warn(text)
        self._draft = None
        return ()

    def discard(self) -> None:
        """Leave no draft behind."""
        if self._draft is not None:
            self._draft.discard()
            self._draft = None


def _notes(lock: Lock, outside: list[str]) -> Iterator[str]:
    if outside:
        yield f"not locked, being outside this environment: {', '.join(outside)}"
    if lock.local:
        yield f"locked by a path, which other machines must have too: {', '.join(lock.local)}"
    if lock.unhashed:
        names = ", ".join(lock.unhashed)
        yield f"locked without a hash, being no single file, which uv installs and pip refuses: {names}"


def _parted(inventory: Inventory) -> tuple[list[Distribution], list[str]]:
    """What the environment itself holds, and the names of what it merely sees."""
    outside = [each.name for each in inventory.distributions if each.skip is not None and each.skip.kind == "outside"]
    return [each for each in inventory.distributions if each.name not in outside], outside


def _pinned(tools: Tools, distributions: list[Distribution], planned: Planned) -> Iterator[Pinned]:
    """All of these, and what is added to them, as they are after the plan."""
    changes = {each.name: each.target for each in planned.plan.changes}
    for release in changes.values():
        yield _of(tools, release)
    stay = [each for each in distributions if each.name not in changes]
    _look_up(tools, planned, stay)
    for each in stay:
        yield _installed(tools, planned, each)


def _look_up(tools: Tools, planned: Planned, distributions: list[Distribution]) -> None:
    """Ask the index for what the plan had no need to know, all at once."""
    named = tools.options.names
    rest = {
        each.name: each.version
        for each in distributions
        if not _is_direct(each) and (not planned.world.may_move(each.name) or (named and each.name not in named))
    }
    if rest:
        with tools.progress.stage("look up", len(rest)):
            tools.catalog.look_up(rest, tools.progress)


def _is_direct(distribution: Distribution) -> bool:
    """Whether it did not come from an index, whoever installed it: what an index has by that name is another thing."""
    skip = distribution.skip
    return skip is not None and (skip.kind in DIRECT or (distribution.info / "direct_url.json").exists())


def _installed(tools: Tools, planned: Planned, distribution: Distribution) -> Pinned:
    from ..lockfile import Pinned

    name, version = distribution.name, distribution.version
    if _is_direct(distribution):
        return Pinned(name=name, version=version, info=distribution.info)
    project = planned.world.project(name)
    if isinstance(project, Failure):
        return Pinned(name=name, version=version, lacking=project.text)
    release = next((each for each in project.releases if each.version == version), None)
    if release is None:
        return Pinned(name=name, version=version, lacking="no index has this version")
    return _of(tools, release)


def _of(tools: Tools, release: Release) -> Pinned:
    from ..lockfile import Pinned

    urls = (tools.settings.index_url, *tools.settings.extra_index_urls)
    index = next((each for each in urls if each is not None and each.rstrip("/") == release.index.rstrip("/")), None)
    return Pinned(name=release.name, version=release.version, release=release, index=index)
