"""Whatever stands in a lock file, it is read or refused with a sentence."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pip_fastupdate.core.interpreter import Interpreter
from pip_fastupdate.lockfile import LockRefused
from pip_fastupdate.lockfile.reading import read

HERE = Interpreter("3.11.4", lambda: ("cp311-cp311-linux_x86_64", "py3-none-any"))
SHA = "0" * 64

_NONSENSE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.datetimes() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _or(good: Any) -> st.SearchStrategy[Any]:
    """Mostly what belongs there."""
    return st.one_of(st.just(good), st.just(good), _NONSENSE)


_FILE = st.fixed_dictionaries(
    {"url": _or("https://x.test/app-1.0-py3-none-any.whl"), "hashes": _or({"sha256": SHA})},
    optional={"name": _or("app-1.0-py3-none-any.whl"), "path": _or("a.whl"), "size": _or(1), "upload-time": _NONSENSE},
)
_PACKAGE = st.fixed_dictionaries(
    {"name": _or("app"), "wheels": st.lists(_FILE | _NONSENSE, max_size=2) | _NONSENSE},
    optional={
        "version": _or("1.0"),
        "marker": _or("python_version > '3'") | st.sampled_from(["'a' in extras", "extra == 'b'", "x"]),
        "requires-python": _or(">=3"),
        "index": _or("https://x.test/simple"),
        "sdist": _FILE | _NONSENSE,
        "vcs": _NONSENSE,
    },
)
_LOCK = st.fixed_dictionaries(
    {
        "lock-version": _or("1.0"),
        "created-by": _or("test"),
        "packages": st.lists(_PACKAGE | _NONSENSE, max_size=3) | _NONSENSE,
    },
    optional={
        "environments": _or(["python_version > '3'"]),
        "requires-python": _or(">=3"),
        "default-groups": _or(["dev"]),
    },
)


@given(_LOCK | _NONSENSE)
def test_any_document(document: Any) -> None:
    """What is read has a name, a version and a file with a strong hash; everything else is refused."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "pylock.toml")
        path.touch()
        try:
            found = read(path, lambda _text: document, HERE, lambda _name: False)
        except LockRefused:
            return
        for name, release in found.releases.items():
            assert name == release.name
            assert release.file is not None
            assert release.file.sha256 == SHA
