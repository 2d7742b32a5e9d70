"""Coverage-guided fuzzing of all parsers, where atheris is installed: ``python -m tests.fuzz [SECONDS [NAME …]]``.

Each parser of ``tests.support.parsers`` runs for so many seconds (10) in a process of its own, from the corpus of the
properties on. What hurts is printed as a file of bytes; it belongs into that corpus. ``python -m tests nightly`` runs
this too.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "tests" / "property" / "corpus"
LONGEST = 4096
"""Bytes of an input."""


def fuzz(name: str, arguments: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["pip_fastupdate", "packaging"]):
        from tests.support.parsers import PARSERS
    parser, documented = PARSERS[name]

    def once(data: bytes) -> None:
        try:
            parser(data.decode("utf-8", "surrogateescape"))
        except documented:
            return

    atheris.Setup([sys.argv[0], *arguments], once)
    atheris.Fuzz()


def main(seconds: int, names: list[str]) -> int:
    """All of these parsers, or every one, one after the other; exit code 1 when one of them failed."""
    from tests.support.parsers import PARSERS

    failed = []
    for name in names or PARSERS:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as found:
            limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=2048"]
            where = [f"-artifact_prefix={tempfile.gettempdir()}/fuzz-{name.replace(' ', '-')}-", found, str(CORPUS)]
            command = [sys.executable, "-m", "tests.fuzz", "--one", name, *limits, *where]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        print(f"{name}: {'failed' if done.returncode else 'nothing found'}", flush=True)
        if done.returncode:
            failed.append(name)
            print("\n".join(done.stderr.splitlines()[-25:]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], sys.argv[3:])
    if find_spec("atheris") is None:
        sys.exit("error: atheris is not installed\nhint: run `python -m pip install atheris`")
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 10, sys.argv[2:]))
