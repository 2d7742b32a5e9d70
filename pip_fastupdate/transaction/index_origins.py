"""Records which index each version came from, in a file that outlives the transactions.

An entry is for one version of a distribution. So it says nothing about later installs by other tools, and is right
again after an undo.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

from ..core.busy_files import SHORT, Patience, replace
from ..core.errors import TransactionError
from ..core.files import content, decoded
from .filesystem import sync_folder

NAME = "sources.json"
SCHEMA = 1

_MOST = 64 * 1024 * 1024
"""Maximum size of the file in bytes."""

REMEMBERED = 5
"""Maximum number of remembered versions of each distribution, the last installed ones."""


class IndexOrigins:
    """``sources.json`` in the home of the transactions; only what a commit leaves there is ever read."""

    configured: Mapping[str, str] = MappingProxyType({})
    """All sources configured in this run, each with its canonical text.

    Remembered with what comes from any of them.
    """

    def __init__(self, home: str) -> None:
        self._home = home
        self._path = os.path.join(home, NAME)

    def exist(self) -> bool:
        """Return whether anything is remembered."""
        return os.path.exists(self._path)

    def read(self) -> dict[str, dict[str, str]]:
        """Return the index, a URL without credentials, by name and version; the last installed comes last.

        Raises TransactionError.
        """
        return self._read()[0]

    def beside(self) -> dict[str, frozenset[str]]:
        """Return, by index, the others that were configured when something came from it. Raises TransactionError."""
        return self._read()[1]

    def _read(self) -> tuple[dict[str, dict[str, str]], dict[str, frozenset[str]]]:
        try:
            document = decoded(content(self._path, _MOST))
            if document["schema"] != SCHEMA:
                raise ValueError(f"its schema is {document['schema']}, not {SCHEMA}")
            sources = {
                str(name): {str(version): str(url) for version, url in versions.items()}
                for name, versions in document["sources"].items()
            }
            beside = {str(url): frozenset(map(str, others)) for url, others in document.get("beside", {}).items()}
            return sources, beside
        except (FileNotFoundError, NotADirectoryError):
            return {}, {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise TransactionError(
                f"could not read {self._path}: {error}",
                hint="delete it to continue; pip-update then forgets which index each package came from",
            ) from error

    def with_further(self, installed: Mapping[tuple[str, str], str]) -> bytes:
        """Return the file's next content: the remembered entries and the indexes of what is installed now, by name and
        version.

        Raises TransactionError.
        """
        known, beside = self._read()
        for (name, version), url in installed.items():
            versions = known.setdefault(name, {})
            versions.pop(version, None)
            versions[version] = url
            known[name] = dict(list(versions.items())[-REMEMBERED:])
        for url in {self.configured[each] for each in installed.values() if each in self.configured}:
            beside[url] = (beside.get(url, frozenset()) | set(self.configured.values())) - {url}
        others = {url: sorted(urls) for url, urls in sorted(beside.items())}
        return json.dumps({"schema": SCHEMA, "sources": known, "beside": others}, indent=1, sort_keys=False).encode()

    def take(self, path: str) -> None:
        """Replace the remembered file by the one at ``path``, if that still exists; can be repeated. Raises OSError."""
        with suppress(FileNotFoundError):
            replace(path, self._path, Patience(SHORT))
            sync_folder(self._home)
