"""What advisories say about this environment: which installed versions are affected, and which may replace them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.version import Version

from ...advisories.grouping import Vulnerability, affecting, grouped, smallest_unaffected
from ...advisories.local import AdvisoryFolder
from ...advisories.osv import PUBLIC, Query, Service, Unavailable
from ...advisories.ranges import public
from ...core.entry import HistoryEntry
from ...core.errors import PipUpdateError
from ...core.models import Distribution, Inventory, KnownVulnerability, Project, Release
from ...core.options import AdvisoryOptions
from ...core.protocols import OfferedFile, Progress, ReleaseSource
from ...core.text import plural, some
from ...index import Catalog
from ...policy.making import Knowledge
from ...policy.vulnerable import KnownVulnerabilities, reason
from .privacy import PublicNames
from .screening import Screened
from .smallest import SmallestSafe
from .transport import AdvisoryTransport


@dataclass(slots=True, kw_only=True)
class Advice:
    """The advisories of one run: read after the scan, used by filters, the plan and the report."""

    options: AdvisoryOptions
    catalog: Catalog
    progress: Progress
    public_names: PublicNames
    history: Callable[[], Sequence[HistoryEntry]]
    """Past updates, newest first."""

    installed: dict[str, Version] = field(default_factory=dict)
    """The version each name was queried with, without local labels."""

    vulnerable: dict[str, tuple[Vulnerability, ...]] = field(default_factory=dict)
    """By name, the vulnerabilities of the installed version, ignored or not."""

    known: dict[str, tuple[Vulnerability, ...]] = field(default_factory=dict)
    """By name, all known vulnerabilities of projects that are vulnerable today."""

    ceilings: dict[str, Version | None] = field(default_factory=dict)
    """By name, the smallest version that is not affected, as far as advisories name fixes."""

    unsafe: dict[tuple[str, Version], tuple[Vulnerability, ...]] = field(default_factory=dict)
    """Affected versions that plans would have installed."""

    unchecked: dict[str, str] = field(default_factory=dict)
    """By name, why it was not checked."""

    smallest: SmallestSafe = field(default_factory=SmallestSafe)
    """How far plans may go while searching for the smallest safe versions."""

    exempt: set[tuple[str, Version]] = field(default_factory=set)
    """Versions that the cooldown lets pass because they are fixes."""

    failed: bool = False
    """True if the advisories could not be read."""

    _source: Service | AdvisoryFolder | None = None
    _screened: set[tuple[str, Version]] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    def consult(self, inventory: Inventory) -> None:
        """Read the advisories about everything installed. Raises PipUpdateError if that fails and they are required."""
        with self.progress.stage("advisories"):
            try:
                self._consult(inventory)
            except Unavailable as error:
                self._fail(error)
        self._tell_unread()
        self._tell_ignored()
        self._tell_malware(inventory)

    def _fail(self, error: Unavailable) -> None:
        self.failed = True
        if self.options.security is not None:
            raise PipUpdateError(
                f"could not read the advisories: {error}",
                hint="use --advisories PATH to read them from a directory or zip archive; the environment is unchanged",
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
            if (groups := affecting(name, asked[name], grouped(found[query])))
        }
        everything = source.advisories([(name, None) for name in affected])
        for name in affected:
            unread = (each for each in found[queries[name]] if each.unreadable)
            self.known[name] = grouped((*everything[name, None], *unread))
            self.vulnerable[name] = affecting(name, asked[name], self.known[name])
            self.ceilings[name] = smallest_unaffected(name, asked[name], self._counting(name, self.known))

    def _open(self) -> Service | AdvisoryFolder:
        if self.options.local is None:
            return Service(self.options.service or PUBLIC, AdvisoryTransport(self.catalog))
        folder = AdvisoryFolder(self.options.local)
        if folder.unreadable:
            count, first = len(folder.unreadable), folder.unreadable[0]
            verb = "is not an OSV record" if count == 1 else "are not OSV records"
            self.progress.warn(f"{plural(count, 'file')} in {self.options.local} {verb}: {first}")
        return folder

    @property
    def _is_own_source(self) -> bool:
        """Return whether the user chose the source, which may then see every name."""
        return self.options.local is not None or self.options.service is not None

    def _may_be_named(self, inventory: Inventory) -> list[Distribution]:
        """Return what the source may be asked about: a public service gets no private name."""
        found = [each for each in inventory.distributions if each.unparsed_version is None]
        if self._is_own_source:
            return found
        self.unchecked = self.public_names.private(found)
        if self.unchecked:
            names = some(sorted(self.unchecked))
            self.progress.note(
                f"not checked for known vulnerabilities because they are not from the public index: {names}"
            )
        return [each for each in found if each.name not in self.unchecked]

    # vulnerabilities that count

    def counts(self, name: str, vulnerability: Vulnerability) -> bool:
        """Return whether it must be fixed, i.e. the user does not ignore it."""
        if vulnerability.names & set(self.options.ignore):
            return vulnerability.malware
        if vulnerability.names & set(self.options.ignore_until_fixed):
            return vulnerability.malware or self._has_fix(name, vulnerability)
        return True

    def _counting(self, name: str, found: Mapping[str, Sequence[Vulnerability]]) -> list[Vulnerability]:
        """Return the vulnerabilities of ``name`` that must be fixed."""
        return [
            each for each in found.get(name, ()) if self.counts(name, each) and (each.malware or not each.unreadable)
        ]

    def _has_fix(self, name: str, vulnerability: Vulnerability) -> bool:
        return any(
            kind == "fixed"
            for record in vulnerability.records
            for entry in record.affected.get(name, ())
            for events in entry.ranges
            for kind, _ in events
        )

    def _tell_unread(self) -> None:
        """Report once which of the service's records are invalid: the others count nevertheless."""
        if not isinstance(self._source, Service):
            return
        new = sorted(self._source.unreadable.keys() - self._told)
        self._told.update(new)
        for id in new:
            self.progress.warn(f"the advisory {id} could not be read: {self._source.unreadable[id]}")

    def _tell_ignored(self) -> None:
        given = (*self.options.ignore, *self.options.ignore_until_fixed)
        met = {name for found in self.vulnerable.values() for each in found for name in each.names}
        for id in given:
            if id not in met and not self.failed:
                self.progress.warn(f"ignored vulnerability {id} does not match any that was found")

    def malware(self) -> frozenset[str]:
        """Return names of packages whose installed version is malware."""
        return frozenset(name for name, found in self.vulnerable.items() if any(each.malware for each in found))

    def unread(self) -> frozenset[str]:
        """Return names of packages whose installed version is listed by an unreadable advisory."""
        return frozenset(name for name, found in self.vulnerable.items() if any(each.unreadable for each in found))

    def _tell_malware(self, inventory: Inventory) -> None:
        """Warn of each, naming the update that added it."""
        for name in sorted(self.malware()):
            text = inventory.by_name()[name].text
            ids = ", ".join(each.id for each in self.vulnerable[name] if each.malware)
            brought = next((each for each in self.history() if (name, text) in _after(each)), None)
            if brought is None:
                hint = f"run `python -m pip uninstall {name}`, and find out what it may have done"
            else:
                hint = f"run `pip-update --undo {brought.id}` to remove it; the update of {brought.when} added it"
            self.progress.warn(f"{name} {text} is malware ({ids})", hint)

    def to_fix(self) -> frozenset[str]:
        """Return names of packages whose installed version has a vulnerability that counts."""
        return frozenset(name for name in self.vulnerable if self._counting(name, self.vulnerable))

    # input of the filters

    def knowledge(self) -> Knowledge:
        """Return the input of this run's filters."""
        counting = {name: self._counting(name, self.known) for name in self.known}
        safe = self.options.security is not None
        return Knowledge(advised=KnownVulnerabilities(by_name=counting, safe=safe), fixes=self.fixes)

    def fixes(self, file: OfferedFile) -> bool:
        """Return whether the file fixes the installed version and is no newer than the version that fixes everything.

        The cooldown calls this for files that are too young.
        """
        mine = self._counting(file.name, self.vulnerable)
        if file.installed is None or not mine or file.version.is_prerelease:
            return False
        ceiling = self.ceilings.get(file.name)
        if ceiling is not None and file.version > ceiling:
            return False
        left = affecting(file.name, file.version, self.known[file.name])
        fixes = len([each for each in left if each in mine]) < len(mine) and all(each in mine for each in left)
        if fixes:
            self.exempt.add((file.name, file.version))
        return fixes

    # what plans would install

    def screened(self, source: ReleaseSource) -> ReleaseSource:
        """Return the source without versions known to be unsafe."""
        return Screened(source, self.unsafe, self._capped)

    def learn(self, releases: Sequence[Release]) -> bool:
        """Return whether the plan with these releases must be made again.

        That is so if one of them is unsafe, or if a smaller version may be enough.
        """
        if self._learn_unsafe(releases):
            return True
        planned = {each.name: each.version for each in releases}
        return self.options.security == "smallest" and self.smallest.learn(planned)

    def _capped(self, project: Project) -> Project:
        """Return the project as far as the search for the smallest safe version currently allows."""
        if self.options.security != "smallest" or not self._counting(project.name, self.vulnerable):
            return project
        return self.smallest.capped(project, self.installed[project.name])

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
        self._tell_unread()
        learned = False
        for query, (name, at) in queries.items():
            groups = [each for each in affecting(name, at, grouped(found[query])) if self.counts(name, each)]
            if reason(groups, safe=self.options.security is not None) is not None:
                self.unsafe[name, at] = tuple(groups)
                learned = True
        return learned

    def _may_be_asked(self, release: Release) -> bool:
        return self._is_own_source or self.public_names.is_public(release.index)

    # the report

    def vulnerabilities(self, name: str, after: Version) -> tuple[KnownVulnerability, ...]:
        """Return the vulnerabilities of the installed version of that name; ``after`` is the version after the run."""
        return tuple(self._known_vulnerability(name, each, after) for each in self.vulnerable.get(name, ()))

    def _known_vulnerability(self, name: str, each: Vulnerability, after: Version) -> KnownVulnerability:
        fixed = each.fixed_in(name, self.installed[name])
        return KnownVulnerability(
            id=each.id,
            aliases=each.aliases,
            summary=each.summary,
            severity=each.severity,
            fixed_in=str(fixed) if fixed is not None else None,
            remains=each.unreadable or each.affects(name, after),
            malware=each.malware,
            ignored=not self.counts(name, each),
            unread=each.unreadable,
        )


def _after(entry: HistoryEntry) -> set[tuple[str, str | None]]:
    return {(name, after) for name, _, after in entry.changes}
