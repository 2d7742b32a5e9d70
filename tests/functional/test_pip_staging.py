"""Staging against ``pip install``: the same trees, whatever is in the wheels, on whatever pip runs the tests."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import Env, pip, tree, variables
from tests.support.wheels import make_wheel

STAGE = """
import json, os, sys, zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

events = []
sys.addaudithook(lambda name, data: events.append(name) if name in WATCHED else None)
WATCHED = {"subprocess.Popen", "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system"}

from pip_fastupdate._pip import settings as config, installer as staging
from pip_fastupdate.environment import scan as environment, guard

order = json.loads(sys.argv[1])
guard.check(config.settings(["--timeout", "3"]).settings)
environment.scan()
staging.prepare_process()


def bring(path, requested):
    name = Path(path).name.partition("-")[0]
    unpack = None
    if order["known"]:
        with zipfile.ZipFile(path) as archive:
            contents = {info.filename: archive.read(info) for info in archive.infolist()}
        unpack = lambda name: (contents[name][:5], contents[name][5:])
    staged = staging.stage(
        Path(path), name=name, root=Path(order["staging"], name), requested=requested, user=False, unpack=unpack
    )
    if order["compile"]:
        staging.compile_bytecode(staged)
    return staged


with staging.without_warnings(), ThreadPoolExecutor(4) as threads:
    results = list(threads.map(bring, order["wheels"], order["requested"]))
for staged in results:
    assert staged.info.is_dir() and staged.info.suffix == ".dist-info"
    assert list(staged.files) == sorted(path for path in staged.root.rglob("*") if not path.is_dir())
    for path in staged.files:
        live = Path(staged.mirror.live(str(path)))
        live.parent.mkdir(parents=True, exist_ok=True)
        os.rename(path, live)
print(json.dumps({"events": events, "umask": oct(os.umask(0))}))
"""


def stage(
    env: Env, wheels: list[Path], *, compile: bool = False, known: bool = False, umask: int = 0o022
) -> dict[str, Any]:
    """Stage the wheels in threads in the environment, and move what was staged to its place.

    ``known``: what is in them has been read before.
    """
    order = {
        "wheels": [str(wheel) for wheel in wheels],
        "requested": [True] * len(wheels),
        "staging": str(env.path / ".staging"),
        "compile": compile,
        "known": known,
    }
    done = subprocess.run(
        [env.python, "-c", STAGE, json.dumps(order)],
        env=variables(env, env_vars={"SOURCE_DATE_EPOCH": "1700000000"}),
        capture_output=True,
        encoding="utf-8",
        check=False,
        umask=umask,
    )
    assert (done.returncode, done.stderr) == (0, "")
    shutil.rmtree(env.path / ".staging")
    return dict(json.loads(done.stdout))


def install(env: Env, wheels: list[Path], *options: str, umask: int = 0o022) -> None:
    """The same by pip."""
    command = [env.python, "-m", "pip", "install", "--no-index", "--no-deps", *options, *map(str, wheels)]
    said = variables(env, env_vars={"SOURCE_DATE_EPOCH": "1700000000"})
    subprocess.run(command, env=said, capture_output=True, check=True, umask=umask)
    for url in env.site_packages.glob("*.dist-info/direct_url.json"):  # because they were given as files
        url.unlink()
        record = url.with_name("RECORD")
        rows = record.read_bytes().splitlines(keepends=True)
        record.write_bytes(b"".join(row for row in rows if b"direct_url.json" not in row))


def both_ways(
    env: Env, wheels: list[Path], *, compile: bool, known: bool = False, umask: int = 0o022
) -> tuple[Any, Any]:
    """The trees of the environment after pip, and after us."""
    pristine = env.path.with_name("pristine")
    shutil.copytree(env.path, pristine, symlinks=True)
    install(env, wheels, "--compile" if compile else "--no-compile", umask=umask)
    by_pip = tree(env.path)
    shutil.rmtree(env.path)
    pristine.rename(env.path)
    stage(env, wheels, compile=compile, known=known, umask=umask)
    return by_pip, tree(env.path)


def executable(wheel: Path, member: str) -> Path:
    """The wheel with one more file, which is executable."""
    with zipfile.ZipFile(wheel, "a") as archive:
        entry = zipfile.ZipInfo(member, (2024, 1, 1, 0, 0, 0))
        entry.external_attr = (stat.S_IFREG | 0o755) << 16
        archive.writestr(entry, "#!/bin/sh\n")
    return wheel


PY2 = 'print "old"\n'


def odd_wheels(folder: Path) -> list[Path]:
    """One wheel for each thing that an installer can get wrong."""
    return [
        make_wheel(folder, "plain", "1.0"),
        make_wheel(folder, "six-like", "1.0", files={"sixlike.py": "x = 1\n"}),
        make_wheel(folder, "Scripted", "1.0", scripts={"tool": "scripted:main", "tool.py": "scripted:main"}),
        make_wheel(
            folder,
            "windowed",
            "1.0",
            files={
                "windowed.py": "def main(): ...\n",
                "windowed-1.0.dist-info/entry_points.txt": "[gui_scripts]\nwin = windowed:main\n[other]\na = b\n",
            },
        ),
        make_wheel(
            folder,
            "dataful",
            "1.0",
            files={"dataful/__init__.py": "", "dataful/ünï code.txt": "ä", "dataful/a,b.py": "x = 1\n"},
            data={
                "scripts/run-it": "#!python\nprint(1)\n",
                "scripts/run-it.py": "#!python\nprint(1)\n",
                "scripts/shell": "#!/bin/sh\n",
                "headers/dataful.h": "int x;\n",
                "data/share/dataful/x.txt": "x\n",
                "data/etc/dataful.py": "x = 1\n",
                "purelib/extra_module.py": "y = 2\n",
                "platlib/extra/__init__.py": "",
            },
        ),
        make_wheel(
            folder,
            "old-sources",
            "1.0",
            files={
                "old_sources/__init__.py": "import re\nre.compile('\\d')\n",
                "old_sources/two.py": PY2,
                "old_sources/latin.py": b"# caf\xe9\nx = 1\n",
                "old_sources/empty.py": "",
                "old_sources/data.pyi": "x: int\n",
            },
        ),
        make_wheel(
            folder, "native", "1.0", files={"native/__init__.py": "", "native/x.so": b"\x7fELF"}, tag=platform_tag()
        ),
        make_wheel(folder, "missing", "1.0", record_missing=["missing/__init__.py"]),
        executable(make_wheel(folder, "runs", "1.0"), "runs/helper.sh"),
    ]


def platform_tag() -> str:
    """A tag of this very interpreter and machine."""
    from packaging.tags import sys_tags

    return str(next(iter(sys_tags())))


@pytest.mark.parametrize(
    ("compile", "known"), [(False, False), (True, False), (False, True)], ids=["no-compile", "compile", "known"]
)
def test_tree_is_the_same_as_pips(environment: Env, tmp_path: Path, compile: bool, known: bool) -> None:
    """Files, contents, modes, RECORDs and bytecode, byte for byte."""
    by_pip, by_us = both_ways(environment, odd_wheels(tmp_path / "wheels"), compile=compile, known=known)
    assert by_us == by_pip
    assert any(name.endswith(".pyc") and "plain" in name for name in by_us) == compile


def test_modes_follow_the_umask(environment: Env, tmp_path: Path) -> None:
    """Threads must not disturb it: every file has the mode that pip would have given it."""
    by_pip, by_us = both_ways(environment, odd_wheels(tmp_path / "wheels"), compile=True, umask=0o027)
    assert by_us == by_pip


def test_umask_survives_and_nothing_is_started(environment: Env, tmp_path: Path) -> None:
    """After dozens of wheels in threads the umask is what it was, and no process was spawned."""
    wheels = [
        make_wheel(tmp_path / "wheels", f"p{number}", "1.0", scripts={f"s{number}": "a:b"}) for number in range(30)
    ]
    assert stage(environment, wheels, compile=True, umask=0o077) == {"events": [], "umask": "0o77"}


def test_requested_is_the_callers_decision(environment: Env, tmp_path: Path) -> None:
    """REQUESTED is made only where it was asked for, and is then in RECORD."""
    done = in_environment(
        environment,
        "staged = staging.stage(wheel, name='plain', root=root, requested=False, user=False)\n"
        "print((staged.info / 'REQUESTED').exists(), b'REQUESTED' in (staged.info / 'RECORD').read_bytes())",
        make_wheel(tmp_path, "plain", "1.0"),
    )
    assert done == "False False\n"


def in_environment(env: Env, code: str, wheel: Path, **env_vars: str) -> str:
    """What code prints that finds ``staging``, ``wheel`` and ``root`` in its namespace."""
    start = (
        "import sys\nfrom pathlib import Path\nfrom pip_fastupdate._pip import installer as staging\n"
        "wheel, root = map(Path, sys.argv[1:])\nstaging.prepare_process()\n"
    )
    done = subprocess.run(
        [env.python, "-c", start + code, str(wheel), str(env.path / "root")],
        env=variables(env, env_vars=env_vars),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


FAIL = """
try:
    staging.stage(wheel, name=wheel.name.partition("-")[0], root=root, requested=False, user=False)
except staging.StageFailed as failed:
    print(failed.kind, failed.text)
"""


def broken(folder: Path, kind: str) -> Path:
    """A wheel that pip refuses."""
    if kind == "not a zip":
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "broken-1.0-py3-none-any.whl"
        path.write_bytes(b"PK nonsense")
        return path
    if kind == "entry point without function":
        return make_wheel(folder, "broken", "1.0", scripts={"tool": "module"})
    if kind == "future format":
        files = {"broken.py": "", "broken-1.0.dist-info/WHEEL": "Wheel-Version: 9.0\n"}
        wheel = make_wheel(folder, "broken", "1.0", files={"broken.py": ""})
        return rewritten(wheel, files)
    if kind == "unknown scheme":
        return make_wheel(folder, "broken", "1.0", data={"nowhere/x": "x"})
    return make_wheel(folder, "broken", "1.0", data={"purelib/other-2.0.dist-info/METADATA": "Name: other\n"})


def rewritten(wheel: Path, files: dict[str, str]) -> Path:
    """The wheel with other contents of these members."""
    with zipfile.ZipFile(wheel) as source:
        members = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(wheel, "w") as target:
        for name, content in {**members, **files}.items():
            target.writestr(name, content)
    return wheel


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("not a zip", "File is not a zip file"),
        ("entry point without function", "Invalid script entry point"),
        ("future format", "is not compatible with this version of pip"),
        ("unknown scheme", "Unknown scheme key"),
        ("two distributions", "the wheel contains metadata for broken-1.0, other-2.0"),
    ],
)
def test_wheel_that_pip_refuses_fails_with_its_words(environment: Env, tmp_path: Path, kind: str, words: str) -> None:
    """One exception for whatever can be wrong, with one line for people."""
    said = in_environment(environment, FAIL, broken(tmp_path / "w", kind))
    assert said.startswith("stage ")
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that is always full")
def test_full_disk_is_not_the_wheels_fault(environment: Env, tmp_path: Path) -> None:
    """It ends the run, instead of dropping one package after the other."""
    code = (
        "import errno, os\nfrom pip_fastupdate.core.errors import TransactionError\n"
        "def full(*args): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
        "os.write = full\n"
        "try:\n    staging.stage(wheel, name='plain', root=root, requested=False, user=False)\n"
        "except TransactionError as error:\n    print(error.message)\n"
    )
    said = in_environment(environment, code, make_wheel(tmp_path, "plain", "1.0"))
    assert said == f"could not write to {environment.path / 'root'}: No space left on device\n"


def test_bytecode_elsewhere_is_left_to_the_interpreter(environment: Env, tmp_path: Path) -> None:
    """With PYTHONPYCACHEPREFIX bytecode belongs into no environment."""
    code = (
        "staged = staging.stage(wheel, name='plain', root=root, requested=False, user=False)\n"
        "before = staged.files\n"
        "staging.compile_bytecode(staged)\n"
        "print(staged.files == before)"
    )
    wheel = make_wheel(tmp_path, "plain", "1.0")
    assert in_environment(environment, code, wheel, PYTHONPYCACHEPREFIX=str(tmp_path / "pyc")) == "True\n"


def test_user_scheme_is_staged_below_the_root_too(environment: Env, tmp_path: Path) -> None:
    """With ``user`` the paths are those of the user's own scheme."""
    code = (
        "import site\nstaged = staging.stage(wheel, name='plain', root=root, requested=False, user=True)\n"
        "print(Path(staged.mirror.live(str(staged.info.parent))) == Path(site.getusersitepackages()))"
    )
    wheel = make_wheel(tmp_path, "plain", "1.0")
    assert in_environment(environment, code, wheel, PYTHONUSERBASE=str(tmp_path / "base")) == "True\n"


AFTER = """
import shutil, sys
from pathlib import Path
from pip_fastupdate._pip import installer as staging
from pip_fastupdate.environment import scan as environment

import io
from pip_fastupdate.report import preload, show


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


before = environment.scan()
staging.prepare_process()
staging.import_everything()
preload(Terminal())
for folder in sys.argv[1:]:
    for path in Path(folder).iterdir():
        if path.is_dir() and not path.name.endswith(".dist-info"):
            shutil.rmtree(path)
            path.mkdir()
            (path / "__init__.py").write_text("raise SystemExit('imported after the swap')\\n")
        elif path.suffix == ".py":
            path.write_text("raise SystemExit('imported after the swap')\\n")
import pip_fastupdate.core.models as models
import pip_fastupdate.update
after = environment.scan()
assert after == before, (after, before)
[environment.installed_files(each) for each in after.distributions]
environment.script_owners(after)("x")
row = models.Row(name="plain", installed="1.0", target="2.0", latest="2.0", action="upgrade", status="done")
shown = Terminal()
show(models.Report(target=environment.target(), rows=(row,)), shown)
print("plain" in shown.getvalue())
"""


def test_everything_is_imported_before_it_is_replaced(make_env: Callable[..., Env], tmp_path: Path) -> None:
    """With pip, all our dependencies and ourselves turned to garbage, the rest of a run still works."""
    env = make_env()
    folders = [line for line in (env.site_packages / "zz-tests.pth").read_text().splitlines() if "/" in line]
    copies = [tmp_path / f"copy{number}" for number in range(2)]
    for folder, copy in zip(folders[:2], copies, strict=True):
        shutil.copytree(folder, copy)
    (env.site_packages / "zz-tests.pth").write_text("".join(f"{copy}\n" for copy in copies))
    pip(env, "install", "--no-deps", str(make_wheel(tmp_path / "w", "plain", "1.0", scripts={"x": "plain:main"})))
    (env.site_packages / "old-1.0.egg-info").write_text("Metadata-Version: 1.0\nName: old\nVersion: 1.0\n")
    done = subprocess.run(
        [env.python, "-c", AFTER, *map(str, copies)],
        env=variables(env),
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=env.home,
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
