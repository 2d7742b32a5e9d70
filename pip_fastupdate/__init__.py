"""Update every package in a Python environment to the newest versions that work together."""

__version__ = "0.1.0"
