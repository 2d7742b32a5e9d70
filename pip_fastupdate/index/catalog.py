"""All projects, looked up at once: what the planner knows of the indexes.

Everything that the cache has is read in one go, without threads and without the modules that speak HTTP. The rest is
asked for by a few threads, and while they are at it, they go on to what the newest versions require. Answers are
kept, and do not depend on who asked first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from packaging.version import Version

from ..dependencies import InvalidRequirement, parse
from ..models import Failure, Project, Release
from ..options import Settings
from ..ports import Progress, Transport
from . import interpreter
from .interpreter import Interpreter
from .lookup import Lookup
from .metadata import Requirements
from .tasks import Task, Threads

if TYPE_CHECKING:
    from .answers import Answer
    from .counters import Counters
    from .session import Session

Fields = tuple[str, ...] | Failure


class Catalog:
    """A ``ports.ReleaseSource`` over all the places that pip's settings name. Safe to use from many threads."""

    def __init__(self, settings: Settings, session: Session, this: Interpreter | None = None) -> None:
        """``this`` is the interpreter to find files for; by default the one that runs."""
        this = this or interpreter.this()
        self._session = session
        self._lookup = Lookup(settings, this)
        self._requirements = Requirements(this)
        self._threads = Threads(settings.network.jobs)
        self._lock = Lock()
        self._projects: dict[str, Task[Project | Failure]] = {}
        self._fields: dict[tuple[str, Version], Task[Fields]] = {}
        self._floors: dict[str, Version | None] = {}
        self._asked: set[str] = set()
        self._others: Collection[str] = ()
        self._watching: dict[str, Progress] = {}

    @property
    def transport(self) -> Transport:
        """Downloads through the same session."""
        return self._session

    @property
    def counters(self) -> Counters:
        """What the session counted."""
        return self._session.counters

    @property
    def threads(self) -> int:
        """How many were started."""
        return self._threads.started

    @property
    def failures(self) -> Mapping[str, Failure]:
        """By name, sorted: the projects asked for that could not be looked up."""
        tasks = {name: self._projects[name] for name in sorted(self._asked.copy()) if name in self._projects}
        found = {name: task.result() for name, task in tasks.items() if task.done}
        return {name: answer for name, answer in found.items() if isinstance(answer, Failure)}

    @property
    def unconsulted(self) -> tuple[str, ...]:
        """One line for each place that could not be consulted, or not for everything."""
        return self._lookup.unconsulted()

    def look_up(
        self,
        installed: Mapping[str, Version | None],
        progress: Progress,
        others: Mapping[str, Version | None] | None = None,
    ) -> Mapping[str, Project | Failure]:
        """The projects of that names, with releases from the given version on (None: all of them).

        A step of ``progress`` is made for each. What newest versions require is asked for beforehand, but for
        ``others``: what is installed besides, and may be asked for later. Interrupted, it closes the catalog.
        """
        self._watching.update(dict.fromkeys(installed, progress))
        self._asked.update(installed)
        self._set_floors({**(others or {}), **installed})
        self._others = others or ()
        try:
            self.prefetch(installed)
            tasks = {name: self._projects[name] for name in installed}
            for task in tasks.values():
                task.wait()
        except BaseException:
            self.close()
            raise
        return {name: task.result() for name, task in tasks.items()}

    def _set_floors(self, floors: Mapping[str, Version | None]) -> None:
        """An answer given for another installed version is none any more."""
        with self._lock:
            for name, floor in floors.items():
                if name in self._projects and self._floors.get(name) != floor:
                    del self._projects[name]
            self._floors.update(floors)

    def project(self, name: str) -> Project | Failure:
        """The project called ``name`` (normalized). The same answer however often it is asked."""
        self._asked.add(name)
        return self._project_task(name)[0].result()

    def requires(self, release: Release) -> Fields:
        """The ``Requires-Dist`` fields of a candidate, raw. The same answer however often it is asked."""
        return self._fields_task(release)[0].result()

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """Answer what the cache can, at once; have the threads ask for the rest."""
        wanted: Iterable[str] = names
        while wanted or releases:
            answered = self._begin(wanted, releases)
            wanted, releases = self._next(answered)

    def _project_task(self, name: str) -> tuple[Task[Project | Failure], bool]:
        """The task, and whether it is a new one."""
        with self._lock:
            new = name not in self._projects
            if new:
                self._projects[name] = Task(lambda: self._settled(name, self._look(name)))
            return self._projects[name], new

    def _fields_task(self, release: Release) -> tuple[Task[Fields], bool]:
        key = (release.name, release.version)
        with self._lock:
            new = key not in self._fields
            if new:
                self._fields[key] = Task(lambda: self._read(release))
            return self._fields[key], new

    def _begin(self, names: Iterable[str], releases: Iterable[Release]) -> list[Project | Fields]:
        """Tasks for all that is new; what the cache answers is returned, the rest is submitted."""
        projects = {name: task for name in names for task, new in [self._project_task(name)] if new}
        fields = [(each, task) for each in releases for task, new in [self._fields_task(each)] if new]
        stored = self._stored(list(projects), [release for release, _ in fields])
        answered: list[Project | Fields] = []
        for name, task in projects.items():
            project = self._lookup.recall(name, self._floors.get(name), stored)
            if project is None:
                self._threads.submit(task)
            else:
                task.settle(self._settled(name, project))
                answered.append(project)
        for release, further in fields:
            requires = self._requirements.recall(release, stored)
            if requires is None:
                self._threads.submit(further)
            else:
                further.settle(requires)
                answered.append(requires)
        return answered

    def _stored(self, names: Sequence[str], releases: Sequence[Release]) -> Mapping[str, Answer]:
        """All that the cache has for them, in one read."""
        keys = self._lookup.keys(names) if names else []
        keys += [key for each in releases if (key := self._requirements.key(each))]
        stored = self._session.stored(keys) if keys else {}
        self._lookup.learn(stored)
        return stored

    def _look(self, name: str) -> Project | Failure:
        answer = self._lookup.ask(name, self._floors.get(name), self._session)
        self.prefetch(*self._next([answer]))
        return answer

    def _read(self, release: Release) -> Fields:
        requires = self._requirements.ask(release, self._session)
        self.prefetch(*self._next([requires]))
        return requires

    def _settled(self, name: str, answer: Project | Failure) -> Project | Failure:
        progress = self._watching.pop(name, None)
        if progress is not None:
            progress.step(name)
        return answer

    def _next(self, answered: Iterable[Project | Fields]) -> tuple[list[str], list[Release]]:
        """What will be asked for next, most likely: requirements of newest versions, and the projects they name."""
        names: set[str] = set()
        releases = []
        for answer in answered:
            if isinstance(answer, tuple):
                names.update(_named(answer))
            elif isinstance(answer, Project):
                newest = next(iter(answer.candidates), None)
                floor = self._floors.get(answer.name)
                if newest is not None and (floor is None or newest.version > floor):
                    releases.append(newest)
        unknown = (name for name in names if name not in self._projects and name not in self._others)
        return sorted(unknown), releases

    def revalidate(self, releases: Iterable[Release]) -> tuple[Failure, ...]:
        """What has become of these releases since the cache last heard of them; none where all is as it was.

        Indexes are asked again, whatever the age of their answers, but for those given during this run. Failures
        are of kind ``not-found``, ``yanked`` or ``hash``, or tell why the index could not be asked.
        """
        tasks = [
            Task(partial(self._lookup.recheck, release, source, self._session))
            for release, source in self._lookup.doubtful(releases)
        ]
        for task in tasks:
            self._threads.submit(task)
        found = [task.result() for task in tasks]
        return tuple(failure for failure in found if failure)

    def close(self) -> None:
        """Stop the threads, without waiting for requests under way, and close the session."""
        self._threads.close()
        self._session.close()


def _named(requires: Iterable[str]) -> set[str]:
    """The projects that these fields require on this interpreter, without any extra."""
    found = set()
    for line in requires:
        try:
            dependency = parse(line)
        except InvalidRequirement:
            continue  # whoever asks for these requirements is told
        if dependency.applies(frozenset()):
            found.add(dependency.name)
    return found
