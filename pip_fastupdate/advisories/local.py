"""Advisories in a folder, or in a zip archive such as OSV's own ``PyPI/all.zip``: one JSON file a record."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..core.errors import UsageError
from .osv import Query
from .records import Advisory, parse

LARGEST = 32 * 1024**2
"""Bytes of one record."""

_HINT = "give a directory or zip archive with one OSV record in JSON a file, such as OSV's PyPI/all.zip"


class Folder:
    """Records read once, found by name."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError where there is nothing to read."""
        self._by_name: dict[str, list[Advisory]] = {}
        self.unreadable: list[str] = []
        """Names of files that are not records."""

        count = 0
        for name, body in _bodies(path):
            try:
                advisory = parse(json.loads(body))
            except ValueError:
                self.unreadable.append(name)
                continue
            count += 1
            for project in advisory.affected:
                self._by_name.setdefault(project, []).append(advisory)
        if not count:
            raise UsageError(f"no advisories found in {path}", hint=_HINT)

    def advisories(self, queries: Sequence[Query]) -> dict[Query, tuple[Advisory, ...]]:
        """All advisories about the project of each query, whatever the version."""
        return {query: tuple(self._by_name.get(query[0], ())) for query in queries}


def _bodies(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.is_dir():
            yield from _of_folder(path)
        else:
            yield from _of_archive(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"could not read the advisories in {path}: {why}", hint=_HINT) from None


def _of_folder(path: Path) -> Iterable[tuple[str, bytes]]:
    return ((str(each), each.read_bytes()) for each in sorted(path.rglob("*.json")) if each.is_file())


def _of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for each in archive.infolist():
            if each.filename.endswith(".json") and each.file_size <= LARGEST:
                yield each.filename, archive.read(each)
