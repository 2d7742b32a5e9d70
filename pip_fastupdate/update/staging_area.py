"""Services of the stages after the plan: where wheels are downloaded and staged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .._pip import installer
from ..core.cache_folder import distrust
from ..core.models import Distribution, Inventory
from ..core.text import redact
from ..core.threads.background import spare_memory
from ..environment import installed_files
from ..transaction import Transaction
from ..wheels import WheelStore
from ..wheels.unpacked import Linking, Unpacked, linking
from .context import RunContext

if TYPE_CHECKING:
    from ..wheels.shared import SharedWheels


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingArea:
    """Where wheels are downloaded and staged, next to their environment."""

    context: RunContext
    installed: dict[str, Distribution]
    """By name: what is installed now."""

    transaction: Transaction
    store: WheelStore
    linking: Linking | None
    """How files that are unpacked in the cache get into the environment; None if each wheel is unpacked."""

    unpacked: list[Unpacked]
    """Of the wheels staged so far; empty without ``linking``."""

    script_owners: Callable[[str], str | None]
    """The installed distribution that has a command of that name."""

    compilers: installer.Compilers = field(default_factory=installer.Compilers)
    """Those who start them, end them."""

    @property
    def wheels(self) -> Path:
        """The directory for wheels that are not cached or are built here."""
        return self.transaction.staging.parent / "wheels"


@contextmanager
def open_area(context: RunContext, inventory: Inventory) -> Iterator[StagingArea]:
    """Begin a transaction; roll back what is not committed at the end. Raises TransactionError."""
    with context.progress.timed("load"):
        installer.prepare_process()
        spare_memory()
    with installer.without_warnings(), context.transactions.begin() as transaction:
        yield StagingArea(
            context=context,
            installed=inventory.by_name(),
            transaction=transaction,
            store=WheelStore(
                directory=context.options.cache.directory,
                transport=context.catalog.transport,
                counters=context.catalog.counters,
                offline=context.options.cache.offline,
                temporary=transaction.staging.parent / "wheels",
                shared=_shared(context),
                renewed=context.catalog.renewed,
            ),
            linking=_linking(context, transaction.staging),
            unpacked=[],
            script_owners=installed_files.script_owners(inventory),
        )


def _linking(context: RunContext, staging: Path) -> Linking | None:
    """Return how files are linked; None if they are not, or, with a warning, cannot be."""
    cache = context.options.cache
    if cache.link_mode == "unpack" or cache.directory is None or distrust(cache.directory) is not None:
        return None
    try:
        return linking(cache.link_mode, cache.directory, staging)
    except OSError as error:
        context.progress.warn(
            f"could not {cache.link_mode} files from {cache.directory} to {staging}: {error.strerror or error}",
            "use a cache on the same file system (--cache-dir), or --link-mode unpack",
        )
    return None


def _shared(context: RunContext) -> SharedWheels | None:
    """Return the shared store; None if there is none, or, with a warning, if it cannot be used."""
    cache = context.options.cache
    if cache.wheels_url is None or cache.offline:
        return None
    from ..wheels.places import place  # only if requested
    from ..wheels.shared import SharedWheels

    name = f"the shared wheels at {redact(cache.wheels_url).partition('?')[0]}"
    try:
        return SharedWheels(place(cache.wheels_url, context.catalog.transport), name)
    except ImportError as error:
        context.progress.warn(
            f"{name} cannot be used: {error}", 'run `pip install "pip-fastupdate[shared]"`, or [s3] for s3://'
        )
    except Exception as error:  # whatever its library raises, also for a server that does not respond
        why = redact(str(error))
        context.progress.warn(f"{name} cannot be used: {why}", "write it like s3://bucket/wheels or file:///mnt/wheels")
    return None
