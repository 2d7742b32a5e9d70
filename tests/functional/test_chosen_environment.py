"""Which environment is meant: the program run where another one is active, or from a tool's own."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.environments import Env, install, installed, run
from tests.support.local_index import LocalIndex


def test_another_environment_is_active(make_env: Callable[..., Env], index: LocalIndex) -> None:
    """It is said, on standard error, and the environment that runs the program is updated as ever."""
    here, there = make_env("here"), make_env("there")
    install(here, [index.release("foo", "1.0")])
    index.release("foo", "2.0")
    done = run(here, index=index, env_vars={"VIRTUAL_ENV": str(there.path)})
    assert (0, {"foo": "2.0"}) == (done.returncode, installed(here))
    assert f"pip-update --python {there.path}" in done.stderr
    named = run(here, "--python", str(here.python), index=index, env_vars={"VIRTUAL_ENV": str(there.path)})
    assert (0, False) == (named.returncode, "active environment" in named.stderr)


def test_a_tools_own_environment(make_env: Callable[..., Env], index: LocalIndex) -> None:
    """Nothing of it changes unless --python names it."""
    tool, project = make_env("tool"), make_env("project")
    install(tool, [index.release("foo", "1.0")])
    index.release("foo", "2.0")
    (tool.path / "uv-receipt.toml").write_text("[tool]\n")
    done = run(tool, index=index, env_vars={"VIRTUAL_ENV": str(project.path)})
    assert (2, {"foo": "1.0"}) == (done.returncode, installed(tool))
    assert f"--python {project.path}" in done.stderr
    assert 0 == run(tool, "--python", str(tool.python), index=index).returncode
    assert {"foo": "2.0"} == installed(tool)
