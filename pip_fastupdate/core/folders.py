"""Folders of the running process."""

from __future__ import annotations

import os


def working_folder() -> str:
    """The current folder; "" when it has been removed meanwhile."""
    try:
        return os.getcwd()  # noqa: PTH109 - compared as text, as pip does
    except FileNotFoundError:
        return ""
