"""Whether a change of the environment leaves a requirement unfulfilled that was fulfilled before."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.errors import TransactionError
from ..core.models import Project, Release
from ..core.protocols import ReleaseSource
from ..environment import scan
from ..resolver.candidates import Problem, World


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


def worse_than_now() -> Callable[[], None]:
    """A check to be made after a change: raises TransactionError if a requirement is broken that now is not."""
    before = {each.key for each in _unmet()}

    def check() -> None:
        worse = [each for each in _unmet() if each.key not in before]
        if worse:
            first = worse[0]
            raise TransactionError(
                f"After the undo {first.parent.name} {first.parent.version} requires {first.dependency.text}, "
                "which is not fulfilled; all was put back.",
                hint="Undo first what was updated since, or bring that package to a version that goes with it.",
            )

    return check


def _unmet() -> list[Problem]:
    world = World(inventory=scan.scan(), source=_NoIndex())
    return list(world.unmet(world.installed))
