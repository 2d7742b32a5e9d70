"""Which index alone may provide a project (``index`` in a package's settings)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..core.models import Reason
from ..core.options import PolicyOptions
from ..core.protocols import OfferedFile
from ..core.text import without_credentials
from .making import Knowledge


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyIndex:
    """A ``Filter``: files of other indexes than the one that is set for their project stay out."""

    projects: Mapping[str, str]
    """By normalized name, the URL of the index."""

    def held(self, file: OfferedFile) -> Reason | None:
        """Why the file stays out; None where it comes from the right index, or from any."""
        wanted = self.projects.get(file.name)
        if wanted is None or file.index.rstrip("/") == without_credentials(wanted).rstrip("/"):
            return None
        text = f"is on {file.index}, and only {without_credentials(wanted)} is allowed"
        return Reason(kind="other-index", text=text, data={"index": file.index})


def made(options: PolicyOptions, _knowledge: Knowledge) -> OnlyIndex | None:
    """The filter that the options ask for."""
    return OnlyIndex(projects=dict(options.indexes)) if options.indexes else None
