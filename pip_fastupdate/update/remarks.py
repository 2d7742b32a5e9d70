"""Remarks on the files of an update: listed but not removed, shared but replaced."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..core.models import Distribution, Reason
from ..core.text import some

_PACKAGES = re.compile(r"^.*[/\\](?:site|dist)-packages[/\\](?=[^/\\])")


def left_in_place(paths: Sequence[str], prefix: Path) -> Iterator[Reason]:
    """Return the reason for ``paths`` that an installed RECORD lists although they belong to others."""
    if paths:
        text = (
            "not removed because other packages may own them, although the old RECORD lists them: "
            f"{_listed(paths, prefix)}"
        )
        yield Reason(kind="not-its-files", text=text, data={"files": str(len(paths))})


def overwrites(name: str, overwritten: Mapping[str, tuple[str, str]], prefix: Path) -> Iterator[Reason]:
    """Return the reason for files that the new version of ``name`` replaced and others list as well."""
    others: dict[str, list[str]] = {}
    for path, (bringer, owner) in overwritten.items():
        if bringer == name:
            others.setdefault(owner, []).append(path)
    for owner, paths in sorted(others.items()):
        text = f"replaced {_listed(paths, prefix)}, which {owner} lists as well"
        yield Reason(kind="shared-files", text=text, data={"with": owner, "files": str(len(paths))})


def other_installers(changed: Iterable[Distribution]) -> str:
    """Return a sentence about updated packages that other programs installed; "" if there are none."""
    by: dict[str, list[str]] = {}
    for each in changed:
        if each.installer:
            by.setdefault(each.installer, []).append(each.name)
    if not by:
        return ""
    whose = "; ".join(f"{installer}: {some(sorted(names))}" for installer, names in sorted(by.items()))
    return f"other programs installed these and may restore the versions in their own lock files ({whose})"


def _listed(paths: Iterable[str], prefix: Path) -> str:
    """Return up to five paths, relative to site-packages or to ``prefix`` if they are below it."""
    root = os.path.realpath(prefix) + os.sep
    plain = [path.removeprefix(root) for path in paths]
    return some([_PACKAGES.sub("", path) for path in plain if not path.endswith(".pyc")] or plain)
