"""URLs as they occur in an index's pages, made absolute."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from .text import without_credentials

_UP = re.compile(r"((?:\.\./)+)(?=[\w-])")
_CLEAN = re.compile(r"[\w:/.%+~@?&=,;!$'()*\[\]-]*", re.ASCII).fullmatch
_AUTHORITY = re.compile(r"[^/?#]+")
_SAFE = "/:%+~@?&=,;!$'()*[]"
_PORTS = {"https": ":443", "http": ":80"}


Learn = Callable[[str, str], None]
"""Called with a URL without its login, and with the login that a page gives for it: ``user:password``, as written."""


def forget(_url: str, _login: str) -> None:
    """Be a ``Learn`` that does nothing."""


class Base:
    """Resolves the references of one page. Pages repeat a few prefixes: those are resolved once."""

    def __init__(self, url: str, learn: Learn = forget) -> None:
        """``learn`` gets the logins in references; they are in no URL that is returned."""
        self._url = url
        self._learn = learn
        self._known: dict[str, str] = {}

    def moved(self, reference: str) -> Base:
        """Return the base that a page itself names, relative to this one."""
        return Base(self._absolute(reference.partition("#")[0]), self._learn)

    def join(self, reference: str) -> str:
        """Return the absolute URL, quoted if needed, without credentials and fragment."""
        url = self._absolute(reference.partition("#")[0])
        if not _CLEAN(url):
            url = quote(url, safe=_SAFE)
        return learned(url, self._learn)

    def _absolute(self, reference: str) -> str:
        if reference.startswith(("https://", "http://")):
            return reference
        match = _UP.match(reference)
        if match is None or "/." in reference[match.end() :]:
            return urljoin(self._url, reference)
        ups = match[1]
        if ups not in self._known:
            self._known[ups] = urljoin(self._url, ups)
        return self._known[ups] + reference[match.end() :]


def without_login(url: str) -> str:
    """Return the URL without ``user:password@``."""
    return without_credentials(url)


def learned(url: str, learn: Learn) -> str:
    """Return the URL without ``user:password@``, which ``learn`` gets."""
    plain = without_login(url)
    if plain != url and (login := _login(url, plain)):
        learn(plain, login)
    return plain


def with_login(url: str, login: str | None) -> str:
    """Return the URL with ``user:password@``."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{login}@{rest}" if login else url


def _login(url: str, plain: str) -> str | None:
    """Return the login that is missing in ``plain``; None if that is ambiguous, as in an invalid URL."""
    login = url.partition("://")[2][: len(url) - len(plain) - 1]
    sound = with_login(plain, login) == url and url.startswith(("https://", "http://"))
    return login if sound and _AUTHORITY.fullmatch(login) else None


def canonical(url: str) -> str:
    """Return the same text for all spellings of an index: without credentials, default port and trailing slashes."""
    if "://" not in url:
        return url
    url = without_credentials(url)
    try:
        parts = urlsplit(url)
    except ValueError:  # not a URL, but usable as a name
        return url
    host = parts.netloc.lower().removesuffix(_PORTS.get(parts.scheme, " "))
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), parts.query, ""))


def filename(url: str) -> str:
    """Return the last part of the path, unquoted. As in pip, a quoted slash separates parts, too: storage services have
    one address for ``wheels%2Ffoo-1.0-py3-none-any.whl``.
    """
    last = url.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2]
    return unquote(last).rstrip("/").rpartition("/")[2]


def sidecar(url: str) -> str:
    """Return the URL of a file's metadata (PEP 658): ``.metadata`` follows the path, as in uv.

    pip appends it to the query, where it makes a token invalid, and servers that ignore queries send the whole file.
    """
    path, mark, query = url.partition("?")
    return f"{path}.metadata{mark}{query}"


def file_path(location: str) -> Path | None:
    """Return the path that a ``file:`` URL, or a path, names; None for any other URL."""
    if location[:5].lower() == "file:":
        from urllib.request import url2pathname

        parts = urlsplit(location)
        host = "" if parts.netloc in ("", "localhost") else f"//{parts.netloc}"
        return Path(url2pathname(host + parts.path))
    if "://" in location:
        return None
    return Path(location).expanduser()
