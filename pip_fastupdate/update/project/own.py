"""A project whose pyproject.toml is written and which is itself an editable install in the environment.

Its installed metadata repeats the bounds in the file. Those moved with the update must not hold it, and move, too, as
``pip install -e`` would do later; nothing else in an editable install is changed.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlsplit

from packaging.version import Version

from ...core.files import content, real
from ...core.models import Distribution, Inventory
from ...core.requirements import Dependency, InvalidRequirement, parse
from ...core.urls import file_path
from ...environment.scan import folders
from ...project_files.rewrite import Unwritable, edited, moved, relaxed
from ...project_files.writable import Writable
from ...transaction.rewrites import Rewrite

Bound = tuple[str, str]
"""(normalized name, version specifier) of a requirement."""

_LARGEST = 16 * 1024**2
_REQUIRES = re.compile(rb"^Requires-Dist:[ \t]*([^\r\n]*)(?=\r?$)", re.MULTILINE | re.IGNORECASE)


def bound_of(dependency: Dependency) -> Bound:
    """Return what makes a requirement in the file and one in the metadata equal."""
    return dependency.name, dependency.specifier


def without_own_bounds(inventory: Inventory, files: Sequence[Writable]) -> Inventory:
    """Return the inventory without the bounds in these files' own projects that the update moves."""
    movable = {own.name: _movable(file) for own, file in _own(inventory, files)}
    return Inventory(
        distributions=tuple(
            replace(each, requires=tuple(_relaxed(text, movable[each.name]) for text in each.requires))
            if each.name in movable
            else each
            for each in inventory.distributions
        )
    )


def metadata_rewrites(
    inventory: Inventory, file: Writable, changed: Mapping[Bound, Version], *, lower_bounds: bool
) -> Iterator[Rewrite]:
    """Return the new METADATA and RECORD of the file's own project, if these requirements move."""
    for own, _ in _own(inventory, [file]):
        path = own.info / "METADATA"
        before = content(str(path), _LARGEST)
        after = _moved(before, changed, lower_bounds=lower_bounds)
        if after == before:
            continue
        yield Rewrite(path=str(path.resolve()), before=before, after=after)
        record = own.info / "RECORD"
        listed = content(str(record), _LARGEST) if record.is_file() else b""
        renewed = _renewed(listed, f"{own.info_name}/METADATA", after)
        if renewed != listed:
            yield Rewrite(path=str(record.resolve()), before=listed, after=renewed)


def _own(inventory: Inventory, files: Sequence[Writable]) -> Iterator[tuple[Distribution, Writable]]:
    """Return the editable installs whose pyproject.toml is among the files."""
    ours = {real(str(folder)) for folder in folders()}
    projects = {real(str(file.path.parent)): file for file in files if file.path.name == "pyproject.toml"}
    for each in inventory.distributions if projects else ():
        if each.skip is None or each.skip.kind != "editable" or real(str(each.location)) not in ours:
            continue
        file = projects.get(_folder(each.skip.data.get("url", "")))
        if file is not None:
            yield each, file


def _folder(url: str) -> str:
    """Return the directory of a file URL; "" for any other."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return real(str(file_path(url))) if parts.scheme == "file" and parts.path else ""


def _movable(file: Writable) -> frozenset[Bound]:
    return frozenset(bound_of(each.dependency) for each in file.entries if each.fixed is None)


def _relaxed(text: str, movable: Collection[Bound]) -> str:
    found = parse(text)
    if bound_of(found) not in movable or not found.specifier:
        return text
    extras = f"[{','.join(sorted(found.extras))}]" if found.extras else ""
    marker = f"; {found.marker}" if found.marker is not None else ""
    return f"{found.name}{extras}{relaxed(found.specifier)}{marker}"


def _moved(data: bytes, changed: Mapping[Bound, Version], *, lower_bounds: bool) -> bytes:
    """Return METADATA with these requirements moved; the description, after the first empty line, is unchanged."""
    end = re.search(rb"\r?\n\r?\n", data)
    head = data[: end.start()] if end else data

    def line(match: re.Match[bytes]) -> bytes:
        new = _moved_text(match[1].decode("utf-8", "surrogateescape"), changed, lower_bounds=lower_bounds)
        return match[0][: match.start(1) - match.start()] + new.encode("utf-8", "surrogateescape")

    return _REQUIRES.sub(line, head) + data[len(head) :]


def _moved_text(text: str, changed: Mapping[Bound, Version], *, lower_bounds: bool) -> str:
    try:
        target = changed.get(bound_of(parse(text)))
        return text if target is None else edited(text, moved(text, target, lower_bounds=lower_bounds))
    except (InvalidRequirement, Unwritable):  # the check after the swap shows whether that matters
        return text


def _renewed(record: bytes, path: str, data: bytes) -> bytes:
    """Return RECORD with the new hash and size of one file; all other lines keep their bytes."""
    digest = base64.urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()
    made = io.StringIO()
    csv.writer(made, lineterminator="").writerow([path, f"sha256={digest}", len(data)])
    new = made.getvalue().encode("utf-8", "surrogateescape")
    return b"".join(
        new + row[len(row.rstrip(b"\r\n")) :] if _path_in(row) == path else row
        for row in record.splitlines(keepends=True)
    )


def _path_in(row: bytes) -> str:
    return next(csv.reader([row.decode("utf-8", "surrogateescape")]), [""])[0]
