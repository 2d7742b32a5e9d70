"""One ``.dist-info`` folder: what it tells, and why its distribution must be left alone.

``pip`` is not needed for it, and a thousand of these folders are read in less time than importing it takes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from ..models import Distribution, Reason
from . import metadata

_INSTALLERS = frozenset(("", "pip", "uv"))
_UNKNOWN = Version("0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One entry of ``sys.path``, listed once."""

    path: str
    location: Path
    managed: bool
    """Whether what is installed in it is part of this environment."""

    user: bool
    """Whether it is the user's own site-packages."""

    infos: tuple[str, ...] = ()
    """Names of the ``.dist-info`` folders."""

    links: tuple[str, ...] = ()
    """Names of ``.egg-link`` files, without the suffix."""

    legacy: tuple[str, ...] = ()
    """Normalized names of projects that only pip itself can tell more about."""


def read(folder: Folder, info: str, name: str, versions: list[str], links: set[str]) -> Distribution:
    """The distribution described by ``info`` in ``folder``.

    ``name`` is normalized, ``versions`` are all those recorded for it in this folder, ``links`` the names of all
    ``.egg-link`` files.
    """
    path = f"{folder.path}{os.sep}{info}"
    files = _names(path)
    fields, problem = _metadata(path, files)
    version, bad_version = _version(info, fields)
    requires = tuple(each for each in fields.requires if metadata.is_requirement(each))
    skip = (
        _not_ours(folder, path, files, fields.name or name, links)
        or problem
        or bad_version
        or _bad_requirement(fields, requires)
        or _several(versions)
    )
    return Distribution(
        name=name,
        version=version,
        requires=requires,
        location=folder.location,
        info_name=info,
        requested="REQUESTED" in files,
        user_site=folder.user,
        skip=skip,
    )


def _names(path: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(path))  # noqa: PTH208 - names only, a thousand times
    except OSError:  # unreadable, or just being removed by somebody else: reading its METADATA will tell
        return frozenset()


def _metadata(path: str, files: frozenset[str]) -> tuple[metadata.Metadata, Reason | None]:
    """The fields, and what is wrong with them altogether."""
    name = "METADATA" if "METADATA" in files else "PKG-INFO"
    try:
        fields = metadata.read(f"{path}{os.sep}{name}")
    except UnicodeDecodeError:
        return metadata.Metadata(), _bad("its metadata is not UTF-8 text")
    except FileNotFoundError:
        return metadata.Metadata(), _bad("it has no METADATA file")
    except OSError as error:
        return metadata.Metadata(), _bad(f"its metadata cannot be read: {error.strerror}")
    return fields, None if fields.name else _bad("its METADATA file is empty or damaged")


def _version(info: str, fields: metadata.Metadata) -> tuple[Version, Reason | None]:
    """The version as pip tells it since 24.1: from the folder's name, else from the metadata."""
    text = info.removesuffix(".dist-info").partition("-")[2] or fields.version or ""
    try:
        return Version(text), None
    except InvalidVersion:
        return _UNKNOWN, _bad(f"its version {text!r} is not valid" if text else "it has no version")


def _bad(text: str) -> Reason:
    return Reason(kind="bad-metadata", text=text)


def _bad_requirement(fields: metadata.Metadata, valid: tuple[str, ...]) -> Reason | None:
    wrong = next((each for each in fields.requires if each not in valid), None)
    return None if wrong is None else _bad(f"its requirement {wrong!r} is not valid")


def _several(versions: list[str]) -> Reason | None:
    if len(versions) == 1:
        return None
    return _bad(f"it is recorded {len(versions)} times in the same folder: {', '.join(sorted(versions))}")


def _not_ours(folder: Folder, path: str, files: frozenset[str], raw_name: str, links: set[str]) -> Reason | None:
    """Why something other than an index is in charge of it."""
    origin = _origin(path, files, raw_name, links)
    if origin is not None and origin.kind == "editable":
        return origin
    if not folder.managed:
        return outside(folder.path)
    installer = _installer(path) if "INSTALLER" in files else ""
    if installer not in _INSTALLERS:
        text = f"it was installed by {installer}, which must update it"
        return Reason(kind="other-installer", text=text, data={"installer": installer})
    return origin or _no_record(path, files)


def _origin(path: str, files: frozenset[str], raw_name: str, links: set[str]) -> Reason | None:
    if "direct_url.json" not in files and not links:
        return None
    from .direct_url import editable, origin

    return origin(path) if "direct_url.json" in files else editable(raw_name, links)


def _no_record(path: str, files: frozenset[str]) -> Reason | None:
    if "RECORD" not in files:
        return Reason(kind="no-record", text="it has no RECORD of its files")
    if not os.stat(f"{path}{os.sep}RECORD").st_size:  # noqa: PTH116 - a thousand times
        return Reason(kind="no-record", text="the RECORD of its files is empty")
    return None


def outside(folder: str) -> Reason:
    """The reason for what ``folder`` holds, which is on ``sys.path`` but not part of the environment."""
    return Reason(kind="outside", text=f"it is installed in {folder}, outside this environment")


def _installer(path: str) -> str:
    """The first line of INSTALLER that is not blank (PEP 376); "" when there is none or it cannot be read."""
    try:
        lines = metadata.head(f"{path}{os.sep}INSTALLER").decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):  # pip, too, takes it for unknown then
        return ""
    return next((line.strip() for line in lines if line.strip()), "")
