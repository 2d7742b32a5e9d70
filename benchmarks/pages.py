"""The generated index's pages, as the real index would word them."""

from __future__ import annotations

import hashlib
import html
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .world import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One file of a release."""

    filename: str
    version: str
    sha256: str
    size: int
    uploaded: str
    metadata_sha256: str | None
    """None for an sdist."""


Real = dict[str, Offered]
"""Files that really exist, by their names."""

SIDECAR = "Metadata-Version: 2.1\nName: {module}\nVersion: {version}\n"
"""The sidecar (PEP 658) of all releases but the installed and the newest ones; nginx words it on request."""


def offered_files(project: Project, real: Real, sidecars: Mapping[str, bytes]) -> list[Offered]:
    """All files of a project, oldest first: the real ones, and made-up ones in the places of all others.

    ``sidecars`` by version are those that differ from ``SIDECAR``.
    """
    chance = random.Random(project.name)
    module = project.name.replace("-", "_")
    files: list[Offered] = []
    for number, version in enumerate(project.versions):
        names = [f"{module}-{version}-{tag}.whl" for tag in project.tags] + [f"{module}-{version}.tar.gz"]
        uploaded = f"{2010 + number // 24 % 15}-{1 + number // 2 % 12:02d}-{1 + number % 28:02d}T12:00:00.123456Z"
        sidecar = sidecars.get(version) or SIDECAR.format(module=module, version=version).encode()
        digest = hashlib.sha256(sidecar).hexdigest()
        files += [real.get(name) or _made_up(name, version, uploaded, digest, chance) for name in names]
    return files


def _made_up(filename: str, version: str, uploaded: str, digest: str, chance: random.Random) -> Offered:
    return Offered(
        filename=filename,
        version=version,
        sha256=chance.randbytes(32).hex(),
        size=chance.randint(10_000, 2_000_000),
        uploaded=uploaded,
        metadata_sha256=digest if filename.endswith(".whl") else None,
    )


def json_api_page(project: Project, files: list[Offered], url: str) -> bytes:
    """The answer of the JSON API to ``/pypi/NAME/json``; ``url`` is the server's."""
    chance = random.Random(f"description {project.name}")
    entries: dict[str, list[dict[str, Any]]] = {version: [] for version in project.versions}
    for each in files:
        entries[each.version].append(_entry(each, url))
    return json.dumps(
        {
            "info": {
                "author": "The developers",
                "author_email": "developers@example.invalid",
                "bugtrack_url": None,
                "classifiers": ["Programming Language :: Python :: 3"] * 6,
                "description": _words(chance, project.description),
                "description_content_type": "text/markdown",
                "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
                "keywords": None,
                "license": "MIT",
                "name": project.name,
                "project_urls": {"Homepage": f"https://{project.name}.example.invalid"},
                "provides_extra": None,
                "requires_dist": list(project.requires) or None,
                "requires_python": ">=3.8",
                "summary": f"{project.name} for measuring",
                "version": project.latest,
                "yanked": False,
                "yanked_reason": None,
            },
            "last_serial": chance.randint(10_000_000, 40_000_000),
            "ownership": {"organization": None, "roles": []},
            "releases": entries,
            "urls": entries[project.latest],
            "vulnerabilities": [],
        },
        separators=(",", ":"),
    ).encode()


def _entry(each: Offered, url: str) -> dict[str, Any]:
    digest = hashlib.blake2b(each.sha256.encode(), digest_size=48).hexdigest()
    wheel = each.metadata_sha256 is not None
    return {
        "comment_text": None,
        "digests": {"blake2b_256": digest[:64], "md5": digest[64:], "sha256": each.sha256},
        "downloads": -1,
        "filename": each.filename,
        "has_sig": False,
        "md5_digest": digest[64:],
        "packagetype": "bdist_wheel" if wheel else "sdist",
        "python_version": "py3" if wheel else "source",
        "requires_python": ">=3.8",
        "size": each.size,
        "upload_time": each.uploaded[:19],
        "upload_time_iso_8601": each.uploaded,
        "url": f"{url}/files/{digest[:2]}/{digest[2:4]}/{digest[4:64]}/{each.filename}",
        "yanked": False,
        "yanked_reason": None,
    }


def simple_json_page(project: Project, files: list[Offered]) -> bytes:
    """The simple page in JSON (PEP 691, 700, 714)."""
    said = {
        "alternate-locations": [],
        "files": [_simple_entry(each) for each in files],
        "meta": {"_last-serial": 10_000_000, "api-version": "1.4"},
        "name": project.name,
        "project-status": {"status": "active"},
        "versions": list(project.versions),
    }
    return json.dumps(said, separators=(",", ":")).encode()


def _simple_entry(each: Offered) -> dict[str, Any]:
    announced = {"sha256": each.metadata_sha256} if each.metadata_sha256 else False
    return {
        "core-metadata": announced,
        "data-dist-info-metadata": announced,
        "filename": each.filename,
        "hashes": {"sha256": each.sha256},
        "provenance": None,
        "requires-python": ">=3.8",
        "size": each.size,
        "upload-time": each.uploaded,
        "url": _relative_url(each),
        "yanked": False,
    }


def _relative_url(each: Offered) -> str:
    digest = hashlib.blake2b(each.sha256.encode(), digest_size=48).hexdigest()
    return f"../../files/{digest[:2]}/{digest[2:4]}/{digest[4:64]}/{each.filename}"


def simple_html_page(project: Project, files: list[Offered]) -> bytes:
    """The simple page in HTML (PEP 503, 658, 714)."""
    links = "".join(_anchor(each) for each in files)
    head = '<meta name="pypi:repository-version" content="1.4">'
    return f"<!DOCTYPE html>\n<html><head>{head}</head><body><h1>{project.name}</h1>\n{links}</body></html>\n".encode()


def _anchor(each: Offered) -> str:
    announced = f"sha256={each.metadata_sha256}"
    sidecar = f' data-dist-info-metadata="{announced}" data-core-metadata="{announced}"'
    python = html.escape(">=3.8")
    said = f'href="{_relative_url(each)}#sha256={each.sha256}" data-requires-python="{python}"'
    return f"<a {said}{sidecar if each.metadata_sha256 else ''}>{each.filename}</a><br />\n"


def _words(chance: random.Random, size: int) -> str:
    words = ["package", "install", "python", "the", "a", "of", "version", "release", "usage", "example", "import", "\n"]
    return " ".join(chance.choices(words, k=size // 7))
