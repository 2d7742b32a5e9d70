"""The settings, each the option of the same name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

TRUE, FALSE = ("1", "true", "yes", "on", "y", "t"), ("0", "false", "no", "off", "n", "f")
"""As pip reads them (``strtobool``)."""

Given = bool | str | tuple[str, ...]
"""A value: of a switch, of an option with one value, or of a repeatable one."""


class WrongValue(Exception):
    """An invalid value; the text follows the key and its source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting."""

    name: str
    kind: Literal["switch", "text", "list"]
    personal: bool = False
    """True if a project's file must not have it: it runs commands, sends data somewhere or weakens the undo."""

    words: Callable[[Any], tuple[str, ...]]
    """Return the command-line words for a value."""

    alone: str | None = None
    """The value of ``true``, if the option may be given without a value."""

    def read(self, value: object) -> Given:
        """Read a value from a TOML document. Raises WrongValue."""
        if self.kind == "switch":
            if isinstance(value, bool):
                return value
            raise WrongValue("is not true or false")
        if value is True and self.alone is not None:
            return self.alone
        if self.kind == "list" and isinstance(value, list):
            return tuple(_text(each) for each in value)
        return (_text(value),) if self.kind == "list" else _text(value)

    def parse(self, text: str) -> Given:
        """Read a value from a variable or a file in pip's format. Raises WrongValue."""
        text = text.strip()
        switch = self.kind == "switch"
        if text.lower() in TRUE and (switch or self.alone is not None):
            return self.read(True)
        if text.lower() in FALSE and switch:
            return self.read(False)
        return self.read(re.split(r"[\s,]+", text) if self.kind == "list" else text)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongValue("is not text")
    return str(value)


def _switch(name: str, negative: str | None = None) -> Callable[[Any], tuple[str, ...]]:
    return lambda value: (f"--{name}",) if value else ((negative,) if negative else ())


def _option(name: str) -> Callable[[Any], tuple[str, ...]]:
    return lambda value: (f"--{name}={value}",)


def _options(name: str) -> Callable[[Any], tuple[str, ...]]:
    return lambda values: tuple(f"--{name}={each}" for each in values if each)


def _keys() -> Iterator[Key]:
    for name in ("strict", "direct", "prune", "audit"):
        yield Key(name=name, kind="switch", words=_switch(name))
    yield Key(name="bisect", kind="switch", personal=True, words=_switch("bisect"))
    yield Key(name="compile", kind="switch", words=_switch("compile", "--no-compile"))
    yield Key(name="security", kind="text", words=_option("security"), alone="smallest")
    for name in ("cooldown", "cooldown-unknown", "jobs"):
        yield Key(name=name, kind="text", words=_option(name))
    for name in ("test", "osv-url", "advisories", "keep", "lock-timeout"):
        yield Key(name=name, kind="text", personal=True, words=_option(name))
    for name in ("cache-ttl", "cache-limit", "cache-dir", "cache-url", "shared-wheels", "link-mode"):
        yield Key(name=name, kind="text", personal=True, words=_option(name))
    for name in ("exclude", "level", "cooldown-except", "ignore-vuln", "ignore-until-fixed"):
        yield Key(name=name, kind="list", words=_options(name))
    for name in ("build", "allow-source-change"):
        yield Key(name=name, kind="list", personal=True, words=_options(name))


KEYS: Mapping[str, Key] = {key.name: key for key in _keys()}

FOR_A_PACKAGE = ("hold", "level", "cooldown", "index", "why")
"""Keys of ``[tool.pip-update.packages.NAME]``."""
