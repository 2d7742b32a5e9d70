"""The ways in which an index can be asked for a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .answers import Reply


class Kind(Protocol):
    """One API of one index. Knows URLs and bodies, nothing of when it is asked."""

    accept: str
    """For the header of that name."""

    def page(self, name: str) -> str:
        """The URL that describes the project (normalized name)."""

    def digest(self, name: str, reply: Reply) -> bytes:
        """What to keep of a successful answer, as ``digest.decode`` reads it.

        Raises ValueError where the answer is not what the API says.
        """
