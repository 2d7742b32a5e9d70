"""Whatever reading one project raises is that project's failure; the run goes on."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.arguments import parse_arguments
from pip_fastupdate.core.errors import TransactionError, UsageError
from pip_fastupdate.core.interpreter import this
from pip_fastupdate.core.models import Failure, Project
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.core.settings import Network, ResponseLimits, Settings
from pip_fastupdate.index.catalog import Catalog
from pip_fastupdate.index.guard import guarded
from pip_fastupdate.progress import Silent
from tests.support.fake_session import FakeSession

INDEX = "https://index.invalid/simple"


def raising(error: BaseException) -> Any:
    """A function that raises it."""

    def work(*_: object, **__: object) -> Any:
        raise error

    return work


@pytest.mark.parametrize(
    "error",
    [
        ValueError("Exceeds the limit (4300 digits) for integer string conversion"),
        RecursionError("maximum recursion depth exceeded"),
        MemoryError(),
        LookupError("unknown encoding"),
        OverflowError(),
        TypeError("x\ny"),
        AttributeError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_anything_is_the_failure_of_its_project(error: Exception) -> None:
    """With the kind of the error, in one line."""
    failure = guarded("thing", raising(error), "1.0")
    assert isinstance(failure, Failure)
    assert ("thing", "1.0", "garbage") == (failure.name, failure.version, failure.kind)
    assert type(error).__name__ in failure.text
    assert "\n" not in failure.text


def test_a_failed_download_keeps_its_kind() -> None:
    """It is known already what it means."""
    failure = guarded("thing", raising(DownloadFailed("timeout", "too slow")))
    assert Failure(name="thing", kind="timeout", text="too slow") == failure


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TransactionError("the disk is full")])
def test_what_is_about_the_whole_run_goes_on(error: BaseException) -> None:
    """Ctrl-C, and errors of ours."""
    with pytest.raises(type(error)):
        guarded("thing", raising(error))


@pytest.mark.parametrize("method", ["ask", "recall"])
def test_one_project_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """A catalog of two, one of which raises what nobody foresaw."""
    session = FakeSession()
    for name in ("good", "odd"):
        files = [
            {"filename": f"{name}-2.0-py3-none-any.whl", "url": f"../../{name}-2.0-py3-none-any.whl", "hashes": {}}
        ]
        page = {"meta": {"api-version": "1.0"}, "name": name, "files": files}
        session.page(f"{INDEX}/{name}/", page, "application/vnd.pypi.simple.v1+json")
    catalog = Catalog(Settings(index_url=INDEX, network=Network(jobs=2)), session, this())  # type: ignore[arg-type]
    real = getattr(catalog._finder, method)

    def odd(name: str, *arguments: Any) -> Any:
        if name == "odd":
            raise RecursionError("too deep")
        return real(name, *arguments)

    monkeypatch.setattr(catalog._finder, method, odd)
    found = catalog.look_up({"good": Version("1.0"), "odd": Version("1.0")}, Silent())
    catalog.close()
    assert isinstance(found["good"], Project)
    if method == "recall":  # of the cache: a miss, and the index has it
        assert isinstance(found["odd"], Project)
    else:
        assert isinstance(found["odd"], Failure)
        assert "RecursionError" in found["odd"].text


def test_limits_are_the_users_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one variable; what is not named stays."""
    monkeypatch.setenv("PIP_UPDATE_LIMITS", "body=64M, seconds=600,links=1k")
    assert ResponseLimits(body=64_000_000, seconds=600.0, links=1000) == parse_arguments([]).limits


@pytest.mark.parametrize("text", ["bodies=1", "body", "body=much", "seconds=-1", "seconds=soon"])
def test_limits_that_are_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Wrong usage, in one sentence."""
    monkeypatch.setenv("PIP_UPDATE_LIMITS", text)
    with pytest.raises(UsageError, match="PIP_UPDATE_LIMITS"):
        parse_arguments([])
