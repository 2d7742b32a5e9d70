"""The lock files of other programs, which nothing but those may write."""

from __future__ import annotations

FOREIGN = {
    "uv.lock": "uv lock --upgrade",
    "poetry.lock": "poetry update",
    "pdm.lock": "pdm update",
    "Pipfile.lock": "pipenv update",
    "pixi.lock": "pixi update",
    "pylock.toml": "pip-update --lock-file pylock.toml",
}
"""Lock files by name, and the command that recreates them."""
