"""The services of one run: index, cache, environment, transactions. No result of any stage is kept here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._pip.auth import authentication, system_certificates
from .._pip.configuration import Configuration
from ..core.models import Target
from ..core.options import Options, Settings
from ..core.protocols import Filters, Measured
from ..index import Catalog, open_catalog
from ..transaction import Transactions, here

if TYPE_CHECKING:
    from ..core.models import Inventory, WrittenFile
    from ..lockfile.reading import ReadLock
    from ..transaction.rewrites import Rewrite
    from .advice.advice import Advice
    from .disk_use import DiskMeter
    from .results import Planned


class NoProject:
    """A run that no file bounds, and that none follows."""

    def bounded(self, context: RunContext, inventory: Inventory) -> RunContext:
        """The same context for what the files allow."""
        return context

    def unbound(self, inventory: Inventory) -> Inventory:
        """What is installed, where bounds that the run moves hold nothing."""
        return inventory

    def rewrites(self, context: RunContext, planned: Planned) -> tuple[Rewrite, ...]:
        """What the files become once the plan is live; those that stay the same are left out."""
        return ()

    def written(self, context: RunContext, planned: Planned) -> tuple[WrittenFile, ...]:
        """The same for the report; what cannot be written is warned of."""
        return ()


class EnvironmentLock:
    """The lock of the environment: taken once, released at the end of the run."""

    def __init__(self, transactions: Transactions, progress: Measured, timeout: float) -> None:
        self._transactions = transactions
        self._progress = progress
        self._timeout = timeout
        self._held = ExitStack()
        self._taken = False

    def take(self) -> bool:
        """Whether it was not this run's already. Raises EnvironmentLocked when another run keeps it too long."""
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


_WAITING = "another run is at work on this environment: waiting for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What the stages of one run share."""

    options: Options
    configuration: Configuration
    target: Target
    progress: Measured
    transactions: Transactions
    catalog: Catalog
    lock: EnvironmentLock
    drafts: ExitStack
    """Drafts of lock files: what is not in its place at the end of the run is discarded."""

    project: NoProject
    """The files of the user's project that bound the run and follow it."""

    lock_to: ReadLock | None = None
    """What the environment is to be brought to; None where the newest is wanted."""

    advice: Advice | None = None
    """What advisories say; None where they are not wanted."""

    disk: DiskMeter | None = None
    """Counts what is done to files; None where nobody asked for that."""

    chosen: frozenset[str] | None = None
    """The names that the user chose of what the run would move; None where all of that moves."""

    @property
    def settings(self) -> Settings:
        """pip's settings, completed by our own options."""
        return self.configuration.settings

    @property
    def changing(self) -> bool:
        """Whether the run may change the environment."""
        return not (self.options.dry_run or self.options.check)

    def filters(self) -> Filters:
        """What the user lets in beside pip's own policy; nothing is imported where he said nothing about it."""
        if not self.options.policy.filters and self.advice is None:
            return ()
        from ..policy.table import filters_of

        return filters_of(self.options.policy, self.advice.knowledge() if self.advice else None)


@contextmanager
def open_context(
    options: Options, configuration: Configuration, target: Target, progress: Measured, project: NoProject
) -> Iterator[RunContext]:
    """Everything a run needs, closed at its end. No index is asked yet, and nothing is written."""
    with progress.timed("load"):
        disk = _disk_meter(options)
        catalog = open_catalog(
            settings=configuration.settings,
            cache=options.cache,
            warn=progress.warn,
            authenticate=authentication(configuration),
            tls=system_certificates(configuration),
            described=options.changes is not None,
        )
        transactions = here.transactions(target.prefix)
    try:
        with EnvironmentLock(transactions, progress, options.lock_timeout) as lock, ExitStack() as drafts:
            yield RunContext(
                options=options,
                configuration=configuration,
                target=target,
                progress=progress,
                transactions=transactions,
                catalog=catalog,
                lock=lock,
                drafts=drafts,
                project=project,
                advice=_advice(options, configuration, transactions, progress, catalog),
                disk=disk,
            )
    finally:
        try:
            catalog.close()
        except OSError as error:  # the cache is a help: what became of the update is not its to decide
            progress.warn(f"the cache cannot be tidied: {error.strerror or error}")


def _disk_meter(options: Options) -> DiskMeter | None:
    if not options.stats:
        return None
    from .disk_use import DiskMeter

    return DiskMeter()


def _advice(
    options: Options, configuration: Configuration, transactions: Transactions, progress: Measured, catalog: Catalog
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
            origins=transactions.sources,
            default_index=configuration.default_index,
            indexes=(*own, *settings.find_links),
        ),
        history=transactions.history,
    )
