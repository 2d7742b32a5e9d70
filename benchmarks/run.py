"""Runs the cases: every tool in turn, round after round, in the same environment on the same index."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.environments import Env, Templates, installed, pip_check, variables

from .cases import Case
from .environments import Pristine, Waste, changed_during, installed_environment, listed_environment
from .index import Index, make_index
from .measure import Figures, Run, measure
from .nginx import Nginx, serve
from .tools import UPDATES, Tool, count_found, find_tools, review_folder, stages_of

OWN = "pip-update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How it is measured."""

    work: Path
    rounds: int = 5
    latency: float = 0.05
    """Seconds that the index takes for each answer."""

    bandwidth: float | None = None
    """Bytes a second of each connection."""

    patience: float = 30.0
    """Seconds: a peer whose first run takes longer is measured once only."""

    tools: tuple[str, ...] = ("pip-update", "uv", "pip", "pip-review")
    port: int = 8765

    @property
    def waste(self) -> Waste:
        """Takes what the runs leave behind."""
        return Waste(self.work)


@dataclass(slots=True, kw_only=True)
class _Bench:
    """One case, ready to be run."""

    case: Case
    settings: Settings
    index: Index
    env: Env
    server: Nginx
    pristine: Pristine | None

    @property
    def cache(self) -> Path:
        return self.settings.work / "caches"

    def once(self, tool: Tool) -> Run:
        """One run of ``tool`` with all that belongs to it. ``ToolFailed`` when it does not do its work."""
        self._prepare()
        names = [each.name for each in self.index.world]
        command = tool.command(self.case.job, self.env, self.server.index_url, self.cache, names)
        command += self.case.options if tool.name == "pip-update" else ()
        extra = review_folder(self.settings.work) if tool.name == "pip-review" else {}
        self.server.traffic()
        since = time.time()
        done = measure(command, variables(self.env, index=self.server.index_url, env_vars=extra), self.settings.work)
        if done.run.exit_code not in tool.expected:
            last = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise ToolFailed(f"{tool.name} ended with {done.run.exit_code}: {' / '.join(last)}")
        traffic = self.server.traffic()
        return replace(
            done.run,
            requests=traffic.requests,
            received_bytes=traffic.bytes,
            found=self._updated() if self.pristine else count_found(tool, self.case.job, done.stdout),
            swap_seconds=changed_during(self.env, since) if self.pristine else None,
            stages=stages_of(tool, done.stdout),
            problems=len(pip_check(self.env)) if self.pristine else None,
        )

    def _prepare(self) -> None:
        if self.case.cold:
            self.settings.waste.take(self.cache)
            self.settings.waste.take(self.env.cache)
        if self.pristine:
            self.pristine.restore()
        time.sleep(self.case.pause)

    def _updated(self) -> int:
        now = installed(self.env)
        return sum(now.get(each.name) == each.latest for each in self.index.world)


class ToolFailed(Exception):
    """A tool did not do its work; the text says how it ended."""


def run_case(case: Case, size: int, settings: Settings) -> dict[str, Figures]:
    """Measure every tool in one case; a tool that fails is told on standard error and left out."""
    with _ready(case, size, settings) as bench:
        tools = [each for each in find_tools(settings.tools) if each.name in ("pip-update", *case.peers)]
        return alternate(bench.once, tools, settings.rounds, settings.patience, warm_up=not case.cold)


def alternate(
    once: Callable[[Tool], Run], tools: Sequence[Tool], rounds: int, patience: float, *, warm_up: bool
) -> dict[str, Figures]:
    """Run the tools in turn, each round beginning with another one."""
    runs: dict[str, list[Run]] = {each.name: [] for each in tools}
    left = list(tools)
    for number in range(-1 if warm_up else 0, rounds):
        shift = number % len(left) if left else 0
        for tool in left[shift:] + left[:shift]:
            try:
                run = once(tool)
            except (ToolFailed, subprocess.TimeoutExpired) as error:
                say(f"  {tool.name} is left out: {error}")
                left, runs = [each for each in left if each is not tool], runs | {tool.name: []}
                continue
            if number >= 0:
                runs[tool.name].append(run)
                say(f"  {tool.name:<12}{run.seconds:8.2f} s  {run.peak_bytes / 1024**2:6.0f} MB")
                left = [each for each in left if each is not tool or run.seconds <= patience or tool.name == OWN]
    return {name: Figures(tool=name, runs=tuple(each)) for name, each in runs.items() if each}


@contextmanager
def _ready(case: Case, size: int, settings: Settings) -> Iterator[_Bench]:
    """Make what the case needs, and have it served."""
    say(f"{case.title.format(size=size)}:")
    updates = case.job in UPDATES
    folder = settings.work / f"index-{'wheels' if updates else 'pages'}-{size}"
    index = make_index(folder, size, wheels=updates, port=settings.port)
    templates, path = Templates(settings.work), settings.work / f"env-{case.key}-{size}"
    for each in (path, settings.work / "caches"):
        settings.waste.take(each)
    if updates:
        env = installed_environment(templates, path, index)
    else:
        env = listed_environment(templates, path, index.world, newest=case.job == "nothing")
    pristine = Pristine(env, settings.waste) if updates else None
    with serve(folder, port=settings.port, latency=settings.latency, bandwidth=settings.bandwidth) as server:
        yield _Bench(case=case, settings=settings, index=index, env=env, server=server, pristine=pristine)


def say(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr, flush=True)
