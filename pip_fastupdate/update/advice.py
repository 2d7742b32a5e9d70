"""What advisories say about this environment: which installed versions are affected, and what may take their place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from packaging.version import Version

from ..advisories.grouping import Vulnerability, grouped
from ..advisories.local import Folder
from ..advisories.osv import PUBLIC, Query, Service, Unavailable
from ..advisories.ranges import public
from ..core.entry import HistoryEntry
from ..core.errors import PipUpdateError
from ..core.models import Distribution, Failure, Inventory, KnownVulnerability, Project, Release
from ..core.options import AdvisoryOptions
from ..core.protocols import DownloadFailed, OfferedFile, ReleaseSource
from ..core.response import Answer
from ..core.text import plural, some
from ..core.urls import canonical
from ..index import Catalog
from ..policy import Knowledge
from ..policy.vulnerable import KnownVulnerabilities, reason
from ..progress import Silent

Item = TypeVar("Item")
Result = TypeVar("Result")
Origins = Mapping[str, Mapping[str, str]]
"""By name and version, the index that it came from."""


@dataclass(slots=True, kw_only=True)
class Cap:
    """The search for the smallest version of a project that goes with all others, by halves."""

    versions: tuple[Version, ...]
    """Newer ones that are safe, the smallest first."""

    at: int = 0
    """The index of the version that a plan may go up to now."""

    low: int = -1
    """The highest index that did not do."""

    high: int | None = None
    """The lowest index that did."""

    def judge(self, moved: Version | None) -> bool:
        """Note what the plan made of it, None for nothing; whether another plan has to be tried."""
        if moved is not None:
            self.high = self.at = max(0, bisect_right(self.versions, moved) - 1)
        else:
            self.low = max(self.low, self.at)
            self.high = None if self.high is not None and self.high <= self.at else self.high  # it does no more
        if self.high is None:
            before, self.at = self.at, len(self.versions) - 1
            return before != self.at
        if self.high - self.low <= 1:
            self.at = self.high
            return moved is None
        self.at = (self.low + self.high) // 2
        return True


@dataclass(slots=True, kw_only=True)
class Advice:
    """The advisories of one run: read after the scan, asked by filters, by the plan and by the report."""

    options: AdvisoryOptions
    catalog: Catalog
    progress: Silent
    origins: Callable[[], Origins]
    history: Callable[[], Sequence[HistoryEntry]]
    """The updates so far, newest first."""

    default_index: str
    """The public index, whose names are no secret."""

    indexes: tuple[str, ...]
    """All indexes that are configured, without credentials."""

    installed: dict[str, Version] = field(default_factory=dict)
    """By name, what the source was asked about, without local labels."""

    vulnerable: dict[str, tuple[Vulnerability, ...]] = field(default_factory=dict)
    """By name, what the installed version is affected by, ignored or not."""

    known: dict[str, tuple[Vulnerability, ...]] = field(default_factory=dict)
    """By name, all vulnerabilities of projects that are vulnerable today."""

    ceilings: dict[str, Version | None] = field(default_factory=dict)
    """By name, the smallest version that is affected by nothing as far as advisories name fixes."""

    unsafe: dict[tuple[str, Version], tuple[Vulnerability, ...]] = field(default_factory=dict)
    """Versions that plans would have brought in and that are affected."""

    unchecked: dict[str, str] = field(default_factory=dict)
    """By name, why nobody was asked about it."""

    caps: dict[str, Cap] = field(default_factory=dict)
    """By name, up to which version a plan may go for now, where the smallest safe one is looked for."""

    exempt: set[tuple[str, Version]] = field(default_factory=set)
    """Versions that the cooldown lets pass as they are fixes."""

    failed: bool = False
    """Whether the advisories could not be read."""

    _source: Service | Folder | None = None
    _screened: set[tuple[str, Version]] = field(default_factory=set)

    def consult(self, inventory: Inventory) -> None:
        """Read what there is about everything installed. Raises PipUpdateError where that fails and is needed."""
        with self.progress.stage("advisories"):
            try:
                self._consult(inventory)
            except Unavailable as error:
                self._fail(error)
        self._tell_ignored()
        self._tell_malware(inventory)

    def _fail(self, error: Unavailable) -> None:
        self.failed = True
        if self.options.security is not None:
            raise PipUpdateError(
                f"could not read the advisories: {error}",
                hint="--advisories PATH takes them from a directory or zip archive; the environment is unchanged",
            ) from None
        self.progress.warn(f"known vulnerabilities were not checked: {error}")

    def _consult(self, inventory: Inventory) -> None:
        self.vulnerable, self.known, self.ceilings, self.unchecked = {}, {}, {}, {}
        source = self._source = self._source or self._open()
        asked = self.installed = {each.name: public(each.version) for each in self._may_be_named(inventory)}
        queries = {name: (name, str(version)) for name, version in sorted(asked.items())}
        found = source.advisories(list(queries.values()))
        affected = {
            name: groups
            for name, query in queries.items()
            if (groups := _affecting(name, asked[name], grouped(found[query])))
        }
        everything = source.advisories([(name, None) for name in affected])
        for name in affected:
            self.known[name] = grouped(everything[name, None])
            self.vulnerable[name] = _affecting(name, asked[name], self.known[name])
            self.ceilings[name] = _ceiling(name, asked[name], self._counting(name, self.known))

    def _open(self) -> Service | Folder:
        if self.options.local is None:
            return Service(self.options.service or PUBLIC, _AdvisoryTransport(self.catalog))
        folder = Folder(self.options.local)
        if folder.unreadable:
            count, first = len(folder.unreadable), folder.unreadable[0]
            verb = "is not an OSV record" if count == 1 else "are not OSV records"
            self.progress.warn(f"{plural(count, 'file')} in {self.options.local} {verb}: {first}")
        return folder

    # whom the names may be told

    @property
    def _is_own_source(self) -> bool:
        """Whether the user named the source: to that every name may be told."""
        return self.options.local is not None or self.options.service is not None

    def _may_be_named(self, inventory: Inventory) -> list[Distribution]:
        """What the source may be asked about: a public service gets no name that is not public already."""
        found = [each for each in inventory.distributions if each.unparsed_version is None]
        if self._is_own_source:
            return found
        origins, listed = self.origins(), self._listed_publicly(found)
        asked = []
        for each in found:
            why = self._private(each, origins, listed)
            if why:
                self.unchecked[each.name] = why
            else:
                asked.append(each)
        if self.unchecked:
            names = some(sorted(self.unchecked))
            self.progress.note(f"not checked for known vulnerabilities, as not from the public index: {names}")
        return asked

    def _private(self, each: Distribution, origins: Origins, listed: frozenset[str]) -> str:
        """Why the name is not public; "" where it is."""
        if each.skip is not None and each.skip.kind in ("editable", "direct-url"):
            return each.skip.kind
        index = origins.get(each.name, {}).get(str(each.version))
        if index is not None:
            return "" if self._is_public(index) else "other index"
        return "" if each.name in listed else "unknown origin"

    def _listed_publicly(self, found: Sequence[Distribution]) -> frozenset[str]:
        """Names that the public index has, and no other that is configured: they can only be from there."""
        if not any(map(self._is_public, self.indexes)):
            return frozenset()
        if len(self.indexes) == 1:
            return frozenset(each.name for each in found)
        projects = self.catalog.look_up({each.name: each.version for each in found}, Silent())
        return frozenset(name for name, project in projects.items() if self._only_public(project))

    def _only_public(self, project: Project | Failure) -> bool:
        if isinstance(project, Failure) or not project.releases:
            return False
        places = [place for each in project.releases for place in (each, *each.alternatives)]
        return all(self._is_public(each.index) for each in places)

    def _is_public(self, index: str) -> bool:
        return canonical(index) == canonical(self.default_index)

    # what counts

    def counts(self, name: str, vulnerability: Vulnerability) -> bool:
        """Whether it is to be fixed: the user did not say to ignore it."""
        if vulnerability.names & set(self.options.ignore):
            return vulnerability.malware
        if vulnerability.names & set(self.options.ignore_until_fixed):
            return vulnerability.malware or self._has_fix(name, vulnerability)
        return True

    def _counting(self, name: str, found: Mapping[str, Sequence[Vulnerability]]) -> list[Vulnerability]:
        """Those of ``name`` that are to be fixed."""
        return [each for each in found.get(name, ()) if self.counts(name, each)]

    def _has_fix(self, name: str, vulnerability: Vulnerability) -> bool:
        return any(
            kind == "fixed"
            for record in vulnerability.records
            for entry in record.affected.get(name, ())
            for events in entry.ranges
            for kind, _ in events
        )

    def _tell_ignored(self) -> None:
        given = (*self.options.ignore, *self.options.ignore_until_fixed)
        met = {name for found in self.vulnerable.values() for each in found for name in each.names}
        for id in given:
            if id not in met and not self.failed:
                self.progress.warn(f"ignored vulnerability {id} does not match any that was found")

    def malware(self) -> frozenset[str]:
        """Names of what is installed in a version that is malware."""
        return frozenset(name for name, found in self.vulnerable.items() if any(each.malware for each in found))

    def _tell_malware(self, inventory: Inventory) -> None:
        """Each, with the update that brought it in, if it was one of ours."""
        for name in sorted(self.malware()):
            text = inventory.by_name()[name].text
            ids = ", ".join(each.id for each in self.vulnerable[name] if each.malware)
            brought = next((each for each in self.history() if (name, text) in _after(each)), None)
            if brought is None:
                hint = f"remove it with `python -m pip uninstall {name}` and find out what it may have done"
            else:
                hint = f"the update of {brought.when} brought it in; `pip-update --undo {brought.id}` takes it out"
            self.progress.warn(f"{name} {text} is malware ({ids})", hint)

    def to_fix(self) -> frozenset[str]:
        """Names of what is installed in a version with a vulnerability that counts."""
        return frozenset(name for name in self.vulnerable if self._counting(name, self.vulnerable))

    # what the filters have to know

    def knowledge(self) -> Knowledge:
        """For the filters of this run."""
        counting = {name: self._counting(name, self.known) for name in self.known}
        safe = self.options.security is not None
        return Knowledge(advised=KnownVulnerabilities(by_name=counting, safe=safe), fixes=self.fixes)

    def fixes(self, file: OfferedFile) -> bool:
        """Whether the file is the fix for what is installed: no newer one than what mends it all.

        Asked by the cooldown of files that are too young for it."""
        mine = self._counting(file.name, self.vulnerable)
        if file.installed is None or not mine or file.version.is_prerelease:
            return False
        ceiling = self.ceilings.get(file.name)
        if ceiling is not None and file.version > ceiling:
            return False
        left = _affecting(file.name, file.version, self.known[file.name])
        fixes = len([each for each in left if each in mine]) < len(mine) and all(each in mine for each in left)
        if fixes:
            self.exempt.add((file.name, file.version))
        return fixes

    # what plans would bring in

    def screened(self, source: ReleaseSource) -> ReleaseSource:
        """The source without what is known to be unsafe by now."""
        return _Screened(source, self)

    def learn(self, releases: Sequence[Release]) -> bool:
        """Whether the plan with these releases has to be made anew.

        That is where one of them turns out to be unsafe, or where a smaller version might do.
        """
        return self._learn_unsafe(releases) or self._learn_caps({each.name: each.version for each in releases})

    def _learn_caps(self, planned: Mapping[str, Version]) -> bool:
        if self.options.security != "smallest":
            return False
        again = [cap.judge(planned.get(name)) for name, cap in sorted(self.caps.items())]  # each has to be told
        return any(again)

    def capped(self, project: Project) -> Project:
        """The project without what is newer than the search for the smallest safe version allows for now."""
        if self.options.security != "smallest" or not self._counting(project.name, self.vulnerable):
            return project
        cap = self.caps.get(project.name)
        if cap is None:
            installed = self.installed[project.name]
            finals = (each.version for each in project.candidates if not each.version.is_prerelease)
            newer = sorted(each for each in finals if public(each) > installed)
            if not newer:
                return project
            cap = self.caps[project.name] = Cap(versions=tuple(newer))
        limit = cap.versions[cap.at]
        kept = tuple(each for each in project.releases if each.version <= limit or each.blocked is not None)
        return replace(project, releases=kept)

    def _learn_unsafe(self, releases: Iterable[Release]) -> bool:
        new = {(each.name, each.version) for each in releases if self._may_be_asked(each)} - self._screened
        new = {each for each in new if each[0] not in self.known}
        if self.failed or self._source is None or not new:
            return False
        self._screened |= new
        queries: dict[Query, tuple[str, Version]] = {(name, str(public(at))): (name, at) for name, at in sorted(new)}
        try:
            found = self._source.advisories(list(queries))
        except Unavailable as error:
            self._fail(error)
            return False
        learned = False
        for query, (name, at) in queries.items():
            groups = [each for each in _affecting(name, at, grouped(found[query])) if self.counts(name, each)]
            if reason(groups, safe=self.options.security is not None) is not None:
                self.unsafe[name, at] = tuple(groups)
                learned = True
        return learned

    def _may_be_asked(self, release: Release) -> bool:
        return self._is_own_source or self._is_public(release.index)

    # what is reported

    def vulnerabilities(self, name: str, after: Version) -> tuple[KnownVulnerability, ...]:
        """What the installed version of that name is affected by; ``after`` is the version after the run."""
        return tuple(self._known_vulnerability(name, each, after) for each in self.vulnerable.get(name, ()))

    def _known_vulnerability(self, name: str, each: Vulnerability, after: Version) -> KnownVulnerability:
        fixed = each.fixed_in(name, self.installed[name])
        return KnownVulnerability(
            id=each.id,
            aliases=each.aliases,
            summary=each.summary,
            severity=each.severity,
            fixed_in=str(fixed) if fixed is not None else None,
            remains=each.affects(name, after),
            malware=each.malware,
            ignored=not self.counts(name, each),
        )


class _Screened:
    """A ``ReleaseSource`` for one plan, in which unsafe versions are blocked."""

    def __init__(self, source: ReleaseSource, advice: Advice) -> None:
        self._source, self._advice = source, advice
        self.requires = source.requires
        self.prefetch = source.prefetch
        self._projects: dict[str, Project | Failure] = {}

    def project(self, name: str) -> Project | Failure:
        """The project with its unsafe releases blocked. The same answer however often it is asked."""
        if name not in self._projects:
            found = self._source.project(name)
            self._projects[name] = found if isinstance(found, Failure) else self._advice.capped(self._blocked(found))
        return self._projects[name]

    def _blocked(self, found: Project) -> Project:
        if not any(name == found.name for name, _ in self._advice.unsafe):
            return found
        return replace(found, releases=tuple(map(self._release, found.releases)))

    def _release(self, release: Release) -> Release:
        groups = self._advice.unsafe.get((release.name, release.version))
        if groups is None:
            return release
        why = reason(groups, safe=True)
        return replace(release, file=None, requires=None, blocked=release.blocked or why)


class _AdvisoryTransport:
    """The ``Transport`` of a service over the catalog's session."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def post(self, url: str, body: bytes) -> bytes:
        """Raises Unavailable."""
        headers = {"Accept-Encoding": "gzip"}
        return _body(url, lambda: self._catalog.session.fetch(url, headers, question=body))

    def get(self, url: str, key: str, reduce: Callable[[bytes], bytes]) -> bytes:
        """Raises Unavailable."""
        ask = self._catalog.session.ask
        return _body(url, lambda: ask(url, key=key, condense=lambda reply: reduce(reply.body), immutable=True))

    def recall(self, keys: Sequence[str], seconds: float) -> Mapping[str, bytes]:
        """Offline, whatever its age."""
        return self._catalog.session.recall(keys, seconds)

    def keep(self, url: str, key: str, body: bytes) -> None:
        """Until the cache is no longer believed."""
        self._catalog.session.keep(url, key=key, body=body, immutable=False)

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """By the catalog's threads."""
        return self._catalog.each(function, items)


def _body(url: str, ask: Callable[[], Answer]) -> bytes:
    """The body of a good answer. Raises Unavailable."""
    try:
        answer = ask()
    except DownloadFailed as failed:
        raise Unavailable(failed.text) from None
    if answer.status != 200:
        raise Unavailable(f"{url} answers with status {answer.status}")
    return answer.body


def _after(entry: HistoryEntry) -> set[tuple[str, str | None]]:
    return {(name, after) for name, _, after in entry.changes}


def _affecting(name: str, version: Version, groups: Iterable[Vulnerability]) -> tuple[Vulnerability, ...]:
    return tuple(each for each in groups if each.affects(name, version))


def _ceiling(name: str, installed: Version, groups: Sequence[Vulnerability]) -> Version | None:
    """The smallest version that is affected by nothing, step by step along the fixes; None where they lead nowhere."""
    version = installed
    for _ in range(1000):
        left = _affecting(name, version, groups)
        if not left:
            return version
        fixes = [each.fixed_in(name, version) for each in left]
        known = [each for each in fixes if each is not None]
        if len(known) < len(left) or not known:
            return None
        version = max(known)
    return None
