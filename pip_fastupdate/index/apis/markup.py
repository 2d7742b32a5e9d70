"""The little of HTML that pages of links are made of, read in time proportional to their length.

The standard library's parser takes minutes for 400 kB of ``<!--`` or of attributes. Comments, tags, raw text and
attribute values are told apart as the HTML standard does it (13.2.5); everything but three tags means nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LINKS = 200_000
"""Links that a page may have unless the caller says otherwise."""

_TAG = re.compile(r"<(?:(?P<open>[a-zA-Z][^\s/>]*)|(?P<comment>!--)|(?P<other>[!?]|/[a-zA-Z]))")
_COMMENT_END = re.compile(r"--!?>")
_NAME = re.compile(r"[\s/]*([^\s/>][^\s/>=]*)?")
_VALUE = re.compile(r"\s*=\s*(?:([\"'])|([^\s>]*))")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{0,31}(?:;|(?![a-zA-Z0-9=])))")
_RAW = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))
"""Elements with nothing but text in them."""

Attributes = dict[str, str | None]


class Document:
    """A page's links, and what it says of itself."""

    def __init__(self, links: int) -> None:
        self.base: str | None = None
        """Of the first ``<base href>``."""

        self.anchors: list[Attributes] = []
        self.meta: dict[str, str] = {}
        self._links = links

    def add(self, tag: str, attributes: Attributes) -> None:
        """Take note of a tag. Raises ValueError for one link too many."""
        if tag == "a":
            if len(self.anchors) >= self._links:
                raise ValueError(f"more than {self._links} links")
            self.anchors.append(attributes)
        elif tag == "base" and self.base is None:
            self.base = attributes.get("href")
        elif tag == "meta":
            self.meta.setdefault(attributes.get("name") or "", attributes.get("content") or "")


def parse(text: str, links: int = LINKS) -> Document:
    """The page's links and what it says of itself. Raises ValueError for more than so many ``links``."""
    document = Document(links)
    for tag, attributes in _tags(text):
        document.add(tag, attributes)
    return document


def _tags(text: str) -> Iterator[tuple[str, Attributes]]:
    """The start tags in order. What is not closed before the end of the text is none."""
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
    """Where what follows the comment begins; 0 where it does not end."""
    for empty in (">", "->"):
        if text.startswith(empty, start):
            return start + len(empty)
    end = _COMMENT_END.search(text, start)
    return end.end() if end else 0


def _end_of_raw(text: str, start: int, tag: str) -> int:
    end = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE).search(text, start)
    return end.start() if end else 0


def _attributes(text: str, at: int, into: Attributes) -> int:
    """Read a tag's attributes from ``at`` on; returns where the tag ends, 0 where the text does so before."""
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
    """The value with its character references (``&amp;``) resolved; numbers of more than seven digits are none."""
    return _REFERENCE.sub(_character, value) if "&" in value else value


def _character(reference: re.Match[str]) -> str:
    from html import entities, unescape

    text = reference[0]
    known = text.startswith("&#") or text[1:] in entities.html5
    return unescape(text) if known else text
