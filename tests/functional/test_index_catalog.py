"""The catalog over a real session and a server on 127.0.0.1, and beside pip's own finder."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Failure, Project
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.settings import Network, Policy, Settings
from pip_fastupdate.index import Catalog, finder, open_catalog
from pip_fastupdate.progress import Silent
from tests.support.local_index import LocalIndex
from tests.support.wheels import make_sdist, make_wheel

Open = Callable[..., Any]


@pytest.fixture
def opened(index: LocalIndex, tmp_path: Path) -> Open:
    """``with opened() as catalog``: a run of its own over the index, with a cache that they share."""

    @contextmanager
    def run(*, cache: bool = True, refresh: bool = False, offline: bool = False, **settings: Any) -> Iterator[Catalog]:
        settings.setdefault("index_url", index.index_url)
        options = CacheOptions(directory=tmp_path / "cache" if cache else None, refresh=refresh, offline=offline)
        network = Network(jobs=8, timeout=5, retries=0)
        catalog = open_catalog(settings=Settings(network=network, **settings), cache=options, warn=_no_warning)
        try:
            yield catalog
        finally:
            catalog.close()

    return run


def _no_warning(text: str, hint: str) -> None:
    raise AssertionError(text)


def look_up(catalog: Catalog, **installed: str | None) -> dict[str, Project | Failure]:
    """Of these installed versions."""
    wanted = {name: Version(version) if version else None for name, version in installed.items()}
    return dict(catalog.look_up(wanted, Silent()))


def told(answer: Project | Failure) -> list[str] | str:
    """All versions with the kind of what blocks them; the kind of a failure."""
    if isinstance(answer, Failure):
        return answer.kind
    return [f"{each.version}{' ' + each.blocked.kind if each.blocked else ''}" for each in answer.releases]


def fill(index: LocalIndex) -> None:
    """Projects of all sorts."""
    index.release("plain", "1.0")
    index.release("plain", "2.0", requires=["dep>=1", "missing; python_version < '3'"])
    index.release("dep", "1.5")
    index.release("yanked", "1.0")
    index.release("yanked", "2.0", yanked="broken")
    index.release("python", "1.0")
    index.release("python", "2.0", requires_python=">=3.99")
    index.release("platform", "1.0")
    index.release("platform", "2.0", tag="cp27-cp27m-win32")
    index.release("pre", "1.0")
    index.release("pre", "2.0rc1")
    index.release_sdist("source", "2.0")
    index.release("source", "1.0")
    index.project("gone", status="quarantined", versions=["1.0"])
    index.project("empty")


INSTALLED = dict.fromkeys(("plain", "yanked", "python", "platform", "pre", "source", "gone", "empty", "nowhere"), "1.0")
EXPECTED = {
    "plain": ["2.0", "1.0"],
    "yanked": ["2.0 yanked", "1.0"],
    "python": ["2.0 requires-python", "1.0"],
    "platform": ["2.0 no-wheel", "1.0"],
    "pre": ["2.0rc1 pre-release", "1.0"],
    "source": ["2.0 no-wheel", "1.0"],
    "gone": "quarantined",
    "empty": "no-files",
    "nowhere": "not-found",
}


@pytest.mark.parametrize("api", ["json", "html"])
@pytest.mark.parametrize("relative", [False, True])
def test_candidates_are_the_same_whichever_format_an_index_has(
    index: LocalIndex, opened: Open, api: str, relative: bool
) -> None:
    """And a second run asks nothing for what it knows."""
    fill(index)
    index.simple_json, index.relative_urls = api == "json", relative
    with opened() as catalog:
        found = look_up(catalog, **INSTALLED)
        assert EXPECTED == {name: told(answer) for name, answer in found.items()}
        newest = found["plain"].candidates[0]
        assert ("dep>=1", "missing; python_version < '3'") == catalog.requires(newest)
        assert ["1.5"] == told(catalog.project("dep"))
        assert newest.file.url == index.file_url(newest.file.filename)
    index.reset()
    with opened() as catalog:
        assert found == look_up(catalog, **INSTALLED)
        assert catalog.requires(newest) == ("dep>=1", "missing; python_version < '3'")
        assert ["1.5"] == told(catalog.project("dep"))
    assert ["/simple/empty/"] == index.paths()  # a failure is no fact


@pytest.mark.parametrize("metadata", [True, False, "unsaid", "unannounced"])
@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("json_api", [True, False])
def test_requirements_from_wherever_they_can_be_had(
    index: LocalIndex, opened: Open, metadata: Any, ranges: bool, json_api: bool
) -> None:
    """The sidecar, the JSON API, the end of the wheel, or the wheel."""
    index.metadata, index.ranges, index.json_api = metadata, ranges, json_api
    index.release("a", "1.0", requires=["x"], size=200_000)
    index.release("a", "2.0", requires=["x>=2", "y"])
    index.release("x", "3.0")
    with opened() as catalog:
        releases = look_up(catalog, a=None)["a"].releases
        catalog.prefetch(releases=releases)
        assert [("x>=2", "y"), ("x",)] == [catalog.requires(each) for each in releases]
        received = catalog.counters.counts.bytes_received
    assert (received < 100_000) is (ranges or metadata in (True, "unannounced"))
    index.reset()
    with opened() as catalog:
        assert [("x>=2", "y"), ("x",)] == [catalog.requires(each) for each in releases]
    assert [] == index.paths()


def test_sidecar_that_is_not_what_was_announced(index: LocalIndex, opened: Open) -> None:
    """Its hash is checked."""
    index.release("a", "1.0")
    index.fail("*.metadata", corrupt=True)
    with opened() as catalog:
        answer = catalog.requires(catalog.project("a").candidates[0])
    assert ("hash", "1.0") == (answer.kind, answer.version)


def test_one_bad_project_does_not_stop_the_others(index: LocalIndex, opened: Open) -> None:
    """An error, garbage, a cut connection; what the JSON API says is of no matter."""
    for name in ("good", "error", "garbage", "half", "saved"):
        index.release(name, "1.0")
        index.release(name, "2.0")
    index.fail("*/error/*", status=500)
    index.fail("*/garbage/*", body=b"<html>not today")
    index.fail("/pypi/saved/json", body=b"<html>not today")
    index.fail("*/half/*", cut_after=100)
    with opened() as catalog:
        found = look_up(catalog, **dict.fromkeys(("good", "error", "garbage", "half", "saved"), "1.0"))
        assert {"good": ["2.0", "1.0"], "saved": ["2.0", "1.0"]} == {
            name: told(answer) for name, answer in found.items() if isinstance(answer, Project)
        }
        assert {"error": "http", "garbage": "garbage", "half": "unreachable"} == {
            name: failure.kind for name, failure in catalog.failures.items()
        }


def test_index_that_is_down(index: LocalIndex, opened: Open) -> None:
    """Everything fails, soon."""
    index.down()
    with opened() as catalog:
        found = look_up(catalog, **{f"p{number}": "1.0" for number in range(100)})
    assert {"unreachable"} == {told(answer) for answer in found.values()}


def test_offline(index: LocalIndex, opened: Open) -> None:
    """What was asked for once is known, the rest is not."""
    fill(index)
    with opened() as catalog:
        found = look_up(catalog, plain="1.0")
        time.sleep(0.3)
    index.down()
    with opened(offline=True) as catalog:
        assert found == look_up(catalog, plain="1.0")
        assert "offline" == told(catalog.project("yanked"))
        assert () == catalog.revalidate(found["plain"].candidates)


def test_past_its_time_the_cache_is_confirmed(index: LocalIndex, opened: Open) -> None:
    """304, and the digest stays."""
    fill(index)
    with opened() as catalog:
        found = look_up(catalog, plain="2.0", dep="1.5")
    index.reset()
    with opened(refresh=True) as catalog:
        assert found == look_up(catalog, plain="2.0", dep="1.5")
        assert 2 == catalog.counters.counts.revalidated
    assert [304, 304] == [request.status for request in index.requests]


def _yank(index: LocalIndex, path: Path) -> None:
    index.remove("a", "2.0")
    index.add(path, yanked="bad")


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (lambda index, path: None, []),
        (_yank, ["yanked"]),
        (lambda index, path: index.remove("a", "2.0"), ["not-found"]),
        (lambda index, path: index.remove("a"), ["not-found"]),
        (lambda index, path: index.down(), ["unreachable"]),
    ],
    ids=["unchanged", "yanked", "removed", "project removed", "down"],
)
def test_revalidation_sees_what_is_now(
    index: LocalIndex,
    opened: Open,
    change: Callable[[LocalIndex, Path], None],
    kinds: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With one conditional request, and only for what was not asked for in this run or in the ten minutes before."""
    monkeypatch.setattr(finder, "JUST_NOW", 0.0)
    index.release("a", "1.0")
    path = index.release("a", "2.0")
    with opened() as catalog:
        look_up(catalog, a="1.0")
    with opened() as catalog:
        release = look_up(catalog, a="1.0")["a"].candidates[0]
        index.reset()
        change(index, path)
        assert kinds == [failure.kind for failure in catalog.revalidate([release])]
        assert kinds == [failure.kind for failure in catalog.revalidate([release])] or kinds != ["unreachable"]
    statuses = [request.status for request in index.requests]
    assert {(): [304], ("yanked",): [200], ("unreachable",): []}.get(tuple(kinds), statuses) == statuses


def test_several_sources(index: LocalIndex, opened: Open, tmp_path: Path) -> None:
    """Another index, a file index, find-links by path and URL; what cannot be read is a line."""
    index.release("a", "1.0")
    links, files = tmp_path / "links", tmp_path / "simple"
    make_wheel(links, "a", "3.0", requires=["b"])
    wheel = make_wheel(tmp_path / "files", "b", "1.0")
    (files / "b").mkdir(parents=True)
    (files / "b" / "index.html").write_text(f'<a href="../../files/{wheel.name}">')
    with LocalIndex() as other:
        other.release("a", "2.0")
        with opened(
            extra_index_urls=(other.index_url, files.as_uri(), "file:///no/such/index"),
            find_links=(str(links), f"{index.url}/none.html"),
        ) as catalog:
            found = look_up(catalog, a="1.0", b="1.0")
            assert [("3.0", "find-links"), ("2.0", other.index_url), ("1.0", index.index_url)] == [
                (str(each.version), each.index) for each in found["a"].releases
            ]
            assert [(wheel.as_uri(), files.as_uri())] == [(each.file.url, each.index) for each in found["b"].releases]
            assert [("b",), ()] == [catalog.requires(found[name].candidates[0]) for name in "ab"]
            assert (
                f"could not use find-links {index.url}/none.html: the server returned 404",
                "could not use the index file:///no/such/index: no such directory",
            ) == catalog.unconsulted


def test_interrupt_leaves_at_once(index: LocalIndex, tmp_path: Path) -> None:
    """Ctrl-C while the index is silent: the program ends, whatever its threads wait for."""
    index.fail("*", hang=30)
    code = f"""
import _thread, threading
from pip_fastupdate.index import open_catalog
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.settings import Settings
from pip_fastupdate.progress import Silent
catalog = open_catalog(settings=Settings(index_url={index.index_url!r}), cache=CacheOptions(directory=None), warn=print)
threading.Timer(0.7, _thread.interrupt_main).start()
try:
    catalog.look_up({{f"p{{n}}": None for n in range(50)}}, Silent())
except KeyboardInterrupt:
    print("interrupted")
"""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert ("interrupted", "", 0) == (done.stdout.strip(), done.stderr.strip(), done.returncode)
    assert time.monotonic() - began < 8


def test_cached_run_imports_nothing_heavy(index: LocalIndex, tmp_path: Path) -> None:
    """Neither HTTP nor a decoder, and no thread."""
    index.release("a", "1.0")
    index.release("a", "2.0", requires=["b"])
    index.release("b", "1.0")
    code = f"""
import sys, threading, time
from packaging.version import Version
from pathlib import Path
from pip_fastupdate.index import open_catalog
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.settings import Settings
from pip_fastupdate.progress import Silent
catalog = open_catalog(
    settings=Settings(index_url={index.index_url!r}), cache=CacheOptions(directory=Path({str(tmp_path)!r})), warn=print
)
found = catalog.look_up({{"a": Version("1.0")}}, Silent())["a"]
print(catalog.requires(found.candidates[0]), catalog.project("b").releases[0].version)
heavy = {{"requests", "requests_cache", "urllib3", "msgspec", "ssl", "concurrent.futures", "email.parser"}}
print(sorted(heavy & set(sys.modules)), threading.active_count(), catalog.counters.counts.requests)
catalog.close()
"""
    run = [sys.executable, "-c", code]
    subprocess.run(run, capture_output=True, timeout=60, check=True)
    index.down()
    second = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)
    assert ["('b',) 1.0", "[] 1 0"] == second.stdout.splitlines()


ODD = {
    "epochs": ["1!1.0", "2.0", "1!0.9"],
    "locals": ["1.0", "1.0+cpu", "1.0+cu118", "0.9"],
    "posts": ["1.0", "1.0.post1", "1.0.post1.dev1", "1.0.dev5"],
    "only-pre": ["1.0a1", "1.0b2", "1.0.dev9"],
    "finals-and-pre": ["1.0", "2.0rc1", "1.5"],
    "zeros": ["1.0", "1.0.1", "1"],
    "calendar": ["2023.9.1", "2023.10.1", "23.12"],
}


@pytest.mark.parametrize("api", ["json", "html", "find-links"])
def test_newest_is_what_pip_finds(index: LocalIndex, opened: Open, tmp_path: Path, api: str) -> None:
    """Odd release histories, odd wheels, several sources; pip's finder is asked in a process of its own."""
    names = _odd(index)
    index.simple_json = api == "json"
    links = tmp_path / "links"
    make_wheel(links, "tags", "1.0", tag="py3-none-any")
    make_wheel(links, "calendar", "2024.1")
    if api == "find-links":
        settings = {"index_url": None, "find_links": (str(index.folder), str(links))}
        options = ["--no-index", "--find-links", str(index.folder), "--find-links", str(links)]
    else:
        settings = {"index_url": index.index_url, "find_links": (str(links),)}
        options = ["--index-url", index.index_url, "--find-links", str(links), "--trusted-host", "127.0.0.1"]
    expected = _pip_finds(names, options)
    with opened(policy=Policy(build=frozenset({":all:"})), **settings) as catalog:
        found = look_up(catalog, **dict.fromkeys(names, None))
        answers = {name: _newest(answer) for name, answer in found.items()}
    assert expected == answers
    assert len(names) == sum(answer is not None for answer in answers.values())


def _odd(index: LocalIndex) -> list[str]:
    for name, versions in ODD.items():
        for version in versions:
            index.release(name, version)
    for tag in ("py3-none-any", "py2.py3-none-any", "cp27-none-any", f"py3{sys.version_info[1]}-none-any"):
        index.release("tags", "1.0", tag=tag)
    index.release("tags", "2.0", tag="cp27-cp27m-win32")
    index.add(make_sdist(index.folder, "mixed", "2.0"))
    index.release("mixed", "1.0")
    index.release("mixed", "2.0", tag="cp27-none-any")
    index.release("both", "1.0")
    index.add(make_sdist(index.folder, "both", "1.0"))
    index.release("dotted.name", "1.0")
    return [*ODD, "tags", "mixed", "both", "dotted-name"]


def _newest(answer: Project | Failure) -> list[str] | None:
    if isinstance(answer, Failure) or not answer.candidates:
        return None
    release = answer.candidates[0]
    return [str(release.version), release.file.filename if release.file else ""]


def _pip_finds(names: list[str], options: list[str]) -> dict[str, list[str] | None]:
    code = """
import json, sys
from pip._internal.commands import create_command
command = create_command("install")
options, names = command.parse_args(["--isolated", "--no-cache-dir", *sys.argv[1:]])
with command.main_context():
    finder = command._build_package_finder(options=options, session=command._build_session(options))
    found = {name: finder.find_best_candidate(name).best_candidate for name in names}
print(json.dumps({name: each and [str(each.version), each.link.filename] for name, each in found.items()}))
"""
    environment = {"PIP_CONFIG_FILE": "/dev/null", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code, *options, *names], capture_output=True, text=True, env=environment, check=False
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


@pytest.mark.network
def test_real_index(tmp_path: Path) -> None:
    """A handful of names on the index that pip is configured to use."""
    code = "import json; from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    url = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    names = ("idna", "packaging", "six", "numpy", "surely-nobody-calls-a-project-like-this")
    settings, cache = Settings(index_url=url, network=Network(retries=0)), CacheOptions(directory=tmp_path)
    first = open_catalog(settings=settings, cache=cache, warn=_no_warning)
    found = look_up(first, **dict.fromkeys(names, "1.0"))
    first.close()
    if all(isinstance(answer, Failure) and answer.kind != "not-found" for answer in found.values()):
        pytest.skip("the index cannot be reached")
    assert {names[-1]: "not-found"} == {name: each.kind for name, each in found.items() if isinstance(each, Failure)}
    again = open_catalog(settings=settings, cache=cache, warn=_no_warning)
    assert found == look_up(again, **dict.fromkeys(names, "1.0"))
    requires = again.requires(found["packaging"].candidates[0])
    again.close()
    assert isinstance(requires, tuple)


@pytest.mark.parametrize("installed", ["1.0", None], ids=["upgrade", "addition"])
def test_revalidation_confirms_the_page_that_is_cached(
    index: LocalIndex, opened: Open, installed: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conditionally, also of what comes in anew; and a page that has changed serves other environments as well."""
    monkeypatch.setattr(finder, "JUST_NOW", 0.0)
    for version in ("0.5", "1.0", *(f"1.{minor}" for minor in range(1, 16)), "2.0"):  # more than are kept anyway
        index.release("a", version)
    with opened() as catalog:
        look_up(catalog, a=installed)
    statuses = []
    for _ in range(2):
        with opened() as catalog:
            candidate = look_up(catalog, a=installed)["a"].candidates[0]
            index.reset()
            assert () == catalog.revalidate([candidate])
            statuses += [request.status for request in index.requests]
        index.release("a", "3.0")
    with opened() as catalog:
        index.reset()
        assert "3.0" == told(look_up(catalog, a=installed)["a"])[0]
    assert ([304, 200], []) == (statuses, index.requests)
