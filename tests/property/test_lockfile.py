"""Whatever stands in a lock can be read again."""

from __future__ import annotations

import sys
from datetime import timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pip_fastupdate.lockfile.toml import document
from tests.support.thoroughness import examples

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.one_of(
    TEXT,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.datetimes(timezones=st.just(timezone.utc)),
)
VALUES = st.recursive(SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXT, each, max_size=3))
TABLES: Any = st.dictionaries(TEXT.filter(lambda key: key != "packages"), VALUES, max_size=4)


@examples(40, nightly=2000)
@given(head=TABLES, packages=st.lists(st.dictionaries(TEXT, VALUES, min_size=1, max_size=4), max_size=3))
def test_written_and_read_again(head: dict[str, Any], packages: list[dict[str, Any]]) -> None:
    """Any text, number, time, list and table survives."""
    lock = {**head, "packages": packages}
    assert lock == tomllib.loads(document(lock))
