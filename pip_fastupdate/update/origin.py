"""Whether new versions can be traced to the same origin as the installed ones (PEP 740)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..core.files import decoded
from ..core.models import Change, File, Reason
from ..core.protocols import DownloadFailed
from .context import RunContext
from .results import Planned

ACCEPT = "application/vnd.pypi.integrity.v1+json"


def origins(context: RunContext, planned: Planned) -> dict[str, tuple[Reason, ...]]:
    """Return remarks on the origin of new versions, by name.

    Lost provenance shows on the index's page. Another repository is checked only for ``--strict`` and ``--changes``,
    because that takes a request per version.
    """
    found = {change.name: tuple(_notes(context, planned, change)) for change in planned.plan.changes}
    return {name: reasons for name, reasons in found.items() if reasons}


def _notes(context: RunContext, planned: Planned, change: Change) -> Iterator[Reason]:
    releases = planned.releases(change.name)
    before = next((each.file for each in releases if each.version == change.installed), None)
    after = change.target.file
    if before is None or after is None or before.provenance is None:
        return
    versions = {"version": str(change.target.version), "installed": str(change.installed)}
    if after.provenance is None:
        text = f"{change.target.version} has no provenance, although {change.installed} had"
        yield Reason(kind="provenance-lost", text=text, data=versions)
    elif context.options.strict or context.options.changes is not None:
        one, other = repository(context, before), repository(context, after)
        if one and other and one != other:
            text = f"{change.target.version} was published from {other}, but {change.installed} from {one}"
            data = {**versions, "before": one, "after": other}
            yield Reason(kind="provenance-changed", text=text, data=data)


def repository(context: RunContext, file: File) -> str:
    """Return who published the file, such as ``GitHub owner/name``; "" if unknown."""
    first = next(iter(publishers(context, file)), None)
    return "" if first is None else f"{first['kind']} {first.get('repository') or first.get('email') or ''}".strip()


def publishers(context: RunContext, file: File) -> tuple[dict[str, Any], ...]:
    """Return the publishers of the file from its provenance; empty if there is none or the index does not respond.

    This is the index's claim: no signature is verified.
    """
    if file.provenance is None:
        return ()
    try:
        answer = context.catalog.session.ask(
            file.provenance,
            key=f"publishers {file.provenance}",
            condense=lambda reply: json.dumps(read_publishers(reply.body)).encode(),
            accept=ACCEPT,
            immutable=True,
        )
        return read_kept(answer.body) if answer.status == 200 else ()
    except DownloadFailed:
        return ()


_MOST = 100
"""Maximum number of publishers read per file."""


def read_publishers(body: bytes) -> list[dict[str, Any]]:
    """Return the publishers in a provenance object, each once, without nulls. Raises ValueError if invalid."""
    attestation = decoded(body)
    try:
        given = [each["publisher"] for each in attestation["attestation_bundles"][:_MOST]]
        found = [{key: each[key] for key in each if _is_plain(key, each[key])} for each in given]
    except (KeyError, TypeError):
        raise ValueError("not a provenance object") from None
    if not found or not all(isinstance(each.get("kind"), str) for each in found):
        raise ValueError("not a provenance object")
    return [each for place, each in enumerate(found) if each not in found[:place]]


def _is_plain(key: object, value: object) -> bool:
    """Return whether it is a single line of text under a name: all a publisher has, apart from claims and null."""
    return all(isinstance(each, str) and each.isprintable() and 0 < len(each) <= 500 for each in (key, value))


def read_kept(body: bytes) -> tuple[dict[str, Any], ...]:
    """Return cached results of ``read_publishers``; empty if they are invalid."""
    try:
        found = decoded(body)
        good = isinstance(found, list) and all(
            isinstance(each, dict) and isinstance(each.get("kind"), str) for each in found
        )
    except ValueError:
        return ()
    return tuple(found) if good else ()
