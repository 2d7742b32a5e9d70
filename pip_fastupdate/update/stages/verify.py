"""The seventh stage: check what is staged against the plan before anything is swapped in.

What the program itself depends on must be importable, which is tested with the staged files.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec

from ...core.models import Change, Distribution, Failure, Reason
from ...core.requirements import InvalidRequirement, parse
from ...core.text import some
from ...environment import installed_files
from ...resolver.candidates import CandidatePool, Key
from ..own_requirements import OWN, own_names
from ..results import Exclusions, Planned, Staged, key_of
from ..staging_area import StagingArea
from ..trials.proof import StagedModules, prove, top_levels

_BORROWED = "Borrowed"
"""The finder of ``bootstrap``, which runs as a script: the program then uses nothing from this environment."""


def verify(area: StagingArea, planned: Planned, staged: Staged, exclusions: Exclusions) -> Exclusions:
    """Return what the next plan must respect: ``exclusions`` unchanged if nothing contradicts this plan."""
    learned = _learned(area, planned, staged, exclusions)
    warn = area.context.progress.warn
    for name in sorted(learned.failures.keys() - exclusions.failures.keys()):
        warn(f"leaving {name} unchanged: {learned.failures[name].text}")
    for name, version in sorted(learned.damaged.keys() - exclusions.damaged.keys()):
        warn(f"could not use {name} {version}: {learned.damaged[name, version].text}")
    if learned != exclusions:
        return learned
    broken = not_importable(area, planned, staged)
    for name, failure in sorted(broken.items()):
        warn(f"leaving {name} unchanged: {failure.text}")
    return replace(exclusions, failures={**exclusions.failures, **broken}) if broken else exclusions


def _learned(area: StagingArea, planned: Planned, staged: Staged, exclusions: Exclusions) -> Exclusions:
    failures = {**exclusions.failures, **staged.failures}
    here = [change for change in planned.plan.changes if change.name not in failures and staged.has(change)]
    return Exclusions(
        failures=failures,
        stays={**exclusions.stays, **(_strict(planned, staged, here) if area.context.options.strict else {})},
        corrections={**exclusions.corrections, **staged.unfit, **_corrections(staged, here, planned.pool)},
        damaged={**exclusions.damaged, **staged.damaged},
    )


def _strict(planned: Planned, staged: Staged, changes: Iterable[Change]) -> dict[str, Reason]:
    """Return holds for everything that was warned of, by name; a license change is only reported."""
    warned = staged.warnings(changes)
    found = {
        change.name: [
            each.text
            for each in (*warned.get(change.name, ()), *planned.origins.get(change.name, ()))
            if each.kind != "license-changed"
        ]
        for change in changes
    }
    return {name: Reason(kind="strict", text="; ".join(texts)) for name, texts in found.items() if texts}


def _corrections(staged: Staged, changes: Iterable[Change], pool: CandidatePool) -> dict[Key, tuple[str, ...]]:
    """Return requirements from the wheels themselves that differ from the index."""
    found: dict[Key, tuple[str, ...]] = {}
    for change in changes:
        requires = staged.of(change).requires
        known = pool.corrections.get(key_of(change.target), pool.source.requires(change.target))
        if isinstance(known, Failure) or not _same(known, requires):
            found[key_of(change.target)] = requires
    return found


def _same(listed: tuple[str, ...], read: tuple[str, ...]) -> bool:
    return set(listed) == set(read) or _canonical(listed) == _canonical(read)


def _canonical(fields: Iterable[str]) -> frozenset[tuple[str, frozenset[str], str, str]]:
    found = set()
    for text in fields:
        try:
            each = parse(text)
        except InvalidRequirement:
            found.add((text, frozenset[str](), "", ""))
        else:
            found.add((each.name, each.extras, each.specifier, str(each.marker)))
    return frozenset(found)


def not_importable(area: StagingArea, planned: Planned, staged: Staged) -> Mapping[str, Failure]:
    """Return the new versions with which the program or its dependencies could not be imported, by name."""
    own, installed = own_names(planned), area.installed
    borrowed = any(type(finder).__name__ == _BORROWED for finder in sys.meta_path)
    if borrowed:  # nothing that runs here is in the target, which may have a pip-update of its own
        concerned = own & installed.keys() if OWN[0] in installed else {"pip"}
    else:
        concerned = {name for name in own if _runs(installed.get(name)) or name == "pip"}
    changes = [change for change in planned.plan.changes if change.name in own]
    if not any(change.name in concerned for change in changes):
        return {}
    moving = {change.name: change for change in changes if change.name in concerned or change.installed is None}
    coming = [_modules_of(staged, change, installed.get(name)) for name, change in moving.items()]
    if borrowed:
        from ..trials.reading import read

        verdict = read(coming)
    else:
        staying = (installed[name] for name in concerned - moving.keys() - {"pip"} if name in installed)
        verdict = prove(coming, _others(staying))
    for line in not_proven(verdict.unproven, moving):
        area.context.progress.note(line)
    return {name: _failure(moving[name], why) for name, why in verdict.failures.items()}


def not_proven(unproven: Mapping[str, str], moving: Mapping[str, Change]) -> Iterator[str]:
    """Return one line per reason, however many packages share it."""
    names: dict[str, list[str]] = {}
    for name, why in sorted(unproven.items()):
        names.setdefault(why, []).append(f"{name} {moving[name].target.version}")
    for why, found in names.items():
        yield f"could not prove that {some(found, 3)} can be imported: {why}"


def _failure(change: Change, why: str) -> Failure:
    return Failure(
        name=change.name,
        version=str(change.target.version),
        kind="cannot-be-imported",
        text=f"could not start pip-update with {change.name} {change.target.version}: {why}",
    )


def _modules_of(staged: Staged, change: Change, installed: Distribution | None) -> StagedModules:
    wheel = staged.of(change).wheel
    before = frozenset(_modules(installed)) if installed else frozenset[str]()
    return StagedModules(name=change.name, root=os.fspath(wheel.root), at=wheel.mirror.staged, before=before)


def _modules(distribution: Distribution) -> Iterable[str]:
    """Return the top-level modules of an installed distribution."""
    return top_levels({path.split(os.sep, 1)[0] for path in _paths(distribution)})


def _paths(distribution: Distribution) -> list[str]:
    """Return its files, relative to its site-packages."""
    start = os.path.join(distribution.location, "")  # noqa: PTH118 - compared as text
    return [path[len(start) :] for path in installed_files.installed_files(distribution) if path.startswith(start)]


def _runs(distribution: Distribution | None) -> bool:
    """Return whether this program imports it from this environment, now or later."""
    if distribution is None:
        return False
    start = os.path.join(distribution.location, "")  # noqa: PTH118
    return any(place.startswith(start) for name in _modules(distribution) for place in _places(name))


def _places(module: str) -> Iterator[str]:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):  # a module without a file, such as one added to ``sys.modules`` directly
        return
    if spec is not None:
        yield from filter(None, (spec.origin, *(spec.submodule_search_locations or ())))


def _others(distributions: Iterable[Distribution]) -> frozenset[str]:
    """Return what can be imported a second time: all except compiled modules."""
    found: set[str] = set()
    for each in distributions:
        if not any(path.endswith((".so", ".pyd")) for path in _paths(each)):
            found.update(_modules(each))
    return frozenset(found)
