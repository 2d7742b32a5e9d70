"""Wheels: downloaded once, kept under their hashes, and looked into before anything of them is unpacked."""

from .archive import Limits
from .files import OpenWheel
from .inspection import Inspection, InstalledFiles, inspect
from .store import WheelStore

__all__ = ["Inspection", "InstalledFiles", "Limits", "OpenWheel", "WheelStore", "inspect"]
