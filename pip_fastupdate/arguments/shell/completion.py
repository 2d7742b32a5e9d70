"""Completion of options, their values and installed names, as shell code to evaluate.

The options are part of the code, so that completing one starts no program. The names are those of the ``*.dist-info``
directories of the environment whose program would run, read by the shell itself; what cannot be a project's name is
never offered. All of the code is ASCII, whatever the encoding of the terminal.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ...core.options import Level
from .completion_texts import TEMPLATES

_NAMES = frozenset({"NAME", "NAMES"})
_FILES = frozenset({"FILE", "PATH", "FOLDER", "DIR"})
_VALUES: Mapping[str | tuple[str, ...], tuple[str, ...]] = {
    "LEVEL": (*get_args(Level), "any"),
    "PROVIDER": ("auto", "disabled", "import", "subprocess"),
    "SHELL": tuple(TEMPLATES),
}
"""By metavar, values to offer although the parser accepts others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its spellings, its help, and its possible values."""

    words: tuple[str, ...]
    text: str
    kind: Literal["none", "choice", "names", "files", "ids", "other"]
    choices: tuple[str, ...] = ()
    optional: bool = False


def completion_for(shell: str, made: argparse.ArgumentParser) -> str:
    """Return the code for ``shell``, a key of ``TEMPLATES``, with all options of the parser; without a final line
    end.
    """
    options = [_option(each) for each in made._actions if each.option_strings and each.help != argparse.SUPPRESS]
    lines = {"bash": _bash, "zsh": _zsh, "fish": _fish, "powershell": _powershell}[shell](options)
    text = TEMPLATES[shell].rstrip()
    for mark, words in lines.items():
        text = text.replace(f"@{mark}@", words)
    return text


def _option(action: argparse.Action) -> Option:
    optional = action.nargs == "?"
    return Option(
        words=tuple(action.option_strings),
        text=_ascii(action.help or "") or action.option_strings[-1],
        kind=_kind(action, optional),
        choices=_choices(action),
        optional=optional,
    )


def _kind(action: argparse.Action, optional: bool) -> Literal["none", "choice", "names", "files", "ids", "other"]:
    if action.nargs == 0:
        return "none"
    if _choices(action):
        return "choice"
    if action.dest == "undo":
        return "ids"
    if action.metavar in _NAMES:
        return "names"
    if action.metavar in _FILES:
        return "files"
    return "none" if optional else "other"


def _choices(action: argparse.Action) -> tuple[str, ...]:
    return tuple(map(str, action.choices)) if action.choices else _VALUES.get(action.metavar or "", ())


def _ascii(text: str) -> str:
    return text.replace("\N{HORIZONTAL ELLIPSIS}", "...").encode("ascii", "replace").decode("ascii")


def _words(options: list[Option], kind: str) -> Iterator[str]:
    return (word for each in options if each.kind == kind for word in each.words)


def _patterns(options: list[Option]) -> dict[str, str]:
    """Return the options of each kind as a pattern of ``case``."""
    return {kind.upper(): "|".join(_words(options, kind)) for kind in ("files", "other")}


def _bash(options: list[Option]) -> dict[str, str]:
    cases = (
        f"        {'|'.join(each.words)}) __pip_update_among '{' '.join(each.choices)}' \"$cur\"; return ;;"
        for each in options
        if each.choices
    )
    ids = (f'        {word}) __pip_update_ids "${{1##*/}}" "$cur"; return ;;' for word in _words(options, "ids"))
    every = " ".join(word for each in options for word in each.words)
    return {"CHOICES": "\n".join((*cases, *ids)), "OPTIONS": every, **_patterns(options)}


def _zsh(options: list[Option]) -> dict[str, str]:
    cases = (
        f"        ({'|'.join(each.words)}) compadd -- {' '.join(each.choices)}; return ;;"
        for each in options
        if each.choices
    )
    ids = (f"        ({word}) __pip_update_ids $program; return ;;" for word in _words(options, "ids"))
    every = (f"        {_posix(f'{word}:{each.text}')}" for each in options for word in each.words)
    return {"CHOICES": "\n".join((*cases, *ids)), "OPTIONS": "\n".join(every), **_patterns(options)}


def _posix(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(options: list[Option]) -> dict[str, str]:
    return {"OPTIONS": "\n".join(f"    complete $argv {_fish_option(each)}" for each in options)}


def _fish_option(option: Option) -> str:
    flags = [f"-l {word[2:]}" if word.startswith("--") else f"-s {word[1:]}" for word in option.words]
    quoted = option.text.replace("\\", "\\\\").replace("'", "\\'")
    value = {
        "choice": f" -x -a '{' '.join(option.choices)}'",
        "names": " -x -a '(__pip_update_names)'",
        "files": " -r -F",
        "ids": " -x -a '(__pip_update_ids)'",
        "other": " -x",
        "none": "",
    }[option.kind]
    return f"{' '.join(flags)} -d '{quoted}'{'' if option.optional and option.kind != 'ids' else value}"


def _powershell(options: list[Option]) -> dict[str, str]:
    every = (f"        , @({_single(word)}, {_single(each.text)})" for each in options for word in each.words)
    values = (
        f"        {_single(word)} {{ $offered = {_array(each.choices)} }}"
        for each in options
        if each.choices
        for word in each.words
    )
    return {
        "OPTIONS": "\n".join(every),
        "CHOICES": "\n".join(values),
        "VALUES": _array(word for kind in ("files", "other") for word in _words(options, kind)),
    }


def _array(words: Iterator[str] | tuple[str, ...]) -> str:
    return f"@({', '.join(map(_single, words))})"


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
