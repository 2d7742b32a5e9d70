"""The text of a requirements file: the position of each requirement, and what must not be changed."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_COMMENT = re.compile(r"(?<!\S)#.*$")
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_IGNORED = re.compile(r"#\s*pip-update:\s*ignore\b")
_COMPILED = re.compile(r"^#.*\b(?:auto-?generated|generated) by\b", re.IGNORECASE | re.MULTILINE)
_COMMAND = re.compile(
    r"^#\s+(?:\$ )?((?:\S+=\S+ )*(?:uv pip compile|pip-compile|poetry|pdm|pipenv|rye|hatch|make)\b.*)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The text of a file, and how to encode it back into the same bytes."""

    text: str
    encoding: str
    bom: bytes = b""

    def encode(self, text: str) -> bytes:
        """Return the bytes of another text in this file. Raises UnicodeEncodeError."""
        return self.bom + text.encode(self.encoding)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalLine:
    """A logical line: one of the file, or several joined by backslashes."""

    number: int
    """Of its first line, from 1, as pip counts."""

    start: int
    end: int
    """Positions in the text, including inner line endings but not the last one."""

    ignored: bool
    """True if its comment says ``# pip-update: ignore``."""


def decode(data: bytes) -> Decoded:
    """Return the text as pip reads it: by its byte order mark, its coding line, or as UTF-8. Raises UnicodeError."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return Decoded(text=data[len(bom) :].decode(encoding), encoding=encoding, bom=bom)
    for line in data.split(b"\n")[:2]:
        found = _CODING.search(line) if line.startswith(b"#") else None
        if found is not None:
            encoding = found[1].decode("ascii")
            try:
                return Decoded(text=data.decode(encoding), encoding=encoding)
            except LookupError:
                raise UnicodeError(f"unknown encoding {encoding}") from None
    return Decoded(text=data.decode("utf-8"), encoding="utf-8")


def lines(text: str) -> tuple[LogicalLine, ...]:
    """Return the logical lines, counted and joined as pip does."""
    found: list[LogicalLine] = []
    position, opened, ignored = 0, None, False
    for number, physical in enumerate(text.splitlines(keepends=True), start=1):
        bare = physical.rstrip("\r\n")
        if opened is None:
            opened, ignored = (number, position), False
        comment = _COMMENT.search(bare)
        ignored = ignored or (comment is not None and _IGNORED.search(comment[0]) is not None)
        position += len(physical)
        if not bare.endswith("\\") or bare.lstrip().startswith("#"):
            end = position - (len(physical) - len(bare))
            found.append(LogicalLine(number=opened[0], start=opened[1], end=end, ignored=ignored))
            opened = None
    if opened is not None:
        found.append(LogicalLine(number=opened[0], start=opened[1], end=position, ignored=ignored))
    return tuple(found)


def _has_via(text: str) -> bool:
    """Return whether a comment says what requires a requirement, after or below it, as those programs write it."""
    requirement = False
    for line in text.splitlines():
        before, comment, after = line.partition("# via")
        if comment and after[:1] in ("", " ") and "#" not in before and (requirement or before.strip()):
            return True
        requirement = (bool(line.strip()) and "#" not in line) or (requirement and not line.strip())
    return False


def compiled_by(text: str) -> str | None:
    """Return the command that generates a compiled file, "" if unknown; None for a hand-written file."""
    head = text[:2000]
    if not _COMPILED.search(head) and not _has_via(text):
        return None
    command = _COMMAND.search(head)
    return command[1].strip() if command else ""
