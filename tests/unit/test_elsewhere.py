"""What ``--python`` means, and what another interpreter is told of us."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
from importlib import metadata
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import UsageError
from pip_fastupdate.other_python import bootstrap, launch

SCRIPT = Path(bootstrap.__file__)


def executable(path: Path) -> Path:
    """A file that looks like an interpreter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("inside", ["bin/python", "bin/python3", "Scripts/python.exe", "python.exe"])
def test_folder_of_an_environment(tmp_path: Path, inside: str) -> None:
    """A virtual environment stands for the interpreter in it."""
    python = executable(tmp_path / inside)
    assert python == launch.interpreter(str(tmp_path))


def test_link_is_not_followed(tmp_path: Path) -> None:
    """A virtual environment is told by where the link is, not by where it leads to."""
    python = executable(tmp_path / "python3.99")
    link = tmp_path / "env" / "python"
    link.parent.mkdir()
    link.symlink_to(python)
    assert link == launch.interpreter(str(link))


def test_name_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mere name is that of a command."""
    python = executable(tmp_path / "python3.99")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert python == launch.interpreter("python3.99")


def test_file_in_the_current_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is a file here means that file."""
    monkeypatch.chdir(tmp_path)
    assert executable(tmp_path / "python") == launch.interpreter("python")


@pytest.mark.parametrize("name", ["pypy3", "graalpy", "py", "Python.exe"])
def test_interpreters_of_other_names(tmp_path: Path, name: str) -> None:
    """Other implementations look like one, too."""
    assert executable(tmp_path / name) == launch.interpreter(str(tmp_path / name))


def refusal(given: Path | str) -> UsageError:
    """Why it is not taken."""
    with pytest.raises(UsageError) as caught:
        launch.interpreter(str(given))
    assert caught.value.hint
    return caught.value


def test_not_an_interpreter(tmp_path: Path) -> None:
    """Each has its own sentence."""
    assert f"no Python environment found in {tmp_path}" in refusal(tmp_path).message
    assert "missing/python does not exist" in refusal(tmp_path / "missing" / "python").message
    assert "no-such-python does not exist" in refusal("no-such-python").message
    assert "does not look like a Python" in refusal(executable(tmp_path / "copy")).message
    (tmp_path / "python").symlink_to(tmp_path / "gone")
    assert f"is a broken symbolic link to {tmp_path / 'gone'}" in refusal(tmp_path / "python").message


def test_environment_whose_python_is_gone(tmp_path: Path) -> None:
    """That is what is wrong with it; not that it was no environment."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "gone")
    assert f"is a broken symbolic link to {tmp_path / 'gone'}" in refusal(tmp_path).message


@pytest.mark.skipif(os.name == "nt", reason="Windows reports such a name as missing")
def test_path_that_cannot_be_read() -> None:
    """It is refused like a missing one, and is no failure of the program."""
    assert "File name too long" in refusal("x" * 300).message
    assert "does not exist" in refusal("~no-one/bin/python").message


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission")
def test_file_that_is_not_executable(tmp_path: Path) -> None:
    """It must be allowed to run it."""
    executable(tmp_path / "python").chmod(0o644)
    assert "is not executable" in refusal(tmp_path / "python").message


def test_the_running_interpreter(tmp_path: Path) -> None:
    """It is the same by any name that lies beside it, and another one by a link elsewhere."""
    own = Path(sys.executable)
    (tmp_path / own.name).symlink_to(own)
    assert launch.is_running(own)
    assert not launch.is_running(tmp_path / own.name)
    assert launch.run(str(own), []) is None


def test_setting_of_pip_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """PIP_PYTHON has been honoured, so that pip's own parser has nothing to say about it any more."""
    monkeypatch.setenv("PIP_PYTHON", sys.executable)
    assert launch.run(sys.executable, []) is None
    assert "PIP_PYTHON" not in os.environ


def test_specification() -> None:
    """It names what is borrowed by its folder, and what is hidden."""
    found = json.loads(launch.specification("/x/python"))
    folders = {name: folder for folder, names in found["folders"].items() for name in names}
    assert ("/x/python", bootstrap.abi()) == (found["given"], found["abi"])
    assert str(SCRIPT.parents[2]) == folders["pip_fastupdate"]
    assert {"attr", "certifi", "mdurl", "msgspec", "packaging", "pip", "requests", "requests_cache"} <= set(folders)
    assert all((Path(folders["msgspec"]) / each).exists() for each in ("msgspec", "pip"))
    assert set(launch.OPTIONAL) <= set(folders)
    assert not set(folders) & sys.stdlib_module_names


def lend(folder: Path, name: str, *modules: str, requires: str = "") -> None:
    """Install a distribution with these modules."""
    info = folder / f"{name.replace('-', '_')}-1.dist-info"
    info.mkdir(parents=True)
    lines = [f"Requires-Dist: {requires}"] if requires else []
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", f"Name: {name}", "Version: 1", *lines, ""]))
    (info / "RECORD").write_text("".join(f"{each},,\n" for each in modules))
    for each in modules:
        (folder / each).parent.mkdir(parents=True, exist_ok=True)
        (folder / each).write_text("")


def test_file_systems_are_borrowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that fsspec's extras name, with all that they require; no others, and none of the target's."""
    pytest.importorskip("fsspec")
    first, second = tmp_path / "first", tmp_path / "second"
    lend(first, "gcsfs", "gcsfs/__init__.py", requires="cloudy-auth[x]; python_version > '3'")
    lend(first, "cloudy-auth", "cloudy/auth/__init__.py", requires="cloudy-storage")
    lend(second, "cloudy-storage", "cloudy/storage/__init__.py")
    lend(first, "bystander", "bystander.py", requires="fsspec")
    for folder in (second, first):
        monkeypatch.syspath_prepend(str(folder))
    specification = json.loads(launch.specification("/x/python"))
    found = specification["folders"]
    assert {"cloudy-auth", "fsspec", "gcsfs"} <= set(specification["optional"])
    assert not {"pip", "requests", "pip-fastupdate"} & set(specification["optional"])
    assert {"cloudy", "gcsfs"} == set(found[str(first)])
    assert ["cloudy"] == found[str(second)]
    assert ("smbprotocol" in found[""]) == (importlib.util.find_spec("smbprotocol") is None)
    assert "pre_commit" not in found[""], "for development"


def test_namespace_package_of_several_folders(tmp_path: Path) -> None:
    """Its parts are borrowed from where they are, even after sys.path was changed."""
    for each in ("first", "second"):
        (tmp_path / each / "cloudy").mkdir(parents=True)
        (tmp_path / each / "cloudy" / f"{each}.py").write_text("")
    target = tmp_path / "target"
    (target / "cloudy").mkdir(parents=True)
    (target / "cloudy" / "first.py").write_text("raise SystemExit('the one of the target')")
    script = [
        f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import bootstrap; del sys.path[0]",
        f"bootstrap.install({ {str(tmp_path / each): ['cloudy'] for each in ('first', 'second')}!r}, [])",
        f"import cloudy, importlib; sys.path.insert(0, {str(target)!r}); importlib.invalidate_caches()",
        "import cloudy.first, cloudy.second",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(script)], check=True)


def test_version_of_a_borrowed_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some read it when they are imported; the target's own distributions are those in every list, and found first."""
    ours, target = tmp_path / "ours", tmp_path / "target"
    lend(ours, "Shell-Files", "shell_files.py")
    lend(ours, "needed", "needed.py")
    lend(target, "other", "other.py")
    finder = bootstrap.Borrowed({"shell_files": [str(ours)]}, frozenset(), frozenset({"shell-files"}))
    monkeypatch.setattr(sys, "path", [str(target)])
    before = sorted(each.name for each in metadata.distributions())
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    assert "1" == metadata.version("shell_files") == metadata.version("other")
    assert before == sorted(each.name for each in metadata.distributions())
    assert [] == list(metadata.distributions(name="shell-files", path=[str(target)]))
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("needed")


def distribution(folder: Path, **files: str) -> PathDistribution:
    """A distribution with these files in its ``.dist-info``."""
    info = folder / "x-1.dist-info"
    info.mkdir()
    for name, text in files.items():
        (info / name).write_text(text)
    return PathDistribution(info)


def test_modules_of_a_distribution(tmp_path: Path) -> None:
    """Packages, modules and compiled modules are told from everything else that it brings."""
    record = [
        "pkg/__init__.py,,",
        '"other/a,b.py",,',
        "single.py,,",
        "0a1b__mypyc.cpython-311-x86_64-linux-gnu.so,,",
        "fast.cp311-win_amd64.pyd,,",
        "../../../bin/tool,,",
        "x-1.dist-info/RECORD,,",
        "__pycache__/single.cpython-311.pyc,,",
        "hook.pth,,",
    ]
    found = launch.top_level(distribution(tmp_path, RECORD="\n".join(record)))
    assert {"pkg", "other", "single", "fast"} == found


def test_the_standard_library_is_the_targets_own(tmp_path: Path) -> None:
    """Whatever a RECORD or a top_level.txt lists, nothing of it is borrowed."""
    record = "os.py,,\njson/__init__.py,,\na.py,,\n"
    found = distribution(tmp_path, RECORD=record, **{"top_level.txt": "sys\nencodings\nb\n"})
    assert {"a", "b"} == launch.top_level(found)


def test_modules_of_a_distribution_without_a_record(tmp_path: Path) -> None:
    """Distributors of operating systems leave RECORD out, but top_level.txt in."""
    assert {"a", "b"} == launch.top_level(distribution(tmp_path, **{"top_level.txt": "a\nb\n"}))


OURS = {"given": "/x/python", "version": "3.11", "abi": "cpython-311-x86_64-linux-gnu"}


@pytest.mark.parametrize(
    ("version", "abi", "words"),
    [
        ((2, 7, 18), "", "/x/python is Python 2.7.18; pip-update requires 3.10 or newer"),
        ((3, 9, 1), "cpython-39-x86_64-linux-gnu", "Python 3.9.1; pip-update requires 3.10"),
        (
            (3, 12, 1),
            "cpython-312-x86_64-linux-gnu",
            "is Python 3.12.1 (cpython-312-x86_64-linux-gnu), but this pip-update is compiled",
        ),
        ((3, 11, 9), "cpython-311d-x86_64-linux-gnu", "(cpython-311d-x86_64-linux-gnu)"),
        ((3, 11, 9), "pypy311-pp73-x86_64-linux-gnu", "for Python 3.11 (cpython-311-x86_64-linux-gnu) only"),
    ],
)
def test_interpreter_that_will_not_do(version: tuple[int, int, int], abi: str, words: str) -> None:
    """The sentence tells what it is and what would be needed."""
    found = bootstrap.complaint(OURS, version, abi)
    assert found is not None
    assert words in found[0]


def test_interpreter_that_will_do() -> None:
    """Another patch level is no hindrance."""
    assert bootstrap.complaint(OURS, (3, 11, 99), OURS["abi"]) is None


def test_refusal_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter itself says that it will not do, as the program would say it, and nothing has changed."""
    finders, modules = list(sys.meta_path), set(sys.modules)
    monkeypatch.setenv(bootstrap.VARIABLE, json.dumps({**OURS, "abi": "another", "folders": {}}))
    assert 2 == bootstrap.main(["--check"])
    out, err = capsys.readouterr()
    assert ("", "error: ", "hint: ") == (out, err[:7], err.splitlines()[1][:6])
    assert (finders, set()) == (sys.meta_path, {"pip_fastupdate"} & (set(sys.modules) - modules))


def test_processor_counts_where_tags_do_not_tell() -> None:
    """On macOS compiled modules for either processor have the same names."""
    if os.name == "nt":
        pytest.skip("there is no os.uname")
    assert f"{bootstrap.abi('linux')}-{os.uname().machine}" == bootstrap.abi("darwin")


def test_hint_names_the_version() -> None:
    """What to type is complete."""
    found = bootstrap.complaint(OURS, (3, 12, 1), "cpython-312")
    assert found is not None
    assert "run `uvx --python 3.12 --from pip-fastupdate pip-update --python /x/python" in found[1]


def test_finder(tmp_path: Path) -> None:
    """Borrowed modules come from their folder, hidden ones from nowhere, others from where they are."""
    (tmp_path / "lent.py").write_text("")
    finder = bootstrap.Borrowed({"lent": [str(tmp_path)], "gone": [str(tmp_path)]}, frozenset({"hidden"}))
    spec = finder.find_spec("lent")
    assert str(tmp_path / "lent.py") == getattr(spec, "origin", None)
    assert [None, None, None] == [finder.find_spec(name) for name in ("gone", "json", "lent.inner")]
    with pytest.raises(ModuleNotFoundError):
        finder.find_spec("hidden")


def test_old_interpreters_can_read_the_script() -> None:
    """Nothing in it is newer than what Python 2.7 and 3.5 have in common, as far as the syntax tree tells."""
    tree = ast.parse(SCRIPT.read_text(encoding="ascii"), feature_version=(3, 5))
    newer = (
        ast.JoinedStr,
        ast.AnnAssign,
        ast.NamedExpr,
        ast.AsyncFunctionDef,
        ast.Nonlocal,
        ast.YieldFrom,
        ast.Starred,
    )
    assert [] == [each for each in ast.walk(tree) if isinstance(each, newer)]
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
    assert all(each.returns is None and not each.args.kwonlyargs for each in functions)
    assert all(argument.annotation is None for each in functions for argument in each.args.args)


@pytest.mark.parametrize("windows", [True, False])
def test_program_that_cannot_be_started(tmp_path: Path, windows: bool) -> None:
    """The operating system's reason is told."""
    broken = executable(tmp_path / "python")
    broken.write_bytes(b"\x7fELF, but not really")
    with pytest.raises(UsageError, match=r"could not run .*python: .*format"):
        launch.replace_process([str(broken)], {}, windows=windows)
