"""The TOML parser: the standard library's, or on Python 3.10 the one that pip brings along."""

from __future__ import annotations

import sys
from typing import Any


def loads(text: str) -> dict[str, Any]:
    """The document. Raises ValueError (``TOMLDecodeError``)."""
    try:
        if sys.version_info >= (3, 11):
            import tomllib

            return tomllib.loads(text)
        from pip._vendor import tomli  # that of the oldest Python alone

        return dict(tomli.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None
