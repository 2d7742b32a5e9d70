"""Settings as words before those of the command line, and what no option can express."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from ...core.errors import UsageError
from .keys import KEYS
from .sources import Setting

if TYPE_CHECKING:
    from ...core.options import Options

Parsed = TypeVar("Parsed")


def in_force(settings: Iterable[Setting]) -> tuple[Setting, ...]:
    """Return the settings that no later one overrides, lowest priority first."""
    found: dict[object, Setting] = {}
    for number, each in enumerate(settings):
        key = KEYS.get(each.key)
        adds = (key is not None and key.kind == "list") or (each.key == "cooldown" and "=" in str(each.value))
        place = (each.key, number) if adds else each.key
        found.pop(place, None)  # the later one follows
        found[place] = each
    return tuple(found.values())


def words_of(settings: Iterable[Setting]) -> tuple[str, ...]:
    """Return command-line words: for a switch or a single value the last setting; lists are combined."""
    return tuple(word for each in in_force(settings) for word in _words(each))


def of_packages(settings: Iterable[Setting], key: str) -> tuple[tuple[str, str], ...]:
    """Return by normalized name what no option can express: ``index``, the only one that may provide it, or ``why``.

    Reports repeat the latter.
    """
    parts = ((each.key.split("."), each.value) for each in in_force(settings))
    return tuple((name[1], str(value)) for name, value in parts if name[0] == "packages" and name[2] == key)


def _words(setting: Setting) -> Iterator[str]:
    if setting.key in KEYS:
        yield from KEYS[setting.key].words(setting.value)
        return
    _, name, key = setting.key.split(".", 2)
    if key == "hold" and setting.value:
        yield f"--exclude={name}"
    elif key in ("level", "cooldown"):
        yield f"--{key}={name}={setting.value}"


def applied(found: Sequence[Setting], parse: Callable[[Sequence[str]], Parsed], plain: Options) -> Parsed:
    """Return the command line with the settings: ``parse`` takes words before its own, ``plain`` is it without any.

    Settings that make no sense with the command line do not apply, such as a test for a dry run. Raises UsageError,
    naming the setting.
    """
    settings = tuple(each for each in found if not _is_beside(each.key, plain))
    asked = words_of(each for each in settings if each.key in ("audit", "security"))
    if not (asked or plain.advisories.wanted):
        settings = tuple(each for each in settings if each.key not in ADVISORIES)
    try:
        return parse(words_of(settings))
    except UsageError as error:
        _blame(settings, parse, error)
        raise


ADVISORIES = ("osv-url", "advisories", "ignore-vuln", "ignore-until-fixed")
"""What options of these names require: ``--audit`` or ``--security``."""


def _is_beside(key: str, plain: Options) -> bool:
    """Return whether a setting does not apply, given the command line alone."""
    still = plain.dry_run or plain.check or plain.download_only or plain.why is not None
    local = plain.advisories.local is not None or plain.advisories.service is not None
    return (still and key in ("test", "bisect")) or (local and key in ("osv-url", "advisories"))


def _blame(settings: Sequence[Setting], parse: Callable[[Sequence[str]], object], whole: UsageError) -> None:
    """Raise UsageError for the setting without which the command line is accepted, else for the first refused one."""
    for number, each in enumerate(settings):
        if not _refused((*settings[:number], *settings[number + 1 :]), parse):
            raise _named(each, whole)
    for count, each in enumerate(settings, 1):
        error = _refused(settings[:count], parse)
        if error is not None:
            raise _named(each, error)


def _named(setting: Setting, error: UsageError) -> UsageError:
    message = error.message
    return UsageError(f"invalid setting {setting.key} in {setting.source}: {message}", hint=error.hint)


def _refused(settings: Sequence[Setting], parse: Callable[[Sequence[str]], object]) -> UsageError | None:
    try:
        parse(words_of(settings))
    except UsageError as error:
        return error
    return None
