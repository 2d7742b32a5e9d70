"""A report of 300 packages with everything in it, and what an attacker would put in."""

from __future__ import annotations

from dataclasses import replace

from pip_fastupdate.core.models import Difference, Failure, KnownVulnerability, Reason, Report, Row, Running, Stats
from tests.support.reports import report, row

MARKUP = "</script><img src=x onerror=alert(1)><!--"
LINK = "javascript:alert(1)//https://a.test"


def big(count: int = 300) -> Report:
    """A third moves, a third is held by chains, the rest stays."""
    rows = [_row(number) for number in range(count)]
    stats = Stats(requests=312, seconds={"scan": 0.02, "look up": 1.8, "plan": 0.4, "fetch": 2.2, "swap": 0.1})
    told = report(*rows, failures=_FAILURES, warnings=(f"an index says {MARKUP}",), stats=stats)
    return replace(told, growth=3_000_000, running=(Running(pid=1, command=MARKUP),), leftovers=("p001",))


_FAILURES = (Failure(name="broken", kind="hash", text=f"not what the index says: {MARKUP}", version="2"),)


def _row(number: int) -> Row:
    name, kind = f"p{number:03}", number % 3
    required = ((f"p{number - 3:03}", f"{name}<2"),) if number > 2 else ()
    if kind == 0:
        level = ("patch", "minor", "major", "calendar")[number % 4]
        moved = replace(row(name, "1.0", "2.0", "2.0", "upgrade"), level=level, size=10_000 * (number + 1), direct=True)
        return replace(moved, uploaded="2026-10-01T00:00:00Z", **(_extras() if number % 30 == 0 else {}))
    if kind == 1:
        by = f"p{number - 3 if number > 30 else 2:03}"
        data = {"by": by, "by_version": "1", "requirement": f"{name}<2"}
        reason = Reason(kind="required-by", text=f"{by} 1 requires {name}<2", data=data)
        return replace(row(name, "1.0", "1.0", "2.0", "hold"), reasons=(reason,), required_by=required)
    return replace(row(name, "1.0", "1.0", "1.0", "current"), required_by=required)


def _extras() -> dict[str, object]:
    change = Difference(
        releases=3,
        links=(("changelog", "https://a.test/?a=1&b=2"), ("source", LINK)),
        requires_added=("new>=1", MARKUP),
        license=("MIT", MARKUP),
        size=("1000", "2000"),
    )
    found = [
        KnownVulnerability(id="X-1", aliases=("C-2",), summary=MARKUP, severity="high", fixed_in="2.0", remains=False),
        KnownVulnerability(id="X-3", summary="known", severity='"><b>', malware=True),
    ]
    return {"changes": change, "vulnerabilities": tuple(found)}
