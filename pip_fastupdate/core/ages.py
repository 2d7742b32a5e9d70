"""Ages and times as users, pip's settings and indexes write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_SHORT = re.compile(r"(\d{1,9})\s*([hdw]?)", re.IGNORECASE)
_ISO = re.compile(r"P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")
"""A date without dashes (ISO 8601); as an age it would be more than a hundred years."""

_UNITS = {"h": "hours", "d": "days", "w": "weeks", "": "days"}
_LONGEST = timedelta(days=36500)


def parse(text: str) -> timedelta | datetime | None:
    """Parse ``7``, ``7d``, ``12h``, ``2w``, ``P7D``, ``PT12H``, a date or a time (ISO 8601, local without a zone).

    Returns None for zero (``0``, ``P0D``). Raises ValueError.
    """
    text = text.strip()
    day = _DATE.fullmatch(text)
    if day:
        return instant("-".join(day.groups()), local=True)
    short, iso = _SHORT.fullmatch(text), _ISO.fullmatch(text)
    if short:
        age = timedelta(**{_UNITS[short[2].lower()]: int(short[1])})
    elif iso and text[-1:].upper() not in "PT":
        weeks, days, hours, minutes, seconds = (int(each or 0) for each in iso.groups())
        age = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    else:
        return instant(text, local=True)
    if age > _LONGEST:
        raise ValueError("more than a hundred years")
    return age or None


def instant(text: str, *, local: bool = False) -> datetime:
    """Parse ISO 8601 with or without ``Z``; without a zone it is UTC, or this machine's time. Raises ValueError."""
    at = datetime.fromisoformat(_fraction(text.strip().replace("Z", "+00:00").replace("z", "+00:00")))
    if at.tzinfo is not None:
        return at
    return at.astimezone() if local else at.replace(tzinfo=timezone.utc)


def _fraction(text: str) -> str:
    """Return the fraction of a second for Python 3.10, which reads three or six digits only."""
    seconds, dot, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{seconds}.{rest[:digits][:6]:0<6}{rest[digits:]}" if dot else text
