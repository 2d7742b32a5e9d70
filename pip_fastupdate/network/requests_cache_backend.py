"""requests-cache's storage over the store, with our keys and records.

Imports requests-cache (50 ms): only the session does so, before its first request.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from requests.structures import CaseInsensitiveDict
from requests_cache.backends.base import BaseCache, BaseStorage
from requests_cache.models.response import CachedResponse

from ..cache.sqlite import Store
from ..core.response import Record, pack, unpack

STALE = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""Everything that reaches requests-cache is stale: the session handles the rest."""


class Kept(CachedResponse):
    """A record as requests-cache expects it; the rest of a real response would cost 0.1 ms to create."""

    def __init__(self, record: Record, expires: datetime | None = STALE) -> None:
        self.record: Record
        vars(self).update(  # past the converters of attrs
            record=record,
            expires=expires,
            headers=CaseInsensitiveDict(record.headers),
            status_code=record.status,
            url=record.url,
            _content=record.body,
            history=[],
        )


class StoredAnswers(BaseStorage[str, CachedResponse]):
    """requests-cache's view of the store."""

    def __init__(self, store: Store, ttl: float) -> None:
        super().__init__()
        self._store, self._ttl = store, ttl

    def __getitem__(self, key: str) -> Kept:
        record = unpack(self._store.read([key]).get(key))
        if record is None:
            raise KeyError(key)
        return Kept(record)

    def __setitem__(self, key: str, kept: CachedResponse) -> None:
        assert isinstance(kept, Kept), "the session keeps nothing else"
        self._store.write(key, pack(kept.record), kept.record.expires(self._ttl))

    def __delitem__(self, key: str) -> None:
        self._store.delete([key])

    def __iter__(self) -> Iterator[str]:
        return self._store.keys()

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Answers(BaseCache):
    """The cache of the session."""

    def __init__(self, storage: BaseStorage[str, CachedResponse]) -> None:
        super().__init__()
        self.responses = storage
