"""One run, in order. Every stage takes and returns small frozen data; this is where they meet."""

from __future__ import annotations

import sys

from .._pip.configuration import Configuration
from ..core.errors import EnvironmentChanged, late
from ..core.models import Inventory, Report, Running, Stats, Status
from ..core.options import Options
from ..environment import guard, scan
from ..progress import Silent
from ..transaction import fingerprint
from .context import Tools, open_tools, transactions_of
from .plan import Barred, Carried, Planned, check_names, look_up, make_plan
from .report_rows import Outcome, listed_failures, rows

TRIES = 3
"""How often a plan is made anew because somebody else changed the environment meanwhile."""


def run(options: Options, configuration: Configuration, progress: Silent) -> Report:
    """Bring the running environment up to date, or say what that would do.

    Raises PipUpdateError when nothing could be done; the environment is then as it was.
    """
    target = scan.target()
    changing = not (options.dry_run or options.check)
    guard.check(configuration.settings, changing=changing)
    with open_tools(options, configuration, target, progress) as tools:
        if changing:
            return _change(tools)
        pending = transactions_of(target).pending()
        if pending:
            progress.warn(pending, hint="the next run that is not a dry run mends this first")
        return _foresee(tools)


def _scan(tools: Tools) -> Inventory:
    target, progress = tools.target, tools.progress
    with progress.stage("scan"):
        inventory = scan.scan(progress.warn, user=tools.settings.user)
        count = len(inventory.distributions)
        progress.note(f"{target.prefix}: Python {target.python}, pip {target.pip}, {count} distributions")
    return inventory


def _foresee(tools: Tools) -> Report:
    inventory = _scan(tools)
    tools = tools.project.bounded(tools, inventory)
    check_names(tools, inventory)
    look_up(tools, inventory)
    planned = make_plan(tools, inventory, Barred())
    tools.lock_file.draft(tools, inventory, planned)
    return _report(tools, inventory, Carried(planned=planned), status="planned")


def _change(tools: Tools) -> Report:
    with tools.transactions.lock(
        tools.options.lock_timeout, lambda: tools.progress.note(_WAITING), tools.progress.warn
    ):
        told = tools.transactions.recover()
        if told:
            tools.progress.warn(told)
        for further in range(TRIES - 1, -1, -1):
            try:
                return _attempt(tools)
            except EnvironmentChanged:
                if not further:
                    raise
                tools.progress.warn("the environment was changed by another program meanwhile: planning again")
    raise AssertionError("the last attempt returns or raises")


_WAITING = "another run is at work on this environment: waiting for it"


def _attempt(tools: Tools) -> Report:
    before = fingerprint(scan.folders())
    inventory = _scan(tools)
    tools = tools.project.bounded(tools, inventory)
    check_names(tools, inventory)
    look_up(tools, inventory)
    planned = make_plan(tools, inventory, Barred())
    tools.lock_file.draft(tools, inventory, planned)
    if not planned.plan.changes and not tools.project.rewrites(tools, inventory, planned):
        return _report(tools, inventory, Carried(planned=planned), status="done")
    from .execute import carry_out

    carried = carry_out(tools, inventory, planned, before, Barred())
    with late(lambda: carried.transaction is not None):
        return _report(tools, inventory, carried, status="done")


def _report(tools: Tools, inventory: Inventory, carried: Carried, *, status: Status) -> Report:
    planned = carried.planned
    for note in (*planned.plan.notes, _about_installers(inventory, planned)):
        if note:
            tools.progress.warn(note)
    outcome = Outcome(
        inventory=inventory,
        world=planned.world,
        assignment=planned.assignment,
        plan=planned.plan,
        failures=planned.failures,
        warnings=carried.warnings,
        status=status,
        named=planned.names or frozenset(),
        advice=tools.advice,
    )
    return Report(
        target=tools.target,
        rows=rows(outcome),
        failures=(*listed_failures(outcome), *tools.lock_file.put(tools)),
        warnings=tuple(tools.catalog.unconsulted),
        transaction=carried.transaction,
        dry_run=status == "planned",
        stats=_stats(tools),
        files=tools.project.written(tools, inventory, planned),
        growth=carried.growth,
        running=_running(tools) if carried.transaction is not None else (),
    )


def _running(tools: Tools) -> tuple[Running, ...]:
    """Programs that were started in the environment before the swap; the user is told to restart them."""
    from ..environment.running import running_in

    found = running_in(tools.target.prefix, tools.target.executable)
    if found:
        some = ", ".join(f"{each.command[:60]} (pid {each.pid})" for each in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        tools.progress.warn(f"still running with the former versions: {some}{more}", hint="restart these")
    return found


def _about_installers(inventory: Inventory, planned: Planned) -> str:
    if not planned.plan.changes:
        return ""
    from .remarks import other_installers

    installed = inventory.by_name()
    return other_installers(installed[each.name] for each in planned.plan.changes if each.name in installed)


def _stats(tools: Tools) -> Stats:
    return tools.catalog.counters.stats(
        seconds={**tools.progress.seconds, "total": tools.progress.elapsed()}, peak_memory_mb=peak_memory_mb()
    )


def peak_memory_mb() -> float | None:
    """Peak resident memory of this process in MB (10^6 bytes); None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6
