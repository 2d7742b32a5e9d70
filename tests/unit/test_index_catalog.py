"""All projects at once: what is asked, by whom, and that the answers do not depend on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Failure, File, Project, Release
from pip_fastupdate.core.settings import Network, Policy, Settings
from pip_fastupdate.core.threads.background import Cancelled
from pip_fastupdate.index.catalog import Catalog
from tests.support.fake_session import HTML, SIMPLE, FakeSession
from tests.support.source_records import HERE
from tests.support.wheels import make_metadata, make_wheel

ROOT = "https://index.invalid"
INDEX = f"{ROOT}/simple"


class Steps:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def stage(self, name: str, total: int | None = None) -> AbstractContextManager[None]:
        """Of no interest."""
        return nullcontext()

    def step(self, detail: str = "", amount: int = 1) -> None:
        """One more."""
        self.done.append(detail)

    def note(self, text: str) -> None:
        """Of no interest."""

    def warn(self, text: str, hint: str = "") -> None:
        """Of no interest."""


class World(FakeSession):
    """An index with pages in JSON."""

    def release(self, name: str, *versions: str, requires: Any = None, **fields: Any) -> World:
        """The project with these versions; ``requires`` is what the sidecar of the last one says, if there is one."""
        files = [
            {
                "url": f"{ROOT}/files/{name}-{version}-py3-none-any.whl",
                "hashes": {"sha256": "ab" * 32},
                "core-metadata": True,
                **fields,
            }
            for version in versions
        ]
        self.page(page(name), {"name": name, "files": files}, SIMPLE)
        return self if requires is None else self.sidecar(name, versions[-1], *requires)

    def sidecar(self, name: str, version: str, *requires: str) -> World:
        """Beside the wheel."""
        self.page(sidecar(name, version), make_metadata(name, version, requires=requires), "text/plain")
        return self


def page(name: str) -> str:
    """Its page."""
    return f"{INDEX}/{name}/"


def sidecar(name: str, version: str) -> str:
    """That of its wheel."""
    return f"{ROOT}/files/{name}-{version}-py3-none-any.whl.metadata"


def catalog(session: FakeSession, *, jobs: int = 4, index_url: str | None = INDEX, **settings: Any) -> Catalog:
    """Over that session."""
    return Catalog(Settings(index_url=index_url, network=Network(jobs=jobs), **settings), session, HERE)  # type: ignore[arg-type]


def look_up(source: Catalog, steps: Steps | None = None, **installed: str | None) -> Mapping[str, Project | Failure]:
    """Of these installed versions."""
    wanted = {name: Version(version) if version else None for name, version in installed.items()}
    return source.look_up(wanted, steps or Steps())


def quiet(session: FakeSession, source: Catalog) -> list[str]:
    """All that was asked, once nothing more is under way."""
    count = -1
    while count != len(session.asked) or any(
        not task.done for task in [*source._projects.values(), *source._fields.values()]
    ):
        count = len(session.asked)
        time.sleep(0.02)
    return sorted(session.asked)


def newest(answer: Project | Failure) -> str:
    """Its newest candidate."""
    assert isinstance(answer, Project), answer
    return str(answer.candidates[0].version)


def test_first_run_asks_once_a_project() -> None:
    """With a step for each."""
    session, steps = World().release("a", "1.0", "2.0", requires=[]).release("b", "1.0", requires=[]), Steps()
    source = catalog(session)
    found = look_up(source, steps, a="1.0", b="1.0")
    assert {"a": "2.0", "b": "1.0"} == {name: newest(each) for name, each in found.items()}
    asked = sorted([sidecar("a", "2.0"), page("a"), page("b")])
    assert (["a", "b"], asked) == (sorted(steps.done), quiet(session, source))
    assert found["a"] is source.project("a")
    assert ({}, ()) == (source.failures, source.unconsulted)


def test_second_run_asks_nothing_and_starts_no_thread() -> None:
    """One reading of the cache for the projects, one for what their newest versions require, and so on."""
    session = (
        World()
        .release("a", "1.0", "2.0")
        .release("b", "1.0")
        .sidecar("a", "2.0", "c>=1")
        .release("c", "1.0", requires=[])
    )
    first = catalog(session)
    expected = look_up(first, a="1.0", b="1.0"), first.requires(first.project("a").candidates[0]), first.project("c")  # type: ignore[union-attr]
    asked = [sidecar("a", "2.0"), sidecar("c", "1.0"), page("a"), page("b"), page("c")]
    assert sorted(asked) == quiet(session, first)
    again, steps = session.again(), Steps()
    second = catalog(again)
    found = look_up(second, steps, a="1.0", b="1.0")
    assert expected == (found, second.requires(second.project("a").candidates[0]), second.project("c"))  # type: ignore[union-attr]
    assert ([], 0, ["a", "b"]) == (again.asked, second.threads, steps.done)
    assert 4 == len(again.read)


@pytest.mark.parametrize("jobs", [1, 3, 20])
def test_answers_do_not_depend_on_timing(jobs: int) -> None:
    """Any number of threads, a slow index, the caller in between."""
    session = World()
    for number in range(30):
        session.release(f"p{number}", "1.0", "2.0", requires=[f"p{number + 1}", f"q{number}"])
    session.before = lambda url: time.sleep(hash(url) % 3 / 1000)
    source = catalog(session, jobs=jobs)
    found = look_up(source, **{f"p{number}": "1.0" for number in range(30)})
    assert ["2.0"] * 30 == [newest(each) for each in found.values()]
    assert ["q7"] == [source.project("q7").name]
    assert {"q7": "not-found"} == {name: each.kind for name, each in source.failures.items()}
    everything = quiet(session, source)
    assert sorted(set(everything)) == everything
    assert source.threads <= jobs


def test_one_bad_project_does_not_stop_the_others() -> None:
    """Failures are data."""
    session = World().release("good", "1.0", requires=[])
    session.fail(page("down"), "unreachable", "no route")
    session.fail(page("broken"), "http", "500")
    session.page(page("garbage"), "<html>", HTML)
    session.page(page("empty"), {"name": "empty", "files": []}, SIMPLE)
    session.page(page("quarantined"), {"files": [], "project-status": {"status": "quarantined"}}, SIMPLE)
    source = catalog(session)
    names = ("good", "down", "broken", "empty", "garbage", "missing", "quarantined")
    found = look_up(source, **dict.fromkeys(names, "1.0"))
    assert "1.0" == newest(found["good"])
    assert {
        "broken": "http",
        "down": "unreachable",
        "empty": "no-files",
        "garbage": "garbage",
        "missing": "not-found",
        "quarantined": "quarantined",
    } == {name: each.kind for name, each in source.failures.items()}
    assert Failure(name="down", kind="unreachable", text="no route") == found["down"]


class TestSpeculation:
    """What will be asked for next is asked for beforehand."""

    def test_requirements_of_newest_versions(self) -> None:
        """Their sidecars, the projects in these, and so on; markers count, extras do not."""
        session = World().release("a", "1.0", "2.0").release("b", "3.0").release("c", "1.0", requires=[])
        session.sidecar("a", "2.0", "b", 'no; python_version < "3"', 'not; extra == "x"').sidecar("b", "3.0", "c")
        source = catalog(session)
        look_up(source, a="1.0")
        expected = [page("a"), page("b"), page("c")]
        expected += [sidecar("a", "2.0"), sidecar("b", "3.0"), sidecar("c", "1.0")]
        assert sorted(expected) == quiet(session, source)
        assert {} == source.failures

    def test_nothing_newer(self) -> None:
        """Then nothing is asked for."""
        session = World().release("a", "1.0", requires=["b"])
        source = catalog(session)
        look_up(source, a="1.0")
        assert [page("a")] == quiet(session, source)

    def test_other_installed_projects_are_left_alone(self) -> None:
        """They are asked for when they are needed, and then from their installed version on."""
        session = World().release("a", "2.0", requires=["b", "c"]).release("b", "1.0", "2.0")
        source = catalog(session)
        source.look_up({"a": Version("1.0")}, Steps(), {"b": Version("2.0")})
        assert page("b") not in quiet(session, source)
        assert page("c") in session.asked
        answer = source.project("b")
        assert isinstance(answer, Project)
        assert ["2.0"] == [str(each.version) for each in answer.releases]

    def test_failures_of_what_nobody_asked_for_are_not_told(self) -> None:
        """Until somebody does."""
        session = World().release("a", "2.0", requires=["nowhere"])
        source = catalog(session)
        look_up(source, a="1.0")
        quiet(session, source)
        assert {} == source.failures
        source.project("nowhere")
        assert ["nowhere"] == list(source.failures)

    def test_requirements_that_are_not_understood(self) -> None:
        """Are passed over; who asks for them is told."""
        session = World().release("a", "2.0", requires=["b", "c >=> 1"]).release("b", "1.0", requires=[])
        source = catalog(session)
        found = look_up(source, a="1.0")["a"]
        assert isinstance(found, Project)
        quiet(session, source)
        answer = source.requires(found.candidates[0])
        assert isinstance(answer, Failure)
        assert ("garbage", "2.0") == (answer.kind, answer.version)
        assert {} == source.failures


def test_prefetch_is_in_the_background() -> None:
    """Names and releases, each asked for once."""
    session = (
        World().release("a", "1.0", "2.0").release("b", "1.0", requires=[]).sidecar("a", "1.0", "b").sidecar("a", "2.0")
    )
    source = catalog(session)
    project = source.project("a")
    assert isinstance(project, Project)
    source.prefetch(["a", "b"], project.releases)
    source.prefetch(["b"], iter(project.releases))
    assert [(), ("b",)] == [source.requires(each) for each in project.releases]
    expected = [page("a"), page("b"), sidecar("a", "1.0"), sidecar("a", "2.0"), sidecar("b", "1.0")]
    assert sorted(expected) == quiet(session, source)


def test_caller_does_not_wait_behind_the_queue() -> None:
    """What no thread has begun, it does by itself."""
    session, hold = World().release("slow", "1.0").release("b", "1.0", requires=[]), threading.Event()
    session.before = lambda url: hold.wait() and None if "slow" in url else None
    source = catalog(session, jobs=1)
    source.prefetch(["slow", "b"])
    assert "1.0" == newest(source.project("b"))
    hold.set()
    assert "1.0" == newest(source.project("slow"))


def test_interrupted_look_up_stops_at_once() -> None:
    """Requests under way are not waited for."""
    session, hold = World(), threading.Event()
    session.before = lambda url: hold.wait() and None

    class Interrupted(Steps):
        def step(self, detail: str = "", amount: int = 1) -> None:
            raise KeyboardInterrupt

    session.cache = World().release("a", "1.0", requires=[]).cache
    cached = World().release("a", "1.0", requires=[])
    look_up(catalog(cached), a="1.0")
    session.cache = cached.cache
    source = catalog(session, jobs=1)
    source.prefetch(["x", "y"])
    with pytest.raises(KeyboardInterrupt):
        look_up(source, Interrupted(), a="1.0")
    assert session.closed
    with pytest.raises(Cancelled):
        source.project("y")
    hold.set()


def test_other_installed_version_makes_another_answer() -> None:
    """Somebody changed the environment between two look-ups."""
    session = World().release("a", "1.0", "2.0", "3.0", requires=[])
    source = catalog(session)
    first = look_up(source, a="2.0")["a"]
    assert first is look_up(source, a="2.0")["a"]
    second = look_up(source, a="1.0")["a"]
    assert isinstance(first, Project)
    assert isinstance(second, Project)
    assert (2, 3) == (len(first.releases), len(second.releases))
    assert sorted([sidecar("a", "3.0"), page("a")]) == quiet(session, source)


def test_policy_comes_after_the_cache() -> None:
    """Another policy in the next run needs no request."""
    session = World().release("a", "1.0", "2.0b1", requires=[])
    assert "1.0" == newest(look_up(catalog(session), a="1.0")["a"])
    again = session.again()
    assert "2.0b1" == newest(look_up(catalog(again, policy=Policy(pre=True)), a="1.0")["a"])
    assert [] == again.asked


class TestSeveralSources:
    """Index, extra index, find-links."""

    EXTRA = "https://extra.invalid/root"

    def test_merged(self, tmp_path: Path) -> None:
        """The newest of all; each release knows where it is from. The next run knows it all without asking."""
        wheels = tmp_path / "wheels"
        make_wheel(wheels, "a", "3.0")
        session = World().release("a", "1.0", "2.0").release("b", "1.0", requires=[])
        wheel = make_wheel(tmp_path, "b", "2.0", requires=["a"])
        session.page(f"{self.EXTRA}/b/", {"files": [{"url": wheel.name}]}, SIMPLE)
        session.page(f"{self.EXTRA}/b/{wheel.name}", wheel.read_bytes())
        source = catalog(session, extra_index_urls=(self.EXTRA,), find_links=(str(wheels),))
        found = look_up(source, a="1.0", b="1.0")
        a, b = found["a"], found["b"]
        assert isinstance(a, Project)
        assert isinstance(b, Project)
        assert [("3.0", "find-links"), ("2.0", INDEX), ("1.0", INDEX)] == [
            (str(each.version), each.index) for each in a.releases
        ]
        assert ("2.0", self.EXTRA) == (newest(b), b.releases[0].index)
        assert [(), ("a",)] == [source.requires(each.candidates[0]) for each in (a, b)]
        again = session.again()
        second = catalog(again, extra_index_urls=(self.EXTRA,), find_links=(str(wheels),))
        assert found == look_up(second, a="1.0", b="1.0")
        assert [(), ("a",)] == [second.requires(each.candidates[0]) for each in (a, b)]
        assert [] == again.asked

    def test_what_was_not_consulted(self, tmp_path: Path) -> None:
        """One line each, and the index alone decides."""
        session = World().release("a", "1.0", requires=[])
        session.fail(f"{self.EXTRA}/a/", "unreachable", "no route")
        source = catalog(session, extra_index_urls=(self.EXTRA,), find_links=(str(tmp_path / "no"),))
        assert "1.0" == newest(look_up(source, a="1.0")["a"])
        assert (
            f"could not use find-links {tmp_path / 'no'}: no such file or directory",
            f"could not use the extra index {self.EXTRA} for a: no route",
        ) == source.unconsulted

    def test_no_source_at_all(self) -> None:
        """Nothing is found."""
        source = catalog(World(), index_url=None)
        assert {"a": Failure(name="a", kind="not-found", text="not found on the index")} == look_up(source, a="1.0")


class TestRevalidate:
    """A cache may hide a yank."""

    def second_run(self, session: World) -> tuple[World, Catalog, Release]:
        """After a first one that filled the cache; the release that would be installed."""
        look_up(catalog(session), a="1.0")
        again = World(pages=session.pages, cache=dict(session.cache))
        source = catalog(again)
        project = look_up(source, a="1.0")["a"]
        assert isinstance(project, Project)
        assert [] == again.asked
        return again, source, project.candidates[0]

    def test_unchanged(self) -> None:
        """One request a release, once a run."""
        again, source, release = self.second_run(World().release("a", "1.0", "2.0", requires=[]))
        assert ((), ()) == (source.revalidate([release]), source.revalidate([release]))
        assert [page("a")] == again.asked

    @pytest.mark.parametrize(("minutes", "asked"), [(9.5, []), (10.5, [page("a")])])
    def test_asked_by_a_run_just_before(self, minutes: float, asked: list[str]) -> None:
        """Is asked again only after ten minutes."""
        look_up(catalog(session := World().release("a", "1.0", "2.0", requires=[])), a="1.0")
        fetched = time.time() - 60 * minutes
        cache = {key: replace(answer, fetched=fetched) for key, answer in session.cache.items()}
        again = World(pages=session.pages, cache=cache)
        source = catalog(again)
        release = look_up(source, a="1.0")["a"].candidates[0]  # type: ignore[union-attr]
        assert ((), asked) == (source.revalidate([release]), again.asked)

    def test_in_the_background(self) -> None:
        """Nobody waits for the answer before it is wanted."""
        again, source, release = self.second_run(World().release("a", "1.0", "2.0", requires=[]))
        hold = threading.Event()
        again.before = lambda url: hold.wait(10) and None
        answer = source.revalidating([release])
        hold.set()
        assert ((), ()) == (answer.failures(), answer.failures())
        assert [page("a")] == again.asked

    def test_asked_in_this_run(self) -> None:
        """Is not asked again."""
        session = World().release("a", "1.0", "2.0", requires=[])
        source = catalog(session)
        release = look_up(source, a="1.0")["a"].candidates[0]  # type: ignore[union-attr]
        assert () == source.revalidate([release])
        assert sorted([sidecar("a", "2.0"), page("a")]) == quiet(session, source)

    @pytest.mark.parametrize(
        ("change", "kind", "text"),
        [
            ({"yanked": "bad"}, "yanked", "was yanked: bad"),
            ({"yanked": True}, "yanked", "was yanked"),
            (
                {"hashes": {"sha256": "cd" * 32}},
                "hash",
                "a-2.0-py3-none-any.whl has changed on the index",
            ),
            (
                {"url": f"{ROOT}/files/a-2.0-1-py3-none-any.whl"},
                "not-found",
                "a-2.0-py3-none-any.whl is no longer on the index",
            ),
            (None, "not-found", "a-2.0-py3-none-any.whl is no longer on the index"),
        ],
    )
    def test_changed(self, change: dict[str, Any] | None, kind: str, text: str) -> None:
        """Yanked, replaced or gone."""
        again, source, release = self.second_run(World().release("a", "1.0", "2.0", requires=[]))
        if change is None:
            del again.pages[page("a")]
        else:
            again.release("a", "1.0", "2.0", requires=[], **change)
        assert (Failure(name="a", version="2.0", kind=kind, text=text),) == source.revalidate([release])

    def test_index_that_cannot_be_asked(self) -> None:
        """Is told, but for --offline."""
        again, source, release = self.second_run(World().release("a", "1.0", "2.0", requires=[]))
        again.fail(page("a"), "timeout", "late")
        assert (Failure(name="a", version="2.0", kind="timeout", text="late"),) == source.revalidate([release])
        again.fail(page("a"), "offline")
        assert () == source.revalidate([release])

    def test_local_files_and_strangers(self, tmp_path: Path) -> None:
        """There is nobody to ask."""
        (tmp_path / "a-3.0-py3-none-any.whl").write_bytes(b"")
        source = catalog(World(), index_url=None, find_links=(str(tmp_path),))
        release = look_up(source, a="1.0")["a"].candidates[0]  # type: ignore[union-attr]
        stranger = Release(name="b", version=Version("1"), index="https://elsewhere.invalid")
        assert () == source.revalidate([release, stranger])

    def test_release_without_file(self) -> None:
        """Cannot have changed."""
        _, source, _ = self.second_run(World().release("a", "1.0", "2.0", requires=[]))
        assert () == source.revalidate([Release(name="a", version=Version("2.0"), index=INDEX)])


def test_transport_and_counters_are_the_sessions() -> None:
    """For the wheels, and for --stats."""
    session = World()
    source = catalog(session)
    assert (session, session.counters) == (source.transport, source.counters)
    source.close()
    assert session.closed


class TestRenewed:
    """Some indexes sign the URLs of files for a limited time, and the cache keeps a page for longer."""

    def url(self, version: str, token: int) -> str:
        """A signed URL."""
        return f"{ROOT}/files/a-{version}-py3-none-any.whl?token={token}"

    def serve(self, session: World, token: int, **fields: Any) -> World:
        """The page, with URLs signed once more; nothing else works."""
        files = [
            {
                "url": self.url(version, token),
                "filename": f"a-{version}-py3-none-any.whl",
                "hashes": {"sha256": "ab" * 32},
                "core-metadata": True,
                **fields,
            }
            for version in ("1.0", "2.0")
        ]
        session.pages.clear()
        session.page(page("a"), {"name": "a", "files": files}, SIMPLE)
        session.page(f"{sidecar('a', '2.0')}?token={token}", make_metadata("a", "2.0", requires=["b"]), "text/plain")
        return session

    def second_run(self) -> tuple[World, Catalog, Release]:
        """With everything in the cache."""
        first = self.serve(World(), 1)
        look_up(source := catalog(first), a="1.0")
        quiet(first, source)
        again = World(pages=dict(first.pages), cache=dict(first.cache))
        source = catalog(again)
        found = look_up(source, a="1.0")["a"]
        assert isinstance(found, Project)
        quiet(again, source)
        return again, source, found.candidates[0]

    def test_requirements(self) -> None:
        """Are read from the new URL."""
        first = self.serve(World(), 1)
        look_up(source := catalog(first), a="1.0")
        quiet(first, source)
        cache = {key: each for key, each in first.cache.items() if page("a") in key}
        again = self.serve(World(cache=cache), 2)
        source = catalog(again)
        found = look_up(source, a="1.0")["a"]
        assert isinstance(found, Project)
        assert ("b",) == source.requires(found.candidates[0])
        assert page("a") in again.asked

    def test_known_requirements_stay_known(self) -> None:
        """They belong to the file's hash, not to the signature."""
        first = self.serve(World(), 1)
        look_up(source := catalog(first), a="1.0")
        quiet(first, source)
        again = self.serve(World(cache={key: each for key, each in first.cache.items() if page("a") not in key}), 2)
        source = catalog(again)
        found = look_up(source, a="1.0")["a"]
        assert isinstance(found, Project)
        assert ("b",) == source.requires(found.candidates[0])
        assert [page("a")] == quiet(again, source)

    def test_file(self) -> None:
        """Its release gets the new URL, and nothing else changes."""
        again, source, release = self.second_run()
        self.serve(again, 2)
        renewed = source.renewed(release)
        assert renewed == replace(release, file=replace(release.file, url=self.url("2.0", 2)))  # type: ignore[type-var]
        assert [page("a")] == [each for each in again.asked if each.startswith(INDEX) and "/a/" in each]

    @pytest.mark.parametrize("token", [1, 2])
    def test_nothing_new(self, token: int) -> None:
        """The same URL, or another file of that name."""
        again, source, release = self.second_run()
        self.serve(again, token, **({"hashes": {"sha256": "cd" * 32}} if token == 2 else {}))
        assert None is source.renewed(release)

    def test_page_of_this_run(self) -> None:
        """Is not requested again."""
        first = self.serve(World(), 1)
        found = look_up(source := catalog(first), a="1.0")["a"]
        assert isinstance(found, Project)
        before = quiet(first, source)
        assert None is source.renewed(found.candidates[0])
        assert before == quiet(first, source)

    @pytest.mark.parametrize("index", [INDEX, f"{INDEX}/", ""])
    def test_file_of_a_lock_file(self, index: str) -> None:
        """Nothing was looked up: its index is asked now, or the configured one if the lock file names none."""
        session = self.serve(World(), 2)
        locked = File(filename="a-2.0-py3-none-any.whl", url=self.url("2.0", 1), sha256="ab" * 32)
        release = Release(name="a", version=Version("2.0"), file=locked, index=index)
        renewed = catalog(session).renewed(release)
        assert renewed == replace(release, file=replace(locked, url=self.url("2.0", 2)))
        session.asked.clear()
        other = replace(release, index="https://other.invalid/simple")
        assert (None, []) == (catalog(session).renewed(other), session.asked), "not of an index that is not its own"

    def test_index_that_fails(self) -> None:
        """There is no new URL, and no other failure than the first."""
        again, source, release = self.second_run()
        again.fail(page("a"), "timeout", "late")
        assert None is source.renewed(release)
        stranger = Release(name="b", version=Version("1"), index="https://elsewhere.invalid")
        assert None is source.renewed(stranger)
