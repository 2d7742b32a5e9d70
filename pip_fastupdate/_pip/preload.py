"""Imports now whatever may be needed later, because the swap may replace it: pip, our dependencies, ourselves.

What is loaded goes on as it is. What is imported for the first time after the swap would be the new version, and
might not fit to the rest, or be out of its place at that very moment.
"""

from __future__ import annotations

import pkgutil
from contextlib import suppress
from importlib import import_module

from . import compat

_OTHERS = (
    "packaging.markers",
    "packaging.requirements",
    "packaging.specifiers",
    "packaging.tags",
    "packaging.utils",
    "packaging.version",
    "pip._internal.exceptions",
    "pip._internal.metadata",
    "pip._internal.network.auth",
    "pip._internal.operations.install.wheel",
)
_LEGACY = ("pip._internal.metadata.importlib", "pip._internal.metadata.pkg_resources", "pip._vendor.pkg_resources")
"""What pip needs to tell of eggs; one or the other is missing with some versions of pip and Python."""


def import_everything() -> None:
    """Import all of this program, and of pip and our other dependencies what it uses."""
    import pip_fastupdate

    with compat.listening():
        for module in pkgutil.walk_packages(pip_fastupdate.__path__, f"{pip_fastupdate.__name__}."):
            if not module.name.endswith(".__main__"):  # it runs the program
                import_module(module.name)
        for name in _OTHERS:
            import_module(name)
        for name in _LEGACY:
            with suppress(ImportError):
                import_module(name)
        _select_backend()


def _select_backend() -> None:
    """pip decides at the first question how it looks at distributions, and imports what that takes."""
    from pip._internal.metadata import get_environment

    for _ in get_environment([]).iter_installed_distributions(local_only=False, skip=()):
        raise AssertionError("no paths, no distributions")
