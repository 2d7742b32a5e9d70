"""pip's settings, read by pip's own parser: command line, ``PIP_*`` variables and configuration files.

That takes a quarter of a second, mostly for imports. So the result is cached on disk together with everything it
depends on (see ``settings_cache``); if nothing of that has changed, pip is hardly imported.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ..core.settings import Network, Policy, RequirementLine, ResponseLimits, Settings
from . import settings_cache
from .configuration import Configuration


def settings(
    pip_arguments: Sequence[str], *, cache_directory: Path | None = None, remember: bool = True
) -> Configuration:
    """Return pip's settings with ``pip_arguments`` (options of ``pip install``) on top.

    ``cache_directory`` overrides pip's. With ``remember`` the result is cached on disk, unless it contains credentials
    or depends on more than files. Raises UsageError for wrong or unsupported settings.
    """
    isolated = "--isolated" in pip_arguments
    folder = cache_directory or settings_cache.default_folder(isolated=isolated)
    remember = remember and (isolated or not os.environ.get("PIP_NO_CACHE_DIR"))
    store = settings_cache.Memory(folder, pip_arguments) if remember and folder else None
    found = _recalled(store) if store else None
    if found is None:
        from . import settings_parser

        found, sources = settings_parser.read(pip_arguments, cache_directory)
        if store and sources is not None:
            store.keep(_plain(found), sources)
    return replace(found, cache_directory=cache_directory or found.cache_directory, arguments=tuple(pip_arguments))


def _recalled(store: settings_cache.Memory) -> Configuration | None:
    value = store.recall()
    if value is None:
        return None
    try:
        return _configuration(value)
    except (AttributeError, KeyError, TypeError):  # damaged
        return None


def _plain(found: Configuration) -> dict[str, Any]:
    """Return it as JSON values; it contains no secrets."""
    fields = {key: value for key, value in asdict(found).items() if key not in ("arguments", "secret_urls")}
    policy = fields["settings"]["policy"]
    policy.update((key, sorted(value)) for key, value in policy.items() if isinstance(value, frozenset))
    return {**fields, "cache_directory": found.cache_directory and str(found.cache_directory)}


def _configuration(fields: Mapping[str, Any]) -> Configuration:
    """Invert ``_plain``."""
    inner, directory = _tuples(fields["settings"]), fields["cache_directory"]
    policy: dict[str, Any] = dict(inner["policy"])
    policy.update((key, frozenset(value)) for key, value in inner["policy"].items() if isinstance(value, list))
    network = {**_tuples(inner["network"]), "limits": ResponseLimits(**inner["network"]["limits"])}
    inner |= {"network": Network(**network), "policy": Policy(**policy)}
    if inner["requirements"] is not None:
        inner["requirements"] = tuple(RequirementLine(**each) for each in inner["requirements"])
    known: dict[str, Any] = {
        "settings": Settings(**inner),
        "cache_directory": None if directory is None else Path(directory),
    }
    return Configuration(**{**_tuples(fields), **known})


def _tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
