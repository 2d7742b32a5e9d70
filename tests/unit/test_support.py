"""The wheels and pages that other tests rely on."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata

from tests.support import index_pages
from tests.support.environments import tree
from tests.support.index_pages import JSON, ProjectPages
from tests.support.wheels import make_sdist, make_wheel


def members(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def record_problems(wheel: Path) -> set[str]:
    """The members that RECORD does not describe rightly."""
    content = members(wheel)
    record = next(name for name in content if name.endswith("RECORD"))
    listed = {path: digest for path, digest, _ in csv.reader(content[record].decode().splitlines())}
    right = {
        name: "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
        for name, body in content.items()
        if name != record
    } | {record: ""}
    return {name for name in right if listed.get(name) != right[name]}


def test_wheel_has_valid_metadata_and_record(tmp_path: Path) -> None:
    """METADATA parses strictly and RECORD describes every member."""
    wheel = make_wheel(
        tmp_path, "My.Thing", "1.0", requires=["other>=2"], requires_python=">=3.8", scripts={"t": "my_thing:main"}
    )
    parsed = Metadata.from_email(members(wheel)["my_thing-1.0.dist-info/METADATA"])
    assert (parsed.name, str(parsed.version), str(parsed.requires_dist[0])) == ("My.Thing", "1.0", "other>=2")
    assert (wheel.name, record_problems(wheel)) == ("my_thing-1.0-py3-none-any.whl", set())


def test_wheel_is_deterministic(tmp_path: Path) -> None:
    """The same arguments give the same bytes."""
    first, second = (make_wheel(tmp_path / each, "a", "1", size=5000).read_bytes() for each in "xy")
    assert first == second
    assert len(first) > 5000


def test_broken_wheels(tmp_path: Path) -> None:
    """A wheel is broken exactly where the test asks for it."""
    wheel = make_wheel(
        tmp_path, "a", "1", metadata_version="2", record_wrong=["a/__init__.py"], record_missing=["a-1.dist-info/WHEEL"]
    )
    assert record_problems(wheel) == {"a/__init__.py", "a-1.dist-info/WHEEL"}
    assert b"Version: 2\n" in members(wheel)["a-1.dist-info/METADATA"]


def test_data_scripts_are_executable(tmp_path: Path) -> None:
    """What lies in .data/scripts has its mode set."""
    wheel = make_wheel(tmp_path, "a", "1", data={"scripts/foo": "#!python\n", "data/share/x": "y"})
    with zipfile.ZipFile(wheel) as archive:
        modes = {each.filename: each.external_attr >> 16 & 0o777 for each in archive.infolist()}
    assert (modes["a-1.data/scripts/foo"], modes["a-1.data/data/share/x"]) == (0o755, 0o644)


@pytest.fixture
def pages(tmp_path: Path) -> ProjectPages:
    made = ProjectPages(name="Thing")
    for version in ("1.0", "2.0", "3.0rc1"):
        made.add(index_pages.read_file(make_wheel(tmp_path, "Thing", version, requires=[f"other=={version}"])))
    return made


def test_json_api_shows_the_newest_final_release(pages: ProjectPages) -> None:
    """info and urls are of the newest version that is neither a pre-release nor yanked."""
    pages.files[1].yanked = "broken"
    body = json.loads(index_pages.json_api(pages, pages.latest(), "http://x", whole=True))
    assert (body["info"]["version"], body["info"]["requires_dist"]) == ("1.0", ["other==1.0"])
    assert list(body["releases"]) == ["1.0", "2.0", "3.0rc1"]
    assert body["releases"]["2.0"][0]["yanked_reason"] == "broken"
    assert body["urls"][0]["digests"]["sha256"] == pages.files[0].sha256


def test_json_api_of_one_version_has_no_releases(pages: ProjectPages) -> None:
    """As on the real index."""
    body = json.loads(index_pages.json_api(pages, "2.0", "http://x", whole=False))
    assert ("releases" in body, body["info"]["version"]) == (False, "2.0")


def test_simple_json_says_all_it_knows(pages: ProjectPages) -> None:
    """PEP 691 with 592, 700, 714 and 792."""
    pages.files[0].yanked, pages.status = "", "archived"
    body = json.loads(index_pages.simple(pages, "..", JSON, True))
    assert (body["name"], body["versions"]) == ("thing", ["1.0", "2.0", "3.0rc1"])
    assert body["project-status"] == {"status": "archived"}
    assert [each["yanked"] for each in body["files"]] == [True, False, False]
    assert body["files"][0]["core-metadata"] == {"sha256": hashlib.sha256(pages.files[0].metadata).hexdigest()}


def test_simple_html_escapes(pages: ProjectPages) -> None:
    """PEP 503 wants the ">" of data-requires-python escaped."""
    pages.files[0].requires_python = ">=3.8"
    page = index_pages.simple(pages, "..", index_pages.HTML, "unsaid").decode()
    assert 'data-requires-python="&gt;=3.8"' in page
    assert "metadata" not in page


def test_quarantined_page_is_empty(pages: ProjectPages) -> None:
    """PEP 792: it exists, without files."""
    pages.status = "quarantined"
    assert json.loads(index_pages.simple(pages, "..", JSON, True))["files"] == []


def test_sdist_is_read_back(tmp_path: Path) -> None:
    """An sdist's PKG-INFO tells its name and version."""
    served = index_pages.read_file(make_sdist(tmp_path, "My-Thing", "1.2", requires=["other"]))
    assert (served.name, served.version, served.fields["Requires-Dist"]) == ("My-Thing", "1.2", "other")


def test_tree_sees_every_difference(tmp_path: Path) -> None:
    """Names, modes, contents, links and empty folders."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "ignored").mkdir()
    (tmp_path / "ignored/file").write_text("y")
    before = tree(tmp_path, ignore=["ignored"])
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "folder/inner").mkdir()
    after = tree(tmp_path, ignore=["ignored"])
    assert list(before) == ["file", "folder", "link"]
    assert {name for name in after if after[name] != before.get(name)} == {"file", "folder/inner", "link"}
