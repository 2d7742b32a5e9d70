"""Facts from pip: its version and its installation scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pip._internal.models.scheme import Scheme


def version() -> str:
    """Return pip's version. Raises ImportError without pip."""
    import pip

    return str(pip.__version__)


def scheme(*, user: bool) -> Scheme:
    """Return where pip installs to, by its keys (``pip._internal.locations.get_scheme``)."""
    from pip._internal.locations import get_scheme

    return get_scheme("", user=user)
