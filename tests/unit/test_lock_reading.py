"""Lock files as input (PEP 751): what is chosen of them, and what is refused with which words."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pip_fastupdate.core.interpreter import Interpreter
from pip_fastupdate.lockfile import LockRefused
from pip_fastupdate.lockfile.reading import ReadLock, read

HERE = Interpreter("3.11.4", lambda: ("cp311-cp311-linux_x86_64", "cp311-none-any", "py3-none-any"))
SHA = "0" * 64


def wheel(name: str = "app-1.0-py3-none-any.whl", **fields: Any) -> dict[str, Any]:
    """A wheel of a lock, at a URL."""
    return {"url": f"https://index.test/{name}", "hashes": {"sha256": SHA}, **fields}


def entry(name: str = "app", **fields: Any) -> dict[str, Any]:
    """An entry of ``[[packages]]`` with one wheel, unless other sources are given."""
    sources = {"wheels", "sdist", "vcs", "directory", "archive"} & fields.keys()
    return {"name": name, **({} if sources else {"wheels": [wheel(f"{name}-1.0-py3-none-any.whl")]}), **fields}


def lock(*packages: Any, **fields: Any) -> dict[str, Any]:
    """A lock file's content."""
    return {"lock-version": "1.0", "created-by": "test", "packages": list(packages), **fields}


def reading(tmp_path: Path, document: Any, *, excluded: str = "") -> ReadLock:
    """What is read of a document; a file must be there, but what stands in it is ``document``."""
    path = tmp_path / "pylock.toml"
    path.touch()
    return read(path, lambda _text: document, HERE, lambda name: name == excluded)


def test_release(tmp_path: Path) -> None:
    """Version, file, hashes and index of an entry; a login in a URL is dropped."""
    fields = wheel("app-1.0-py3-none-any.whl", size=7, hashes={"sha512": "1" * 128, "sha256": SHA})
    fields["url"] = "https://me:secret@index.test/app-1.0-py3-none-any.whl"
    package = entry(wheels=[fields], version="1.0", index="https://index.test/simple")
    release = reading(tmp_path, lock(package)).releases["app"]
    assert release.file is not None
    assert ("1.0", "https://index.test/simple") == (str(release.version), release.index)
    assert ("https://index.test/app-1.0-py3-none-any.whl", SHA, 7) == (
        release.file.url,
        release.file.sha256,
        release.file.size,
    )
    assert (("sha512", "1" * 128),) == release.file.hashes


def test_best_wheel_for_this_interpreter(tmp_path: Path) -> None:
    """The wheel with the best tag is taken wherever it stands; of equal tags the higher build number."""
    names = [
        "app-1.0-py3-none-any.whl",
        "app-1.0-1-cp311-cp311-linux_x86_64.whl",
        "app-1.0-2-cp311-cp311-linux_x86_64.whl",
        "app-1.0-cp312-cp312-linux_x86_64.whl",
    ]
    for order in (names, names[::-1]):
        file = reading(tmp_path, lock(entry(wheels=[wheel(name) for name in order]))).releases["app"].file
        assert file is not None
        assert names[2] == file.filename


def test_source_archive_where_no_wheel_fits(tmp_path: Path) -> None:
    """The sdist is what is left then."""
    package = entry(wheels=[wheel("app-1.0-cp312-cp312-win32.whl")], sdist=wheel("app-1.0.tar.gz"))
    file = reading(tmp_path, lock(package)).releases["app"].file
    assert file is not None
    assert "app-1.0.tar.gz" == file.filename


def test_path_is_relative_to_the_lock(tmp_path: Path) -> None:
    """A path is below the lock's folder, and goes before a URL where it is there."""
    (tmp_path / "app-1.0-py3-none-any.whl").touch()
    for fields in ({"path": "app-1.0-py3-none-any.whl"}, wheel(path="app-1.0-py3-none-any.whl")):
        package = entry(wheels=[{"hashes": {"sha256": SHA}, **fields}])
        file = reading(tmp_path, lock(package)).releases["app"].file
        assert file is not None
        assert (tmp_path / "app-1.0-py3-none-any.whl").as_uri() == file.url


def test_markers_choose_among_entries_of_a_name(tmp_path: Path) -> None:
    """Entries for others are passed over, with whatever they have; extras are not asked for, default groups are."""
    pytest.importorskip("packaging.pylock", reason="markers for extras and groups take packaging 25")
    found = reading(
        tmp_path,
        lock(
            entry(marker="sys_platform == 'nowhere'", vcs={"type": "git"}),
            entry(),
            entry("dev", marker="'dev' in dependency_groups"),
            entry("docs", marker="'docs' in dependency_groups"),
            entry("fast", marker="'fast' in extras"),
            **{"default-groups": ["dev"], "dependency-groups": ["dev", "docs"], "extras": ["fast"]},
        ),
    )
    assert {"app", "dev"} == found.releases.keys()


def test_what_is_excluded_is_not_judged(tmp_path: Path) -> None:
    """What cannot be installed can be left out."""
    document = lock(entry(), entry("odd", vcs={"type": "git"}))
    assert {"app"} == reading(tmp_path, document, excluded="odd").releases.keys()


def test_newer_minor_version_is_told(tmp_path: Path) -> None:
    """It can be read, but not all of it."""
    (note,) = reading(tmp_path, {**lock(entry()), "lock-version": "1.1"}).notes
    assert "lock-version 1.1" in note


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "lock-version is missing"),
        ({**lock(), "lock-version": "2.0"}, "only 1.0 is supported"),
        ({**lock(), "lock-version": 1.0}, "lock-version has the wrong type"),
        ({"lock-version": "1.0", "created-by": "test"}, "packages is missing"),
        (lock("app"), "packages has the wrong type"),
        (lock(**{"requires-python": ">=3.12"}), "it requires Python >=3.12; this is 3.11.4"),
        (lock(environments=["sys_platform == 'nowhere'"]), "it is for other environments"),
        (lock(environments=["nonsense"]), "not a valid lock file"),
        (lock(environments=["'a' in extras"]), "a variable that is undefined there"),
        (lock(entry(marker="extra == 'a'")), "a variable that is undefined there"),
        (lock(entry("App")), "not normalized"),
        (lock(entry(), entry()), "several entries for app"),
        (lock(entry(**{"requires-python": "<3"})), "app (requires Python <3)"),
        (lock(entry(vcs={"type": "git"})), "app (from a repository"),
        (lock(entry(directory={"path": "."})), "app (from a directory"),
        (lock(entry(archive={"url": "https://x.test/a.zip"})), "app (from an archive"),
        (lock(entry(wheels=[wheel("app-1.0-cp312-cp312-win32.whl")])), "no compatible wheel"),
        (lock(entry(wheels=[])), "no compatible wheel"),
        (lock(entry(wheels=[wheel("app.whl")])), "not a valid wheel file name"),
        (lock(entry(wheels=[wheel("other-1.0-py3-none-any.whl")])), "is for other 1.0"),
        (lock(entry(version="2.0")), "is for app 1.0"),
        (lock(entry(sdist=wheel("app.txt"))), "not a valid sdist file name"),
        (lock(entry(wheels=[wheel(hashes={})])), "no strong hash"),
        (lock(entry(wheels=[wheel(hashes={"md5": "0" * 32})])), "no strong hash"),
        (lock(entry(wheels=[wheel(hashes={"sha256": "00"})])), "an invalid sha256"),
        (lock(entry(wheels=[wheel(size=-1)])), "size has the wrong type"),
        (lock(entry(wheels=[wheel(url="ftp://x.test/app-1.0-py3-none-any.whl")])), "no path or downloadable URL"),
        (lock(entry(version="one")), "not a valid lock file"),
    ],
)
def test_refused(tmp_path: Path, document: Any, words: str) -> None:
    """One sentence says what is wrong, and a hint what to do."""
    with pytest.raises(LockRefused) as caught:
        reading(tmp_path, document)
    assert words in caught.value.message
    assert caught.value.hint


def test_all_that_cannot_be_installed_is_named(tmp_path: Path) -> None:
    """Not one after the other."""
    with pytest.raises(LockRefused, match=r"one .* two ") as caught:
        reading(tmp_path, lock(entry("one", vcs={}), entry("two", directory={}), entry()))
    assert "--exclude" in caught.value.hint


def test_no_file(tmp_path: Path) -> None:
    """A lock that is not there is said to be so."""
    with pytest.raises(LockRefused, match="could not read"):
        read(tmp_path / "pylock.toml", lambda _text: {}, HERE, lambda _name: False)


def test_tags_without_end(tmp_path: Path) -> None:
    """A name whose tags would make a billion combinations is refused before they are."""
    tags = ".".join(["py3"] * 1000)
    with pytest.raises(LockRefused, match="characters"):
        reading(tmp_path, lock(entry(wheels=[wheel(f"app-1.0-{tags}-{tags}-{tags}.whl")])))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in its file system")
def test_lock_that_is_no_file(tmp_path: Path) -> None:
    """A pipe is not waited for."""
    os.mkfifo(tmp_path / "pylock.toml")
    with pytest.raises(LockRefused, match=r"^could not read "):
        read(tmp_path / "pylock.toml", lambda _text: lock(), HERE, lambda _name: False)


def test_time_that_no_clock_has(tmp_path: Path) -> None:
    """TOML can write it, UTC cannot have it."""
    fields = wheel("app-1.0-py3-none-any.whl", hashes={"sha256": SHA})
    fields["upload-time"] = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    with pytest.raises(LockRefused, match="is not a valid lock file"):
        reading(tmp_path, lock(entry(wheels=[fields], version="1.0")))
