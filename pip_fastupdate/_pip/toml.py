"""The TOML parser: the standard library's, or on Python 3.10 pip's vendored one."""

from __future__ import annotations

import sys
from typing import Any


def loads(text: str) -> dict[str, Any]:
    """Return the document. Raises ValueError (``TOMLDecodeError``)."""
    try:
        if sys.version_info >= (3, 11):
            import tomllib

            return tomllib.loads(text)
        from pip._vendor import tomli  # only on the oldest Python

        return dict(tomli.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None
