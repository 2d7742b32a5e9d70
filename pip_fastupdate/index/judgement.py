"""Remarks on the installed version: yanked, or no longer on the index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from packaging.version import Version

from ..core.models import Reason
from ..core.reasons import was_yanked
from .filenames import order_key
from .merging import MergedVersion, SourceRecord

LOCAL = "find-links"
"""The source that is not an index: it may lack the installed version."""


def judged(
    installed: Version | None, versions: Iterable[MergedVersion], sources: Sequence[SourceRecord]
) -> Iterator[Reason]:
    """Yield what the indexes say, or no longer say, about the installed version. ``versions`` reach down to it."""
    if installed is None:
        return
    data = {"version": str(installed)}
    listed = next((each for each in versions if each.version == installed), None)
    if listed is not None:
        reasons = [file.yanked for file, _ in listed.files]
        if reasons and None not in reasons:
            why = next((each for each in reasons if each), "")
            text = f"{installed}, which is installed, {was_yanked(why)}"
            yield Reason(kind="yanked", text=text, data=data)
    elif _gone(installed, sources):
        text = f"{installed}, which is installed, is no longer on the index, although other versions are"
        yield Reason(kind="deleted", text=text, data=data)


def _gone(installed: Version, sources: Sequence[SourceRecord]) -> bool:
    """Return whether an index has other versions but not this one. Local builds never were on an index."""
    if installed.local is not None:
        return False
    others = [entry.version for source in sources if source.url != LOCAL for entry in source.record.entries()]
    key = order_key(str(installed))
    return bool(others) and all(order_key(each) != key for each in others)
