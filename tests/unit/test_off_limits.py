"""What no distribution owns, whatever its RECORD lists."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pip_fastupdate.core.files import real
from pip_fastupdate.environment.off_limits import OffLimits
from pip_fastupdate.environment.paths import Site


@pytest.fixture
def limits(tmp_path: Path) -> OffLimits:
    """Of an environment in which foo is looked at."""
    prefix = real(str(tmp_path / "env"))
    packages = f"{prefix}{os.sep}lib{os.sep}site-packages"
    library = f"{prefix}{os.sep}lib{os.sep}python3.11"
    site = Site(
        prefix=prefix,
        virtual=False,
        packages=frozenset((packages,)),
        user=None,
        standard_library=library,
        roots=(prefix,),
    )
    return OffLimits(site=site, infos=frozenset(("foo-1.dist-info",)))


def closed(limits: OffLimits, path: str) -> bool:
    """Of a path relative to the environment."""
    folder, _, name = path.rpartition("/")
    return limits.is_closed(os.path.normpath(f"{limits.site.prefix}/{folder}"), name)


@pytest.mark.parametrize(
    "path",
    [
        *("pyvenv.cfg", "PYVENV.CFG", "lib64", ".gitignore", "pipx_metadata.json", "uv-receipt.toml", "python.exe"),
        *("bin/python", "bin/python3", "bin/python3.11", "bin/python3.13t", "bin/pypy3", "bin/pythonw", "bin/Python"),
        *("Scripts/python.exe", "Scripts/pythonw.exe", "Scripts/python_d.exe", "Scripts/venvlauncher.exe"),
        *("bin/python3-config", "bin/python3.11-config", "bin/activate", "bin/activate.csh", "bin/activate.fish"),
        *("bin/activate.nu", "bin/activate_this.py", "bin/Activate.ps1", "Scripts/deactivate.bat", "bin/activate.xsh"),
        *("bin/python._pth", "python311._pth", "lib/python311.zip", "python3.dll", "python311.dll", "vcruntime140.dll"),
        *("pybuilddir.txt", "bin/pybuilddir.txt", "bin/pyvenv.cfg", "lib/libpython3.11.so.1.0"),
        *(
            ".pip-fastupdate/journal",
            ".pip-fastupdate/9/journal.swapping",
            ".PIP-fastupdate/9/old/a",
            "conda-meta/x.json",
        ),
        *("lib/python3.11/os.py", "lib/python3.11/lib-dynload/x.so", "lib/python3.11/json/__init__.py"),
        *("lib/site-packages/bar-1.dist-info/RECORD", "lib/site-packages/bar-1.dist-info/licenses/A"),
        *(
            "lib/site-packages/bar.egg-info/PKG-INFO",
            "lib/site-packages/bar-1.egg-info",
            "lib/site-packages/x.egg-link",
        ),
        *("lib/site-packages/_virtualenv.py", "lib/site-packages/easy-install.pth", "../other/file", "../../x"),
    ],
)
def test_never_a_distributions(limits: OffLimits, path: str) -> None:
    """The interpreter and what it reads first, the environment, the standard library, others' records, outside."""
    assert closed(limits, path)


@pytest.mark.parametrize(
    "path",
    [
        *("bin/pip", "bin/foo", "bin/python-argcomplete", "bin/activate-global-python-argcomplete", "bin/pythonic"),
        *("bin/ipython", "bin/ipython3", "share/man/man1/python.1", "share/activate", "etc/pyvenv.cfg", "bin/f2py"),
        *("lib/site-packages/foo-1.dist-info/RECORD", "lib/site-packages/foo/bar-1.dist-info/RECORD"),
        *("lib/site-packages/foo/python", "lib/site-packages/foo/bin/activate", "lib/site-packages/foo.pth"),
        *("include/site/python3.11/foo/foo.h", "lib/site-packages/site_foo.py", "lib/python3.11extra/x.py"),
    ],
)
def test_may_be_a_distributions(limits: OffLimits, path: str) -> None:
    """Names that only resemble those, and the same names where nobody reads them."""
    assert not closed(limits, path)


@pytest.mark.parametrize(
    ("path", "digest", "expected"),
    [
        ("lib/site-packages/foo/x.py", "", False),
        ("lib/site-packages/foo.py", "", False),
        ("lib/site-packages/foo.pth", "", True),
        ("lib/site-packages/sitecustomize.py", "sha256=x", True),
        ("share/x", "", True),
        ("README", "", True),
        ("bin/tool", "", False),
        ("bin/tool", "sha256=x", True),
    ],
)
def test_what_needs_proof(limits: OffLimits, path: str, digest: str, expected: bool) -> None:
    """Data files and what Python runs at its start always; scripts only where a hash could be contradicted."""
    folder, _, name = path.rpartition("/")
    folder = f"{limits.site.prefix}{os.sep}{folder}" if folder else limits.site.prefix
    assert expected == limits.needs_proof(folder, name, digest)
