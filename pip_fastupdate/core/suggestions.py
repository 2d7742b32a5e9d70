"""What a word that is not known was most likely meant to be."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """At most three of the ``known`` words that are spelled much like ``word``, the most similar one first."""
    from difflib import get_close_matches  # an error alone needs it

    return tuple(get_close_matches(word, sorted(known), cutoff=0.7))


def meant(words: Iterable[str], known: Iterable[str]) -> str:
    """A hint that names those of ``known`` that are most similar to ``words``; "" if none is."""
    known = tuple(known)
    found = tuple(dict.fromkeys(each for word in words for each in closest(word, known)))
    return f"try the closest name{'s' if len(found) > 1 else ''}: {', '.join(found)}" if found else ""
