"""Every kind of reason and failure, and what the report says about it: the ``kind`` of ``models.Reason``.

mypy refuses a kind that is not here. The line of a kind is all there is to add: its list decides how the rest of the
program treats it, and its comment is its text in docs/reasons.md (``python -m tools.reasons``). The message, with names
and figures, is written where the problem is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Skip = Literal[
    "editable",  # an editable install
    "direct-url",  # installed from a URL, a directory or a repository; as a reason to hold: required from there
    "other-installer",  # installed by another package manager, which must update it
    "outside",  # in a directory outside this environment
    "egg",  # installed as an egg, or by setup.py
    "distutils",  # installed by distutils, which recorded no files
    "no-record",  # there is no readable list of its files (RECORD)
    "bad-metadata",  # its metadata is invalid or cannot be read; in part, that is a remark and not a reason to skip
    "excluded",  # the user excluded it
]
"""Why an installed distribution is skipped."""

Filtered = Literal[
    "cooldown",  # uploaded too recently
    "cooldown-unknown",  # the index does not say when it was uploaded
    "other-index",  # not on the only index that is allowed for it
    "level",  # too large a step
    "vulnerable-release",  # has known vulnerabilities
    "malware",  # known as malware
]
"""Why a user's rule holds a release."""

Unfit = Literal[
    "pre-release",  # a pre-release that was not requested
    "yanked",  # withdrawn by its maintainers; for the installed version, a warning
    "requires-python",  # requires another Python
    "no-wheel",  # no wheel for this platform, or none that the settings allow
]
"""Why a release cannot be chosen, whatever the filters say."""

Changed = Literal[
    "source-change",  # on a different index from the installed version
    "local-label",  # not a build with the local label of the installed version
]
"""Why a release does not follow the installed one."""

Held = Literal[
    "required-by",  # another package requires a different version; for an addition, the package that requires it
    "requires",  # it requires a different version of a package that stays
    "requires-missing",  # it requires a package that is not available
    "indirect",  # its requirements conflict with the other packages
    "metadata",  # its requirements cannot be read
    "budget",  # the search hit its limit
    "constraint",  # excluded by a user's constraint
    "older-in-lock",  # the lock file has an older version
    "fails-test",  # the user's test fails with it
    "strict",  # ``--strict`` holds versions that cause warnings
    "held",  # none of these
]
"""Why a distribution stays below its newest version."""

Warned = Literal[
    "deleted",  # no longer on the index, although other versions are
    "archived",  # its project is archived
    "deprecated",  # its project is deprecated
    "quarantined",  # its index has quarantined the project
    "vulnerable",  # it has a known vulnerability
    "advisory-unread",  # an advisory of its version could not be read
    "malware-installed",  # it is malware
]
"""What calls for a decision about an installed version; so does ``yanked``."""

Remark = Literal[
    "left-over",  # another version left a metadata directory behind
    "not-its-files",  # its RECORD lists files of others, which stay
    "shared-files",  # another package, which stays, lists files that it replaced
    "leftover",  # an earlier update added it, and nothing requires it any more
    "installed-recently",  # the installed version is younger than the cooldown allows
    "cooldown-exempt",  # younger than the cooldown allows, but it fixes a known vulnerability
    "fixes",  # the new version fixes a known vulnerability
    "license-changed",  # the license changes
    "provenance-lost",  # the installed version has attestations, the new one has none
    "provenance-changed",  # its attestations name another publisher
    "provenance-unread",  # its attestations could not be read, although those of the installed version could
]
"""Remarks in addition to the verdict."""

NotFetched = Literal[
    "not-found",  # the index does not have it
    "no-files",  # the index lists no files for the project
    "unreachable",  # could not connect to the host
    "timeout",  # the host did not respond in time, or too slowly
    "tls",  # could not establish a secure connection
    "proxy",  # could not connect through the proxy
    "http",  # the server returned an error
    "offline",  # not cached, and no requests are allowed
    "garbage",  # the response, or the file, is invalid
    "download",  # a local file cannot be read, or is on another machine
    "hash",  # the file does not match the index
    "size",  # the file is longer or shorter than the index says
    "changed",  # the file was replaced during the run
    "missing-file",  # the file no longer exists
    "in-use",  # another program has its files open
]
"""Why something could not be looked up or downloaded."""

NotInstalled = Literal[
    "build",  # the sdist could not be built, or its requirements are unknown until it is built
    "inspection",  # the wheel could not be inspected
    "stage",  # pip could not unpack the wheel
    "cannot-be-imported",  # pip-update could not be started with it
    "file-conflict",  # it would overwrite a file that belongs to no package
    "lock-file",  # the lock file could not be written
]
"""Why something that was downloaded could not be installed."""

Refusal = Literal[
    "unreadable",  # the file cannot be read
    "not-a-zip",  # not a zip archive
    "truncated",  # an archive that ends too early
    "broken-zip",  # the central directory is damaged
    "zip-prefix",  # extra data before the archive
    "zip-disagreement",  # the archive contradicts itself
    "hidden-data",  # data that belongs to no file
    "overlap",  # two files share their data
    "too-many-entries",  # too many files
    "too-large",  # too large when unpacked
    "bomb",  # a decompression bomb
    "encrypted",  # encrypted
    "compression",  # compressed by a method that wheels do not use
    "broken-entry",  # the data of a file is damaged
    "lying-size",  # a file does not have the declared size
    "bad-crc",  # a checksum mismatch
    "path-escape",  # a path points outside the environment
    "absolute-path",  # a path is absolute
    "backslash",  # a name contains a backslash
    "control-character",  # a name contains control characters
    "unclean-path",  # a path is not normalized
    "windows-name",  # not a valid file name on Windows
    "symlink",  # a symbolic link
    "special-file",  # neither a file nor a directory
    "duplicate-entry",  # a duplicate name
    "case-collision",  # two names are the same on case-insensitive or Unicode-normalizing file systems
    "file-and-folder",  # a name is both a file and a directory
    "long-path",  # a path is too long
    "file-name",  # the file name does not match the wheel
    "no-dist-info",  # not exactly one metadata directory
    "foreign-metadata",  # metadata of another distribution
    "installer-file",  # files that only installers write
    "missing-metadata",  # a file of the metadata is missing
    "wheel-version",  # an unsupported version of the wheel format
    "name-mismatch",  # the metadata has another name
    "version-mismatch",  # the metadata has another version
    "entry-point",  # an entry point that is invalid, or replaces the interpreter
    "data-scheme",  # a .data directory that the wheel format does not define
    "same-destination",  # two files have the same destination
    "interpreter-file",  # it would be among the files that the interpreter reads at startup
    "own-folder",  # it would be in the directory of pip-update's transactions
    "record-broken",  # RECORD cannot be read
    "record-duplicate",  # RECORD lists a file twice with different values
    "not-in-record",  # RECORD does not list a file
    "record-absent",  # RECORD lists a missing file; a remark if the whole wheel was verified
    "record-algorithm",  # RECORD has a kind of hash that wheels must not use
    "record-size",  # a file does not have the size in RECORD
    "record-hash",  # a file does not match its hash in RECORD
]
"""Why a wheel is refused."""

News = Literal[
    "new-pth",  # a new .pth file, which the interpreter runs at startup
    "new-hook",  # a new module that is imported whenever the interpreter starts
    "new-stdlib-name",  # a new module with the name of a standard library module
    "new-native",  # native code, which the installed version does not have
    "new-data",  # new files outside site-packages
    "shadows-script",  # a command that another package has, too
    "shadows-command",  # a command that hides one of the system
    "record-no-hash",  # RECORD has no hash for some files
    "record-incomplete",  # RECORD does not list some files, but the whole wheel was verified
    "record-folder",  # RECORD lists directories
    "record-differs",  # RECORD differs for some files, but the whole wheel was verified
    "no-hash",  # the index gives no hash, so nothing could be verified
    "weak-hash",  # the index gives only a hash that detects damage, not tampering
]
"""Warnings about a new wheel."""

ReasonKind = Literal[Skip, Filtered, Unfit, Changed, Held, Warned, Remark, NotFetched, NotInstalled, Refusal, News]
"""All kinds: a failure is a reason, too, once it is reported."""

OF_FILTERS: frozenset[ReasonKind] = frozenset(get_args(Filtered))
"""A user's filter holds the release."""

OF_SOURCES: frozenset[ReasonKind] = frozenset(get_args(Changed))
"""The release exists, but does not follow the installed one."""

PASSED_OVER: frozenset[ReasonKind] = frozenset(
    (*OF_FILTERS, "requires-python", "no-wheel", "source-change", "constraint")
)
"""These exclude a newer release. A yanked release or a pre-release leaves nobody behind."""

WARNINGS: frozenset[ReasonKind] = frozenset((*get_args(Warned), "yanked"))
"""These are about the installed version or its project, and the user must see them."""

ASIDE = WARNINGS | frozenset[ReasonKind](get_args(Remark)) | frozenset[ReasonKind](get_args(News))
"""These never explain why a distribution stays."""

OF_NEW_VERSION: frozenset[ReasonKind] = frozenset(("fails-test", "source-change", "strict", "offline"))
"""Reasons to stay that concern the new version, not the distribution: it is held rather than skipped."""

NO_INDEX: frozenset[ReasonKind] = frozenset(("direct-url", "editable"))
"""No index has the installed version."""

UNREACHABLE: frozenset[ReasonKind] = frozenset(("unreachable", "timeout"))
"""A failure of the network rather than of a file."""

BAD_FILE: frozenset[ReasonKind] = frozenset(("hash", "size", "garbage", "changed"))
"""A failure of the file, not of the network."""

OUTDATED_URL: frozenset[ReasonKind] = frozenset(("http", "missing-file"))
"""A failure that a file's URL of some time ago may have: some indexes sign URLs for a limited time."""

WORDS: Mapping[ReasonKind, str] = {
    "required-by": "limited by a requirement of another package",
    "requires": "requiring a package that cannot be upgraded",
    "requires-missing": "requiring a package that is not available",
    "indirect": "conflicting with other packages",
    "metadata": "with unreadable requirements",
    "budget": "given up by the search",
    "source-change": "newer on another index only",
    "local-label": "newer without the local label",
    "constraint": "limited by a constraint",
    "older-in-lock": "older in the lock",
    "fails-test": "failing the test",
    "strict": "refused by --strict",
    "held": "held",
    "requires-python": "requiring another Python",
    "no-wheel": "without a wheel for this system",
    "cooldown": "too recent",
    "cooldown-unknown": "of unknown age",
    "other-index": "on another index",
    "level": "too big a step",
    "vulnerable-release": "with known vulnerabilities",
    "advisory-unread": "with an unreadable advisory",
    "malware": "known as malware",
    "editable": "editable",
    "direct-url": "installed from a URL",
    "other-installer": "of another package manager",
    "outside": "outside this environment",
    "excluded": "excluded",
    "no-record": "without a RECORD",
    "egg": "installed by setup.py",
    "distutils": "installed by distutils",
    "not-found": "not on the index",
    "offline": "not cached",
    "bad-metadata": "with unreadable metadata",
}
"""Words of the summary after a count: ``2 too recent``. Other kinds stand for themselves."""


def requires_python(wanted: str | None) -> str:
    """Return the text of ``requires-python``; ``wanted`` is a specifier."""
    return f"requires Python {wanted}"


def was_yanked(why: str | None) -> str:
    """Return the text of ``yanked``."""
    return f"was yanked: {why}" if why else "was yanked"


def constrained(version: str, name: str, specifier: str) -> str:
    """Return the text of ``constraint``."""
    return f"{version} is excluded by the constraint {name}{specifier}"


def not_cached(what: str) -> str:
    """Return the text of ``offline``."""
    return f"{what} is not cached"


def no_longer_exists(what: str) -> str:
    """Return the text of ``missing-file``."""
    return f"{what} no longer exists"
