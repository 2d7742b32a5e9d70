"""Reads pip's settings with its own parser, and translates them."""

from __future__ import annotations

import optparse
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from logging import LogRecord
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import UsageError
from ..core.settings import Network, Policy, Settings
from ..core.text import redact, without_credentials
from . import compat, constraints, patches, requirement_files, settings_cache
from .configuration import Configuration

_REFUSED = {
    "target_dir": "target",
    "prefix_path": "prefix",
    "root_path": "root",
    "python": "python",
    "platforms": "platform",
    "python_version": "python-version",
    "implementation": "implementation",
    "abis": "abi",
    "require_hashes": "require-hashes",
}
"""Settings that name another environment, or that an update cannot satisfy: attribute → setting."""

_HINT = "run `python -m pip config debug` to see where it is set"


def read(
    arguments: Sequence[str], cache_directory: Path | None = None
) -> tuple[Configuration, settings_cache.Digests | None]:
    """Return the settings, and the files they depend on; None for those if they depend on more than files.

    With a ``cache_directory``, pip's own is ignored. Raises UsageError.
    """
    import pip

    with compat.listening() as said:
        command, options, before = _parse(arguments, said)
        _refuse(options)
        _check_releases(options)
        found = constraints.read(options.constraints or (), lambda: _session(command, options), options)
        required = requirement_files.read(options.requirements or (), lambda: _session(command, options), options)
        for url in _urls(options):
            _check_url(url)
    directory, warnings = (cache_directory, ()) if cache_directory else _cache_directory(options)
    configuration = Configuration(
        settings=replace(
            _settings(options, compat.proxy(options, command.parser.defaults), compat.configured(command.parser)),
            constraints=(*found.lines, *required.constraints),
            constraint_files=(*found.origins, *required.origins),
            requirements=required.lines if options.requirements else None,
        ),
        default_index=_default_index(),
        cache_directory=directory,
        system_certificates=compat.trusts_system(options, pip.__version__),
        warnings=warnings,
        update=tuple(_of_update(command.parser.config)),
        secret_urls=tuple(url for url in _urls(options) if without_credentials(url) != url),
    )
    volatile, files = found.volatile or required.volatile, (*found.files, *required.files)
    return configuration, None if volatile else _sources(configuration, options, before, files)


def _parse(arguments: Sequence[str], said: list[LogRecord]) -> tuple[Any, Any, dict[str, str] | None]:
    """Return the command, its options, and digests of the configuration files from before they were read."""
    from pip._internal.commands import create_command
    from pip._internal.exceptions import PipError

    printed = StringIO()
    try:
        command: Any = create_command("install", isolated="--isolated" in arguments)
        before = _digests(path for _, paths in command.parser.config.iter_config_files() for path in paths)
        command.parser = compat.strict(command.parser)
        with redirect_stdout(printed):  # older pips print errors, newer ones log them
            options, words = command.parse_args(list(arguments))
    except (PipError, optparse.OptParseError, SystemExit) as error:
        words = printed.getvalue() or "".join(record.getMessage() for record in said[-1:])
        text = words if words and isinstance(error, SystemExit) else compat.words(error)
        raise UsageError(f"pip rejected its configuration: {_one_line(text)}", hint=_HINT) from None
    if words:
        raise UsageError(f"unexpected argument {words[0]!r}")
    return command, options, before


def _of_update(config: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the section ``[update]`` of each file, which pip itself ignores."""
    from pip._internal.configuration import OVERRIDE_ORDER

    for kind in OVERRIDE_ORDER:
        for file, parser in config._parsers.get(kind, ()):
            if parser.has_section("update"):
                yield from ((key, value or "", file) for key, value in parser.items("update"))


def _one_line(text: str) -> str:
    """Return pip's message on one line, without its own advice."""
    text = text.partition("Check your pip configuration")[0].removeprefix("An error occurred during configuration: ")
    return " ".join(text.split()).rstrip(". ")


def _refuse(options: Any) -> None:
    for attribute, setting in _REFUSED.items():
        if getattr(options, attribute, None):
            instead = ", or use --python PATH to update another environment" if setting == "python" else ""
            raise UsageError(
                f"pip's {setting} setting is not supported: pip-update updates the environment it runs in",
                hint=f"unset PIP_{setting.replace('-', '_').upper()} for this run{instead}; {_HINT}",
            )


def _check_releases(options: Any) -> None:
    """Raise UsageError for settings that exclude each other, as pip does before it reads any requirements file."""
    releases = getattr(options, "release_control", None)  # not before 26
    if options.pre and releases and (releases.all_releases or releases.only_final):
        raise UsageError("pip's pre setting cannot be combined with all-releases or only-final", hint=_HINT)


def _check_url(url: str) -> None:
    """Raise UsageError for an invalid URL: nobody could tell which part of it is a password."""
    scheme, separator, _ = url.partition("://")
    if scheme.lower() not in ("http", "https"):
        wrong = not separator and "@" in url and ":" in url.partition("@")[0] and not Path(url).exists()
        why = "no scheme" if wrong else ""
    else:
        try:
            parts = urlsplit(url)
            why = "" if parts.hostname and parts.port != 0 else "no host"
        except ValueError as error:
            why = "the port is not a number" if "ort" in str(error) else "invalid host"
    if why:
        shown = redact(url if separator else f"http://{url}").removeprefix("" if separator else "http://")
        hint = "write https://USER:PASSWORD@HOST/PATH, with %2F for a / and %40 for an @ in user or password"
        raise UsageError(f"invalid index URL {shown}: {why}", hint=hint)


def _settings(options: Any, proxy: str | None, configured: Mapping[str, str]) -> Settings:
    urls = [] if options.no_index else [url for url in (options.index_url, *options.extra_index_urls) if url]
    plain = [without_credentials(url) for url in urls]
    return Settings(
        index_url=plain[0] if plain else None,
        extra_index_urls=tuple(plain[1:]),
        find_links=tuple(map(_location, options.find_links or ())),
        network=Network(
            timeout=float(options.timeout),
            retries=options.retries,
            proxy=proxy,
            verify=options.cert or True,
            client_cert=options.client_cert,
            trusted_hosts=tuple(options.trusted_hosts or ()),
        ),
        policy=_policy(options, configured),
        require_virtualenv=bool(options.require_venv),
        break_system_packages=bool(options.override_externally_managed),
        user=bool(options.use_user_site),
        compile=bool(options.compile),
        keyring_provider=options.keyring_provider,
        no_input=bool(options.no_input),
    )


def _location(link: str) -> str:
    """Return a find-links as pip reads it: a URL, or a path whose ``~`` is expanded if that exists."""
    expanded = os.path.expanduser(link)  # noqa: PTH111 - without an error for a user without a home
    return expanded if expanded != link and Path(expanded).exists() else without_credentials(link)


def _policy(options: Any, configured: Mapping[str, str]) -> Policy:
    binary, releases = options.format_control, getattr(options, "release_control", None)  # not before 26
    everything = frozenset(releases.all_releases) if releases else frozenset()
    final = frozenset(releases.only_final) if releases else frozenset()
    return Policy(
        pre=bool(options.pre) or ":all:" in everything,
        all_releases=everything - {":all:"},
        only_final=final,
        no_binary=frozenset(binary.no_binary),
        only_binary=frozenset(binary.only_binary),
        prefer_binary=bool(options.prefer_binary),
        cooldown=configured.get("uploaded-prior-to") or None,  # as text: pips before 26 do not have them
    )


def _cache_directory(options: Any) -> tuple[Path | None, tuple[str, ...]]:
    """Return our directory in pip's cache, under pip's conditions, and its warnings."""
    from pip._internal.utils.filesystem import check_path_owner

    if not options.cache_dir:
        return None, ()
    try:
        directory = Path(options.cache_dir).expanduser().resolve()
    except RuntimeError:
        return None, (f"cache disabled: no home directory for {options.cache_dir}",)
    if not check_path_owner(str(directory)):
        return None, (f"cache disabled: {directory} or its parent is not yours or not writable",)
    return directory / "fastupdate", ()


def _default_index() -> str:
    from pip._internal.models.index import PyPI

    return str(PyPI.simple_url)


def _session(command: Any, options: Any) -> Any:
    """Return a session of pip's that stores nothing on disk and starts no programs."""
    patches.USER_AGENT.apply()
    values = optparse.Values({**vars(options), "cache_dir": None})
    return command._build_session(values)


def _urls(options: Any) -> Iterator[str]:
    if not options.no_index:
        yield from filter(None, (options.index_url, *options.extra_index_urls))
    yield from options.find_links or ()


def _sources(
    found: Configuration, options: Any, before: dict[str, str] | None, files: Sequence[Path]
) -> settings_cache.Digests | None:
    """Return the files that the settings depend on; None if that is more than files, or they contain secrets."""
    proxy = found.settings.network.proxy or ""
    secret = found.secret_urls or "@" in proxy or any("?" in url for url in (*_urls(options), proxy))
    ours = any(key == "test" or "@" in text or "?" in text for key, text, _ in found.update)
    if before is None or secret or ours or _is_fresh(files):
        return None
    return before | settings_cache.digests(map(str, files)) if before == _digests(before) else None


def _is_fresh(files: Sequence[Path]) -> bool:
    """Return whether a file was written so recently that it may have changed after it was read."""
    return any(time.time() - file.stat().st_mtime < 2 for file in files)


def _digests(paths: Iterable[str]) -> dict[str, str] | None:
    """Return digests; None if a file is a pipe or the like, which can be read only once."""
    try:
        return settings_cache.digests(paths)
    except ValueError:
        return None
