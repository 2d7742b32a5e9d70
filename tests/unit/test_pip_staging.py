"""Staging, in this very process: umask, threads, failures. What pip makes of the same wheels is compared elsewhere."""

from __future__ import annotations

import csv
import errno
import importlib.util
import marshal
import os
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType

import pytest

from pip_fastupdate._pip import installer
from pip_fastupdate._pip.bytecode import compile_staged
from pip_fastupdate._pip.installer import (
    StagedWheel,
    StageFailed,
    compile_bytecode,
    prepare_process,
    stage,
    without_warnings,
)
from pip_fastupdate._pip.preload import _import_ours, import_everything
from pip_fastupdate._pip.proof import OWN_FOLDER, escaped
from pip_fastupdate.core.errors import TransactionError
from pip_fastupdate.core.files import too_long
from tests.support.wheels import make_wheel


@pytest.fixture(autouse=True)
def prepared() -> None:
    """As a run does once."""
    prepare_process()


def staged_of(tmp_path: Path, name: str = "foo", **options: object) -> StagedWheel:
    """A wheel made and staged."""
    wheel = make_wheel(tmp_path / "wheels", name, "1.0", **options)  # type: ignore[arg-type]
    return stage(wheel, name=name, root=tmp_path / "root" / name, requested=True, user=False)


def rows(staged: StagedWheel) -> list[list[str]]:
    """Its RECORD."""
    with (staged.info / "RECORD").open(newline="") as file:
        return list(csv.reader(file))


def test_all_files_are_below_the_root(tmp_path: Path) -> None:
    """And each has its later place."""
    staged = staged_of(tmp_path, scripts={"tool": "foo:main"}, data={"data/share/foo.txt": "x"})
    assert all(path.is_file() and staged.root in path.parents for path in staged.files)
    assert staged.info / "REQUESTED" in staged.files
    places = {Path(staged.mirror.live(str(path))) for path in staged.files}
    assert all(Path(sys.prefix) in path.parents for path in places)
    assert Path(sys.prefix, "share", "foo.txt") in places


def test_link_to_the_directory_of_the_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for at the top of the environment, not of the file system."""
    live, root = tmp_path / "live", tmp_path / "root"
    (live / OWN_FOLDER).mkdir(parents=True)
    (live / "share").symlink_to(OWN_FOLDER)
    monkeypatch.setattr(sys, "prefix", str(live))
    info = root / "lib/foo-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text("foo.py,,\n")
    assert escaped(root, info, root, live) is None
    (root / "share").mkdir()
    assert escaped(root, info, root, live) == os.path.realpath(live / OWN_FOLDER)


def test_many_at_once_leave_the_umask_alone(tmp_path: Path) -> None:
    """pip would ask for it, by setting it to nothing for a moment, once for every script."""
    before = os.umask(0o022)
    try:
        prepare_process()
        wheels = [make_wheel(tmp_path / "w", f"p{n}", "1.0", scripts={f"s{n}": "a:b"}) for n in range(16)]
        with ThreadPoolExecutor(8) as threads:
            jobs = [
                threads.submit(stage, each, name=f"p{n}", root=tmp_path / f"r{n}", requested=False, user=False)
                for n, each in enumerate(wheels)
            ]
            found = [job.result() for job in jobs]
        assert os.umask(0o022) == 0o022
        assert {staged.info.joinpath("RECORD").stat().st_mode & 0o777 for staged in found} == {0o644}
    finally:
        os.umask(before)


def test_warnings_are_as_before_afterwards() -> None:
    """Preparing changes nothing about them; what is ignored while wheels are staged is not ignored for ever."""
    before = warnings.filters[:]
    prepare_process()
    assert before == warnings.filters
    with without_warnings():
        compile("'\\d'", "<wheel>", "exec")
    assert before == warnings.filters
    with pytest.raises((SyntaxError, DeprecationWarning)):
        compile("'\\d'", "<wheel>", "exec")


def test_bytecode_knows_where_it_will_be(tmp_path: Path) -> None:
    """Tracebacks show the live path; RECORD lists it as pip does, sorted, without hash and size."""
    staged = staged_of(tmp_path, files={"foo/__init__.py": "", "foo/b.py": "x = 1\n"}, data={"purelib/c.py": "y = 1\n"})
    before = set(staged.files)
    compile_bytecode(staged)
    new = sorted(set(staged.files) - before)
    assert [path.name.partition(".")[0] for path in new] == ["c", "__init__", "b"]
    assert {code_of(path).co_filename for path in new} == {
        staged.mirror.live(str(staged.info.parent / name)) for name in ("c.py", "foo/__init__.py", "foo/b.py")
    }
    found = rows(staged)
    assert found == sorted(found)
    assert [row for row in found if row[0].endswith(".pyc")] == [
        [path.relative_to(staged.info.parent).as_posix(), "", ""] for path in new
    ]


def code_of(path: Path) -> CodeType:
    """The code in a file of bytecode."""
    code = marshal.loads(path.read_bytes()[16:])
    assert isinstance(code, CodeType)
    assert path.read_bytes()[:4] == importlib.util.MAGIC_NUMBER
    return code


def test_sources_that_do_not_compile_stay_sources(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Templates, other Pythons, other encodings; nothing is said about them."""
    sources = {"foo/__init__.py": "", "foo/two.py": 'print "x"\n', "foo/latin.py": b"x = '\xe9'\n", "foo/nul.py": "\0"}
    compiled = staged_of(tmp_path, files=sources)
    compile_bytecode(compiled)
    assert [path.name.partition(".")[0] for path in compiled.files if path.suffix == ".pyc"] == ["__init__"]
    assert capfd.readouterr() == ("", "")


def test_doubtful_escapes_are_not_warned_about(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """They are the author's business."""
    sources = {"foo/__init__.py": "import re\nre.compile('\\d')\n'x' is 'y'\n"}
    compiled = staged_of(tmp_path, files=sources)
    with without_warnings():
        compile_bytecode(compiled)
    assert sum(path.suffix == ".pyc" for path in compiled.files) == 1
    assert capfd.readouterr() == ("", "")


def test_wrapper_called_like_a_module_is_none(tmp_path: Path) -> None:
    """pip does not compile what it generates; a module of the same name in the package it does."""
    files = {"foo/__init__.py": "", "foo/tool.py": ""}
    compiled = staged_of(tmp_path, files=files, scripts={"tool.py": "foo:main"})
    compile_bytecode(compiled)
    assert [
        path.parent.parent.name for path in compiled.files if path.name.startswith("tool.") and path.suffix == ".pyc"
    ] == ["foo"]


def test_bytecode_that_cannot_be_written(tmp_path: Path) -> None:
    """A strange thing in its place is the wheel's fault, and is left alone."""
    staged = staged_of(tmp_path, files={"foo.py": "", "__pycache__": "a file"})
    assert compile_staged(staged.info, staged.files, Path("/live")) == []


def test_record_that_cannot_be_written(tmp_path: Path) -> None:
    """The wheel is not installed without."""
    staged = staged_of(tmp_path)
    (staged.info / "RECORD").unlink()
    (staged.info / "RECORD").mkdir()
    with pytest.raises(StageFailed, match=r"Is a directory|Permission denied"):
        compile_bytecode(staged)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody can write to")
def test_bytecode_that_nobody_could_write(tmp_path: Path) -> None:
    """Only what concerns the whole disk is an error."""
    staged = staged_of(tmp_path, files={"foo.py": ""})
    (staged.info.parent / "__pycache__").symlink_to("/proc/self")
    assert compile_staged(staged.info, staged.files, Path("/live")) == []


def test_full_disk_ends_the_run(tmp_path: Path) -> None:
    """It is not one wheel that fails; whatever else there is with the disk, it is."""
    full = installer._failure(OSError(errno.ENOSPC, "No space left on device"), tmp_path, "foo")
    assert isinstance(full, TransactionError)
    assert full.message == f"could not write to {tmp_path}: No space left on device"
    odd = installer._failure(OSError(errno.ENAMETOOLONG, "File name too long"), tmp_path, "foo")
    assert isinstance(odd, StageFailed)
    assert "File name too long" in odd.text


def test_path_that_windows_does_not_allow() -> None:
    """It says "not found" there, and means the 259 characters."""
    error = FileNotFoundError(errno.ENOENT, "The system cannot find the path specified", "C:\\" + 280 * "x")
    text = too_long(error, windows=True)
    assert text == "a path in it has 283 characters, but Windows allows 259 unless long paths are enabled"
    short = FileNotFoundError(errno.ENOENT, "The system cannot find the path specified", "C:\\x")
    assert [None, None] == [too_long(short, windows=True), too_long(error, windows=False)]


def test_failures_have_words() -> None:
    """pip's, without what it puts before them; the kind of the exception, if it has none."""
    found = installer._failure(ValueError("For req: foo. Something\n  is wrong."), Path(), "foo")
    assert isinstance(found, StageFailed)
    assert (found.kind, found.text, found.log) == ("stage", "Something is wrong", ())
    assert str(installer._failure(KeyError(), Path(), "foo")) == "KeyError"


def test_bad_zip_is_a_failure(tmp_path: Path) -> None:
    """One exception for all of them."""
    (tmp_path / "foo-1.0-py3-none-any.whl").write_bytes(b"nonsense")
    with pytest.raises(StageFailed, match="not a zip file"):
        stage(tmp_path / "foo-1.0-py3-none-any.whl", name="foo", root=tmp_path / "root", requested=False, user=False)


def test_second_set_of_metadata_is_a_failure(tmp_path: Path) -> None:
    """It would pass for another distribution."""
    with pytest.raises(StageFailed, match=r"the wheel contains metadata for foo-1\.0, other-2\.0"):
        staged_of(tmp_path, data={"purelib/other-2.0.dist-info/METADATA": "Name: other\n"})


def test_everything_can_be_imported() -> None:
    """All our modules, on whatever pip this is; twice does no harm."""
    import_everything()
    import_everything()
    assert "pip._internal.operations.install.wheel" in sys.modules
    assert "pip_fastupdate.report.table" in sys.modules


def test_extra_that_is_not_installed_is_not_in_use() -> None:
    """A module of ours that is missing, on the other hand, is missed."""
    _import_ours("surely.not.installed")
    with pytest.raises(ModuleNotFoundError):
        _import_ours("pip_fastupdate.nothing")
