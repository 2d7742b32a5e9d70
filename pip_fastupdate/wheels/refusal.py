"""Reasons that rule a wheel out, and how they name its content. The kinds are in ``core.reasons``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.models import Reason

if TYPE_CHECKING:
    from ..core.reasons import ReasonKind


class Refused(Exception):
    """A wheel that must not be unpacked; ``reasons`` say why, each with its own kind."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


def shown(name: str) -> str:
    """Return the name for display: quoted, shortened, without anything that a terminal would obey."""
    return repr(name if len(name) <= 120 else f"{name[:117]}...")


def about(kind: ReasonKind, text: str, file: str) -> Reason:
    """Return a reason about one entry; the first ``{}`` in ``text`` stands for its name."""
    return Reason(kind=kind, text=text.replace("{}", shown(file), 1), data={"file": file})


def several(kind: ReasonKind, text: str, files: Sequence[str]) -> Reason:
    """Return a reason about the first of several entries, with how many more there are; ``{}`` stands for these."""
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    sentence = text.replace("{}", shown(files[0]) + more, 1)
    return Reason(kind=kind, text=sentence, data={"file": files[0], "count": str(len(files))})
