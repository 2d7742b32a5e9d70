"""What a new version of a package changes, read from the metadata of both without a request."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..core.entry_points import script_names
from ..core.files import content
from ..core.metadata import fields
from ..core.models import Difference
from ..core.requirements import InvalidRequirement, parse
from .record_rows import stated_size

_LABELS = {
    "changelog": "changelog",
    "changes": "changelog",
    "whatsnew": "changelog",
    "history": "changelog",
    "releasenotes": "release notes",
    "source": "source",
    "repository": "source",
    "sourcecode": "source",
    "github": "source",
}
"""Well-known labels of project URLs (PEP 753), normalized, and their names here."""

_LARGEST = 64 * 1024 * 1024
"""Maximum size in bytes of a file in a ``.dist-info`` directory."""

_USED = ("requires-dist", "requires-python", "license-expression", "project-url", "home-page")

_NATIVE = (".so", ".pyd", ".dll", ".dylib")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts from one version's metadata."""

    requires: frozenset[str] = frozenset()
    python: str = ""
    license: str = ""
    links: tuple[tuple[str, str], ...] = ()
    """(label, URL), without URLs that are not web pages."""

    commands: frozenset[str] | None = None
    """None if only METADATA is known."""

    files: int | None = None
    native: int | None = None
    """The number of files of compiled code."""

    size: int | None = None
    """Bytes of all files, by RECORD."""


def facts_of(info: Path) -> Facts:
    """Return the facts in a ``.dist-info`` directory, as far as they can be read."""
    record = _text(info / "RECORD")
    paths = [row.rpartition(",")[0].rpartition(",")[0].strip('"') for row in record.splitlines() if row]
    facts = facts_of_metadata(_text(info / "METADATA"))
    return Facts(
        requires=facts.requires,
        python=facts.python,
        license=facts.license,
        links=facts.links,
        commands=frozenset(script_names(_text(info / "entry_points.txt"))),
        files=len(paths),
        native=sum(path.endswith(_NATIVE) for path in paths),
        size=stated_size(record),
    )


def facts_of_metadata(text: str) -> Facts:
    """Return the facts in a METADATA file."""
    found = fields(text.encode("utf-8", "replace"), _USED)
    return Facts(
        requires=frozenset(map(_requirement, found["requires-dist"])),
        python=_first(found["requires-python"]),
        license=_first(found["license-expression"]),
        links=tuple(_links(found["project-url"], _first(found["home-page"]))),
    )


def about(info: Path) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the one-line summary in a ``.dist-info`` directory, and its links; "" and () if it cannot be read."""
    found = fields(_text(info / "METADATA").encode("utf-8", "replace"), ("summary", "project-url", "home-page"))
    return _first(found["summary"]), tuple(_links(found["project-url"], _first(found["home-page"])))


def _first(values: Iterable[str]) -> str:
    return next(iter(values), "")


def _requirement(text: str) -> str:
    """Return the requirement in one spelling, so that ``Foo (>=1)`` and ``foo>=1`` are equal."""
    try:
        found = parse(text)
    except InvalidRequirement:
        return " ".join(text.split())
    extras = f"[{','.join(sorted(found.extras))}]" if found.extras else ""
    where = f" @ {found.url}" if found.url else found.specifier
    return f"{found.name}{extras}{where}" + (f"; {found.marker}" if found.marker else "")


def _links(urls: Iterable[str], home: str) -> Iterable[tuple[str, str]]:
    found: dict[str, str] = {}
    for each in urls:
        label, _, url = each.partition(",")
        what = _LABELS.get(re.sub(r"[\W_]+", "", label).lower())
        if what and url.strip().startswith(("https://", "http://")):
            found.setdefault(what, url.strip())
    if not found and home.startswith(("https://", "http://")):
        found["home page"] = home
    return found.items()


def _text(path: Path) -> str:
    try:
        return content(os.fspath(path), _LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def difference(
    old: Facts | None, new: Facts | None, *, releases: int, before: str | None, after: str | None
) -> Difference:
    """Return the differences; ``old`` is None for an addition, ``new`` if it is unknown before a download.

    ``releases`` is the number in between, ``before`` and ``after`` are the times of upload.
    """
    one, other = old or Facts(), new or (old or Facts())
    known = one.commands is not None and other.commands is not None
    commands = (one.commands or frozenset(), other.commands or frozenset()) if known else (frozenset[str](),) * 2
    return Difference(
        releases=releases,
        uploaded=(before, after),
        links=other.links,
        requires_added=tuple(sorted(other.requires - one.requires)),
        requires_dropped=tuple(sorted(one.requires - other.requires)),
        commands_added=tuple(sorted(commands[1] - commands[0])),
        commands_dropped=tuple(sorted(commands[0] - commands[1])),
        python=_pair(one.python, other.python),
        license=_pair(one.license, other.license),
        files=_pair(one.files, other.files),
        native=_pair(one.native, other.native),
        size=_pair(one.size, other.size),
    )


def _pair(before: object, after: object) -> tuple[str, str] | None:
    """Return both as text if they differ; None if they do not, or one is unknown."""
    if before is None or after is None or before == after:
        return None
    return str(before), str(after)
