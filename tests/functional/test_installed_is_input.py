"""What is written down in an environment is input, not truth: real updates of environments that were tampered with."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environments import Env, install, installed, run, tree
from tests.support.local_index import LocalIndex

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the paths are those of POSIX")
QUIET = {"PYTHONDONTWRITEBYTECODE": "1"}


def row(path: Path, entry: str) -> str:
    """A line of RECORD with the right hash."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
    return f"{entry},sha256={digest},{path.stat().st_size}\n"


def record(env: Env, info: str) -> Path:
    """The RECORD of a distribution."""
    return env.site_packages / f"{info}.dist-info" / "RECORD"


def tamper(env: Env, info: str, *entries: str, hashed: bool = False) -> None:
    """Have RECORD list ``entries`` too, relative to site-packages."""
    path = record(env, info)
    with path.open("a", encoding="utf-8") as file:
        for entry in entries:
            there = env.site_packages / entry
            file.write(row(there, entry) if hashed and there.is_file() else f"{entry},,\n")


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    """The packages of a JSON report, by name."""
    assert done.stdout, done.stderr
    return {each["name"]: each for each in json.loads(done.stdout)["packages"]}


def texts(row: dict, kind: str) -> list[str]:
    """The reasons of that kind."""
    return [each["text"] for each in row["reasons"] if each["kind"] == kind]


@pytest.fixture
def pair(environment: Env, index: LocalIndex) -> Env:
    """One distribution in two versions, the older one installed."""
    outdated(environment, index, "foo")
    return environment


def outdated(env: Env, index: LocalIndex, *names: str) -> None:
    """Have distributions in two versions, the older ones installed: all cases of a table in one run."""
    install(env, [index.release(name, "1.0") for name in names])
    for name in names:
        index.release(name, "2.0")


ENVIRONMENTS = (
    *("../../../bin/python", "../../../bin/python3", "../../../bin/python3.{minor}", "../../../pyvenv.cfg"),
    *("../../../bin/activate", "../../../bin/Activate.ps1", "../../../bin/activate.fish", "../../../lib64"),
    *("../../../bin/own-python", "../../../.gitignore", "_virtualenv.pth"),
)
"""What an environment is made of."""


@pytest.mark.parametrize("hashed", [False, True])
def test_the_environment_itself_is_nobodys(pair: Env, index: LocalIndex, hashed: bool) -> None:
    """Interpreter, settings, activation: they stay and are told, whether or not their hashes are right."""
    minor = str(sys.version_info[1])
    entries = [each.format(minor=minor) for each in ENVIRONMENTS]
    for entry in entries:
        path = Path(os.path.normpath(pair.site_packages / entry))
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "own-python":
            path.symlink_to(pair.python)
        elif not os.path.lexists(path):
            path.symlink_to("lib") if path.name == "lib64" else path.write_text("precious\n")
    tamper(pair, "foo-1.0", *entries, hashed=hashed)
    precious = [Path(os.path.normpath(pair.site_packages / each)) for each in entries]
    before = {each: os.lstat(each).st_ino for each in precious}
    done = run(pair, "--format", "json", index=index)
    assert (0, {"foo": "2.0"}) == (done.returncode, installed(pair)), done.stderr
    assert before == {each: os.lstat(each).st_ino for each in before}
    told = " ".join(texts(rows(done)["foo"], "not-its-files"))
    assert "bin/Activate.ps1" in told
    assert "not removed because other packages may own them" in told


def test_nothing_outside_moves(environment: Env, index: LocalIndex, tmp_path: Path) -> None:
    """However RECORD gets there; it is told."""
    site, names = environment.site_packages, ("relative", "absolute", "link", "dots")
    outdated(environment, index, *names)
    (site / "away").symlink_to(tmp_path)
    letters = {name: tmp_path / f"letter to {name}" for name in names}
    for name, letter in letters.items():
        letter.write_text(name)
    entries = {
        "relative": os.path.relpath(letters["relative"], site),
        "absolute": str(letters["absolute"]),
        "link": "away/letter to link",
        "dots": f"foo/../{os.path.relpath(letters['dots'], site)}",
    }
    for name, entry in entries.items():
        tamper(environment, f"{name}-1.0", entry, hashed=True)
    done = run(environment, "--format", "json", index=index)
    assert (0, dict.fromkeys(sorted(names), "2.0")) == (done.returncode, installed(environment))
    assert list(names) == [letter.read_text() for letter in letters.values()]
    for name in names:
        assert any(f"letter to {name}" in each for each in texts(rows(done)[name], "not-its-files"))


def test_other_distributions_files_stay(pair: Env, index: LocalIndex) -> None:
    """Their modules, their .dist-info folders and the scripts that others have too, and nobody is broken by it."""
    install(pair, [index.release("bar", "1.0", scripts={"bar": "bar:main"})])
    entries = ("bar/__init__.py", "bar-1.0.dist-info/METADATA", "bar-1.0.dist-info/RECORD", "../../../bin/bar")
    tamper(pair, "foo-1.0", *entries, hashed=True)
    before = {entry: (pair.site_packages / entry).read_bytes() for entry in entries}
    done = run(pair, index=index)
    assert (0, {"foo": "2.0", "bar": "1.0"}) == (done.returncode, installed(pair))
    assert before == {entry: (pair.site_packages / entry).read_bytes() for entry in entries}


def test_files_of_what_setup_py_installed_stay(pair: Env, index: LocalIndex) -> None:
    """An .egg-info folder with its installed-files.txt owns as well."""
    info = pair.site_packages / "old-1.0.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: old\nVersion: 1.0\n")
    (info / "installed-files.txt").write_text("../old.py\nPKG-INFO\n")
    (pair.site_packages / "old.py").write_text("x = 1\n")
    tamper(pair, "foo-1.0", "old.py", hashed=True)
    assert 0 == run(pair, index=index).returncode
    assert (pair.site_packages / "old.py").exists()


def test_data_needs_proof_and_scripts_no_contradiction(environment: Env, index: LocalIndex) -> None:
    """A listed file outside of packages goes if it is as recorded; else only if the new version has it again."""
    data = {"data/share/same": "1", "data/share/edited": "1", "data/share/again": "1", "scripts/tool": "#!python\n"}
    install(environment, [index.release("foo", "1.0", data=data)])
    index.release("foo", "2.0", data={"data/share/again": "2", "scripts/tool": "#!python\n# 2\n"})
    share = environment.path / "share"
    (share / "edited").write_text("by hand")
    (share / "again").write_text("by hand")
    (environment.path / "README").write_text("of the project that the environment lies in")
    (environment.scripts / "tool").write_text("#!/moved/python\n")
    tamper(environment, "foo-1.0", "../../../README")
    done = run(environment, "--format", "json", index=index)
    assert 0 == done.returncode, done.stderr
    assert {"edited", "again"} == {each.name for each in share.iterdir()}
    assert ("2", "by hand") == ((share / "again").read_text(), (share / "edited").read_text())
    assert (environment.path / "README").exists()
    assert "# 2" in (environment.scripts / "tool").read_text()
    (told,) = texts(rows(done)["foo"], "not-its-files")
    assert ("README" in told, "share/edited" in told, "share/again" in told) == (True, True, False)


def test_entry_points_name_no_files_of_others(environment: Env, index: LocalIndex) -> None:
    """The wrapper of a script is one file in the folder of scripts, and not the interpreter."""
    scripts = ("python", "../../etc/passwd", "../lib64", "activate", "..", "/bin/sh", "a/b", "pyvenv.cfg")
    names = [f"foo{number}" for number in range(len(scripts))]
    outdated(environment, index, *names)
    for name, script in zip(names, scripts, strict=True):
        info = record(environment, f"{name}-1.0").parent
        (info / "entry_points.txt").write_text(f"[console_scripts]\n{script} = foo:main\n")
    before = tree(environment.path, ignore=["foo*", "__pycache__", ".pip-fastupdate"])
    assert 0 == run(environment, index=index).returncode
    assert dict.fromkeys(names, "2.0") == installed(environment)
    assert before == tree(environment.path, ignore=["foo*", "__pycache__", ".pip-fastupdate"])


def test_damaged_records(environment: Env, index: LocalIndex) -> None:
    """Whatever RECORD holds, the run comes to its end, and says what it could not do."""
    further = {
        "folders": "folders/,,\nfolders,,\n",
        "long": f"{'x' * 200000},,\n",
        "nul": "a\0b,,\n",
        "quote": '"open,,\n',
    }
    outdated(environment, index, *further, "pipe")
    for name, lines in further.items():
        path = record(environment, f"{name}-1.0")
        path.write_text(path.read_text() + lines)
    path = record(environment, "pipe-1.0")
    path.unlink()
    os.mkfifo(path)
    done = run(environment, index=index, timeout=30)
    assert 0 == done.returncode, done.stderr
    assert {**dict.fromkeys(further, "2.0"), "pipe": "1.0"} == installed(environment)
    assert "Traceback" not in done.stderr


NONSENSE = (
    ("direct_url.json", "[" * 100000),
    ("direct_url.json", '{"url": "http://[bad", "dir_info": {}}'),
    ("direct_url.json", '{"url": "x", "vcs_info": {"vcs": {"a": 1}}}'),
    ("INSTALLER", "x" * 100000),
    ("METADATA", f"Requires-Dist: a>={'9' * 5000}\n\n"),
    ("METADATA", f"Requires-Dist: a; python_version > '{'9' * 5000}'\n\n"),
    ("METADATA", f"Requires-Dist: a; {'(' * 5000}\n\n"),
    ("METADATA", f"Requires-Python: {'9' * 5000}\n\n"),
    ("METADATA", "x" * 5_000_000),
)
"""File and content; of METADATA what comes after name and version, where there are any."""


def test_nonsense_in_metadata(environment: Env, index: LocalIndex) -> None:
    """Numbers of 5000 digits, deep nesting, megabytes without an end: the run goes on."""
    names = [f"foo{number}" for number in range(len(NONSENSE))]
    outdated(environment, index, *names)
    for name, (file, content) in zip(names, NONSENSE, strict=True):
        head = f"Name: {name}\nVersion: 1.0\n" if content.startswith("Requires") else ""
        (record(environment, f"{name}-1.0").parent / file).write_text(head + content)
    done = run(environment, index=index, timeout=30)
    expected = {
        name: "1.0" if file == "direct_url.json" else "2.0" for name, (file, _) in zip(names, NONSENSE, strict=True)
    }
    assert (0, expected) == (done.returncode, installed(environment)), done.stderr
    assert "Traceback" not in done.stderr
    assert max(map(len, (done.stdout + done.stderr).splitlines())) < 1000


# What cannot be read does not freeze a package


def test_unreadable_requirements_do_not_freeze(environment: Env, index: LocalIndex) -> None:
    """What is installed is replaced by a newest release that is sound; told, and taken back by --undo."""
    lines = {
        "a": "Requires-Dist: pytz (>dev)",
        "b": "Requires-Dist: a>=2.7.*",
        "c": "Requires-Python: >=3.6.",
        "d": "Requires-Dist: ==1",
        "e": "X: \xe9",
    }
    outdated(environment, index, *lines)
    for name, line in lines.items():
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{line}\n\n"
        (record(environment, f"{name}-1.0").parent / "METADATA").write_bytes(text.encode("latin-1"))
    before = tree(environment.site_packages)
    done = run(environment, "--format", "json", index=index)
    assert (0, dict.fromkeys(lines, "2.0")) == (done.returncode, installed(environment))
    for name, line in lines.items():
        assert bool(texts(rows(done)[name], "bad-metadata")) == ("Dist" in line)
    assert 0 == run(environment, "--undo").returncode
    assert before == tree(environment.site_packages)


@pytest.mark.parametrize(
    ("version", "expected"), [("1.0-custom_x", "2.0"), ("unknown", "2.0"), ("3.0.local!", "3.0.local!")]
)
def test_unreadable_versions_do_not_freeze(pair: Env, index: LocalIndex, version: str, expected: str) -> None:
    """The report names the version as it is recorded; what begins with a newer one is not taken back."""
    old = record(pair, "foo-1.0").parent
    info = old.with_name(f"foo-{version}.dist-info")
    listed = (old / "RECORD").read_text().replace("foo-1.0.dist", f"foo-{version}.dist")
    (old / "METADATA").write_text(f"Metadata-Version: 2.1\nName: foo\nVersion: {version}\n")
    (old / "RECORD").write_text(listed)
    old.rename(info)
    done = run(pair, "--format", "json", index=index)
    assert (0, {"foo": expected}) == (done.returncode, installed(pair)), done.stderr
    assert version == rows(done)["foo"]["installed"]
    assert texts(rows(done)["foo"], "bad-metadata")


@pytest.mark.parametrize("live", ["1.0", "2.0"])
@pytest.mark.parametrize("spelling", ["foo", "Foo"])
def test_left_over_dist_info(environment: Env, index: LocalIndex, live: str, spelling: str) -> None:
    """RECORD's hashes tell which is live; the update removes both and all that they put there, undo brings both."""
    other = {"1.0": "2.0", "2.0": "1.0"}[live]
    wheels = {
        version: index.release(
            "foo", version, files={"foo/__init__.py": f"V = {version!r}\n", f"foo/only{version}.py": ""}
        )
        for version in ("1.0", "2.0", "3.0")
    }
    site = environment.site_packages
    install(environment, [wheels[other]])
    shutil.copytree(site / f"foo-{other}.dist-info", environment.path / "kept")
    install(environment, [wheels[live]])
    shutil.move(environment.path / "kept", site / f"{spelling}-{other}.dist-info")
    (site / "foo" / f"only{other}.py").write_text("")
    before = tree(site)
    done = run(environment, "--format", "json", index=index)
    assert (0, {"foo": "3.0"}) == (done.returncode, installed(environment)), done.stderr
    assert (live, "upgrade") == (rows(done)["foo"]["installed"], rows(done)["foo"]["action"])
    assert {"__init__.py", "only3.0.py"} == {each.name for each in (site / "foo").iterdir()}
    assert any(other in each for each in texts(rows(done)["foo"], "left-over"))
    assert 0 == run(environment, "--undo").returncode
    assert before == tree(site)


def test_egg_info_beside_a_dist_info(pair: Env, index: LocalIndex) -> None:
    """What an older tool left about the same distribution does not freeze it, whichever is listed first."""
    for version in ("0.1", "0.9"):
        info = pair.site_packages / f"foo-{version}.egg-info"
        info.mkdir()
        (info / "PKG-INFO").write_text(f"Metadata-Version: 1.0\nName: foo\nVersion: {version}\n")
    assert 0 == run(pair, index=index).returncode
    assert {"foo": "2.0"} == installed(pair)


def test_files_of_two(environment: Env, index: LocalIndex) -> None:
    """As with pip the new version's file prevails, but nothing that the other lists is gone; told, and undone."""
    common = {"cv/__init__.py": "WHO = 'both'\n", "cv/common.py": "same = 1\n"}
    old = [
        index.release(name, "1.0", files={**common, f"cv/{name}.py": f"NAME = {name!r}\n"}) for name in ("gui", "head")
    ]
    index.release("gui", "2.0", files={"cv/__init__.py": "WHO = 'new'\n", "cv/gui.py": "x = 2\n"})
    install(environment, old, compile=True)
    before = tree(environment.site_packages)
    done = run(environment, "--format", "json", index=index)
    assert (0, {"gui": "2.0", "head": "1.0"}) == (done.returncode, installed(environment)), done.stderr
    cv = environment.site_packages / "cv"
    assert {"__init__.py", "common.py", "gui.py", "head.py", "__pycache__"} == {each.name for each in cv.iterdir()}
    assert "WHO = 'new'\n" == (cv / "__init__.py").read_text()
    assert ["replaced cv/__init__.py, which head lists as well"] == texts(rows(done)["gui"], "shared-files")
    assert 0 == run(environment, "--undo").returncode
    assert before == tree(environment.site_packages)


def test_a_file_that_only_the_other_had_is_still_a_conflict(environment: Env, index: LocalIndex) -> None:
    """What was not shared before is not overwritten; --exclude, as the hint says, ends exit 4."""
    install(environment, [index.release("gui", "1.0"), index.release("head", "1.0", files={"cv.py": "1\n"})])
    index.release("gui", "2.0", files={"cv.py": "2\n"})
    done = run(environment, index=index)
    assert (4, "1\n") == (done.returncode, (environment.site_packages / "cv.py").read_text())
    assert "--exclude" in done.stderr
    assert 0 == run(environment, "--exclude", "gui", index=index).returncode


@pytest.mark.parametrize("installer", ["Poetry 1.8.2", "pdm", "uv-pixi"])
def test_other_writers_of_wheels(pair: Env, index: LocalIndex, installer: str) -> None:
    """Updated as pip does, with one note for all of them."""
    install(pair, [index.release("bar", "1.0")])
    index.release("bar", "2.0")
    for name in ("foo", "bar"):
        (record(pair, f"{name}-1.0").parent / "INSTALLER").write_text(f"{installer}\n")
    done = run(pair, index=index)
    assert (0, {"foo": "2.0", "bar": "2.0"}) == (done.returncode, installed(pair))
    (note,) = [line for line in done.stderr.splitlines() if installer in line]
    assert "bar, foo" in note
    assert installer not in run(pair, index=index).stderr


@pytest.mark.parametrize("file", ["m\xf6dul.py", "\u4f60.txt"])
def test_files_are_found_in_the_c_locale(environment: Env, index: LocalIndex, file: str) -> None:
    """Names that are not ASCII in RECORD are the files' names, whatever encoding Python has for these."""
    install(environment, [index.release("foo", "1.0", files={"foo/__init__.py": "", f"foo/{file}": "1"})])
    index.release("foo", "2.0")
    ascii_only = {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "LANG": None}
    done = run(environment, index=index, env_vars=ascii_only)
    assert (0, {"foo": "2.0"}) == (done.returncode, installed(environment)), done.stderr
    assert ["__init__.py"] == [each.name for each in (environment.site_packages / "foo").iterdir()]
