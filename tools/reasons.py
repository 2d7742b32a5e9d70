"""``python -m tools.reasons`` writes docs/reasons.md from ``core/reasons.py``; a test holds it current."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from pip_fastupdate.core import reasons

PAGE = Path(__file__).parents[1] / "docs" / "reasons.md"
_HEAD = """\
# Reasons

<!-- made by `python -m tools.reasons` -->

Every `kind` of the reasons and failures in the [JSON report](json.md). The `text` next to it is for display and may
change; the kinds are stable."""


def page(source: str) -> str:
    """The whole page, with a table for each list of kinds in ``source``, in its order."""
    return "\n\n".join((_HEAD, *_tables(source))) + "\n"


def _tables(source: str) -> Iterator[str]:
    lines, body = source.splitlines(), ast.parse(source).body
    for node, after in pairwise(body):
        kinds = _kinds(node)
        if kinds and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            rows = "\n".join(f"| `{each.value}` | {_meaning(lines[each.lineno - 1])} |" for each in kinds)
            yield f"## {str(after.value.value).rstrip('.')}\n\n| kind | |\n|---|---|\n{rows}"


def _kinds(node: ast.stmt) -> list[ast.Constant]:
    """The words of a ``Literal[…]`` that is given a name; none for anything else."""
    if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)):
        return []
    inside = node.value.slice
    return [each for each in getattr(inside, "elts", []) if isinstance(each, ast.Constant)]


def _meaning(line: str) -> str:
    """The comment at the end of a line. Raises ValueError where there is none."""
    _, mark, comment = line.partition("  # ")
    if not mark:
        raise ValueError(f"{line.strip()} has no comment that says what it means")
    return comment.replace("``", "`")


def source() -> str:
    """The module that has them all."""
    return Path(reasons.__file__).read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(page(source()), encoding="utf-8", newline="\n")
