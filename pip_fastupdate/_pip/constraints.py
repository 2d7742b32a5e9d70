"""Constraints files (pip's ``-c``): local or at a URL, nested, as pip's own parser reads them."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.requirements import InvalidRequirement, parse
from ..core.text import redact
from . import compat

_REMOTE = re.compile(r"(https?|file):", re.IGNORECASE)
_VARIABLE = re.compile(rb"\$\{[A-Z0-9_]+\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """The content of the files, and their names."""

    lines: tuple[str, ...]
    """Requirements (PEP 508)."""

    origins: tuple[str, ...]
    """The file of each line: an absolute path, or a URL."""

    files: tuple[Path, ...]
    """Every local file that was read, including nested ones."""

    volatile: bool
    """True if the lines depend on more than those files: a server, environment variables, or which paths exist."""


def read(sources: Sequence[str], session: Callable[[], Any], options: Any) -> Constraints:
    """Read constraints files by path or URL. Raises UsageError for whatever pip would refuse or we do not support.

    ``session`` creates a session of pip's, if one is needed. Options for indexes in the files (``--index-url`` and the
    like, which pip-compile writes at the top) go into ``options``, as in pip.
    """
    reader = make_reader(session, options)
    lines, origins = [], []
    for source in sources:
        for line in parsed(reader, source, constraint=True):
            if getattr(line, "requirement", None) is None:
                take_over(line, options)
            else:
                lines.append(constraint(line))
                origins.append(origin(line))
    files, volatile = seen(reader)
    return Constraints(lines=tuple(lines), origins=tuple(origins), files=files, volatile=volatile)


def origin(line: Any) -> str:
    """Return the file of a line: an absolute path, or a URL without secrets."""
    name = str(line.filename)
    return redact(name) if _REMOTE.match(name) else os.path.abspath(name)  # noqa: PTH100 - text


def seen(reader: Any) -> tuple[tuple[Path, ...], bool]:
    """Return the local files that a reader read, and whether it needed more than those."""
    texts = [str(name) for name in reader.seen]
    files = tuple(Path(name).absolute() for name in texts if not _REMOTE.match(name))
    return files, reader.relative or any(map(_is_volatile, texts))


def make_reader(session: Callable[[], Any], options: Any) -> Any:
    """Return pip's parser, extended to remember the names of the files it opens.

    It has ``options`` instead of pip's finder: ``--no-binary`` and the like change those.
    """
    from pip._internal.req.req_file import RequirementsFileParser, get_line_parser

    class Reader(RequirementsFileParser):  # type: ignore[misc] # pip is not type checked
        def __init__(self) -> None:
            super().__init__(session=_LateSession(session), line_parser=get_line_parser(options))
            self.seen: list[str] = []
            self.relative = False

        def _parse_file(self, filename: str, constraint: bool) -> Iterator[Any]:
            self.seen.append(filename)
            for line in super()._parse_file(filename, constraint):
                self.relative = self.relative or _has_relative_link(line)
                yield line

    return Reader()


class _LateSession:
    """Stands for a session, which is slow to import, until it is needed."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def get(self, url: str) -> Any:
        """Return the response to a GET."""
        return self._make().get(url)


def parsed(reader: Any, source: str, *, constraint: bool) -> list[Any]:
    """Return the lines of a constraints or requirements file, as pip parses them. Raises UsageError."""
    from pip._internal.exceptions import PipError
    from pip._vendor.requests import RequestException

    try:
        # Its parser prints its usage, and a warning about an encoding would set up logging for the whole process.
        with redirect_stderr(StringIO()), compat.hearing("", logging.WARNING):
            return list(reader.parse(source, constraint=constraint))
    except (PipError, RequestException, OSError, LookupError, ValueError) as error:
        what, hint = ("constraints", _ORIGIN) if constraint else ("requirements", "check -r and PIP_REQUIREMENT")
        raise UsageError(f"could not read {what} from {shown(source)}: {compat.words(error)}", hint=hint) from None
    except RecursionError:  # pip before 24.3 does not notice (pip #12653)
        what = "constraints" if constraint else "requirements"
        raise UsageError(f"{what} file {shown(source)} includes itself") from None


_ORIGIN = "check -c, PIP_CONSTRAINT and pip's constraint setting"


def take_over(line: Any, options: Any) -> None:
    """Apply a line that consists of options, as pip does (``req_file.handle_option_line``). Raises UsageError."""
    found = line.opts
    if found.require_hashes:
        where = f"line {line.lineno} of {shown(line.filename)}"
        raise UsageError(f"options are not supported in constraints files ({where})", hint=_OPTION_HINT)
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
    if found.pre and getattr(options, "release_control", None):
        options.release_control.all_releases.add(":all:")  # which a file may combine with --only-final
    else:
        options.pre = options.pre or found.pre
    if getattr(found, "release_control", None) and not options.release_control:  # not before 26
        options.release_control = found.release_control


def _links(links: Sequence[str] | None, file: str) -> list[str]:
    """Return where ``--find-links`` points: relative to the file, if that path exists."""
    beside = [str(Path(file).absolute().parent / each) for each in links or ()]
    there = os.path.exists  # which accepts texts of any length
    return [path if there(path) else each for path, each in zip(beside, links or (), strict=True)]


def _has_relative_link(line: Any) -> bool:
    """Return whether it is an option that depends on which paths exist: where its ``--find-links`` points."""
    return getattr(line, "requirement", None) is None and any(
        "://" not in each and not Path(each).is_absolute() for each in line.opts.find_links or ()
    )


def constraint(line: Any) -> str:
    """Return the requirement of a parsed line. Raises UsageError if it constrains no version."""
    text = line.requirement
    where = f"line {line.lineno} of {shown(line.filename)}"
    if line.is_editable or not line.constraint or line.opts.hashes:
        raise UsageError(f"{text!r} in {where} is not a version constraint", hint=_LINE_HINT)
    try:
        parsed = parse(text)
    except InvalidRequirement:
        raise UsageError(f"could not parse {text!r} in {where}", hint=_LINE_HINT) from None
    if parsed.extras or "@" in parsed.text.partition(";")[0]:
        raise UsageError(f"{text!r} in {where} is not a version constraint", hint=_LINE_HINT)
    return str(text)


_OPTION_HINT = "remove it; pip-update verifies the hashes given by the index"
_LINE_HINT = "use lines such as 'name<2'; URLs, paths, extras, hashes and -r are not supported"


def _is_volatile(name: str) -> bool:
    if _REMOTE.match(name) or not Path(name).is_file():  # a pipe is empty once it was read
        return True
    return _VARIABLE.search(Path(name).read_bytes().replace(b"\0", b"")) is not None  # of UTF-16 and -32, too


def shown(source: str) -> str:
    """Return the path or URL without credentials."""
    return redact(source) if _REMOTE.match(source) else source
