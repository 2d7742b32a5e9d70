"""Check that packages installed since an update keep their requirements after its undo."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.errors import TransactionError
from ..core.models import Project, Release
from ..core.protocols import ReleaseSource
from ..environment import scan
from ..resolver.candidates import CandidatePool, Problem


class _NoIndex(ReleaseSource):
    """A source without releases: installed distributions know their requirements."""

    def project(self, name: str) -> Project:
        """Fail: it is never called."""
        raise LookupError(name)

    def requires(self, release: Release) -> tuple[str, ...]:
        """Fail: it is never called."""
        raise LookupError(release.name)

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """Do nothing."""


def unfit_since(restored: frozenset[str]) -> Callable[[], None]:
    """Return a check for after an undo: it raises TransactionError if a requirement is broken that is satisfied now.

    ``restored`` names what was installed before the update. It has its old versions again, and so its old requirements:
    one that the update had satisfied is broken again, as before. Only later installs can lose something.
    """
    before = {each.key for each in _unmet()}

    def check() -> None:
        worse = [each for each in _unmet() if each.key not in before and each.parent.name not in restored]
        if worse:
            first = worse[0]
            raise TransactionError(
                f"unsatisfied requirement after the undo: {first.parent.name} {first.parent.version} requires "
                f"{first.dependency.text}; the undo was rolled back",
                hint=f"uninstall {first.parent.name} first, or install a version of it that allows the old one",
            )

    return check


def _unmet() -> list[Problem]:
    pool = CandidatePool(inventory=scan.scan(), source=_NoIndex())
    return list(pool.unmet(pool.installed))
