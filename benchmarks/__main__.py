"""``python -m benchmarks run`` for the generated index, ``real`` for a real environment, ``show`` for both again."""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
from pathlib import Path

from tests.support.copies import PROJECT

from . import chart, results
from .cases import CASES, REAL, Results, goals, real_key
from .nginx import NginxMissing
from .real import run_real
from .run import OWN, Settings, run_case
from .tools import NAMES, find_tools

RESULTS = Path(__file__).with_name("results")
PINS = Path(__file__).with_name("django-site.txt")
"""A real environment that is always at hand."""


def main() -> int:
    """Parse the command line and measure; 1 when a goal that was measured is missed, or a case was not measured."""
    arguments = _parser().parse_args()
    file = arguments.output / "results.json"
    if arguments.action == "show":
        return _show(results.load(file), arguments.output)
    settings = _settings(arguments)
    settings.work.mkdir(parents=True, exist_ok=True)
    compileall.compile_dir(PROJECT / "pip_fastupdate", quiet=2)  # or every run would compile what was changed last
    try:
        measured = _real(arguments, settings) if arguments.action == "real" else _generated(arguments, settings)
    except NginxMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    finally:
        settings.waste.delete()
    said = {"rounds": settings.rounds, "latency": settings.latency, "bandwidth": settings.bandwidth}
    results.save(file, measured, find_tools(NAMES), said if arguments.action == "run" else {"rounds": settings.rounds})
    everything = results.load(file)
    shown = [key for key in everything if key != ("scale", 1000)]  # the same as another one
    (arguments.output / "chart.svg").write_text(chart.draw(everything, shown), encoding="utf-8")
    return _show(measured, arguments.output)


def _generated(arguments: argparse.Namespace, settings: Settings) -> Results:
    cases = [CASES[key] for key in arguments.case or CASES]
    return {
        (case.key, size): run_case(case, size, settings)
        for case in cases
        for size in ([arguments.size] if arguments.size else case.sizes)
    }


def _real(arguments: argparse.Namespace, settings: Settings) -> Results:
    measured = {}
    for each in arguments.pins or [PINS]:
        for case in (CASES[key] for key in arguments.case):
            figures, size = run_real(each, case, settings)
            measured[real_key(each.stem, case), size] = figures
    return measured


def _show(measured: Results, output: Path) -> int:
    print(results.table(measured))
    reached = goals(measured)
    if reached:
        print("\n" + results.goal_table(reached))
    print(f"\n{output / 'results.json'} and {output / 'chart.svg'} hold all results.", file=sys.stderr)
    return int(not all(each.reached for each in reached) or not all(OWN in each for each in measured.values()))


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = Settings(
        work=arguments.work, rounds=arguments.rounds, patience=arguments.patience, tools=tuple(arguments.tools)
    )
    if arguments.action == "real":
        return settings
    bandwidth = arguments.bandwidth * 1e6 if arguments.bandwidth else None
    return Settings(
        work=settings.work,
        rounds=settings.rounds,
        patience=settings.patience,
        tools=settings.tools,
        latency=arguments.latency / 1000,
        bandwidth=bandwidth,
        port=arguments.port,
    )


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--output", type=Path, default=RESULTS, metavar="DIR", help="results.json and chart.svg")
    measuring = argparse.ArgumentParser(add_help=False, parents=[common])
    work = Path(tempfile.gettempdir()) / "pip-fastupdate-benchmarks"
    measuring.add_argument("--work", type=Path, default=work, metavar="DIR", help="index, environments and caches")
    measuring.add_argument("--rounds", type=int, default=5, help="runs of each tool (default 5)")
    measuring.add_argument(
        "--patience", type=float, default=30.0, metavar="S", help="peers slower than this run once (default 30)"
    )
    measuring.add_argument("--tools", nargs="+", choices=NAMES, default=list(NAMES), help="which tools (default all)")
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    run = actions.add_parser("run", parents=[measuring], help="the cases on the generated index")
    run.add_argument("--case", nargs="+", choices=sorted(CASES), help="which cases (default all)")
    run.add_argument("--size", type=int, help="number of distributions, in place of each case's own")
    run.add_argument("--latency", type=float, default=50.0, metavar="MS", help="of each answer (default 50)")
    run.add_argument("--bandwidth", type=float, metavar="MB/S", help="of each connection (default unlimited)")
    run.add_argument("--port", type=int, default=8765, help="of the index (default 8765)")
    real = actions.add_parser("real", parents=[measuring], help="update a real environment from the configured index")
    real.add_argument("--case", nargs="+", choices=REAL, default=["update"], help="which cases (default update)")
    real.add_argument("pins", type=Path, nargs="*", help=f"files with lines name==version (default {PINS.name})")
    actions.add_parser("show", parents=[common], help="the results so far, again")
    return parser


if __name__ == "__main__":
    sys.exit(main())
