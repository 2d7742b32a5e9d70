"""Sdists through this pip's own build machinery, in its isolated environments, without a network."""

from __future__ import annotations

import os
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pip_fastupdate._pip.build import build_wheel
from pip_fastupdate._pip.installer import StageFailed, prepare_process
from tests.support.wheels import make_sdist


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """None of this machine's settings."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))
    prepare_process()


def folder(path: Path) -> Path:
    """A new folder."""
    path.mkdir(parents=True)
    return path


def test_wheel_of_an_sdist(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its path is returned; options that only ``pip install`` has do not disturb; nothing is printed."""
    sdist = make_sdist(tmp_path, "built", "1.0", requires=["other"])
    before = dict(os.environ)
    wheel = build_wheel(
        sdist, folder(tmp_path / "out"), ["--no-index", "--user", "--no-compile", "--break-system-packages"]
    )
    assert wheel.parent == tmp_path / "out"
    with zipfile.ZipFile(wheel) as archive:
        assert "built-1.0.dist-info/METADATA" in archive.namelist()
    assert capfd.readouterr() == ("", "")
    assert dict(os.environ) == before


def test_failed_build_tells_what_it_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The last line in the text, the tail of all of it beside it."""
    sdist = make_sdist(tmp_path, "broken", "1.0", fails="gcc: error: no such file\nreally not")
    with pytest.raises(StageFailed) as failed:
        build_wheel(sdist, folder(tmp_path / "out"), ["--no-index"])
    assert (failed.value.kind, failed.value.text) == ("build", "build failed: really not")
    assert failed.value.log[-2:] == ("gcc: error: no such file", "really not")
    assert len(failed.value.log) <= 20
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--nonsense"], "no such option: --nonsense"), (["--no-index"], "No such file or directory")],
)
def test_other_failures_are_told_in_pips_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Options that do not exist, sdists that do not."""
    with pytest.raises(StageFailed, match=words):
        build_wheel(tmp_path / "gone-1.0.tar.gz", folder(tmp_path / "out"), arguments)
    assert capfd.readouterr() == ("", "")


def test_threads_wait_for_each_other(tmp_path: Path) -> None:
    """pip builds one at a time in a process, whoever asks."""
    sdists = [make_sdist(tmp_path, f"b{number}", "1.0") for number in range(3)]
    with ThreadPoolExecutor(3) as threads:
        wheels = list(
            threads.map(lambda sdist: build_wheel(sdist, folder(tmp_path / sdist.stem), ["--no-index"]), sdists)
        )
    assert [wheel.name.partition("-")[0] for wheel in wheels] == ["b0", "b1", "b2"]


def test_exactly_one_wheel_is_expected(tmp_path: Path) -> None:
    """One that lay there before is not the one."""
    sdist = make_sdist(tmp_path, "built", "1.0")
    out = folder(tmp_path / "out")
    build_wheel(sdist, out, ["--no-index"])
    with pytest.raises(StageFailed, match="build produced 0 wheels, expected 1"):
        build_wheel(sdist, out, ["--no-index"])


def test_interruption_is_not_a_failed_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip's own main would swallow it."""
    sdist = make_sdist(tmp_path, "built", "1.0")

    def interrupt(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build_wheel(sdist, folder(tmp_path / "out"), ["--no-index"])
