"""The user's own packages of a Python that only root may change: Debian's, one for all users, that of the Store."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import pip_fastupdate
from tests.support.local_index import LocalIndex

NOBODY = 65534
SYSTEM = "/usr/bin/python3"


def _has_pip() -> bool:
    done = subprocess.run([SYSTEM, "-m", "pip", "--version"], capture_output=True, check=False)
    return done.returncode == 0


pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not Path(SYSTEM).exists() or not _has_pip(),
    reason="wants to be root, so that it can be somebody else, and the system's own Python with pip",
)


class User:
    """Somebody who may not change the system's Python."""

    def __init__(self, home: Path, index: LocalIndex) -> None:
        self.home, self._index = home, index
        os.chown(home, NOBODY, NOBODY)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the system's Python with these."""
        variables = {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "PIP_INDEX_URL": self._index.index_url,
            "PIP_NO_INPUT": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        return subprocess.run(
            [SYSTEM, *arguments],
            env=variables,
            cwd=self.home,
            user=NOBODY,
            group=NOBODY,
            extra_groups=(),
            capture_output=True,
            text=True,
            check=False,
        )

    def pip(self, *arguments: str) -> None:
        done = self.run("-m", "pip", *arguments)
        assert done.returncode == 0, done.stderr

    def update(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "pip_fastupdate", *arguments)

    def version(self, name: str) -> str:
        code = f"import importlib.metadata; print(importlib.metadata.version({name!r}))"
        return self.run("-c", code).stdout.strip()


@pytest.fixture
def user(index: LocalIndex) -> Iterator[User]:
    with tempfile.TemporaryDirectory(prefix="user-") as folder:  # that of the tests is closed to others
        Path(folder).chmod(0o755)
        home = Path(folder, "home")
        home.mkdir()
        yield User(home, index)


def installed_program(user: User) -> None:
    """The program and what it needs, as seen from here, in the user's own site-packages."""
    found = user.run("-m", "site", "--user-site").stdout.strip()
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if f"python{version}" not in found:
        pytest.skip("the system's Python is another one than this")
    site = Path(found)
    site.mkdir(parents=True)
    folders = [
        Path(pip_fastupdate.__file__).parent.parent,
        *map(Path, {each for each in sys.path if "site-pack" in each}),
    ]
    (site / "ours.pth").write_text("".join(f"{each}\n" for each in folders))
    for each in (site, *site.parents):
        if each.is_relative_to(user.home):
            os.chown(each, NOBODY, NOBODY)


def test_update_undo_history(user: User, index: LocalIndex) -> None:
    """They can be updated and brought back; lock, journal and the old files lie in the user's own folder."""
    installed_program(user)
    index.release("thing", "1.0", scripts={"thing": "thing:main"})
    user.pip("install", "--user", "--break-system-packages", "--no-deps", "thing==1.0")
    index.release("thing", "2.0", scripts={"thing": "thing:main"})
    flags = ("--user", "--break-system-packages", "thing")
    before = sorted(Path("/usr").glob(".pip-fastupdate*"))
    done = user.update(*flags)
    assert (0, "2.0") == (done.returncode, user.version("thing")), done.stderr
    [home] = user.home.glob(".local/lib/*/.pip-fastupdate")
    assert (home / "1" / "journal.committed").exists()
    history = user.update("--history")
    assert "thing 1.0" in history.stdout, history.stderr
    done = user.update("--undo")
    assert (0, "1.0") == (done.returncode, user.version("thing")), done.stderr
    assert before == sorted(Path("/usr").glob(".pip-fastupdate*"))


def test_nothing_of_the_users_own(user: User, index: LocalIndex) -> None:
    """With no packages of his own there is nothing to do, which is no error."""
    installed_program(user)
    done = user.update("--user", "--break-system-packages")
    assert 0 == done.returncode, done.stderr
