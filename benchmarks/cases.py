"""What is measured on the generated index, and the goals that are read off it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .measure import Figures
from .tools import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to measure."""

    key: str
    title: str
    """With ``{size}``: the number of distributions."""

    job: Job
    sizes: tuple[int, ...]
    cold: bool = True
    """Whether all caches are removed before every run; else they are filled before the first."""

    options: tuple[str, ...] = ()
    """Further options of pip-update."""

    pause: float = 0.0
    """Seconds before every run, in which caches grow old."""

    peers: tuple[str, ...] = ("uv", "pip", "pip-review")
    """Without pip-update."""


CASES = {
    case.key: case
    for case in (
        Case(key="outdated", title="what is outdated, {size} distributions, cold", job="outdated", sizes=(1000,)),
        Case(
            key="warm",
            title="what is outdated, {size} distributions, again",
            job="outdated",
            sizes=(1000,),
            cold=False,
            peers=("uv", "pip"),
        ),
        Case(
            key="stale",
            title="what is outdated, {size} distributions, cache past its TTL",
            job="outdated",
            sizes=(1000,),
            cold=False,
            options=("--cache-ttl=1",),
            pause=1.5,
            peers=("uv",),
        ),
        Case(
            key="update",
            title="update {size} distributions, cold",
            job="update",
            sizes=(200,),
            peers=("uv", "pip", "pip-review"),
        ),
        Case(
            key="second",
            title="update {size} distributions in a second environment",
            job="update",
            sizes=(200,),
            cold=False,
            peers=("uv", "pip"),
        ),
        Case(
            key="bytecode",
            title="update {size} distributions and compile them, cold",
            job="update and compile",
            sizes=(200,),
            peers=("uv", "pip"),
        ),
        Case(
            key="bytecode-second",
            title="update {size} distributions and compile them in a second environment",
            job="update and compile",
            sizes=(200,),
            cold=False,
            peers=("uv", "pip"),
        ),
        Case(
            key="nothing",
            title="nothing to do, {size} distributions, warm (the others: list)",
            job="nothing",
            sizes=(70,),
            cold=False,
            peers=("pip", "uv"),
        ),
        Case(
            key="scale",
            title="what is outdated, {size} distributions, cold",
            job="outdated",
            sizes=(1000, 5000),
            peers=("uv",),
        ),
    )
}

REAL = ("update", "second", "bytecode", "bytecode-second")
"""Cases that a real environment can be measured in, too."""

Results = Mapping[tuple[str, int], Mapping[str, Figures]]
"""The figures of each tool in each (case, size)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A limit, and what was measured; ``value`` None where it was not."""

    key: str
    text: str
    limit: float
    value: float | None

    @property
    def reached(self) -> bool:
        """Whether the value is within the limit."""
        return self.value is not None and self.value <= self.limit


def goals(results: Results) -> list[Goal]:
    """The goals that these results can tell something about."""
    made = [
        Goal(key="P1", text="outdated, 1000, cold: time / uv's", limit=0.8, value=_ratio(results, "outdated", 1000)),
        Goal(key="P2", text="outdated, 1000, warm: time / uv's", limit=0.3, value=_ratio(results, "warm", 1000)),
        Goal(key="P2", text="outdated, 1000, warm: requests", limit=0, value=_requests(results, "warm", 1000)),
        Goal(key="P3", text="cache past its TTL: time / uv's warm", limit=0.9, value=_ratio(results, "stale", 1000)),
        Goal(key="P5", text="update 200: time / uv's", limit=1.0, value=_ratio(results, "update", 200)),
        Goal(key="P5", text="update 200: time / pip's", limit=0.2, value=_ratio(results, "update", 200, "pip")),
        Goal(key="P6", text="swap of 200: seconds", limit=0.5, value=_own(results, "update", 200, _swap)),
        Goal(key="P7", text="nothing to do: time / pip list's", limit=0.8, value=_ratio(results, "nothing", 70, "pip")),
        Goal(key="P8", text="outdated, 1000, cold: MB", limit=100, value=_own(results, "outdated", 1000, _peak)),
        Goal(key="P9", text="5000 / 1000: time", limit=5.5, value=_growth(results, lambda each: each.seconds)),
        Goal(key="P9", text="5000 / 1000: memory", limit=1.5, value=_growth(results, _peak)),
        Goal(key="P10", text="plan of 200: seconds", limit=0.5, value=_own(results, "update", 200, _plan)),
    ]
    made += [goal for key in results for goal in (*_ratio_goals(results, key), *_update_goals(results, key))]
    return [each for each in made if each.value is not None]


_RATIOS = {
    "update": ("P4", {"uv": 1.0, "pip": 0.3}),
    "second": ("P11", {"uv": 0.7}),
    "bytecode": ("P12", {"pip": 0.3, "uv": 0.8}),
    "bytecode-second": ("P12", {"pip": 0.1, "uv": 0.3}),
}
"""By case, what an update may take of a peer's time; P4 is about real environments alone."""


def real_key(name: str, case: Case) -> str:
    """What the results of a real environment are kept under."""
    return name if case.key == "update" else f"{name}:{case.key}"


def case_of(key: str) -> tuple[str | None, str]:
    """The real environment that results are of, None for a generated one, and the key of their case."""
    if key in CASES:
        return None, key
    name, _, case = key.partition(":")
    return name, case or "update"


def _ratio_goals(results: Results, key: tuple[str, int]) -> list[Goal]:
    name, case = case_of(key[0])
    if case not in _RATIOS or (name is None and case == "update"):
        return []
    goal, limits = _RATIOS[case]
    text = f"{name or 'generated'}, {case}: time"
    return [
        Goal(key=goal, text=f"{text} / {peer}'s", limit=limits[peer], value=_ratio(results, *key, peer))
        for peer in limits
    ]


def _update_goals(results: Results, key: tuple[str, int]) -> list[Goal]:
    """Of an update: the part of its time that no stage names, and its memory if it is a real one."""
    name, case = case_of(key[0])
    if case not in REAL:
        return []
    unnamed = Goal(
        key="P13", text=f"{name or 'generated'}, {case}: time unnamed", limit=0.03, value=_own(results, *key, _unnamed)
    )
    peak = Goal(key="P14", text=f"{name}, {case}: MB", limit=100, value=_own(results, *key, _peak))
    return [unnamed] if name is None else [unnamed, peak]


def _unnamed(figures: Figures) -> float | None:
    shares = [
        1 - sum(seconds for stage, seconds in each.stages.items() if stage != "total") / each.stages["total"]
        for each in figures.runs
        if each.stages.get("total")
    ]
    return max(shares, default=None)


def _peak(figures: Figures) -> float:
    return figures.peak_mb


def _swap(figures: Figures) -> float | None:
    return figures.swap_seconds


def _plan(figures: Figures) -> float | None:
    return figures.stage("plan")


def _own(results: Results, key: str, size: int, what: Callable[[Figures], float | None]) -> float | None:
    figures = results.get((key, size), {}).get("pip-update")
    return what(figures) if figures else None


def _ratio(results: Results, key: str, size: int, peer: str = "uv") -> float | None:
    figures = results.get((key, size), {})
    if "pip-update" not in figures or peer not in figures:
        return None
    return figures["pip-update"].seconds / figures[peer].seconds


def _requests(results: Results, key: str, size: int) -> float | None:
    figures = results.get((key, size), {}).get("pip-update")
    return max((each.requests or 0 for each in figures.runs), default=None) if figures else None


def _growth(results: Results, what: Callable[[Figures], float]) -> float | None:
    small, large = (results.get(("scale", size), {}).get("pip-update") for size in (1000, 5000))
    return what(large) / what(small) if small and large else None
