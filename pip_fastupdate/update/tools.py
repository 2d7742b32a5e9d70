"""The outside of a run, put together in one place: index, cache, environment, transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..index import Catalog, open_catalog
from ..models import Target
from ..options import Options, Settings
from ..progress import Silent
from ..transaction import Transactions

HOME = ".pip-fastupdate"
"""Folder below the environment's prefix that holds its transactions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the stages of one run share."""

    options: Options
    settings: Settings
    target: Target
    progress: Silent
    transactions: Transactions
    catalog: Catalog


def transactions_of(target: Target) -> Transactions:
    """The transactions of an environment."""
    return Transactions(home=Path(target.prefix) / HOME, prefix=Path(target.prefix))


@contextmanager
def open_tools(options: Options, settings: Settings, target: Target, progress: Silent) -> Iterator[Tools]:
    """Everything a run needs, closed at its end."""
    catalog = open_catalog(settings=settings, cache=options.cache, warn=progress.warn)
    try:
        yield Tools(
            options=options,
            settings=settings,
            target=target,
            progress=progress,
            transactions=transactions_of(target),
            catalog=catalog,
        )
    finally:
        catalog.close()
