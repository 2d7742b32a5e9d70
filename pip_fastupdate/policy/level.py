"""The size of the step to a new version, and the largest allowed (``--level``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, get_args

from ..core.models import Reason
from ..core.options import Level, PolicyOptions
from ..core.protocols import OfferedFile
from .making import Knowledge

if TYPE_CHECKING:
    from packaging.version import Version

Step = Literal["patch", "minor", "major", "calendar"]
"""An update's level, or from one calendar version to another."""

LEVELS: tuple[Level, ...] = get_args(Level)


def step(installed: Version, new: Version, uploaded: str | None = None) -> Step:
    """Return the step from ``installed`` to ``new``; ``uploaded`` (ISO 8601) identifies calendar versions.

    Another epoch is major; before 1.0 the second part counts as the first; post-releases, pre-releases, local labels
    and parts after the third are patch.
    """
    return "calendar" if _is_calendar(installed, new, uploaded) else part(installed, new)


def part(installed: Version, new: Version) -> Level:
    """Return the same for versions that are known not to be dates."""
    if installed.epoch != new.epoch:
        return "major"
    place = changed_part(installed, new)
    if place == 0 or (place == 1 and new.release[0] == 0):
        return "major"
    return "minor" if place == 1 else "patch"


def changed_part(installed: Version, new: Version) -> int | None:
    """Return the index of the first release part that differs; None if none does."""
    pairs = zip_longest(installed.release, new.release, fillvalue=0)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), None)


def _is_calendar(installed: Version, new: Version, uploaded: str | None) -> bool:
    """Return whether both begin with a year: four digits, or the last two of the year of the upload."""
    before, after = installed.release[0], new.release[0]
    if installed.epoch != new.epoch or len(new.release) < 2:
        return False
    if 1990 <= before <= after <= 2999:
        return True
    year = (uploaded or "")[:4]
    return year.isdecimal() and 10 <= before <= after and after == int(year) % 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MaximumLevel:
    """A ``Filter`` that holds larger steps than allowed. Calendar versions only if their project is named."""

    default: Level | None = None
    """For all projects; None for any step."""

    projects: Mapping[str, Level | None] = field(default_factory=dict)
    """By normalized name; None for any step."""

    def held(self, file: OfferedFile) -> Reason | None:
        """Return why the step is too large; None if it is not, or nothing is installed yet."""
        if file.installed is None or file.version <= file.installed:
            return None
        named = file.name in self.projects
        limit = self.projects.get(file.name, self.default)
        if limit is None or limit == "major":
            return None
        if not named and _is_calendar(file.installed, file.version, file.uploaded):
            return None
        found = part(file.installed, file.version)
        if LEVELS.index(found) <= LEVELS.index(limit):
            return None
        how = f"--level {file.name}={limit}" if named else f"--level {limit}"
        return Reason(kind="level", text=f"is a {found} update ({how})", data={"level": found, "limit": limit})


def made(options: PolicyOptions, _knowledge: Knowledge) -> MaximumLevel | None:
    """Return the filter for the options."""
    if options.level is None and not options.levels:
        return None
    return MaximumLevel(default=options.level, projects=dict(options.levels))
