"""The scan against pip's own view of the same odd environments, on whatever pip runs the tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import Env, pip, variables
from tests.support.wheels import make_project, make_wheel

BOTH = """
import json, logging, sys
from pip_fastupdate.environment import scan as environment
from pip_fastupdate.core.files import real
from pip_fastupdate.environment.paths import current, search_path

warnings = []
ours = {each.name: each for each in environment.scan(warnings.append).distributions}
fresh_import = "pip._internal.metadata" in sys.modules
import warnings as noise
logging.disable(logging.CRITICAL)
noise.simplefilter("ignore")
sys.path[:] = search_path()
from pip._internal.metadata import get_environment

def attempt(ask):
    try:
        return ask()
    except Exception as error:
        return f"<{type(error).__name__}>"

def installed():
    try:
        yield from get_environment(None).iter_installed_distributions(local_only=False, skip=())
    except ValueError:  # some pips give up at the first file that is not UTF-8
        return

theirs = {
    str(each.canonical_name): {
        "version": attempt(lambda: str(each.version)),
        "editable": attempt(lambda: each.editable),
        "direct": attempt(lambda: each.direct_url is not None),
        "installer": attempt(lambda: each.installer),
        "requested": attempt(lambda: each.requested),
        "local": attempt(lambda: each.local),
        "user": attempt(lambda: each.in_usersite),
        "record": attempt(lambda: each.iter_declared_entries() is not None),
        "dist_info": each.installed_with_dist_info,
        "requires": attempt(lambda: sorted(str(one) for one in each.iter_dependencies())),
    }
    for each in installed()
}
from packaging.requirements import Requirement

def applying(texts):
    parsed = [Requirement(text) for text in texts]
    return sorted(str(one) for one in parsed if not one.marker or one.marker.evaluate({"extra": ""}))

print(json.dumps({
    "warnings": warnings,
    "imported": fresh_import,
    "theirs": theirs,
    "ours": {
        name: {
            "version": str(each.version),
            "requires": applying(each.requires),
            "requested": each.requested,
            "user": each.user_site,
            "location": str(each.location),
            "skip": each.skip and each.skip.kind,
            "text": each.skip and each.skip.text,
            "data": dict(each.skip.data) if each.skip else {},
            "notes": [note.kind for note in each.notes],
        }
        for name, each in ours.items()
    },
}))
"""


def both(env: Env, **env_vars: str | None) -> dict[str, Any]:
    """Our scan and pip's of an environment."""
    done = subprocess.run(
        [env.python, "-c", BOTH],
        env=variables(env, env_vars=env_vars),
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=env.home,
    )
    assert done.stderr == ""
    return dict(json.loads(done.stdout))


def put(folder: Path, info: str, **files: str | bytes) -> Path:
    """A ``.dist-info`` folder by hand; METADATA, RECORD and INSTALLER of pip's unless told otherwise."""
    name, _, version = info.removesuffix(".dist-info").partition("-")
    content: dict[str, str | bytes] = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "RECORD": f"{info}/METADATA,,\n",
        "INSTALLER": "pip\n",
        **files,
    }
    path = folder / info
    path.mkdir(parents=True)
    for file, text in content.items():
        if text is not None:
            (path / file.replace("__", ".")).write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def agree(found: dict[str, Any], name: str) -> None:
    """pip and we tell the same of one distribution."""
    ours, theirs = found["ours"][name], found["theirs"][name]
    assert (ours["version"], ours["requires"]) == (
        theirs["version"],
        [without_space(each) for each in theirs["requires"]],
    )
    assert (ours["requested"], ours["user"]) == (theirs["requested"], theirs["user"])
    assert (ours["skip"] == "editable") == theirs["editable"]
    if not theirs["local"]:
        assert ours["skip"] in ("outside", "editable")
    elif theirs["direct"] and not theirs["editable"] and not theirs["installer"].startswith("conda"):
        assert ours["skip"] == "direct-url"
    elif not theirs["record"] and theirs["dist_info"]:
        assert ours["skip"] in ("no-record", "other-installer", "editable", "bad-metadata")
    elif theirs["installer"].startswith("conda"):
        assert ours["skip"] in ("other-installer", "editable")


def without_space(requirement: str) -> str:
    """pip's older packaging writes a space before a marker's semicolon only sometimes."""
    return requirement.replace(" ;", ";")


GOOD = {
    "plain-1.0.dist-info": {},
    "Foo.Bar-1.0.dist-info": {},
    "under_score-1.2.dist-info": {},
    "UPPER-2.0.dist-info": {},
    "asked-1.0.dist-info": {"REQUESTED": ""},
    "no_installer-1.0.dist-info": {"INSTALLER": None},
    "empty_installer-1.0.dist-info": {"INSTALLER": ""},
    "by_uv-1.0.dist-info": {"INSTALLER": "uv"},
    "post-1.0.post1+local.2.dist-info": {},
    "crlf-1.0.dist-info": {
        "METADATA": "Metadata-Version: 2.1\r\nName: crlf\r\nVersion: 1.0\r\nRequires-Dist: plain\r\n\r\nText"
    },
    "needs-1.0.dist-info": {
        "METADATA": "Metadata-Version: 2.1\nName: needs\nVersion: 1.0\nRequires-Dist: plain >=0.5\n"
        'Requires-Dist: pytest ; extra == "test"\nrequires-dist: under-score (>=1,<2)\n\nRequires-Dist: not-really\n'
    },
    "body-1.0.dist-info": {
        "METADATA": b"Metadata-Version: 2.1\nName: body\nVersion: 1.0\nRequires-Dist: plain\n\n" + b"Text\n" * 10000
    },
}


def test_healthy_distributions_are_as_pip_sees_them(environment: Env) -> None:
    """Names, versions, dependencies, REQUESTED: all equal, nothing skipped, and pip's scanner is not even imported."""
    for info, files in GOOD.items():
        put(environment.site_packages, info, **files)
    found = both(environment)
    assert sorted(found["ours"]) == sorted(found["theirs"])
    for name in found["ours"]:
        agree(found, name)
    assert {each["skip"] for each in found["ours"].values()} == {None}
    assert (found["imported"], found["warnings"]) == (False, [])


ODD: dict[str, tuple[dict[str, Any], str]] = {
    "vcs-1.0.dist-info": (
        {"direct_url__json": '{"url": "https://u:p@x.invalid/r", "vcs_info": {"vcs": "git", "commit_id": "a"}}'},
        "direct-url",
    ),
    "archive-1.0.dist-info": ({"direct_url__json": '{"url": "file:///x.whl", "archive_info": {}}'}, "direct-url"),
    "folder-1.0.dist-info": ({"direct_url__json": '{"url": "file:///x", "dir_info": {}}'}, "direct-url"),
    "pep660-1.0.dist-info": (
        {"direct_url__json": '{"url": "file:///x", "dir_info": {"editable": true}}'},
        "editable",
    ),
    "from_conda-1.0.dist-info": ({"INSTALLER": "conda\n"}, "other-installer"),
    "conda_url-1.0.dist-info": (
        {"INSTALLER": "\n conda \n", "direct_url__json": '{"url": "file:///x", "dir_info": {}}'},
        "other-installer",
    ),
    "no_record-1.0.dist-info": ({"RECORD": None}, "no-record"),
    "no_files-1.0.dist-info": ({"RECORD": ""}, "no-record"),
}


def test_what_must_be_left_alone_is_told_from_pips_attributes(environment: Env) -> None:
    """Direct URLs, editables, conda and missing RECORDs are what pip says they are, and have their reasons."""
    for info, (files, _) in ODD.items():
        put(environment.site_packages, info, **files)
    found = both(environment)
    assert sorted(found["ours"]) == sorted(found["theirs"])
    for name in found["ours"]:
        agree(found, name)
    kinds = {info.partition("-")[0].replace("_", "-"): kind for info, (_, kind) in ODD.items()}
    assert {name: each["skip"] for name, each in found["ours"].items()} == kinds
    assert found["ours"]["from-conda"]["data"] == {"installer": "conda"}
    assert found["ours"]["vcs"]["text"] == "installed from git+https://x.invalid/r"


BROKEN: dict[str, dict[str, Any]] = {
    "no_metadata-1.0.dist-info": {"METADATA": None},
    "empty_metadata-1.0.dist-info": {"METADATA": ""},
    "latin-1.0.dist-info": {"METADATA": b"Metadata-Version: 2.1\nName: latin\nVersion: 1.0\nRequires-Dist: caf\xe9\n"},
    "odd_version-1.x.y.dist-info": {},
    "odd_need-1.0.dist-info": {
        "METADATA": "Name: odd-need\nVersion: 1.0\nRequires-Dist: plain (>dev)\nRequires-Dist: b\n"
    },
}


def test_broken_metadata_breaks_nothing(environment: Env) -> None:
    """Whatever makes pip raise somewhere is one distribution with a note here, and with what is valid of it."""
    for info, files in BROKEN.items():
        put(environment.site_packages, info, **files)
    found = both(environment)["ours"]
    names = [info.partition("-")[0].replace("_", "-") for info in BROKEN]
    assert {name: each["skip"] for name, each in found.items()} == dict.fromkeys(names)
    assert {name: each["notes"] for name, each in found.items()} == {name: ["bad-metadata"] for name in names}
    assert found["odd-need"]["requires"] == ["b"]
    assert found["odd-version"]["version"] == "1"


def test_folder_without_a_version_takes_it_from_the_metadata(environment: Env) -> None:
    """``foo.dist-info`` is legal enough for pip, whose version then is the metadata's."""
    put(environment.site_packages, "bare.dist-info", METADATA="Metadata-Version: 2.1\nName: bare\nVersion: 3.1\n")
    found = both(environment)
    agree(found, "bare")
    assert found["ours"]["bare"]["version"] == "3.1"


def test_of_several_in_one_folder_the_newest_counts_where_no_file_tells(environment: Env) -> None:
    """An interrupted installation leaves them; pip takes the one that the file system lists first."""
    for version in ("1.0", "2.0", "10.0"):
        put(environment.site_packages, f"twice-{version}.dist-info")
    found = both(environment)["ours"]["twice"]
    assert ("10.0", None, ["left-over"]) == (found["version"], found["skip"], found["notes"])


def test_leftovers_are_ignored_with_a_warning(environment: Env) -> None:
    """Folders that pip renamed before it was killed are no distributions."""
    put(environment.site_packages, "plain-1.0.dist-info")
    put(environment.site_packages, "~lain-0.9.dist-info")
    found = both(environment)
    assert sorted(found["ours"]) == sorted(found["theirs"]) == ["plain"]
    leftover = environment.site_packages / "~lain-0.9.dist-info"
    assert found["warnings"] == [f"ignoring {leftover}: left behind by an interrupted pip"]


def test_vendored_metadata_off_the_path_is_not_installed(environment: Env) -> None:
    """What a package carries inside itself is its own business."""
    put(environment.site_packages, "plain-1.0.dist-info")
    put(environment.site_packages / "plain" / "_vendor", "inner-1.0.dist-info")
    found = both(environment)
    assert sorted(found["ours"]) == sorted(found["theirs"]) == ["plain"]


def test_first_on_the_path_wins_and_others_are_outside(environment: Env, tmp_path: Path) -> None:
    """PYTHONPATH comes first, is shown, and is never touched."""
    put(environment.site_packages, "both-2.0.dist-info")
    put(environment.site_packages, "inside-1.0.dist-info")
    put(tmp_path / "path", "both-1.0.dist-info")
    put(tmp_path / "path", "other-1.0.dist-info")
    found = both(environment, PYTHONPATH=str(tmp_path / "path"))
    assert {name: (each["version"], each["skip"]) for name, each in found["ours"].items()} == {
        "both": ("1.0", "outside"),
        "inside": ("1.0", None),
        "other": ("1.0", "outside"),
    }
    for name in found["ours"]:
        agree(found, name)


def test_folder_beside_the_environment_with_the_same_beginning_is_outside(environment: Env) -> None:
    """pip compares prefixes as text, and takes ``/envs/a-too`` for a part of ``/envs/a``; we do not."""
    beside = environment.path.with_name(environment.path.name + "-too")
    put(beside, "near-1.0.dist-info")
    found = both(environment, PYTHONPATH=str(beside))
    assert found["theirs"]["near"]["local"] is True
    assert found["ours"]["near"]["skip"] == "outside"


def test_parent_of_the_environment_is_outside(make_env: Callable[..., Env], tmp_path: Path) -> None:
    """With system site-packages the parent's distributions and the user's are seen, and left alone."""
    env = make_env(system_site_packages=True)
    put(env.site_packages, "mine-1.0.dist-info")
    put(user_site(env, tmp_path), "yours-1.0.dist-info")
    found = both(env, PYTHONUSERBASE=str(tmp_path / "user"))
    assert sorted(found["ours"]) == sorted(found["theirs"])
    for name in found["ours"]:
        ours, theirs = found["ours"][name], found["theirs"][name]
        assert (ours["skip"] is None) == (name == "mine") == theirs["local"]


def user_site(env: Env, tmp_path: Path) -> Path:
    """The user site of an interpreter whose user base is ``tmp_path / "user"``."""
    done = subprocess.run(
        [env.python, "-c", "import site; print(site.getusersitepackages())"],
        env=variables(env, env_vars={"PYTHONUSERBASE": str(tmp_path / "user")}),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return Path(done.stdout.strip())


def interpreter() -> Path:
    """The interpreter that this environment was made from."""
    name = Path("python.exe") if sys.platform == "win32" else Path("bin", "python{}.{}".format(*sys.version_info))
    return Path(sys.base_prefix) / name


def test_user_site_belongs_to_an_interpreter_that_is_no_environment(environment: Env, tmp_path: Path) -> None:
    """Outside virtual environments the user's own packages are told apart, and may be changed."""
    site_packages = user_site(environment, tmp_path)
    put(site_packages, "yours-1.0.dist-info")
    base = Env(path=environment.path, python=interpreter(), site_packages=site_packages)
    folders = (environment.site_packages / "zz-tests.pth").read_text().splitlines()
    found = both(
        base, PYTHONUSERBASE=str(tmp_path / "user"), PYTHONPATH=":".join(folders[:2]), PYTHONDONTWRITEBYTECODE="1"
    )
    assert sorted(found["ours"]) == sorted(found["theirs"])
    agree(found, "yours")
    assert (found["ours"]["yours"]["user"], found["ours"]["yours"]["skip"]) == (True, None)


def test_legacy_develop_install_is_editable(environment: Env, tmp_path: Path) -> None:
    """``setup.py develop`` left a line in easy-install.pth, an .egg-link, and metadata beside the source."""
    develop(environment, tmp_path / "source")
    found = both(environment)
    assert sorted(found["ours"]) == sorted(found["theirs"]) == ["my-project"]
    agree(found, "my-project")
    assert found["ours"]["my-project"]["skip"] == "editable"
    assert found["ours"]["my-project"]["requires"] == ["plain>=1.0"]


def develop(env: Env, source: Path) -> None:
    """What ``setup.py develop`` of setuptools 65 leaves behind."""
    info = source / "My_Project.egg-info"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: My-Project\nVersion: 0.3\n")
    (info / "requires.txt").write_text("plain>=1.0\n\n[test]\npytest\n")
    (env.site_packages / "My-Project.egg-link").write_text(f"{source}\n.")
    (env.site_packages / "easy-install.pth").write_text(f"{source}\n")


def test_metadata_beside_an_egg_link_is_editable_too(environment: Env, tmp_path: Path) -> None:
    """A wheel installed over a develop install is still shadowed by the link, says pip."""
    source = tmp_path / "source"
    source.mkdir()
    put(environment.site_packages, "My_Project-1.0.dist-info", METADATA="Name: My_Project\nVersion: 1.0\n")
    (environment.site_packages / "My-Project.egg-link").write_text(f"{source}\n.")
    found = both(environment)
    agree(found, "my-project")
    assert found["ours"]["my-project"]["skip"] == "editable"


def test_eggs_and_distutils_are_classified_by_pip(environment: Env) -> None:
    """Single-file metadata of distutils, flat metadata of setuptools, and an unpacked egg on the path."""
    site_packages = environment.site_packages
    (site_packages / "old_style-1.0.egg-info").write_text("Metadata-Version: 1.0\nName: old-style\nVersion: 1.0\n")
    flat = site_packages / "flat-1.0-py3.9.egg-info"
    flat.mkdir()
    (flat / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: flat\nVersion: 1.0\n")
    egg = site_packages / "hen-1.0-py3.9.egg"
    (egg / "EGG-INFO").mkdir(parents=True)
    (egg / "EGG-INFO" / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: hen\nVersion: 1.0\n")
    (site_packages / "easy-install.pth").write_text(f"{egg}\n")
    put(site_packages, "plain-1.0.dist-info")
    found = both(environment)
    assert sorted(found["ours"]) == sorted(found["theirs"])
    assert {name: each["skip"] for name, each in found["ours"].items()} == {
        "flat": "egg",
        "hen": "egg",
        "old-style": "distutils",
        "plain": None,
    }


def test_real_editable_and_local_installs(environment: Env, tmp_path: Path) -> None:
    """What this pip itself writes for ``-e`` and for a wheel given by its path."""
    pip(
        environment,
        "install",
        "--no-build-isolation",
        "--no-deps",
        "-e",
        str(make_project(tmp_path / "p", "edited", "1.0")),
    )
    pip(environment, "install", "--no-deps", str(make_wheel(tmp_path / "w", "local", "1.0", requires=["edited>=1"])))
    found = both(environment)
    assert sorted(found["ours"]) == sorted(found["theirs"]) == ["edited", "local"]
    for name in found["ours"]:
        agree(found, name)
    assert {name: each["skip"] for name, each in found["ours"].items()} == {"edited": "editable", "local": "direct-url"}


def test_current_folder_does_not_count(environment: Env) -> None:
    """``python -m`` puts the current folder on the path; what lies there is not installed, as for pip."""
    put(environment.home, "here-1.0.dist-info")
    put(environment.site_packages, "plain-1.0.dist-info")
    found = both(environment)
    assert sorted(found["ours"]) == ["plain"]


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege there")
def test_path_through_a_symbolic_link_is_the_same_environment(environment: Env, tmp_path: Path) -> None:
    """An environment may be reached by several names, as with lib64 beside lib."""
    put(environment.site_packages, "plain-1.0.dist-info")
    link = tmp_path / "link"
    link.symlink_to(environment.path)
    done = subprocess.run(
        [link / environment.python.relative_to(environment.path), "-c", BOTH],
        env=variables(environment),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found = json.loads(done.stdout)
    agree(found, "plain")
    assert found["ours"]["plain"]["skip"] is None
