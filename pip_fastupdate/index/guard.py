"""One project's answers stop that project alone, whatever they are and whatever reading them raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..core.background import Cancelled
from ..core.errors import PipUpdateError
from ..core.models import Failure
from ..core.protocols import DownloadFailed

Result = TypeVar("Result")

NOT_OURS = (PipUpdateError, Cancelled)
"""What is about the run as a whole."""

_LONGEST = 200


def guarded(name: str, work: Callable[[], Result], version: str = "") -> Result | Failure:
    """The result of ``work``, or the failure of the project called ``name`` (and of its ``version``).

    Everything on a project's way is made from what an index said: so what it raises, foreseen or not, is about that
    project and not about the run. KeyboardInterrupt and what is ``NOT_OURS`` go on.
    """
    try:
        return work()
    except DownloadFailed as failed:
        return Failure(name=name, version=version or None, kind=failed.kind, text=failed.text)
    except NOT_OURS:
        raise
    except Exception as error:
        return Failure(name=name, version=version or None, kind="garbage", text=f"could not read {cause(error)}")


def cause(error: Exception) -> str:
    """What the index sent, and the error that reading it ended with, in one line."""
    said = str(error).partition("\n")[0][:_LONGEST]
    return f"could not process the index response for it: {type(error).__name__}" + (f": {said}" if said else "")
