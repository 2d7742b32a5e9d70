"""The program as a user runs it: a real environment, a local index, and what is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.support.environments import Env, install, installed, pip_check, pip_install, run, tree, variables
from tests.support.local_index import LocalIndex, wait_until
from tests.support.schema import problems

HOME = ".pip-fastupdate"


def report(done: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    """The packages of a JSON report, by name."""
    return {each["name"]: each for each in json.loads(done.stdout)["packages"]}


@pytest.fixture
def small(environment: Env, index: LocalIndex) -> Env:
    """An environment in which one package goes to its newest, one is held and one brings a new one along."""
    old = [
        index.release("app", "1.0", requires=["lib>=1"], scripts={"app": "app:main"}),
        index.release("lib", "1.0"),
        index.release("cap", "1.0", requires=["lib<3"]),
    ]
    index.release("app", "2.0", requires=["lib>=2", "extra-lib"], scripts={"app": "app:main", "app2": "app:main"})
    index.release("lib", "2.5")
    index.release("lib", "3.0")
    index.release("extra-lib", "0.1")
    install(environment, old)
    return environment


def test_update_of_everything(small: Env, index: LocalIndex) -> None:
    """All go as far as they can, new requirements are added, and nothing is broken."""
    done = run(small, index=index)
    assert (0, {"app": "2.0", "cap": "1.0", "extra-lib": "0.1", "lib": "2.5"}) == (done.returncode, installed(small))
    assert [] == pip_check(small)
    assert "cap 1.0 requires lib<3" in done.stdout
    assert (small.scripts / "app2").exists()


def test_target_is_printed_first(small: Env, index: LocalIndex) -> None:
    """The first line on standard error names the environment, its Python, its pip and how much is in it."""
    first = run(small, "--check", index=index).stderr.splitlines()[0]
    assert str(small.path) in first
    assert "Python {}.{}.{}".format(*sys.version_info[:3]) in first
    assert "3 packages" in first


def test_second_run_asks_nothing(small: Env, index: LocalIndex) -> None:
    """Right after an update there is nothing to do, and nothing is asked."""
    run(small, index=index)
    index.reset()
    done = run(small, "--format", "json", "--stats", index=index)
    assert 0 == done.returncode
    assert {"current", "hold"} == {each["action"] for each in report(done).values()}
    assert [] == index.requests


@pytest.mark.parametrize("option", ["--changes", "--dry-run"])
def test_stats_add_up(small: Env, index: LocalIndex, option: str) -> None:
    """Every part of a run is named, and none counts twice; all is measured by one clock."""
    document = json.loads(run(small, "--format", "json", "--stats", option, index=index).stdout)
    assert [] == problems(document)
    seconds = document["stats"]["seconds"]
    total = seconds.pop("total")
    changing = {"stage", "last check", "verify", "prepare", "swap", "check", "commit"}
    assert {"recover", "settings", "load", "guard", "scan", "look up", "plan", "report"} <= seconds.keys()
    assert (option != "--dry-run") == (changing <= seconds.keys())
    rounded = 0.0001 * len(seconds)
    assert total - max(0.03 * total, 0.1) <= sum(seconds.values()) <= total + rounded


def test_stats_name_hosts_and_files(small: Env, index: LocalIndex) -> None:
    """Per host: requests, response times and bytes. Beside it: what the cache supplied, and files read and written."""
    done = run(small, "--format", "json", "--stats", "--download-only", index=index)
    first = json.loads(done.stdout)["stats"]
    assert "responses after" in done.stderr
    (host,) = first["hosts"]
    assert (len(index.requests), first["requests"]) == (host["requests"], host["requests"])
    assert 0 < host["mean_seconds"] <= host["p95_seconds"] < 5
    assert host["bytes_received"] == first["bytes_received"] > 0
    document = json.loads(run(small, "--format", "json", "--stats", index=index).stdout)
    second, disk = document["stats"], document["stats"]["disk"]
    wheels = sum(each["size"] for each in document["packages"] if each["action"] in ("upgrade", "add"))
    assert [] == problems(document)
    assert second["bytes_cached"] > wheels > 0
    assert (disk["bytes_written"] is None) == (sys.platform != "linux")
    unpacked = [path for name in ("app", "lib", "extra_lib") for path in small.site_packages.glob(f"{name}*/**/*")]
    assert disk["files_written"] > sum(path.is_file() for path in unpacked) > 0
    assert disk["files_read"] > 0


def test_check_and_dry_run_change_nothing(small: Env, index: LocalIndex) -> None:
    """Both say what would be done; --check tells by its exit code."""
    before = tree(small.path)
    assert 3 == run(small, "--check", index=index).returncode
    done = run(small, "--dry-run", "--format", "json", index=index)
    assert 0 == done.returncode
    assert before == tree(small.path)
    assert {"app": "upgrade", "cap": "current", "extra-lib": "add", "lib": "upgrade"} == {
        name: each["action"] for name, each in report(done).items()
    }
    run(small, index=index)
    assert 0 == run(small, "--check", index=index).returncode


def test_output_to_a_pipe_is_plain(small: Env, index: LocalIndex) -> None:
    """No control characters reach a pipe."""
    done = run(small, "-v", index=index)
    assert all(each.isprintable() for each in (done.stdout + done.stderr).replace("\n", ""))


def test_named_projects_only(small: Env, index: LocalIndex) -> None:
    """Only what is named is looked up and moves."""
    done = run(small, "Lib", index=index)
    assert (0, {"app": "1.0", "cap": "1.0", "lib": "2.5"}) == (done.returncode, installed(small))
    assert [] == index.paths("*/app*")


def test_excluded_projects_stay(small: Env, index: LocalIndex) -> None:
    """What is excluded by a pattern stays and binds the others."""
    done = run(small, "-x", "li*", "--format", "json", index=index)
    assert (0, {"app": "1.0", "cap": "1.0", "lib": "1.0"}) == (done.returncode, installed(small))
    assert ("skip", "excluded") == (report(done)["lib"]["action"], report(done)["lib"]["reasons"][0]["kind"])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing-like-it"], 2, "not installed"),
        (["app==2"], 2, "not a valid package name"),
        (["--jobs", "0"], 2, "in the range 1 to 256"),
        (["--no-such-flag"], 2, "unrecognized"),
        (["-c", "/no/such/file"], 2, "/no/such/file"),
    ],
)
def test_wrong_usage(small: Env, index: LocalIndex, arguments: list[str], code: int, words: str) -> None:
    """One sentence, a hint, the documented exit code, no traceback, no change."""
    before = tree(small.path)
    done = run(small, *arguments, index=index)
    assert code == done.returncode
    assert words in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr
    assert before == tree(small.path)


def test_wheel_that_does_not_match_its_hash(environment: Env, index: LocalIndex) -> None:
    """That package is left as it is, the others are upgraded, and the exit code tells."""
    install(environment, [index.release("bad", "1.0"), index.release("good", "1.0")])
    index.release("bad", "2.0")
    index.release("good", "2.0")
    index.fail("/files/bad-2.0-*.whl", corrupt=True)
    done = run(environment, "--format", "json", index=index)
    assert (4, {"bad": "1.0", "good": "2.0"}) == (done.returncode, installed(environment))
    assert ("hold", "failed", "hash") == (
        report(done)["bad"]["action"],
        report(done)["bad"]["status"],
        report(done)["bad"]["reasons"][0]["kind"],
    )


@pytest.mark.parametrize("fault", [{"status": 500}, {"body": b"<html>certainly not JSON"}])
def test_index_that_fails_for_one_project(environment: Env, index: LocalIndex, fault: dict) -> None:
    """One project's error is a line in the report; the others are upgraded."""
    install(environment, [index.release("bad", "1.0"), index.release("good", "1.0")])
    index.release("good", "2.0")
    index.fail("/simple/bad/", **fault)
    done = run(environment, "--retries", "0", "--format", "json", index=index)
    assert (4, {"bad": "1.0", "good": "2.0"}) == (done.returncode, installed(environment))
    assert ["bad"] == [each["name"] for each in json.loads(done.stdout)["failures"]]


def test_requirements_that_the_wheel_contradicts(environment: Env, index: LocalIndex) -> None:
    """When a wheel says something else than the index did, the plan is made again with what the wheel says."""
    install(environment, [index.release("app", "1.0"), index.release("lib", "1.0", requires=["app"])])
    index.metadata = "unannounced"  # else its hash would be checked
    index.release("app", "2.0", requires=["lib<2"])
    index.release("lib", "2.0", requires=["app"])
    index.fail("/files/app-2.0-*.metadata", body=b"Metadata-Version: 2.1\nName: app\nVersion: 2.0\n")
    done = run(environment, index=index)
    assert 0 == done.returncode
    assert [] == pip_check(environment)


def test_dead_network(small: Env, index: LocalIndex) -> None:
    """When no project can be looked up the run fails and says what to do."""
    index.down()
    before = tree(small.path)
    done = run(small, "--retries", "0", index=index)
    assert 1 == done.returncode
    assert "could not reach the index: " in done.stderr
    assert "hint: " in done.stderr
    assert before == tree(small.path)


def test_network_that_dies_during_downloads(small: Env, index: LocalIndex) -> None:
    """When the files cannot be had after all, the environment is as it was, to the byte."""
    before = tree(small.path)
    index.fail("/files/*.whl", drop=True)
    done = run(small, "--retries", "0", index=index)
    assert 1 == done.returncode
    assert "lost contact with the index: " in done.stderr
    assert before == tree(small.path)


def test_offline(small: Env, index: LocalIndex) -> None:
    """Without a network the cache answers; what it lacks is named."""
    before = tree(small.path)
    done = run(small, "--offline", "--check", index=index)
    assert 1 == done.returncode
    assert "hint: " in done.stderr
    run(small, "--check", index=index)
    index.down()
    done = run(small, "--offline", "--check", "--cache-ttl", "0", index=index)
    assert (0, True) == (done.returncode, "(2 not cached)" in done.stdout)
    assert before == tree(small.path)


def test_bytecode_is_kept(environment: Env, index: LocalIndex) -> None:
    """What was installed with bytecode gets bytecode again, what was not does not."""
    install(environment, [index.release("with-it", "1.0")], compile=True)
    install(environment, [index.release("without", "1.0")])
    index.release("with-it", "2.0")
    index.release("without", "2.0")
    assert 0 == run(environment, index=index).returncode
    assert ["with_it"] == [each.parent.parent.name for each in environment.site_packages.glob("*/__pycache__/*.pyc")]
    assert "__init__.cpython" in (environment.site_packages / "with_it-2.0.dist-info" / "RECORD").read_text()


def test_undo_brings_back_every_byte(small: Env, index: LocalIndex) -> None:
    """An undo restores the environment as it was, edits of the user's included; undoing that does it again."""
    edited = small.site_packages / "app" / "__init__.py"
    edited.write_text("my_own = True\n")
    before = tree(small.path, ignore=[HOME])
    run(small, index=index)
    after = tree(small.path, ignore=[HOME])
    index.down()
    assert 0 == run(small, "--undo").returncode
    assert before == tree(small.path, ignore=[HOME])
    assert 0 == run(small, "--undo").returncode
    assert after == tree(small.path, ignore=[HOME])


def test_history_lists_what_was_changed(small: Env, index: LocalIndex) -> None:
    """The history tells when which versions came and went."""
    assert 0 == run(small, "--history").returncode
    run(small, index=index)
    done = run(small, "--history", "--format", "json")
    (entry,) = json.loads(done.stdout)["transactions"]
    assert entry["undoable"] is True
    assert {"name": "lib", "before": "1.0", "after": "2.5"} in entry["changes"]


def test_two_runs_at_once(small: Env, index: LocalIndex) -> None:
    """While one run is at work, a second one says so and leaves."""
    index.fail("/files/lib-2.5-*.whl", cut_after=100, hang=4.0, times=1)
    command = [str(small.python), "-m", "pip_fastupdate", "--timeout", "20"]
    first = subprocess.Popen(command, env=variables(small, index=index), stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        wait_until(lambda: index.paths("/files/lib-2.5*.whl"), 20.0)
        second = run(small, index=index)
    finally:
        first.communicate(timeout=60)
    assert 1 == second.returncode
    assert "another pip-update run" in second.stderr.lower()
    assert 0 == first.returncode


def test_another_program_installs_meanwhile(small: Env, index: LocalIndex) -> None:
    """What pip does while wheels are on their way is noticed before the swap, and respected by a new plan."""
    index.fail("/files/lib-2.5-*.whl", cut_after=100, hang=6.0, times=1)
    command = [str(small.python), "-m", "pip_fastupdate", "--timeout", "20", "--format", "json"]
    first = subprocess.Popen(
        command, env=variables(small, index=index), stderr=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    try:
        wait_until(lambda: index.paths("/files/lib-2.5*.whl"), 20.0)
        pip_install(small, "--no-deps", "app==2.0", "extra-lib", index=index)
    finally:
        stdout, stderr = first.communicate(timeout=60)
    assert (0, 1) == (first.returncode, stderr.count("planning again"))
    assert {"lib"} == {each["name"] for each in json.loads(stdout)["packages"] if each["action"] == "upgrade"}
    assert {"app": "2.0", "cap": "1.0", "extra-lib": "0.1", "lib": "2.5"} == installed(small)


def test_ten_environments_with_one_cache(make_env: Callable[..., Env], index: LocalIndex, tmp_path) -> None:
    """Ten runs begin at once with one empty cache: all succeed, none complains, and an eleventh downloads nothing."""
    old = [index.release("lib", "1.0"), index.release("app", "1.0", requires=["lib"])]
    index.release("lib", "2.0")
    index.release("app", "2.0", requires=["lib>=2"])
    envs = [make_env(f"env{number}") for number in range(11)]
    for env in envs:
        install(env, old)
    shared = ["--cache-dir", str(tmp_path / "shared")]
    runs = [
        subprocess.Popen(
            [str(env.python), "-m", "pip_fastupdate", "-q", *shared],
            env=variables(env, index=index),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for env in envs[:10]
    ]
    said = [each.communicate(timeout=120)[1] for each in runs]
    assert [""] * 10 == said
    assert [0] * 10 == [each.returncode for each in runs]
    assert [{"app": "2.0", "lib": "2.0"}] * 10 == [installed(env) for env in envs[:10]]
    index.reset()
    assert 0 == run(envs[10], *shared, index=index).returncode
    assert {"app": "2.0", "lib": "2.0"} == installed(envs[10])
    assert [] == index.requests  # nor does it ask again what was asked a moment ago


def test_editable_project_is_skipped(make_env: Callable[..., Env], index: LocalIndex, tmp_path) -> None:
    """An editable install is told with its reason and not looked up."""
    env = make_env("editable")
    install(env, [index.release("mine", "1.0"), index.release("lib", "1.0")])
    info = env.site_packages / "mine-1.0.dist-info"
    (info / "direct_url.json").write_text('{"url": "file:///src/mine", "dir_info": {"editable": true}}')
    index.release("lib", "2.0")
    done = run(env, "--format", "json", index=index)
    assert 0 == done.returncode
    assert ("skip", "editable") == (report(done)["mine"]["action"], report(done)["mine"]["reasons"][0]["kind"])
    assert [] == index.paths("*/mine*")


def test_no_process_is_spawned(small: Env, index: LocalIndex) -> None:
    """An audit hook sees no process started in a whole update."""
    hook = small.site_packages / "audited.py"
    hook.write_text(
        "import runpy, sys\n"
        "def hook(event, args):\n"
        "    if event.startswith(('subprocess', 'os.posix_spawn', 'os.exec', 'os.fork', 'os.system', 'os.spawn')):\n"
        "        sys.stderr.write(f'SPAWNED {event} {args}\\n')\n"
        "sys.addaudithook(hook)\n"
        "sys.argv[0] = 'pip-update'\n"
        "runpy.run_module('pip_fastupdate', run_name='__main__')\n"
    )
    done = subprocess.run(
        [str(small.python), str(hook)],
        env=variables(small, index=index),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert 0 == done.returncode
    assert "SPAWNED" not in done.stderr
    assert "2.0" == installed(small)["app"]
