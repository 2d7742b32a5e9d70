"""Our credentials for a server: looked up with pip's own authentication once per index, not once per request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from requests import PreparedRequest, Response
from requests.auth import HTTPBasicAuth
from requests.hooks import dispatch_hook
from requests.utils import get_auth_from_url, get_netrc_auth

from ..core.text import without_credentials
from . import bodies

Authenticate = Callable[[Any], Any]
"""As in requests: takes a prepared request, adds to its headers and hooks, and returns it."""

Hook = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How requests to one directory of a server authenticate."""

    authorization: str | None
    hooks: tuple[Hook, ...]


class Credentials:
    """Applies credentials to requests, and handles 401 responses for one request at a time.

    So the user is asked for a password once: the other requests then find it.
    """

    def __init__(self, authenticate: Authenticate | None) -> None:
        """Without ``authenticate``: credentials from the URL, else from netrc."""
        self._authenticate = authenticate or _from_netrc
        self._known: dict[str, Known] = {}
        self._lock = threading.RLock()

    def apply(self, request: PreparedRequest) -> None:
        """Authorize the request; its URL then has no credentials."""
        url = str(request.url)
        scope = _scope(url)
        known = self._known.get(scope)
        if known is None:
            with self._lock:
                known = self._known.get(scope) or self._look_up(request)
            if known.authorization is None or known.authorization.startswith(("Basic ", "Bearer ")):
                self._known[scope] = known
        request.url = without_credentials(url)
        request.hooks = {"response": list(known.hooks)}
        if known.authorization is not None:
            request.headers["Authorization"] = known.authorization

    def answer_challenge(self, response: Response, options: dict[str, Any]) -> Response:
        """Let authentication handle the response to our request; on a 401 it may send the request again."""
        request = response.request
        if not request.hooks["response"] or response.status_code != 401:
            return _dispatch(request, response, options)
        with self._lock:
            response = self._as_known_by_now(response, options)
            if response.status_code == 401:
                response = _dispatch(request, response, options)
            if response.status_code != 401:
                self._remember(request, response)
        return response

    def _look_up(self, request: PreparedRequest) -> Known:
        """Look up credentials for a request like this one, which is not changed."""
        trial = PreparedRequest()
        trial.method, trial.url, trial.headers = request.method, request.url, request.headers.copy()
        trial.headers.pop("Authorization", None)
        user, password = get_auth_from_url(str(request.url))
        trial = self._authenticate(trial)
        if (user or password) and "Authorization" not in trial.headers:
            trial = HTTPBasicAuth(user, password)(trial)
        authorization = trial.headers.get("Authorization")
        return Known(authorization=authorization, hooks=tuple(trial.hooks["response"]))

    def _as_known_by_now(self, response: Response, options: dict[str, Any]) -> Response:
        """Retry with credentials that another request has found in the meantime."""
        request = response.request
        known = self._look_up(request)
        if known.authorization in (None, request.headers.get("Authorization")):
            return response
        request.headers["Authorization"] = known.authorization
        bodies.drain(response)
        again: Response = response.connection.send(request, **options)
        return again

    def _remember(self, request: PreparedRequest, response: Response) -> None:
        authorization = response.request.headers.get("Authorization")
        hooks = self._known.get(_scope(str(request.url)))
        self._known[_scope(str(request.url))] = Known(authorization=authorization, hooks=hooks.hooks if hooks else ())


def _dispatch(request: PreparedRequest, response: Response, options: dict[str, Any]) -> Response:
    if response.status_code == 401:
        bodies.drain(response)  # before pip reads it, decoded and however long it is
    answered: Response = dispatch_hook("response", request.hooks, response, **options)  # type: ignore[no-untyped-call]
    return answered


def is_downgrade(asked: str, target: str) -> bool:
    """Return whether a redirect leads from https to http, where anybody may read what is sent."""
    return asked[:6].lower() == "https:" and target[:6].lower() != "https:"


def _scope(url: str) -> str:
    """Return the directory two levels up, the one of all projects for a project's page: credentials are for it."""
    start = "/".join(url.split("/", 3)[:3])
    path = url[len(start) :].partition("?")[0]
    return start + path.rsplit("/", 2)[0]


def _from_netrc(request: PreparedRequest) -> PreparedRequest:
    found = get_netrc_auth(str(request.url))
    return HTTPBasicAuth(*found)(request) if found else request
