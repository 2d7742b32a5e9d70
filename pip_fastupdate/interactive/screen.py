"""The choice as lines of text for a terminal of any size; creating them needs no terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from ..core.text import can_encode, plural, size
from .state import GROUPS, State, group_of
from .updates import Move, Update

Piece = tuple[str, str]
"""(style, text)."""

Line = tuple[Piece, ...]

_DETAILED = 14
"""Rows from which on there are details about the current update."""

_SIZED, _NOTED = 62, 78
"""Columns from which on a line has the size and a note."""

_KEYS = (
    ("up/down", "move"),
    ("space", "choose"),
    ("a", "all"),
    ("i", "invert"),
    ("g", "group"),
    ("enter", "go"),
    ("q", "quit"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """Characters that some encodings lack."""

    arrow: str = "->"
    rule: str = "-"
    dots: str = "..."

    @classmethod
    def of(cls, encoding: str | None) -> Glyphs:
        """Return those of a terminal."""
        if can_encode("→─…", encoding):
            return cls(arrow="→", rule="─", dots="…")
        return cls()


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """Columns for the parts of a line."""

    name: int
    installed: int
    target: int
    columns: int


def screen(state: State, where: str, *, columns: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """Return as many lines as there are rows, always including the current one."""
    head = [*_head(state, where, glyphs)]
    foot = [*_foot(columns)]
    if rows < len(head) + len(foot) + 3:
        head, foot = head[1:2], []
    details = [*_details(state, columns, glyphs)] if rows >= _DETAILED else []
    body, at = _body(state, columns, glyphs)
    room = max(1, rows - len(head) - len(foot) - len(details))
    above = (
        0 if state.cursor == len(state.updates) - 1 else room // 2
    )  # the lines that cannot be chosen follow the last one
    top = max(0, min(at - above, len(body) - room))
    shown = body[top : top + room]
    shown += [()] * (room - len(shown))
    return [_cropped(line, columns) for line in (*head, *shown, *details, *foot)][:rows]


def _cropped(line: Line, columns: int) -> Line:
    """Crop the line to the columns, assuming that most characters take one."""
    found, left = [], columns
    for style, text in line:
        if left > 0:
            found.append((style, text[:left]))
            left -= len(text)
    return tuple(found)


def _head(state: State, where: str, glyphs: Glyphs) -> Iterator[Line]:
    yield (("title", f"Choose what to update in {where}"),)
    chosen = f"{len(state.chosen)} of {len(state.updates)} chosen"
    if state.message:
        yield (("warn", state.message),)
    elif state.pending:
        then = ", then go" if state.going else ""
        yield (("", f"{chosen}, "), ("pending", f"planning{glyphs.dots}{then}"))
    else:
        yield (("", f"{chosen}{_consequences(state)}"),)


def _consequences(state: State) -> str:
    moves = state.foreseen.moves.values()
    others = [each for each in moves if each.name not in state.chosen and each.target is not None]
    removed = [each for each in moves if each.target is None]
    still = [name for name in state.chosen if name not in state.foreseen.moves]
    bytes_ = sum(each.size or 0 for each in moves)
    parts = [f"{len(others)} more required"] if others else []
    parts += [f"{len(removed)} to remove"] if removed else []
    parts += [f"{plural(len(still), 'package')} held"] if still else []
    parts += [f"{size(bytes_)} to download"] if bytes_ else []
    return "".join(f", {each}" for each in parts)


def _foot(columns: int) -> Iterator[Line]:
    line: list[Piece] = []
    for key, does in _KEYS:
        used = sum(len(text) for _, text in line)
        if line and used + len(key) + len(does) + 1 > columns:
            yield tuple(line)
            line = []
        line += [("key", key), ("", f" {does}  ")]
    yield tuple(line)


# the list


def _body(state: State, columns: int, glyphs: Glyphs) -> tuple[list[Line], int]:
    """Return all lines of the list, and the index of the current one."""
    lines: list[Line] = []
    at, widths = 0, _widths(state, columns)
    for group, found in groupby(state.updates, key=group_of):
        updates = [*found]
        lines += [(), (("heading", f"{GROUPS[group]} ({len(updates)})"),)]
        for each in updates:
            at = len(lines) if each is state.current else at
            lines.append(_update(state, each, widths, glyphs))
    lines += _others(state, widths, glyphs)
    return lines, at


def _widths(state: State, columns: int) -> Widths:
    moves = list(state.foreseen.moves.values())
    installed = max([9, *(len(each.installed) for each in state.updates)])
    target = max([7, *(len(each.target) for each in state.updates), *(len(each.target or "") for each in moves)])
    installed, target = min(installed, max(6, columns // 5)), min(target, max(6, columns // 5))
    names = [*(len(each.name) for each in state.updates), *map(len, state.foreseen.moves)]
    left = columns - 6 - installed - target - 5
    return Widths(name=max(8, min(max(names, default=8), left)), installed=installed, target=target, columns=columns)


def _update(state: State, update: Update, widths: Widths, glyphs: Glyphs) -> Line:
    """Return the line of an update that can be chosen."""
    chosen = update.name in state.chosen
    move = None if state.pending else state.foreseen.moves.get(update.name)
    still = chosen and move is None and not state.pending
    box = "[x]" if chosen else "[+]" if move is not None else "[ ]"
    style = "warn" if still else group_style(update) if chosen or move else "faint"
    target = "held" if still else update.target if move is None else move.target or ""
    bytes_ = None if still else update.size if move is None else move.size
    here = update is state.current
    pieces = [
        ("cursor" if here else "", f"{'>' if here else ' '}{box} "),
        ("cursor" if here else "", f"{update.name[: widths.name]:<{widths.name}}"),
        *_versions(update.installed, target, style, widths, glyphs),
        *_aside(bytes_, _note(state, update, move), widths, faint=not still),
    ]
    return tuple(pieces)


def group_style(update: Update) -> str:
    """Return the style of its new version: the level's, in any group."""
    return update.level if update.level in GROUPS else "unknown"


def _versions(installed: str, target: str, style: str, widths: Widths, glyphs: Glyphs) -> Iterator[Piece]:
    yield "", f" {installed[: widths.installed]:<{widths.installed}} {glyphs.arrow} "
    yield style, f"{target[: widths.target]:<{widths.target}}"


def _aside(bytes_: int | None, note: str, widths: Widths, *, faint: bool) -> Iterator[Piece]:
    """Return size and note, if there is space for them."""
    if widths.columns >= _SIZED:
        yield "faint", f" {size(bytes_) if bytes_ is not None else '':>9}"
    if widths.columns >= _NOTED and note:
        yield "faint" if faint else "warn", f"  {note}"


def _note(state: State, update: Update, move: Move | None) -> str:
    """Return the most important note on it."""
    name = update.name
    if move is not None and name not in state.chosen:
        return move.because
    if not state.pending and name in state.chosen and name in state.foreseen.held:
        return state.foreseen.held[name]
    if update.fixes:
        return f"{update.level}, fixes {', '.join(update.fixes)}"
    return next(iter(update.notes), "")


def _others(state: State, widths: Widths, glyphs: Glyphs) -> Iterator[Line]:
    """Return what cannot be chosen: what must change with the choice, and what stays below its newest version."""
    names = {each.name for each in state.updates}
    moves = [each for name, each in sorted(state.foreseen.moves.items()) if name not in names]
    required, removed = [each for each in moves if each.target], [each for each in moves if not each.target]
    if required:
        yield from ((), (("heading", "Also required"),))
    yield from (_other(each, "+", "added", widths, glyphs) for each in required)
    if removed:
        yield from ((), (("heading", "Removed"),))
    yield from (_other(each, "-", "warn", widths, glyphs) for each in removed)
    held = [(name, why) for name, why in sorted(state.foreseen.held.items()) if name not in names]
    if held:
        yield from ((), (("heading", "Held"),))
    for name, why in held:
        yield (("", f"   = {name[: widths.name]:<{widths.name}} "), ("faint", why))


def _other(move: Move, sign: str, style: str, widths: Widths, glyphs: Glyphs) -> Line:
    return (
        ("", f"   {sign} {move.name[: widths.name]:<{widths.name}}"),
        *_versions(move.installed or "new", move.target or "removed", style, widths, glyphs),
        *_aside(move.size, move.because, widths, faint=True),
    )


# the current update

_ROWS = 5
"""Lines of details, so that nothing moves with the cursor."""


def _details(state: State, columns: int, glyphs: Glyphs) -> Iterator[Line]:
    yield (("faint", glyphs.rule * columns),)
    about = _about(state, state.current) if state.current else ()
    lines = [part for line in about for part in _wrapped(line, columns)]
    yield from (lines + [()] * _ROWS)[:_ROWS]


def _wrapped(line: Line, columns: int) -> Iterator[Line]:
    """Wrap the line."""
    now: list[Piece] = []
    for style, text in line:
        for word in re.findall(r"\s+|\S+", text):
            if now and not word.isspace() and sum(len(each) for _, each in now) + len(word) > columns:
                yield tuple(now)
                now = []
            now.append((style, word))
    yield tuple(now)


def _about(state: State, update: Update) -> Iterator[Line]:
    facts = [
        update.level,
        *([f"uploaded {update.uploaded}"] if update.uploaded else []),
        *([size(update.size)] if update.size is not None else []),
        *([update.summary] if update.summary else []),
    ]
    yield (("title", f"{update.name} {update.target}"), ("", "  " + ", ".join(facts)))
    if update.fixes:
        yield (("warn", f"fixes {', '.join(update.fixes)}"),)
    move = state.foreseen.moves.get(update.name)
    if not state.pending and move is not None and update.name not in state.chosen and move.because:
        yield (("", f"required all the same: {move.because}"),)
    if not state.pending and update.name in state.foreseen.held:
        yield (("", state.foreseen.held[update.name]),)
    yield from ((("", each),) for each in update.notes)
    wide = max((len(what) for what, _ in update.links), default=0)
    yield from ((("faint", f"{what:<{wide}}  "), ("link", url)) for what, url in update.links)
