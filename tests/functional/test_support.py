"""The local index and the environments that other tests rely on."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import environments
from tests.support.environments import Env
from tests.support.local_index import LocalIndex, wait_until
from tests.support.wheels import make_project, make_wheel

Got = tuple[int, dict[str, str], bytes]


def get(index: LocalIndex, path: str, **headers: str) -> Got:
    """One GET on a connection of its own; header names with ``_`` for ``-``."""
    connection = http.client.HTTPConnection("127.0.0.1", int(index.url.rpartition(":")[2]), timeout=5)
    try:
        connection.request("GET", path, headers={key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_pages_are_gzipped_and_revalidated(index: LocalIndex) -> None:
    """gzip where accepted, 304 for the ETag given."""
    index.release("thing", "1.0")
    status, said, body = get(index, "/pypi/thing/json", Accept_Encoding="gzip")
    assert (status, json.loads(gzip.decompress(body))["info"]["version"]) == (200, "1.0")
    assert get(index, "/pypi/thing/json", If_None_Match=said["etag"])[0] == 304
    assert [each.status for each in index.requests] == [200, 304]


def test_new_releases_change_the_pages(index: LocalIndex) -> None:
    """A page is rendered anew after a release."""
    index.release("thing", "1.0")
    before = get(index, "/simple/thing/")[1]["etag"]
    index.release("thing", "2.0")
    assert get(index, "/simple/thing/")[1]["etag"] != before


def test_names_are_redirected(index: LocalIndex) -> None:
    """To the normalized name, with the slash."""
    index.release("My.Thing", "1.0")
    assert get(index, "/simple/My.Thing/")[1]["location"] == "/simple/my-thing/"
    assert get(index, "/pypi/My.Thing/json")[1]["location"] == "/pypi/my-thing/json"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+json"),
        ("text/html", "text/html"),
        ("application/vnd.pypi.simple.v1+json, text/html;q=0.1", "application/vnd.pypi.simple.v1+json"),
        ("application/vnd.pypi.simple.v1+json;q=0.1, text/html", "text/html"),
        ("*/*", "text/html"),
    ],
)
def test_content_negotiation(index: LocalIndex, accept: str, kind: str) -> None:
    """PEP 691."""
    index.release("thing", "1.0")
    assert get(index, "/simple/thing/", Accept=accept)[1]["content-type"] == kind


def test_ranges(index: LocalIndex) -> None:
    """The tail, the middle, and nothing beyond the end."""
    whole = index.release("thing", "1.0").read_bytes()
    path = "/files/thing-1.0-py3-none-any.whl"
    assert get(index, path, Range="bytes=-10")[2] == whole[-10:]
    status, said, body = get(index, path, Range="bytes=5-9")
    assert (status, said["content-range"], body) == (206, f"bytes 5-9/{len(whole)}", whole[5:10])
    assert get(index, path, Range=f"bytes={len(whole)}-")[0] == 416
    index.ranges = False
    assert get(index, path, Range="bytes=-10")[2] == whole


def test_sidecar_only_where_announced(index: LocalIndex) -> None:
    """PEP 658, and a project that overrides the index."""
    index.release("thing", "1.0")
    index.release("other", "1.0", sidecar=False)
    assert get(index, "/files/thing-1.0-py3-none-any.whl.metadata")[2].startswith(b"Metadata-Version")
    assert get(index, "/files/other-1.0-py3-none-any.whl.metadata")[0] == 404


def test_auth(index: LocalIndex) -> None:
    """Nothing without the password."""
    index.auth = ("me", "secret")
    index.release("thing", "1.0")
    assert get(index, "/pypi/thing/json")[0] == 401
    assert get(index, "/pypi/thing/json", Authorization="Basic bWU6c2VjcmV0")[0] == 200


def test_faults_are_used_up(index: LocalIndex) -> None:
    """A fault with ``times`` ends by itself."""
    index.release("thing", "1.0")
    index.fail("/pypi/*", status=503, times=2, retry_after="1")
    answers = [get(index, "/pypi/thing/json") for _ in range(3)]
    assert [each[0] for each in answers] == [503, 503, 200]
    assert answers[0][1]["retry-after"] == "1"


def test_wrong_bodies(index: LocalIndex) -> None:
    """Garbage, one flipped byte, and a body that ends too early."""
    whole = index.release("thing", "1.0").read_bytes()
    path = "/files/thing-1.0-py3-none-any.whl"
    index.fail(path, body=b"garbage", times=1)
    index.fail(path, corrupt=True, times=1)
    index.fail(path, cut_after=20, times=1)
    index.fail(path, drop=True, times=1)
    assert get(index, path)[2] == b"garbage"
    flipped = get(index, path)[2]
    assert (len(flipped), flipped == whole) == (len(whole), False)
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(index, path)
    assert caught.value.partial == whole[:20]
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        get(index, path)
    assert [each.status for each in index.requests] == [200, 200, 200, 0]


def test_dead_network_comes_back(index: LocalIndex) -> None:
    """Down refuses, even while an answer hangs; up serves at the same place."""
    index.release("thing", "1.0")
    hanging_fault = index.fail("/pypi/*", hang=60, times=1)
    with ThreadPoolExecutor() as pool:
        hanging = pool.submit(get, index, "/pypi/thing/json")
        wait_until(lambda: hanging_fault.times == 0)
        index.down()
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            hanging.result(5)
    with pytest.raises(ConnectionError):
        get(index, "/pypi/thing/json")
    index.up()
    assert get(index, "/pypi/thing/json")[0] == 200


def test_many_connections_at_once(index: LocalIndex) -> None:
    """Latency is waited for in parallel."""
    index.latency = 0.2
    index.release("thing", "1.0")
    start = time.perf_counter()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: get(index, "/pypi/thing/json")[0], range(50)))
    assert (set(answers), time.perf_counter() - start < 2) == ({200}, True)


def test_pip_installs_from_the_index(index: LocalIndex, environment: Env) -> None:
    """A real pip finds the releases and their dependencies."""
    index.release("thing", "1.0", requires=["other"], scripts={"thing-tool": "thing:main"})
    index.release("thing", "2.0", requires_python=">=99")
    index.release("other", "1.0", yanked="bad")
    index.release("other", "0.9")
    environments.pip_install(environment, "thing", index=index)
    assert environments.installed(environment) == {"thing": "1.0", "other": "0.9"}
    assert environments.pip_check(environment) == []


def test_sdist_and_editable_build_offline(index: LocalIndex, environment: Env, tmp_path: Path) -> None:
    """The build backend needs no network."""
    index.release_sdist("thing", "1.0")
    editable = make_project(tmp_path / "edited", "edited", "3.0")
    environments.pip_install(environment, "thing", "-e", str(editable), index=index)
    assert environments.installed(environment) == {"thing": "1.0", "edited": "3.0"}


def test_install_marks_and_problems(environment: Env, tmp_path: Path) -> None:
    """REQUESTED only where asked for, no direct URL, and a broken requirement is found."""
    environments.install(environment, [make_wheel(tmp_path, "a", "1", requires=["b>2"])])
    environments.install(environment, [make_wheel(tmp_path, "b", "1.0")], requested=False)
    marks = {each.relative_to(environment.site_packages).as_posix() for each in environment.site_packages.glob("*/*")}
    assert {each for each in marks if each.endswith(("REQUESTED", "direct_url.json"))} == {"a-1.dist-info/REQUESTED"}
    assert environments.pip_check(environment) == ["a 1 has requirement b>2, but you have b 1.0."]


def test_program_is_importable_and_unseen(environment: Env) -> None:
    """The scan of a default environment finds nothing of ours; bytecode is not written."""
    before = environments.tree(environment.path)
    listed = environments.pip(environment, "list", "--format=json").stdout
    imported = environments.run_module(environment, "pip_fastupdate.core.names")
    assert (listed.strip(), imported.returncode, imported.stderr) == ("[]", 0, "")
    assert environments.tree(environment.path) == before


def test_visible_and_bare(make_env: Callable[..., Env]) -> None:
    """What is really in the environment, with consistent requirements."""
    visible, bare = make_env("visible", visible=True), make_env("bare", bare=True)
    assert {"pip", "requests", "msgspec"} <= set(environments.installed(visible))
    assert (environments.pip_check(visible), list(environments.installed(bare))) == ([], ["pip"])
    assert environments.run_module(bare, "pip_fastupdate").returncode == 1
