"""Files of a project bound a run and follow it: ``-r``, ``--group`` and ``--write``."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.environments import Env, install, installed, pip, run, tree
from tests.support.local_index import LocalIndex

REQUIREMENTS = b"""\
# what the app needs, from https://bob:S3CRET@index.test/simple?token=S3CRET\r
lib==1.0   # the pin\r
cap >=1, <2 ; python_version > "3"\r
cap == 0.1 ; python_version < "3"\r
free>=1\r
kept==1.0 # pip-update: ignore
"""


@pytest.fixture
def project(environment: Env, index: LocalIndex) -> Env:
    """Four packages of a project and one that is not its; all of them have two newer versions."""
    names = ("lib", "cap", "free", "kept", "other")
    install(environment, [index.release(name, "1.0") for name in names])
    for name in names:
        index.release(name, "1.5")
        index.release(name, "2.0")
    return environment


@pytest.fixture
def requirements(project: Env) -> Path:
    path = project.home / "requirements.txt"
    path.write_bytes(REQUIREMENTS)
    return path


def test_requirements_bound_the_plan(project: Env, index: LocalIndex, requirements: Path) -> None:
    """Only what the file names moves, as far as it allows; a nested file and its constraints count."""
    (project.home / "sub").mkdir()
    (project.home / "sub" / "more.txt").write_text("-c limits.txt\nfree\nmissing>1\n./some/path\n")
    (project.home / "sub" / "limits.txt").write_text("free<2\n")
    requirements.write_bytes(REQUIREMENTS + b"-r sub/more.txt\n")
    done = run(project, "-r", "requirements.txt", index=index)
    assert 0 == done.returncode, done.stderr
    assert {"lib": "1.0", "cap": "1.5", "free": "1.5", "kept": "1.0", "other": "1.0"} == installed(project)
    assert "not installed, so not updated: missing" in done.stderr


def test_group_bounds_the_plan(project: Env, index: LocalIndex) -> None:
    """A dependency group does the same, that of another folder too."""
    (project.home / "app").mkdir()
    text = "[dependency-groups]\ntest = ['lib<2', {include-group = 'more'}]\nmore = ['cap']\n"
    (project.home / "app" / "pyproject.toml").write_text(text)
    assert 0 == run(project, "--group", "app/pyproject.toml:test", index=index).returncode
    assert {"lib": "1.5", "cap": "2.0", "free": "1.0", "kept": "1.0", "other": "1.0"} == installed(project)


WRITTEN = REQUIREMENTS.replace(b"lib==1.0", b"lib==2.0").replace(b"<2 ;", b"<3 ;")
UPDATED = {"lib": "2.0", "cap": "2.0", "free": "2.0", "kept": "1.0", "other": "1.0"}


def test_write_is_part_of_the_update(project: Env, index: LocalIndex, requirements: Path) -> None:
    """The dry run shows the diff, the run writes no other bytes; undo and redo bring both back."""
    before, content = tree(project.path), requirements.read_bytes()
    dry = run(project, "--write", "requirements.txt", "-n", index=index)
    assert 0 == dry.returncode, dry.stderr
    assert "-lib==1.0   # the pin" in dry.stdout
    assert [True, False] == [word in dry.stdout for word in ("index.test", "S3CRET")], "a line around it, in the diff"
    assert "+lib==2.0   # the pin" in dry.stdout
    assert (before, content) == (tree(project.path), requirements.read_bytes())
    done = run(project, "--write", "requirements.txt", "--format", "json", index=index)
    assert (0, UPDATED, WRITTEN) == (done.returncode, installed(project), requirements.read_bytes()), done.stderr
    assert [True, False] == [word in done.stdout for word in ("index.test", "S3CRET")]
    (file,) = json.loads(done.stdout)["files"]
    assert [("line 2", "lib==2.0   # the pin"), ("line 3", 'cap >=1, <3 ; python_version > "3"')] == [
        (each["where"], each["after"]) for each in file["changed"]
    ]
    assert 0 == run(project, "--undo", index=index).returncode
    assert ("1.0", content) == (installed(project)["lib"], requirements.read_bytes())
    assert 0 == run(project, "--undo", index=index).returncode
    assert (UPDATED, WRITTEN) == (installed(project), requirements.read_bytes())
    requirements.write_bytes(b"edited")
    undone = run(project, "--undo", index=index)
    assert "was edited since" in undone.stderr
    assert ("1.0", b"edited") == (installed(project)["lib"], requirements.read_bytes())


@pytest.mark.parametrize("nested", [False, True])
def test_constraints_file_that_is_written(project: Env, index: LocalIndex, nested: bool) -> None:
    """It moves as any other file that is written, and other constraints bound it."""
    path = project.home / "pins.txt"
    path.write_text("lib==1.0\nfree==1.0\n")
    (project.home / "limits.txt").write_text("free<1.5\n")
    (project.home / "names.txt").write_text("lib\n-c pins.txt\n")
    bounds = ("-r", "names.txt") if nested else ("-c", "pins.txt")
    done = run(project, *bounds, "-c", "limits.txt", "--write", "./pins.txt", index=index)
    assert (0, "lib==2.0\nfree==1.0\n") == (done.returncode, path.read_text()), done.stderr
    assert ("2.0", "1.0") == (installed(project)["lib"], installed(project)["free"])


def test_pyproject_follows(project: Env, index: LocalIndex) -> None:
    """All three kinds of tables are written; lower bounds only on demand."""
    path = project.home / "pyproject.toml"
    text = (
        "[project]\nname = 'app'\ndependencies = [\n  'lib~=1.0', # one\n  \"free>=1\"]\n"
        "[project.optional-dependencies]\nx = ['cap==1.*']\n[dependency-groups]\ny = ['kept<2.0']\n"
    )
    path.write_text(text)
    done = run(project, "--write", "pyproject.toml", index=index)
    assert 0 == done.returncode, done.stderr
    expected = text.replace("~=1.0", "~=2.0").replace("==1.*", "==2.*").replace("<2.0", "<3.0")
    assert expected == path.read_text()
    assert {**UPDATED, "kept": "2.0"} == installed(project)
    done = run(project, "--write", "pyproject.toml", "--write-lower-bounds", index=index)
    assert (0, expected.replace("free>=1", "free>=2.0")) == (done.returncode, path.read_text()), done.stderr
    assert 0 == run(project, "--undo", index=index).returncode
    assert expected == path.read_text()


def test_failed_update_writes_nothing(project: Env, index: LocalIndex, requirements: Path) -> None:
    """The user's test fails: everything is rolled back, the files too."""
    check = "grep -q lib==1.0 requirements.txt"
    done = run(project, "--write", "requirements.txt", "--test", check, index=index)
    assert 1 == done.returncode, done.stderr
    assert ("1.0", REQUIREMENTS) == (installed(project)["lib"], requirements.read_bytes())
    assert ["requirements.txt"] == [each.name for each in project.home.glob("requirements*")]


REFUSED = [
    ("uv.lock", "", "uv lock --upgrade"),
    ("made.txt", "# This file is autogenerated by pip-compile\n#    pip-compile x.in\nlib==1.0\n", "pip-compile x.in"),
    ("pyproject.toml", "[tool.poetry.dependencies]\nlib = '^1'\n", "poetry update"),
    ("pyproject.toml", "[project\n", "could not read"),
    ("garbage.txt", "lib=1.0\n", "could not parse 'lib=1.0'"),
    ("none.txt", "absent==1\n", "none of the requested packages"),
    ("missing.txt", None, "missing.txt"),
]


def test_protected_and_linked_files(project: Env, index: LocalIndex, requirements: Path) -> None:
    """What is read-only is refused before anything is asked; of a link, the file that it leads to is written."""
    link = project.home / "link.txt"
    link.symlink_to(requirements.name)
    requirements.chmod(0o444)
    done = run(project, "--write", "link.txt", index=index)
    assert (2, []) == (done.returncode, index.requests)
    assert "it or its directory is read-only" in done.stderr
    requirements.chmod(0o640)
    assert 0 == run(project, "--write", "link.txt", index=index).returncode
    assert (WRITTEN, True) == (requirements.read_bytes(), link.is_symlink())
    assert 0o640 == requirements.stat().st_mode & 0o777


def test_what_cannot_be_written(project: Env, index: LocalIndex) -> None:
    """One sentence, wrong usage, nothing asked of the index, nothing changed."""
    for name, text, message in REFUSED:
        if text is not None:
            (project.home / name).write_text(text)
        done = run(project, "--write", name, index=index)
        assert 2 == done.returncode, (name, done.stderr)
        assert message in done.stderr
        (project.home / name).unlink(missing_ok=True)
    assert [] == index.requests


def test_pin_of_a_local_build(environment: Env, index: LocalIndex) -> None:
    """A local label is allowed after ``==`` only: the limit of the plan is without it, the new pin has one."""
    install(environment, [index.release("lib", "1.0+cpu")])
    index.release("lib", "2.0+cpu")
    path = environment.home / "requirements.lock"
    path.write_text("lib==1.0+cpu\n")
    done = run(environment, "--write", path.name, index=index)
    assert (0, "lib==2.0+cpu\n") == (done.returncode, path.read_text()), done.stderr
    assert {"lib": "2.0+cpu"} == installed(environment)


def test_only_our_own_messages(project: Env, index: LocalIndex) -> None:
    """pip's parser prints its usage, and a warning of an encoding before it fails: none of that is ours."""
    for data in (b"--bogus", b"lib # \xe9"):
        (project.home / "odd.txt").write_bytes(data)
        done = run(project, "-r", "odd.txt", index=index)
        words = [line.partition(" ")[0] for line in done.stderr.splitlines()]
        assert (2, ["error:", "hint:"]) == (done.returncode, words), done.stderr


def test_hashes_are_those_of_all_files(project: Env, index: LocalIndex) -> None:
    """Of the new version, those for other platforms and sdists, too; pip accepts the line."""
    other = index.release("lib", "2.0", tag="cp311-cp311-win_amd64")
    source = index.release_sdist("lib", "2.0")
    path = project.home / "r.txt"
    path.write_text(f"lib==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    assert 0 == run(project, "--write", "r.txt", index=index).returncode
    files = (index.folder / "lib-2.0-py3-none-any.whl", other, source)
    digests = sorted(sha256(each.read_bytes()).hexdigest() for each in files)
    assert " \\\n".join(["lib==2.0", *(f"    --hash=sha256:{each}" for each in digests)]) + "\n" == path.read_text()
    pip(project, "download", "-q", "--no-deps", "--require-hashes", "-r", str(path), "-d", "wheels", index=index)


def test_hashes_that_are_not_known(project: Env, index: LocalIndex) -> None:
    """Of files in a directory: the line holds its package."""
    path = project.home / "r.txt"
    path.write_text(f"lib==1.0 --hash=sha256:{'0' * 64}\n")
    done = run(project, "--write", "r.txt", "--no-index", "-f", str(index.folder), index=index)
    assert (0, f"lib==1.0 --hash=sha256:{'0' * 64}\n") == (done.returncode, path.read_text())
    assert "1.0" == installed(project)["lib"]


METADATA = (
    "Metadata-Version: 2.4\nName: app\nVersion: 0.1\n"
    'Requires-Dist: lib<2,>=1\nRequires-Dist: cap==1.0\nRequires-Dist: kept<2; extra == "x"\n'
    "\nRequires-Dist: lib<2,>=1\n"
)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_own_bounds_of_an_editable_project_follow(project: Env, index: LocalIndex, end: str) -> None:
    """What its installed metadata repeats of the file holds nothing and moves with it; an undo brings it back."""
    source = project.home / "app source"
    source.mkdir()
    path = source / "pyproject.toml"
    text = "[project]\nname = 'app'\ndependencies = [\n 'lib>=1,<2',\n 'cap==1.0', # pip-update: ignore\n]\n"
    path.write_text(text + "[project.optional-dependencies]\nx = ['kept<2']\n")
    info = project.site_packages / "app-0.1.dist-info"
    info.mkdir()
    before = METADATA.replace("\n", end).encode()
    (info / "METADATA").write_bytes(before)
    (info / "RECORD").write_text("app-0.1.dist-info/METADATA,sha256=x,1\napp-0.1.dist-info/RECORD,,\n")
    (info / "direct_url.json").write_text(json.dumps({"url": source.as_uri(), "dir_info": {"editable": True}}))
    held = run(project, "lib", "-n", index=index)
    assert "requires lib<2" in held.stdout
    done = run(project, "--write", str(path), index=index)
    assert 0 == done.returncode, done.stderr
    assert {"lib": "2.0", "cap": "1.0", "kept": "2.0"} == {
        name: installed(project)[name] for name in ("lib", "cap", "kept")
    }
    assert (True, True) == ("'lib>=1,<3'" in path.read_text(), "'cap==1.0'" in path.read_text())
    expected = before.replace(b"lib<2", b"lib<3", 1).replace(b"kept<2", b"kept<3")
    assert expected == (info / "METADATA").read_bytes()
    hashed = base64.urlsafe_b64encode(sha256(expected).digest()).rstrip(b"=").decode()
    first = (info / "RECORD").read_text().splitlines()[0]
    assert f"app-0.1.dist-info/METADATA,sha256={hashed},{len(expected)}" == first
    assert 0 == run(project, "--undo", index=index).returncode
    assert (before, True) == ((info / "METADATA").read_bytes(), "'lib>=1,<2'" in path.read_text())
    assert "METADATA,sha256=x,1" in (info / "RECORD").read_text()
