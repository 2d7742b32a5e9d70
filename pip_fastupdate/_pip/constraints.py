"""Constraint files (pip's ``-c``): local or at a URL, nested, as pip's own parser reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.requirements import InvalidRequirement, parse
from ..core.text import redact
from . import compat

_REMOTE = re.compile(r"(https?|file):", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """What the files say, and which files those were."""

    lines: tuple[str, ...]
    """Requirements (PEP 508)."""

    files: tuple[Path, ...]
    """Every local file that was read, nested ones included."""

    volatile: bool
    """Whether the lines depend on more than those files: on a server, or on environment variables."""


def read(sources: Sequence[str], session: Callable[[], Any], options: Any) -> Constraints:
    """Read constraint files given by path or URL. Raises UsageError for whatever pip would refuse or we cannot honour.

    ``session`` makes a session of pip's, if one is needed. What the files say about indexes (``--index-url`` and the
    like, which pip-compile writes at the top of its files) goes into ``options``, as it would for pip.
    """
    reader = make_reader(session, options)
    lines = []
    for source in sources:
        for line in parsed(reader, source, constraint=True):
            if getattr(line, "requirement", None) is None:
                take_over(line, options)
            else:
                lines.append(constraint(line))
    files, volatile = seen(reader)
    return Constraints(lines=tuple(lines), files=files, volatile=volatile)


def seen(reader: Any) -> tuple[tuple[Path, ...], bool]:
    """The local files that a reader has read, and whether more than those was needed."""
    texts = [str(name) for name in reader.seen]
    files = tuple(Path(name).absolute() for name in texts if not _REMOTE.match(name))
    return files, any(map(_is_volatile, texts))


def make_reader(session: Callable[[], Any], options: Any) -> Any:
    """pip's parser, which also remembers the names of the files that it opens.

    It has ``options`` where pip has its finder: ``--no-binary`` and the like change what it has of these.
    """
    from pip._internal.req.req_file import RequirementsFileParser, get_line_parser

    class Reader(RequirementsFileParser):  # type: ignore[misc] # pip is not type checked
        def __init__(self) -> None:
            super().__init__(session=_LateSession(session), line_parser=get_line_parser(options))
            self.seen: list[str] = []

        def _parse_file(self, filename: str, constraint: bool) -> Iterator[Any]:
            self.seen.append(filename)
            yield from super()._parse_file(filename, constraint)

    return Reader()


class _LateSession:
    """Stands for a session, which takes a while to import, until something is really got from a server."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def get(self, url: str) -> Any:
        """The response to a GET."""
        return self._make().get(url)


def parsed(reader: Any, source: str, *, constraint: bool) -> list[Any]:
    """The lines of a file of constraints or of requirements, as pip has them. Raises UsageError."""
    from pip._internal.exceptions import PipError
    from pip._vendor.requests import RequestException

    try:
        return list(reader.parse(source, constraint=constraint))
    except (PipError, RequestException, OSError, UnicodeError) as error:
        what, hint = ("constraints", _ORIGIN) if constraint else ("requirements", "check -r, and PIP_REQUIREMENT")
        raise UsageError(f"The {what} in {shown(source)} cannot be read: {compat.words(error)}.", hint=hint) from None
    except RecursionError:  # pip before 24.3 does not notice (pip #12653)
        what = "constraints" if constraint else "requirements"
        raise UsageError(f"The {what} in {shown(source)} include themselves.") from None


_ORIGIN = "they come from -c, PIP_CONSTRAINT or the setting constraint in pip's configuration"


def take_over(line: Any, options: Any) -> None:
    """What pip does with a line that has options alone (``req_file.handle_option_line``). Raises UsageError."""
    found = line.opts
    if found.require_hashes:
        where = f"line {line.lineno} of {shown(line.filename)}"
        raise UsageError(f"The option in {where} is not supported in a constraint file.", hint=_OPTION_HINT)
    urls = [] if options.no_index else [each for each in (options.index_url, *options.extra_index_urls) if each]
    if found.no_index:
        options.no_index, urls = True, []
    if found.index_url and not options.no_index:
        urls = [found.index_url]
    if not options.no_index:
        urls += found.extra_index_urls or ()
        options.index_url, options.extra_index_urls = (urls or [None])[0], urls[1:]
    options.find_links = [*(options.find_links or ()), *_links(found.find_links, line.filename)]
    options.trusted_hosts = [*(options.trusted_hosts or ()), *(found.trusted_hosts or ())]
    options.prefer_binary = options.prefer_binary or found.prefer_binary
    options.pre = options.pre or found.pre
    if getattr(found, "release_control", None) and not options.release_control:  # not before 26
        options.release_control = found.release_control


def _links(links: Sequence[str] | None, file: str) -> list[str]:
    """Where ``--find-links`` leads: beside the file, if there is such a path."""
    beside = [str(Path(file).absolute().parent / each) for each in links or ()]
    there = os.path.exists  # which no text is too long for
    return [path if there(path) else each for path, each in zip(beside, links or (), strict=True)]


def constraint(line: Any) -> str:
    """The requirement of a parsed line. Raises UsageError where it constrains no version."""
    text = line.requirement
    where = f"line {line.lineno} of {shown(line.filename)}"
    if line.is_editable or not line.constraint or line.opts.hashes:
        raise UsageError(f"{text!r} in {where} is not a constraint on versions.", hint=_LINE_HINT)
    try:
        parsed = parse(text)
    except InvalidRequirement:
        raise UsageError(f"{text!r} in {where} cannot be understood.", hint=_LINE_HINT) from None
    if parsed.extras or "@" in parsed.text.partition(";")[0]:
        raise UsageError(f"{text!r} in {where} is not a constraint on versions.", hint=_LINE_HINT)
    return str(text)


_OPTION_HINT = "remove it; pip-update checks the hashes that the index gives"
_LINE_HINT = "pip-update takes lines such as 'name<2' here: no URLs, paths, extras, hashes or -r"


def _is_volatile(name: str) -> bool:
    if _REMOTE.match(name):
        return True
    return _VARIABLE.search(Path(name).read_text(encoding="utf-8", errors="replace")) is not None


def shown(source: str) -> str:
    """The path or URL without credentials."""
    return redact(source) if _REMOTE.match(source) else source
