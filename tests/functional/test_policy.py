"""What may come in, asked of the program: each project gets the newest version that passes every rule."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from tests.support.environments import Env, install, installed, run
from tests.support.local_index import LocalIndex


def days_ago(days: float) -> str:
    """A time of upload."""
    return (datetime.now(timezone.utc) - timedelta(days=days)).isoformat().replace("+00:00", "Z")


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    """The packages of a JSON report, by name."""
    return {each["name"]: each for each in json.loads(done.stdout)["packages"]}


def kinds(row: dict) -> list[str]:
    return [each["kind"] for each in row["reasons"]]


@pytest.fixture
def env(environment: Env, index: LocalIndex) -> Env:
    """One package with versions of many ages, one that newly requires something, one whose index tells no times."""
    install(environment, [index.release("app", "1.0"), index.release("lib", "1.0"), index.release("dark", "1.0")])
    index.release("app", "1.5", upload_time=days_ago(30))
    index.release("app", "2.0", upload_time=days_ago(10))
    index.release("app", "2.1", upload_time=days_ago(2.5))
    index.release("lib", "1.1", requires=["dep"], upload_time=days_ago(20))
    index.release("lib", "1.2", requires=["dep>=2"], upload_time=days_ago(20))
    index.release("dep", "1.0", upload_time=days_ago(20))
    index.release("dep", "2.0", upload_time=days_ago(1))
    index.release("dark", "1.1", upload_time=None)
    return environment


def test_each_gets_the_newest_that_passes_everything(env: Env, index: LocalIndex) -> None:
    """Cooldown and level meet before the plan; what is required counts too; what waits is a hold, and no failure."""
    done = run(env, "--cooldown", "7", "--format", "json", index=index)
    found = rows(done)
    assert (0, {"app": "2.0", "dark": "1.0", "dep": "1.0", "lib": "1.1"}) == (done.returncode, installed(env))
    assert ("2.0", ["cooldown"]) == (found["app"]["latest"], kinds(found["app"]))
    assert found["app"]["reasons"][0]["until"].startswith(days_ago(-4.5)[:10])
    assert ("hold", "1.0", ["cooldown-unknown"]) == (
        found["dark"]["action"],
        found["dark"]["latest"],
        kinds(found["dark"]),
    )
    assert "required-by" in kinds(found["dep"])
    again = run(env, "--cooldown", "7", "--check", "--format", "json", index=index)
    assert (0, ["app", "dark", "dep"]) == (
        again.returncode,
        sorted(name for name, row in rows(again).items() if "hold" == row["action"] and "lib" != name),
    )


def test_level_and_cooldown_together(env: Env, index: LocalIndex) -> None:
    """The newest that is neither too young nor too big a step."""
    done = run(env, "-n", "--cooldown", "5d", "--level", "minor", "--format", "json", "app", index=index)
    found = rows(done)["app"]
    assert ("1.5", "1.5", ["level"]) == (found["target"], found["latest"], sorted(kinds(found)))


DEFAULTS: tuple[tuple[tuple[str, ...], str], ...] = (
    ((), "2.0"),
    ((), "2.0"),
    (("--uploaded-prior-to", "P15D"), "1.5"),
    (("--cooldown", "0"), "2.1"),
    (("--cooldown", "P0D"), "2.1"),
    (("--cooldown-except", "ap*"), "2.1"),
)


def test_pips_setting_is_the_default(env: Env, index: LocalIndex) -> None:
    """Whatever the pip, and again at every run; the command line outweighs it."""
    for arguments, expected in DEFAULTS:
        words = ("-n", "app", "--format", "json", *arguments)
        done = run(env, *words, index=index, env_vars={"PIP_UPLOADED_PRIOR_TO": "P7D"})
        assert (arguments, expected) == (arguments, rows(done)["app"]["target"])


def test_direct(environment: Env, index: LocalIndex) -> None:
    """Only what was asked for by name moves, and others as far as that needs; the report tells them apart."""
    install(environment, [index.release("app", "1.0"), index.release("named", "1.0")])
    install(environment, [index.release("lib", "1.0"), index.release("other", "1.0")], requested=False)
    index.release("app", "2.0", requires=["lib>=1.5"])
    for version in ("1.5", "2.0"):
        index.release("lib", version)
    index.release("other", "2.0")
    done = run(environment, "--direct", "--format", "json", index=index)
    assert (0, {"app": "2.0", "lib": "1.5", "named": "1.0", "other": "1.0"}) == (
        done.returncode,
        installed(environment),
    )
    assert {"app": True, "lib": False, "named": True} == {name: row["direct"] for name, row in rows(done).items()}
    again = run(environment, "--direct", "--check", index=index)
    assert 0 == again.returncode
    assert 0 == run(environment, "--direct", "-n", "named", index=index).returncode


def test_wrong_usage(env: Env, index: LocalIndex) -> None:
    """A sentence and a hint, exit 2."""
    for arguments in (["--cooldown", "soon"], ["--level", "huge"], ["--cooldown-except", "a b"]):
        done = run(env, *arguments, index=index)
        assert (2, True) == (done.returncode, done.stderr.startswith("error: "))


def test_settings_of_a_project(env: Env, index: LocalIndex) -> None:
    """They count as options do; what was written down about a package goes with its hold."""
    (env.home / "pyproject.toml").write_text(
        '[tool.pip-update]\ncooldown = 7\n[tool.pip-update.packages.lib]\nhold = true\nwhy = "later"\n',
        encoding="utf-8",
    )
    shown = run(env, "--show-config", "--format", "json", "--level", "minor", index=index)
    assert [("cooldown", "7"), ("level", ["minor"]), ("packages.lib.hold", True), ("packages.lib.why", "later")] == [
        (each["key"], each["value"]) for each in json.loads(shown.stdout)
    ]
    done = run(env, "-v", "--format", "json", index=index)
    assert (0, "2.0", "1.0") == (done.returncode, installed(env)["app"], installed(env)["lib"])
    assert "excluded by --exclude (later)" in [each["text"] for each in rows(done)["lib"]["reasons"]]
    assert f"settings from {env.home / 'pyproject.toml'}" in done.stderr
    (env.home / "pyproject.toml").write_text("[tool.pip-update]\ncoldown = 7\n", encoding="utf-8")
    wrong = run(env, index=index)
    assert (2, True) == (wrong.returncode, "hint: did you mean `cooldown`?" in wrong.stderr)
    assert 0 == run(env, "--undo", index=index).returncode
