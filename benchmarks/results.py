"""Results on the disk and as a table."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .cases import CASES, Goal, Results, case_of
from .measure import Figures, Run
from .tools import NAMES, Tool

SCHEMA = 1


def save(path: Path, results: Results, tools: Sequence[Tool], settings: Mapping[str, object]) -> None:
    """Write the results beside those of other cases that the file already has."""
    known = json.loads(path.read_text(encoding="utf-8"))["cases"] if path.exists() else []
    new = [_case(key, size, figures, tools, settings) for (key, size), figures in results.items()]
    fresh = {(each["case"], each["size"]) for each in new}
    cases = [each for each in known if (each["case"], each["size"]) not in fresh] + new
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"schema": SCHEMA, "cases": sorted(cases, key=_order)}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _order(case: Mapping[str, Any]) -> tuple[str, int]:
    return case["case"], case["size"]


def _case(
    key: str, size: int, figures: Mapping[str, Figures], tools: Sequence[Tool], settings: Mapping[str, object]
) -> dict[str, Any]:
    return {
        "case": key,
        "size": size,
        "title": title(key, size),
        "when": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "settings": dict(settings),
        "tools": {
            tool.name: {"version": tool.version, **_figures(figures[tool.name])}
            for tool in tools
            if tool.name in figures
        },
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "seconds": round(figures.seconds, 4),
        "peak_mb": round(figures.peak_mb, 1),
        "runs": [asdict(each) for each in figures.runs],
    }


def load(path: Path) -> Results:
    """The results that ``save`` wrote."""
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return {
        (case["case"], case["size"]): {
            name: Figures(tool=name, runs=tuple(Run(**each) for each in said["runs"]))
            for name, said in case["tools"].items()
        }
        for case in cases
    }


def title(key: str, size: int) -> str:
    """The heading of a case."""
    name, case = case_of(key)
    return f"{name}: {CASES[case].title.format(size=size)}" if name else CASES[case].title.format(size=size)


def table(results: Results) -> str:
    """The medians for people, a block for each case."""
    return "\n\n".join(_block(key, size, figures) for (key, size), figures in results.items())


def _block(key: str, size: int, figures: Mapping[str, Figures]) -> str:
    own = figures.get("pip-update")
    lines = [title(key, size)]
    lines += [
        f"  {'':<12}{'median s':>9}{'fastest':>9}{'slowest':>9}{'runs':>6}{'ours/its':>10}{'peak MB':>9}"
        f"{'requests':>10}{'MB':>7}{'updates':>9}{'changing s':>12}{'problems':>10}"
    ]
    return "\n".join(lines + [_line(figures[name], own) for name in NAMES if name in figures])


def _line(figures: Figures, own: Figures | None) -> str:
    run = figures.runs[-1]
    fastest, slowest = figures.spread
    ratio = "" if own is None or own is figures else f"{own.seconds / figures.seconds:.2f}"
    received = "" if run.received_bytes is None else f"{run.received_bytes / 1e6:.1f}"
    swap = "" if figures.swap_seconds is None else f"{figures.swap_seconds:.3f}"
    return (
        f"  {figures.tool:<12}{figures.seconds:9.2f}{fastest:9.2f}{slowest:9.2f}{len(figures.runs):6d}{ratio:>10}"
        f"{figures.peak_mb:9.0f}{_said(run.requests):>10}{received:>7}{_said(run.found):>9}{swap:>12}"
        f"{_said(run.problems):>10}"
    )


def _said(number: int | None) -> str:
    return "" if number is None else str(number)


def goal_table(goals: Sequence[Goal]) -> str:
    """The goals for people, with what was measured."""
    lines = [f"  {'':<5}{'goal':<40}{'at most':>9}{'measured':>10}"]
    for goal in goals:
        mark = "reached" if goal.reached else "MISSED"
        lines.append(f"  {goal.key:<5}{goal.text:<40}{goal.limit:>9g}{goal.value or 0:>10.3g}  {mark}")
    return "\n".join(lines)
