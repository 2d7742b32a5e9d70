"""Turns plans and results into the rows of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from ..core.models import (
    Action,
    Change,
    Difference,
    Distribution,
    Failure,
    Hold,
    Inventory,
    KnownVulnerability,
    Plan,
    Reason,
    Release,
    Row,
    Status,
)
from ..core.reasons import OF_NEW_VERSION, Warned
from ..core.text import redact
from ..resolver.candidates import Assignment, CandidatePool
from .held import beyond, latest, newest_blocked
from .source_pinning import newest_on_other_index

if TYPE_CHECKING:
    from .advice.advice import Advice


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A plan, its pool, and how far it was applied."""

    inventory: Inventory
    pool: CandidatePool
    assignment: Assignment
    plan: Plan
    failures: Mapping[str, Failure] = field(default_factory=dict)
    """By name: failures to look up, download, verify or stage."""

    warnings: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    """By name: warnings from the inspection of the new wheel."""

    status: Status = "planned"
    named: frozenset[str] = frozenset()
    changes: Mapping[str, Difference] = field(default_factory=dict)
    """By name: what new versions change."""

    origins: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    """By name: remarks on the origin of new versions."""

    removals: frozenset[str] = frozenset()
    """Names of removed packages that nothing requires any more."""

    advice: Advice | None = None
    """The advisories, if they were read."""

    @cached_property
    def direct(self) -> frozenset[str]:
        """Names the user asked for; if no installer recorded that, those that nothing installed requires."""
        requested = frozenset(each.name for each in self.inventory.distributions if each.requested)
        return requested or self.pool.direct

    @cached_property
    def changing(self) -> dict[str, Change]:
        """The plan's changes by name."""
        return {each.name: each for each in self.plan.changes}

    @cached_property
    def holds(self) -> dict[str, Hold]:
        """The plan's holds by name."""
        return {each.name: each for each in self.plan.holds}


def rows(outcome: Outcome) -> tuple[Row, ...]:
    """Return one row for every distribution of the run, sorted by name."""
    found = [_row(outcome, each) for each in outcome.inventory.distributions if _concerned(outcome, each)]
    found += [_addition(outcome, each) for each in outcome.plan.changes if each.installed is None]
    return tuple(sorted(found, key=lambda row: row.name))


def listed_failures(outcome: Outcome) -> tuple[Failure, ...]:
    """Return the failures that make a run incomplete."""
    return tuple(each for _, each in sorted(outcome.failures.items()) if each.kind not in ("not-found", "offline"))


def _concerned(outcome: Outcome, distribution: Distribution) -> bool:
    name = distribution.name
    told = name in outcome.changing or name in outcome.failures or name in outcome.removals
    if not outcome.named or name in outcome.named or told:
        return True
    return outcome.advice is not None and name in outcome.advice.malware() | outcome.advice.unread()


def _row(outcome: Outcome, distribution: Distribution) -> Row:
    name, installed = distribution.name, distribution.text
    if name in outcome.removals:
        return _removed(outcome, distribution)
    change, hold = outcome.changing.get(name), outcome.holds.get(name)
    on_other_index = newest_on_other_index(outcome.pool, name)
    action, status, reasons = _verdict(outcome, name, change, hold, on_other_index)
    vulnerabilities = _vulnerabilities(outcome, name, change.target.version if change else distribution.version)
    return Row(
        name=name,
        installed=installed,
        target=str(change.target.version) if change else installed,
        latest=latest(outcome.pool, name, hold, on_other_index, change),
        action=action,
        status=status,
        reasons=(*_about(vulnerabilities), *reasons, *_further(outcome, distribution, on_other_index)),
        index=(redact(change.target.index) or None) if change else None,
        direct=name in outcome.direct,
        vulnerabilities=vulnerabilities,
        changes=outcome.changes.get(name),
        **_new(change),
    )


def _removed(outcome: Outcome, distribution: Distribution) -> Row:
    reason = Reason(kind="leftover", text="added by an earlier update and no longer required")
    return Row(
        name=distribution.name,
        installed=distribution.text,
        target=None,
        latest=None,
        action="remove",
        status=outcome.status,
        reasons=(reason,),
        direct=False,
    )


def _new(change: Change | None) -> dict[str, Any]:
    """Return the fields of a row about the new version."""
    if change is None:
        return {}
    from ..policy.level import step

    release = change.target
    level = None if change.installed is None else step(change.installed, release.version, release.uploaded)
    return {"level": level, "uploaded": release.uploaded, "size": release.file.size if release.file else None}


def _vulnerabilities(outcome: Outcome, name: str, after: Version) -> tuple[KnownVulnerability, ...]:
    return outcome.advice.vulnerabilities(name, after) if outcome.advice is not None else ()


def _about(vulnerabilities: Sequence[KnownVulnerability]) -> Iterator[Reason]:
    """Return what the new version fixes and what remains; malware first."""
    for each in sorted(vulnerabilities, key=lambda each: not each.malware):
        if each.ignored:
            continue
        data = {"id": each.id, "severity": each.severity} | ({"fixed_in": each.fixed_in} if each.fixed_in else {})
        also = f" ({', '.join(each.aliases[:2])})" if each.aliases else ""
        if not each.remains:
            yield Reason(kind="fixes", text=f"fixes {each.id}{also}", data=data)
        elif each.malware:
            yield Reason(kind="malware-installed", text=f"MALWARE: {each.id}{also}: {each.summary}", data=data)
        else:
            rated = f", {each.severity}" if each.severity else ""
            kind: Warned = "advisory-unread" if each.unread else "vulnerable"
            text = f"{each.id}{also}{rated}: {each.summary or 'no summary'}; {each.fix}"
            yield Reason(kind=kind, text=text, data=data)


def _further(outcome: Outcome, distribution: Distribution, on_other_index: Release | None) -> Iterator[Reason]:
    """Return remarks in addition to the verdict."""
    yield from distribution.notes
    yield from beyond(outcome.pool, distribution.name, on_other_index)
    change = outcome.changing.get(distribution.name)
    if change is not None:
        yield from _exempt(outcome, change)
        yield from outcome.origins.get(distribution.name, ())
    yield from outcome.warnings.get(distribution.name, ())


def _exempt(outcome: Outcome, change: Change) -> Iterator[Reason]:
    """Return a remark if the new version is too young but exempt as a fix."""
    if outcome.advice is not None and (change.name, change.target.version) in outcome.advice.exempt:
        text = f"{change.target.version} is exempt from the cooldown because it fixes a known vulnerability"
        yield Reason(kind="cooldown-exempt", text=text, data={"version": str(change.target.version)})


def _verdict(
    outcome: Outcome, name: str, change: Change | None, hold: Hold | None, on_other_index: Release | None
) -> tuple[Action, Status, tuple[Reason, ...]]:
    reasons = hold.reasons if hold else ()
    if change is not None:
        older = change.installed is not None and change.target.version < change.installed
        return "downgrade" if older else "upgrade", outcome.status, reasons
    failure = outcome.failures.get(name)
    if failure is not None:
        if failure.kind == "not-found":
            return "skip", "done", (failure.reason,)
        return "hold", "done" if failure.kind == "offline" else "failed", (failure.reason,)
    if name in outcome.pool.stays:
        held = outcome.pool.stays[name].kind in OF_NEW_VERSION
        return "hold" if held else "skip", "done", (outcome.pool.stays[name],)
    stays = hold or on_other_index or any(each.held for each in newest_blocked(outcome.pool, name))
    return ("hold" if stays else "current"), "done", reasons


def _addition(outcome: Outcome, change: Change) -> Row:
    return Row(
        name=change.name,
        installed=None,
        target=str(change.target.version),
        latest=latest(outcome.pool, change.name, None, None, change),
        action="add",
        status=outcome.status,
        reasons=(*_wanted_by(outcome, change.name), *outcome.warnings.get(change.name, ())),
        index=redact(change.target.index) or None,
        direct=False,
        changes=outcome.changes.get(change.name),
        **_new(change),
    )


def _wanted_by(outcome: Outcome, name: str) -> Iterator[Reason]:
    for parent, dependency in outcome.pool.requirements(outcome.assignment):
        if dependency.name == name:
            text = f"required by {parent.name} {parent.version}"
            yield Reason(kind="required-by", text=text, data={"by": parent.name, "by_version": str(parent.version)})
            return
