"""Installations that did not come from an index: ``direct_url.json`` (PEP 610) and setuptools' ``.egg-link`` files."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from ..core.files import content, decoded
from ..core.models import Reason
from ..core.text import redact, without_credentials

_MOST = 1024 * 1024
_KINDS = ("vcs_info", "archive_info", "dir_info")


def origin(info: str) -> Reason:
    """Return the reason in the ``direct_url.json`` of the directory ``info``: kind ``editable`` or ``direct-url``.

    An invalid file still shows that no index was used, so it counts, too.
    """
    try:
        fields = decoded(content(f"{info}{os.sep}direct_url.json", _MOST))
    except (OSError, ValueError):  # not JSON, or not even text
        fields = None
    if not is_valid(fields):
        return Reason(kind="direct-url", text="installed from a URL, but its direct_url.json is invalid")
    url = _shown(fields["url"])
    if fields.get("dir_info", {}).get("editable") is True:
        return Reason(kind="editable", text=f"editable install of {url}", data={"url": url})
    vcs = fields.get("vcs_info", {}).get("vcs")
    text = f"installed from {f'{vcs}+' if isinstance(vcs, str) and vcs else ''}{url}"
    return Reason(kind="direct-url", text=text, data={"url": url})


def _shown(url: str) -> str:
    try:
        urlsplit(url)
    except ValueError:  # not a URL: nothing of it is safe to show
        return "an invalid URL"
    return redact(url) if "?" in url else without_credentials(url)


def is_valid(fields: Any) -> bool:
    """Return whether decoded JSON follows PEP 610: a URL, and exactly one kind of origin."""
    if not (isinstance(fields, dict) and isinstance(fields.get("url"), str)):
        return False
    present = [fields[kind] for kind in _KINDS if kind in fields]
    return len(present) == 1 and isinstance(present[0], dict)


def editable(raw_name: str, links: Collection[str]) -> Reason | None:
    """Return the reason if one of the ``.egg-link`` files is about ``raw_name``, the Name field of the metadata.

    setuptools wrote the name's other characters as dashes until its version 69.
    """
    if raw_name in links or re.sub("[^A-Za-z0-9.]+", "-", raw_name) in links:
        return Reason(kind="editable", text="editable install (setup.py develop)")
    return None
