"""From pip's settings to sources of releases, in order of precedence."""

from __future__ import annotations

from ..core.interpreter import Interpreter
from ..core.settings import Settings
from ..core.urls import Learn, file_path, forget, without_login
from .apis.json_api import JsonApi
from .remote import RemoteIndex, Source


def sources(settings: Settings, interpreter: Interpreter, learn: Learn = forget) -> tuple[Source, ...]:
    """Return ``--find-links`` first, then the index, then the extra indexes, which are ignored without an index.

    ``learn`` gets the logins in links on disk; the session learns those of pages itself.
    """
    policy = settings.policy
    sdists = bool(policy.no_binary or policy.build)
    # Else old releases may decide about pre-releases. A first look at 1000 projects takes 2.9 s of processor time with
    # recent ones alone, 5.4 s with all (medians of 7).
    recent = not (sdists or policy.cooldown)
    found: list[Source] = []
    if settings.find_links:
        from .local import Links

        found.append(Links(settings.find_links, interpreter, sdists=sdists, learn=learn))
    if settings.index_url is not None:
        urls = dict.fromkeys((settings.index_url, *settings.extra_index_urls))
        found += [
            _index(url, interpreter, learn, required=url == settings.index_url, sdists=sdists, recent=recent)
            for url in urls
        ]
    return tuple(found)


def _index(url: str, interpreter: Interpreter, learn: Learn, *, required: bool, sdists: bool, recent: bool) -> Source:
    folder = file_path(url)
    if folder is not None:
        from .local import FileIndex

        return FileIndex(url, folder, interpreter, required=required, sdists=sdists, learn=learn)
    return RemoteIndex(url, interpreter, required=required, sdists=sdists, recent=recent)


def json_apis(settings: Settings) -> dict[str, JsonApi]:
    """Return JSON APIs that may exist next to the configured indexes, by the indexes' URLs without credentials."""
    if settings.index_url is None:
        return {}
    urls = (settings.index_url, *settings.extra_index_urls)
    return {without_login(url): api for url in urls if (api := JsonApi.beside(url))}
