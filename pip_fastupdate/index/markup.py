"""The little of HTML that pages of links are made of."""

from __future__ import annotations

from html.parser import HTMLParser


class Document(HTMLParser):
    """Collects links; closing tags and text mean nothing to it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        """Of the first ``<base href>``."""

        self.anchors: list[dict[str, str | None]] = []
        self.meta: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser for each tag."""
        if tag == "a":
            self.anchors.append(dict(attrs))
        elif tag == "base" and self.base is None:
            self.base = dict(attrs).get("href")
        elif tag == "meta":
            said = dict(attrs)
            self.meta.setdefault(said.get("name") or "", said.get("content") or "")


def parse(text: str) -> Document:
    """The page's links and what it says of itself."""
    document = Document()
    document.feed(text)
    document.close()
    return document
