"""The stages of a run: how it reads, what they hand on, and what they make of what goes wrong."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pip_fastupdate.core.errors import FileConflict, FileInUse, IndexUnreachable
from pip_fastupdate.core.models import Change, Failure, File, Plan, Reason
from pip_fastupdate.progress import Silent
from pip_fastupdate.update import context, results, run
from pip_fastupdate.update.results import Exclusions, Planned, Staged, StagedRelease, key_of
from pip_fastupdate.update.scope import changes_of
from pip_fastupdate.update.stages import check, fetch, verify
from pip_fastupdate.update.stages.stage import Downloaded
from pip_fastupdate.update.stages.swap import requirements_first
from tests.support.pools import make_pool, release

STAGES = ["guard", "scan", "look_up", "make_plan", "fetch_and_stage", "verify", "swap", "check"]
"""Of the nine, fetching and staging overlap and are one call."""


def test_order_of_a_chain_without_end() -> None:
    """What is required comes first, through circles, too, however long the chain is."""
    names = [f"p{each}" for each in range(1300)]
    requires = {name: [after] for name, after in pairwise([*names, names[0]])}
    pool = make_pool(dict.fromkeys(names, "1"), {name: {"1": [], "2": requires[name]} for name in names})
    assignment = {name: pool.newest(name) or pool.installed[name] for name in names}
    plan = Plan(changes=tuple(changes_of(pool, assignment)))
    planned = Planned(pool=pool, assignment=assignment, plan=plan, failures={})
    assert [*reversed(names)] == [each.name for each in requirements_first(planned)]


class Said(Silent):
    """A progress that remembers what it was warned of."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    def warn(self, text: str, hint: str = "") -> None:
        self.warnings.append(text)


def planned(*names: str) -> Planned:
    """A plan that brings these from 1 to 2."""
    pool = make_pool(dict.fromkeys(names, "1"), {name: {"1": (), "2": ()} for name in names})
    changes = tuple(
        Change(name=name, installed=pool.installed[name].version, target=release(name, "2")) for name in names
    )
    return Planned(pool=pool, assignment={}, plan=Plan(changes=changes), failures={})


def area(said: Said, *, strict: bool = False, **services: Any) -> Any:
    """A staging area with nothing but what a stage asks for."""
    made = SimpleNamespace(progress=said, options=SimpleNamespace(strict=strict), **services)
    made.settings = SimpleNamespace(network=SimpleNamespace(jobs=1))
    return SimpleNamespace(context=made, installed={})


def staged_release(*requires: str, warnings: tuple[Reason, ...] = ()) -> StagedRelease:
    wheel: Any = None
    return StagedRelease(wheel=wheel, warnings=warnings, requires=requires)


def failure(name: str, kind: str) -> Failure:
    return Failure(name=name, version="2", kind=kind, text=f"is {kind}")


def calls(function: Any) -> list[str]:
    """The functions that are called by name, in the order of the lines."""
    tree = ast.parse(inspect.getsource(function))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [node.func.id for node in sorted(found, key=lambda node: node.lineno) if isinstance(node.func, ast.Name)]


def test_stages_stand_one_below_the_other() -> None:
    """In one function of one screen, each called by its name, in the order in which they happen."""
    lines = inspect.getsource(run._run).splitlines()
    in_order = list(dict.fromkeys(name for name in calls(run._run) if name in STAGES))
    assert (STAGES, True) == (in_order, len(lines) <= 50)


def test_results_are_frozen_data() -> None:
    """All that the stages hand on."""
    found = [each for _, each in inspect.getmembers(results, is_dataclass) if each.__module__ == results.__name__]
    assert {"Exclusions", "Planned", "Staged", "Swapped", "Installed"} <= {each.__name__ for each in found}
    assert [] == [each.__name__ for each in found if not each.__dataclass_params__.frozen]


def test_context_holds_services_only() -> None:
    """No result of a stage is kept where the next one would find it without being given it."""
    own = {name for name, each in inspect.getmembers(results, is_dataclass) if each.__module__ == results.__name__}
    words = {word for each in fields(context.RunContext) for word in re.findall(r"\w+", str(each.type))}
    assert (True, set()) == ("Catalog" in words, words & own)


@pytest.mark.parametrize(
    ("kind", "downloaded", "where"),
    [
        ("hash", False, "damaged"),
        ("offline", False, "damaged"),
        ("unreachable", False, "failures"),
        ("http", False, "failures"),
        ("requires-python", True, "unfit"),
        ("build", True, "failures"),
        ("record-hash", True, "damaged"),
    ],
)
def test_what_fails_is_sorted_out(kind: str, downloaded: bool, where: str) -> None:
    """Where another release may do, only this one is ruled out; what is staged already stays."""
    plan, before = planned("a", "b"), Staged(releases={("b", "2"): staged_release()}, tried=1)
    change, failed = plan.plan.changes[0], failure("a", kind)
    lost, tried = ([], [(change, failed)]) if downloaded else ([(change, failed)], [])
    after = fetch._with(before, lost, tried)
    found: Mapping[Any, Failure] = getattr(after, where)
    assert ([failed], before.releases) == (list(found.values()), after.releases)
    assert 1 == len(after.failures) + len(after.damaged) + len(after.unfit)
    assert before.tried + len(tried) == after.tried


class Store:
    """A wheel store in which everything ends as it is told."""

    def __init__(self, ends: Mapping[str, Failure | Path]) -> None:
        self.ends = ends

    def fetch(self, releases: Any, **_: Any) -> Iterator[tuple[Any, Failure | Path]]:
        """All of them, in their order."""
        return ((each, self.ends[each.name]) for each in releases)


class Threads:
    """Threads that note in which directory they should stage."""

    def __init__(self) -> None:
        self.folders: list[str] = []

    def submit(self, task: Any, *, first: bool) -> None:
        """Stage nothing."""
        self.folders += [each.folder.name for each in task._work.args if isinstance(each, Downloaded)]


def fetched(ends: Mapping[str, Failure | Path], first: int = 0) -> list[str]:
    """The folders in which these are staged."""
    threads: Any = Threads()
    place = area(Said())
    place.store, place.transaction = Store(ends), SimpleNamespace(staging=Path("staging"))
    turns: Any = None
    fetch._fetch(place, planned(*ends).plan.changes, threads, turns, first)
    return threads.folders


def test_no_folder_is_used_twice() -> None:
    """Each wheel has one of its own, those of earlier plans included."""
    wheels = {name: Path(f"{name}.whl") for name in "abc"}
    assert ["5", "6", "7"] == fetched(wheels, first=5)


def test_network_that_goes_away() -> None:
    """Three lost downloads in a row end the run; two, or three with a success between them, do not."""
    gone, here = failure("x", "unreachable"), Path("here.whl")
    assert ["0"] == fetched({"a": gone, "b": gone, "c": here})
    assert ["0"] == fetched({"a": gone, "b": gone, "c": here, "d": gone})
    with pytest.raises(IndexUnreachable, match="is unreachable"):
        fetched({"a": here, "b": gone, "c": gone, "d": gone})


class Asking:
    """A catalog whose index has taken back ``a``: it notes what it is asked, and when the answer is waited for."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def revalidating(self, releases: Any) -> Any:
        """Begin to ask."""
        self.log.append(f"ask {' '.join(each.name for each in releases)}")
        return self

    def failures(self) -> tuple[Failure, ...]:
        """Wait for the answer."""
        self.log.append("wait")
        return (failure("a", "yanked"),)


def test_index_is_asked_again_while_wheels_are_downloaded(tmp_path: Path) -> None:
    """About what is not staged yet; what it takes back is left out for that, whatever else is wrong with it."""
    log: list[str] = []

    class Logged(Store):
        def fetch(self, releases: Any, **options: Any) -> Iterator[tuple[Any, Failure | Path]]:
            log.append("fetch")
            return super().fetch(releases, **options)

    place = area(Said(), catalog=Asking(log))
    place.store, place.transaction = Logged({"a": failure("a", "hash")}), SimpleNamespace(staging=tmp_path)
    place.compilers = SimpleNamespace(end=lambda: None)
    place.context.options.cache = SimpleNamespace(directory=None)
    after = fetch.fetch_and_stage(place, planned("a", "b"), Staged(releases={("b", "2"): staged_release()}))
    assert ["ask a", "fetch", "wait"] == log
    assert ({"a": "yanked"}, {}) == ({name: each.kind for name, each in after.failures.items()}, after.damaged)


def test_nothing_is_built_before_the_index_has_answered() -> None:
    """A build runs what was downloaded: nothing is even downloaded when the index has taken something back."""
    log: list[str] = []
    plan = planned("a", "b")
    sdist = File(filename="b-2.tar.gz", url="https://files.example.com/b-2.tar.gz", sha256=None, size=1)
    a, b = plan.plan.changes
    plan = replace(plan, plan=Plan(changes=(a, replace(b, target=replace(b.target, file=sdist)))))
    after = fetch.fetch_and_stage(area(Said(), catalog=Asking(log)), plan, Staged())
    assert (["ask a b", "wait"], ["a"]) == (log, list(after.failures))


def test_plan_that_nothing_speaks_against() -> None:
    """The exclusions stay the very same, which is how a run knows that it may go on."""
    plan, said = planned("a"), Said()
    staged = Staged(releases={key_of(plan.plan.changes[0].target): staged_release()})
    known = Exclusions(failures={"z": failure("z", "http")})
    assert (known, []) == (verify.verify(area(said), plan, staged, known), said.warnings)


def test_failures_are_learned_and_said_once() -> None:
    """What was known before is not said again."""
    said = Said()
    known = Exclusions(failures={"a": failure("a", "http")})
    staged = Staged(failures={"b": failure("b", "build")}, damaged={("c", "2"): failure("c", "hash")})
    learned = verify.verify(area(said), planned("a", "b", "c"), staged, known)
    assert ({"a", "b"}, {("c", "2")}) == (set(learned.failures), set(learned.damaged))
    assert ["leaving b unchanged: is build", "could not use c 2: is hash"] == said.warnings


@pytest.mark.parametrize(
    ("requires", "corrected"),
    [((), {}), (("d>1",), {("a", "2"): ("d>1",)}), (("not a requirement",), {("a", "2"): ("not a requirement",)})],
)
def test_wheels_correct_the_index(requires: tuple[str, ...], corrected: object) -> None:
    """The next plan goes by what the wheel requires, if that is something else."""
    plan = planned("a")
    staged = Staged(releases={("a", "2"): staged_release(*requires)})
    assert corrected == verify.verify(area(Said()), plan, staged, Exclusions()).corrections


def test_wheel_for_another_python_is_a_correction() -> None:
    """An older release may be for this one."""
    staged = Staged(unfit={("a", "2"): failure("a", "requires-python")})
    learned = verify.verify(area(Said()), planned("a"), staged, Exclusions())
    assert {("a", "2"): "requires-python"} == {key: each.kind for key, each in learned.corrections.items()}


@pytest.mark.parametrize(("strict", "stays"), [(False, {}), (True, {"a": "brings a hook; brings a path"})])
def test_strict(strict: bool, stays: Mapping[str, str]) -> None:
    """What is worth a warning is a reason to stay for who wants no such thing."""
    warnings = (Reason(kind="new-hook", text="brings a hook"), Reason(kind="new-pth", text="brings a path"))
    staged = Staged(releases={("a", "2"): staged_release(warnings=warnings)})
    learned = verify.verify(area(Said(), strict=strict), planned("a"), staged, Exclusions())
    assert stays == {name: each.text for name, each in learned.stays.items()}


@pytest.mark.parametrize(
    ("conflict", "kind"),
    [
        (FileConflict("x is in the way.", names=("a",)), "file-conflict"),
        (FileInUse("x is open.", names=("a",)), "in-use"),
    ],
)
def test_conflict_is_learned(conflict: FileConflict, kind: str) -> None:
    """The next plan goes without what is in the way; a conflict that this does not end ends the run."""
    place = area(Said())
    learned = check._without(place.context, conflict, Exclusions())
    assert {"a": kind} == {name: each.kind for name, each in learned.failures.items()}
    with pytest.raises(FileConflict):
        check._without(place.context, conflict, learned)
