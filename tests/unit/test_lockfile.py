"""The content of a lock file, and how it gets to its place."""

from __future__ import annotations

import errno
import json
import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.core.errors import UsageError
from pip_fastupdate.core.models import File, Release
from pip_fastupdate.lockfile import Draft, LockRefused, Pinned, RenderedLock, check, render, standard

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

pytest.importorskip("packaging.pylock", reason="packaging is older than 26")

URL = "http://127.0.0.1/files/app-1.0-py3-none-any.whl"
INDEX = "http://127.0.0.1/simple"
SHA = "a" * 64


def release(
    url: str = URL,
    *,
    version: str = "1.0",
    sha256: str | None = SHA,
    size: int | None = 9,
    uploaded: str | None = "2024-02-03T04:05:06.789Z",
) -> Release:
    """A release with one file."""
    file = File(filename=url.rpartition("/")[2], url=url, sha256=sha256, size=size)
    return Release(name="app", version=Version(version), file=file, uploaded=uploaded, index=INDEX)


def pinned(**fields: Any) -> Pinned:
    """A distribution to be locked."""
    return Pinned(**{"name": "app", "version": Version("1.0"), **fields})


def direct(folder: Path, **fields: Any) -> Pinned:
    """A distribution with such a ``direct_url.json``."""
    (folder / "direct_url.json").write_text(json.dumps(fields))
    return pinned(info=folder)


def package(lock: RenderedLock) -> dict[str, Any]:
    """The only package of a lock."""
    (found,) = tomllib.loads(lock.text)["packages"]
    return found


def refusal(each: Pinned, path: Path) -> str:
    """Why it cannot be locked."""
    with pytest.raises(LockRefused) as caught:
        render([each], path / "pylock.toml")
    return caught.value.message


def test_head(tmp_path: Path) -> None:
    """It says for which machines it is, and is valid for this one even without any package."""
    found = tomllib.loads(render([], tmp_path / "pylock.toml").text)
    pylock = standard().Pylock.from_dict(found)
    assert [] == list(pylock.select())
    assert ("1.0", "pip-fastupdate") == (found["lock-version"], found["created-by"])
    assert "=={}.{}.*".format(*sys.version_info) == found["requires-python"]
    assert f'sys_platform == "{sys.platform}"' in found["environments"][0]


def test_wheel_of_an_index(tmp_path: Path) -> None:
    """A wheel is locked with its name, URL, size, hash and the time of its upload."""
    lock = render([pinned(release=release(), index=INDEX)], tmp_path / "pylock.toml")
    assert {
        "name": "app",
        "version": "1.0",
        "index": INDEX,
        "wheels": [
            {
                "name": "app-1.0-py3-none-any.whl",
                "upload-time": datetime(2024, 2, 3, 4, 5, 6, tzinfo=timezone.utc),
                "url": URL,
                "size": 9,
                "hashes": {"sha256": SHA},
            }
        ],
    } == package(lock)
    assert ((), ()) == (lock.local, lock.unhashed)


@pytest.mark.parametrize("uploaded", [None, "yesterday"])
def test_what_the_index_does_not_tell(tmp_path: Path, uploaded: str | None) -> None:
    """Size, time of upload and index are left out where nobody told."""
    lock = render([pinned(release=release(size=None, uploaded=uploaded))], tmp_path / "pylock.toml")
    assert {"name", "version", "wheels"} == set(package(lock))
    assert {"name", "url", "hashes"} == set(package(lock)["wheels"][0])


def test_sdist_of_an_index(tmp_path: Path) -> None:
    """What is built from source is locked as its sdist."""
    lock = render([pinned(release=release("http://127.0.0.1/app-1.0.tar.gz"))], tmp_path / "pylock.toml")
    assert "app-1.0.tar.gz" == package(lock)["sdist"]["name"]


def test_file_below_the_lock_file(tmp_path: Path) -> None:
    """A local file is relative to the lock file if it is below it; its hash is taken where nobody told."""
    wheel = tmp_path / "my wheels" / "app-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"")
    lock = render([pinned(release=release(wheel.as_uri(), sha256=None))], tmp_path / "pylock.toml")
    (found,) = package(lock)["wheels"]
    assert "my wheels/app-1.0-py3-none-any.whl" == found["path"]
    assert found["hashes"]["sha256"].startswith("e3b0c44298fc1c14")
    assert ("app",) == lock.local


def test_file_elsewhere(tmp_path: Path) -> None:
    """Other local files are absolute."""
    wheel = tmp_path / "app-1.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    lock = render([pinned(release=release(wheel.as_uri()))], tmp_path / "below" / "pylock.toml")
    assert str(wheel) == package(lock)["wheels"][0]["path"]


def test_repository(tmp_path: Path) -> None:
    """What was installed from a repository is locked by its commit, without a version."""
    vcs = {"vcs": "git", "commit_id": "c0ffee", "requested_revision": "main"}
    lock = render(
        [direct(tmp_path, url="http://127.0.0.1/app.git", vcs_info=vcs, subdirectory="sub")], tmp_path / "pylock.toml"
    )
    assert {
        "name": "app",
        "vcs": {
            "type": "git",
            "url": "http://127.0.0.1/app.git",
            "requested-revision": "main",
            "commit-id": "c0ffee",
            "subdirectory": "sub",
        },
    } == package(lock)
    assert ((), ("app",)) == (lock.local, lock.unhashed)


@pytest.mark.parametrize(
    ("said", "fields"), [({}, {}), ({"editable": True}, {"editable": True}), ({"editable": False}, {})]
)
def test_folder(tmp_path: Path, said: dict[str, Any], fields: dict[str, Any]) -> None:
    """A folder is locked by its path, and whether it is editable."""
    source = tmp_path / "my project"
    source.mkdir()
    lock = render([direct(tmp_path, url=source.as_uri(), dir_info=said)], tmp_path / "pylock.toml")
    assert {"name": "app", "directory": {"path": "my project", **fields}} == package(lock)
    assert (("app",), ("app",)) == (lock.local, lock.unhashed)


def test_folder_of_the_lock_file_itself(tmp_path: Path) -> None:
    """The usual case of a project beside whose pyproject.toml the lock file is written."""
    lock = render([direct(tmp_path, url=tmp_path.as_uri(), dir_info={"editable": True})], tmp_path / "pylock.toml")
    assert {"path": ".", "editable": True} == package(lock)["directory"]


@pytest.mark.parametrize(
    "said",
    [{"hash": f"sha256={SHA}"}, {"hashes": {"sha256": SHA}}, {"hash": f"sha256={SHA}", "hashes": {"sha256": SHA}}],
)
def test_archive(tmp_path: Path, said: dict[str, Any]) -> None:
    """An archive is locked with its hash, a wheel with its version, too."""
    lock = render([direct(tmp_path, url=URL, archive_info=said)], tmp_path / "pylock.toml")
    assert {"name": "app", "version": "1.0", "archive": {"url": URL, "hashes": {"sha256": SHA}}} == package(lock)
    assert ((), ()) == (lock.local, lock.unhashed)


def test_archive_without_a_hash(tmp_path: Path) -> None:
    """Of a local archive the hash is taken now; uv leaves none behind."""
    source = tmp_path / "app-1.0.tar.gz"
    source.write_bytes(b"")
    lock = render([direct(tmp_path, url=source.as_uri(), archive_info={})], tmp_path / "pylock.toml")
    assert {"name", "archive"} == set(package(lock))
    assert package(lock)["archive"]["hashes"]["sha256"].startswith("e3b0c44298fc1c14")


def test_packages_are_sorted(tmp_path: Path) -> None:
    """The order is by name, whatever order they come in."""
    ready = []
    for name in ["zoo", "app", "mid"]:
        filename = f"{name}-1.0-py3-none-any.whl"
        file = File(filename=filename, url=f"http://127.0.0.1/{filename}", sha256=SHA)
        ready.append(pinned(name=name, release=Release(name=name, version=Version("1.0"), file=file)))
    locked = tomllib.loads(render(ready, tmp_path / "pylock.toml").text)["packages"]
    assert ["app", "mid", "zoo"] == [each["name"] for each in locked]


def test_what_cannot_be_locked(tmp_path: Path) -> None:
    """Each is named with its reason, all in one sentence."""
    nothing = pinned(name="zzz", lacking="not found on the index")
    with pytest.raises(LockRefused) as caught:
        render([nothing, pinned(release=release(sha256=None))], tmp_path / "pylock.toml")
    assert "app 1.0 (the index gives no sha256 for it), zzz 1.0 (not found on the index)" in caught.value.message
    assert 1 == caught.value.exit_code


def test_release_without_a_file(tmp_path: Path) -> None:
    """An index that lists the version without a file that fits is of no use."""
    each = pinned(release=Release(name="app", version=Version("1.0")))
    assert "has no compatible file" in refusal(each, tmp_path)


def test_file_whose_name_contradicts(tmp_path: Path) -> None:
    """What packaging finds wrong is told of the package that is wrong."""
    assert "app 1.0 (" in refusal(pinned(release=release("http://127.0.0.1/other-1.0-py3-none-any.whl")), tmp_path)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"url": "http://127.0.0.1/x.zip", "archive_info": {}}, "no hash is known for http://127.0.0.1/x.zip"),
        ({"url": "http://127.0.0.1/x", "dir_info": {}}, "a directory at http://127.0.0.1/x"),
        ({"url": "file:///no/such/folder", "dir_info": {}}, "/no/such/folder no longer exists"),
        ({"url": "http://127.0.0.1/x.git", "vcs_info": {"vcs": "git"}}, "does not say where it came from"),
        ({"url": "http://127.0.0.1/x"}, "does not say where it came from"),
        ({"archive_info": {}}, "does not say where it came from"),
        ({"url": URL, "archive_info": {"hash": 1}}, "does not say where it came from"),
    ],
)
def test_installation_that_nobody_can_repeat(tmp_path: Path, said: dict[str, Any], words: str) -> None:
    """Where direct_url.json does not do, the reason says what is missing."""
    assert words in refusal(direct(tmp_path, **said), tmp_path)


def test_no_direct_url_at_all(tmp_path: Path) -> None:
    """An editable install of old leaves no direct_url.json."""
    assert "does not say where it came from" in refusal(pinned(info=tmp_path), tmp_path)


def test_old_packaging(tmp_path: Path) -> None:
    """Without packaging's classes there is one sentence with a way out."""
    with pytest.raises(UsageError) as caught:
        standard("packaging.no_such_module")
    assert "packaging 26" in caught.value.message
    assert "--upgrade packaging" in caught.value.hint


def test_folder_that_is_missing(tmp_path: Path) -> None:
    """That is noticed before anything else is done."""
    check(tmp_path / "pylock.toml")
    with pytest.raises(UsageError, match="no such directory"):
        check(tmp_path / "missing" / "pylock.toml")


def test_places_that_can_hold_no_file(tmp_path: Path) -> None:
    """That is noticed before anything else is done, too: a link to itself, a directory, and no directory."""
    (tmp_path / "folder").mkdir()
    for name, target, words in (
        ("loop", "loop", os.strerror(errno.ELOOP)),
        ("there", "folder", "not a regular file"),
        ("away", "missing/pylock.toml", "no such directory"),
    ):
        (tmp_path / name).symlink_to(target)
        with pytest.raises(UsageError, match=words):
            check(tmp_path / name)
    (tmp_path / "new").symlink_to("folder/pylock.toml")
    check(tmp_path / "new")


def test_draft_takes_its_place(tmp_path: Path) -> None:
    """The file changes in one instant, and through a symbolic link."""
    real, link = tmp_path / "real" / "pylock.toml", tmp_path / "pylock.toml"
    real.parent.mkdir()
    real.write_text("old")
    link.symlink_to(real)
    draft = Draft(link, "new")
    assert "old" == link.read_text()
    draft.put()
    assert ("new", True) == (real.read_text(), link.is_symlink())
    draft.discard()
    assert [real] == list(real.parent.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_draft_has_the_mode_of_the_former_file(tmp_path: Path, mode: int) -> None:
    """Who may read or write a lock file does not change with it, like that of a report."""
    path = tmp_path / "pylock.toml"
    path.write_text("old")
    path.chmod(mode)
    Draft(path, "new").put()
    assert ("new", mode) == (path.read_text(), path.stat().st_mode & 0o777)


def test_draft_is_discarded(tmp_path: Path) -> None:
    """What does not come to its place leaves nothing behind."""
    Draft(tmp_path / "pylock.toml", "text").discard()
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("text", "words"), [("text", "No such file"), ("\udcff", "not valid UTF-8")])
def test_draft_that_cannot_be_written(tmp_path: Path, text: str, words: str) -> None:
    """One sentence, and nothing left behind."""
    folder = tmp_path / "missing" if text == "text" else tmp_path
    with pytest.raises(LockRefused, match=words):
        Draft(folder / "pylock.toml", text)
    assert [] == list(tmp_path.iterdir())


def test_what_an_editor_could_obey_is_escaped(tmp_path: Path) -> None:
    """Control and bidi characters of a URL are there for programs, and not for eyes; other letters stay."""
    url = "http://127.0.0.1/\x1b[2J\u202eé\x9b\U000e0001.whl"
    lock = render([direct_in(tmp_path, url)], tmp_path / "pylock.toml")
    assert lock.text.replace("\n", "").isprintable()
    assert "é" in lock.text
    assert url == package(lock)["archive"]["url"]


def direct_in(folder: Path, url: str) -> Pinned:
    return direct(folder, url=url, archive_info={"hashes": {"sha256": SHA}})


DEEP = "[" * 100_000


@pytest.mark.parametrize("text", [DEEP, "5", "9" * 5000, '{"url": 5, "archive_info": {}}', '{"url": "http://["}'])
def test_direct_url_is_input(tmp_path: Path, text: str) -> None:
    """Whatever stands in it, the package is named as one that cannot be locked."""
    (tmp_path / "direct_url.json").write_text(text)
    with pytest.raises(LockRefused, match=r"app 1\.0"):
        render([pinned(info=tmp_path)], tmp_path / "pylock.toml")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_direct_url_that_leads_to_a_pipe_or_a_device(tmp_path: Path) -> None:
    """Nothing is waited for, and nothing is hashed without end."""
    os.mkfifo(tmp_path / "pipe.whl")
    for place in (tmp_path / "pipe.whl", Path("/dev/zero")):
        with pytest.raises(LockRefused, match="hash"):
            render([direct(tmp_path, url=place.as_uri(), archive_info={})], tmp_path / "pylock.toml")
    (tmp_path / "direct_url.json").unlink()
    os.mkfifo(tmp_path / "direct_url.json")
    with pytest.raises(LockRefused, match=r"app 1\.0"):
        render([pinned(info=tmp_path)], tmp_path / "pylock.toml")
