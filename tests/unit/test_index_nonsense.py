"""What lies in the cache, or in a shared one, and is nonsense: a miss, not a failure in every run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Project
from pip_fastupdate.core.response import Record, pack, unpack
from tests.support.fake_session import FakeSession
from tests.unit.test_index_catalog import Steps, World, catalog

BODIES = {
    "empty": b"",
    "no JSON": b"nonsense",
    "another JSON": b"{}",
    "list": b"[]\n",
    "null": b"null\n",
    "deep": b"[" * 100_000,
    "not UTF-8": b"\xff\xfe\n",
    "long number": b"9" * 5000,
    "numbers for texts": json.dumps(
        [[["2.0", [[1, 2, 3, 4, 5, 6, 7, 8]], None, None]], [[None] * 4, [None] * 3, []]]
    ).encode(),
}


def newest(session: FakeSession) -> str:
    """The newest version of ``alpha`` that a run sees."""
    looked = catalog(session)
    found = looked.look_up({"alpha": Version("1.0")}, Steps())["alpha"]
    assert isinstance(found, Project), found
    requires = looked.requires(found.releases[0])
    looked.close()
    assert ("beta>1",) == requires
    return str(found.releases[0].version)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_nonsense_is_a_miss(body: bytes) -> None:
    """The index is asked as if nothing had been there, and what it says is kept in its place."""
    first = World().release("alpha", "1.0", "2.0")
    first.sidecar("alpha", "2.0", "beta>1")
    assert "2.0" == newest(first)
    second = first.again()
    second.cache = {key: replace(answer, body=body) for key, answer in second.cache.items()}
    assert "2.0" == newest(second)
    assert second.asked
    third = second.again()
    assert ("2.0", []) == (newest(third), third.asked)


@pytest.mark.parametrize("status", [0, 100, 304, 500, 999])
def test_statuses_that_are_never_kept(status: int) -> None:
    """A record with a right checksum and a status that nobody keeps is none."""
    record = Record(status=status, url="https://x.test/", headers={}, fetched=1.0, body=b"")
    assert None is unpack(pack(record))
