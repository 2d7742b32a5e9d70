"""What reading alone tells of new versions in an environment from which nothing is imported here (``--python``)."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from .proof import StagedModules, Verdict, said, unfit

READ = "with --python its modules are read for errors of syntax, not imported"


def read(staged: Sequence[StagedModules]) -> Verdict:
    """Fail what no Python of this version takes; of all others it is said that they are not proven."""
    failures = {each.name: why for each in staged if (why := unfit(each.compiled()) or _misspelt(each))}
    unproven = {each.name: READ for each in staged if each.name not in failures}
    return Verdict(failures=failures, unproven=unproven)


def _misspelt(staged: StagedModules) -> str | None:
    """The first of its modules that cannot be parsed."""
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
