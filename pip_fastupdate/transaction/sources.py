"""From which index each version came: one file beside the transactions, which is there longer than these.

An entry holds for one version of a distribution. So it says nothing about what another tool installed since, and is
right again after an undo.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress

from ..busy_files import SHORT, Patience, replace
from ..errors import TransactionError
from .disk import sync_folder

NAME = "sources.json"
SCHEMA = 1

REMEMBERED = 5
"""So many versions of each distribution are remembered, those that were installed last."""


class Sources:
    """``sources.json`` in the home of the transactions; only what a commit leaves there is ever read."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._path = os.path.join(home, NAME)

    def exist(self) -> bool:
        """Whether anything is remembered."""
        return os.path.exists(self._path)

    def read(self) -> dict[str, dict[str, str]]:
        """By name and version, the index, a URL without credentials; the last installed comes last.

        Raises TransactionError.
        """
        try:
            with open(self._path, "rb") as file:
                document = json.loads(file.read())
            if document["schema"] != SCHEMA:
                raise ValueError(f"its schema is {document['schema']}, not {SCHEMA}")
            return {
                str(name): {str(version): str(url) for version, url in versions.items()}
                for name, versions in document["sources"].items()
            }
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise TransactionError(
                f"{self._path} cannot be read: {error}.",
                hint="Once it is removed, the next run goes on without knowing from which index each package came.",
            ) from error

    def with_further(self, installed: Mapping[tuple[str, str], str]) -> bytes:
        """The file's next content: what is remembered, and the indexes of what is installed now, by name and version.

        Raises TransactionError.
        """
        known = self.read()
        for (name, version), url in installed.items():
            versions = known.setdefault(name, {})
            versions.pop(version, None)
            versions[version] = url
            known[name] = dict(list(versions.items())[-REMEMBERED:])
        return json.dumps({"schema": SCHEMA, "sources": known}, indent=1, sort_keys=False).encode()

    def take(self, path: str) -> None:
        """Make the file at ``path`` the remembered one, if it is there still; it can be repeated. Raises OSError."""
        with suppress(FileNotFoundError):
            replace(path, self._path, Patience(SHORT))
            sync_folder(self._home)
