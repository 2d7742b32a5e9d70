"""Requirements files (pip's ``-r``): nested, with constraints and options, as pip's own parser reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.requirements import InvalidRequirement, parse
from ..core.settings import RequirementLine
from . import constraints

_PLACE = re.compile(r"[/\\]|^\.|^[A-Za-z][\w+.-]*:|\.(?:whl|zip|tar|tgz|tbz|txz|tar\.\w+)$", re.IGNORECASE)
"""What a path, an archive or a URL looks like, which says nothing about versions on an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementFiles:
    """The content of the files, and their names."""

    lines: tuple[RequirementLine, ...]
    constraints: tuple[str, ...]
    """From constraints files named in them (PEP 508)."""

    origins: tuple[str, ...]
    """The file of each of those constraints, as in ``Constraints``."""

    files: tuple[Path, ...]
    volatile: bool
    """True if the lines depend on more than those files: a server, environment variables, or which paths exist."""


def read(sources: Sequence[str], session: Callable[[], Any], options: Any) -> RequirementFiles:
    """Read requirements files by path or URL, as ``constraints.read`` does. Raises UsageError."""
    reader = constraints.make_reader(session, options)
    lines: list[RequirementLine] = []
    limits: list[str] = []
    origins: list[str] = []
    for source in sources:
        for line in constraints.parsed(reader, source, constraint=False):
            if getattr(line, "requirement", None) is None:
                line.opts.require_hashes = False  # every file is verified against the hashes of the index anyway
                constraints.take_over(line, options)
            elif line.constraint:
                limits.append(constraints.constraint(line))
                origins.append(constraints.origin(line))
            elif not line.is_editable and not _is_place(line):
                lines.append(_line(line))
    files, volatile = constraints.seen(reader)
    return RequirementFiles(
        lines=tuple(lines), constraints=tuple(limits), origins=tuple(origins), files=files, volatile=volatile
    )


def _is_place(line: Any) -> bool:
    """Return whether the line names a file, a directory or a URL: those are unchanged."""
    try:
        return parse(line.requirement).url is not None
    except InvalidRequirement:
        text = line.requirement.partition(" ;")[0].strip()
        if _PLACE.search(text) or os.path.exists(text):  # noqa: PTH110 - no error for a line too long for a path
            return True
        where = f"line {line.lineno} of {constraints.shown(line.filename)}"
        raise UsageError(f"could not parse {line.requirement!r} in {where}", hint=_HINT) from None


_HINT = "use a requirement such as 'name>=1,<2' (PEP 508)"


def _line(line: Any) -> RequirementLine:
    hashed = bool(getattr(line.opts, "hashes", None))
    return RequirementLine(text=line.requirement, file=line.filename, number=line.lineno, hashed=hashed)
