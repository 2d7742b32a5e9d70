"""Wheels: downloaded once, cached under their hashes, and inspected before anything is unpacked."""

from .archive import Limits
from .files import OpenWheel
from .inspection import Inspection, InstalledFiles, inspect
from .store import WheelStore

__all__ = ["Inspection", "InstalledFiles", "Limits", "OpenWheel", "WheelStore", "inspect"]
