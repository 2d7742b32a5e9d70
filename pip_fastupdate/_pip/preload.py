"""Imports whatever may be needed later before the swap, which may replace it: pip, our dependencies, ourselves.

Loaded modules continue to work. A module imported for the first time after the swap would be the new version, might not
fit the rest, or be missing at that very moment.
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
"""What the program imports from these, some of it only when needed."""

_LEGACY = ("pip._internal.metadata.importlib", "pip._internal.metadata.pkg_resources", "pip._vendor.pkg_resources")
"""What pip needs for eggs; one or the other is missing in some versions of pip and Python."""


ON_THEIR_OWN = (".__main__", ".bootstrap", ".redis_backend", ".picker")
"""Modules that run the program, and two that are imported long before the swap by the runs that use them."""


def import_everything() -> None:
    """Import all of this program, and what it uses of pip and our other dependencies."""
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
