"""Advisories in a directory or a zip archive such as OSV's own ``PyPI/all.zip``: one JSON file per record."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from ..core.errors import UsageError
from ..core.files import content, decoded
from ..core.text import size
from .osv import Query
from .records import Advisory, parse

LARGEST = 32 * 1024**2
"""Maximum size of one record in bytes."""

_HINT = "use a directory or zip archive with one OSV record in JSON per file, such as OSV's PyPI/all.zip"

WHOLE = 2 * 1024**3
"""Maximum size of all records of an archive in bytes; all of OSV's for this ecosystem are a tenth of it."""


class AdvisoryFolder:
    """Records read once and found by name."""

    def __init__(self, path: Path) -> None:
        """Read the records. Raises UsageError if there are none."""
        self._by_name: dict[str, list[Advisory]] = {}
        self.unreadable: list[str] = []
        """Names of files that are not records."""

        count = 0
        for name, read in _files(path):
            try:
                advisory = parse(decoded(read()))
            except (OSError, ValueError):
                self.unreadable.append(name)
                continue
            count += 1
            for project in advisory.affected:
                self._by_name.setdefault(project, []).append(advisory)
        if not count:
            raise UsageError(f"no advisories found in {path}", hint=_HINT)

    def advisories(self, queries: Sequence[Query]) -> dict[Query, tuple[Advisory, ...]]:
        """Return all advisories about the project of each query, for any version."""
        return {query: tuple(self._by_name.get(query[0], ())) for query in queries}


_File = tuple[str, Callable[[], bytes]]
"""A name and a function that reads the file; it raises OSError or ValueError."""


def _files(path: Path) -> Iterator[_File]:
    try:
        if path.is_dir():
            yield from _of_folder(path)
        else:
            yield from _of_archive(path)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"could not read the advisories in {path}: {why}", hint=_HINT) from None


def _of_folder(path: Path) -> Iterable[_File]:
    return (
        (str(each), partial(content, str(each), LARGEST)) for each in sorted(path.rglob("*.json")) if each.is_file()
    )


def _of_archive(path: Path) -> Iterator[_File]:
    with zipfile.ZipFile(path) as archive:
        records = [each for each in archive.infolist() if each.filename.endswith(".json")]
        if sum(each.file_size for each in records) > WHOLE:
            raise ValueError(f"unpacks to more than {size(WHOLE)}")
        for each in records:
            yield each.filename, partial(_unpacked, archive, each)


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Unpack no more than the member's declared size. Raises ValueError."""
    if member.file_size > LARGEST:
        raise ValueError(f"larger than {size(LARGEST)}")
    try:
        return archive.read(member)
    except Exception as error:  # the errors of zlib, lzma and zipfile for a damaged member are not documented
        raise ValueError(str(error)) from error
