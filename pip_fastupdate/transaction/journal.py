"""The journal, written as JSON before the first change. Paths in the environment are relative to its prefix, so that
an environment seen under another path (such as in a container) can be recovered, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

from ..core.entry import HistoryEntry
from ..core.errors import TransactionError
from ..core.files import decoded as decoded_json
from .moves.planner import Layout
from .moves.steps import decoded
from .trust import is_id

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """When, what and why: all that the history needs."""

    id: str
    when: str
    """ISO 8601, UTC, seconds."""

    kind: Literal["update", "undo"]
    undoes: str | None = None
    """The id of the transaction that an undo reverses."""

    changes: tuple[tuple[str, str | None, str | None], ...]
    """(name, version before, version after); None if it was, or is, not installed."""

    def entry(self, why_not: str | None) -> HistoryEntry:
        """Return its line in the history."""
        return HistoryEntry(
            id=self.id,
            when=self.when,
            kind=self.kind,
            changes=self.changes,
            undoable=why_not is None,
            why_not=why_not,
        )


def header_to_json(header: Header) -> bytes:
    """Return everything except the id, which is the directory's name."""
    fields = {"when": header.when, "kind": header.kind, "undoes": header.undoes, "changes": header.changes}
    return json.dumps({"schema": SCHEMA, **fields}).encode()


def header_from_json(content: bytes, id: str) -> Header:
    """Invert ``header_to_json``. Raises as ``readable`` expects."""
    fields = decoded_json(content)
    when, kind, undoes = fields["when"], fields["kind"], fields["undoes"]
    changes = tuple((name, before, after) for name, before, after in fields["changes"])
    texts = (
        when,
        *(name for name, _, _ in changes),
        *(each for change in changes for each in change[1:] if each is not None),
    )
    if kind not in ("update", "undo") or not all(isinstance(each, str) for each in texts):
        raise ValueError("not written by pip-update")
    if undoes is not None and not (isinstance(undoes, str) and is_id(undoes)):
        raise ValueError("the transaction it undoes is not one")
    return Header(id=id, when=when, kind=kind, undoes=undoes, changes=changes)


def layout_to_json(layout: Layout, prefix: str) -> bytes:
    """Return all steps and what belongs to them."""
    short = partial(_short, prefix)
    document = {
        "prefix": layout.prefix,
        "operations": [each.encoded(short) for each in layout.operations],
        "files": {short(folder): names for folder, names in layout.files.items()},
        "made": [short(each) for each in layout.made],
        "digests": {short(info): each for info, each in layout.digests.items()},
        "installed": {short(site): names for site, names in layout.installed.items()},
        "seals": {short(folder): names for folder, names in layout.seals.items()},
    }
    return json.dumps(document).encode()


def layout_from_json(content: bytes, prefix: str) -> Layout:
    """Invert ``layout_to_json``. Raises as ``readable`` expects."""
    fields, full = decoded_json(content), partial(_full, prefix)
    return Layout(
        prefix=fields["prefix"],
        operations=tuple(decoded(each, full) for each in fields["operations"]),
        files={full(folder): tuple(names) for folder, names in fields["files"].items()},
        made=tuple(full(each) for each in fields["made"]),
        digests={full(info): str(each) for info, each in fields["digests"].items()},
        installed={full(site): tuple(names) for site, names in fields["installed"].items()},
        seals={full(folder): dict(names) for folder, names in fields.get("seals", {}).items()},
    )


def _short(prefix: str, path: str) -> str:
    return "" if path == prefix else path.removeprefix(prefix + os.sep)


def _full(prefix: str, path: str) -> str:
    return os.path.join(prefix, path) if path else prefix


@contextmanager
def readable(folder: str) -> Iterator[None]:
    """Convert every error in a journal in ``folder`` into TransactionError."""
    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise TransactionError(
            f"could not read the journal in {folder}: {error}",
            hint=getattr(error, "hint", None)
            or "if the environment works, delete that directory; if not, restore the old files from it",
        ) from error
