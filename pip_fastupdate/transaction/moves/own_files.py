"""Order a swap so that the program and its dependencies can be imported at every instant.

All other packages go out first and come in last. In between, paths with old and new content are exchanged in one call;
new files of the program's own come in before that, and dropped ones go out after it. What is the same before and after,
as the program's script usually is, stays in place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from .path_tree import CACHE, Fold, ancestors
from .steps import Exchange, In, Mkdir, Operation, Out, Rmdir
from .witness import are_same, witness


def arranged(
    operations: Sequence[Operation], own: Callable[[str], bool], fold: Fold
) -> tuple[tuple[Operation, ...], frozenset[str]]:
    """Return the same swap with ``own`` paths exchanged if they exist before and after, and the paths that stay
    unchanged.

    Raises OSError.
    """
    same = frozenset(_same(operations, own))
    operations = [each for each in operations if each.live not in same]
    lives = {each.live for each in operations if own(each.live)}
    if not lives:
        return tuple(operations), same
    return _ordered(operations, lives, fold), same


def _same(operations: Iterable[Operation], own: Callable[[str], bool]) -> Iterator[str]:
    """Return paths at which nothing would change. Bytecode follows its module, which may come or go."""
    outs = {each.live for each in operations if isinstance(each, Out) and own(each.live)}
    for each in operations:
        if (
            isinstance(each, In)
            and each.live in outs
            and not _is_bytecode(each.live)
            and are_same(each.live, each.staged)
        ):
            yield each.live


def _is_bytecode(path: str) -> bool:
    return path.endswith(os.sep + CACHE) or os.path.basename(os.path.dirname(path)) == CACHE


def _ordered(operations: Sequence[Operation], lives: set[str], fold: Fold) -> tuple[Operation, ...]:
    steps, exchanges = _exchanged(operations, lives)
    lives |= {each.live for each in steps if isinstance(each, (Mkdir, Rmdir)) and _is_above(each.live, lives)}
    removals = [each for each in steps if isinstance(each, (Out, Rmdir))]
    additions = [each for each in steps if isinstance(each, (In, Mkdir))]
    going = {fold(each.live) for each in removals if each.live in lives}
    late = {each.live for each in additions if any(above in going for above in ancestors(fold(each.live)))}
    return (
        *(each for each in removals if each.live not in lives),
        *(each for each in additions if each.live in lives - late),
        *exchanges,
        *(each for each in removals if each.live in lives),
        *(each for each in additions if each.live in lives & late),
        *(each for each in additions if each.live not in lives),
    )


def _exchanged(operations: Iterable[Operation], lives: set[str]) -> tuple[list[Operation], list[Operation]]:
    """Return what is left, and the exchanges. A directory that is emptied and created again just stays."""
    operations = list(operations)
    outs = {each.live: each for each in operations if isinstance(each, Out) and each.live in lives}
    exchanges: dict[str, Operation] = {}
    for each in operations:
        if isinstance(each, In) and each.live in outs:
            proof = witness(each.live, each.staged)
            if proof is not None:
                exchanges[each.live] = Exchange(
                    staged=each.staged, live=each.live, kept=outs[each.live].kept, witness=proof
                )
    removed = {each.live for each in operations if isinstance(each, Rmdir) and _is_above(each.live, lives)}
    staying = {each.live for each in operations if isinstance(each, Mkdir) and each.live in removed}
    left = [
        each
        for each in operations
        if not (isinstance(each, (In, Out)) and each.live in exchanges)
        and not (isinstance(each, (Mkdir, Rmdir)) and each.live in staying)
    ]
    return left, list(exchanges.values())


def _is_above(folder: str, lives: set[str]) -> bool:
    return folder in lives or any(each.startswith(folder + os.sep) for each in lives)


def own_paths(files: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that says whether a path is one of these, or a directory above any."""
    known = {above for path in files for above in ancestors(path)}
    return known.__contains__
