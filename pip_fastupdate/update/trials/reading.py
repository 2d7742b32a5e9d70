"""Check new versions by reading only, for environments whose modules are not imported here (``--python``)."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from .proof import StagedModules, Verdict, said, unfit

READ = "with --python, modules are checked for syntax errors only, not imported"


def read(staged: Sequence[StagedModules]) -> Verdict:
    """Fail what no Python of this version can parse; report all others as not proven."""
    failures = {each.name: why for each in staged if (why := unfit(each.compiled()) or _misspelt(each))}
    unproven = {each.name: READ for each in staged if each.name not in failures}
    return Verdict(failures=failures, unproven=unproven)


def _misspelt(staged: StagedModules) -> str | None:
    """Return the first of its modules that cannot be parsed."""
    for folder in staged.folders:
        for place, _, names in os.walk(folder):
            for path in sorted(Path(place, name) for name in names if name.endswith(".py")):
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        ast.parse(path.read_bytes(), str(path))
                except (SyntaxError, ValueError) as error:
                    return f"{said(error)} in {path.relative_to(folder)}"
    return None
