"""Everything that depends on the pip version: its range, its signatures, its log messages."""

from __future__ import annotations

import inspect
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from optparse import OptParseError
from typing import Any, NoReturn

from ..core.errors import EnvironmentRefused

OLDEST = (23, 2)
"""The oldest tested version."""

NEWEST = (26, 3)
"""The newest tested version; later ones are probed."""

_PARAMETERS = {
    "install_wheel": (
        "name",
        "wheel_path",
        "scheme",
        "req_description",
        "pycompile",
        "warn_script_location",
        "requested",
    ),
    "get_scheme": ("dist_name", "user", "root"),
    "create_command": ("name",),
    "MultiDomainBasicAuth": ("prompting", "index_urls", "keyring_provider"),
}
"""The functions of pip that we call, by keyword if several names are given."""


def version_of(text: str) -> tuple[int, int]:
    """Return the first two numbers of a version: (26, 3) of ``26.3.dev0``."""
    numbers = [int(number) for number in re.findall(r"\d+", text)[:2]]
    return (numbers[0], numbers[1] if len(numbers) > 1 else 0) if numbers else (0, 0)


def check(version: str, find: Callable[[], dict[str, Any]] | None = None) -> None:
    """Raise EnvironmentRefused if this pip is unsupported. Free for tested versions.

    ``find`` is as for ``probe``.
    """
    numbers = version_of(version)
    if numbers < OLDEST:
        raise EnvironmentRefused(
            f"pip {version} is too old; pip-update requires pip {OLDEST[0]}.{OLDEST[1]} or newer",
            hint="run `python -m pip install --upgrade pip`",
        )
    if numbers > NEWEST:
        lacking = probe(find)
        if lacking:
            raise EnvironmentRefused(
                f"this pip-update does not support pip {version} ({lacking})",
                hint="run `python -m pip install --upgrade pip-fastupdate`",
            )


def probe(find: Callable[[], dict[str, Any]] | None = None) -> str | None:
    """Return what this pip lacks of the functions we call, judged by signature; None if nothing.

    ``find`` returns the callables by name; by default those of the installed pip.
    """
    try:
        found = (find or _callables)()
    except (ImportError, AttributeError) as error:
        return str(error)
    for name, wanted in _PARAMETERS.items():
        accepted = inspect.signature(found[name]).parameters
        missing = [each for each in wanted if each not in accepted]
        if missing:
            return f"{name} has no {missing[0]}"
    return None


def _callables() -> dict[str, Any]:
    from pip._internal.commands import create_command
    from pip._internal.locations import get_scheme
    from pip._internal.network.auth import MultiDomainBasicAuth
    from pip._internal.operations.install.wheel import install_wheel

    return {each.__name__: each for each in (create_command, get_scheme, MultiDomainBasicAuth, install_wheel)}


def proxy(options: Any, defaults: dict[str, Any]) -> str | None:
    """Return the proxy; "" for none whatever the environment variables say, None for what they say.

    Since 26.3 an empty ``--proxy``, or ``--no-proxy-env``, disables them; before, "" meant that it was not given.
    """
    if getattr(options, "no_proxy_env", False) and not options.proxy:
        return ""
    if not options.proxy and defaults.get("proxy") == "":
        return None
    return None if options.proxy is None else str(options.proxy)


def trusts_system(options: Any, version: str) -> bool:
    """Return whether that pip trusts the operating system's certificates: since 24.2 (pip #11647), before on
    request.
    """
    if version_of(version) < (24, 2):
        return "truststore" in options.features_enabled
    return "legacy-certs" not in options.deprecated_features_enabled


def truststore(names: tuple[str, ...] = ("pip._vendor.truststore", "truststore")) -> Any:
    """Return the module for the operating system's certificates; None if it does not work.

    pip vendors it since 23.3 (pip #12107); before, it uses the installed one.
    """
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


def openssl_configurator(truststore: Any) -> Callable[[Any], AbstractContextManager[None]] | None:
    """Return how truststore gives OpenSSL the system's certificates; None if the system itself verifies them.

    truststore does so for every connection, and lets one at a time shake hands: 20 ms and more for each.
    """
    return getattr(getattr(truststore, "_openssl", None), "_configure_context", None)


def silence() -> None:
    """Keep pip's log messages from standard error, where Python writes them without configured logging."""
    logger = _logger("pip")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def load_backend() -> None:
    """Import pip's backend for distributions, which it chooses on first use.

    On Python 3.10 that is pkg_resources, whose import warns about itself.
    """
    with listening():
        for found in installed([]):
            raise AssertionError(found)


def installed(paths: Sequence[str]) -> Iterator[Any]:
    """Yield what pip's own scanner finds on ``paths``, as its ``BaseDistribution``."""
    from pip._internal.metadata import get_environment

    return iter(get_environment(list(paths)).iter_installed_distributions(local_only=False, skip=()))


def words(error: BaseException) -> str:
    """Return the message of an exception of pip, or of a library it uses, on one line.

    Some of pip's are made for its console: their text is a name, and the message is in attributes. Those of urllib3
    begin with the objects that connections are made of.
    """
    if hasattr(error, "reference"):
        parts = [_plain(part) for part in (getattr(error, "message", None), getattr(error, "context", None)) if part]
        text = ": ".join(part.strip().rstrip(".") for part in parts)
    else:
        cause = getattr(error.args[0] if error.args else None, "reason", None)  # urllib3's within requests'
        text = str(cause).rpartition(">: ")[2] if isinstance(cause, Exception) else str(error)
    return " ".join(text.split()).rstrip(".") or type(error).__name__


def _plain(text: Any) -> str:
    """Return text for pip's console without its markup."""
    from pip._vendor.rich.markup import render

    return str(render(text).plain if isinstance(text, str) else text.plain)


def strict(parser: Any) -> Any:
    """Return a parser with the options of ``parser``, one of pip's, that raises OptParseError instead of exiting."""
    pips: Any = type(parser)

    class Strict(pips):  # type: ignore[misc] # pip is untyped
        """The same except for how it ends."""

        def error(self, msg: str) -> NoReturn:
            """Raise for a wrong option."""
            raise OptParseError(msg)

        def exit(self, status: int = 0, msg: str | None = None) -> NoReturn:
            """Raise for a wrong configuration."""
            raise OptParseError(msg or f"status {status}")

    made: Any = Strict.__new__(Strict)
    vars(made).update(vars(parser))
    return made


def configured(parser: Any) -> dict[str, str]:
    """Return the settings of pip's files and ``PIP_*`` variables by option, including those unknown to this pip."""
    return {str(key): value for key, value in parser._get_ordered_configuration_items() if isinstance(value, str)}


@contextmanager
def listening(level: int = logging.WARNING) -> Iterator[list[logging.LogRecord]]:
    """Collect pip's log instead of printing it to standard error; its deprecation warnings are dropped.

    Not thread-safe: it changes the process's warnings, and restores them.
    """
    with hearing("pip", level) as records, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield records


@contextmanager
def hearing(name: str, level: int) -> Iterator[list[logging.LogRecord]]:
    """Collect what the logger ``name`` and its children log from ``level`` on; no other handler gets it."""
    collector = _Collector(level)
    logger = _logger(name)
    before = (logger.level, logger.propagate)
    logger.addHandler(collector)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield collector.records
    finally:
        logger.removeHandler(collector)
        logger.setLevel(before[0])
        logger.propagate = before[1]


def _logger(name: str) -> logging.Logger:
    """Return a logger of pip's, created only after pip's own class of loggers, whose methods its code needs."""
    import_module("pip._internal")
    return logging.getLogger(name)


class _Collector(logging.Handler):
    """Collects log records."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record."""
        self.records.append(record)
