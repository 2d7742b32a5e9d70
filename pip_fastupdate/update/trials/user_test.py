"""Run the user's --test command, and bisect the upgrades that make it fail.

The command runs once before anything is downloaded, because a test that fails then cannot judge the update, and again
after the swap, before the commit. It runs in the user's shell, with its working directory and environment variables
plus PYTHONDONTWRITEBYTECODE: a rollback must restore every byte. Its output goes to standard error. It gets no standard
input, so that every run has the same result.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ...core.errors import CommandFailed
from ...core.models import Change, Reason
from ...core.protocols import Progress
from ...resolver.candidates import Assignment, CandidatePool
from ..results import Planned

GRACE = 5.0
"""Seconds an interrupted command gets to exit."""

if TYPE_CHECKING:
    import subprocess

Names = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTest:
    """The user's command."""

    command: str
    progress: Progress

    def before(self) -> None:
        """Run it in the current environment. Raises CommandFailed."""
        code = self.run("the current environment")
        if code:
            raise CommandFailed(
                f"the test {_ended(code)} before the update, so it cannot judge the update",
                hint="make it pass first, or run without --test",
            )

    def after(self) -> None:
        """Run it in the updated environment. Raises CommandFailed, which rolls everything back."""
        code = self.run("the updated environment")
        if code:
            raise CommandFailed(
                f"the test {_ended(code)} after the update; the update was rolled back",
                hint="use --bisect to find the upgrades that break it and keep the others",
            )

    def passes(self, what: str) -> bool:
        """Run it and report how it ended."""
        code = self.run(what)
        self.progress.note(f"the test {_ended(code)}" if code else "the test passed")
        return code == 0

    def run(self, what: str) -> int:
        """Return the exit code of the command; negative if a signal ended its shell."""
        self.progress.note(f"testing {what}: {self.command}")
        with self.progress.stage("test"):
            return _run(self.command)


def _run(command: str) -> int:
    import subprocess

    from ...core.waiting import exit_code

    apart = os.name != "nt" and not _in_foreground()
    with subprocess.Popen(  # noqa: S602 - a line for the user's shell, written by the user
        command,
        shell=True,
        start_new_session=apart,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if sys.stderr is None else sys.stderr.fileno(),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    ) as process:
        try:
            return exit_code(process)
        except BaseException:
            if apart:
                _end_session(process)
            else:
                _end(process)
            raise


def _in_foreground() -> bool:
    """Return whether a terminal sends its Ctrl-C and its hang-up to our child processes, too.

    Then they stay in our process group, as with nox and tox. Otherwise, as in CI, signals reach nobody but us.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """Ask the shell and what it has started to end, and kill those that do not."""
    until = time.monotonic() + GRACE
    with suppress(OSError):  # all have ended
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < until:
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, and kill it if it does not.

    On Windows the shell's end would leave its child processes with open files: the whole group is asked.
    """
    import subprocess

    process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        if os.name == "nt":
            tool = os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")  # noqa: PTH118
            subprocess.run([tool, "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)  # noqa: S603
        process.kill()


def _ended(code: int) -> str:
    return f"failed with exit code {code}" if code > 0 else f"was killed by signal {-code}"


@dataclass(kw_only=True)
class Parts:
    """The parts of a plan that are consistent by themselves, each with the versions of the plan."""

    planned: Planned
    _closed: dict[Names, Names] = field(default_factory=dict)

    @cached_property
    def changes(self) -> Mapping[str, Change]:
        """The plan's changes by name."""
        return {each.name: each for each in self.planned.plan.changes}

    def part(self, names: Names) -> Planned:
        """Return the plan with the changes of these names only."""
        changes = tuple(each for each in self.planned.plan.changes if each.name in names)
        return replace(self.planned, plan=replace(self.planned.plan, changes=changes))

    def closed(self, names: Names) -> Names:
        """Return the smallest consistent part that contains ``names``."""
        if names not in self._closed:
            found = names
            while further := self._lacking(found):
                found |= further
            self._closed[names] = found
        return self._closed[names]

    def _lacking(self, names: Names) -> Names:
        """Return the changes that must accompany ``names``: for each conflict, the end that is not included yet."""
        pool, assignment = self.planned.pool, self.planned.assignment
        trial = {**pool.installed, **{name: assignment[name] for name in names}}
        rest = self.changes.keys() - names
        at_odds = _at_odds(pool, trial)
        return frozenset(at_odds & rest) or frozenset(rest if at_odds else ())

    def steps(self) -> list[Names]:
        """Return ever larger parts, from nothing to the whole plan, in steps as small as the requirements allow.

        Packages the user asked for come early, each with its requirements: what comes early is more likely kept.
        """
        found: list[Names] = [frozenset()]
        for name in self._in_order():
            larger = self.closed(found[-1] | {name})
            if larger != found[-1]:
                found.append(larger)
        return found

    def _in_order(self) -> Iterable[str]:
        wished = sorted(self.changes.values(), key=lambda each: (not each.requested, *self._weight(each.name)))
        for change in wished:
            yield from sorted(self.closed(frozenset((change.name,))), key=self._weight)

    def _weight(self, name: str) -> tuple[int, str]:
        return (len(self.closed(frozenset((name,)))), name)


def _at_odds(pool: CandidatePool, assignment: Assignment) -> set[str]:
    return {name for each in pool.problems(assignment) for name in (each.parent.name, each.dependency.name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bisection:
    """Binary search for the smallest step from a passing part of the plan to a failing one.

    Nothing is known to pass, the whole plan to fail.
    """

    parts: Parts
    steps: tuple[Names, ...]
    passing: int
    """Index of the largest step known to pass."""

    failing: int
    """Index of the smallest step known to fail."""

    @classmethod
    def of(cls, planned: Planned) -> Bisection:
        """Return the search in a plan before any attempt."""
        parts = Parts(planned=planned)
        steps = tuple(parts.steps())
        return cls(parts=parts, steps=steps, passing=0, failing=len(steps) - 1)

    @property
    def next(self) -> Planned | None:
        """The part to try next; None if the search is over."""
        return self.parts.part(self.steps[self._middle]) if self.failing - self.passing > 1 else None

    @property
    def _middle(self) -> int:
        return (self.passing + self.failing) // 2

    def after(self, verdict: bool | None) -> Bisection:
        """Return the search after an attempt: it passed, failed, or (None) cannot be swapped in by itself."""
        middle = self._middle
        if verdict is None:
            steps = (*self.steps[:middle], *self.steps[middle + 1 :])
            return replace(self, steps=steps, failing=self.failing - 1)
        return replace(self, passing=middle) if verdict else replace(self, failing=middle)

    @property
    def failing_updates(self) -> dict[str, Reason]:
        """Return why the failing upgrades must stay, by name, once the search is over."""
        step = self.steps[self.failing] - self.steps[self.passing]
        return {name: _reason(self.parts.changes, name, step) for name in step}


def _reason(changes: Mapping[str, Change], name: str, together: Names) -> Reason:
    data = {"version": str(changes[name].target.version)}
    others = sorted(together - {name})
    if others:
        data["with"] = ", ".join(f"{each} {changes[each].target.version}" for each in others)
    return Reason(kind="fails-test", text="fails your test", data=data)
