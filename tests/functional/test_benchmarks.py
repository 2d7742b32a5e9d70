"""The generated index as nginx serves it, and what a run is said to cost."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest

from benchmarks.environments import Pristine, Waste, changed_during, installed_environment, listed_environment
from benchmarks.index import Index, make_index
from benchmarks.measure import measure
from benchmarks.nginx import Nginx, NginxMissing, serve
from tests.support.environments import Templates, installed, pip, pip_check, tree

JSON = "application/vnd.pypi.simple.v1+json"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Ten projects with wheels."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return make_index(tmp_path_factory.mktemp("index"), 10, wheels=True, port=port)


@pytest.fixture(scope="module")
def server(generated: Index) -> Iterator[Nginx]:
    """The index served without latency."""
    port = int((generated.folder / "complete").read_text().split()[-1])
    try:
        with serve(generated.folder, port=port, latency=0.0, bandwidth=None) as running:
            yield running
    except NginxMissing as missing:
        pytest.skip(str(missing))


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One GET; header names with ``_`` for ``-``."""
    request = urllib.request.Request(url, headers={key.replace("_", "-"): value for key, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, {key.lower(): value for key, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {key.lower(): value for key, value in error.headers.items()}, b""


def test_pages_are_served_as_a_real_index_does(generated: Index, server: Nginx) -> None:
    """Negotiated, gzipped or not, with a validator, and counted."""
    project = generated.world[3]
    server.traffic()
    status, said, body = get(f"{server.url}/pypi/{project.name}/json", Accept_Encoding="gzip")
    assert (status, json.loads(gzip.decompress(body))["info"]["version"]) == (200, project.latest)
    assert get(f"{server.url}/pypi/{project.name}/json", If_None_Match=said["etag"])[0] == 304
    page = f"{server.index_url}/{project.name}/"
    assert get(page)[1]["content-type"] == "text/html"
    assert json.loads(get(page, Accept=JSON)[2])["name"] == project.name
    assert get(f"{server.index_url}/missing/")[0] == 404
    assert server.traffic().statuses == {"200": 3, "304": 1, "404": 1}


def test_files_and_sidecars_have_the_announced_hashes(generated: Index, server: Nginx) -> None:
    """Those of the newest release, and sidecars that are worded on request."""
    for project in generated.world:
        page = f"{server.index_url}/{project.name}/"
        files = [each for each in json.loads(get(page, Accept=JSON)[2])["files"] if each["core-metadata"]]
        for each in files[-3:]:
            sidecar = get(urljoin(page, each["url"]) + ".metadata")[2]
            assert hashlib.sha256(sidecar).hexdigest() == each["core-metadata"]["sha256"]
        assert hashlib.sha256(get(urljoin(page, files[-1]["url"]))[2]).hexdigest() == files[-1]["hashes"]["sha256"]


def test_environment_is_updated_and_restored(
    generated: Index, server: Nginx, template: Templates, tmp_path: Path
) -> None:
    """The installed versions are consistent, so are the newest ones, and the way back is exact."""
    env = installed_environment(template, tmp_path / "env", generated)
    before, problems = tree(env.path), pip_check(env)
    waste = Waste(tmp_path)
    pristine, since = Pristine(env, waste), time.time()
    assert changed_during(env, since) is None
    pip(env, "install", "-q", "-U", *(each.name for each in generated.world), index=server.index_url)
    assert (installed(env), pip_check(env)) == ({each.name: each.latest for each in generated.world}, problems)
    assert 0 < (changed_during(env, since) or 0) < time.time() - since
    pristine.restore()
    assert (tree(env.path), problems) == (before, [])
    assert (tmp_path / "waste").exists()
    waste.delete()
    assert not (tmp_path / "waste").exists()


def test_listed_environment_satisfies_pip(generated: Index, template: Templates, tmp_path: Path) -> None:
    """Its distributions are read like any other."""
    env = listed_environment(template, tmp_path / "env", generated.world, newest=True)
    listed = json.loads(pip(env, "list", "--format=json").stdout)
    assert {each["name"]: each["version"] for each in listed} == {each.name: each.latest for each in generated.world}
    assert pip_check(env) == []


def test_a_run_is_measured_by_itself(tmp_path: Path) -> None:
    """Time, memory, exit code and output of the child, not of the one who measures."""
    program = "import sys, time; hoard = b'x' * 60_000_000; time.sleep(0.2); print('done'); sys.exit(3)"
    done = measure([sys.executable, "-S", "-c", program], dict(os.environ), tmp_path)
    small = measure([sys.executable, "-S", "-c", ""], dict(os.environ), tmp_path)
    assert (done.stdout, done.stderr, done.run.exit_code) == ("done\n", "", 3)
    assert done.run.seconds >= 0.2
    assert done.run.peak_bytes > 60_000_000
    assert small.run.peak_bytes < 30_000_000
