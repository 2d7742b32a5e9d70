"""What new versions change: from the wheels, and before a download from what the index has beside them."""

from __future__ import annotations

import json
import subprocess

from tests.support.environments import Env, install, run
from tests.support.local_index import LocalIndex


def _told(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What ``app`` requires now."""
    found: dict[str, dict] = {each["name"]: each["changes"] for each in json.loads(done.stdout)["packages"]}
    return found["app"]["requires_added"]


def test_changes(environment: Env, index: LocalIndex) -> None:
    """Dates, releases between, links by their well-known labels, requirements, Python, commands, code, license."""
    env = environment
    old = index.release(
        "app", "1.0", requires=["lib"], scripts={"tool": "app:main"}, metadata_extra=["License-Expression: MIT"]
    )
    install(env, [old, index.release("lib", "1.0")])
    index.release("app", "1.5")
    index.release(
        "app",
        "2.0",
        requires=["lib>=1", "new"],
        requires_python=">=3.8",
        scripts={"other": "app:main"},
        files={"app/__init__.py": "", "app/fast.so": b"\x7fELF"},
        metadata_extra=[
            "License-Expression: Apache-2.0",
            "Project-URL: What's New, https://app.test/news",
            "Project-URL: Docs, https://app.test/docs",
            "Project-URL: Source Code, javascript:alert(1)",
        ],
    )
    index.release("new", "1.0")
    shown = run(env, "-n", "--changes", "app", "--format", "json", index=index)
    assert 1 == len(index.paths("/files/app-2.0-*.metadata"))
    found = {each["name"]: each["changes"] for each in json.loads(shown.stdout)["packages"]}
    assert (None, None) == (found["lib"], found["new"])
    told = found["app"]
    assert (1, {"changelog": "https://app.test/news"}) == (told["releases_between"], told["links"])
    assert (["lib>=1", "new"], ["lib"]) == (told["requires_added"], told["requires_dropped"])
    assert {"before": "MIT", "after": "Apache-2.0"} == told["license"]
    assert {"before": "", "after": ">=3.8"} == told["python"]
    done = run(env, "--changes", "--format", "json", index=index)
    told = {each["name"]: each["changes"] for each in json.loads(done.stdout)["packages"]}["app"]
    assert (["other"], ["tool"]) == (told["commands_added"], told["commands_dropped"])
    assert {"before": "0", "after": "1"} == told["native_files"]
    assert told["bytes"] is not None
    run(env, "--undo")
    index.reset()
    assert told["requires_added"] == _told(run(env, "-n", "--changes", "--no-cache", "--format", "json", index=index))
    assert ["/files/app-2.0-py3-none-any.whl.metadata", "/files/new-1.0-py3-none-any.whl.metadata"] == sorted(
        index.paths("/files/*")
    )
    table = run(env, "--changes", "--offline", index=index).stdout
    assert "app 1.0 → 2.0 (major, direct, 1 release between" in table
    assert "  license: MIT → Apache-2.0" in table
    assert "  new requirements: lib>=1\n  new requirements: new\n  dropped requirements: lib\n" in table
    assert "the license changes from MIT to Apache-2.0" in table
