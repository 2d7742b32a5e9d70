"""Reads one ``.dist-info`` directory, and decides whether its distribution must be skipped.

This does not need ``pip``, and reads a thousand of these directories in less time than importing it takes.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from ..core.models import Distribution, Reason
from ..core.requirements import is_requirement
from . import metadata_file

_FOREIGN = re.compile(
    r"(?:(micro)?(mamba|conda)|anaconda|debian|ubuntu|apt|dpkg|rpm|dnf|yum|zypper|apk|alpine|pacman|arch|portage|gentoo"
    r"|(home|linux)?brew|macports|nix|guix|spack|pkg|freebsd|openbsd|netbsd|easybuild|buildroot|yocto)"
    r"(?![a-z])",
    re.IGNORECASE,
)
"""conda and the systems' own package managers keep their own records of their packages' files."""

_USUAL = frozenset(("pip", "uv"))
_RELEASE = re.compile(r"v?([0-9]{1,18}(?:\.[0-9]{1,18}){0,9})", re.IGNORECASE)
_UNKNOWN = Version("0")
_LONGEST = 200
"""Characters of a version, an installer's name, or the shown part of a requirement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One entry of ``sys.path``, listed once."""

    path: str
    location: Path
    managed: bool
    """True if its distributions are part of this environment."""

    user: bool
    """True if it is the user's own site-packages."""

    infos: tuple[str, ...] = ()
    """Names of the ``.dist-info`` directories."""

    links: tuple[str, ...] = ()
    """Names of ``.egg-link`` files, without the suffix."""

    legacy: tuple[str, ...] = ()
    """Normalized names of projects that only pip itself can read."""


def read(folder: Folder, info: str, name: str, leftovers: tuple[str, ...], links: set[str]) -> Distribution:
    """Return the distribution described by ``info`` in ``folder``.

    ``name`` is normalized, ``leftovers`` are further directories about it, ``links`` the names of all ``.egg-link``
    files.
    """
    path = f"{folder.path}{os.sep}{info}"
    files = _names(path)
    fields, unreadable, damage = _metadata(path, files)
    version, unparsed, bad_version = _version(info, fields)
    requires = tuple(each for each in fields.requires if is_requirement(each))
    installer = _installer(path) if "INSTALLER" in files else ""
    origin = _origin(path, files, fields.name or name, links)
    found = (damage, bad_version, _bad_requirement(fields, requires), _several(leftovers))
    return Distribution(
        name=name,
        version=version,
        unparsed_version=unparsed,
        requires=requires,
        location=folder.location,
        info_name=info,
        requested="REQUESTED" in files,
        user_site=folder.user,
        installer="" if installer in _USUAL else installer,
        skip=_not_ours(folder, path, files, installer, origin) or unreadable,
        notes=tuple(each for each in found if each is not None),
        leftovers=leftovers,
    )


def _names(path: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(path))  # noqa: PTH208 - names only, a thousand times
    except OSError:  # unreadable, or another program is just removing it: reading its METADATA will show
        return frozenset()


def _metadata(path: str, files: frozenset[str]) -> tuple[metadata_file.Metadata, Reason | None, Reason | None]:
    """Return the fields, why it must be skipped, and other faults."""
    name = "METADATA" if "METADATA" in files else "PKG-INFO"
    try:
        fields = metadata_file.read(f"{path}{os.sep}{name}")
    except UnicodeDecodeError:
        return metadata_file.Metadata(), None, _bad("installed metadata that is not UTF-8 text")
    except FileNotFoundError:
        return metadata_file.Metadata(), None, _bad("installed without a METADATA file")
    except OSError as error:
        return metadata_file.Metadata(), _bad(f"could not read its metadata: {error.strerror}"), None
    return fields, None, None if fields.name else _bad("an empty or damaged METADATA file")


def _version(info: str, fields: metadata_file.Metadata) -> tuple[Version, str | None, Reason | None]:
    """Return the version as pip reads it since 24.1: from the directory's name, else from the metadata.

    For one that does not follow PEP 440, return its leading digits, so that nothing older replaces it; then also the
    text itself, and the fault.
    """
    recorded = info.removesuffix(".dist-info").partition("-")[2] or fields.version or ""
    for text in (recorded, fields.version or ""):
        version = _parsed(text)
        if version is not None:
            return version, None, None
    start = _RELEASE.match(recorded)
    shown = recorded if len(recorded) <= _LONGEST else f"{recorded[:_LONGEST]}…"
    problem = _bad(f"invalid installed version {shown!r}" if recorded else "no version in the installed metadata")
    return (_parsed(start[1]) if start else None) or _UNKNOWN, shown or None, problem


def _parsed(text: str) -> Version | None:
    try:
        return Version(text) if len(text) <= _LONGEST else None
    except InvalidVersion:
        return None


def _bad(text: str) -> Reason:
    return Reason(kind="bad-metadata", text=text)


def _bad_requirement(fields: metadata_file.Metadata, valid: tuple[str, ...]) -> Reason | None:
    wrong = next((each for each in fields.requires if each not in valid), None)
    if wrong is None:
        return None
    shown = wrong if len(wrong) <= _LONGEST else f"{wrong[:_LONGEST]}…"
    return _bad(f"invalid requirement in the installed metadata: {shown!r}")


def _several(leftovers: tuple[str, ...]) -> Reason | None:
    if not leftovers:
        return None
    return Reason(kind="left-over", text=f"left over from another version: {', '.join(leftovers)}")


def _not_ours(folder: Folder, path: str, files: frozenset[str], installer: str, origin: Reason | None) -> Reason | None:
    """Return why something other than an index manages it. ``origin`` is where it was installed from, if not an
    index.
    """
    if origin is not None and origin.kind == "editable":
        return origin
    if not folder.managed:
        return outside(folder.path)
    if _FOREIGN.match(installer):
        text = f"installed by {installer}; update it with {installer}"
        return Reason(kind="other-installer", text=text, data={"installer": installer})
    return origin or _no_record(path, files)


def _origin(path: str, files: frozenset[str], raw_name: str, links: set[str]) -> Reason | None:
    if "direct_url.json" not in files and not links:
        return None
    from .direct_url import editable, origin

    return origin(path) if "direct_url.json" in files else editable(raw_name, links)


def _no_record(path: str, files: frozenset[str]) -> Reason | None:
    if "RECORD" not in files:
        return Reason(kind="no-record", text="no RECORD file")
    try:
        found = os.stat(f"{path}{os.sep}RECORD")  # noqa: PTH116 - a thousand times
    except OSError as error:  # a broken link
        return Reason(kind="no-record", text=f"could not read its RECORD: {error.strerror}")
    if not found.st_size or not stat.S_ISREG(found.st_mode):
        return Reason(kind="no-record", text="its RECORD is empty")
    return None


def outside(folder: str) -> Reason:
    """Return the reason for distributions in ``folder``, which is on ``sys.path`` but outside the environment."""
    return Reason(kind="outside", text=f"installed in {folder}, outside this environment")


def _installer(path: str) -> str:
    """Return the first non-blank line of INSTALLER (PEP 376); "" if there is none or it cannot be read."""
    try:
        lines = metadata_file.head(f"{path}{os.sep}INSTALLER").decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):  # pip, too, treats it as unknown then
        return ""
    return next((line.strip() for line in lines if line.strip()), "")[:_LONGEST]
