"""One table: for every kind of server, and every odd history of releases, the program chooses what pip chooses."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.support import servers
from tests.support.environments import Env, Templates, installed, pip, pip_check, run, variables
from tests.support.histories import HISTORIES, Written, unpack
from tests.support.local_index import LocalIndex
from tests.support.wheels import make_wheel

NAMES = [canonicalize_name(each.name) for each in HISTORIES]
INSTALLED = {canonicalize_name(each.name): each.installed for each in HISTORIES}
TOLD = {canonicalize_name(each.name): each.newest for each in HISTORIES}
UNTOLD = {canonicalize_name(each.name): each.untold or each.newest for each in HISTORIES}
"""An index that knows neither of yanks (PEP 592) nor of quarantine (PEP 792) has other answers: pip's are the same."""

BUILT = {canonicalize_name(each.name): each.built or each.newest for each in HISTORIES}
BUILT_UNTOLD = {
    **UNTOLD,
    **{name: built for name, built in BUILT.items() if built != TOLD[name]},
    "sdist-yanked": "2.0",
}

Where = tuple[str, ...]
"""Options, of pip and of the program alike, that name where releases come from."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The histories."""
    return Written(tmp_path_factory.mktemp("histories"))


@pytest.fixture(scope="module")
def old(template: Templates, tmp_path_factory: pytest.TempPathFactory, written: Written) -> Env:
    """An environment with an old version of everything, which no test here changes."""
    env = template.make(tmp_path_factory.mktemp("old") / "env")
    written.install(env.site_packages)
    return env


@pytest.fixture(scope="session")
def python_with_servers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the servers; made once, as that takes some seconds."""
    made = servers.install_servers(tmp_path_factory.mktemp("servers") / "venv")
    if isinstance(made, str):
        pytest.skip(made)
    return made


@pytest.fixture
def nginx() -> Callable[..., AbstractContextManager[str]]:
    """Starts nginx."""
    if servers.NGINX is None:
        pytest.skip("there is no nginx")
    return servers.nginx


def choices(env: Env, *where: str, build: bool = False) -> tuple[dict[str, str], dict[str, str]]:
    """What pip chooses, and what the program does: a version for each project. Both are asked at the same time."""
    allowed = [] if build else ["--only-binary=:all:"]
    pip = ["pip", "install", "-q", "--dry-run", "-U", "--report=-", "--no-cache-dir", *allowed, *where, *NAMES]
    ours = ["pip_fastupdate", "--dry-run", "--format=json", "--no-cache", *allowed, *where]
    started = [_start(env, pip), _start(env, [*ours, "--build=:all:"] if build else ours)]
    ended = [(*each.communicate(timeout=120), each.returncode) for each in started]
    assert [0, 0] == [ended[0][2], ended[1][2] & ~4], (ended[0][1], ended[1][1])
    picked = {
        canonicalize_name(each["metadata"]["name"]): each["metadata"]["version"]
        for each in json.loads(ended[0][0])["install"]
    }
    assert picked.keys() <= INSTALLED.keys()
    return INSTALLED | picked, {each["name"]: each["target"] for each in json.loads(ended[1][0])["packages"]}


def _start(env: Env, command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(env.python), "-m", *command],
        env=variables(env),
        cwd=env.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def differences(**columns: Mapping[str, str]) -> str:
    """The rows in which the columns differ, as a table: "" when all are equal."""
    rows = [(name, *(str(each.get(name)) for each in columns.values())) for name in INSTALLED]
    different = [row for row in rows if len(set(row[1:])) > 1]
    return "\n".join("  ".join(f"{cell:24}" for cell in row) for row in [("", *columns), *different] if different)


def assert_equal(env: Env, where: Where, expected: Mapping[str, str], **options: bool) -> None:
    """pip and the program choose the same, and that is what was expected of the server."""
    pip, ours = choices(env, *where, **options)
    assert "" == differences(pip=pip, ours=ours, expected=expected)


def at(url: str) -> Where:
    """The index at ``url``."""
    return (f"--index-url={url}",)


# The table: one test for each kind of server


def test_histories_are_thirty_at_least() -> None:
    """And each is another one."""
    assert 30 <= len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"json_api": False}, id="simple-json"),
        pytest.param({"json_api": False, "simple_json": False}, id="simple-html"),
        pytest.param(
            {"json_api": False, "simple_json": False, "relative_urls": True, "metadata": "unsaid", "gzip_pages": False},
            id="html-relative-nothing-announced",
        ),
        pytest.param({"json_api": False, "metadata": False, "ranges": False}, id="no-sidecars-no-ranges"),
    ],
)
def test_simple_api(old: Env, written: Written, options: dict) -> None:
    """The forms of the simple API (PEP 503, 691)."""
    with LocalIndex(written.folder, **options) as index:
        written.fill(index)
        assert_equal(old, at(index.index_url), TOLD)


@pytest.mark.parametrize("metadata", [True, "unsaid", "unannounced"])
def test_json_api_beside_it(old: Env, written: Written, metadata: bool | str) -> None:
    """It changes nothing: pip does not use it, and we do for no more than what it can be believed for."""
    with LocalIndex(written.folder, metadata=metadata) as index:
        written.fill(index)
        assert_equal(old, at(index.index_url), TOLD)


def test_wheel_has_the_last_word(environment: Env, index: LocalIndex) -> None:
    """What only the wheel says about Python counts in the end, whatever the page said."""
    for version, python in (("1.0", None), ("1.5", None), ("2.0", ">=3.99")):
        path = make_wheel(index.folder, "thing", version, requires_python=python)
        index.add(path, requires_python=None)
    unpack(index.folder / "thing-1.0-py3-none-any.whl", environment.site_packages)
    done = run(environment, index=index)
    assert (0, {"thing": "1.5"}) == (done.returncode, installed(environment))
    assert [] == pip_check(environment)


def test_installed_pre_release(environment: Env, index: LocalIndex) -> None:
    """Whoever has a pre-release is brought to the next one, where pip would need to be told ``--pre``."""
    for version in ("1.0", "2.0a1", "2.0a2"):
        path = index.release("early", version)
        if version == "2.0a1":
            unpack(path, environment.site_packages)
    done = pip(environment, "install", "-q", "--dry-run", "-U", "--report=-", "early", index=index)
    assert [] == json.loads(done.stdout)["install"]
    ours = run(environment, "--dry-run", "--format=json", index=index)
    assert ["2.0a2"] == [each["target"] for each in json.loads(ours.stdout)["packages"]]


def test_pypiserver(old: Env, written: Written, python_with_servers: Path, tmp_path: Path) -> None:
    """It lists the files of a folder and knows no more of them than their names."""
    with servers.pypiserver(python_with_servers, written.folder, tmp_path / "log") as url:
        assert_equal(old, at(url), UNTOLD)


def test_devpi(old: Env, written: Written, python_with_servers: Path, tmp_path: Path) -> None:
    """It takes uploads, but none whose names are not as they should be; of yanks it knows nothing."""
    with servers.devpi(python_with_servers, tmp_path, written.uploads()) as (url, refused):
        pip, ours = choices(old, *at(url))
    assert {True} == {name.startswith(("dates-2024.10.01-", "weird_files-")) for name in refused}
    assert "" == differences(pip=pip, ours=ours, expected={**UNTOLD, "dates": "2024.9.30"})


def test_nginx_pages(old: Env, written: Written, nginx: Callable, tmp_path: Path) -> None:
    """Static pages as an index has them, and the files beside them."""
    port = servers.free_port()
    written.pages(tmp_path / "root" / "simple", "../..")
    (tmp_path / "root" / "files").symlink_to(written.folder)
    with nginx(tmp_path / "root", tmp_path / "nginx", port) as url:
        assert_equal(old, at(f"{url}/simple"), TOLD)


def test_nginx_listings(old: Env, written: Written, nginx: Callable, tmp_path: Path) -> None:
    """A folder for each project, which nginx lists; and all files in one folder as a page of links."""
    written.split(tmp_path / "root" / "simple")
    (tmp_path / "root" / "files").symlink_to(written.folder)
    with nginx(tmp_path / "root", tmp_path / "nginx") as url:
        assert_equal(old, at(f"{url}/simple/"), UNTOLD)
        assert_equal(old, ("--no-index", f"--find-links={url}/files/"), UNTOLD)


def test_folders(old: Env, written: Written, tmp_path: Path) -> None:
    """An index on the disk (``file://``), a folder of files, and links in a file."""
    written.pages(tmp_path / "simple", "..")
    (tmp_path / "simple" / "files").symlink_to(written.folder)
    assert_equal(old, at((tmp_path / "simple").as_uri()), TOLD)
    assert_equal(old, ("--no-index", f"--find-links={written.folder}"), UNTOLD)


def test_several_at_once(old: Env, written: Written, tmp_path: Path) -> None:
    """An index, a further one and links are merged."""
    with (
        LocalIndex(tmp_path / "one", json_api=False) as one,
        LocalIndex(tmp_path / "two", json_api=False, simple_json=False) as two,
    ):
        written.fill(one, every=slice(0, None, 3))
        written.fill(two, every=slice(1, None, 3))
        (tmp_path / "links").mkdir()
        for path in written.paths[2::3]:
            (tmp_path / "links" / path.name).symlink_to(path)
        where = (*at(one.index_url), f"--extra-index-url={two.index_url}", f"--find-links={tmp_path / 'links'}")
        pip, ours = choices(old, *where)
    assert ("2.0", "1.0") == (pip.pop("quarantined"), ours.pop("quarantined"))  # pip does not know of PEP 792
    assert "" == differences(pip=pip, ours=ours)


# What has to be built counts too


@pytest.mark.parametrize("kind", ["json", "html", "folder"])
def test_sdists(old: Env, written: Written, kind: str) -> None:
    """pip builds whatever it needs; so does the program, if it is told to."""
    with LocalIndex(written.folder, json_api=kind == "json", simple_json=False) as index:
        written.fill(index)
        where = ("--no-index", f"--find-links={written.folder}") if kind == "folder" else at(index.index_url)
        pip, ours = choices(old, *where, build=True)
    assert "" == differences(pip=pip, ours=ours, expected=BUILT_UNTOLD if kind == "folder" else BUILT)
