"""requests-cache's own Redis backend, for the responses of a run with a shared cache."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from requests_cache.backends.redis import RedisDict
from requests_cache.models.response import CachedResponse
from requests_cache.serializers.pipeline import SerializerPipeline, Stage

from ..cache.redis import LONG, NAMESPACE, SharedStore
from ..core.response import pack, unpack
from .requests_cache_backend import Kept, StoredAnswers

if TYPE_CHECKING:
    from redis import Redis


class SharedAnswers(RedisDict):
    """Writes there while that works, then to the local store."""

    def __init__(self, store: SharedStore, client: Redis, ttl: float) -> None:
        """Expired entries are useful for conditional requests: they are kept for a while."""
        super().__init__(NAMESPACE, connection=client, serializer=_SERIALIZER, ttl=True, ttl_offset=LONG)
        self._store, self._ttl = store, ttl
        self._local = StoredAnswers(store.local, ttl)

    def __setitem__(self, key: str, kept: CachedResponse) -> None:
        self._store.attempt(lambda _: self._set(key, kept), lambda: self._local.__setitem__(key, kept))

    def _set(self, key: str, kept: CachedResponse) -> None:
        super().__setitem__(key, self._expiring(kept))  # type: ignore[no-untyped-call]

    def _expiring(self, kept: CachedResponse) -> Kept:
        assert isinstance(kept, Kept), "the session keeps nothing else"
        expires = kept.record.expires(self._ttl)
        moment = kept.record.fetched if expires is None else expires
        return Kept(kept.record, datetime.fromtimestamp(moment, timezone.utc))


def _dumps(kept: Kept) -> bytes:
    return pack(kept.record)


def _loads(value: bytes) -> Kept:
    record = unpack(value)
    if record is None:
        raise ValueError("not a record of ours")
    return Kept(record)


_SERIALIZER = SerializerPipeline([Stage(dumps=_dumps, loads=_loads)], name="records", is_binary=True)
