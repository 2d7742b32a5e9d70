"""What a wheel says about itself: METADATA, WHEEL and entry_points.txt in its ``.dist-info`` directory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from ..core.metadata import fields
from ..core.models import Reason
from ..core.names import normalize
from .archive import Archive, Limits
from .entry_names import folded
from .refusal import Refused, about, shown

WHEEL_MAJOR = 1
"""The major version of the wheel format that pip supports."""

OTHERS = (".dist-info", ".egg-info", ".egg-link", ".data")
"""Suffixes of names that make a distribution known to installers."""

INSTALLERS = ("direct_url.json", "REQUESTED")
"""Files that only an installer may write (PEP 610, PEP 376): where the wheel came from and who asked for it.

INSTALLER would be another, but pip replaces it.
"""

_FORMAT = re.compile(r"([0-9]{1,9})(\.[0-9]{1,9})*")

_NUMBER = re.compile(r"[0-9]{100}")
"""No honest version has a number with so many digits; Python refuses to read those of thousands."""

FIELDS = {"version": "Version", "requires-dist": "Requires-Dist", "requires-python": "Requires-Python"}
"""Fields that contain versions, as they are written."""

Head = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelMetadata:
    """The parts that matter for an update."""

    stem: str
    """``name-version`` as in the name of the ``.dist-info`` directory."""

    version: str
    requires: tuple[str, ...]
    """The raw ``Requires-Dist`` fields."""

    requires_python: str | None
    scripts: frozenset[str]
    """The commands that the entry points declare, console and graphical."""


def read(archive: Archive, filename: str, name: str, version: Version, limits: Limits) -> WheelMetadata:
    """Return the metadata of the wheel ``filename``, which must be ``version`` of ``name`` (normalized). Raises
    Refused.
    """
    stated = filename.split("-")
    if len(stated) < 2 or normalize(stated[0]) != name or not _is(stated[1], version):
        text = f"the file name {shown(filename)} does not match {name} {version}"
        raise Refused(Reason(kind="file-name", text=text, data={"file": filename}))
    stem = _stem(archive, name, version)
    _check_wheel(archive, f"{stem}.dist-info/WHEEL", limits)
    head = _head(archive, f"{stem}.dist-info/METADATA", limits)
    _check_numbers(head)
    _check_identity(head, name, version)
    _require(archive, f"{stem}.dist-info/RECORD")
    return WheelMetadata(
        stem=stem,
        version=head["version"][0],
        requires=tuple(head["requires-dist"]),
        requires_python=next(iter(head["requires-python"]), None),
        scripts=_scripts(archive, f"{stem}.dist-info/entry_points.txt", limits),
    )


def _is(text: str, version: Version) -> bool:
    """Return whether ``text``, perhaps escaped for a file name, is that version."""
    try:
        return Version(text.replace("_", "-")) == version
    except InvalidVersion:
        return False


def _stem(archive: Archive, name: str, version: Version) -> str:
    tops = dict.fromkeys(entry.name.split("/", 1)[0] for entry in archive.entries)
    stems = [top.removesuffix(".dist-info") for top in tops if top.endswith(".dist-info")]
    own = next((stem for stem in stems if _names(stem, name, version)), None)
    if own is None:
        text = f"no .dist-info directory for {name} {version}"
        raise Refused(Reason(kind="no-dist-info", text=text, data={"found": " ".join(stems)}))
    foreign = [top for top in tops if is_foreign(top, own)]
    if foreign:
        raise Refused(*(about("foreign-metadata", "{} belongs to another package", top) for top in foreign))
    brought = [path for path in (f"{own}.dist-info/{each}" for each in INSTALLERS) if path in archive]
    if brought:
        raise Refused(
            *(about("installer-file", "{} must be written by the installer, not the wheel", path) for path in brought)
        )
    return own


def is_foreign(top: str, stem: str) -> bool:
    """Return whether the top-level name describes a distribution, or its data, other than ``stem``."""
    return folded(top).endswith(OTHERS) and top not in (f"{stem}.dist-info", f"{stem}.data")


def _names(stem: str, name: str, version: Version) -> bool:
    told_name, _, told_version = stem.rpartition("-")
    return normalize(told_name) == name and _is(told_version, version)


def _require(archive: Archive, path: str) -> None:
    if path not in archive:
        raise Refused(about("missing-metadata", "it lacks {}", path))


def _head(archive: Archive, path: str, limits: Limits) -> Head:
    """Return the header fields of a metadata file that matter here. Raises Refused unless all of it is UTF-8."""
    _require(archive, path)
    data = archive.read(path, limits.metadata)
    try:
        data.decode()
        return fields(data, ("name", "wheel-version", *FIELDS))
    except UnicodeDecodeError:
        raise Refused(about("bad-metadata", "{} is not UTF-8", path)) from None


def _check_wheel(archive: Archive, path: str, limits: Limits) -> None:
    stated = next(iter(_head(archive, path, limits)["wheel-version"]), "")
    numbers = _FORMAT.fullmatch(stated)
    if numbers is None or int(numbers[1]) > WHEEL_MAJOR:
        text = f"unsupported wheel format {stated[:20]!r}, expected {WHEEL_MAJOR}.x"
        raise Refused(Reason(kind="wheel-version", text=text))


def _check_numbers(head: Head) -> None:
    for field, written in FIELDS.items():
        for value in head[field]:
            if _NUMBER.search(value):
                text = f"METADATA has a number of a hundred digits and more in {written}: {shown(value)}"
                raise Refused(Reason(kind="bad-metadata", text=text))


def _check_identity(head: Head, name: str, version: Version) -> None:
    names, versions = head["name"], head["version"]
    if len(names) != 1 or len(versions) != 1:
        raise Refused(Reason(kind="bad-metadata", text="METADATA needs exactly one Name and one Version"))
    if normalize(names[0]) != name:
        text = f"METADATA is of {shown(names[0])}, not of {name}"
        raise Refused(Reason(kind="name-mismatch", text=text))
    if not _is(versions[0], version):
        text = f"METADATA is of version {shown(versions[0])}, not {version}"
        raise Refused(Reason(kind="version-mismatch", text=text))


def _scripts(archive: Archive, path: str, limits: Limits) -> frozenset[str]:
    if path not in archive:
        return frozenset()
    try:
        text = archive.read(path, limits.metadata).decode()
    except UnicodeDecodeError:
        raise Refused(about("bad-metadata", "{} is not UTF-8", path)) from None
    from .entry_points import commands  # importlib.metadata is slow, and most wheels have no commands

    return commands(text, windows=limits.windows)
