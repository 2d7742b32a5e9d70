"""Files owned by the distributions that stay, from their RECORDs, using only the standard library."""

from __future__ import annotations

import csv
import os
from collections.abc import Container, Iterable

from ..core.files import reachable
from .fingerprint import INFO


def owners(sites: Iterable[str], going: Container[str]) -> dict[str, str]:
    """Return the owner of each live path, for all distributions in these directories except those whose ``.dist-info``
    is ``going``.

    An unreadable RECORD lists nothing.
    """
    found: dict[str, str] = {}
    for site in sites:
        for info in _infos(site):
            if os.path.join(site, info) not in going:
                name = info.removesuffix(INFO).partition("-")[0]
                for path in _listed(site, info):
                    found.setdefault(path, name)
    return found


def _infos(site: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(site) if name.endswith(INFO))
    except OSError:
        return []


def _listed(site: str, info: str) -> list[str]:
    """Yield paths in the directory's environment: ``../`` as in a wheel's scripts; absolute paths are ignored."""
    try:
        with open(reachable(os.path.join(site, info, "RECORD")), encoding="utf-8", newline="") as file:
            rows = [row[0] for row in csv.reader(file) if row and row[0]]
    except (OSError, ValueError, csv.Error):
        return []
    return [os.path.normpath(os.path.join(site, row)) for row in rows if not os.path.isabs(row) and "\0" not in row]
