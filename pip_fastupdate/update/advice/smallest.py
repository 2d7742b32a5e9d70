"""Binary search for the smallest safe version of each project that is compatible with all others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from packaging.version import Version

from ...advisories.ranges import public
from ...core.models import Project


@dataclass(slots=True, kw_only=True)
class Cap:
    """Binary search for the smallest version of a project that is compatible with all others."""

    versions: tuple[Version, ...]
    """Newer safe versions, the smallest first."""

    at: int = 0
    """Index of the version up to which a plan may go now."""

    low: int = -1
    """The highest index that was too low."""

    high: int | None = None
    """The lowest index that worked."""

    def narrow(self, moved: Version | None) -> bool:
        """Record the version that the plan chose, None for none; return whether another plan is needed."""
        if moved is not None:
            self.high = self.at = max(0, bisect_right(self.versions, moved) - 1)
        else:
            self.low = max(self.low, self.at)
            self.high = None if self.high is not None and self.high <= self.at else self.high  # it no longer worked
        if self.high is None:
            before, self.at = self.at, len(self.versions) - 1
            return before != self.at
        if self.high - self.low <= 1:
            self.at = self.high
            return moved is None
        self.at = (self.low + self.high) // 2
        return True


@dataclass(slots=True, kw_only=True)
class SmallestSafe:
    """How far plans may go with each vulnerable project; every plan narrows the range."""

    caps: dict[str, Cap] = field(default_factory=dict)

    def capped(self, project: Project, installed: Version) -> Project:
        """Return the project without versions newer than the search currently allows."""
        cap = self.caps.get(project.name)
        if cap is None:
            finals = (each.version for each in project.candidates if not each.version.is_prerelease)
            newer = sorted(each for each in finals if public(each) > installed)
            if not newer:
                return project
            cap = self.caps[project.name] = Cap(versions=tuple(newer))
        limit = cap.versions[cap.at]
        kept = tuple(each for each in project.releases if each.version <= limit or each.blocked is not None)
        return replace(project, releases=kept)

    def learn(self, planned: Mapping[str, Version]) -> bool:
        """Record the versions that the plan chose, by name; return whether another plan is needed."""
        again = [cap.narrow(planned.get(name)) for name, cap in sorted(self.caps.items())]  # none is excluded
        return any(again)
