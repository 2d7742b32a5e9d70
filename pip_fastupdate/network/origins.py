"""Servers: what applies to every request to one of them is computed once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from requests.utils import get_environ_proxies
from urllib3 import disable_warnings
from urllib3.exceptions import InsecureRequestWarning

from ..core.settings import Network
from ..core.text import without_credentials
from . import tls
from .connections import Pool
from .counters import Counters
from .errors import RequestError

DOWN = 30.0
"""Seconds for which an unreachable server, after all retries, is not tried again."""


@dataclass(slots=True, kw_only=True)
class Server:
    """A server: scheme, host and port."""

    adapter: Pool
    options: dict[str, Any]
    """Further arguments of the adapter's ``send``."""

    answered: float = -1.0
    """When it last responded at all, by the monotonic clock."""

    down: RequestError | None = None
    """Why it cannot be reached, since ``since`` by the monotonic clock."""

    since: float = 0.0

    def check(self) -> None:
        """Raise what other requests have just found out: a hundred need not each wait for it themselves."""
        if self.down is not None and time.monotonic() - self.since < DOWN:
            raise RequestError(self.down.kind, self.down.text, again=False)

    def failed(self, failure: RequestError, started: float) -> None:
        """Record that a request begun at ``started`` has used its retries."""
        if not failure.connected and self.answered < started:
            self.down, self.since = failure, time.monotonic()

    def works(self) -> None:
        """Record a response."""
        self.answered, self.down = time.monotonic(), None


class Origins:
    """All servers of the run, by the start of their URLs."""

    def __init__(
        self, network: Network, mount: Callable[[str, Pool], None], counters: Counters, system: tls.MakeContext | None
    ) -> None:
        """``mount`` gives an adapter to the session, ``system`` is as in ``tls.trusting``."""
        self._network, self._mount, self._counters, self._system = network, mount, counters, system
        self._known: dict[str, Server] = {}
        self._lock = threading.Lock()
        self._secure: Pool | None = None
        self._plain = Pool(network, counters)
        mount("http://", self._plain)

    def of(self, url: str) -> Server:
        """Return the server of ``url``. Raises ``RequestError`` if its certificates cannot be read."""
        start = "/".join(url.split("/", 3)[:3])
        origin = self._known.get(start)
        if origin is None:
            with self._lock:
                origin = self._known.get(start) or self._meet(start)
                self._known[start] = origin
        return origin

    def _meet(self, start: str) -> Server:
        proxy, seconds = self._network.proxy, self._network.timeout
        said = {"http": proxy, "https": proxy} if proxy else {}  # an empty one means none at all
        proxies = get_environ_proxies(start) if proxy is None else said
        options = {"stream": True, "timeout": (seconds, seconds), "proxies": proxies}
        return Server(adapter=self._adapter(start), options=options)

    def _adapter(self, start: str) -> Pool:
        scheme = start.partition(":")[0].lower()
        if scheme == "http":
            return self._plain
        if scheme != "https":
            raise RequestError(
                "unreachable", f"{without_credentials(start)}: only http and https are supported", again=False
            )
        if self._trusted_blindly(start):
            disable_warnings(InsecureRequestWarning)
            adapter = Pool(self._network, self._counters, tls.blind(self._network))
            self._mount(f"{start}/", adapter)
            return adapter
        if self._secure is None:
            self._secure = Pool(self._network, self._counters, tls.trusting(self._network, self._system))
            self._mount("https://", self._secure)
        return self._secure

    def _trusted_blindly(self, start: str) -> bool:
        """Return whether the user trusts it blindly, as in pip: a host stands for all its ports."""
        netloc = start.rpartition("/")[2].rpartition("@")[2].lower()
        host = netloc if netloc.endswith("]") else netloc.rpartition(":")[0] or netloc
        trusted = {each.lower() for each in self._network.trusted_hosts}
        return self._network.verify is False or netloc in trusted or host in trusted
