"""What a new version brings along that its user should know of: told, or with --strict reason enough to hold it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

import pytest

from tests.support.environments import Env, install, installed, run, tree
from tests.support.local_index import LocalIndex

NEWS: Mapping[str, tuple[dict, str]] = {
    "new-pth": ({"files": {"app/__init__.py": "", "app.pth": "import app"}}, 'adds startup hook "app.pth"'),
    "new-hook": ({"files": {"app/__init__.py": "", "sitecustomize.py": ""}}, "imported at every interpreter start"),
    "new-native": (
        {"files": {"app/__init__.py": "", "app/_fast.so": b"\x7fELF"}},
        "adds native code (the installed",
    ),
    "shadows-command": ({"scripts": {"ls": "app:main"}}, "would hide"),
}
"""By kind of warning: what brings it, and words of it."""


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    """The packages of a JSON report, by name."""
    return {each["name"]: each for each in json.loads(done.stdout)["packages"]}


def kinds(row: dict) -> set[str]:
    return {each["kind"] for each in row["reasons"]}


@pytest.fixture
def env(environment: Env, index: LocalIndex) -> Env:
    """An environment with two packages, of which the harmless one has a new version."""
    install(environment, [index.release("app", "1.0"), index.release("lib", "1.0")])
    index.release("lib", "2.0")
    return environment


@pytest.mark.parametrize("kind", NEWS)
def test_news_are_told(env: Env, index: LocalIndex, kind: str) -> None:
    """The package is upgraded, and what is new stands in table and JSON."""
    options, words = NEWS[kind]
    index.release("app", "2.0", **options)
    done = run(env, "--format", "json", index=index)
    assert (0, "2.0", {kind}) == (done.returncode, installed(env)["app"], kinds(rows(done)["app"]))
    run(env, "--undo")
    done = run(env, index=index)
    (line,) = [each for each in done.stdout.splitlines() if each.startswith("app ")]
    assert ("upgraded" in line, words in line) == (True, True)


@pytest.mark.parametrize("kind", NEWS)
def test_news_hold_with_strict(env: Env, index: LocalIndex, kind: str) -> None:
    """The package stays, the others are upgraded; that was asked for, so the exit code is 0."""
    options, words = NEWS[kind]
    index.release("app", "2.0", **options)
    done = run(env, "--strict", "--format", "json", index=index)
    assert (0, {"app": "1.0", "lib": "2.0"}) == (done.returncode, installed(env))
    row = rows(done)["app"]
    assert ("hold", "done", "1.0", "2.0") == (row["action"], row["status"], row["target"], row["latest"])
    assert {"strict"} == kinds(row)
    assert words in row["reasons"][0]["text"]
    (line,) = [each for each in run(env, "--strict", "-v", index=index).stdout.splitlines() if each.startswith("app ")]
    assert ("held: " in line, words in line) == (True, True)


def test_strict_holds_what_needs_the_held_one(environment: Env, index: LocalIndex) -> None:
    """What requires a version, or an addition, that is held cannot move either, and says why."""
    install(environment, [index.release(name, "1.0") for name in ("app", "lib", "tool")])
    index.release("app", "2.0", requires=["lib>=2"])
    index.release("lib", "2.0", **NEWS["new-pth"][0])
    index.release("tool", "2.0", requires=["startup"])
    index.release("startup", "1.0", files={"startup.py": "", "startup.pth": "import startup"})
    done = run(environment, "--strict", "--format", "json", index=index)
    assert (0, {"app": "1.0", "lib": "1.0", "tool": "1.0"}) == (done.returncode, installed(environment))
    assert ["app 2.0 requires lib>=2, but lib stays at 1.0"] == [
        each["text"].split(" (")[0] for each in rows(done)["app"]["reasons"]
    ]
    hook = 'adds startup hook "startup.pth", which runs at every interpreter start'
    assert [f"tool 2.0 requires startup, which cannot be added ({hook})"] == [
        each["text"] for each in rows(done)["tool"]["reasons"]
    ]


def test_strict_without_news(env: Env, index: LocalIndex) -> None:
    """Nothing is held that brings nothing new."""
    index.release("app", "2.0")
    done = run(env, "--strict", index=index)
    assert (0, {"app": "2.0", "lib": "2.0"}) == (done.returncode, installed(env))


def test_command_of_another_package(env: Env, index: LocalIndex) -> None:
    """It is never overwritten: what would do that is left as it is, and the others are upgraded."""
    install(env, [index.release("owner", "1.0", scripts={"tool": "owner:main"})])
    index.release("app", "2.0", scripts={"tool": "app:main"})
    done = run(env, "--format", "json", index=index)
    assert (4, {"app": "1.0", "lib": "2.0", "owner": "1.0"}) == (done.returncode, installed(env))
    row = rows(done)["app"]
    assert ("hold", "failed", {"file-conflict"}) == (row["action"], row["status"], kinds(row))
    assert "which belongs to owner; leaving it unchanged" in done.stderr
    assert "hint: " in done.stderr


def test_file_of_nobody(env: Env, index: LocalIndex) -> None:
    """A file that the user put there is never overwritten either."""
    (env.site_packages / "app" / "mine.py").write_text("my own")
    (env.site_packages / "lib" / "mine.py").write_text("my own")
    index.release("app", "2.0", files={"app/__init__.py": "", "app/mine.py": "theirs"})
    before = tree(env.site_packages / "app")
    done = run(env, index=index)
    assert (4, "1.0", "2.0") == (done.returncode, installed(env)["app"], installed(env)["lib"])
    assert before == tree(env.site_packages / "app")
    assert "my own" == (env.site_packages / "lib" / "mine.py").read_text()
