"""pip, uv and this program killed at random times of the same update: how many environments each leaves broken.

Every kill hits a fresh copy of one environment, at a time drawn uniformly from the duration of an undisturbed run; all
caches are warm, the index is local. Broken is an environment in which ``pip check`` finds a problem, a distribution is
missing or there twice, a file in a RECORD is missing or does not match RECORD, or remains of an uninstallation lie
around. Then the same command runs again, undisturbed, and what is still broken is counted once more.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.support.environments import Env, pip_check, variables

from .real import EPOCH, Real, large

SMALLEST = 0.01
"""Seconds that a process gets at least: before that it is not even there."""


def commands(real: Real) -> dict[str, list[str]]:
    """The same update by each tool; uv only where it is installed."""
    python, url = str(real.env.python), real.index.index_url
    found = {"pip install -U": [python, "-m", "pip", "install", "-q", "-U", "--index-url", url, *real.names]}
    uv = shutil.which("uv")
    if uv is not None:
        asked = ["--python", python, "--default-index", url, *real.names]
        found["uv pip install -U"] = [uv, "pip", "install", "-q", "-U", *asked]
    return found | {"pip-update": [python, "-m", "pip_fastupdate", "-q", "--index-url", url]}


@dataclass(slots=True, kw_only=True)
class Figures:
    """What became of the environments."""

    seconds: float
    """Of an undisturbed run."""

    runs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """``old``, ``new``, ``in between`` (consistent, some old and some new) or ``broken``."""

    faults: Counter[str] = field(default_factory=Counter)
    """How many environments had which fault."""

    still: int = 0
    """Broken after the same command has run again."""


def faults(env: Env, names: Sequence[str]) -> dict[str, list[str]]:
    """What is broken in an environment, by kind of fault."""
    infos: dict[str, list[Path]] = {}
    for info in env.site_packages.glob("[!~]*.dist-info"):
        infos.setdefault(canonicalize_name(info.name.split("-")[0]), []).append(info)
    found = {
        "missing": [name for name in names if name not in infos],
        "twice": [name for name, several in infos.items() if len(several) > 1],
        "half there": [info.name for several in infos.values() for info in several if not _is_whole(info)],
        "remains": [each.name for each in env.site_packages.glob("~*")],
        "pip check": pip_check(env),
    }
    return {kind: which for kind, which in found.items() if which}


def _is_whole(info: Path) -> bool:
    return all(_is_as_recorded(info.parent / path, digest) for path, digest in _record(info))


def _record(info: Path) -> Iterator[tuple[str, str]]:
    """Paths and hashes; without a RECORD a path that cannot be."""
    try:
        text = (info / "RECORD").read_text(encoding="utf-8")
    except FileNotFoundError:
        yield f"{info.name}/RECORD", ""
        return
    for row in csv.reader(text.splitlines()):
        yield row[0], row[1] if len(row) > 1 else ""


def _is_as_recorded(path: Path, digest: str) -> bool:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    if not digest.startswith("sha256="):
        return True
    found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return found == digest.removeprefix("sha256=")


class Peer:
    """One tool in one environment."""

    def __init__(self, real: Real, command: Sequence[str], rounds: int) -> None:
        self._real = real
        self._command = command
        self._timed()
        self.figures = Figures(seconds=statistics.median(self._timed() for _ in range(rounds)))

    def _timed(self) -> float:
        self._real.reset()
        start = time.perf_counter()
        assert self._again() == 0, self._command[:4]
        seconds = time.perf_counter() - start
        assert not faults(self._real.env, self._real.names)
        assert self._versions() == self._real.new
        return seconds

    def _again(self) -> int:
        with self._process() as process:
            return process.wait(300)

    def _process(self) -> subprocess.Popen[bytes]:
        env = self._real.env
        said = {**EPOCH, "UV_CACHE_DIR": str(env.home / "uv"), "UV_NO_CONFIG": "1"}
        return subprocess.Popen(
            self._command,
            env=variables(env, index=self._real.index, env_vars=said),
            cwd=env.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _versions(self) -> dict[str, str]:
        parts = [each.name.removesuffix(".dist-info").split("-") for each in self._infos()]
        return {canonicalize_name(name): version for name, version in parts}

    def _infos(self) -> Iterator[Path]:
        return self._real.env.site_packages.glob("[!~]*.dist-info")

    def kill(self, after: float) -> None:
        """Kill it after so many seconds in a fresh environment, and note what is left."""
        self._real.reset()
        with self._process() as process:
            try:
                process.wait(after)
            except subprocess.TimeoutExpired:
                process.kill()
        self.figures.runs += 1
        found = faults(self._real.env, self._real.names)
        self.figures.outcomes[self._outcome(bool(found))] += 1
        self.figures.faults.update(list(found))
        if found:
            failed = self._again()
            self.figures.still += bool(failed or faults(self._real.env, self._real.names))

    def _outcome(self, broken: bool) -> str:
        if broken:
            return "broken"
        new = sum(version == self._real.new[name] for name, version in self._versions().items())
        return "old" if new == 0 else "new" if new == len(self._real.new) else "in between"


KINDS = ("pip check", "missing", "twice", "half there", "remains")
HEADER = ("tool", "undisturbed", "kills", "old", "new", "in between", "broken", *KINDS, "broken after running it again")


def main(argv: Sequence[str]) -> int:
    """Print a line for each tool."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults peers", description=__doc__)
    parser.add_argument("--kills", type=int, default=40, help="of each tool (default 40)")
    parser.add_argument("--packages", type=int, default=60, help="size of the environment (default 60)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    print("| " + " | ".join(HEADER) + " |\n|" + "---|" * len(HEADER), flush=True)
    with tempfile.TemporaryDirectory(prefix="peers-") as folder, large(Path(folder), options.packages) as real:
        for name, command in commands(real).items():
            print(_line(name, measured(real, command, options.kills, options.seed)), flush=True)
    return 0


def measured(real: Real, command: Sequence[str], kills: int, seed: int, rounds: int = 3) -> Figures:
    """The figures of one tool; its duration is the median of so many rounds."""
    peer = Peer(real, command, rounds)
    generator = random.Random(seed)
    for _ in range(kills):
        peer.kill(max(SMALLEST, generator.uniform(0, peer.figures.seconds)))
    return peer.figures


def _line(name: str, figures: Figures) -> str:
    outcomes = [figures.outcomes[each] for each in ("old", "new", "in between", "broken")]
    kinds = [figures.faults[kind] for kind in KINDS]
    cells = [name, f"{figures.seconds:.1f} s", figures.runs, *outcomes, *kinds, figures.still]
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
