"""Everything that reads what comes from outside, each with the errors that it documents: for properties and fuzzers."""

from __future__ import annotations

from collections.abc import Callable

from packaging.version import Version

from pip_fastupdate._pip import toml
from pip_fastupdate.advisories.grouping import grouped
from pip_fastupdate.advisories.records import Advisory, reduced
from pip_fastupdate.advisories.records import parse as parse_advisory
from pip_fastupdate.core.entry_points import script_names
from pip_fastupdate.core.errors import TransactionError
from pip_fastupdate.core.files import decoded
from pip_fastupdate.core.interpreter import Interpreter
from pip_fastupdate.core.requirements import InvalidRequirement, allows, parse
from pip_fastupdate.core.text import clean, redact
from pip_fastupdate.core.urls import Base, canonical, without_login
from pip_fastupdate.environment.differences import facts_of_metadata
from pip_fastupdate.environment.record_rows import stated_size
from pip_fastupdate.index.apis import decoding, markup
from pip_fastupdate.index.filenames import (
    InvalidVersion,
    build_tag,
    order_key,
    sdist_version,
    version_of,
    wheel_project,
)
from pip_fastupdate.lockfile.toml import document
from pip_fastupdate.project_files import requirements
from pip_fastupdate.project_files.pyproject import GroupError, declared, group
from pip_fastupdate.project_files.rewrite import Unwritable, moved, relaxed
from pip_fastupdate.report.html.markup import link
from pip_fastupdate.report.markdown import escape
from pip_fastupdate.report.workflow_commands import command
from pip_fastupdate.transaction import rewrites
from pip_fastupdate.transaction.journal import header_from_json, readable
from pip_fastupdate.update.origin import read_kept, read_publishers

DIGITS = "9" * 5000
HERE = Interpreter("3.11.7", lambda: ("cp311-cp311-linux_x86_64", "py3-none-any"))

TARGET = Version("2.3")

Parser = Callable[[str], object]


def _of_bytes(function: Callable[[bytes], object]) -> Parser:
    return lambda text: function(text.encode("utf-8", "surrogatepass"))


def _requirement(text: str) -> None:
    parsed = parse(text)
    parsed.applies(frozenset(("test",)))
    allows(parsed.specifier, version_of("1.0"))


def _ranked(text: str) -> None:
    python, _, rest = text.partition("-")
    abi, _, platform = rest.partition("-")
    HERE.rank(python, abi, platform)


def _json_api(text: str) -> None:
    for raw in (decoding.json_api(text.encode("utf-8", "surrogatepass")).releases or {}).values():
        decoding.files(raw)


def _advisory(text: str) -> None:
    _judge(parse_advisory(decoded(reduced(text.encode("utf-8", "surrogatepass")))))


def _ranges(text: str) -> None:
    """The text as the versions of a record."""
    words = text.split() or [text]
    kinds = ("introduced", "fixed", "last_affected", "limit")
    events = [{kinds[place % 4]: word} for place, word in enumerate(words[:100])]
    package = {"name": "a", "ecosystem": "PyPI"}
    _judge(
        parse_advisory(
            {"id": "X", "affected": [{"package": package, "ranges": [{"events": events}], "versions": words}]}
        )
    )


def _judge(advisory: Advisory) -> None:
    for each in grouped([advisory]):
        each.affects("a", TARGET)
        each.fixed_in("a", TARGET)


def _requirements_file(text: str) -> None:
    found = requirements.decode(text.encode("utf-8", "surrogateescape" if text.isascii() else "surrogatepass")).text
    requirements.lines(found)
    requirements.compiled_by(found)


def _rewrite(text: str) -> None:
    relaxed(text)
    moved(text, TARGET, lower_bounds=True)


def _pyproject(text: str) -> None:
    """tomllib takes quadratic time for dotted keys: of the user's own file, which may."""
    found = toml.loads(text[:4000])
    declared(found)
    group(found, "a")


def _journal(text: str) -> None:
    with readable("/x"):
        header_from_json(text.encode("utf-8", "surrogatepass"), "1")


def _locked(text: str) -> None:
    """What is written is printable, and read again."""
    lock = document({"packages": [{"name": text}]})
    assert lock.replace("\n", "").isprintable() or any("\ud800" <= each <= "\udfff" for each in text)


def _shown(text: str) -> None:
    """Nothing that is shown ends its line or its element."""
    for each in (escape(text), command("error", text, text), link(text)):
        assert "\n" not in each
        assert "\x1b" not in each
    assert "<script" not in link(text)


PARSERS: dict[str, tuple[Parser, tuple[type[Exception], ...]]] = {
    "html": (markup.parse, (ValueError,)),
    "simple": (_of_bytes(decoding.simple), (ValueError,)),
    "warehouse": (_json_api, (ValueError,)),
    "text": (_of_bytes(lambda body: decoding.text(body, "text/html; charset=utf-8")), ()),
    "requirement": (_requirement, (InvalidRequirement, InvalidVersion)),
    "version": (version_of, (InvalidVersion,)),
    "order": (order_key, ()),
    "requires-python": (HERE.runs, ()),
    "tags": (_ranked, ()),
    "build": (build_tag, ()),
    "wheel": (wheel_project, ()),
    "sdist": (lambda text: sdist_version(f"{text}.tar.gz", "a", "3.11"), ()),
    "join": (Base("https://index.example.com/simple/a/").join, (ValueError,)),
    "canonical": (canonical, ()),
    "login": (without_login, ()),
    "redact": (redact, ()),
    "clean": (clean, ()),
    "advisory": (_advisory, (ValueError,)),
    "ranges": (_ranges, (ValueError,)),
    "publishers": (_of_bytes(read_publishers), (ValueError,)),
    "kept publishers": (_of_bytes(read_kept), ()),
    "metadata": (facts_of_metadata, ()),
    "record sizes": (stated_size, ()),
    "entry points": (lambda text: list(script_names(f"[console_scripts]\n{text}")), ()),
    "requirements file": (_requirements_file, (UnicodeError,)),
    "rewrite": (_rewrite, (Unwritable,)),
    "pyproject": (_pyproject, (ValueError, GroupError)),
    "journal": (_journal, (TransactionError,)),
    "rewrites": (_of_bytes(rewrites.from_json), (TransactionError,)),
    "lock": (_locked, ()),
    "shown": (_shown, ()),
}
"""Each with the errors that it documents."""
