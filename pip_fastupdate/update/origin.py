"""Whether new versions can still be traced to where the installed ones came from (PEP 740)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..core.models import Change, File, Reason
from ..core.protocols import DownloadFailed
from .context import RunContext
from .results import Planned

ACCEPT = "application/vnd.pypi.integrity.v1+json"


def origins(context: RunContext, planned: Planned) -> dict[str, tuple[Reason, ...]]:
    """By name, what is to be told of the origin of new versions.

    That they have no provenance any more is on the index's page. Whether it is another repository's is asked only for
    ``--strict`` and ``--changes``: that takes a request for each version.
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
        text = f"{change.target.version} has no provenance, but {change.installed} had"
        yield Reason(kind="provenance-lost", text=text, data=versions)
    elif context.options.strict or context.options.changes is not None:
        one, other = repository(context, before), repository(context, after)
        if one and other and one != other:
            text = f"{change.target.version} was published from {other}, but {change.installed} from {one}"
            data = {**versions, "before": one, "after": other}
            yield Reason(kind="provenance-changed", text=text, data=data)


def repository(context: RunContext, file: File) -> str:
    """Who published the file, such as ``GitHub owner/name``; "" where nobody says."""
    if file.provenance is None:
        return ""
    try:
        answer = context.catalog.session.ask(
            file.provenance,
            key=f"publisher {file.provenance}",
            condense=lambda reply: publisher(reply.body).encode(),
            accept=ACCEPT,
            immutable=True,
        )
    except DownloadFailed:
        return ""
    return answer.body.decode() if answer.status == 200 else ""


def publisher(body: bytes) -> str:
    """The publisher of a provenance object. Raises ValueError for what is not one."""
    attestation = json.loads(body)
    try:
        first = attestation["attestation_bundles"][0]["publisher"]
        return f"{first['kind']} {first.get('repository') or first.get('email') or ''}".strip()
    except (AttributeError, IndexError, KeyError, TypeError):
        raise ValueError("not a provenance object") from None
