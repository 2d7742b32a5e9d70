"""A hand-made environment for the tests of transactions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pip_fastupdate.transaction import Replacement, Transaction, Transactions
from pip_fastupdate.transaction.folder import Workspace
from pip_fastupdate.transaction.moves.steps import Operation, Out
from tests.faults.harness import memory
from tests.faults.synthetic import HOME, SITE, Dist, infos, install, live, snapshot, staged, write

__all__ = ["HOME", "SITE", "Dist", "Env", "dist", "folder", "live", "snapshot", "write"]


def dist(name: str, old: Mapping[str, str] | None, new: Mapping[str, str], **versions: str) -> Dist:
    """A distribution with its ``.dist-info`` folders; paths are below site-packages, or below the prefix after a /."""

    def version(number: str, found: Mapping[str, str]) -> dict[str, bytes]:
        files = {(path[1:] if path[0] == "/" else f"{SITE}/{path}"): text.encode() for path, text in found.items()}
        return {**files, **infos(name, number)}

    before = versions.get("before", "1" if old is not None else "")
    after = versions.get("after", "2")
    return Dist(
        name=name, before=before, after=after, old=version(before, old or {}) if before else {}, new=version(after, new)
    )


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder in memory where possible: every change is flushed to the disk else."""
    with tempfile.TemporaryDirectory(prefix="transactions-", dir=memory()) as path:
        yield Path(path)


@dataclass(frozen=True)
class Env:
    """An environment in a temporary folder."""

    prefix: Path
    roots: tuple[str, ...] = ()

    @property
    def site(self) -> Path:
        return self.prefix / SITE

    @property
    def home(self) -> Path:
        return self.prefix / HOME

    @property
    def store(self) -> Transactions:
        return Transactions(self.home, self.prefix, flush=lambda folders: None, roots=self.roots)

    def install(self, *dists: Dist) -> None:
        install(self.prefix, dists)

    def stage(self, transaction: Transaction, *dists: Dist) -> list[Replacement]:
        return [staged(transaction.staging, self.prefix, each) for each in dists]

    def update(self, *dists: Dist, keep: int = 1, **options: object) -> Transaction:
        """Swap and commit."""
        with self.store.begin() as transaction:
            transaction.prepare(self.stage(transaction, *dists), **options)
            transaction.swap()
            transaction.commit(keep)
        return transaction

    def workspace(self, id: str = "1") -> Workspace:
        return Workspace(str(self.home / id), str(self.prefix))

    def steps(self, *dists: Dist, **options: object) -> list[tuple[str, str]]:
        """The kinds and live paths (below site-packages, or the prefix after a /) of what would be done."""
        with self.store.begin() as transaction:
            transaction.prepare(self.stage(transaction, *dists), **options)
            return [self._short(each) for each in self.workspace(transaction.id).layout().operations]

    def _short(self, step: Operation) -> tuple[str, str]:
        path = Path(step.live)
        short = path.relative_to(self.site) if path.is_relative_to(self.site) else f"/{path.relative_to(self.prefix)}"
        return type(step).__name__.lower(), str(short)

    def half(self, *dists: Dist, steps: int | None = None, options: Mapping[str, object] = {}) -> Workspace:
        """An update that is killed after some of its steps; by default once everything is out."""
        transaction = self.store.begin()
        transaction.prepare(self.stage(transaction, *dists), **options)
        workspace = self.workspace(transaction.id)
        operations = workspace.layout().operations
        workspace.become("swapping")
        count = sum(isinstance(each, Out) for each in operations) if steps is None else steps
        for each in operations[:count]:
            each.do()
        return workspace
