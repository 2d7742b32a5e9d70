"""The project on every Python and every pip it supports: ``nox -s pips``; and as a built wheel: ``nox -s wheel``."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PIPS = ("23.2.1", "24.0", "24.3.1", "25.0", "25.3", "26.0", "26.1", "26.3")

nox.options.sessions = ("check",)


@nox.session(python=PYTHONS)
def check(session: nox.Session) -> None:
    """Everything that has to hold, as ``python -m tests`` does it."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "tests", *session.posargs)


@nox.session(python=PYTHONS)
@nox.parametrize("pip", PIPS)
def pips(session: nox.Session, pip: str) -> None:
    """The functional tests, or those that are named after ``--``, with one version of pip."""
    session.install("-e", ".[test]")
    session.install(f"pip=={pip}")
    session.run("python", "-m", "pytest", *(session.posargs or ("tests/functional",)))


@nox.session(python=PYTHONS[-1])
def wheel(session: nox.Session) -> None:
    """The tests against the built wheel, away from the sources, which it could else be mistaken for."""
    folder = Path(session.create_tmp()) / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    session.install("build")
    session.run("python", "-m", "build", "--wheel", "--outdir", str(folder))
    [built] = folder.glob("*.whl")
    session.install("--force-reinstall", f"{built}[test]")
    for each in ("tests", "benchmarks"):
        shutil.copytree(each, folder / each)
    shutil.copy("pyproject.toml", folder)
    session.chdir(folder)
    session.run("python", "-m", "pytest", *session.posargs)
