"""The one parser of METADATA, PKG-INFO and WHEEL files: fast, without the standard library's e-mail parser.

The core metadata specification makes them e-mail headers. A header ends at the first line that is neither a field nor
the continuation of one; what follows, often a long description, is ignored. The result is the same as the e-mail
parser's, which pip uses: a test compares them. 1000 files of 8 kB take that 0.12 s, and this 0.03 s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

_END = re.compile(rb"^(?!From |[!-9;-~]*:|[ \t])", re.MULTILINE)


def head(data: bytes) -> bytes:
    """Return the fields only, each line with a line feed at its end."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    end = _END.search(data)
    return data[: end.start()] if end else data


def fields(data: bytes, names: tuple[str, ...], *, errors: str = "strict") -> Mapping[str, list[str]]:
    """Return the values of the fields of these lower-case names: every occurrence, stripped and unfolded.

    ``errors`` is as for ``bytes.decode``. Raises UnicodeDecodeError for one that is not UTF-8; all others may be
    anything.
    """
    found: dict[str, list[str]] = {name: [] for name in names}
    for field in _pattern(names).finditer(head(data)):
        value = field[2].decode("utf-8", errors).strip()
        found[field[1].decode().lower()].append(" ".join(part for line in value.split("\n") if (part := line.strip())))
    return found


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[bytes]:
    either = "|".join(map(re.escape, names)).encode()
    return re.compile(rb"^(%b):[ \t]*(.*(?:\n[ \t].*)*)" % either, re.MULTILINE | re.IGNORECASE)
