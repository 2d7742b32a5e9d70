"""requests' session for one purpose: GETs to few servers, many at once; retries include the bodies.

requests itself computes proxies, certificates, credentials and cookies again for every request, and retries only until
the headers have arrived.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from ..core.response import host_of
from ..core.settings import Network
from ..core.text import without_credentials
from . import bodies, errors
from .counters import Counters
from .credentials import Authenticate, Credentials, is_downgrade
from .errors import RequestError
from .origins import Origins
from .pace import Exceeded
from .tls import MakeContext

LONGEST_WAIT = 60.0
"""Maximum seconds for which a server's Retry-After is obeyed."""

REDIRECTS = 20

_PLAIN = re.compile(r"https?://[a-z0-9.:-]+/[A-Za-z0-9._~!$&'()*+,;=:@/?-]*")


class Get(PreparedRequest):
    """A GET, or a POST with a question, and what completes its response."""

    result: Any = None
    """The return value of ``finish``."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        good: Collection[int],
        finish: Callable[[Response], Any],
        question: bytes | None = None,
    ) -> None:
        """``good`` are the statuses that are not errors, ``finish`` reads the body of such a response.

        ``question`` (JSON) is sent in a POST, which changes nothing on the server and may be repeated.

        Raises ``RequestError`` for an invalid URL.
        """
        super().__init__()
        self.method = "GET"
        self.url = url
        if not _PLAIN.fullmatch(url):
            try:
                self.prepare_url(url, None)
            except errors.ERRORS as error:
                raise errors.of_error(error, without_credentials(url)) from error
        self.headers = CaseInsensitiveDict(headers)
        if question is not None:
            self.method, self.body = "POST", question
            self.headers.update({"Content-Type": "application/json", "Content-Length": str(len(question))})
        self.good, self.finish = good, finish

    def copy(self) -> PreparedRequest:
        """Return a copy to send elsewhere, as requests does without cookies."""
        self._cookies = RequestsCookieJar()
        return super().copy()


class RetryingSession(Session):
    """Sends a ``Get``, with redirects, authentication and retries. Thread-safe."""

    def __init__(
        self,
        *,
        network: Network,
        authenticate: Authenticate | None = None,
        user_agent: str,
        counters: Counters,
        system: MakeContext | None = None,
    ) -> None:
        super().__init__()
        self.adapters.clear()
        self.always = {"User-Agent": user_agent, "Accept-Encoding": "gzip"}
        self._retries, self._limits = max(0, network.retries), network.limits
        self._counters = counters
        self._origins = Origins(network, self.mount, counters, system)
        self._credentials = Credentials(authenticate)
        self._stopping = threading.Event()

    def send(self, request: PreparedRequest, **_options: Any) -> Response:
        """Return the good response to a ``Get``, finished. Raises ``RequestError``."""
        assert isinstance(request, Get), "this session sends nothing else"
        started, attempt = time.monotonic(), 0
        until = started + self._limits.seconds
        origin = self._origins.of(str(request.url))
        self._credentials.apply(request)
        while True:
            origin.check()
            try:
                response = self._attempt(request, until)
                break
            except RequestError as problem:
                tired = attempt >= self._retries or time.monotonic() >= until or self._stopping.is_set()
                if tired or not problem.again:
                    origin.failed(problem, started)
                    raise
                self._wait(attempt, problem.wait)
                attempt += 1
        return response

    def close(self) -> None:
        """Close the connections; threads that wait to retry give up."""
        self._stopping.set()
        super().close()

    def _attempt(self, request: Get, until: float) -> Response:
        try:
            response = self._follow(request, until)
            if response.status_code not in request.good:
                bodies.drain(response)
                raise errors.of_status(response.status_code, str(response.url), _retry_after(response))
            request.result = request.finish(response)
        except errors.ERRORS as error:
            raise errors.of_error(error, str(request.url)) from error
        return response

    def _follow(self, request: PreparedRequest, until: float) -> Response:
        """Return the first response that is not a redirect, within the time ``until`` by the monotonic clock."""
        for _ in range(REDIRECTS):
            if time.monotonic() >= until:
                raise Exceeded("timeout", "took too long to respond")
            origin = self._origins.of(str(request.url))
            if len(self.cookies):
                request.prepare_cookies(self.cookies)
            response = origin.adapter.send(request, **origin.options)
            origin.works()
            if "set-cookie" in response.headers:
                extract_cookies_to_jar(self.cookies, request, response.raw)  # type: ignore[no-untyped-call]
            response = self._credentials.answer_challenge(response, origin.options)
            if not response.is_redirect:
                return response
            request = self._redirected(response, request)
        raise RequestError("http", f"too many redirects from {host_of(str(request.url))}", again=False)

    def _redirected(self, response: Response, request: PreparedRequest) -> PreparedRequest:
        bodies.drain(response)
        target: Any = next(self.resolve_redirects(response, request, stream=True, yield_requests=True), None)
        if not isinstance(target, PreparedRequest):
            host = host_of(str(request.url))
            raise RequestError("http", f"{host} redirected to an empty URL", again=False)
        if is_downgrade(str(request.url), str(target.url)):
            target.hooks = {"response": []}  # pip's would look for a password, and send it unencrypted
        return target

    def rebuild_auth(self, prepared_request: PreparedRequest, response: Response) -> None:
        """Do what requests does for a redirect, but send no secrets from https to http."""
        if is_downgrade(str(response.request.url), str(prepared_request.url)):
            prepared_request.headers.pop("Authorization", None)
            return
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]

    def _wait(self, attempt: int, wait: float | None) -> None:
        """Wait as long as the server said, else longer each time, and not all threads until the same instant."""
        self._counters.add(retries=1)
        backoff = min(0.25 * 2**attempt, 8.0) * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
        self._stopping.wait(backoff if wait is None else min(wait, LONGEST_WAIT))


def _retry_after(response: Response) -> float | None:
    """Return the server's seconds to wait, from a number or a date (RFC 9110); None without any that is valid."""
    said = response.headers.get("retry-after")
    try:
        return None if said is None else Retry().parse_retry_after(said)
    except (InvalidHeader, ValueError, OverflowError):  # also a year or a number that is too great
        return None
