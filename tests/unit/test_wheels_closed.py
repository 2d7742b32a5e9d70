"""Places that are closed to wheels, and commands as the installer makes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import File, Release
from pip_fastupdate.transaction.here import HOME
from pip_fastupdate.wheels import Inspection, Limits, inspect
from pip_fastupdate.wheels.closed import OWN_FOLDER
from tests.support.raw_wheels import FILENAME, INFO, demo, pack

DATA = "demo-1.0.data"


def look(folder: Path, files: dict[str, bytes], *, windows: bool = False) -> Inspection:
    path = folder / FILENAME
    path.write_bytes(pack(demo(files)))
    release = Release(name="demo", version=Version("1.0"), file=File(filename=FILENAME, url="", sha256="0" * 64))
    limits = Limits(windows=windows)
    return inspect(path, release, before=None, owners=lambda _: None, commands=lambda _: "/usr/bin/x", limits=limits)


def kinds(found: Inspection) -> set[str]:
    return {reason.kind for reason in found.refusals}


def test_the_closed_folder_is_that_of_the_transactions() -> None:
    """The name that wheels may not write to is the one in which recovery believes journals."""
    assert HOME == OWN_FOLDER


@pytest.mark.parametrize(
    "path",
    [
        f"{DATA}/data/.pip-fastupdate/77/journal.swapping",
        f"{DATA}/data/.PIP-FastUpdate/77/journal",
        f"{DATA}/data/.pip-fastupdate",
        f"{DATA}/data/lib64/.pip-fastupdate/x",
        f"{DATA}/scripts/.pip-fastupdate/1/journal",
        f"{DATA}/headers/.Pip-Fastupdate/1/journal",
        f"{DATA}/purelib/.pip-fastupdate/1/journal",
        f"{DATA}/platlib/a/.pip-fastupdate/1/journal",
        ".pip-fastupdate/1/journal",
        f"{DATA}/data/.pip-fastup\u00addate/1/journal",
        f"{DATA}/data/.p\u200dip-fastupdate/1/journal",
        f"{DATA}/data/.pip-fa\ufb06update/1/journal",
        f"{DATA}/data/.pip-fastupdate./1/journal",
        f"{DATA}/data/.pip-fastupdate /1/journal",
        f"{DATA}/data/.pip-fastupdate::$INDEX_ALLOCATION/1/journal",
        f"{DATA}/data/PIP-FA~1/1/journal",
        f"{DATA}/data/pip-fa~12/1/journal",
    ],
)
def test_the_program_s_own_folder_is_closed(tmp_path: Path, path: str) -> None:
    """No scheme, spelling, case or short name of it can be written to by a wheel."""
    assert {"own-folder"} == kinds(look(tmp_path, {path: b"x"}))


@pytest.mark.parametrize(
    "path",
    [
        "data/bin/python._pth",
        "data/bin/python3.11._pth",
        "scripts/python3._pth",
        "scripts/demo._pth",
        "scripts/pyvenv.cfg",
        "scripts/PYBUILDDIR.txt",
        "scripts/Modules/Setup.local",
        "scripts/python3.13t",
        "scripts/python3.11_d.exe",
        "scripts/python.exe.local",
        "scripts/python311.zip",
        "scripts/python311.dll",
        "scripts/vcruntime140.dll",
        "scripts/pypy3.10",
        "data/python311._pth",
        "data/pybuilddir.txt",
        "data/Modules/Setup.local",
        "data/version.dll",
        "data/python311.zip",
        "data/DLLs/_socket.pyd",
        "data/lib/python311.zip",
        "data/lib64/python311.zip",
        "data/lib64/python3.11/os.py",
        "data/lib/python3.11/lib-dynload/_x.so",
        "data/Lib64/Python3.11/os.py",
        "data/lib/libpython3.11.so.1.0",
        "data/lib/libpython3.11.so.1.0._pth",
        "data/lib64",
        "data/bin",
        "data/lib",
        "data/Python",
        "data/pyvenv.cfg.",
    ],
)
def test_what_the_interpreter_reads_at_its_start_is_closed(tmp_path: Path, path: str) -> None:
    """Every file of CPython's getpath, and what its loader takes from beside it."""
    assert {"interpreter-file"} == kinds(look(tmp_path, {f"{DATA}/{path}": b"x"}))


@pytest.mark.parametrize("path", ["data/Lib/os.py", "data/lib/json/__init__.py", "data/python.exe", "data/Python3.dll"])
def test_what_windows_has_elsewhere_is_closed_there(tmp_path: Path, path: str) -> None:
    """On Windows the standard library is Lib itself, and the interpreter stands at the top."""
    assert {"interpreter-file"} == kinds(look(tmp_path, {f"{DATA}/{path}": b"x"}, windows=True))


@pytest.mark.parametrize(
    "path",
    [
        "data/share/jupyter/kernels/demo/kernel.json",
        "data/lib/cmake/demo.cmake",
        "data/lib/libdemo.so",
        "data/etc/demo.dll",
        "data/include/demo.h",
        "data/lib/python3.11/site-packages/demo_more.py",
        "data/Library/bin/demo.dll",
        "data/share/python/x.py",
        "scripts/python-config",
        "scripts/demo.py",
        "scripts/pygmentize",
        "purelib/demo/python._pth",
        "headers/demo.h",
    ],
)
@pytest.mark.parametrize("windows", [False, True])
def test_what_honest_wheels_bring_is_open(tmp_path: Path, path: str, windows: bool) -> None:
    """Data, libraries and commands of ordinary wheels are let in."""
    assert set() == kinds(look(tmp_path, {f"{DATA}/{path}": b"x"}, windows=windows))


@pytest.mark.parametrize(
    "text",
    [
        "[[console_scripts]]\n../../../evil = demo:main",
        "[console_scripts]\n; ../../../evil = demo:main",
        "[console_scripts]\n;evil = demo:main",
        "[ console_scripts ]\nx = demo:main",
        "[Console_Scripts]\nx = demo:main",
        "[console_scripts]\nx ../../evil = demo:main",
        "[console_scripts]\nno function",
        "[[[gui_scripts]]]\npython3.12 = demo:main",
        "[console_scripts]\npython3._pth = demo:main",
        "[console_scripts]\nvcruntime140.dll = demo:main",
        "[console_scripts]\na;a = demo:main",
        "[console_scripts]\na:b = demo:main",
    ],
)
def test_commands_that_no_wheel_may_have(tmp_path: Path, text: str) -> None:
    """Names that lead elsewhere, or are the interpreter's, in whatever way the file says them."""
    assert {"entry-point"} == kinds(look(tmp_path, {f"{INFO}/entry_points.txt": text.encode()}))


@pytest.mark.parametrize("section", ["[console_scripts]", "[[console_scripts]]", "[[gui_scripts]"])
def test_commands_are_seen_however_the_section_is_written(tmp_path: Path, section: str) -> None:
    """A command that hides one of the system is told, in all sections of which pip makes commands."""
    found = look(tmp_path, {f"{INFO}/entry_points.txt": f"{section}\ngit = demo:main\n".encode()})
    assert ["shadows-command"] == [each.kind for each in found.warnings]


def test_other_sections_are_none_of_our_business(tmp_path: Path) -> None:
    """Comments and names of plugins may be anything that the parser takes."""
    text = "# c\n[demo.plugins]\n; ../x = demo\n../x = demo:main\n[console_scripts]\n# git = x\nrun = demo:main [x]\n"
    found = look(tmp_path, {f"{INFO}/entry_points.txt": text.encode()})
    assert (set(), ["its command 'run' would hide /usr/bin/x"]) == (kinds(found), [w.text for w in found.warnings])


def test_data_files_of_an_addition_are_told(tmp_path: Path) -> None:
    """A new package that adds files outside site-packages is not let in silently, so --strict holds it."""
    found = look(tmp_path, {f"{DATA}/data/etc/demo.conf": b"x"})
    assert ["new-data"] == [each.kind for each in found.warnings]


@pytest.mark.parametrize(
    ("field", "files"),
    [
        ("Wheel-Version", {f"{INFO}/WHEEL": b"Wheel-Version: 1." + b"9" * 5000 + b"\n"}),
        ("Wheel-Version", {f"{INFO}/WHEEL": b"Wheel-Version: " + b"1" * 5000 + b"\n"}),
        ("Wheel-Version", {f"{INFO}/WHEEL": "Wheel-Version: \u0661.0\n".encode()}),
        ("Requires-Dist", {"Requires-Dist: other>=" + "9" * 5000: b""}),
        ("Requires-Dist", {"Requires-Dist: other; python_version>'" + "9" * 5000 + "'": b""}),
        ("Requires-Python", {"Requires-Python: >=" + "9" * 5000: b""}),
    ],
)
def test_endless_numbers_refuse_the_wheel(tmp_path: Path, field: str, files: dict[str, bytes]) -> None:
    """Numbers that Python refuses to read are that wheel's fault, and end nothing else."""
    path = tmp_path / FILENAME
    wheel = files.get(f"{INFO}/WHEEL")
    metadata = f"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n{next(iter(files))}\n".encode()
    path.write_bytes(pack(demo(wheel=wheel) if wheel else demo(metadata=metadata)))
    release = Release(name="demo", version=Version("1.0"), file=File(filename=FILENAME, url="", sha256="0" * 64))
    found = inspect(path, release, before=None, owners=lambda _: None, commands=lambda _: None)
    assert {"wheel-version" if field == "Wheel-Version" else "bad-metadata"} == kinds(found)
