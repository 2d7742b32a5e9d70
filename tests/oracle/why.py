"""Whether the reasons of a hold are so: without what they name, the version has to be possible."""

from __future__ import annotations

from dataclasses import replace

from pip_fastupdate.core.models import Hold
from pip_fastupdate.resolver.explain import holds
from pip_fastupdate.resolver.search import Wishes, best_assignment

from .judge import Judge, number
from .worlds import Plain

NAMING = frozenset({"required-by", "requires", "requires-missing", "direct-url"})
"""Kinds of reasons that name a requirement."""


def fault(plain: Plain) -> str:
    """What is wrong with the reasons; "" when nothing is."""
    pool = plain.pool()
    solution = best_assignment(pool, Wishes(names=plain.named))
    mine = {name: str(each.version) for name, each in solution.assignment.items()}
    asked = plain.named or plain.installed.keys()
    for hold in holds(pool, solution.assignment, [name for name in asked if name not in plain.stays]):
        wrong = _wrong(plain, mine, hold)
        if wrong:
            return f"{hold.name} {hold.latest}: {wrong}; {[each.text for each in hold.reasons]}"
    return ""


def _wrong(plain: Plain, mine: dict[str, str], hold: Hold) -> str:
    named = {
        (each.data["by"], each.data["by_version"], each.data["requirement"])
        for each in hold.reasons
        if each.kind in NAMING
    }
    if not named:
        return "" if all(each.kind == "metadata" for each in hold.reasons) else "names no requirement"
    releases = {
        name: {
            version: _without(texts, {text for *by, text in named if by == [name, version]})
            for version, texts in all_.items()
        }
        for name, all_ in plain.releases.items()
    }
    if all(releases[name][version] == plain.releases[name][version] for name, version, _ in named):
        return "names a requirement that is none"
    judge, without = Judge(plain), Judge(replace(plain, releases=releases))
    without.__dict__["unmet_today"] = judge.unmet_today
    kept = {
        name: min(number(mine[name]), number(judge.newest(name))) for name in plain.installed
    }  # early ones are a gift
    for choice in without.choices():
        if number(choice[hold.name]) == hold.latest and all(number(choice[name]) >= kept[name] for name in kept):
            return ""
    return "without what is named, it is still not possible"


def _without(texts: tuple[str, ...], gone: set[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if text.partition(";")[0].strip() not in gone)
