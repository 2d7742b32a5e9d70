"""The lookup of all projects at once: what the planner knows of the indexes.

Everything cached is read at once, without threads and without modules for HTTP. A few threads request the rest, and
continue with the requirements of the newest versions. Results are kept, and do not depend on the order of calls.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from packaging.version import Version

from ..core import interpreter
from ..core.interpreter import Interpreter
from ..core.models import Failure, Project, Release
from ..core.protocols import DownloadFailed, Filters, Progress, Transport
from ..core.reasons import OUTDATED_URL
from ..core.settings import Settings
from ..core.threads.background import Task, Threads
from .configured import json_apis
from .filenames import order_key
from .finder import ProjectFinder
from .guard import NOT_OURS, guarded
from .lookahead import Lookahead
from .remote import Source
from .requirements_of import Requirements

if TYPE_CHECKING:
    from ..core.response import Answer
    from ..network.counters import Counters
    from ..network.session import Session
    from .recheck import Revalidation

Fields = tuple[str, ...] | Failure
Recalled = TypeVar("Recalled", Project | Failure | None, Fields | None)
Item = TypeVar("Item")
Result = TypeVar("Result")
Answered = TypeVar("Answered", Project | Failure, Fields)
Step = tuple[Release | None, Project | Failure | Fields]
"""A result, and the release whose requirements it is about, if any."""


class Catalog:
    """A ``protocols.ReleaseSource`` over all sources in pip's settings. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        this: Interpreter | None = None,
        *,
        described: bool = False,
        sparing: bool = False,
    ) -> None:
        """``this`` is the interpreter to find files for; by default the running one.

        ``described`` keeps metadata that was read for ``description``; ``sparing`` saves memory at the cost of time.
        """
        this = this or interpreter.this()
        self._session = session
        self._finder = ProjectFinder(settings, this, session.learn)
        self._requirements = Requirements(this, json_apis(settings), described=described)
        self._threads = Threads(settings.network.jobs, settings.network.rush, settings.network.most, sparing=sparing)
        self._lock = Lock()
        self._projects: dict[str, Task[Project | Failure]] = {}
        self._fields: dict[tuple[str, Version, str], Task[Fields]] = {}
        self._lookahead = Lookahead()
        self._floors: dict[str, Version | None] = {}
        self._asked: set[str] = set()
        self._others: Collection[str] = ()
        self._watching: dict[str, Progress] = {}

    @property
    def transport(self) -> Transport:
        """Downloads through the same session."""
        return self._session

    @property
    def session(self) -> Session:
        """The session itself, for requests to other servers."""
        return self._session

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the function's results in order, computed by the same threads at once. Raises what it raises."""
        tasks = [Task(partial(function, item)) for item in items]
        for task in tasks:
            self._threads.submit(task)
        return [task.result() for task in tasks]

    @property
    def counters(self) -> Counters:
        """The counters of the session."""
        return self._session.counters

    @property
    def threads(self) -> int:
        """The number of threads started."""
        return self._threads.started

    @property
    def failures(self) -> Mapping[str, Failure]:
        """Return the failed lookups by name, sorted."""
        tasks = {name: self._projects[name] for name in sorted(self._asked.copy()) if name in self._projects}
        found = {name: task.result() for name, task in tasks.items() if task.done}
        return {name: answer for name, answer in found.items() if isinstance(answer, Failure)}

    @property
    def unconsulted(self) -> tuple[str, ...]:
        """Return one line for each source that could not be used, or not for everything."""
        return self._finder.unconsulted()

    def look_up(
        self,
        installed: Mapping[str, Version | None],
        progress: Progress,
        others: Mapping[str, Version | None] | None = None,
        filters: Filters = (),
    ) -> Mapping[str, Project | Failure]:
        """Look up the projects, with releases from the given version on (None: all of them).

        One step of ``progress`` per project. Requirements of newest versions are requested in advance, except for
        ``others``: what else is installed, and may be looked up later. If interrupted, it closes the catalog.
        """
        self._watching.update(dict.fromkeys(installed, progress))
        self._asked.update(installed)
        self._set_filters(filters)
        self._set_floors({**(others or {}), **installed})
        self._others = others or ()
        try:
            self.prefetch(installed)
            tasks = {name: self._projects[name] for name in installed}
            for task in tasks.values():
                task.wait()
        except BaseException:
            self.close(patience=0.0)
            raise
        order_key.cache_clear()  # thousands of versions on pages, of which few are kept
        return {name: task.result() for name, task in tasks.items()}

    def _set_filters(self, filters: Filters) -> None:
        """Forget results to which other filters were applied."""
        if filters != self._finder.filters:
            with self._lock:
                self._projects.clear()
                self._finder.filters = filters

    def _set_floors(self, floors: Mapping[str, Version | None]) -> None:
        """Forget results for another installed version."""
        with self._lock:
            for name, floor in floors.items():
                if name in self._projects and self._floors.get(name) != floor:
                    del self._projects[name]
            self._floors.update(floors)
            self._lookahead.floors = dict(self._floors)

    def project(self, name: str) -> Project | Failure:
        """Return the project called ``name`` (normalized); the same result for every call."""
        self._asked.add(name)
        self._begin([name], [], submit=False)
        return self._project_task(name)[0].result()

    def requires(self, release: Release) -> Fields:
        """Return the ``Requires-Dist`` fields of a candidate, raw; the same result for every call."""
        self._begin([], [release], submit=False)
        return self._fields_task(release)[0].result()

    def description(self, release: Release) -> str | None:
        """Return the head of the metadata of a release's file, without a request if planning read it; None if
        unknown.
        """
        return self._requirements.description(release, self._session)

    def every_hash(self, release: Release) -> tuple[str, ...]:
        """Return the sha256 hashes of all files of a release; empty where the index does not tell all of them."""
        from .every_hash import every_hash

        with suppress(DownloadFailed, ValueError):  # ValueError: nonsense in the cache
            return every_hash(release, self._session)
        return ()

    def renewed(self, release: Release) -> Release | None:
        """Return the release with the URL that its index gives its file now, which may work; None if that is no other
        one.
        """
        found = guarded(
            release.name,
            lambda: self._finder.renewed(release, self._floors.get(release.name), self._session),
        )
        return None if isinstance(found, Failure) else found

    def confirm(self, release: Release) -> Fields:
        """Return the ``Requires-Dist`` fields from the file itself: the index may be wrong."""
        version = str(release.version)
        return guarded(release.name, lambda: self._requirements.confirm(release, self._session), version)

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """Answer what the cache can, at once; request the rest in threads.

        What follows from a cached response is taken from the cache or skipped: so a run that repeats another one
        requests nothing that the other did not wait for.
        """
        self._prefetch(list(names), list(releases))

    def _prefetch(self, names: Sequence[str], releases: Sequence[Release], *, first: bool = False) -> None:
        answered = self._begin(names, releases, submit=True, first=first)
        while answered:
            answered = self._begin(*self._next(answered), submit=False)

    def _project_task(self, name: str) -> tuple[Task[Project | Failure], bool]:
        """Return the task, and whether it is a new one."""
        with self._lock:
            new = name not in self._projects
            if new:
                self._projects[name] = Task(lambda: self._counted(name, self._look(name)))
            return self._projects[name], new

    def _fields_task(self, release: Release) -> tuple[Task[Fields], bool]:
        key = _key(release)
        with self._lock:
            new = key not in self._fields
            if new:
                self._fields[key] = Task(lambda: self._read(release))
            return self._fields[key], new

    def _begin(
        self, names: Sequence[str], releases: Sequence[Release], *, submit: bool, first: bool = False
    ) -> list[Step]:
        """Return the cached results of all new names; submit or skip the rest."""
        names = [name for name in names if name not in self._projects]
        releases = [each for each in releases if _key(each) not in self._fields]
        if not names and not releases:
            return []
        stored = self._stored(names, releases)
        answers: list[tuple[Release | None, Project | Fields | Failure | None]] = []
        answers += [(None, self._begin_project(name, stored, submit, first)) for name in names]
        answers += [(release, self._begin_fields(release, stored, submit, first)) for release in releases]
        return [(release, answer) for release, answer in answers if answer is not None]

    def _begin_project(
        self, name: str, stored: Mapping[str, Answer], submit: bool, first: bool
    ) -> Project | Failure | None:
        answer = self._recalled(
            lambda: _sound(self._finder.recall(name, self._floors.get(name), stored)),
            lambda: self._finder.keys([name]),
        )
        if answer is not None:
            self._project_task(name)[0].set_result(self._counted(name, answer))
        elif submit:
            self._submit(self._project_task(name), first)
        return answer

    def _begin_fields(self, release: Release, stored: Mapping[str, Answer], submit: bool, first: bool) -> Fields | None:
        answer = self._recalled(
            lambda: _sound_fields(self._requirements.recall(release, stored)),
            lambda: filter(None, [self._requirements.key(release)]),
        )
        if answer is not None:
            self._fields_task(release)[0].set_result(answer)
        elif submit:
            self._submit(self._fields_task(release), first)
        return answer

    def _recalled(self, recall: Callable[[], Recalled], keys: Callable[[], Iterable[str]]) -> Recalled | None:
        """Return what the cache has; None if reading it raises: a damaged entry is a miss."""
        try:
            return recall()
        except NOT_OURS:
            raise
        except Exception:
            self._session.forget(keys())
            return None

    def _submit(self, task_and_new: tuple[Task[Any], bool], first: bool) -> None:
        task, new = task_and_new
        if new:
            self._threads.submit(task, first=first)

    def _stored(self, names: Sequence[str], releases: Sequence[Release]) -> Mapping[str, Answer]:
        """Return everything cached for them, in one read."""
        keys = self._finder.keys(names) if names else []
        keys += [key for each in releases if (key := self._requirements.key(each))]
        stored = self._session.stored(keys) if keys else {}
        try:
            self._finder.learn(stored)
        except Exception:  # nonsense in the cache
            self._session.forget(stored)
            return {}
        return stored

    def _look(self, name: str) -> Project | Failure:
        answer = guarded(name, lambda: self._finder.ask(name, self._floors.get(name), self._session))
        return self._followed(name, None, answer)

    def _read(self, release: Release) -> Fields:
        requires = self._ask(release)
        again = self.renewed(release) if isinstance(requires, Failure) and requires.kind in OUTDATED_URL else None
        if again is not None:
            self._session.forget(filter(None, [self._requirements.key(again)]))  # that the old URL had no sidecar
            requires = self._ask(again)
        return self._followed(release.name, release, requires)

    def _ask(self, release: Release) -> Fields:
        version = str(release.version)
        return guarded(release.name, lambda: self._requirements.ask(release, self._session), version)

    def _followed(self, name: str, release: Release | None, answer: Answered) -> Answered | Failure:
        """Return the result after prefetching what follows from it: first, because more follows from that."""
        followed = guarded(name, lambda: self._prefetch(*self._next([(release, answer)]), first=True))
        return followed or answer

    def _counted(self, name: str, answer: Project | Failure) -> Project | Failure:
        progress = self._watching.pop(name, None)
        if progress is not None:
            progress.step(name)
        return answer

    def _next(self, answered: Iterable[Step]) -> tuple[list[str], list[Release]]:
        """Return what will most likely be needed next and was not requested yet."""
        names: set[str] = set()
        releases: list[Release] = []
        for release, answer in answered:
            if isinstance(answer, Project):
                required, further = self._lookahead.after_project(answer)
            elif isinstance(answer, tuple) and release is not None:
                required, further = self._lookahead.after_requirements(release, answer)
            else:
                continue
            names.update(required)
            releases += further
        return sorted(name for name in names if name not in self._projects and name not in self._others), releases

    def revalidate(self, releases: Iterable[Release]) -> tuple[Failure, ...]:
        """Return releases that changed on the index since they were cached; empty if none did.

        Responses cached for ten minutes or more are requested again. Failures are of kind ``not-found``, ``yanked`` or
        ``hash``, or say why the index could not be reached.
        """
        return self.revalidating(releases).failures()

    def revalidating(self, releases: Iterable[Release]) -> Revalidation:
        """Do the same in the background."""
        from .recheck import Revalidation  # only changes to the environment reach this point

        tasks = [
            Task(partial(guarded, release.name, partial(self._recheck, release, source)))
            for release, source in self._finder.doubtful(releases)
        ]
        for task in tasks:
            self._threads.submit(task)
        return Revalidation(tasks)

    def _recheck(self, release: Release, source: Source) -> Failure | None:
        return self._finder.recheck(release, self._floors.get(release.name), source, self._session)

    def close(self, patience: float = 0.5) -> None:
        """Stop the threads and close the session; pending responses have ``patience`` seconds to reach the cache."""
        self._threads.close(patience)
        self._session.close()


def _key(release: Release) -> tuple[str, Version, str]:
    """Return the key: two indexes may have different files of one version."""
    return (release.name, release.version, release.index)


def _sound(found: Project | Failure | None) -> Project | Failure | None:
    """Return the project after checking its types. Raises ValueError."""
    for release in found.releases if isinstance(found, Project) else ():
        file = release.file
        texts = (release.index, *((file.filename, file.url) if file else ()))
        known = (*texts, file.sha256 if file else None, release.yanked, release.uploaded)
        if not all(isinstance(each, str) for each in texts) or not all(
            each is None or type(each) is str for each in known
        ):
            raise ValueError("not a valid index response")
        if file is not None and file.size is not None and (type(file.size) is not int or file.size <= 0):
            raise ValueError("not a size")
    return found


def _sound_fields(found: Fields | None) -> Fields | None:
    """Return the requirements after checking their types. Raises ValueError."""
    if isinstance(found, tuple) and not all(type(each) is str for each in found):
        raise ValueError("not a requirement")
    return found
