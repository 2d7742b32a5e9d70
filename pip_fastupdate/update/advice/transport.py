"""Requests to an advisory service, over the catalog's session and cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from ...advisories.osv import Unavailable, Unreadable
from ...core.protocols import DownloadFailed
from ...core.response import Answer
from ...index import Catalog

Item = TypeVar("Item")
Result = TypeVar("Result")


class AdvisoryTransport:
    """The ``OsvTransport`` of a service over the catalog's session."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def post(self, url: str, body: bytes) -> bytes:
        """Send a GET. Raises Unavailable."""
        headers = {"Accept-Encoding": "gzip"}
        try:
            return _body(url, lambda: self._catalog.session.fetch(url, headers, question=body))
        except Unreadable as error:
            raise Unavailable(str(error)) from None

    def get(self, url: str, key: str, reduce: Callable[[bytes], bytes]) -> bytes:
        """Send a GET. Raises Unavailable; Unreadable for an invalid or missing record."""
        ask = self._catalog.session.ask
        return _body(url, lambda: ask(url, key=key, condense=lambda reply: reduce(reply.body), immutable=True))

    def recall(self, keys: Sequence[str], seconds: float) -> Mapping[str, bytes]:
        """Return cached values; offline, of any age."""
        return self._catalog.session.recall(keys, seconds)

    def keep(self, url: str, key: str, body: bytes) -> None:
        """Cache until the entry is stale."""
        self._catalog.session.keep(url, key=key, body=body, immutable=False)

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Run in the catalog's threads."""
        return self._catalog.each(function, items)


def _body(url: str, ask: Callable[[], Answer]) -> bytes:
    """Return the body of a successful response. Raises Unavailable, or Unreadable if another request may succeed."""
    try:
        answer = ask()
    except DownloadFailed as failed:
        raise (Unreadable if failed.kind == "garbage" else Unavailable)(failed.text) from None
    if answer.status != 200:
        raise Unreadable(f"{url} returned status {answer.status}")
    return answer.body
