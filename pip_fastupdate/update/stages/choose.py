"""``--interactive``, between plan and fetch: the user chooses from the plan, and the choice is planned again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from ...core.models import Change, Distribution, Reason
from ...core.protocols import Untold
from ...core.text import clean, redact, wants_color
from ...environment.differences import about
from ...interactive.updates import Foreseen, Move, Update
from ...policy.level import step
from ...resolver.explain import causes
from ..context import RunContext
from ..results import Planned


def choose(context: RunContext, planned: Planned, plan: Callable[[RunContext], Planned]) -> tuple[RunContext, Planned]:
    """Return the context and the plan for what the user chose; both unchanged if the plan changes nothing.

    ``plan`` plans for a context. Raises KeyboardInterrupt if the user quits.
    """
    if not (planned.plan.changes or planned.removals):
        return context, planned
    from ...interactive.picker import choose as ask

    updates = tuple(_updates(context, planned))
    everything = frozenset(each.name for each in updates)
    silent = replace(context, progress=Untold())  # for the planning thread: only the run's thread may have stages
    plans = {everything: planned}

    def foresee(chosen: frozenset[str]) -> Foreseen:
        plans[chosen] = plan(replace(silent, chosen=chosen))
        return foreseen(plans[chosen], chosen)

    with context.progress.held():
        chosen = ask(
            updates,
            foreseen(planned, everything),
            foresee,
            before=context.asked.names,
            where=_shown(context.target.prefix),
            color=wants_color(sys.stderr, context.options.color),
        )
    context.asked.names = chosen
    return context if chosen == everything else replace(context, chosen=chosen), plans[chosen]


def _updates(context: RunContext, planned: Planned) -> Iterator[Update]:
    """Return what can be chosen: not additions, and not what only others require."""
    installed = planned.inventory.by_name()
    for change in planned.plan.changes:
        if change.name in installed and (planned.names is None or change.name in planned.names):
            yield _update(context, planned, installed[change.name], change)


def _update(context: RunContext, planned: Planned, installed: Distribution, change: Change) -> Update:
    release = change.target
    known = context.advice.vulnerabilities(change.name, release.version) if context.advice is not None else ()
    summary, links = about(installed.info)
    return Update(
        name=change.name,
        installed=_shown(installed.text),
        target=str(release.version),
        level=_level(installed, change),
        size=release.file.size if release.file else None,
        uploaded=_shown(release.uploaded or "")[:10],
        fixes=tuple(_shown(each.id) for each in known if not (each.remains or each.ignored)),
        summary=_shown(summary),
        links=tuple((what, _shown(url)) for what, url in links),
        notes=tuple(_text(each) for each in planned.origins.get(change.name, ())),
    )


def _level(installed: Distribution, change: Change) -> str:
    if installed.unparsed_version is not None or change.installed is None:
        return "unknown"
    return step(change.installed, change.target.version, change.target.uploaded)


def foreseen(planned: Planned, chosen: frozenset[str]) -> Foreseen:
    """Return what a plan does if these names were chosen."""
    moves = {each.name: _move(planned, each, chosen) for each in planned.plan.changes}
    installed = planned.inventory.by_name()
    removed = {
        name: Move(name=name, installed=_shown(installed[name].text), target=None, because="nothing requires it")
        for name in planned.removals
    }
    held = {each.name: f"{each.latest} held: {_text(each.reasons[0])}" for each in planned.plan.holds if each.reasons}
    return Foreseen(moves={**moves, **removed}, held=held)


def _move(planned: Planned, change: Change, chosen: frozenset[str]) -> Move:
    asked = change.name in chosen
    because = "" if asked else next(causes(planned.pool, planned.assignment, change.name), "")
    return Move(
        name=change.name,
        installed=None if change.installed is None else _shown(str(change.installed)),
        target=str(change.target.version),
        size=change.target.file.size if change.target.file else None,
        because=_shown(because),
    )


def _text(reason: Reason) -> str:
    return _shown(reason.text)


def _shown(text: object) -> str:
    return clean(redact(str(text)))
