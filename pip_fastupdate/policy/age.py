"""How old a file must be before it is installed (``--cooldown``, pip's ``--uploaded-prior-to``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase

from ..core.ages import instant, parse
from ..core.models import Reason
from ..core.options import PolicyOptions
from ..core.protocols import OfferedFile
from .making import Knowledge

LOCAL = "find-links"
"""The source whose files nobody uploaded: no age is asked of them, as by pip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """A ``Filter``: files that were uploaded too recently wait."""

    limit: timedelta | datetime | None
    """An age, or an instant before which a file must have been uploaded; None for any age."""

    projects: Mapping[str, timedelta | datetime | None] = field(default_factory=dict)
    """The same by normalized name."""

    now: datetime
    """When the run began: an age counts from there, so that nothing about it can be cached."""

    exempt: tuple[str, ...] = ()
    """Normalized names, globs of them, or the URLs of indexes."""

    allow_unknown: bool = False
    """Whether a file passes whose index does not say when it was uploaded."""

    fixes: Callable[[OfferedFile], bool] = lambda _: False
    """Whether the file mends a known vulnerability of the installed version: that cannot wait.

    Asked only of files that would have to."""

    def held(self, file: OfferedFile) -> Reason | None:
        """Why it has to wait, and until when; None where it has not."""
        limit = self.projects.get(file.name, self.limit)
        if limit is None or file.index == LOCAL or file.url.startswith("file:") or self._is_exempt(file):
            return None
        reason = self._reason(file, limit)
        return None if reason is None or self.fixes(file) else reason

    def _reason(self, file: OfferedFile, limit: timedelta | datetime) -> Reason | None:
        if file.uploaded is None:
            return None if self.allow_unknown else self._unknown(file)
        at = instant(file.uploaded)
        before = self.now - limit if isinstance(limit, timedelta) else limit
        return None if at < before else self._young(file.uploaded, at, limit)

    def _is_exempt(self, file: OfferedFile) -> bool:
        index = file.index.rstrip("/")
        return any(index == each.rstrip("/") if "://" in each else fnmatchcase(file.name, each) for each in self.exempt)

    def _unknown(self, file: OfferedFile) -> Reason:
        return Reason(
            kind="cooldown-unknown",
            text=f"has an unknown age: {file.index} does not say when it was uploaded (--cooldown-unknown allow)",
            data={"index": file.index},
        )

    def _young(self, uploaded: str, at: datetime, limit: timedelta | datetime) -> Reason:
        if isinstance(limit, datetime):
            day = _day(limit)
            text = f"was uploaded {_day(at)}, not before {day}"
            return Reason(kind="cooldown", text=text, data={"uploaded": uploaded, "before": limit.isoformat()})
        until = at + limit
        text = f"was uploaded {ago(self.now - at)} (cooldown {span(limit)}), allowed from {_when(until, self.now)}"
        return Reason(
            kind="cooldown",
            text=text,
            data={"uploaded": uploaded, "until": until.astimezone(timezone.utc).isoformat(timespec="seconds")},
        )


def made(options: PolicyOptions, knowledge: Knowledge) -> Cooldown | None:
    """The filter that the options ask for."""
    limit = None if options.cooldown is None else parse(options.cooldown)
    projects = {name: parse(age) for name, age in options.cooldowns}
    if limit is None and not any(projects.values()):
        return None
    return Cooldown(
        limit=limit,
        projects=projects,
        now=knowledge.now or datetime.now(timezone.utc),
        exempt=options.cooldown_except,
        allow_unknown=options.cooldown_unknown == "allow",
        fixes=knowledge.fixes,
    )


def span(age: timedelta) -> str:
    """``7 days``, ``12 hours``, ``90 minutes``."""
    seconds = int(age.total_seconds())
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and (seconds % size == 0 or unit == "minute"):
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} s"


def ago(age: timedelta) -> str:
    """``2 days ago``, ``3 hours ago``, ``just now``; from the future ``in the future``."""
    if age < timedelta(0):
        return "in the future"
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(age.total_seconds()) // size
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def _day(at: datetime) -> str:
    return at.astimezone(timezone.utc).date().isoformat()


def _when(at: datetime, now: datetime) -> str:
    """The day, and the time where that is less than two days away; in UTC, as upload times are."""
    at = at.astimezone(timezone.utc)
    return at.strftime("%Y-%m-%d %H:%M UTC") if at - now < timedelta(days=2) else at.date().isoformat()
