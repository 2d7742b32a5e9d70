"""What an index says, and what it does not: the same plan by every way, failures that are no facts, what is judged."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.environments import Env, install, installed, run
from tests.support.local_index import LocalIndex


@pytest.fixture
def other() -> Iterator[LocalIndex]:
    """A second index."""
    with LocalIndex() as running:
        yield running


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """The packages of a JSON report, by name."""
    return {each["name"]: each for each in json.loads(done.stdout)["packages"]}


def targets(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The versions that a JSON report says there are, or would be, afterwards."""
    return {name: row["target"] for name, row in rows(done).items()}


def kinds(row: dict[str, Any]) -> list[str]:
    """Of its reasons."""
    return [each["kind"] for each in row["reasons"]]


# The same plan by every way

WAYS = {
    "announced": {},
    "html": {"simple_json": False},
    "unannounced": {"metadata": "unannounced"},
    "json-api": {"metadata": "unsaid"},
    "no-ranges": {"metadata": "unsaid", "ranges": False},
    "tail": {"metadata": False, "json_api": False},
    "wheel": {"metadata": "unsaid", "json_api": False, "ranges": False, "simple_json": False, "gzip_pages": False},
}


@pytest.mark.parametrize("way", WAYS)
def test_same_plan_by_every_way(environment: Env, way: str) -> None:
    """What the very file requires decides, also about what is held; not what another file of the version does."""
    with LocalIndex(**WAYS[way]) as index:
        old = [index.release(name, "1.0") for name in ("app", "lib", "torch", "cuda")]
        install(environment, old)
        index.release("app", "2.0", requires=["lib<2"])
        index.release("lib", "2.0")
        index.release("cuda", "2.0")
        index.release("torch", "2.0", requires=["lib"], tag="py2-none-any")
        index.release("torch", "2.0", requires=["cuda<2"])
        done = run(environment, "--check", "--format=json", index=index)
        targets = {name: row["target"] for name, row in rows(done).items()}
        assert {"app": "2.0", "lib": "1.0", "torch": "2.0", "cuda": "1.0"} == targets
        assert ("hold", "hold") == tuple(rows(done)[name]["action"] for name in ("lib", "cuda"))


def test_json_api_decides_nothing(environment: Env, index: LocalIndex, other: LocalIndex) -> None:
    """A mirror hides what upstream's JSON beside it still tells; its URLs are not asked for either."""
    install(environment, [index.release("app", "1.0")])
    index.release("app", "2.0")
    other.release("app", "2.0")
    other.release("app", "3.0")
    upstream = json.dumps({"info": {"name": "app", "version": "3.0"}, "releases": {}, "urls": []}).encode()
    index.fail("/pypi/*", body=upstream)
    done = run(environment, "--format=json", index=index)
    assert (0, "2.0", "2.0") == (done.returncode, installed(environment)["app"], rows(done)["app"]["latest"])
    assert [] == other.requests
    assert [] == index.paths("/pypi/*")


@pytest.mark.parametrize(
    ("ranges", "change", "asked"),
    [(True, {}, True), (False, {"sha256": "00" * 32}, True), (False, {}, False)],
    ids=["ranges", "another-file", "the-very-file"],
)
def test_json_api_is_believed_of_the_very_file(
    environment: Env, index: LocalIndex, ranges: bool, change: dict[str, str], asked: bool
) -> None:
    """By its sha256, where the end of the wheel cannot be had; else that is read."""
    install(environment, [index.release("app", "1.0"), index.release("lib", "1.0")])
    wheel = index.release("app", "2.0", requires=["lib"], size=17 << 20)
    index.metadata, index.ranges = "unsaid", ranges
    body = json.loads(index.answer("/pypi/app/json", {}).body)
    body["urls"][0]["digests"] |= change
    index.fail("/pypi/app/json", body=json.dumps(body).encode())
    done = run(environment, "--check", index=index)
    assert (3, not ranges) == (done.returncode, bool(index.paths("/pypi/*")))
    assert (1 if ranges or not asked else 2) == len(index.paths(f"/files/{wheel.name}"))


def test_api_and_sidecars_that_are_not_there_are_not_asked_for_again(environment: Env, index: LocalIndex) -> None:
    """One project tells of all others: then each costs its page and the end of its wheel, or the wheel."""
    names = [f"p{number}" for number in range(9)]
    install(environment, [index.release(name, "1.0") for name in names])
    for name in names:
        index.release(name, "2.0", size=17 << 20 if name == "p0" else 0)
    index.metadata, index.json_api = "unsaid", False
    asked = []
    for index.ranges in (True, False):
        assert 3 == run(environment, "--check", "--jobs=1", "--no-cache", index=index).returncode
        asked.append([len(index.paths(glob)) for glob in ("*.metadata", "/pypi/*", "/files/*.whl")])
        index.requests.clear()
    assert [[1, 0, 9], [1, 1, 10]] == asked


# Failures are no facts


@pytest.mark.parametrize("simple_json", [True, False])
def test_page_that_is_none(environment: Env, index: LocalIndex, simple_json: bool) -> None:
    """Is told with exit 4, and the next run is well again."""
    faults: dict[str, dict[str, Any]] = {
        "no-links": {"body": b"<html><body>Bad gateway</body></html>"},
        "empty": {"body": b""},
        "another-project": {"body": b'{"name": "other", "files": [{"url": "another_project-2.0-py3-none-any.whl"}]}'},
        "no-files": {"body": b'{"name": "no-files", "files": []}'},
        "status": {"status": 502},
    }
    index.simple_json = simple_json
    install(environment, [index.release(each, "1.0") for each in (*faults, "good")])
    for name, fault in faults.items():
        index.release(name, "2.0")
        index.fail(f"/simple/{name}/", times=1, **fault)
    done = run(environment, "--retries=0", "--format=json", index=index)
    assert 4 == done.returncode
    for name in faults:
        assert ("hold", "failed") == (rows(done)[name]["action"], rows(done)[name]["status"])
        assert "quarantined" not in kinds(rows(done)[name])
    done = run(environment, "--format=json", index=index)
    assert (0, {**dict.fromkeys(faults, "2.0"), "good": "1.0"}) == (done.returncode, installed(environment))


@pytest.mark.parametrize("metadata", [True, False])
def test_listed_file_that_is_missing(environment: Env, index: LocalIndex, metadata: bool) -> None:
    """A mirror that lags behind its own page: a failure, not a package that the index does not know."""
    install(environment, [index.release("lag", "1.0"), index.release("good", "1.0")])
    index.metadata, index.json_api = metadata, False
    index.release("lag", "2.0")
    index.release("good", "2.0")
    index.fail("/files/lag-2.0-py3-none-any.whl", status=404)
    done = run(environment, "--format=json", index=index)
    assert (4, {"good": "2.0", "lag": "1.0"}) == (done.returncode, installed(environment))
    assert ("hold", "failed") == (rows(done)["lag"]["action"], rows(done)["lag"]["status"])


def test_offline_without_the_wheel(environment: Env, index: LocalIndex) -> None:
    """What is not cached is held, and that is no failure; what is there is used."""
    install(environment, [index.release("of", "1.0"), index.release("older", "1.0")])
    older = index.release("older", "2.0")
    index.release("of", "2.0")
    assert 3 == run(environment, "--check", "older", index=index).returncode
    assert 0 == run(environment, "older", index=index).returncode
    install(environment, [index.folder / "older-1.0-py3-none-any.whl"])
    index.release("older", "3.0")
    assert 3 == run(environment, "--check", "--refresh", index=index).returncode
    index.down()
    foreseen = run(environment, "--offline", "--check", "--format=json", index=index)
    assert (3, {"of": "1.0", "older": "2.0"}) == (foreseen.returncode, targets(foreseen))
    assert ["offline"] == kinds(rows(foreseen)["of"])
    done = run(environment, "--offline", "--format=json", index=index)
    assert targets(foreseen) == targets(done)
    assert (0, []) == (done.returncode, json.loads(done.stdout)["failures"])
    assert {"of": "1.0", "older": "2.0"} == installed(environment)
    row = rows(done)["of"]
    assert ("hold", "done", "2.0", ["offline"]) == (row["action"], row["status"], row["latest"], kinds(row))
    assert older.name.startswith("older-2.0")


# What is installed is judged too


def test_installed_version_is_judged(environment: Env, index: LocalIndex) -> None:
    """Yanked, gone, archived: a line in every form, though all is current."""
    old = [index.release("bad", "1.0", yanked="eats data"), index.release("gone", "1.0"), index.release("old", "1.0")]
    install(environment, old)
    index.release("gone", "0.9")
    index.remove("gone", "1.0")
    index.project("old", status="archived", reason="see new")
    done = run(environment, "--format=json", index=index)
    assert 0 == done.returncode
    assert {"bad": ["yanked"], "gone": ["deleted"], "old": ["archived"]} == {
        name: kinds(row) for name, row in rows(done).items()
    }
    for form in ("table", "markdown"):
        said = run(environment, f"--format={form}", index=index).stdout
        for word in ("was yanked: eats data", "is no longer on the index", "archived by its maintainers: see new"):
            assert word in said


def test_quarantined_project(environment: Env, index: LocalIndex) -> None:
    """Exit 4, by the index's own word alone."""
    install(environment, [index.release("evil", "1.0"), index.release("good", "1.0")])
    index.project("evil", status="quarantined", reason="malware")
    done = run(environment, "--format=json", index=index)
    assert (4, ["quarantined"]) == (done.returncode, kinds(rows(done)["evil"]))
    assert "malware" in run(environment, index=index).stdout


def test_local_build_keeps_its_label(environment: Env, index: LocalIndex, other: LocalIndex) -> None:
    """It moves to a version with the same label, or where the user accepts another build."""
    install(environment, [other.release("torch", "1.0+cpu")])
    index.release("torch", "3.0")
    done = run(environment, "--format=json", index=index)
    assert (0, "1.0+cpu") == (done.returncode, installed(environment)["torch"])
    assert ("hold", "3.0", ["local-label"]) == tuple(
        [rows(done)["torch"][key] for key in ("action", "latest")] + [kinds(rows(done)["torch"])]
    )
    assert "--allow-source-change" in done.stderr
    other.release("torch", "2.0+cpu")
    run(environment, "--extra-index-url", other.index_url, "--refresh", index=index)
    assert "2.0+cpu" == installed(environment)["torch"]
    run(environment, "--allow-source-change=torch", index=index)
    assert "3.0" == installed(environment)["torch"]


# One mirror in the place of another


def test_replaced_mirror(environment: Env, index: LocalIndex, other: LocalIndex) -> None:
    """The update comes from the new one, with a note."""
    install(environment, [index.release("app", "1.0")])
    index.release("app", "2.0")
    assert 0 == run(environment, index=index).returncode
    other.release("app", "2.0")
    other.release("app", "3.0")
    done = run(environment, index=other)
    assert (0, "3.0") == (done.returncode, installed(environment)["app"])
    assert f"come from {other.index_url} because {index.index_url}, where they came from, is no longer configured" in (
        " ".join(done.stderr.split())
    )


def test_pin_where_both_were_there(environment: Env, index: LocalIndex, other: LocalIndex) -> None:
    """Dropping the index that it came from does not hand it over to the other one."""
    install(environment, [index.release("app", "1.0")])
    index.release("app", "2.0")
    other.release("other", "1.0")
    assert 0 == run(environment, "--extra-index-url", other.index_url, index=index).returncode
    other.release("app", "3.0")
    done = run(environment, "--refresh", "--format=json", index=other)
    assert ("2.0", "hold") == (installed(environment)["app"], rows(done)["app"]["action"])
