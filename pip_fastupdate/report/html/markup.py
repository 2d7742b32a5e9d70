"""HTML from plain values; everything from outside goes through ``text`` or ``link``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ...core.text import clean, redact


def text(value: str) -> str:
    """Return the value as text for an element or a quoted attribute: on one line, without secrets."""
    return escape(clean(redact(value)), quote=True)


def link(url: str) -> str:
    """Return a link for an http or https URL; show anything else, such as ``javascript:``, as text."""
    shown = text(url)
    if not url.lower().startswith(("https://", "http://")):
        return f"<code>{shown}</code>"
    return f'<a href="{shown}" rel="noreferrer noopener">{shown}</a>'


def name(value: str) -> str:
    """Return a package's name; the script turns it into a button."""
    return f'<span data-name="{text(value)}">{text(value)}</span>'


def badge(word: str, known: Iterable[str]) -> str:
    """Return a word on its color; without color if the word is unknown."""
    return f'<span class="level {word}">{word}</span>' if word in known else text(word)


def items(values: Sequence[str]) -> str:
    """Return texts as a list, or a single text as it is."""
    if len(values) < 2:
        return text(values[0]) if values else ""
    return f"<ul>{''.join(f'<li>{text(each)}</li>' for each in values)}</ul>"


def bar(start: float, share: float) -> str:
    """Return a bar from ``start``, in fractions of the whole width; its value is next to it as a number."""
    found = f'<rect x="{start * 100:.2f}%" width="{max(share * 100, 0.3):.2f}%" height="100%"></rect>'
    return f'<svg class="bar" aria-hidden="true" focusable="false">{found}</svg>'


def table(
    caption: str,
    header: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str]]],
    *,
    kinds: Sequence[str],
    mark: str = "",
) -> str:
    """Return a table of cells that are HTML already, each row with the name of its package, "" for none.

    ``kinds`` are the classes of the columns, ``head`` for those that name the row.
    """
    titles = "".join(f'<th scope="col"{_right(kind)}>{each}</th>' for each, kind in zip(header, kinds, strict=True))
    lines = "".join(
        f"<tr{_row(package)}>{''.join(_cell(cell, kind) for cell, kind in zip(cells, kinds, strict=True))}</tr>\n"
        for package, cells in rows
    )
    marked = f' class="{mark}"' if mark else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table{marked}>'
        f"<caption>{caption}</caption><thead><tr>{titles}</tr></thead>\n<tbody>{lines}</tbody></table></div>"
    )


def _right(kind: str) -> str:
    return ' class="number"' if kind == "number" else ""


def _row(package: str) -> str:
    return f' data-row="{text(package).lower()}"' if package else ""


def _cell(cell: str, kind: str) -> str:
    if kind == "head":
        return f'<th scope="row">{cell}</th>'
    return f'<td class="{kind}">{cell}</td>' if kind else f"<td>{cell}</td>"


def section(title: str, *content: str) -> str:
    """Return a section with its heading; "" if it is empty."""
    told = "\n".join(filter(None, content))
    return f"<section>\n<h2>{title}</h2>\n{told}\n</section>" if told else ""


def folded(title: str, content: str) -> str:
    """Return content folded away under a title."""
    return f'<details class="rest"><summary>{title}</summary>\n{content}\n</details>'
