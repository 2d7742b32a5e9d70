"""Bring every package of a Python environment to the newest version the whole environment allows."""

__version__ = "0.1.0"
