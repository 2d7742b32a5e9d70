"""What is to be known of the version that is installed: yanked, or not on the index any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from packaging.version import Version

from ..core.models import Reason
from .filenames import order_key
from .merging import Choice, Offer

LOCAL = "find-links"
"""The source that is no index: that it lacks what is installed says nothing."""


def judged(installed: Version | None, versions: Iterable[Choice], offers: Sequence[Offer]) -> Iterator[Reason]:
    """What the indexes say, or do not say any more, of the installed version. ``versions`` reach down to it."""
    if installed is None:
        return
    data = {"version": str(installed)}
    listed = next((each for each in versions if each.version == installed), None)
    if listed is not None:
        reasons = [item.yanked for item, _ in listed.items]
        if reasons and None not in reasons:
            why = next((each for each in reasons if each), "")
            text = f"{installed}, which is installed, was yanked" + (f": {why}" if why else "")
            yield Reason(kind="yanked", text=text, data=data)
    elif _gone(installed, offers):
        text = f"{installed}, which is installed, is not on the index any more, though other versions are"
        yield Reason(kind="deleted", text=text, data=data)


def _gone(installed: Version, offers: Sequence[Offer]) -> bool:
    """Whether an index has other versions, though not this one. Local builds never were on any."""
    if installed.local is not None:
        return False
    others = [entry.version for offer in offers if offer.source != LOCAL for entry in offer.digest.entries()]
    key = order_key(str(installed))
    return bool(others) and all(order_key(each) != key for each in others)
