"""``--output FILE``: write the report to a file that appears complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..core.busy_files import SHORT, Patience, replace
from ..core.errors import UsageError
from ..core.files import create, followed, take_mode, write_all
from ..core.models import Report
from ..core.options import Format
from ..core.text import fit
from .formats import renderer
from .view import View


def check(paths: Iterable[Path], others: Iterable[Path] = ()) -> None:
    """Raise UsageError if a file cannot be created there, or is one of ``others`` or another report."""
    taken = {os.path.realpath(each) for each in others}
    for path in paths:
        _check(path)
        place = os.path.realpath(path)
        if place in taken:
            raise UsageError(f"could not write {path}: another option names this file", hint="use another file name")
        taken.add(place)


def _check(path: Path) -> None:
    try:
        place = followed(path)
        there = place.exists()
    except OSError as error:  # the name is too long, or a link to itself
        raise UsageError(f"could not write {path}: {error.strerror}", hint="use another file name") from None
    if there and (not place.is_file() or _is_standard_stream(place)):
        why = "standard output or error goes there" if place.is_file() else "not a regular file"
        raise UsageError(f"could not write {path}: {why}", hint="use --format without --output for standard output")
    if not place.parent.is_dir():
        raise UsageError(
            f"could not write {path}: no such directory: {place.parent}", hint="create the directory, or use another"
        )
    if not os.access(place.parent, os.W_OK):
        raise UsageError(
            f"could not write {path}: no permission to write in {place.parent}", hint="use a file in another directory"
        )


def _is_standard_stream(place: Path) -> bool:
    """Return whether a shell redirected a stream to this file: a rename would replace it under that stream."""
    found = []
    for descriptor in (1, 2):
        with suppress(OSError):  # a closed stream goes nowhere
            found.append(os.fstat(descriptor))
    return any(os.path.samestat(place.stat(), each) for each in found)


def save(report: Report, path: Path, *, format: Format, verbosity: int = 0) -> None:
    """Write the report in UTF-8 and rename it into place; a link stays a link. Raises OSError, with nothing changed."""
    text = fit(renderer(format).render(report, View(verbosity=max(verbosity, 0))), "utf-8")
    place = path.resolve()
    draft = place.with_name(f".{os.urandom(6).hex()}.report")
    try:
        _write(draft, f"{text}\n".encode() if text else b"", like=place)
        replace(str(draft), str(place), Patience(SHORT))
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def _write(draft: Path, content: bytes, *, like: Path) -> None:
    """Write a new file with the mode of the one it replaces. Raises OSError, also if the draft exists."""
    descriptor = create(os.fspath(draft))
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    take_mode(draft, like)
