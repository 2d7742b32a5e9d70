"""The rules of other systems' file systems, laid over the real one for a test.

Nothing of the disk is made up: every allowed call is carried out for real. Below some folders the calls of ``os`` (and
so of ``pathlib`` and ``shutil``) are refused, and names are found, as on Windows or macOS, and the program's own
modules see ``os``, ``sys``, ``time`` and ``fcntl`` as they are there. ``tests/unit/test_platforms.py`` holds the rules
against what is documented, and on such a system against the system itself.

What is not simulated: spelling (drives, backslashes), permissions other than read-only, and what other programs than
pip-fastupdate and pip make of all that.
"""

from __future__ import annotations

from .macos import Mac
from .rules import Clock, Rules, looking
from .windows import Scanner, Windows

__all__ = ["NATIVE", "SYSTEMS", "Clock", "Mac", "Rules", "Scanner", "Windows", "looking"]

NATIVE = "native"
"""This system as it is."""

SYSTEMS: dict[str, type[Rules]] = {"windows": Windows, "macos": Mac}
