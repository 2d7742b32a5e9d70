"""Fixtures for all tests: an index on 127.0.0.1 and real environments, made only where a test asks for them."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pip_fastupdate.core import cache_folder as folder
from tests.support import thoroughness
from tests.support.environments import Env, Templates
from tests.support.local_index import LocalIndex

thoroughness.load()

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # what a shell starts in the background inherits that
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # and this what nohup starts
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long is left to the night."""
    if thoroughness.NIGHTLY:
        return
    late = [each for each in items if each.get_closest_marker("nightly")]
    config.hook.pytest_deselected(items=late)
    items[:] = [each for each in items if each not in late]


def pytest_collection_finish() -> None:
    """What is there now stays: no later collection of garbage goes through it, in forked children neither."""
    gc.collect()
    gc.freeze()


ROOT = Path(__file__).parents[1]
THERE = frozenset(each.name for each in ROOT.iterdir())


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A test that leaves something in the checkout fails the run; the tools' own files begin with a full stop."""
    left = sorted(each.name for each in ROOT.iterdir() if each.name not in THERE and not each.name.startswith("."))
    if left and not hasattr(session.config, "workerinput"):
        session.exitstatus = exitstatus or 1
        sys.stderr.write(f"\nleft in {ROOT} by a test: {', '.join(left)}\n")


@pytest.fixture(autouse=True)
def _new_run() -> None:
    """As at the start of a process: what was found out about caches before does not count."""
    folder.distrust.cache_clear()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """What all environments of the session share."""
    return Templates(tmp_path_factory.mktemp("template"))


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """A running index without any project."""
    with LocalIndex() as running:
        yield running


@pytest.fixture
def make_env(template: Templates, tmp_path: Path) -> Callable[..., Env]:
    """``make_env("name", **options)`` makes one more environment for this test; options as for ``Templates.make``."""
    return lambda name="env", **options: template.make(tmp_path / name, **options)


@pytest.fixture
def environment(make_env: Callable[..., Env]) -> Env:
    """An empty environment in which the program can be run."""
    return make_env()
