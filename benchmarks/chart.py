"""The bar chart of the README: plain SVG, readable on light and on dark ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from .cases import Results
from .measure import Figures
from .results import title
from .tools import NAMES

WIDTH, LABEL, BAR, GAP, HEAD = 760, 96, 18, 4, 34
COLOURS = {"pip-update": "#2f855a", "uv": "#8e5bd0", "pip": "#3b78b5", "pip-review": "#8a8f98"}


def draw(results: Results, wanted: Sequence[tuple[str, int]] = ()) -> str:
    """The medians in seconds, a group of bars for each case, each group with its own scale."""
    groups = [(title(*key), figures) for key, figures in results.items() if not wanted or key in wanted]
    parts, top = [], 12
    for heading, figures in groups:
        parts.append(_group(heading, figures, top))
        top += HEAD + (BAR + GAP) * len(figures) + 14
    said = "; ".join(_words(heading, figures) for heading, figures in groups)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" '
        f'role="img" aria-label="{escape(said)}">\n'
        "<style>text { font: 13px system-ui, sans-serif; fill: #6b7280; } .head { font-weight: 600; }</style>\n"
        + "".join(parts)
        + "</svg>\n"
    )


def _words(heading: str, figures: Mapping[str, Figures]) -> str:
    return f"{heading}: " + ", ".join(f"{name} {seconds(each.seconds)}" for name, each in figures.items())


def _group(heading: str, figures: Mapping[str, Figures], top: int) -> str:
    longest = max(each.seconds for each in figures.values())
    lines = [f'<text class="head" x="0" y="{top + 16}">{escape(heading)}</text>\n']
    names = [name for name in NAMES if name in figures]
    for number, name in enumerate(names):
        y = top + HEAD - 6 + number * (BAR + GAP)
        length = max(1.0, figures[name].seconds / longest * (WIDTH - LABEL - 90))
        lines.append(
            f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{name}</text>'
            f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{COLOURS[name]}"/>'
            f'<text x="{LABEL + length + 6:.1f}" y="{y + 14}">{seconds(figures[name].seconds)}</text>\n'
        )
    return "".join(lines)


def seconds(value: float) -> str:
    """Two digits that count."""
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s" if value >= 1 else f"{value * 1000:.0f} ms"
