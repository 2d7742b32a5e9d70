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
    new, old = str(change.target.version), str(change.installed)
    versions = {"version": new, "installed": old}
    if after.provenance is None:
        text = f"{new} has no provenance, although {old} had"
        yield Reason(kind="provenance-lost", text=text, data=versions)
    elif context.options.strict or context.options.changes is not None:
        one, other = repositories(context, before), repositories(context, after)
        if one and not other:
            text = f"the provenance of {new} could not be read, although that of {old} could"
            yield Reason(kind="provenance-unread", text=text, data=versions)
        elif one and not {each.casefold() for each in one} & {each.casefold() for each in other}:
            text = f"{new} was published from {other[0]}, but {old} from {one[0]}"
            data = {**versions, "before": one[0], "after": other[0]}
            yield Reason(kind="provenance-changed", text=text, data=data)


def repositories(context: RunContext, file: File) -> list[str]:
    """Return who published the file, such as ``GitHub owner/name``, as the index spells it; empty if unknown."""
    found = publishers(context, file)
    return [f"{each['kind']} {each.get('repository') or each.get('email') or ''}".strip() for each in found]


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
