"""The ninth stage: check that the environment matches the plan and works, and that the user's test passes.

If not, the update is rolled back, and what the next plan must respect is returned.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...core.errors import FileConflict, FileInUse, TransactionError
from ...core.models import Failure, Reason
from ...environment import scan as environment
from ...resolver.candidates import CandidatePool
from ...transaction import Fingerprint
from ..context import RunContext
from ..results import Exclusions, Planned, Swapped
from ..staging_area import StagingArea
from ..trials.user_test import Bisection, UserTest
from .swap import swap, take_back

if TYPE_CHECKING:
    from ...core.reasons import ReasonKind


def check(area: StagingArea, swapped: Swapped, exclusions: Exclusions) -> tuple[Exclusions, Fingerprint]:
    """Return what the next plan must respect, with nothing swapped in; ``exclusions`` unchanged if the update can stay.

    Also return the fingerprint of the environment without the update. Raises TransactionError if the environment does
    not match the plan, and CommandFailed if the user's test fails without bisection: both roll the update back.
    """
    if swapped.conflict is not None:
        return _without(area.context, swapped.conflict, exclusions), swapped.before
    _check_installed(area.context, swapped.planned)
    test = user_test(area.context)
    if test is None:
        return exclusions, swapped.before
    if not area.context.options.bisect:
        test.after()
        return exclusions, swapped.before
    if test.passes("the updated environment"):
        return exclusions, swapped.before
    return _bisect(area, swapped, test, exclusions)


def user_test(context: RunContext) -> UserTest | None:
    """Return the user's test; None without one."""
    return UserTest(command=context.options.test, progress=context.progress) if context.options.test else None


def check_before(context: RunContext) -> None:
    """Run the user's test before anything is downloaded. Raises CommandFailed."""
    test = user_test(context)
    if test is not None:
        test.before()


def _without(context: RunContext, conflict: FileConflict, exclusions: Exclusions) -> Exclusions:
    """Exclude the distributions whose files conflict. Raises ``conflict`` if they are excluded already."""
    text = conflict.message
    kind: ReasonKind = "in-use" if isinstance(conflict, FileInUse) else "file-conflict"
    found = {name: Failure(name=name, kind=kind, text=text) for name in conflict.names}
    if found.keys() <= exclusions.failures.keys():
        raise conflict
    context.progress.warn(f"{text}; leaving {'it' if len(found) == 1 else 'them'} unchanged", conflict.hint)
    return replace(exclusions, failures={**exclusions.failures, **found})


def _check_installed(context: RunContext, planned: Planned) -> None:
    """Check that a fresh scan shows what was planned and no new problem. Raises TransactionError."""
    with context.progress.stage("check"):
        _compare(context, planned)


def _compare(context: RunContext, planned: Planned) -> None:
    after = environment.scan(user=context.settings.user)
    installed = after.by_name()
    wrong = [
        change.name
        for change in planned.plan.changes
        if change.name not in installed or installed[change.name].version != change.target.version
    ]
    wrong += [name for name in planned.removals if name in installed]
    if wrong:
        raise TransactionError(
            f"not at the planned version after the update: {', '.join(wrong)}; the update was rolled back"
        )
    before = {each.key for each in planned.pool.unmet(planned.pool.installed)}
    pool = CandidatePool(inventory=after, source=context.catalog)
    worse = [each for each in pool.unmet(pool.installed) if each.key not in before]
    if worse:
        first = worse[0]
        raise TransactionError(f"unsatisfied requirement after the update: {first.text}; the update was rolled back")


def _bisect(
    area: StagingArea, swapped: Swapped, test: UserTest, exclusions: Exclusions
) -> tuple[Exclusions, Fingerprint]:
    """Find the upgrades that make the test fail, by swapping in parts of the plan and rolling them back."""
    before = take_back(area, swapped)
    search, total = Bisection.of(swapped.planned), len(swapped.planned.plan.changes)
    while (part := search.next) is not None:
        tried = swap(area, part, swapped.staged, before)
        before = tried.before
        if tried.conflict is not None:
            search = search.after(None)
            continue
        _check_installed(area.context, part)
        search = search.after(test.passes(_described(part, total)))
        before = take_back(area, tried)
    failing: dict[str, Reason] = search.failing_updates
    for name, reason in sorted(failing.items()):
        area.context.progress.warn(f"{name} {reason.data['version']} {reason.text}; leaving {name} unchanged")
    return replace(exclusions, stays={**exclusions.stays, **failing}), before


def _described(part: Planned, total: int) -> str:
    names = [each.name for each in part.plan.changes]
    shown = ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:4])} and {len(names) - 4} more"
    return f"{len(names)} of {total} changes ({shown})"
