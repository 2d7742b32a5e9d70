"""Real virtual environments in milliseconds, and the program run in them as a user would run it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from . import pip_server
from .copies import copy_coverage, copy_distribution, copy_packages, link_source, needed
from .local_index import LocalIndex

NOWHERE = "http://127.0.0.1:9/simple"
"""An index that refuses connections: no test reaches a real one by accident."""

MEASURE = 'import os; "COVERAGE_PROCESS_CONFIG" in os.environ and __import__("coverage").process_startup()'
"""A line of a .pth file that has coverage count the lines of a child too."""

UNMEASURED = frozenset(
    f"test_{name}"
    for name in (
        *(
            "ansible",
            "bad_files",
            "best_plan",
            "elsewhere",
            "faults_inside",
            "faults_program",
            "fleet",
            "installed_is_input",
            "interruption",
        ),
        *(
            "pages",
            "pip_auth",
            "pip_environment",
            "pip_records",
            "pip_staging",
            "secrets",
            "servers",
            "sources",
            "teams",
        ),
    )
)
"""The modules whose children's lines are those of others' too: being measured takes each a third of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """A virtual environment made for a test."""

    path: Path
    python: Path
    site_packages: Path

    @property
    def scripts(self) -> Path:
        """Its ``bin`` or ``Scripts``."""
        return self.python.parent

    @property
    def home(self) -> Path:
        """The home folder, beside the environment, of whoever runs a program in it."""
        return self.path.with_name(f"{self.path.name}-home")

    @property
    def cache(self) -> Path:
        """The program's cache, unless options say otherwise (where XDG_CACHE_HOME counts)."""
        return self.home / ".cache"


class Templates:
    """Makes environments; what they share lies in one folder and is made once.

    By default an environment's site-packages is empty: pip, the program and what it depends on are importable
    from a folder elsewhere that holds no ``.dist-info``, so that the program's scan sees only what a test puts in.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(
        self,
        path: Path,
        *,
        python: str | Path = sys.executable,
        pip: str | None = None,
        visible: bool = False,
        bare: bool = False,
        system_site_packages: bool = False,
    ) -> Env:
        """Make the environment ``path``.

        ``pip`` is a version to be had from the configured index (default: this interpreter's). ``visible`` installs pip
        and the program's dependencies for real, with their ``.dist-info``; ``bare`` only pip, and the program is
        not importable. Only ``bare`` ones may have another ``python`` than this.
        """
        if Path(python) != Path(sys.executable) and not bare:
            raise ValueError("another interpreter's environment can only be bare: our dependencies are built for this")
        env = _make_venv(path, python, system_site_packages)
        env.home.mkdir(exist_ok=True)
        if not (bare or visible):
            self._link(env, pip)
            return env
        for name in ["pip"] if bare else ["pip", *needed()]:
            copy_distribution(name, env.site_packages)
        if visible:
            link_source(env.site_packages)
        if pip is not None:
            pip_install(env, f"pip=={pip}", index=None)
        return env

    def _link(self, env: Env, pip: str | None) -> None:
        """Make pip and the program importable without putting them in."""
        support = self._support()
        lines = [str(self._pip(pip)), str(support), *([MEASURE] if (support / "coverage").exists() else [])]
        (env.site_packages / "zz-tests.pth").write_text("".join(f"{line}\n" for line in lines))

    def _support(self) -> Path:
        folder = self._folder / "support"
        if not folder.exists():
            making = self._folder / "support-making"
            for name in needed():
                copy_packages(name, making)
            copy_coverage(making)
            link_source(making)
            making.rename(folder)
        return folder

    def _pip(self, version: str | None) -> Path:
        folder = self._folder / f"pip-{version or 'own'}"
        if folder.exists():
            return folder
        if version is None:
            copy_packages("pip", folder)
            return folder
        making = self._folder / f"pip-{version}-making"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(making)]
        subprocess.run([*command, f"pip=={version}"], check=True)
        for info in making.glob("*.dist-info"):
            shutil.rmtree(info)
        making.rename(folder)
        return folder


def _make_venv(path: Path, python: str | Path, system_site_packages: bool) -> Env:
    links = os.name != "nt"
    if Path(python) == Path(sys.executable):
        venv.EnvBuilder(symlinks=links, system_site_packages=system_site_packages).create(path)
    else:
        command = [str(python), "-m", "venv", "--without-pip", str(path)]
        subprocess.run([*command, *(["--system-site-packages"] if system_site_packages else [])], check=True)
    if os.name == "nt":
        return Env(path=path, python=path / "Scripts/python.exe", site_packages=path / "Lib/site-packages")
    return Env(path=path, python=path / "bin/python", site_packages=next(path.glob("lib/python*/site-packages")))


def install(env: Env, wheels: Iterable[Path], *, compile: bool = False, requested: bool = True) -> None:
    """Have pip install the wheels by name, without their dependencies; ``requested`` leaves the REQUESTED marks."""
    wheels = list(wheels)
    named = [parse_wheel_filename(each.name)[:2] for each in wheels]
    if _is_ours(env) and _names(env).isdisjoint(name for name, _ in named):
        pairs = [(str(name), path) for (name, _), path in zip(named, wheels, strict=True)]
        pip_server.install(env.path, env.python, pairs, compile=compile, requested=requested)
        return
    folders = [f"--find-links={each}" for each in dict.fromkeys(each.parent for each in wheels)]
    pinned = [f"{name}=={version}" for name, version in named]
    pip(env, "install", "-q", "--no-deps", "--no-index", "--compile" if compile else "--no-compile", *folders, *pinned)
    if not requested:
        for each in wheels:
            _unrequest(env, each)


def _is_ours(env: Env) -> bool:
    """Whether it is a virtual environment of the very Python that runs the tests, which sees nothing else."""
    said = dict(line.partition(" = ")[::2] for line in (env.path / "pyvenv.cfg").read_text().splitlines())
    home = Path(getattr(sys, "_base_executable", sys.executable)).parent
    return Path(said["home"]) == home and said["include-system-site-packages"] == "false"


def _names(env: Env) -> set[str]:
    """Normalized names of whatever is installed there, and of what might be."""
    return {canonicalize_name(each.name.split("-")[0]) for each in env.site_packages.glob("*-*")}


def _unrequest(env: Env, wheel: Path) -> None:
    """Have the distribution look as if it had come in as a dependency."""
    info = env.site_packages / f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    (info / "REQUESTED").unlink(missing_ok=True)
    record = info / "RECORD"
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    record.write_text("".join(line for line in lines if "/REQUESTED," not in line), encoding="utf-8")


def pip_install(env: Env, *arguments: str, index: LocalIndex | str | None) -> subprocess.CompletedProcess[str]:
    """``pip install`` in the environment from ``index``; None is this machine's configured one."""
    if index is None:
        command = [str(env.python), "-m", "pip", "install", "--quiet", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True)
    return pip(env, "install", "--quiet", *arguments, index=index)


def pip(
    env: Env, *arguments: str, index: LocalIndex | str | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run pip in the environment, isolated as ``run`` is; AssertionError with its output when it fails."""
    done = run_module(env, "pip", *arguments, index=index, env_vars={"COVERAGE_PROCESS_CONFIG": None})
    if check and done.returncode:
        raise AssertionError(f"pip {arguments[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def run(
    env: Env,
    *arguments: str,
    index: LocalIndex | str | None = None,
    env_vars: Mapping[str, str | None] | None = None,
    input: str | None = None,
    timeout: float = 60.0,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m pip_fastupdate`` in the environment; nothing of this machine's settings reaches it.

    ``index`` becomes PIP_INDEX_URL, unless there is none: then it is one that refuses connections. ``env_vars`` are set
    on top; None unsets. ``timeout`` in seconds raises TimeoutExpired.
    """
    return run_module(
        env, "pip_fastupdate", *arguments, index=index, env_vars=env_vars, input=input, timeout=timeout, cwd=cwd
    )


def run_module(
    env: Env,
    module: str,
    *arguments: str,
    index: LocalIndex | str | None = None,
    env_vars: Mapping[str, str | None] | None = None,
    input: str | None = None,
    timeout: float = 60.0,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m MODULE`` in the environment, as ``run`` does."""
    return subprocess.run(
        [str(env.python), "-m", module, *arguments],
        env=variables(env, index=index, env_vars=env_vars),
        cwd=cwd or env.home,
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def variables(
    env: Env, *, index: LocalIndex | str | None = None, env_vars: Mapping[str, str | None] | None = None
) -> dict[str, str]:
    """The environment variables of a program in ``env``: for tests that start it themselves."""
    certificates = "(REQUESTS|CURL)_CA_BUNDLE$|SSL_CERT_"
    terminal = "(NO|FORCE)_COLOR$|COLUMNS$|TERM$"
    at_work = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0]
    others = f"{certificates}|{terminal}{'|COVERAGE_' if Path(at_work).stem in UNMEASURED else ''}"
    unwanted = re.compile(f"PIP_|PYTHON|VIRTUAL_ENV|XDG_|UV_|.*_proxy$|{others}", re.IGNORECASE)
    said = {key: value for key, value in os.environ.items() if not unwanted.match(key)}
    url = index.index_url if isinstance(index, LocalIndex) else index
    said |= {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": url or NOWHERE,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "HOME": str(env.home),
        "USERPROFILE": str(env.home),
        "XDG_CACHE_HOME": str(env.cache),
        "LOCALAPPDATA": str(env.cache),
        "VIRTUAL_ENV": str(env.path),
        "PATH": os.pathsep.join([str(env.scripts), os.environ.get("PATH", os.defpath)]),
    }
    for key, value in (env_vars or {}).items():
        said.pop(key, None)
        said |= {} if value is None else {key: value}
    return said


def pip_check(env: Env) -> list[str]:
    """The problems that ``pip check`` finds, a line each."""
    if _is_ours(env):
        return pip_server.check(env.site_packages)
    done = pip(env, "check", check=False)
    if done.returncode == 0:
        return []
    return done.stdout.splitlines() or [done.stderr]


def installed(env: Env) -> dict[str, str]:
    """Normalized names and versions of what lies in site-packages, by the names of the ``.dist-info`` folders."""
    parts = [each.name.removesuffix(".dist-info").split("-", 1) for each in env.site_packages.glob("[!~]*.dist-info")]
    return {canonicalize_name(name): version for name, version in sorted(parts)}


def tree(path: Path, ignore: Iterable[str] = ()) -> dict[str, tuple[int, str]]:
    """Everything below ``path``: relative path → (mode, sha256, link's target or ``folder``).

    ``ignore`` are globs (fnmatch) for relative paths or bare names; an ignored folder's content is ignored too.
    """
    return dict(sorted(_walk(path, "", tuple(ignore))))


def _walk(folder: Path, prefix: str, ignore: tuple[str, ...]) -> Iterator[tuple[str, tuple[int, str]]]:
    for entry in os.scandir(folder):
        relative = f"{prefix}{entry.name}"
        if any(fnmatchcase(relative, each) or fnmatchcase(entry.name, each) for each in ignore):
            continue
        mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
        if entry.is_symlink():
            yield relative, (mode, f"-> {Path(entry.path).readlink()}")
        elif entry.is_dir():
            yield relative, (mode, "folder")
            yield from _walk(Path(entry.path), f"{relative}/", ignore)
        else:
            yield relative, (mode, hashlib.sha256(Path(entry.path).read_bytes()).hexdigest())
