"""The little HTML that pages of links consist of, read in time proportional to their length.

The standard library's parser takes minutes for 400 kB of ``<!--`` or of attributes. Comments, tags, raw text and
attribute values are recognized as in the HTML standard (13.2.5); all but three tags are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LINKS = 200_000
"""Maximum number of links on a page by default."""

_TAG = re.compile(r"<(?:(?P<open>[a-zA-Z][^\s/>]*)|(?P<comment>!--)|(?P<other>[!?]|/[a-zA-Z]))")
_COMMENT_END = re.compile(r"--!?>")
_NAME = re.compile(r"[\s/]*([^\s/>][^\s/>=]*)?")
_VALUE = re.compile(r"\s*=\s*(?:([\"'])|([^\s>]*))")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{0,31}(?:;|(?![a-zA-Z0-9=])))")
_RAW = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))
"""Elements that contain only text."""

Attributes = dict[str, str | None]


class Document:
    """A page's links and metadata."""

    def __init__(self, links: int) -> None:
        self.base: str | None = None
        """From the first ``<base href>``."""

        self.anchors: list[Attributes] = []
        self.meta: dict[str, str] = {}
        self._links = links

    def add(self, tag: str, attributes: Attributes) -> None:
        """Record a tag. Raises ValueError for one link too many."""
        if tag == "a":
            if len(self.anchors) >= self._links:
                raise ValueError(f"more than {self._links} links")
            self.anchors.append(attributes)
        elif tag == "base" and self.base is None:
            self.base = attributes.get("href")
        elif tag == "meta":
            self.meta.setdefault(attributes.get("name") or "", attributes.get("content") or "")


def parse(text: str, links: int = LINKS) -> Document:
    """Return the page's links and metadata. Raises ValueError for more than ``links`` links."""
    document = Document(links)
    for tag, attributes in _tags(text):
        document.add(tag, attributes)
    return document


def _tags(text: str) -> Iterator[tuple[str, Attributes]]:
    """Yield the start tags in order. An unclosed one at the end of the text is not a tag."""
    at = 0
    while (found := _TAG.search(text, at)) is not None:
        if found["open"]:
            attributes: Attributes = {}
            at = _attributes(text, found.end(), attributes)
            tag = found["open"].lower()
            if at:
                yield tag, attributes
            if at and tag in _RAW:
                at = _end_of_raw(text, at, tag)
        elif found["comment"]:
            at = _end_of_comment(text, found.end())
        else:
            at = text.find(">", found.end()) + 1
        if not at:
            return


def _end_of_comment(text: str, start: int) -> int:
    """Return where the text after the comment begins; 0 if it does not end."""
    for empty in (">", "->"):
        if text.startswith(empty, start):
            return start + len(empty)
    end = _COMMENT_END.search(text, start)
    return end.end() if end else 0


def _end_of_raw(text: str, start: int, tag: str) -> int:
    end = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE).search(text, start)
    return end.start() if end else 0


def _attributes(text: str, at: int, into: Attributes) -> int:
    """Read a tag's attributes from ``at`` on; return where the tag ends, 0 if the text does so before."""
    while True:
        name = _NAME.match(text, at)
        assert name is not None, "it matches nothing at all, too"
        at = name.end()
        if not name[1]:
            return at + 1 if at < len(text) else 0  # at the ">"
        value = _VALUE.match(text, at)
        if value is None:
            into[name[1].lower()] = None
            continue
        at = value.end()
        said = value[2]
        if value[1]:
            end = text.find(value[1], at)
            if end < 0:
                return 0
            said, at = text[at:end], end + 1
        into[name[1].lower()] = _unescaped(said)


def _unescaped(value: str) -> str:
    """Return the value with its character references (``&amp;``) resolved; numbers of more than seven digits are
    invalid.
    """
    return _REFERENCE.sub(_character, value) if "&" in value else value


def _character(reference: re.Match[str]) -> str:
    from html import entities, unescape

    text = reference[0]
    known = text.startswith("&#") or text[1:] in entities.html5
    return unescape(text) if known else text
