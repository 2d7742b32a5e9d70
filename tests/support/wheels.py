"""Wheels and sdists made on the spot: deterministic, valid unless told otherwise, and thousands of them in seconds."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import random
import stat
import tarfile
import textwrap
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

WHEN = (2024, 1, 1, 0, 0, 0)
"""The time of every member, so that the same arguments give the same bytes."""


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    files: Mapping[str, str | bytes] | None = None,
    scripts: Mapping[str, str] | None = None,
    data: Mapping[str, str | bytes] | None = None,
    tag: str = "py3-none-any",
    extras: Iterable[str] = (),
    size: int = 0,
    metadata_extra: Iterable[str] = (),
    compression: int = zipfile.ZIP_DEFLATED,
    metadata_name: str | None = None,
    metadata_version: str | None = None,
    record_wrong: Iterable[str] = (),
    record_missing: Iterable[str] = (),
    links: Mapping[str, str] | None = None,
) -> Path:
    """Write the wheel (PEP 427) into ``folder`` and return its path.

    ``files`` are those of the package by their path in the wheel; without them there is one package
    ``name/__init__.py`` with its ``__version__``. ``scripts`` are console scripts, ``{"tool": "module:function"}``.
    ``data`` goes below ``.data``: ``{"data/share/x": "…", "scripts/foo": "#!python\\n…"}``. ``size`` adds a file
    of that many bytes that cannot be compressed. ``metadata_extra`` are further lines of METADATA's head.

    To break it: ``metadata_name`` and ``metadata_version`` contradict the file's name, ``record_wrong`` are members
    with a wrong hash in RECORD, ``record_missing`` members that it does not list, ``links`` members that are
    symbolic links, with their targets.
    """
    stem = wheel_stem(name, version)
    members = _content(name, version, files, size)
    members |= {f"{stem}.data/{path}": _bytes(content) for path, content in (data or {}).items()}
    info = f"{stem}.dist-info"
    members[f"{info}/METADATA"] = make_metadata(
        metadata_name or name,
        metadata_version or version,
        requires=requires,
        requires_python=requires_python,
        extras=extras,
        extra=metadata_extra,
    )
    members[f"{info}/WHEEL"] = _wheel_file(tag)
    if scripts:
        lines = "".join(f"{script} = {target}\n" for script, target in scripts.items())
        members[f"{info}/entry_points.txt"] = f"[console_scripts]\n{lines}".encode()
    linked = {path: target.encode() for path, target in (links or {}).items()}
    record = _record(members | linked, f"{info}/RECORD", frozenset(record_wrong), frozenset(record_missing))
    members[f"{info}/RECORD"] = record
    return _write_zip(folder / f"{stem}-{tag}.whl", members, linked, compression)


def wheel_stem(name: str, version: str) -> str:
    """``name-version`` as it stands in the names of wheels and of their ``.dist-info`` folders."""
    return f"{module_name(name)}-{version.replace('-', '_')}"


def module_name(name: str) -> str:
    """The name under which the default content of a wheel is imported."""
    return canonicalize_name(name).replace("-", "_")


def make_metadata(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    extras: Iterable[str] = (),
    extra: Iterable[str] = (),
    metadata_version: str = "2.1",
) -> bytes:
    """The METADATA of a distribution, or its PKG-INFO."""
    lines = [f"Metadata-Version: {metadata_version}", f"Name: {name}", f"Version: {version}"]
    lines += [f"Summary: {name} for tests"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python is not None else []
    lines += [f"Requires-Dist: {each}" for each in requires]
    lines += [f"Provides-Extra: {each}" for each in extras]
    return "\n".join([*lines, *extra, "", f"# {name}\n"]).encode()


def _content(name: str, version: str, files: Mapping[str, str | bytes] | None, size: int) -> dict[str, bytes]:
    module = module_name(name)
    if files is None:
        files = {f"{module}/__init__.py": f'"""The package {name}."""\n\n__version__ = "{version}"\n'}
    members = {path: _bytes(content) for path, content in files.items()}
    if size:
        members[f"{module}/padding.bin"] = padding(size, f"{name} {version}")
    return members


def padding(size: int, seed: str) -> bytes:
    """``size`` bytes that cannot be compressed, the same for the same ``seed``."""
    return random.Random(seed).randbytes(size)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


@functools.cache
def _wheel_file(tag: str) -> bytes:
    interpreters, abis, platforms = tag.split("-")[-3:]
    tags = [
        f"Tag: {python}-{abi}-{platform}\n"
        for python in interpreters.split(".")
        for abi in abis.split(".")
        for platform in platforms.split(".")
    ]
    pure = str(platforms == "any").lower()
    return f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\n{''.join(tags)}".encode()


def _record(members: Mapping[str, bytes], own: str, wrong: frozenset[str], missing: frozenset[str]) -> bytes:
    lines = []
    for path, content in members.items():
        if path in missing:
            continue
        digest = hashlib.sha256(content + b"?" if path in wrong else content).digest()
        quoted = f'"{path}"' if "," in path else path
        lines.append(f"{quoted},sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()},{len(content)}\n")
    return ("".join(lines) + f"{own},,\n").encode()


def _write_zip(path: Path, members: Mapping[str, bytes], links: Mapping[str, bytes], compression: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in {**members, **links}.items():
            entry = zipfile.ZipInfo(member, WHEN)
            entry.compress_type = compression
            entry.external_attr = (_mode(member) if member not in links else stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, content)
    return path


def _mode(member: str) -> int:
    return stat.S_IFREG | (0o755 if ".data/scripts/" in member else 0o644)


BACKEND = '''
"""A PEP 517 backend that needs nothing: the wheel lies ready beside it."""

import base64, hashlib, pathlib, shutil, sys, zipfile

HERE = pathlib.Path(__file__).parent


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    print("building the wheel")
    if (HERE / "FAIL").exists():
        print((HERE / "FAIL").read_text(), file=sys.stderr)
        raise SystemExit(1)
    wheel = next((HERE / "ready").glob("*.whl"))
    shutil.copy(wheel, wheel_directory)
    return wheel.name


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    ready = next((HERE / "ready").glob("*.whl"))
    with zipfile.ZipFile(ready) as source:
        members = {name: source.read(name) for name in source.namelist() if ".dist-info/" in name}
    record = next(name for name in members if name.endswith("/RECORD"))
    del members[record]
    members["__editable__." + ready.name.split("-")[0] + ".pth"] = str(HERE / "src").encode()
    lines = []
    for name, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\\n")
    members[record] = ("".join(lines) + record + ",,\\n").encode()
    with zipfile.ZipFile(pathlib.Path(wheel_directory, ready.name), "w") as target:
        for name, content in members.items():
            target.writestr(name, content)
    return ready.name


def build_sdist(sdist_directory, config_settings=None):
    raise SystemExit("this backend builds no sdists")
'''

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def make_project(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    fails: str | None = None,
    metadata_version: str = "2.2",
) -> Path:
    """Write a project's source tree into ``folder``, which pip builds or installs editable without a network.

    ``fails`` is what its build prints on standard error before it fails.
    """
    module, requires = module_name(name), tuple(requires)
    package = folder / "src" / module
    package.mkdir(parents=True)
    init = f'"""The package {name}."""\n\n__version__ = "{version}"\n'
    (package / "__init__.py").write_text(init)
    files = {f"{module}/__init__.py": init}
    make_wheel(folder / "ready", name, version, requires=requires, requires_python=requires_python, files=files)
    (folder / "backend.py").write_text(textwrap.dedent(BACKEND).lstrip())
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "PKG-INFO").write_bytes(
        make_metadata(
            name, version, requires=requires, requires_python=requires_python, metadata_version=metadata_version
        )
    )
    if fails is not None:
        (folder / "FAIL").write_text(fails)
    return folder


def make_sdist(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    fails: str | None = None,
    metadata_version: str = "2.2",
) -> Path:
    """Write an sdist (PEP 625, metadata 2.2) with its own build backend into ``folder`` and return its path."""
    stem = wheel_stem(name, version)
    source = make_project(
        folder / f".{stem}",
        name,
        version,
        requires=requires,
        requires_python=requires_python,
        fails=fails,
        metadata_version=metadata_version,
    )
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for each in sorted(source.rglob("*")):
            if each.is_file():
                _add_to_tar(archive, f"{stem}/{each.relative_to(source).as_posix()}", each.read_bytes())
    return path


def _add_to_tar(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), 0o644, 1704067200
    archive.addfile(entry, io.BytesIO(content))
