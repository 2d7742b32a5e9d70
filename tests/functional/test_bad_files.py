"""Files that are bad: their release fails, with exit 4, the next older one is taken, and the next run is healed."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.environments import Env, install, installed, run
from tests.support.wheels import make_wheel


def wheels(folder: Path, *versions: str) -> dict[str, Path]:
    """Wheels of ``thing``."""
    return {version: make_wheel(folder, "thing", version) for version in versions}


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def overwritten(path: Path) -> None:
    """A byte of its content is another."""
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(bytes(content))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def endless_number(path: Path) -> None:
    """Its metadata require a version of 5000 digits."""
    line = b"Requires-Dist: other>=" + b"9" * 5000 + b"\n"
    rebuilt(path, lambda name, data: data.replace(b"\n", b"\n" + line, 1) if "METADATA" in name else data)


def endless_format(path: Path) -> None:
    """So says its WHEEL file of its format."""
    rebuilt(path, lambda name, data: b"Wheel-Version: 1." + b"9" * 5000 + b"\n" if name.endswith("/WHEEL") else data)


def rebuilt(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts = {name: change(name, data) if not name.endswith("/RECORD") else data for name, data in parts.items()}
    own = next(name for name in parts if name.endswith("/RECORD"))
    rows = [f"{name},sha256={digest(data)},{len(data)}\n" for name, data in parts.items() if name != own]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, "".join([*rows, f"{own},,\n"]) if name == own else data)


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def update(env: Env, folder: Path, *options: str) -> tuple[int, str, dict[str, str | None], list[str]]:
    """Exit code, installed version, the row's words, and the names of failures."""
    done = run(env, "--no-index", "-f", str(folder), "--format=json", *options, index=None)
    assert "Traceback" not in done.stderr
    assert "please report" not in done.stderr
    report = json.loads(done.stdout)
    row = next(each for each in report["packages"] if each["name"] == "thing")
    return done.returncode, installed(env)["thing"], row, [each["name"] for each in report["failures"]]


@pytest.mark.parametrize("damage", [truncated, overwritten, emptied, endless_number, endless_format])
def test_bad_wheel_alone(environment: Env, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Nothing else is on offer: the distribution stays, and that is a failure; mended, it is upgraded."""
    offered = tmp_path / "offered"
    install(environment, wheels(tmp_path / "old", "1.0").values())
    damage(wheels(offered, "2.0")["2.0"])
    code, version, row, failures = update(environment, offered)
    assert (4, "1.0", "hold", "failed", ["thing"]) == (code, version, row["action"], row["status"], failures)
    wheels(offered, "2.0")
    code, version, _, failures = update(environment, offered)
    assert (0, "2.0", []) == (code, version, failures)


@pytest.mark.parametrize("damage", [truncated, overwritten, endless_format])
def test_next_older_release(environment: Env, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """The newest that is sound is installed, and the bad one is a failure all the same."""
    offered = tmp_path / "offered"
    install(environment, wheels(tmp_path / "old", "1.0").values())
    damage(wheels(offered, "1.5", "2.0", "3.0")["3.0"])
    code, version, row, failures = update(environment, offered)
    assert (4, "2.0", "upgrade", ["thing"]) == (code, version, row["action"], failures)
    wheels(offered, "3.0")
    assert (0, "3.0") == update(environment, offered)[:2]


def forgetful(path: Path) -> None:
    """Its RECORD lists a folder, and not its module."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing/", b"")
        for name, data in parts.items():
            lines = data.decode().splitlines(keepends=True) if name.endswith("/RECORD") else []
            kept = [line for line in lines if not line.startswith("thing/__init__.py")]
            archive.writestr(name, "".join([*kept, "thing/,,\n"]) if kept else data)


def test_record_is_completed_as_pip_does(make_env: Callable[..., Env], tmp_path: Path) -> None:
    """The same files and the same RECORD as of `pip install`, told in the report; --strict holds it."""
    offered, old = tmp_path / "offered", wheels(tmp_path / "old", "1.0")["1.0"]
    forgetful(wheels(offered, "2.0")["2.0"])
    ours, theirs = make_env("ours"), make_env("theirs")
    for env in (ours, theirs):
        install(env, [old])
    assert (0, "1.0") == update(ours, offered, "--strict")[:2]
    code, version, row, _ = update(ours, offered)
    kinds = {each["kind"] for each in row["reasons"]}  # type: ignore[union-attr,index]
    assert (0, "2.0", {"no-hash", "record-incomplete", "record-folder"}) == (code, version, kinds)
    install(theirs, [offered / "thing-2.0-py3-none-any.whl"])
    assert record(theirs) == record(ours)
    assert "thing/__init__.py,," in record(ours)
    assert (0, "1.0") == (run(ours, "--undo", index=None).returncode, installed(ours)["thing"])


def record(env: Env) -> list[str]:
    """The lines of the installed RECORD, but for who installed it and asked for it."""
    lines = (env.site_packages / "thing-2.0.dist-info" / "RECORD").read_text().splitlines()
    return sorted(line for line in lines if "INSTALLER" not in line and "REQUESTED" not in line and ".pyc" not in line)
