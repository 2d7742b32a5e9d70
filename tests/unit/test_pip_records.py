"""RECORD files made by hand: whose is what, however odd the paths."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pip_fastupdate.core.files import real
from pip_fastupdate.core.models import Distribution, Inventory, Reason
from pip_fastupdate.environment import installed_files
from pip_fastupdate.environment.paths import Site
from tests.unit.test_pip_scan import put, scan, site_of


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A site-packages two levels below its environment."""
    folder = tmp_path / "env" / "lib" / "packages"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def site(packages: Path) -> Site:
    """The environment of ``packages``."""
    plain = site_of(packages)
    root = real(str(packages.parents[1]))
    return Site(prefix=root, virtual=True, packages=plain.packages, user=None, standard_library="", roots=(root,))


def distribution(packages: Path, *rows: str, **files: str | bytes) -> Distribution:
    """One called foo with these rows in its RECORD."""
    put(packages, "foo-1.dist-info", RECORD="".join(f"{row}\n" for row in rows), **files)
    return scan(packages)["foo"]


def paths(found: Distribution, site: Site) -> list[Path]:
    """The files of a distribution."""
    return list(map(Path, installed_files.installed_files(found, site)))


def make(path: Path) -> Path:
    """An empty file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return path


def test_existing_files_and_nothing_else(packages: Path, site: Site) -> None:
    """Files that are listed and there, in folders and above; no folders, nothing twice."""
    module, script = make(packages / "foo" / "a b.py"), make(packages.parents[1] / "bin" / "foo")
    found = distribution(
        packages, '"foo/a b.py",,', "../../bin/foo,,", "../../bin/foo,,", "foo/gone.py,,", "foo/,,", "foo,,", ""
    )
    own = {"METADATA", "RECORD", "INSTALLER"}
    expected = {module, script, *(found.info / name for name in own)}
    assert set(paths(found, site)) == expected
    assert paths(found, site) == sorted(expected, key=str)


def test_bytecode_of_every_kind(packages: Path, site: Site) -> None:
    """Beside the source, below it, of every optimization; not that of other interpreters or modules."""
    tag = sys.implementation.cache_tag
    wanted = [make(packages / name) for name in ("foo.py", "foo.pyc", "foo.pyo")]
    wanted += [make(packages / "__pycache__" / f"foo.{tag}{opt}.pyc") for opt in ("", ".opt-1", ".opt-2")]
    make(packages / "__pycache__" / "foo.cpython-27.pyc")
    make(packages / "__pycache__" / f"foobar.{tag}.pyc")
    files = paths(distribution(packages, "foo.py,,"), site)
    assert {path for path in files if path.parent.suffix != ".dist-info"} == set(wanted)


@pytest.mark.parametrize(
    "row", ["../../../precious", "{absolute}", "link/precious", "../../bin/../../../precious", "//precious", "/,,"]
)
def test_nothing_outside_of_the_environment(packages: Path, site: Site, tmp_path: Path, row: str) -> None:
    """However RECORD gets there."""
    precious = make(tmp_path / "precious")
    (packages / "link").symlink_to(tmp_path)
    files = paths(distribution(packages, row.format(absolute=precious) + ",,"), site)
    assert {path.parent.name for path in files} == {"foo-1.dist-info"}
    assert precious.exists()


def test_everything_in_its_own_folder(packages: Path, site: Site) -> None:
    """A file that somebody put there later would keep the folder, and with it the distribution, alive."""
    found = distribution(packages, "foo-1.dist-info/METADATA,,")
    extra = [make(found.info / "uv_cache.json"), make(found.info / "licenses" / "deep" / "LICENSE")]
    assert set(extra) <= set(paths(found, site))


def test_links_on_the_way_are_followed(packages: Path, site: Site) -> None:
    """Two spellings of one file are one file."""
    real_file = make(packages / "real" / "sub" / "x.txt")
    (packages / "alias").symlink_to("real")
    found = distribution(packages, "alias/sub/x.txt,,", "real/sub/../sub/./x.txt,,")
    assert [path for path in paths(found, site) if path.name == "x.txt"] == [real_file]


def test_record_that_is_missing_or_not_text(packages: Path, site: Site) -> None:
    """Nothing is known then, except for what is in the folder."""
    found = distribution(packages, "foo.py,,")
    (found.info / "RECORD").write_bytes(b"caf\xe9.py,,\n")
    assert installed_files.recorded_files(found) == {"caf\udce9.py"}
    (found.info / "RECORD").unlink()
    assert installed_files.recorded_files(found) == frozenset()
    assert installed_files.has_bytecode(found) is False
    assert {path.name for path in paths(found, site)} == {"METADATA", "INSTALLER"}


def test_owners_by_path(packages: Path, site: Site) -> None:
    """Existing or not."""
    found = distribution(packages, "foo.py,,", "../../bin/foo,,")
    expected = {packages / "foo.py": "foo", packages.parents[1] / "bin" / "foo": "foo"}
    assert installed_files.owners([found], site) == {str(path): name for path, name in expected.items()}


def test_entry_points(tmp_path: Path) -> None:
    """Console and GUI scripts, as pip makes them: a semicolon begins no comment."""
    (tmp_path / "entry_points.txt").write_text(
        "[console_scripts]\n# comment = x\n; other = y\n tool = a:b\nspaced   =a:b [x]\nnonsense\n"
        "[plugins]\nplugin = a:b\n\n[gui_scripts]\nwin=a:b\n"
    )
    assert list(installed_files.entry_points(tmp_path)) == ["other", "tool", "spaced", "win"]
    assert list(installed_files.entry_points(tmp_path / "nowhere")) == []


def test_scripts_are_found_by_record_and_by_entry_point(packages: Path) -> None:
    """The running interpreter's folder for scripts is what counts."""
    from pip_fastupdate.environment.paths import scheme_paths

    scripts = os.path.relpath(os.path.realpath(scheme_paths()["scripts"]), os.path.realpath(packages))
    found = distribution(
        packages, f"{scripts}/run,,", "../other/x,,", **{"entry_points.txt": "[console_scripts]\nt = a:b\n"}
    )
    assert installed_files.console_scripts(found) == {"run", "t"}
    find = installed_files.script_owners(Inventory(distributions=(found,)))
    assert (find("run"), find("t"), find("x")) == ("foo", "foo", None)


def test_majority_of_those_that_can_be_upgraded(packages: Path) -> None:
    """What is skipped has no vote; an even split, and nothing at all, mean no."""
    compiled = distribution(packages, "foo.py,,", "__pycache__/foo.cpython-311.pyc,,")
    put(packages, "bar-1.dist-info", RECORD="bar.py,,\n")
    put(packages, "conda-1.dist-info", INSTALLER="conda", RECORD="x.pyc,,\n")
    everything = scan(packages)
    assert installed_files.has_bytecode(compiled)
    assert installed_files.mostly_bytecode({"foo": compiled})
    assert not installed_files.mostly_bytecode(everything)
    assert not installed_files.mostly_bytecode({})
    assert not installed_files.mostly_bytecode({"conda": everything["conda"]})


def test_legacy_distribution_has_no_folder_of_its_own(packages: Path, site: Site, tmp_path: Path) -> None:
    """It is never replaced, but may be asked."""
    info = make(tmp_path / "source" / "foo.egg-info" / "PKG-INFO").parent
    found = Distribution(
        name="foo",
        version=distribution(packages).version,
        location=info.parent,
        info_name=str(info),
        skip=Reason(kind="editable", text="x"),
    )
    assert paths(found, site) == []
