"""Whether new versions can be traced to where the installed ones came from."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Change, File, Plan, Project, Release
from pip_fastupdate.update.origin import origins, read_kept, read_publishers
from pip_fastupdate.update.results import Planned


def release(version: str, provenance: str | None) -> Release:
    """A release of ``foo``."""
    file = File(filename="foo", url="https://files.test/foo", provenance=provenance)
    return Release(name="foo", version=Version(version), file=file)


def told(before: str | None, after: str | None, *, strict: bool = False) -> list[str]:
    """The kinds of what is told; who published is what stands in the URL."""

    def ask(url: str, **_: Any) -> Any:
        if url.endswith("/gone"):
            return SimpleNamespace(status=404, body=b"")
        names = url.rpartition("/")[2].split("+")
        body = {"attestation_bundles": [{"publisher": {"kind": "GitHub", "repository": name}} for name in names]}
        return SimpleNamespace(status=200, body=json.dumps(read_publishers(json.dumps(body).encode())).encode())

    target = release("2.0", after)
    project = Project(name="foo", releases=(target, release("1.0", before)))
    change = Change(name="foo", installed=Version("1.0"), target=target)
    pool: Any = SimpleNamespace(project=lambda name: project)
    planned = Planned(pool=pool, assignment={}, plan=Plan(changes=(change,)), failures={})
    context: Any = SimpleNamespace(
        options=SimpleNamespace(strict=strict, changes=None),
        catalog=SimpleNamespace(session=SimpleNamespace(ask=ask)),
    )
    return [each.text for each in origins(context, planned).get("foo", ())]


@pytest.mark.parametrize(
    ("before", "after", "strict", "expected"),
    [
        (None, None, True, []),
        (None, "https://index.test/one", True, []),
        ("https://index.test/one", None, False, ["2.0 has no provenance, although 1.0 had"]),
        ("https://index.test/one", "https://index.test/two", False, []),
        ("https://index.test/one", "https://index.test/one", True, []),
        ("https://index.test/one", "https://index.test/ONE", True, []),
        ("https://index.test/one+two", "https://index.test/two+three", True, []),
        (
            "https://index.test/one",
            "https://index.test/gone",
            True,
            ["the provenance of 2.0 could not be read, although that of 1.0 could"],
        ),
        ("https://index.test/gone", "https://index.test/gone", True, []),
        (
            "https://index.test/one",
            "https://index.test/two",
            True,
            ["2.0 was published from GitHub two, but 1.0 from GitHub one"],
        ),
    ],
)
def test_origins(before: str | None, after: str | None, strict: bool, expected: list[str]) -> None:
    """What is lost is told always, another repository where somebody wants to know: that takes requests."""
    assert expected == told(before, after, strict=strict)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"attestation_bundles": []}', b'{"attestation_bundles": [{}]}', b"x"])
def test_no_provenance_object(body: bytes) -> None:
    """A ValueError, and no other."""
    with pytest.raises(ValueError, match=r"."):
        read_publishers(body)


def test_publishers_are_kept_as_they_are() -> None:
    """Each once, with what is text; no null, no claims, nothing that would not be one line."""
    given = {"kind": "GitHub", "repository": "o/r", "workflow": "w.yml", "environment": None, "claims": {"a": 1}}
    bad = {"kind": "Google", "email": "x\n[[packages]]", "other": "\ud800"}
    body = json.dumps({"version": 1, "attestation_bundles": [{"publisher": each} for each in (given, given, bad)]})
    expected = [{"kind": "GitHub", "repository": "o/r", "workflow": "w.yml"}, {"kind": "Google"}]
    assert expected == read_publishers(body.encode())


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"repository": "x"}]'])
def test_nonsense_in_the_cache(body: bytes) -> None:
    """It is worth nothing."""
    assert () == read_kept(body)
