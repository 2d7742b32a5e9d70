"""One run, in nine stages: guard, scan, look up, plan, fetch, stage, verify, swap, check.

Each takes and returns frozen data defined in ``results``. Only ``swap`` changes the environment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from .._pip.configuration import Configuration
from ..core.errors import EnvironmentChanged, late
from ..core.models import Difference, Failure, Inventory, Report, Row, Running, Stats, Status
from ..core.options import Options
from ..core.protocols import Measured
from ..core.settings import Settings
from ..core.text import some
from ..environment.scan import target
from .context import NoProject, RunContext, open_context
from .report_rows import Outcome, listed_failures, rows
from .results import Exclusions, Installed, LookedUp, Planned, Staged
from .stages.guard import guard, scan
from .stages.look_up import look_up
from .stages.plan import make_plan

if TYPE_CHECKING:
    from .project.lock_file import LockDraft

TRIES = 3
"""Maximum number of attempts when another program changes the environment during a run."""


def run(options: Options, configuration: Configuration, progress: Measured, load_report: Callable[[], None]) -> Report:
    """Update the running environment, or report what that would do.

    ``load_report`` imports what showing the report needs. Raises PipUpdateError if nothing could be
    done; the environment is then unchanged.
    """
    with progress.timed("settings"):
        project = _project(options, configuration.settings)
    if options.interactive:
        from ..interactive import terminal

        terminal.check(sys.stdin, sys.stdout, sys.stderr)
    with open_context(options, configuration, target(), progress, project, load_report=load_report) as context:
        for tries_left in range(TRIES - 1, -1, -1):
            try:
                return _run(context)
            except EnvironmentChanged:
                if not tries_left:
                    raise
                progress.warn("another program changed the environment; planning again")
    raise AssertionError("the last attempt returns or raises")


def _run(context: RunContext) -> Report:
    """Run all stages. What a stage learns against the plan, the next plan respects.

    Raises EnvironmentChanged. On any exception the environment is unchanged unless the error says otherwise.
    """
    timed = context.progress.timed
    with timed("guard"):
        before = guard(context)
        inventory = context.project.unbound(scan(context))
        context = _with_lock(context.project.bounded(context, inventory))
    with timed("look up"):
        looked_up = look_up(context, inventory)
    with timed("plan"):
        planned = make_plan(context, inventory, looked_up, Exclusions())
        context, planned = _chosen(context, inventory, looked_up, _at_hand(context, inventory, looked_up, planned))
        draft = _lock(context, planned)
    if not (context.changing and _is_to_do(context, planned)):
        return _report(context, Installed(planned=planned), draft)
    with timed("load"):
        from .stages.check import check, check_before
        from .stages.fetch import fetch_and_stage
        from .stages.swap import keep, swap
        from .stages.verify import verify
        from .staging_area import open_area

    check_before(context)
    staged, exclusions = Staged(), Exclusions()
    with open_area(context, inventory) as area, late(lambda: area.transaction.committed):
        while _is_to_do(context, planned):
            with timed("stage"):
                staged = fetch_and_stage(area, planned, staged)
            with timed("verify"):
                learned = verify(area, planned, staged, exclusions)
            if learned == exclusions:
                if context.options.download_only:
                    break
                with timed("plan"):
                    draft = _lock(context, planned)
                swapped = swap(area, planned, staged, before)
                learned, before = check(area, swapped, exclusions)
                if learned == exclusions:
                    return _report(context, keep(area, swapped), draft)
            exclusions = learned
            with timed("plan"):
                planned = make_plan(context, inventory, looked_up, exclusions)
        with timed("discard"):
            area.transaction.abandon()
        if context.options.download_only:
            return _downloaded(context, planned, staged)
        return _report(context, Installed(planned=planned), _lock(context, planned))


def _downloaded(context: RunContext, planned: Planned, staged: Staged) -> Report:
    """Return the report of a run that stops before the swap: the plan, as for a dry run."""
    context = replace(context, options=replace(context.options, dry_run=True))
    warnings = staged.warnings(planned.plan.changes)
    draft = _lock(context, planned)
    report = _report(context, Installed(planned=planned, warnings=warnings), draft)
    if planned.plan.changes:
        context.progress.note("downloaded and verified, nothing changed; run `pip-update --offline` to install it")
    return report


def _with_lock(context: RunContext) -> RunContext:
    """Return the context with the lock file read, if the run installs from one."""
    if context.options.to is None:
        return context
    from .stages import locked

    return replace(context, lock_to=locked.opened(context))


def _at_hand(context: RunContext, inventory: Inventory, looked_up: LookedUp, planned: Planned) -> Planned:
    """Return the part of a dry run's plan that an offline run could apply."""
    if context.changing or not context.options.cache.offline:
        return planned
    from .stages.at_hand import at_hand

    return at_hand(context, inventory, looked_up, planned)


def _chosen(
    context: RunContext, inventory: Inventory, looked_up: LookedUp, planned: Planned
) -> tuple[RunContext, Planned]:
    """Return the context and the plan for the choice of the user, with ``--interactive``. Raises KeyboardInterrupt."""
    if not context.options.interactive:
        return context, planned
    from .stages.choose import choose

    def plan(context: RunContext) -> Planned:
        return _at_hand(context, inventory, looked_up, make_plan(context, inventory, looked_up, Exclusions()))

    with context.progress.timed("choose"):
        return choose(context, planned, plan)


def _is_to_do(context: RunContext, planned: Planned) -> bool:
    return bool(planned.plan.changes or planned.removals or context.project.rewrites(context, planned))


def _report(context: RunContext, installed: Installed, draft: LockDraft | None) -> Report:
    with context.progress.timed("report"):
        report = _without_stats(context, installed, draft)
    return replace(report, stats=_stats(context))


def _without_stats(context: RunContext, installed: Installed, draft: LockDraft | None) -> Report:
    planned = installed.planned
    for note in (*planned.plan.notes, _about_installers(planned)):
        if note:
            context.progress.warn(note)
    status: Status = "done" if context.changing else "planned"
    outcome = Outcome(
        inventory=planned.inventory,
        pool=planned.pool,
        assignment=planned.assignment,
        plan=planned.plan,
        failures=planned.failures,
        warnings=installed.warnings,
        status=status,
        named=planned.names or frozenset(),
        advice=context.advice,
        removals=frozenset(planned.removals),
        origins=planned.origins,
        changes=installed.changes or _foreseen(context, planned),
    )
    if planned.leftovers and not planned.removals:
        names = ", ".join(planned.leftovers)
        context.progress.note(f"added by earlier updates and no longer required: {names}; use --prune to remove them")
    return Report(
        target=context.target,
        rows=_with_requirers(outcome) if context.options.wants_requirers else rows(outcome),
        failures=(*listed_failures(outcome), *_locked(context, draft)),
        warnings=tuple(context.catalog.unconsulted),
        transaction=installed.transaction,
        dry_run=not context.changing,
        files=context.project.written(context, planned),
        growth=installed.growth,
        unreached=planned.unreached,
        leftovers=tuple(name for name in planned.leftovers if name not in planned.removals),
        running=_running(context) if installed.transaction is not None else (),
    )


def _lock(context: RunContext, planned: Planned) -> LockDraft | None:
    """Return the lock file's draft, if requested, for the environment after the plan. Raises LockRefused."""
    if context.options.lock_file is None:
        return None
    from .project.lock_file import draft

    return draft(context, planned, context.options.lock_file)


def _locked(context: RunContext, drafted: LockDraft | None) -> tuple[Failure, ...]:
    """Rename the draft into place; return what prevents that."""
    if drafted is None:
        return ()
    from .project.lock_file import put

    return put(context, drafted)


def _running(context: RunContext) -> tuple[Running, ...]:
    """Return programs started in the environment before the swap, for the user to restart."""
    from ..environment.running import running_in

    found = running_in(context.target.prefix, context.target.executable)
    if found:
        shown = some([f"{each.command[:60]} (pid {each.pid})" for each in found])
        context.progress.warn(f"still running the old versions: {shown}", hint="restart them")
    return found


def _foreseen(context: RunContext, planned: Planned) -> Mapping[str, Difference]:
    """Return what the new versions of a dry run change, by name."""
    if context.changing or context.options.changes is None:
        return {}
    from .changes import from_index

    return from_index(context, planned)


def _with_requirers(outcome: Outcome) -> tuple[Row, ...]:
    from .requirers import with_requirers

    return with_requirers(rows(outcome), outcome)


def _about_installers(planned: Planned) -> str:
    if not planned.plan.changes:
        return ""
    from .remarks import other_installers

    installed = planned.inventory.by_name()
    return other_installers(installed[each.name] for each in planned.plan.changes if each.name in installed)


def _stats(context: RunContext) -> Stats:
    return context.catalog.counters.stats(
        seconds={**context.progress.seconds, "total": context.progress.elapsed()},
        peak_memory_mb=peak_memory_mb(),
        disk=context.disk.use() if context.disk else None,
    )


def peak_memory_mb() -> float | None:
    """Return the peak resident memory of this process in MB (10^6 bytes); None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def _project(options: Options, settings: Settings) -> NoProject:
    """Return the files that the user named; most runs have none. Raises UsageError."""
    if settings.requirements is None and not options.groups and not options.write:
        return NoProject()
    from .project.files import project_of

    return project_of(options, settings)
