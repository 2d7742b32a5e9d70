"""Values of options, and of variables that stand for one, and what cannot be used together."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.files import expanded
from ..core.names import NAME, normalize
from ..core.settings import ResponseLimits
from ..core.text import natural
from . import policy as policy_arguments


def written(found: argparse.Namespace) -> tuple[Path, ...]:
    """Raise UsageError for --write-lower-bounds without a file to write."""
    if found.write_lower_bounds and not found.write:
        raise UsageError(
            "--write-lower-bounds requires --write FILE",
            hint=("for example, `pip-update --write pyproject.toml --write-lower-bounds`"),
        )
    return tuple(dict.fromkeys(expanded(each).absolute() for each in found.write))


def requirements(written: Sequence[str]) -> tuple[str, ...]:
    """Return the files to write that pip reads, too, as options for pip."""
    if not written:
        return ()
    from ..project_files.foreign import FOREIGN  # seldom needed

    read = (each for each in written if not each.endswith(".toml") and Path(each).name not in FOREIGN)
    return tuple(f"--requirement={os.path.expanduser(each)}" for each in read)  # noqa: PTH111 - as ``expanded`` does


def download_only(found: argparse.Namespace) -> bool:
    """Raise UsageError for options that leave nothing to download or no place to keep it."""
    given = {
        "--dry-run": found.dry_run or found.why is not None,
        "--check": found.check,
        "--test": found.test is not None,
        "--offline": found.offline,
        "--no-cache": found.no_cache,
    }
    wrong = [flag for flag, value in given.items() if value and found.download_only]
    if wrong:
        raise UsageError(
            f"--download-only cannot be used with {wrong[0]}",
            hint=("drop it; --download-only fills the cache for a later run with --offline"),
        )
    return bool(found.download_only)


def to(found: argparse.Namespace) -> Path | None:
    """Raise UsageError for downgrades without a lock file."""
    if found.allow_downgrade and found.to is None:
        raise UsageError(
            "--allow-downgrade requires --to FILE",
            hint=("for example, `pip-update --to pylock.toml --allow-downgrade`"),
        )
    to: Path | None = found.to
    others = [f"--{name}" for name in ("history", "undo") if getattr(found, name) not in (None, False)]
    if to is not None and others:
        raise UsageError(f"--to cannot be used with {others[0]}", hint="run pip-update once for each")
    return to


def all_venvs(found: argparse.Namespace, argv: Sequence[str]) -> Path | None:
    """Raise UsageError for options that concern a single environment."""
    if found.all_venvs is None:
        return None
    one = ("cache_clear", "cache_info", "history", "lock_file", "output", "schema", "shell_init", "show_config", "why")
    wrong = [f"--{name.replace('_', '-')}" for name in one if getattr(found, name)]
    wrong += ["--undo"] if found.undo is not None else []
    wrong += ["--write"] if found.write else []
    wrong += ["--python"] if is_given("--python", argv) else []
    wrong += [f"--format {found.format}"] if found.format not in (None, "table", "json", "markdown") else []
    if wrong:
        raise UsageError(f"--all-venvs cannot be used with {wrong[0]}", hint=f"drop {wrong[0]}")
    return expanded(found.all_venvs).absolute()


def check_test(found: argparse.Namespace) -> None:
    """Raise UsageError for combinations that leave nothing to test."""
    if found.bisect and found.test is None:
        raise UsageError("--bisect requires --test COMMAND", hint=_TEST)
    if found.test is None:
        return
    if not found.test.strip():
        raise UsageError("--test requires a command", hint=_TEST)
    for flag, given in (("--dry-run", found.dry_run), ("--check", found.check)):
        if given:
            raise UsageError(f"--test cannot be used with {flag}: there is no update to test", hint=_TEST)


_TEST = 'for example, `pip-update --test "pytest -q" --bisect`'


def name_of(word: str) -> str:
    """Return the project's name, normalized."""
    if not NAME.fullmatch(word):
        raise UsageError(
            f"{word!r} is not a valid package name",
            hint="give names without versions; to limit versions, use a constraints file (-c FILE)",
        )
    return normalize(word)


def pattern(word: str) -> str:
    """Return a name or a glob of names, normalized."""
    if not policy_arguments.GLOB.fullmatch(word):
        raise UsageError(f"{word!r} is not a valid package name or glob", hint='for example, -x "django*"')
    return normalize(word)


def cache_url(url: str | None) -> str | None:
    """Return the URL of a shared cache."""
    if url is not None and not url.startswith(("redis://", "rediss://", "unix://")):
        raise UsageError(
            f"{url!r} is not a valid --cache-url",
            hint=("use a redis://, rediss:// or unix:// URL, such as redis://host:6379/0"),
        )
    return url


def wheels_url(url: str | None) -> str | None:
    """Raise UsageError for an invalid URL; whether its scheme is supported shows later."""
    if url is not None and not re.match(r"(?!rediss?:)[A-Za-z][A-Za-z0-9+.-]*://.", url):
        raise UsageError(
            f"{url!r} is not the URL of a store of wheels", hint="for example: --shared-wheels s3://bucket/wheels"
        )
    return url


def is_given(flag: str, argv: Sequence[str]) -> bool:
    """Return whether the flag is on the command line."""
    return any(word.partition("=")[0] == flag for word in argv)


def kept() -> int:
    """Return the number of updates kept for ``--undo``, from the variable. Raises UsageError."""
    text = os.environ.get("PIP_UPDATE_KEEP", "1")
    if not text:
        return 1
    number = natural(text)
    if number is None:
        raise UsageError(
            f"PIP_UPDATE_KEEP must be a whole number, not {text!r}", hint=("set it to 0 to keep no updates")
        )
    return number


def limits(text: str) -> ResponseLimits:
    """Parse fields of ``ResponseLimits``, such as ``body=64M,seconds=600``. Raises UsageError."""
    said: dict[str, Any] = {}
    for word in filter(None, text.split(",")):
        name, _, value = word.strip().partition("=")
        if name not in ResponseLimits.__dataclass_fields__:
            known = ", ".join(ResponseLimits.__dataclass_fields__)
            raise UsageError(f"unknown limit {name!r} in PIP_UPDATE_LIMITS", hint=f"use one of {known}")
        try:
            said[name] = seconds(value) if name == "seconds" else size(value)
        except (argparse.ArgumentTypeError, ValueError) as error:
            raise UsageError(f"invalid PIP_UPDATE_LIMITS: {error}", hint="for example, body=64M,seconds=600") from None
    return ResponseLimits(**said)


def amount(text: str) -> int:
    """Return a whole number, 0 or more. Raises ArgumentTypeError."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def seconds(text: str) -> float:
    """Return a number of seconds, 0 or more. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e10:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def size(text: str) -> int:
    """Return bytes: ``500M``, ``2G``. Raises ArgumentTypeError."""
    match = re.fullmatch(r"(\d+)([kKmMgG]?)[bB]?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 500M or 2G")
    return int(match[1]) * {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}[match[2].lower()]
