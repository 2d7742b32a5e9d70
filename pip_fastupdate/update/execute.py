"""Carry out a plan: fetch, stage, verify, swap, check. The live environment changes in the swap alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .._pip import build, installer
from ..core.errors import FileConflict, FileInUse, late
from ..core.models import Change, Distribution, Failure, Inventory, Reason, Release
from ..environment import installed_files
from ..transaction import Fingerprint, Transaction
from ..wheels import Installed, WheelStore
from .context import Tools
from .fetch import Delivery, key_of
from .plan import Barred, Carried, Planned, make_plan, remember
from .space import check_room, download_size, growth, places_of
from .standing import broken
from .swap import Bench
from .user_test import Trial, culprits


def carry_out(
    tools: Tools, inventory: Inventory, planned: Planned, fingerprint: Fingerprint, barred: Barred
) -> Carried:
    """Bring the environment from ``inventory`` to the plan, dropping what turns out not to be installable.

    Raises EnvironmentChanged when somebody else changed the environment after ``fingerprint`` was taken, CommandFailed
    when the user's test does. On any exception the environment is as it was, unless that says otherwise.
    """
    trial = Trial(command=tools.options.test, progress=tools.progress) if tools.options.test else None
    if trial is not None:
        trial.before()
    installer.prepare_process()
    with tools.transactions.begin() as transaction, late(lambda: transaction.committed):
        bench = Bench(
            tools=tools,
            inventory=inventory,
            delivery=_delivery(tools, inventory, transaction),
            transaction=transaction,
            fingerprint=fingerprint,
        )
        return _carried(tools, bench, planned, barred, trial)


def _carried(tools: Tools, bench: Bench, planned: Planned, barred: Barred, trial: Trial | None) -> Carried:
    while True:
        planned, barred = deliver(tools, bench.inventory, planned, bench.delivery, barred)
        tools.lock_file.draft(tools, bench.inventory, planned)
        changes = planned.plan.changes
        if not changes and not tools.project.rewrites(tools, bench.inventory, planned):
            bench.transaction.abandon()
            return Carried(planned=planned)
        grown = _growth(bench, changes)
        unfit = broken(bench, planned)
        learned = _without_these(tools, barred, unfit) if unfit else _swap_in(tools, bench, planned, barred, trial)
        if learned == barred:
            bench.transaction.commit(tools.options.keep)
            remember(tools, planned)
            warnings = bench.warnings(changes)
            return Carried(planned=planned, warnings=warnings, transaction=bench.transaction.id, growth=grown)
        barred = learned
        planned = make_plan(tools, bench.inventory, barred)


def _growth(bench: Bench, changes: Sequence[Change]) -> int:
    """To be asked before the swap: then the files are elsewhere."""
    done = bench.delivery.done
    staged = {each.name: done[key_of(each.target)].staged.info for each in changes}
    return growth(changes, bench.inventory.by_name(), staged)


def _swap_in(tools: Tools, bench: Bench, planned: Planned, barred: Barred, trial: Trial | None) -> Barred:
    """``barred`` when the plan is now live and may be kept; else with what speaks against that, and nothing changed."""
    try:
        bench.prepare(planned)
        bench.swap_in(planned)
    except FileConflict as conflict:
        return _without(tools, barred, conflict)
    if trial is None:
        return barred
    return replace(barred, stays={**barred.stays, **_guilty(tools, bench, planned, trial)})


def _without_these(tools: Tools, barred: Barred, unfit: Mapping[str, Failure]) -> Barred:
    """Go on without new versions that the program itself could not be started with."""
    for name, failure in sorted(unfit.items()):
        tools.progress.warn(f"{name} is left as it is: {failure.text}")
    return replace(barred, failures={**barred.failures, **unfit})


def _without(tools: Tools, barred: Barred, conflict: FileConflict) -> Barred:
    """Go on without the distributions whose files are in the way of others'."""
    text = conflict.message.rstrip(".")
    kind = "in-use" if isinstance(conflict, FileInUse) else "file-conflict"
    found = {name: Failure(name=name, kind=kind, text=text) for name in conflict.names}
    if found.keys() <= barred.failures.keys():
        raise conflict
    tools.progress.warn(f"{text}: left as {'it is' if len(found) == 1 else 'they are'}", conflict.hint)
    return replace(barred, failures={**barred.failures, **found})


def _guilty(tools: Tools, bench: Bench, planned: Planned, trial: Trial) -> dict[str, Reason]:
    """By name, which updates make the user's test fail, with all taken back; nothing when it passes.

    Raises CommandFailed when it fails and nobody asked for more.
    """
    if not tools.options.bisect:
        trial.after()
        return {}
    if trial.passes("the updated environment"):
        return {}
    bench.take_back()
    total = len(planned.plan.changes)
    guilty = culprits(planned, lambda part: bench.tried(part, lambda: trial.passes(_part(part, total))))
    for name, reason in sorted(guilty.items()):
        tools.progress.warn(f"{name} {reason.data['version']} {reason.text}: it is left as it is")
    return guilty


def _part(part: Planned, total: int) -> str:
    names = [each.name for each in part.plan.changes]
    shown = ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:4])} and {len(names) - 4} more"
    return f"{len(names)} of {total} changes ({shown})"


def deliver(
    tools: Tools, inventory: Inventory, planned: Planned, delivery: Delivery, barred: Barred
) -> tuple[Planned, Barred]:
    """Stage the plan; where something fails or turns out otherwise, plan again without it, until all is staged."""
    while planned.plan.changes:
        learned = _learn(tools, planned, delivery, barred)
        if learned == barred:
            break
        for name in learned.failures.keys() - barred.failures.keys():
            tools.progress.warn(f"{name} is left as it is: {learned.failures[name].text}")
        for name, version in learned.damaged.keys() - barred.damaged.keys():
            tools.progress.warn(f"could not use {name} {version}: {learned.damaged[name, version].text}")
        barred = learned
        planned = make_plan(tools, inventory, barred)
    return planned, barred


def _learn(tools: Tools, planned: Planned, delivery: Delivery, barred: Barred) -> Barred:
    changes = planned.plan.changes
    gone = tools.catalog.revalidate([each.target for each in changes if key_of(each.target) not in delivery.done])
    if gone:
        return replace(barred, failures={**barred.failures, **{each.name: each for each in gone}})
    new = [each for each in changes if key_of(each.target) not in delivery.done]
    check_room(download_size(new), places_of(tools.options.cache.directory, delivery.staging))
    delivery.bring(changes)
    failures = {**barred.failures, **delivery.failures}
    staged = [each for each in changes if each.name not in failures and key_of(each.target) in delivery.done]
    stays = dict(barred.stays)
    if tools.options.strict:
        stays.update(_strict(delivery, staged))
    corrections = {**barred.corrections, **delivery.corrections(staged, planned.world)}
    damaged = {**barred.damaged, **delivery.damaged}
    return Barred(failures=failures, stays=stays, corrections=corrections, damaged=damaged)


def _strict(delivery: Delivery, changes: list[Change]) -> dict[str, Reason]:
    return {
        name: Reason(kind="strict", text="; ".join(each.text for each in reasons))
        for name, reasons in delivery.warnings(changes).items()
    }


def _delivery(tools: Tools, inventory: Inventory, transaction: Transaction) -> Delivery:
    directory, installed = tools.options.cache.directory, inventory.by_name()
    return Delivery(
        store=WheelStore(
            directory=directory,
            transport=tools.catalog.transport,
            offline=tools.options.cache.offline,
            temporary=transaction.staging.parent / "wheels",
        ),
        staging=transaction.staging,
        jobs=tools.settings.network.jobs,
        progress=tools.progress,
        installed=_installed(installed),
        owners=installed_files.script_owners(inventory),
        wants_bytecode=_bytecode(tools, installed),
        user_site=_user_site(installed),
        build=lambda release, path: _build(tools, transaction, release, path),
    )


def _installed(installed: Mapping[str, Distribution]) -> Callable[[str], Installed | None]:
    def before(name: str) -> Installed | None:
        distribution = installed.get(name)
        if distribution is None:
            return None
        return Installed(
            files=installed_files.recorded_files(distribution), scripts=installed_files.console_scripts(distribution)
        )

    return before


def _bytecode(tools: Tools, installed: Mapping[str, Distribution]) -> Callable[[str], bool]:
    """Keep what the environment has: an addition is compiled where most of the replaced ones were."""
    wish = tools.options.bytecode
    if wish != "keep":
        return lambda name: wish == "compile"
    if not tools.settings.compile:
        return lambda name: False

    def wanted(name: str) -> bool:
        distribution = installed.get(name)
        return (
            installed_files.has_bytecode(distribution) if distribution else installed_files.mostly_bytecode(installed)
        )

    return wanted


def _user_site(installed: Mapping[str, Distribution]) -> Callable[[str], bool]:
    everywhere = bool(installed) and all(each.user_site for each in installed.values() if each.skip is None)
    return lambda name: installed[name].user_site if name in installed else everywhere


def _build(tools: Tools, transaction: Transaction, release: Release, path: Path) -> Path:
    folder = transaction.staging.parent / "wheels" / f"built-{release.name}"
    folder.mkdir(parents=True, exist_ok=True)
    return build.build_wheel(path, folder, tools.configuration.arguments)
