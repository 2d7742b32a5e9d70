"""The pages of an index: the JSON API's bodies and the simple pages (PEP 503, 592, 658, 691, 700, 714, 792)."""

from __future__ import annotations

import email.message
import email.parser
import hashlib
import html
import json
import tarfile
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

HTML = "text/html"
JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(kw_only=True)
class ServedFile:
    """A wheel or an sdist, and what the index says of it."""

    path: Path
    sha256: str
    size: int
    metadata: bytes
    requires_python: str | None
    yanked: str | None = None
    upload_time: str | None = None
    announce: Any = None
    provenance: bytes | None = None
    """The provenance object (PEP 740), served next to the file."""

    @cached_property
    def fields(self) -> Any:
        """The head of METADATA."""
        return email.parser.BytesHeaderParser().parsebytes(self.metadata)

    @property
    def name(self) -> str:
        """The project's name as its metadata spells it, unless that contradicts the file's name."""
        stem = self.path.name.split("-")[0] if self.is_wheel else self.path.name.rpartition("-")[0]
        said = str(self.fields["Name"])
        return said if canonicalize_name(said) == canonicalize_name(stem) else stem

    @property
    def version(self) -> str:
        """The version in the file's name, which is what an index goes by."""
        return self.path.name.split("-")[1].removesuffix(".tar.gz") if self.is_wheel else self._sdist_version()

    def _sdist_version(self) -> str:
        return self.path.name.removesuffix(".tar.gz").rpartition("-")[2]

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel."""
        return self.path.suffix == ".whl"


def read_file(path: Path) -> ServedFile:
    """What an index finds out of an uploaded file."""
    content = path.read_bytes()
    metadata = _wheel_metadata(path) if path.suffix == ".whl" else _sdist_metadata(path)
    digest = hashlib.sha256(content).hexdigest()
    served = ServedFile(path=path, sha256=digest, size=len(content), metadata=metadata, requires_python=None)
    served.requires_python = served.fields["Requires-Python"]
    return served


def _wheel_metadata(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA")))


def _sdist_metadata(path: Path) -> bytes:
    with tarfile.open(path) as archive:
        member = archive.extractfile(next(name for name in archive.getnames() if name.endswith("/PKG-INFO")))
        assert member is not None
        return member.read()


@dataclass(kw_only=True)
class ProjectPages:
    """One project of the index."""

    name: str
    files: list[ServedFile] = field(default_factory=list)
    status: str | None = None
    reason: str | None = None
    description: int = 0
    vulnerabilities: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    empty_versions: set[str] = field(default_factory=set)

    def add(self, served: ServedFile) -> None:
        """Offer one more file; one of the same name is replaced."""
        self.files = [each for each in self.files if each.path.name != served.path.name] + [served]

    def versions(self) -> list[str]:
        """All versions, oldest first."""
        return sorted({each.version for each in self.files} | self.empty_versions, key=_order)

    def find(self, version: str) -> str | None:
        """The version that equals ``version``, as it is spelled here."""
        return next((each for each in self.versions() if _order(each) == _order(version)), None)

    def of(self, version: str) -> list[ServedFile]:
        """The files of one version."""
        return [each for each in self.files if each.version == version]

    def yanked(self, version: str) -> bool:
        """Whether all its files are yanked."""
        return bool(self.of(version)) and all(each.yanked is not None for each in self.of(version))

    def latest(self) -> str:
        """What the JSON API shows: not yanked before yanked, final before pre-release, then the newest."""

        def order(version: str) -> tuple[bool, bool, tuple[int, Any]]:
            rank, parsed = _order(version)
            return not self.yanked(version), rank == 1 and not parsed.is_prerelease, (rank, parsed)

        return max(self.versions(), key=order)


def _order(version: str) -> tuple[int, Any]:
    try:
        return 1, Version(version)
    except InvalidVersion:
        return 0, version


def json_api(pages: ProjectPages, version: str, base: str, *, whole: bool) -> bytes:
    """The body of ``/pypi/NAME/json`` (``whole``) or ``/pypi/NAME/VERSION/json``."""
    body: dict[str, Any] = {
        "info": _info(pages, version),
        "last_serial": 1000 + len(pages.files),
        "ownership": {"organization": None, "roles": []},
    }
    if whole:
        body["releases"] = {each: [_json_file(one, base) for one in pages.of(each)] for each in pages.versions()}
    body["urls"] = [_json_file(each, base) for each in pages.of(version)]
    body["vulnerabilities"] = pages.vulnerabilities.get(version, [])
    return json.dumps(body).encode()


def _info(pages: ProjectPages, version: str) -> dict[str, Any]:
    files = pages.of(version)
    fields: Any = files[0].fields if files else email.message.Message()
    requires = fields.get_all("Requires-Dist")
    extras = fields.get_all("Provides-Extra")
    reasons = [each.yanked for each in files if each.yanked]
    return {
        "author": "",
        "classifiers": ["Programming Language :: Python :: 3"],
        "description": "x" * pages.description,
        "name": pages.name,
        "package_url": f"/project/{pages.name}/",
        "provides_extra": extras,
        "requires_dist": requires,
        "requires_python": files[0].requires_python if files else None,
        "summary": fields.get("Summary"),
        "version": version,
        "yanked": pages.yanked(version),
        "yanked_reason": reasons[0] if reasons and pages.yanked(version) else None,
    }


def _json_file(served: ServedFile, base: str) -> dict[str, Any]:
    uploaded = served.upload_time
    return {
        "comment_text": None,
        "digests": {"blake2b_256": "0" * 64, "md5": "0" * 32, "sha256": served.sha256},
        "downloads": -1,
        "filename": served.path.name,
        "has_sig": False,
        "md5_digest": "0" * 32,
        "packagetype": "bdist_wheel" if served.is_wheel else "sdist",
        "python_version": "py3" if served.is_wheel else "source",
        "requires_python": served.requires_python,
        "size": served.size,
        "upload_time": uploaded[:19] if uploaded else None,
        "upload_time_iso_8601": uploaded,
        "url": f"{base}/files/{quote(served.path.name)}",
        "yanked": served.yanked is not None,
        "yanked_reason": served.yanked or None,
    }


def project_list(names: list[str], kind: str) -> bytes:
    """The body of ``/simple/``."""
    if kind == JSON:
        return json.dumps({"meta": {"api-version": "1.4"}, "projects": [{"name": each} for each in names]}).encode()
    links = "".join(f'<a href="/simple/{each}/">{each}</a><br/>\n' for each in names)
    return f"<!DOCTYPE html>\n<html><body>\n{links}</body></html>\n".encode()


def simple(pages: ProjectPages, base: str, kind: str, metadata: Any) -> bytes:
    """The body of ``/simple/NAME/``; ``metadata`` True announces sidecars, False denies them."""
    files = [] if pages.status == "quarantined" else pages.files
    if kind == HTML:
        return _simple_html(pages, files, base, metadata)
    said: dict[str, Any] = {"meta": {"api-version": "1.4", "_last-serial": 1000}, "name": canonicalize_name(pages.name)}
    said["project-status"] = {"status": pages.status or "active"} | ({"reason": pages.reason} if pages.reason else {})
    said["versions"] = [] if pages.status == "quarantined" else pages.versions()
    said["files"] = [_simple_file(each, base, metadata) for each in files]
    return json.dumps(said).encode()


def _simple_file(served: ServedFile, base: str, metadata: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "filename": served.path.name,
        "hashes": {"sha256": served.sha256},
        "size": served.size,
        "url": f"{base}/files/{quote(served.path.name)}",
        "yanked": False if served.yanked is None else served.yanked or True,
    }
    said |= {"requires-python": served.requires_python} if served.requires_python is not None else {}
    said |= {"upload-time": served.upload_time} if served.upload_time else {}
    said |= {} if served.provenance is None else {"provenance": f"{said['url']}.provenance"}
    announced = _announced(served, metadata)
    return said if announced is None else said | {"core-metadata": announced, "data-dist-info-metadata": announced}


def _announced(served: ServedFile, metadata: Any) -> dict[str, str] | bool | None:
    switch = metadata if served.announce is None else served.announce
    if switch in ("unsaid", "unannounced") or not served.is_wheel:
        return None
    return {"sha256": hashlib.sha256(served.metadata).hexdigest()} if switch else False


def _simple_html(pages: ProjectPages, files: list[ServedFile], base: str, metadata: Any) -> bytes:
    head = '<meta name="pypi:repository-version" content="1.4">\n'
    if pages.status:
        head += f'<meta name="pypi:project-status" content="{pages.status}">\n'
        head += f'<meta name="pypi:project-status-reason" content="{html.escape(pages.reason or "")}">\n'
    links = "".join(_anchor(each, base, metadata) for each in files)
    return f"<!DOCTYPE html>\n<html><head>{head}</head><body>\n{links}</body></html>\n".encode()


def _anchor(served: ServedFile, base: str, metadata: Any) -> str:
    attributes = {"href": f"{base}/files/{quote(served.path.name)}#sha256={served.sha256}"}
    if served.requires_python is not None:
        attributes["data-requires-python"] = served.requires_python
    if served.yanked is not None:
        attributes["data-yanked"] = served.yanked
    announced = _announced(served, metadata)
    if isinstance(announced, dict):
        attributes["data-dist-info-metadata"] = attributes["data-core-metadata"] = f"sha256={announced['sha256']}"
    said = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<a {said}>{served.path.name}</a><br/>\n"
