"""Odd wheels of the configured index, as pip installs them: the same ones, the same files, modes, scripts and RECORD.

Each is told of in a public report, or made by an unusual tool. At night only: it downloads some 100 MB.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from pip_fastupdate.environment.metadata_file import parse
from tests.support.environments import Env, install, installed, pip, run, tree
from tests.support.wheels import make_wheel

pytestmark = [pytest.mark.network, pytest.mark.nightly]

TABLE = Path(__file__).parents[1] / "data" / "odd_wheels.txt"
"""``name==version  # what is odd``; after ``differs:`` how we differ from pip, on purpose."""


def rows() -> Iterator[object]:
    """Of the table: the requirement, and the difference or ""."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        pin, _, why = line.partition("#")
        yield pytest.param(pin.strip(), why.partition("differs:")[2].strip(), id=pin.strip())


@pytest.mark.parametrize(("pin", "difference"), list(rows()))
def test_as_pip_installs_it(make_env: Callable[..., Env], tmp_path: Path, pin: str, difference: str) -> None:
    """Environments at the same path, one after the other; then an undo takes all of it back."""
    wheel = download(pin, tmp_path / "new")
    others = list(stubs(wheel, tmp_path / "old"))
    theirs = by_pip(make_env(), wheel, others)
    (tmp_path / "env").rename(tmp_path / "theirs")
    ours, said, undone = by_us(make_env(), wheel, others)
    assert undone
    if difference:
        assert theirs != ours, "the table is out of date"
        assert difference in said
    else:
        assert theirs == ours, said


@pytest.mark.parametrize("pin", ["wcwidth==0.2.1", "textract==1.6.4", "omegaconf==2.0.5"])
def test_what_pip_refuses(make_env: Callable[..., Env], tmp_path: Path, pin: str) -> None:
    """Two .dist-info folders, or requirements that are none: it is not installed by an update either."""
    env, constraint, name = make_env(), tmp_path / "pin.txt", pin.partition("==")[0]
    constraint.write_text(pin, encoding="utf-8")
    install(env, [make_wheel(tmp_path / "old", name, "0.0.0.1")])
    done = run(env, "-c", str(constraint), env_vars={"PIP_INDEX_URL": None, "PIP_CONFIG_FILE": None})
    assert {name: "0.0.0.1"} == installed(env)
    assert done.returncode in (0, 4), done.stderr
    assert pip(env, "check", check=False).returncode == 0


def download(pin: str, folder: Path) -> Path:
    """The wheel of a release. Skips where the index cannot be reached, or has none for this interpreter."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(folder)]
    done = subprocess.run([*command, pin], capture_output=True, text=True, check=False)
    found = list(folder.glob("*.whl")) if folder.exists() else []
    if not found:
        pytest.skip(f"no wheel of {pin} to be had: {done.stderr[-200:]}")
    return found[0]


def stubs(wheel: Path, folder: Path) -> Iterator[Path]:
    """An older version of the project, and whatever the new one requires, all of it empty."""
    name, _, _, _ = parse_wheel_filename(wheel.name)
    yield make_wheel(folder, name, "0.0.0.1", files={"odd_old.py": ""})
    for requirement in required(wheel):
        version = next(each for each in versions(requirement) if requirement.specifier.contains(each, prereleases=True))
        yield make_wheel(folder, requirement.name, version, extras=requirement.extras, files={})


def required(wheel: Path) -> Iterable[Requirement]:
    """What it requires here, by name; what cannot be read is left out."""
    found: dict[str, Requirement] = {}
    with ZipFile(wheel) as archive:
        metadata = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        for text in parse(archive.read(metadata)).requires:
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                found.setdefault(canonicalize_name(requirement.name), requirement)
    return found.values()


def versions(requirement: Requirement) -> Iterator[str]:
    """Some that it may allow."""
    for each in requirement.specifier:
        yield each.version.removesuffix(".*")
        yield f"{each.version.removesuffix('.*')}.1"
    yield from ("1000", "0.0.1")


def by_pip(env: Env, wheel: Path, others: list[Path]) -> dict[str, tuple[int, str]] | None:
    """What is there after pip has installed it; None where pip refuses it."""
    install(env, others)
    done = pip(env, "install", "--no-deps", "--no-index", "--no-compile", str(wheel), check=False)
    return seen(env) if done.returncode == 0 else None


def by_us(env: Env, wheel: Path, others: list[Path]) -> tuple[dict[str, tuple[int, str]] | None, str, bool]:
    """The same for an update, what it said, and whether an undo restores what was there."""
    install(env, others)
    before = seen(env)
    done = run(env, "--no-index", f"--find-links={wheel.parent}")
    after = seen(env)
    if after == before:
        return None, done.stdout + done.stderr, True
    undone = run(env, "--undo").returncode == 0 and seen(env) == before
    return after, done.stdout + done.stderr, undone


def seen(env: Env) -> dict[str, tuple[int, str]]:
    """All files with mode and hash; of RECORD the sorted lines. A URL is written only of what came by its path."""
    ignored = (".pip-fastupdate", "direct_url.json", "RECORD", "__pycache__")
    found = tree(env.path, ignore=ignored)
    for record in env.site_packages.glob("*.dist-info/RECORD"):
        lines = (line for line in record.read_text(encoding="utf-8").splitlines() if "direct_url.json" not in line)
        found[str(record.relative_to(env.path))] = (0, "\n".join(sorted(lines)))
    return found
