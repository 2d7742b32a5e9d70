"""The scan on folders made by hand, without pip and without another process."""

from __future__ import annotations

import builtins
import io
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pip_fastupdate.core.files import real
from pip_fastupdate.core.models import Distribution, Inventory
from pip_fastupdate.environment import paths
from pip_fastupdate.environment import scan as scanner
from pip_fastupdate.environment.direct_url import editable, is_valid, origin, without_credentials
from pip_fastupdate.environment.dist_info import Folder, read
from pip_fastupdate.environment.paths import Site


def site_of(packages: Path, user: Path | None = None) -> Site:
    """An environment whose site-packages are ``packages``."""
    prefix = real(str(packages.parent))
    return Site(
        prefix=prefix,
        virtual=True,
        packages=frozenset([real(str(packages))]),
        user=None if user is None else real(str(user)),
        standard_library=str(packages),
        roots=(prefix,),
    )


def put(folder: Path, info: str, requires: str = "", **files: str | bytes) -> Path:
    """A ``.dist-info`` folder as pip would leave it; ``files`` are added or replaced."""
    name, _, version = info.removesuffix(".dist-info").partition("-")
    path = folder / info
    path.mkdir(parents=True)
    content: dict[str, str | bytes] = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}\n",
        "RECORD": f"{info}/METADATA,,\n",
        "INSTALLER": "pip\n",
        **files,
    }
    for file, text in content.items():
        path.joinpath(file).write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def scan(*folders: Path, user: Path | None = None, user_only: bool = False) -> dict[str, Distribution]:
    """What is found on a path of these folders, of which the first is the environment's."""
    site = site_of(folders[0], user)
    return scanner.scan(site=site, paths=[str(each) for each in folders], user=user_only).by_name()


def kind(distribution: Distribution) -> str | None:
    """Why it is skipped."""
    return distribution.skip and distribution.skip.kind


def test_everything_there_is_to_know(tmp_path: Path) -> None:
    """One distribution with all its fields."""
    info = put(tmp_path, "Foo.Bar-1.0.post1.dist-info", "Requires-Dist: baz>=1", REQUESTED="")
    assert scan(tmp_path) == {
        "foo-bar": Distribution(
            name="foo-bar",
            version=scan(tmp_path)["foo-bar"].version,
            requires=("baz>=1",),
            location=tmp_path,
            info_name=info.name,
            requested=True,
        )
    }
    assert str(scan(tmp_path)["foo-bar"].version) == "1.0.post1"


def test_sorted_and_without_what_is_not_there(tmp_path: Path) -> None:
    """A path may name folders that do not exist, files, and itself twice."""
    packages = tmp_path / "packages"
    for name in ("b", "c", "a"):
        put(packages, f"{name}-1.dist-info")
    (tmp_path / "python.zip").write_bytes(b"")
    found = scanner.scan(
        site=site_of(packages), paths=[str(packages), str(tmp_path / "python.zip"), "/nowhere", str(packages)]
    )
    assert [each.name for each in found.distributions] == ["a", "b", "c"]


@pytest.mark.parametrize("installer", ["", "pip", "uv", "pip\n", "\n\nuv \n", b"\xff\xfe"])
def test_installers_that_leave_it_to_us(tmp_path: Path, installer: str | bytes) -> None:
    """pip, uv, nobody, and what cannot be read."""
    put(tmp_path, "foo-1.dist-info", INSTALLER=installer)
    assert kind(scan(tmp_path)["foo"]) is None


@pytest.mark.parametrize("installer", ["conda", "Debian 12", "rpm", "brew", "micromamba\t2", "nix", "apt"])
def test_package_managers_with_books_of_their_own_are_named(tmp_path: Path, installer: str) -> None:
    """Also in the data, for programs."""
    put(tmp_path, "foo-1.dist-info", INSTALLER=f"{installer}\n")
    reason = scan(tmp_path)["foo"].skip
    assert reason is not None
    assert (reason.kind, reason.data) == ("other-installer", {"installer": installer})
    assert installer in reason.text


@pytest.mark.parametrize("installer", ["Poetry 1.8.2", "pdm", "rye", "uv-pixi", "hatch", "aptly", "nixpkgs-free", "?"])
def test_other_writers_of_standard_wheels_are_remembered(tmp_path: Path, installer: str) -> None:
    """Nothing keeps their distributions from being updated, as pip does."""
    put(tmp_path, "foo-1.dist-info", INSTALLER=f"{installer}\n")
    found = scan(tmp_path)["foo"]
    assert (found.skip, found.installer) == (None, installer)


def test_user_site_and_only_it(tmp_path: Path) -> None:
    """Both are managed, unless the user asked for one alone."""
    put(tmp_path / "system", "foo-1.dist-info")
    put(tmp_path / "user", "bar-1.dist-info")
    both = scan(tmp_path / "system", tmp_path / "user", user=tmp_path / "user")
    assert {name: (each.user_site, kind(each)) for name, each in both.items()} == {
        "foo": (False, None),
        "bar": (True, None),
    }
    alone = scan(tmp_path / "system", tmp_path / "user", user=tmp_path / "user", user_only=True)
    assert {name: kind(each) for name, each in alone.items()} == {"foo": "outside", "bar": None}


def test_order_of_reasons(tmp_path: Path) -> None:
    """What is outside is so before all else but being editable; the URL before the missing RECORD."""
    url = '{"url": "https://x.invalid/a", "archive_info": {}}'
    outside = tmp_path / "outside"
    put(outside, "a-1.dist-info", **{"direct_url.json": url, "INSTALLER": "conda"})
    put(outside, "b-1.dist-info", **{"direct_url.json": '{"url": "file:///b", "dir_info": {"editable": true}}'})
    packages = tmp_path / "packages"
    put(packages, "c-1.dist-info", **{"direct_url.json": url, "INSTALLER": "conda"})
    info = put(packages, "d-1.dist-info", **{"direct_url.json": url})
    (info / "RECORD").unlink()
    found = scan(packages, outside)
    assert {name: kind(each) for name, each in found.items()} == {
        "a": "outside",
        "b": "editable",
        "c": "other-installer",
        "d": "direct-url",
    }


def test_unreadable_metadata(tmp_path: Path) -> None:
    """A folder in place of the file is a distribution that is left alone."""
    info = put(tmp_path, "foo-1.dist-info")
    (info / "METADATA").unlink()
    (info / "METADATA").mkdir()
    reason = scan(tmp_path)["foo"].skip
    assert reason is not None
    assert reason.text.startswith("could not read its metadata")


def test_old_name_of_metadata(tmp_path: Path) -> None:
    """importlib.metadata, and so pip, takes PKG-INFO where there is no METADATA."""
    info = put(tmp_path, "foo-1.dist-info")
    (info / "METADATA").rename(info / "PKG-INFO")
    assert kind(scan(tmp_path)["foo"]) is None


def test_no_version_at_all(tmp_path: Path) -> None:
    """Neither in the folder's name nor in the metadata."""
    put(tmp_path, "foo.dist-info", METADATA="Name: foo\n")
    found = scan(tmp_path)["foo"]
    assert ("0", None) == (str(found.version), found.skip)
    assert ["no version in the installed metadata"] == [each.text for each in found.notes]


def test_odd_names_are_ignored_with_a_warning(tmp_path: Path) -> None:
    """Left-overs and what could be no project's name."""
    put(tmp_path, "~foo-1.dist-info")
    put(tmp_path, "-1.dist-info")
    warnings: list[str] = []
    found = scanner.scan(warnings.append, site=site_of(tmp_path), paths=[str(tmp_path)])
    assert found == Inventory(distributions=())
    assert len(warnings) == 2


def test_known_metadata_beside_the_source_does_not_take_pip(tmp_path: Path) -> None:
    """An egg-info of what an earlier folder has already (our own, in development) is passed over at once."""
    put(tmp_path / "packages", "foo_bar-1.dist-info")
    (tmp_path / "source" / "Foo_Bar.egg-info").mkdir(parents=True)
    assert list(scan(tmp_path / "packages", tmp_path / "source")) == ["foo-bar"]


def test_legacy_metadata_is_left_to_pip(tmp_path: Path) -> None:
    """Distutils, setuptools and eggs, each with its reason."""
    packages = tmp_path / "packages"
    put(packages, "plain-1.dist-info")
    (packages / "Old-1.0.egg-info").write_text("Metadata-Version: 1.0\nName: Old\nVersion: 1.0\n")
    (packages / "flat-1.0.egg-info").mkdir()
    (packages / "flat-1.0.egg-info" / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: flat\nVersion: bad!\n")
    (packages / "flat-1.0.egg-info" / "requires.txt").write_text("plain\n>nonsense\n")
    egg = tmp_path / "hen-1.0.egg"
    (egg / "EGG-INFO").mkdir(parents=True)
    (egg / "EGG-INFO" / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: hen\nVersion: 1.0\n")
    found = scan(packages, egg)
    assert {name: kind(each) for name, each in found.items()} == {
        "flat": "egg",
        "hen": "egg",
        "old": "distutils",
        "plain": None,
    }
    assert (str(found["flat"].version), found["flat"].requires) == ("0", ("plain",))


def test_legacy_metadata_elsewhere_is_outside(tmp_path: Path) -> None:
    """Debian's own packages, for one."""
    (tmp_path / "packages").mkdir()
    info = tmp_path / "dist-packages" / "flat-1.0.egg-info"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: flat\nVersion: 1.0\n")
    assert kind(scan(tmp_path / "packages", tmp_path / "dist-packages")["flat"]) == "outside"


def test_legacy_metadata_that_pip_cannot_read_is_told(tmp_path: Path) -> None:
    """It is not installed for pip either."""
    info = tmp_path / "flat-1.0.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_bytes(b"Metadata-Version: 1.0\nName: caf\xe9\nVersion: 1.0\n")
    warnings: list[str] = []
    scanner.scan(warnings.append, site=site_of(tmp_path), paths=[str(tmp_path)])
    assert len(warnings) == 1
    assert "pip could not read" in warnings[0]


def test_zipped_egg_is_an_egg(tmp_path: Path) -> None:
    """On the path itself, as easy_install left it."""
    import zipfile

    egg = tmp_path / "hen-1.0-py3.9.egg"
    with zipfile.ZipFile(egg, "w") as archive:
        archive.writestr("EGG-INFO/PKG-INFO", "Metadata-Version: 1.0\nName: hen\nVersion: 1.0\n")
    (tmp_path / "packages").mkdir()
    assert kind(scan(tmp_path / "packages", egg)["hen"]) == "egg"


def test_thousand_distributions_read_one_file_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two opened files and one listed folder a distribution: what keeps a thousand of them at a tenth of a second."""
    for number in range(50):
        put(tmp_path, f"p{number}-1.dist-info", "Requires-Dist: x ; extra == 'y'", WHEEL="", LICENSE="")
    opened: list[str] = []

    def watched(what: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def record(path: Any, *arguments: Any, **options: Any) -> Any:
            opened.extend([what] if str(path).startswith(str(tmp_path)) else [])
            return call(path, *arguments, **options)

        return record

    for module, name in ((os, "listdir"), (os, "scandir"), (os, "open"), (builtins, "open"), (io, "open")):
        monkeypatch.setattr(module, name, watched(name, getattr(module, name)))
    began = time.perf_counter()
    found = scan(tmp_path)
    seconds = time.perf_counter() - began
    monkeypatch.undo()
    assert len(found) == 50
    assert (opened.count("listdir"), opened.count("scandir"), opened.count("open")) == (50, 1, 100)
    assert seconds < 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"url": "https://u:p@x.invalid/a", "vcs_info": {"vcs": "git"}}', ("direct-url", "git+https://x.invalid/a")),
        ('{"url": "file:///a", "dir_info": {"editable": true}}', ("editable", "file:///a")),
        ('{"url": "file:///a", "dir_info": {"editable": "yes"}}', ("direct-url", "file:///a")),
        ('{"url": "file:///a", "archive_info": {}}', ("direct-url", "file:///a")),
        ("not json", ("direct-url", "its direct_url.json is invalid")),
        ('{"url": "file:///a"}', ("direct-url", "its direct_url.json is invalid")),
        ("[]", ("direct-url", "its direct_url.json is invalid")),
    ],
)
def test_direct_urls(tmp_path: Path, content: str, expected: tuple[str, str]) -> None:
    """Editable or not, told without credentials; what cannot be read counts as well."""
    (tmp_path / "direct_url.json").write_text(content)
    reason = origin(str(tmp_path))
    assert (reason.kind, expected[1] in reason.text) == (expected[0], True)
    assert "u:p" not in reason.text + str(reason.data)


def test_direct_url_that_is_missing_or_binary(tmp_path: Path) -> None:
    """It may have gone meanwhile."""
    assert origin(str(tmp_path)).kind == "direct-url"
    (tmp_path / "direct_url.json").write_bytes(b"\xff\xfe\x00")
    assert origin(str(tmp_path)).kind == "direct-url"


def test_exactly_one_kind_of_origin() -> None:
    """PEP 610."""
    assert is_valid({"url": "x", "dir_info": {}})
    assert not is_valid({"url": "x", "dir_info": {}, "vcs_info": {}})
    assert not is_valid({"url": 1, "dir_info": {}})
    assert not is_valid({"url": "x", "dir_info": None})


def test_egg_links_have_names_of_two_ages() -> None:
    """With dashes before setuptools 69, as they are since."""
    assert editable("My_Project", {"My-Project"}) is not None
    assert editable("My_Project", {"My_Project"}) is not None
    assert editable("My_Project", {"other"}) is None


def test_credentials_go_from_urls() -> None:
    """All between the slashes and the last at sign."""
    assert without_credentials("https://u:p%40@h:1/x?y#z") == "https://h:1/x?y#z"
    assert without_credentials("../wheels") == "../wheels"


def test_locations_of_the_running_interpreter() -> None:
    """Whatever it is, pip agrees about where it installs."""
    from pip._internal.locations import get_scheme

    theirs = get_scheme("")
    assert paths.scheme_paths() == {key: getattr(theirs, key) for key in ("purelib", "platlib", "scripts", "data")}
    theirs = get_scheme("", user=True)
    assert paths.scheme_paths(user=True)["purelib"] == theirs.purelib
    site = paths.current()
    assert site.packages == {real(get_scheme("").purelib), real(get_scheme("").platlib)}
    assert (site.virtual, site.prefix) == (sys.prefix != sys.base_prefix, real(sys.prefix))
    assert scanner.folders()


def test_locations_without_a_virtual_environment() -> None:
    """The user's own site-packages count there, if the interpreter looks at them."""
    import site

    found = paths.describe(virtual=False, user_enabled=True)
    assert found.user == real(site.getusersitepackages())
    assert found.permits(real(site.getuserbase()))
    assert paths.describe(virtual=False, user_enabled=False).user is None
    assert paths.describe(virtual=True, user_enabled=True).user is None


@pytest.mark.filterwarnings("ignore")
def test_distributor_who_decided_against_sysconfig() -> None:
    """pip is asked, and says the same where nothing was patched."""
    assert paths.scheme_paths(by_sysconfig=False) == paths.scheme_paths()


def test_permitted_paths_are_below_the_roots(tmp_path: Path) -> None:
    """A folder beside one, with the same beginning, is not below it."""
    site = site_of(tmp_path / "env" / "packages")
    assert site.permits(real(str(tmp_path / "env")))
    assert site.permits(real(str(tmp_path / "env" / "x")))
    assert not site.permits(real(str(tmp_path / "env-too")))


def test_search_path_without_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``python -m`` puts it first; anywhere else it was put by the user."""
    monkeypatch.chdir(tmp_path)
    assert paths.search_path([str(tmp_path), "/a", "", str(tmp_path)]) == ["/a", ".", str(tmp_path)]
    assert paths.search_path(["/a", tmp_path]) == ["/a", str(tmp_path)]
    assert paths.search_path([]) == []
    assert paths.search_path()[-1] == sys.path[-1]


def test_target_is_the_running_interpreter() -> None:
    """Its versions without what a development build adds."""
    import pip

    found = scanner.target()
    assert (found.pip, str(found.executable)) == (pip.__version__, sys.executable)
    assert found.python.startswith("{}.{}.{}".format(*sys.version_info))


@pytest.mark.skipif(os.name == "nt" or not Path("/proc").is_dir(), reason="needs a folder that nobody can write to")
def test_writing_is_tried(tmp_path: Path) -> None:
    """Permissions do not tell everything: nobody makes files in /proc, not even root."""
    assert scanner._accepts_files(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not scanner._accepts_files(Path("/proc"))
    assert scanner.is_writable(folders=[str(tmp_path), str(tmp_path / "not" / "yet")]) is None
    assert scanner.is_writable(folders=[str(tmp_path), "/proc/not/there"]) == "/proc"


def test_folder_that_vanishes_while_it_is_read(tmp_path: Path) -> None:
    """Somebody else uninstalls it at this very moment: told as damaged, not as an error of ours."""
    folder = Folder(path=str(tmp_path), location=tmp_path, managed=True, user=False)
    found = read(folder, "gone-1.dist-info", "gone", ["1"], set())
    assert (kind(found), str(found.version)) == ("no-record", "1")
