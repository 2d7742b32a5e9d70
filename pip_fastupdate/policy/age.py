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
"""The source of local files, which have no upload time and no minimum age, as for pip."""

_LAST = datetime.max.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """A ``Filter`` that holds recently uploaded files."""

    limit: timedelta | datetime | None
    """An age, or an instant before which a file must have been uploaded; None for any age."""

    projects: Mapping[str, timedelta | datetime | None] = field(default_factory=dict)
    """The same by normalized name."""

    now: datetime
    """When the run began; ages count from there, so they must not be cached."""

    exempt: tuple[str, ...] = ()
    """Normalized names, globs, or URLs of indexes."""

    allow_unknown: bool = False
    """True if a file passes whose index does not give its upload time."""

    fixes: Callable[[OfferedFile], bool] = lambda _: False
    """Returns whether the file fixes a known vulnerability of the installed version, which cannot wait.

    Called only for files that would be held.
    """

    def held(self, file: OfferedFile) -> Reason | None:
        """Return why it is held, and until when; None if it is not."""
        limit = self.projects.get(file.name, self.limit)
        if limit is None or file.index == LOCAL or file.url.startswith("file:") or self._is_exempt(file):
            return None
        reason = self._reason(file, limit)
        return None if reason is None or self.fixes(file) else reason

    def _reason(self, file: OfferedFile, limit: timedelta | datetime) -> Reason | None:
        at = _read(file.uploaded)
        if file.uploaded is None or at is None:
            return None if self.allow_unknown else self._unknown(file)
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
        until = at + min(limit, _LAST - at)
        text = f"was uploaded {ago(self.now - at)} (cooldown {span(limit)}), allowed from {_when(until, self.now)}"
        return Reason(
            kind="cooldown",
            text=text,
            data={"uploaded": uploaded, "until": until.isoformat(timespec="seconds")},
        )


def made(options: PolicyOptions, knowledge: Knowledge) -> Cooldown | None:
    """Return the filter for the options."""
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


def _read(uploaded: str | None) -> datetime | None:
    """Return the time in UTC; None if the index states none that can be read."""
    try:
        return None if uploaded is None else instant(uploaded).astimezone(timezone.utc)
    except (ValueError, OverflowError):  # OverflowError: beyond the years 1 to 9999 in UTC
        return None


def span(age: timedelta) -> str:
    """Return ``7 days``, ``12 hours``, ``90 minutes``."""
    seconds = int(age.total_seconds())
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and (seconds % size == 0 or unit == "minute"):
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} s"


def ago(age: timedelta) -> str:
    """Return ``2 days ago``, ``3 hours ago``, ``just now``, or ``in the future``."""
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
    """Return the day, and the time if it is less than two days away; in UTC, like upload times."""
    at = at.astimezone(timezone.utc)
    return at.strftime("%Y-%m-%d %H:%M UTC") if at - now < timedelta(days=2) else at.date().isoformat()
