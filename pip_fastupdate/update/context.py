"""The services of one run: index, cache, environment, transactions. Results of stages are not kept here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._pip.auth import authentication, system_certificates
from .._pip.configuration import Configuration
from ..core.models import Target
from ..core.options import Options
from ..core.protocols import Filters, Measured
from ..core.settings import Settings
from ..index import Catalog, open_catalog
from ..transaction import Transactions, here

if TYPE_CHECKING:
    from ..core.entry import HistoryEntry
    from ..core.models import Inventory, WrittenFile
    from ..lockfile.reading import ReadLock
    from ..transaction.rewrites import Rewrite
    from .advice.advice import Advice
    from .disk_use import DiskMeter
    from .results import Planned


class NoProject:
    """A run without project files."""

    def bounded(self, context: RunContext, inventory: Inventory) -> RunContext:
        """Return the context restricted to what the files allow."""
        return context

    def unbound(self, inventory: Inventory) -> Inventory:
        """Return the inventory without the bounds that the run moves."""
        return inventory

    def rewrites(self, context: RunContext, planned: Planned) -> tuple[Rewrite, ...]:
        """Return the new contents of files once the plan is live, without unchanged ones."""
        return ()

    def written(self, context: RunContext, planned: Planned) -> tuple[WrittenFile, ...]:
        """Return the same for the report, with a warning for what cannot be written."""
        return ()


class Past:
    """Past updates, and the indexes of what they installed: read on first use."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._updates: tuple[HistoryEntry, ...] | None = None

    def updates(self) -> tuple[HistoryEntry, ...]:
        """Return past updates, newest first. Raises TransactionError."""
        if self._updates is None:
            self._updates = self._transactions.history()
        return self._updates

    def sources(self) -> Mapping[str, Mapping[str, str]]:
        """Return the index by name and version. Raises TransactionError."""
        return self._transactions.sources()


class EnvironmentLock:
    """The lock of the environment: taken once, released at the end of the run."""

    def __init__(self, transactions: Transactions, progress: Measured, timeout: float) -> None:
        self._transactions = transactions
        self._progress = progress
        self._timeout = timeout
        self._held = ExitStack()
        self._taken = False

    def take(self) -> bool:
        """Return whether this call took it. Raises EnvironmentLocked if another run holds it too long."""
        if self._taken:
            return False
        lock = self._transactions.lock(self._timeout, lambda: self._progress.note(_WAITING), self._progress.warn)
        self._held.enter_context(lock)
        self._taken = True
        return True

    def __enter__(self) -> EnvironmentLock:
        return self

    def __exit__(self, *raised: object) -> None:
        self._held.close()


_WAITING = "waiting for another pip-update run on this environment"


class LastChoice:
    """Outlives a plan that failed because another program changed the environment."""

    names: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Services that the stages of one run share."""

    options: Options
    configuration: Configuration
    target: Target
    progress: Measured
    transactions: Transactions
    past: Past
    catalog: Catalog
    lock: EnvironmentLock
    drafts: ExitStack
    """Drafts of lock files; those not in place at the end of the run are discarded."""

    load_report: Callable[[], None]
    """Import what the report of the run needs: the swap may replace it."""

    project: NoProject
    """The user's project files that bound the run and follow it."""

    lock_to: ReadLock | None = None
    """The lock file to install from; None for the newest versions."""

    advice: Advice | None = None
    """The advisories; None unless requested."""

    disk: DiskMeter | None = None
    """Counts what is done to files; None where nobody asked for that."""

    chosen: frozenset[str] | None = None
    """The names that the user chose from the plan; None for all."""

    asked: LastChoice
    """The user's last choice in this run."""

    @property
    def settings(self) -> Settings:
        """pip's settings, completed by our own options."""
        return self.configuration.settings

    @property
    def changing(self) -> bool:
        """True if the run may change the environment."""
        return self.options.changing

    def filters(self) -> Filters:
        """Return the user's filters, in addition to pip's own; without any, nothing is imported."""
        if not self.options.policy.filters and self.advice is None:
            return ()
        from ..policy.table import filters_of

        return filters_of(self.options.policy, self.advice.knowledge() if self.advice else None)


@contextmanager
def open_context(
    options: Options,
    configuration: Configuration,
    target: Target,
    progress: Measured,
    project: NoProject,
    *,
    load_report: Callable[[], None],
) -> Iterator[RunContext]:
    """Open everything a run needs, closed at its end. No request is sent yet, and nothing is written."""
    with progress.timed("load"):
        disk = _disk_meter(options)
        catalog = open_catalog(
            settings=configuration.settings,
            cache=options.cache,
            warn=progress.warn,
            authenticate=authentication(configuration),
            tls=system_certificates(configuration),
            described=options.changes is not None,
            sparing=options.changing,
        )
        transactions = here.transactions(target.prefix)
        past = Past(transactions)
    try:
        with EnvironmentLock(transactions, progress, options.lock_timeout) as lock, ExitStack() as drafts:
            yield RunContext(
                options=options,
                configuration=configuration,
                target=target,
                progress=progress,
                transactions=transactions,
                past=past,
                catalog=catalog,
                lock=lock,
                drafts=drafts,
                load_report=load_report,
                project=project,
                asked=LastChoice(),
                advice=_advice(options, configuration, past, progress, catalog),
                disk=disk,
            )
    finally:
        try:
            catalog.close()
        except OSError as error:  # the cache is only a help: it must not decide how the update ends
            progress.warn(f"could not clean up the cache: {error.strerror or error}")


def _disk_meter(options: Options) -> DiskMeter | None:
    if not options.stats:
        return None
    from .disk_use import DiskMeter

    return DiskMeter()


def _advice(
    options: Options, configuration: Configuration, past: Past, progress: Measured, catalog: Catalog
) -> Advice | None:
    if not options.advisories.wanted:
        return None
    from .advice.advice import Advice
    from .advice.privacy import PublicNames

    settings = configuration.settings
    own = () if settings.index_url is None else (settings.index_url, *settings.extra_index_urls)
    return Advice(
        options=options.advisories,
        catalog=catalog,
        progress=progress,
        public_names=PublicNames(
            catalog=catalog,
            origins=past.sources,
            default_index=configuration.default_index,
            indexes=(*own, *settings.find_links),
        ),
        history=past.updates,
    )
