"""Whether what was installed since an update still has what it requires after the update was undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.errors import TransactionError
from ..core.models import Project, Release
from ..core.protocols import ReleaseSource
from ..environment import scan
from ..resolver.candidates import CandidatePool, Problem


class _NoIndex(ReleaseSource):
    """What is installed tells its requirements itself."""

    def project(self, name: str) -> Project:
        """Never asked."""
        raise LookupError(name)

    def requires(self, release: Release) -> tuple[str, ...]:
        """Never asked."""
        raise LookupError(release.name)

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """Nothing to fetch."""


def unfit_since(restored: frozenset[str]) -> Callable[[], None]:
    """A check to be made after an undo: raises TransactionError if a requirement is broken that now is not.

    ``restored`` names what was installed before the update. All of it is what it was then, and so are its
    requirements: one that the update had fulfilled is broken again, as it was. Only what came since can lose something.
    """
    before = {each.key for each in _unmet()}

    def check() -> None:
        worse = [each for each in _unmet() if each.key not in before and each.parent.name not in restored]
        if worse:
            first = worse[0]
            raise TransactionError(
                f"After the undo {first.parent.name} {first.parent.version} requires {first.dependency.text}, "
                "which is not fulfilled; all was put back.",
                hint=f"Uninstall {first.parent.name} first, or bring it to a version that goes with it.",
            )

    return check


def _unmet() -> list[Problem]:
    pool = CandidatePool(inventory=scan.scan(), source=_NoIndex())
    return list(pool.unmet(pool.installed))
