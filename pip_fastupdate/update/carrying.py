"""Carry out a plan: fetch, stage, verify, swap, check. The live environment changes in the swap alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from .. import report
from .._pip import building, environment, preload, records, staging
from ..errors import TransactionError
from ..models import Change, Distribution, Inventory, Reason, Release
from ..transaction import Fingerprint, Replacement, Transaction
from ..wheels import Installed, WheelStore
from ..world import World
from .delivery import Delivery, key_of
from .planning import Barred, Carried, Planned, make_plan
from .tools import Tools


def carry_out(
    tools: Tools, inventory: Inventory, planned: Planned, fingerprint: Fingerprint, barred: Barred
) -> Carried:
    """Bring the environment from ``inventory`` to the plan, dropping what turns out not to be installable.

    Raises EnvironmentChanged when somebody else changed the environment after ``fingerprint`` was taken.
    On any exception the environment is as it was.
    """
    staging.prepare_process()
    with tools.transactions.begin() as transaction:
        delivery = _delivery(tools, inventory, transaction)
        planned = deliver(tools, inventory, planned, delivery, barred)
        changes = planned.plan.changes
        if not changes:
            transaction.abandon()
            return Carried(planned=planned)
        preload.import_everything()
        report.preload(sys.stdout, format=tools.options.format)
        _prepare(inventory, changes, delivery, transaction, fingerprint)
        with tools.progress.stage("swap", len(changes)):
            transaction.swap(tools.progress)
        with tools.progress.stage("check"):
            check(tools, planned)
        transaction.commit(tools.options.keep)
        return Carried(planned=planned, warnings=delivery.warnings(changes), transaction=transaction.id)


def deliver(tools: Tools, inventory: Inventory, planned: Planned, delivery: Delivery, barred: Barred) -> Planned:
    """Stage the plan; where something fails or turns out otherwise, plan again without it, until all is staged."""
    while planned.plan.changes:
        learned = _learn(tools, planned, delivery, barred)
        if learned == barred:
            return planned
        for name in learned.failures.keys() - barred.failures.keys():
            tools.progress.warn(f"{name} is left as it is: {learned.failures[name].text}")
        barred = learned
        planned = make_plan(tools, inventory, barred)
    return planned


def _learn(tools: Tools, planned: Planned, delivery: Delivery, barred: Barred) -> Barred:
    changes = planned.plan.changes
    gone = tools.catalog.revalidate([each.target for each in changes if key_of(each.target) not in delivery.done])
    if gone:
        return replace(barred, failures={**barred.failures, **{each.name: each for each in gone}})
    delivery.bring(changes)
    failures = {**barred.failures, **delivery.failures}
    staged = [each for each in changes if each.name not in failures]
    stays = dict(barred.stays)
    if tools.options.strict:
        stays.update(_strict(delivery, staged))
    corrections = {**barred.corrections, **delivery.corrections(staged, planned.world)}
    return Barred(failures=failures, stays=stays, corrections=corrections)


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
        owners=records.script_owners(inventory),
        wants_bytecode=_bytecode(tools, installed),
        user_site=_user_site(installed),
        build=lambda release, path: _build(tools, transaction, release, path),
    )


def _installed(installed: Mapping[str, Distribution]) -> Callable[[str], Installed | None]:
    def before(name: str) -> Installed | None:
        distribution = installed.get(name)
        if distribution is None:
            return None
        return Installed(files=records.recorded_files(distribution), scripts=records.console_scripts(distribution))

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
        return records.has_bytecode(distribution) if distribution else records.mostly_bytecode(installed)

    return wanted


def _user_site(installed: Mapping[str, Distribution]) -> Callable[[str], bool]:
    everywhere = bool(installed) and all(each.user_site for each in installed.values() if each.skip is None)
    return lambda name: installed[name].user_site if name in installed else everywhere


def _build(tools: Tools, transaction: Transaction, release: Release, path: Path) -> Path:
    folder = transaction.staging.parent / "wheels" / f"built-{release.name}"
    folder.mkdir(parents=True, exist_ok=True)
    return building.build_wheel(path, folder, tools.configuration.arguments)


def _prepare(
    inventory: Inventory,
    changes: tuple[Change, ...],
    delivery: Delivery,
    transaction: Transaction,
    fingerprint: Fingerprint,
) -> None:
    installed = inventory.by_name()
    moving = {change.name for change in changes}
    replacements = [
        Replacement(
            name=change.name,
            before=str(change.installed) if change.installed else None,
            after=str(change.target.version),
            old_files=records.installed_files(installed[change.name]) if change.installed else (),
            staged=delivery.done[key_of(change.target)].staged.root,
        )
        for change in changes
    ]
    others = [each for each in inventory.distributions if each.name not in moving]
    transaction.prepare(replacements, kept_files=lambda: _paths(records.owners(others)), fingerprint=fingerprint)


def _paths(owners: Mapping[Path, str]) -> dict[str, str]:
    return {str(path): name for path, name in owners.items()}


def check(tools: Tools, planned: Planned) -> None:
    """A fresh scan must show what was planned, and no problem that was not there before. Raises TransactionError."""
    after = environment.scan(user=tools.settings.user)
    installed = after.by_name()
    wrong = [
        change.name
        for change in planned.plan.changes
        if change.name not in installed or installed[change.name].version != change.target.version
    ]
    if wrong:
        raise TransactionError(f"After the swap {', '.join(wrong)} was not what had been planned; all was put back.")
    before = {each.key for each in planned.world.unmet(planned.world.installed)}
    world = World(inventory=after, source=tools.catalog)
    worse = [each for each in world.unmet(world.installed) if each.key not in before]
    if worse:
        first = worse[0]
        text = f"{first.parent.name} {first.parent.version} requires {first.dependency.text}"
        raise TransactionError(f"After the swap {text}, which is not fulfilled; all was put back.")
