"""What a public service of advisories gets to know of an environment: names that are public already, and no more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.advisories.osv import PUBLIC
from pip_fastupdate.core.models import Distribution, Inventory, Reason, Release
from pip_fastupdate.core.options import AdvisoryOptions
from pip_fastupdate.core.response import Answer
from pip_fastupdate.core.settings import Settings
from pip_fastupdate.index.catalog import Catalog
from pip_fastupdate.progress import Silent
from pip_fastupdate.update.advice.advice import Advice
from pip_fastupdate.update.advice.privacy import PublicNames
from tests.support.fake_session import SIMPLE, FakeSession
from tests.support.source_records import HERE

INDEX, OWN = "https://public.test/simple", "https://own.test/simple"


class Session(FakeSession):
    """One that a service answers as well: it knows of nothing. What it is asked is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[tuple[str, Any]] = []

    def fetch(self, url: str, headers: Mapping[str, str] | None = None, question: bytes | None = None) -> Answer:
        """Nothing is known of anything."""
        asked = json.loads(question or b"")
        self.questions.append((url, asked))
        self.page(url, {"results": [{} for _ in asked["queries"]]})
        return super().fetch(url)

    def recall(self, keys: Sequence[str], seconds: float) -> dict[str, bytes]:
        """Nothing."""
        return {}

    def keep(self, url: str, *, key: str, body: bytes, immutable: bool = True) -> None:
        """In the cache."""
        super().keep(url, key=key, body=body)


def offer(session: FakeSession, index: str, name: str) -> None:
    """The index has version 1.0 of it."""
    files = [{"filename": f"{name}-1.0-py3-none-any.whl", "url": f"{index}/{name}-1.0-py3-none-any.whl", "hashes": {}}]
    session.page(f"{index}/{name}/", {"meta": {"api-version": "1.0"}, "name": name, "files": files}, SIMPLE)


def installed(name: str, version: str = "1.0", skip: str | None = None) -> Distribution:
    """A distribution that may be left alone for a reason of that kind."""
    reason = None if skip is None else Reason(kind=skip, text=skip)
    return Distribution(
        name=name, version=Version(version), location=Path("/env"), info_name=f"{name}.dist-info", skip=reason
    )


INVENTORY = Inventory(
    distributions=(
        installed("both"),
        installed("edited", skip="editable"),
        installed("linked", skip="direct-url"),
        installed("moved"),
        installed("open", "1.0+cpu"),
        installed("secret"),
        installed("unknown"),
    )
)
"""Of two indexes: ``open`` is on the public one, ``secret`` on the other, ``both`` on both, ``unknown`` on none.

``moved`` is on the public one, and is known to have come from the other.
"""


def advice(session: Session, *extra: str, service: str | None = None) -> Advice:
    """Over the public index and others."""
    settings = Settings(index_url=INDEX, extra_index_urls=extra)
    catalog = Catalog(settings, session, HERE)  # type: ignore[arg-type]
    names = PublicNames(
        catalog=catalog, origins=lambda: {"moved": {"1.0": OWN}}, default_index=INDEX, indexes=(INDEX, *extra)
    )
    return Advice(
        options=AdvisoryOptions(audit=True, service=service),
        catalog=catalog,
        progress=Silent(),
        public_names=names,
        history=tuple,
    )


def queries(session: Session) -> list[tuple[str, str]]:
    """Names and versions of all questions."""
    found = [each for _, asked in session.questions for each in asked["queries"]]
    assert all(
        {"package", "version"} == each.keys() and {"name", "ecosystem"} == each["package"].keys() for each in found
    )
    return [(each["package"]["name"], each["version"]) for each in found]


@pytest.fixture
def session() -> Session:
    """The pages of both indexes."""
    made = Session()
    for name in ("open", "both", "moved"):
        offer(made, INDEX, name)
    for name in ("secret", "both"):
        offer(made, OWN, name)
    return made


def test_with_other_indexes_only_what_the_public_one_alone_has(session: Session) -> None:
    """Neither the name of a private package nor its version is sent, nor where it is from; local labels are not."""
    consulted = advice(session, OWN)
    consulted.consult(INVENTORY)
    assert [("open", "1.0")] == queries(session)
    assert {f"{PUBLIC}/v1/querybatch"} == {url for url, _ in session.questions}
    assert {
        "both": "unknown origin",
        "edited": "editable",
        "linked": "direct-url",
        "moved": "other index",
        "secret": "unknown origin",
        "unknown": "unknown origin",
    } == consulted.unchecked


def test_with_the_public_index_alone(session: Session) -> None:
    """Whatever may have come from there is asked about: malware is often gone from the index, and installed still."""
    advice(session).consult(INVENTORY)
    assert [("both", "1.0"), ("open", "1.0"), ("secret", "1.0"), ("unknown", "1.0")] == queries(session)


def test_a_service_of_ones_own_is_asked_about_everything(session: Session) -> None:
    """It has to know of private packages, too."""
    advice(session, OWN, service="https://osv.own.test").consult(INVENTORY)
    assert [each.name for each in INVENTORY.distributions] == [name for name, _ in queries(session)]


def test_what_a_plan_would_bring_in_from_elsewhere(session: Session) -> None:
    """New versions are asked about by where they would come from."""
    consulted = advice(session, OWN)
    consulted.consult(INVENTORY)
    session.questions.clear()
    releases = [
        Release(name=name, version=Version("2.0"), index=index) for name, index in (("open", INDEX), ("secret", OWN))
    ]
    assert not consulted.learn(releases)
    assert [("open", "2.0")] == queries(session)
