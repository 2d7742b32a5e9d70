"""What the program stands on is swapped in only if it can be imported: asked of what is staged, before the swap."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec

from ..core.models import Change, Distribution, Failure
from ..environment import installed_files
from .fetch import key_of
from .plan import Planned
from .proof import Staged, prove, top_levels
from .swap import Bench, own_names

KIND = "cannot-be-imported"
"""Of a new version that the program could not be started with."""


_BORROWED = "Borrowed"
"""The finder of ``bootstrap``, which is run as a script: then the program runs from nothing of this environment."""


def broken(bench: Bench, planned: Planned) -> Mapping[str, Failure]:
    """By name, the new versions that the program, or what it stands on, cannot be imported with."""
    own, installed = own_names(planned), bench.inventory.by_name()
    if any(type(finder).__name__ == _BORROWED for finder in sys.meta_path):
        return {}
    concerned = {name for name in own if _runs(installed.get(name)) or name == "pip"}
    changes = [change for change in planned.plan.changes if change.name in own]
    if not any(change.name in concerned for change in changes):
        return {}
    moving = {change.name: change for change in changes if change.name in concerned or change.installed is None}
    verdict = prove(
        [_staged(bench, change, installed.get(name)) for name, change in moving.items()],
        _others(installed[name] for name in concerned - moving.keys() - {"pip"} if name in installed),
    )
    for name, why in sorted(verdict.unproven.items()):
        bench.tools.progress.note(f"whether {name} {moving[name].target.version} can be imported is not proven: {why}")
    return {name: _failure(moving[name], why) for name, why in verdict.failures.items()}


def _failure(change: Change, why: str) -> Failure:
    return Failure(
        name=change.name,
        version=str(change.target.version),
        kind=KIND,
        text=f"pip-update could not be started with {change.name} {change.target.version}: {why}",
    )


def _staged(bench: Bench, change: Change, installed: Distribution | None) -> Staged:
    staged = bench.delivery.done[key_of(change.target)].staged
    before = frozenset(_modules(installed)) if installed else frozenset[str]()
    return Staged(name=change.name, root=os.fspath(staged.root), at=staged.mirror.staged, before=before)


def _modules(distribution: Distribution) -> Iterable[str]:
    """The top-level modules of what is installed."""
    return top_levels({path.split(os.sep, 1)[0] for path in _paths(distribution)})


def _paths(distribution: Distribution) -> list[str]:
    """Its files, relative to its site-packages."""
    start = os.path.join(distribution.location, "")  # noqa: PTH118 - compared as text
    return [path[len(start) :] for path in installed_files.installed_files(distribution) if path.startswith(start)]


def _runs(distribution: Distribution | None) -> bool:
    """Whether this program imports it from this environment, be it already or later."""
    if distribution is None:
        return False
    start = os.path.join(distribution.location, "")  # noqa: PTH118
    return any(place.startswith(start) for name in _modules(distribution) for place in _places(name))


def _places(module: str) -> Iterator[str]:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):  # a module without any, such as one that was put into ``sys.modules`` by hand
        return
    if spec is not None:
        yield from filter(None, (spec.origin, *(spec.submodule_search_locations or ())))


def _others(distributions: Iterable[Distribution]) -> frozenset[str]:
    """What can be imported a second time: all but compiled modules."""
    found: set[str] = set()
    for each in distributions:
        if not any(path.endswith((".so", ".pyd")) for path in _paths(each)):
            found.update(_modules(each))
    return frozenset(found)
