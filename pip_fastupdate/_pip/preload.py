"""Imports now whatever may be needed later, because the swap may replace it: pip, our dependencies, ourselves.

What is loaded goes on as it is. What is imported for the first time after the swap would be the new version, and
might not fit to the rest, or be out of its place at that very moment.
"""

from __future__ import annotations

import pkgutil
from contextlib import suppress
from importlib import import_module

from . import compat

OTHERS = (
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
"""What the program imports of these, some of it only when it is needed."""

_LEGACY = ("pip._internal.metadata.importlib", "pip._internal.metadata.pkg_resources", "pip._vendor.pkg_resources")
"""What pip needs to tell of eggs; one or the other is missing with some versions of pip and Python."""


ON_THEIR_OWN = (".__main__", ".bootstrap", ".redis_backend")
"""Modules that run the program, and one that is imported from the start where a shared cache is in use."""


def import_everything() -> None:
    """Import all of this program, and of pip and our other dependencies what it uses."""
    import pip_fastupdate

    compat.load_backend()
    with compat.listening():
        for module in pkgutil.walk_packages(pip_fastupdate.__path__, f"{pip_fastupdate.__name__}."):
            if not module.name.endswith(ON_THEIR_OWN):
                _import_ours(module.name)
        for name in OTHERS:
            import_module(name)
        for name in _LEGACY:
            with suppress(ImportError):
                import_module(name)


def _import_ours(name: str) -> None:
    try:
        import_module(name)
    except ModuleNotFoundError as error:  # of an extra that is not installed: then it is not in use, either
        if (error.name or "").startswith("pip_fastupdate"):
            raise
