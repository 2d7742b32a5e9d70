"""Every choice of a small world, tried."""

from __future__ import annotations

from pip_fastupdate.resolver.search import Search, Wishes, best_assignment

from .judge import Judge
from .worlds import Plain


def ranked(plain: Plain) -> list[str]:
    """The installed names in the planner's order: who goes first among equals is its to say."""
    search = Search(pool=plain.pool(), wishes=Wishes(names=plain.named))
    search.prepare()
    return sorted(plain.installed, key=search.rank.__getitem__)


def fault(plain: Plain) -> str:
    """What is wrong with the planner's choice; "" when no choice is better."""
    judge = Judge(plain)
    solution = best_assignment(plain.pool(), Wishes(names=plain.named))
    mine = {name: str(each.version) for name, each in solution.assignment.items()}
    if solution.gave_up:
        return f"gave up on {sorted(solution.gave_up)}"
    if not judge.consistent(mine):
        return f"inconsistent: {mine}"
    if judge.needless(mine):
        return f"needless additions: {mine}"
    order = ranked(plain)
    value = judge.value(mine, order)
    for other in judge.choices():
        if judge.value(other, order) > value and judge.early(other) <= judge.early(mine) and not judge.needless(other):
            return f"chose {mine}, better is {other}"
    return ""
