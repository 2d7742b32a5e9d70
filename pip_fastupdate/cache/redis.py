"""A cache shared by many machines: responses in Redis; the local store if that is down or slow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..core.response import host_of
from .sqlite import Store, Warn

if TYPE_CHECKING:
    from redis import Redis

Result = TypeVar("Result")

NAMESPACE = "pip-fastupdate-1"
"""Prefix of our keys; the number is the format's."""

PATIENCE = 1.0
"""Seconds to wait for Redis; requesting an index takes less."""

KEYS = 200
"""Maximum number of keys per request: what a slow network transfers in that time."""

LONG = 90 * 86400
"""Seconds for which entries without expiry are kept: nobody cleans up there."""


class SharedStore:
    """Like ``Store``, for the responses behind a URL. Thread-safe."""

    def __init__(self, url: str, local: Store, warn: Warn) -> None:
        """``local`` replaces it for the rest of the run after the first failure, which is reported once."""
        self.local = local
        self._url, self._warn = url, warn
        self._client: Redis | None = None
        self._down = False
        self._lock = threading.RLock()

    def read(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the values of existing keys."""
        wanted = list(keys)
        return self.attempt(lambda client: _read(client, wanted), lambda: self.local.read(wanted))

    def write(self, key: str, value: bytes, expires: float | None) -> None:
        """Store the value for as long as entries are kept there; ``expires`` is for the local store."""
        self.attempt(
            lambda client: client.set(_name(key), value, ex=LONG), lambda: self.local.write(key, value, expires)
        )

    def delete(self, keys: Sequence[str]) -> None:
        """Delete the keys."""
        self.attempt(lambda client: client.delete(*map(_name, keys)), lambda: self.local.delete(keys))

    def keys(self) -> Iterator[str]:
        """Return all keys, unordered."""
        return iter(self.attempt(_keys, lambda: list(self.local.keys())))

    def touch(self, _keys: Iterable[str]) -> None:
        """Do nothing: unused entries expire there."""

    @property
    def kept(self) -> bool:
        """True if the cache directory may have grown."""
        return self.local.kept

    def close(self) -> None:
        """Close the connections and the local store."""
        if self._client is not None:
            self._client.close()
        self.local.close()

    def attempt(self, there: Callable[[Redis], Any], here: Callable[[], Result]) -> Result:
        """Return what ``there`` returns; after the first failure, what ``here`` does."""
        client = self.client()
        if client is not None:
            from redis import RedisError

            try:
                result: Result = there(client)
            except (RedisError, OSError) as error:
                self._fail(f"the shared cache at {host_of(self._url)} is not responding ({type(error).__name__})", "")
            else:
                return result
        return here()

    def client(self) -> Redis | None:
        """Return the connections; None if there are none."""
        if self._down:
            return None
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = self._connect()
        return self._client

    def _connect(self) -> Redis | None:
        try:
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry

            return Redis.from_url(
                self._url,
                socket_timeout=PATIENCE,
                socket_connect_timeout=PATIENCE,
                retry=Retry(NoBackoff(), 0),
            )
        except ImportError:
            self._fail("--cache-url requires the redis package", "run `pip install 'pip-fastupdate[redis]'`")
        except ValueError:
            self._fail("invalid --cache-url", "use a URL such as redis://host:6379/0")
        return None

    def _fail(self, text: str, hint: str) -> None:
        with self._lock:
            first, self._down = not self._down, True
        if first:
            self._warn(f"{text}; using the local cache", hint)


def _name(key: str) -> str:
    """Return the key there, the same as in requests-cache."""
    return f"{NAMESPACE}:{key}"


def _read(client: Redis, keys: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for start in range(0, len(keys), KEYS):
        some = keys[start : start + KEYS]
        values: Any = client.mget([_name(key) for key in some])
        found.update({key: value for key, value in zip(some, values, strict=True) if value is not None})
    return found


def _keys(client: Redis) -> list[str]:
    prefix = len(_name(""))
    return [name.decode()[prefix:] for name in client.scan_iter(_name("*"))]
