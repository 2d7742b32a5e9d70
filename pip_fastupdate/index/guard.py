"""One project's responses can only fail that project, whatever they contain and whatever reading them raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..core.errors import PipUpdateError
from ..core.models import Failure
from ..core.protocols import DownloadFailed
from ..core.threads.background import Cancelled

Result = TypeVar("Result")

NOT_OURS = (PipUpdateError, Cancelled)
"""Errors of the run as a whole."""

_LONGEST = 200


def guarded(name: str, work: Callable[[], Result], version: str = "") -> Result | Failure:
    """Return the result of ``work``, or the failure of the project ``name`` (and its ``version``).

    Everything computed for a project depends on an index's responses: so any exception, expected or not, concerns that
    project and not the run. KeyboardInterrupt and ``NOT_OURS`` are not caught.
    """
    try:
        return work()
    except DownloadFailed as failed:
        return Failure(name=name, version=version or None, kind=failed.kind, text=failed.text)
    except NOT_OURS:
        raise
    except Exception as error:
        return Failure(name=name, version=version or None, kind="garbage", text=cause(error))


def cause(error: Exception) -> str:
    """Return that the response could not be processed, and the error, in one line."""
    said = str(error).partition("\n")[0][:_LONGEST]
    return f"could not process the index response for it: {type(error).__name__}" + (f": {said}" if said else "")
