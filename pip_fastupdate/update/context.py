"""The outside of a run, put together in one place: index, cache, environment, transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._pip.auth import authentication, system_certificates
from .._pip.configuration import Configuration
from ..core.models import Target
from ..core.options import Options, Settings
from ..index import Catalog, open_catalog
from ..progress import Silent
from ..transaction import Transactions, here
from .lock_file import LockFile

if TYPE_CHECKING:
    from ..core.models import Inventory, WrittenFile
    from ..transaction.rewrites import Rewrite
    from .advice import Advice
    from .plan import Planned


class NoProject:
    """A run that no file bounds, and that none follows."""

    def bounded(self, tools: Tools, inventory: Inventory) -> Tools:
        """The same tools for what the files allow."""
        return tools

    def rewrites(self, tools: Tools, inventory: Inventory, planned: Planned) -> tuple[Rewrite, ...]:
        """What the files become once the plan is live; those that stay the same are left out."""
        return ()

    def written(self, tools: Tools, inventory: Inventory, planned: Planned) -> tuple[WrittenFile, ...]:
        """The same for the report; what cannot be written is warned of."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the stages of one run share."""

    options: Options
    configuration: Configuration
    target: Target
    progress: Silent
    transactions: Transactions
    catalog: Catalog
    lock_file: LockFile
    project: NoProject
    """The files of the user's project that bound the run and follow it."""

    advice: Advice | None = None
    """What advisories say; None where they are not wanted."""

    @property
    def settings(self) -> Settings:
        """pip's settings, completed by our own options."""
        return self.configuration.settings


def transactions_of(target: Target) -> Transactions:
    """The transactions of an environment."""
    return here.transactions(target.prefix)


@contextmanager
def open_tools(options: Options, configuration: Configuration, target: Target, progress: Silent) -> Iterator[Tools]:
    """Everything a run needs, closed at its end."""
    lock_file = LockFile(options.lock_file)
    project = _project(options, configuration.settings)
    catalog = open_catalog(
        settings=configuration.settings,
        cache=options.cache,
        warn=progress.warn,
        authenticate=authentication(configuration),
        tls=system_certificates(configuration),
    )
    try:
        yield Tools(
            options=options,
            configuration=configuration,
            target=target,
            progress=progress,
            transactions=transactions_of(target),
            catalog=catalog,
            lock_file=lock_file,
            project=project,
            advice=_advice(options, configuration, target, progress, catalog) if options.advisories.wanted else None,
        )
    finally:
        lock_file.discard()
        try:
            catalog.close()
        except OSError as error:  # the cache is a help: what became of the update is not its to decide
            progress.warn(f"the cache cannot be tidied: {error.strerror or error}")


def _project(options: Options, settings: Settings) -> NoProject:
    if settings.requirements is None and not options.groups and not options.write:
        return NoProject()
    from .project import project_of  # most runs are about no project

    return project_of(options, settings)


def _advice(
    options: Options, configuration: Configuration, target: Target, progress: Silent, catalog: Catalog
) -> Advice:
    from .advice import Advice

    settings = configuration.settings
    own = () if settings.index_url is None else (settings.index_url, *settings.extra_index_urls)
    return Advice(
        options=options.advisories,
        catalog=catalog,
        progress=progress,
        origins=transactions_of(target).sources,
        history=transactions_of(target).history,
        default_index=configuration.default_index,
        indexes=(*own, *settings.find_links),
    )
