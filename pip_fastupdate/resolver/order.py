"""The order of packages if not all wishes can be satisfied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush


def dependents_first(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> Mapping[str, int]:
    """Return positions by name: requirers before what they require, else by name. Edges are (requirer, required).

    In a circle, the one required by the fewest others in it comes first.
    """
    required: dict[str, set[str]] = {name: set() for name in names}
    waits: dict[str, int] = dict.fromkeys(required, 0)
    for parent, name in edges:
        if parent != name and parent in required and name in required and name not in required[parent]:
            required[parent].add(name)
            waits[name] += 1
    heap = [(count, name) for name, count in waits.items()]
    heapify(heap)
    places: dict[str, int] = {}
    while heap:
        count, name = heappop(heap)
        if name in places or count != waits[name]:
            continue
        places[name] = len(places)
        for other in required[name]:
            waits[other] -= 1
            heappush(heap, (waits[other], other))
    return places
