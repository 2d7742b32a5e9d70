"""The only index that may provide a project (``index`` in a package's settings)."""

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
    """A ``Filter`` that holds files from other indexes than the one set for their project."""

    projects: Mapping[str, str]
    """By normalized name, the URL of the index."""

    def held(self, file: OfferedFile) -> Reason | None:
        """Return why the file is held; None if it is from the right index, or any will do."""
        wanted = self.projects.get(file.name)
        if wanted is None or file.index.rstrip("/") == without_credentials(wanted).rstrip("/"):
            return None
        text = f"is on {file.index}, but only {without_credentials(wanted)} is allowed"
        return Reason(kind="other-index", text=text, data={"index": file.index})


def made(options: PolicyOptions, _knowledge: Knowledge) -> OnlyIndex | None:
    """Return the filter for the options."""
    return OnlyIndex(projects=dict(options.indexes)) if options.indexes else None
