"""One measured run of a command, and the figures of several."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of a tool cost and brought about."""

    seconds: float
    """Wall time from the start of the process to its end."""

    cpu_seconds: float
    peak_bytes: int
    """Peak resident memory of the process, or of the largest of its children."""

    exit_code: int
    requests: int | None = None
    received_bytes: int | None = None
    found: int | None = None
    """How many updates it found or installed: that all did the same work."""

    swap_seconds: float | None = None
    """Between the first and the last change to site-packages, by the file system's own times."""

    stages: Mapping[str, float] = field(default_factory=dict)
    """Seconds of each stage, where the tool tells."""

    problems: int | None = None
    """What ``pip check`` finds afterwards."""

    load: float | None = None
    """Processes that wanted a core in the minute before: how quiet the machine was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run's raw figures with its output."""

    run: Run
    stdout: str
    stderr: str


def measure(command: Sequence[str], variables: Mapping[str, str], folder: Path, *, timeout: float = 900.0) -> Finished:
    """Run ``command`` (its first word an absolute path) and take its time; TimeoutExpired after ``timeout`` seconds."""
    result = folder / "measured"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    launch = [sys.executable, "-S", "-E", str(LAUNCHER), str(result), "--", *command]
    subprocess.run(launch, env=dict(variables), cwd=folder, check=True, timeout=timeout)
    seconds, cpu, peak, code = result.read_text().split()
    run = Run(seconds=float(seconds), cpu_seconds=float(cpu), peak_bytes=int(peak), exit_code=int(code), load=load)
    output = [result.with_suffix(each).read_text(encoding="utf-8", errors="replace") for each in (".out", ".err")]
    return Finished(run=run, stdout=output[0], stderr=output[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The runs of one tool in one case."""

    tool: str
    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        """Median wall time."""
        return median(each.seconds for each in self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        """The fastest and the slowest run, in seconds."""
        times = [each.seconds for each in self.runs]
        return min(times), max(times)

    @property
    def peak_mb(self) -> float:
        """Median peak memory in MiB."""
        return median(each.peak_bytes for each in self.runs) / 1024**2

    @property
    def swap_seconds(self) -> float | None:
        """Median time between the first and the last change to site-packages."""
        times = [each.swap_seconds for each in self.runs if each.swap_seconds is not None]
        return median(times) if times else None

    def stage(self, name: str) -> float | None:
        """Median seconds of a stage, where the tool tells."""
        times = [each.stages[name] for each in self.runs if name in each.stages]
        return median(times) if times else None
