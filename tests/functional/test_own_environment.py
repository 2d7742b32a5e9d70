"""The program in the environment that it updates: whatever happens to what it stands on, it starts and can go back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.environments import Env, install, installed, run
from tests.support.local_index import LocalIndex
from tests.support.thoroughness import nightly

ADVANCED = {"thing": "2.0"}
VERSIONS = {"idna": "3.999"}


@pytest.fixture
def inside(make_env: Callable[..., Env], index: LocalIndex) -> Env:
    """An environment with all that the program requires in it, and one package to be updated."""
    env = make_env("inside", visible=True)
    install(env, [index.release("thing", "1.0")])
    index.release("thing", "2.0")
    return env


def newer(env: Env, index: LocalIndex, name: str, **changed: str | None) -> None:
    """A newer release of something installed: the same files, but for those that are changed or gone (None)."""
    files = {
        str(path.relative_to(env.site_packages)): path.read_text(encoding="utf-8")
        for path in (env.site_packages / name).rglob("*.py")
    }
    for path, text in changed.items():
        files.pop(path)
        if text is not None:
            files[path] = text
    index.release(name, VERSIONS.get(name, "999"), files=files)


def test_sound_release_comes_in(inside: Env, index: LocalIndex) -> None:
    """And goes back out by --undo; the program that did it goes on to the end."""
    newer(inside, index, "packaging")
    before = installed(inside)
    done = run(inside, "packaging", "thing", index=index)
    assert (0, {**before, "packaging": "999", **ADVANCED}) == (done.returncode, installed(inside)), done.stderr
    undone = run(inside, "--undo", index=index)
    assert (0, before) == (undone.returncode, installed(inside)), undone.stderr


@pytest.mark.parametrize(
    ("name", "changed", "why"),
    [
        ("packaging", {"packaging/__init__.py": "raise ImportError('a broken release')"}, "a broken release"),
        ("packaging", {"packaging/markers.py": "def (:"}, "SyntaxError: invalid syntax"),
        nightly("packaging", {"packaging/version.py": None}, "No module named 'packaging.version'"),
        nightly("packaging", {"packaging/utils.py": "raise SystemExit(0)"}, "SystemExit: 0"),
        nightly("idna", {"idna/__init__.py": "1 / 0"}, "ZeroDivisionError: division by zero"),
        ("rich", {"rich/console.py": "import not_there"}, "No module named 'not_there'"),
    ],
)
def test_broken_release_stays_out(
    inside: Env, index: LocalIndex, name: str, changed: dict[str, str | None], why: str
) -> None:
    """Told with its reason and exit code 4, nothing of it comes in, and the rest of the update is made."""
    newer(inside, index, name, **changed)
    before = installed(inside)
    done = run(inside, name, "thing", "--format=json", index=index)
    assert (4, {**before, **ADVANCED}) == (done.returncode, installed(inside)), done.stderr
    assert f"could not start pip-update with {name} {VERSIONS.get(name, '999')}: {why}" in done.stdout


def test_broken_release_stays_out_of_another_environment(inside: Env, index: LocalIndex) -> None:
    """With --python, where modules are only read, and that is said of those that pass."""
    newer(inside, index, "pip", **{"pip/_internal/main.py": "def (:"})
    before, outside = installed(inside), replace(inside, python=Path(sys.executable))
    done = run(outside, "--python", str(inside.python), "pip", "thing", index=index)
    assert (4, {**before, **ADVANCED}) == (done.returncode, installed(inside)), done.stderr
    assert "could not start pip-update with pip 999: SyntaxError: invalid syntax" in done.stderr
    index.release("pip", "1000", files={"pip/__init__.py": "", "pip/__main__.py": ""})
    done = run(outside, "--python", str(inside.python), "-v", "--refresh", "-x", "thing", index=index)
    assert (
        "could not prove that pip 1000 can be imported: with --python, modules are checked for syntax errors only"
        in done.stderr
    )


@pytest.mark.parametrize(
    ("broken", "gone"),
    [
        ("packaging", False),
        ("pip", True),
        ("rich", False),
        *(nightly(name, False) for name in ("pip", "requests", "urllib3")),
        *(nightly(name, True) for name in ("packaging", "requests", "rich", "urllib3")),
    ],
)
def test_history_and_undo_need_none_of_it(inside: Env, index: LocalIndex, broken: str, gone: bool) -> None:
    """Neither a module that cannot be imported nor a missing one keeps them from working."""
    before = installed(inside)
    assert run(inside, "thing", index=index).returncode == 0
    folder = inside.site_packages / broken
    if gone:
        shutil.rmtree(folder)
    else:
        (folder / "__init__.py").write_text("raise RuntimeError('broken')")
    told = run(inside, "--history", index=index)
    assert (0, True) == (told.returncode, "1 changed: thing 1.0" in told.stdout), told.stderr
    undone = run(inside, "--undo", index=index)
    assert (0, before) == (undone.returncode, installed(inside)), undone.stderr
    assert "Traceback" not in undone.stderr


def test_start_names_the_update_to_take_back(inside: Env, index: LocalIndex) -> None:
    """A failed import is reported with the update that changed it, and the command that undoes it works."""
    newer(inside, index, "packaging")
    before = installed(inside)
    assert run(inside, "packaging", index=index).returncode == 0
    (inside.site_packages / "packaging/__init__.py").write_text("raise ValueError('worn out')")
    done = run(inside, "-n", index=index)
    assert done.returncode == 1
    first, second = done.stderr.splitlines()[-2:]
    assert first == "error: could not import packaging, so pip-update cannot start: worn out"
    assert second.startswith("hint: run `pip-update --undo 1` to undo the update of ")
    assert second.endswith(f"which changed it (packaging {before['packaging']} → 999)")
    assert run(inside, "--undo", "1", index=index).returncode == 0
    assert before == installed(inside)


def test_half_of_a_newer_program(inside: Env, index: LocalIndex) -> None:
    """Where the program cannot be imported, the script that the update left is run in its place."""
    assert run(inside, "thing", index=index).returncode == 0
    program = inside.site_packages / "pip_fastupdate"
    if not program.is_dir() or program.is_symlink():
        own_copy(inside)
    (program / "cli/__init__.py").write_text("from . import not_here_yet")
    told = run(inside, "--history", index=index)
    assert (0, True) == (told.returncode, "thing 1.0 → 2.0" in told.stdout), told.stderr
    assert run(inside, "--undo", index=index).returncode == 0
    assert "1.0" == installed(inside)["thing"]


def own_copy(env: Env) -> None:
    """The program itself in the environment, instead of a link to its source."""
    import pip_fastupdate

    for link in (*env.site_packages.glob("*.pth"), env.site_packages / "pip_fastupdate"):
        if link.is_symlink() or link.suffix == ".pth":
            link.unlink(missing_ok=True)
    source = Path(pip_fastupdate.__file__).parent
    shutil.copytree(source, env.site_packages / "pip_fastupdate", ignore=shutil.ignore_patterns("__pycache__"))


def test_undo_that_would_break_a_requirement(inside: Env, index: LocalIndex) -> None:
    """Is taken back, as an update would be."""
    assert run(inside, "thing", index=index).returncode == 0
    install(inside, [index.release("needs-thing", "1.0", requires=["thing>=2"])])
    before = installed(inside)
    undone = run(inside, "--undo", index=index)
    assert (1, before) == (undone.returncode, installed(inside))
    assert (
        "error: unsatisfied requirement after the undo: needs-thing 1.0 requires thing>=2; the undo was rolled back"
        in undone.stderr
    )


def test_undo_of_an_update_that_fulfilled_a_requirement(inside: Env, index: LocalIndex) -> None:
    """The environment was inconsistent before: that is what it is again, byte for byte, as promised."""
    install(inside, [index.release("needs-thing", "1.0", requires=["thing>=2"])])
    before = installed(inside)
    assert run(inside, "thing", index=index).returncode == 0
    undone = run(inside, "--undo", index=index)
    assert (0, before) == (undone.returncode, installed(inside)), undone.stderr
    assert run(inside, "--undo", index=index).returncode == 0
    assert "2.0" == installed(inside)["thing"]


def test_the_proof_leaves_nothing_in_memory(tmp_path: Path) -> None:
    """What was imported to prove that it can be is gone, and what requests-cache could do without is not imported."""
    (tmp_path / "boto3.py").write_text("")
    site = tmp_path / "staged" / sysconfig.get_path("purelib").lstrip(os.sep)
    site.mkdir(parents=True)
    (site / "lasting.py").write_text("import sys, weakref\nclass Circle: pass\nsys.seen = weakref.ref(Circle)\n")
    script = f"""
import gc, sys
gc.disable()
sys.path.insert(0, {str(tmp_path)!r})
from pip_fastupdate.update.trials.proof import StagedModules, prove
root = {str(tmp_path / "staged")!r}
new = StagedModules(name="lasting", root=root, at=lambda live: root + live, before=frozenset(["lasting"]))
verdict = prove([new], frozenset())
print(dict(verdict.failures), dict(verdict.unproven), sys.seen() is None, "boto3" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert "{} {} True False\n" == done.stdout
