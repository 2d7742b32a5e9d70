"""The source of a locked distribution: a file of an index, or what it was installed from (PEP 610)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packaging.version import Version

from ..core.ages import instant
from ..core.files import content, decoded
from ..core.models import Release
from ..core.text import without_credentials
from ..core.urls import file_path
from .refused import Unlockable

_LARGEST = 1024 * 1024
"""Maximum bytes of a direct_url.json."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One distribution as the environment has it after the run."""

    name: str
    """Normalized (PEP 503)."""

    version: Version
    release: Release | None = None
    """The index's release of this version."""

    index: str | None = None
    """The simple index that has it, a URL without credentials; None for a mere collection of links."""

    info: Path | None = None
    """The ``.dist-info`` directory of one installed from a URL or a directory (PEP 610)."""

    identities: tuple[Mapping[str, Any], ...] = ()
    """The publishers of the file, by its provenance (PEP 740); each has a ``kind``."""

    lacking: str = ""
    """Why there is neither a release nor such a directory."""


def package(pylock: Any, pinned: Pinned, folder: Path) -> Any:
    """Return a ``Package`` of the module ``pylock``; local files below ``folder`` are relative to it. Raises
    Unlockable.
    """
    if pinned.release is not None:
        return _from_index(pylock, pinned, pinned.release, folder)
    if pinned.info is not None:
        return pylock.Package(name=pinned.name, **_Direct(pylock, folder).fields(pinned, pinned.info))
    raise Unlockable(pinned.lacking)


def _from_index(pylock: Any, pinned: Pinned, release: Release, folder: Path) -> Any:
    file = release.file
    if file is None:
        raise Unlockable("the index has no compatible file")
    digest = file.sha256 or _digest(file.url)
    if digest is None:
        raise Unlockable("the index gives no sha256 for it")
    locked = {
        "name": file.filename,
        "upload_time": _instant(release.uploaded),
        **place(file.url, folder),
        "size": file.size,
        "hashes": {"sha256": digest},
    }
    kind = {"wheels": [pylock.PackageWheel(**locked)]} if file.is_wheel else {"sdist": pylock.PackageSdist(**locked)}
    identities = pinned.identities or None
    return pylock.Package(
        name=pinned.name, version=release.version, index=pinned.index, attestation_identities=identities, **kind
    )


def _instant(text: str | None) -> datetime | None:
    """Return ISO 8601 in UTC as a time with whole seconds; None if it is missing or invalid."""
    with suppress(ValueError, OverflowError):
        return instant(text).astimezone(timezone.utc).replace(microsecond=0) if text else None
    return None


class _Direct:
    """From PEP 610 to PEP 751."""

    def __init__(self, pylock: Any, folder: Path) -> None:
        self._pylock = pylock
        self._folder = folder

    def fields(self, pinned: Pinned, info: Path) -> dict[str, Any]:
        """Return the fields for a package's source. Raises Unlockable."""
        try:
            said = decoded(content(os.fspath(info / "direct_url.json"), _LARGEST))
            url, subdirectory = said["url"], said.get("subdirectory")
            if "vcs_info" in said:
                return {"vcs": self._vcs(url, said["vcs_info"], subdirectory)}
            if "dir_info" in said:
                return {"directory": self._directory(url, said["dir_info"], subdirectory)}
            archive = {"archive": self._archive(url, said["archive_info"], subdirectory)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise Unlockable("its direct_url.json does not say where it came from") from None
        wheel = urlsplit(url).path.endswith(".whl")  # of anything else the version is known only once it is built
        return {**archive, "version": pinned.version} if wheel else archive

    def _vcs(self, url: str, said: Mapping[str, Any], subdirectory: str | None) -> Any:
        return self._pylock.PackageVcs(
            type=said["vcs"],
            **place(url, self._folder),
            requested_revision=said.get("requested_revision"),
            commit_id=said["commit_id"],
            subdirectory=subdirectory,
        )

    def _directory(self, url: str, said: Mapping[str, Any], subdirectory: str | None) -> Any:
        where = place(url, self._folder)
        if "path" not in where:
            raise Unlockable(f"it is a directory at {url}")
        editable = said.get("editable") or None
        return self._pylock.PackageDirectory(**where, editable=editable, subdirectory=subdirectory)

    def _archive(self, url: str, said: Mapping[str, Any], subdirectory: str | None) -> Any:
        hashes = dict(said.get("hashes") or ())
        algorithm, _, digest = said.get("hash", "").partition("=")
        if digest:
            hashes.setdefault(algorithm, digest)
        local = None if hashes else _digest(url)  # uv records no hash
        if local is not None:
            hashes = {"sha256": local}
        if not hashes:
            raise Unlockable(f"no hash is known for {url}")
        return self._pylock.PackageArchive(**place(url, self._folder), hashes=hashes, subdirectory=subdirectory)


def place(url: str, folder: Path) -> dict[str, str]:
    """Return a local file by its path, relative if it is in ``folder`` or below; anything else by its URL.

    Raises Unlockable if the local file does not exist.
    """
    path = _local(url)
    if path is None:
        return {"url": _without_password(url)}
    if not path.exists():
        raise Unlockable(f"{path} no longer exists")
    below = path.is_relative_to(folder)
    return {"path": path.relative_to(folder).as_posix() if below else str(path)}


def _without_password(url: str) -> str:
    """Return the URL without secrets; a user name of SSH stays, which is needed and not secret."""
    scheme, _, rest = url.partition("://")
    user, at, _ = rest.partition("/")[0].rpartition("@")
    return url if at and "ssh" in scheme and ":" not in user else without_credentials(url)


def _local(url: str) -> Path | None:
    parts = urlsplit(url)
    return file_path(url) if parts.scheme == "file" and parts.netloc in ("", "localhost") else None


def _digest(url: str) -> str | None:
    """Return the sha256 of a local file; None for anything else."""
    path = _local(url)
    with suppress(OSError):
        return None if path is None or not path.is_file() else _sha256(path)
    return None


def _sha256(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
