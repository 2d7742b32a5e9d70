"""Every kind of reason and failure there is, and what the report says of it: the ``kind`` of ``models.Reason``.

mypy refuses a kind that is not here. The line of a kind is all there is to add: which list it is in decides how the
rest of the program takes it, and its comment is what docs/reasons.md says of it (``python -m tools.reasons``). The
sentence for people, with its names and figures, is made where the thing is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Skip = Literal[
    "editable",  # an editable install
    "direct-url",  # installed from a URL, a folder or a repository; as a reason to hold: required from there
    "other-installer",  # another package manager installed it, which must update it
    "outside",  # in a folder that does not belong to this environment
    "egg",  # installed as an egg, or by setup.py
    "distutils",  # installed by distutils, which recorded no files
    "no-record",  # there is no list of its files (RECORD), or none that can be read
    "bad-metadata",  # its metadata cannot be read or is not valid; in part, that is a remark and no reason to skip
    "excluded",  # the user excluded it
]
"""Why an installed distribution is left alone."""

Filtered = Literal[
    "cooldown",  # uploaded too recently
    "cooldown-unknown",  # the index does not say when it was uploaded
    "other-index",  # on another index than the only one that is allowed for it
    "level",  # too big a step
    "vulnerable-release",  # has known vulnerabilities
    "malware",  # known as malware
]
"""Why a rule of the user's keeps a release out."""

Unfit = Literal[
    "pre-release",  # a pre-release that nobody asked for
    "yanked",  # taken back by its maintainers; of the installed version, a warning
    "requires-python",  # for another Python
    "no-wheel",  # has no wheel for this platform, or none that the settings allow
]
"""Why a release cannot be chosen, whatever the filters say."""

Changed = Literal[
    "source-change",  # on another index than what is installed came from
    "local-label",  # not a build with the local label that the installed version has
]
"""Why a release does not follow the installed one."""

Held = Literal[
    "required-by",  # another package requires what the new version is not; of an addition, who requires it
    "requires",  # it requires what another package, which stays, is not
    "requires-missing",  # it requires a package that cannot be had
    "indirect",  # what it requires cannot be fulfilled together with the other packages
    "metadata",  # its requirements cannot be read
    "budget",  # the search was cut short
    "constraint",  # a constraint of the user's rules it out
    "older-in-lock",  # the lock has an older version
    "fails-test",  # the user's test fails with it
    "strict",  # ``--strict`` refuses what there is to warn of
    "held",  # none of these
]
"""Why a distribution stays below its newest version."""

Warned = Literal[
    "deleted",  # the index lists it no longer, though it lists other versions
    "archived",  # its project is archived
    "deprecated",  # its project is deprecated
    "quarantined",  # its index has put the project into quarantine
    "vulnerable",  # it has a known vulnerability
    "malware-installed",  # it is malware
]
"""What calls for a decision about an installed version; so does ``yanked``."""

Remark = Literal[
    "left-over",  # another version left a folder of metadata behind
    "not-its-files",  # its RECORD lists files that cannot be its own, which stay
    "shared-files",  # another package, which stays, lists files that it replaced
    "leftover",  # an earlier update added it, and nothing requires it any more
    "installed-recently",  # the installed version is younger than the cooldown allows
    "cooldown-exempt",  # younger than the cooldown allows, but it fixes a known vulnerability
    "fixes",  # the new version fixes a known vulnerability
    "license-changed",  # the license is another one
    "provenance-lost",  # the installed version has attestations, the new one has none
    "provenance-changed",  # another publisher is named in its attestations
]
"""What is worth knowing beside the verdict."""

NotFetched = Literal[
    "not-found",  # the index does not have it
    "no-files",  # the index lists the project without any file
    "unreachable",  # the host cannot be reached
    "timeout",  # the host did not answer in time, or too slowly
    "tls",  # no secure connection
    "proxy",  # the proxy gives no connection
    "http",  # the server answered with an error
    "offline",  # not in the cache, and nothing may be asked for
    "garbage",  # the answer, or the file, is not what it should be
    "download",  # a local file cannot be read, or is on another machine
    "hash",  # the file is another than the index says
    "size",  # the file is longer or shorter than the index says
    "changed",  # the file was replaced while it was used
    "missing-file",  # the file is not there any more
    "in-use",  # another program has its files open
]
"""Why something could not be looked up or downloaded."""

NotInstalled = Literal[
    "build",  # the sdist could not be built, or has to be built to know what it requires
    "inspection",  # the wheel could not be looked into
    "stage",  # pip could not unpack the wheel
    "cannot-be-imported",  # this program could not be started with it
    "file-conflict",  # it would overwrite a file that belongs to no package
    "lock-file",  # the lock file could not be put in its place
]
"""Why something that was downloaded could not be installed."""

Refusal = Literal[
    "unreadable",  # the file cannot be read
    "not-a-zip",  # not a zip archive
    "truncated",  # an archive that ends too early
    "broken-zip",  # the directory of the archive is damaged
    "zip-prefix",  # something comes before the archive
    "zip-disagreement",  # the archive contradicts itself
    "hidden-data",  # there is data that belongs to no file
    "overlap",  # two files share their data
    "too-many-entries",  # too many files
    "too-large",  # too large when unpacked
    "bomb",  # compressed beyond all measure
    "encrypted",  # encrypted
    "compression",  # compressed in a way that wheels do not use
    "broken-entry",  # the data of a file is damaged
    "lying-size",  # a file does not have the size that is announced
    "bad-crc",  # the checksum of a file is wrong
    "path-escape",  # a path leads out of the environment
    "absolute-path",  # a path is absolute
    "backslash",  # a name holds a backslash
    "control-character",  # a name holds control characters
    "unclean-path",  # a path is not in its plain form
    "windows-name",  # a name that Windows does not allow
    "symlink",  # a symbolic link
    "special-file",  # neither a file nor a folder
    "duplicate-entry",  # a name comes twice
    "case-collision",  # two names are one where case or Unicode forms do not count
    "file-and-folder",  # a name is that of a file and of a folder
    "long-path",  # a path is too long
    "file-name",  # the name of the file is not that of the wheel
    "no-dist-info",  # not exactly one folder of metadata
    "foreign-metadata",  # metadata of another distribution
    "installer-file",  # files that only installers write
    "missing-metadata",  # a file of the metadata is missing
    "wheel-version",  # a version of the format that is not known
    "name-mismatch",  # the metadata has another name
    "version-mismatch",  # the metadata has another version
    "entry-point",  # an entry point that is not valid, or takes the interpreter's place
    "data-scheme",  # a folder below .data that the format does not know
    "same-destination",  # two files go to the same place
    "interpreter-file",  # it would go among the files that the interpreter obeys
    "own-folder",  # it would go among this program's transactions
    "record-broken",  # RECORD cannot be read
    "record-duplicate",  # RECORD lists a file twice, differently
    "not-in-record",  # RECORD does not list a file
    "record-absent",  # RECORD lists a file that is not there; a remark where the whole wheel was verified
    "record-algorithm",  # RECORD has a hash of a kind that wheels must not use
    "record-size",  # a file does not have the size that RECORD says
    "record-hash",  # a file does not have the hash that RECORD says
]
"""Why a wheel is refused."""

News = Literal[
    "new-pth",  # a new .pth file, which the interpreter obeys when it starts
    "new-hook",  # a new module that is imported whenever the interpreter starts
    "new-stdlib-name",  # a new module that is called like one of the standard library
    "new-native",  # native code where there was none
    "new-data",  # new files outside site-packages
    "shadows-script",  # a command that another package has, too
    "shadows-command",  # a command that hides one of the system
    "record-no-hash",  # RECORD has no hash of some files
    "record-incomplete",  # RECORD does not list some files, but the whole wheel was verified
    "record-folder",  # RECORD lists folders
    "record-differs",  # RECORD says something else of some files, but the whole wheel was verified
    "no-hash",  # the index gives no hash, so that nothing could be verified
    "weak-hash",  # the index gives only a hash that shows damage, not tampering
]
"""What is worth knowing about a new wheel."""

ReasonKind = Literal[Skip, Filtered, Unfit, Changed, Held, Warned, Remark, NotFetched, NotInstalled, Refusal, News]
"""All of them: a failure is a reason, too, once somebody is told of it."""

OF_FILTERS: frozenset[ReasonKind] = frozenset(get_args(Filtered))
"""A filter of the user's holds the release."""

OF_SOURCES: frozenset[ReasonKind] = frozenset(get_args(Changed))
"""The release is there, but does not follow the installed one."""

PASSED_OVER: frozenset[ReasonKind] = frozenset(
    (*OF_FILTERS, "requires-python", "no-wheel", "source-change", "constraint")
)
"""These rule out a newer release. Nobody is behind one that was yanked, or a pre-release."""

WARNINGS: frozenset[ReasonKind] = frozenset((*get_args(Warned), "yanked"))
"""These are about the installed version or its project, and not to be overlooked."""

ASIDE = WARNINGS | frozenset[ReasonKind](get_args(Remark)) | frozenset[ReasonKind](get_args(News))
"""These are never why a distribution stays."""

OF_NEW_VERSION: frozenset[ReasonKind] = frozenset(("fails-test", "source-change", "strict", "offline"))
"""Reasons to stay that are about the new version, not about the distribution: it is held rather than skipped."""

NO_INDEX: frozenset[ReasonKind] = frozenset(("direct-url", "editable"))
"""No index has what is installed."""

UNREACHABLE: frozenset[ReasonKind] = frozenset(("unreachable", "timeout"))
"""The network is away rather than a file bad."""

BAD_FILE: frozenset[ReasonKind] = frozenset(("hash", "size", "garbage", "changed"))
"""The file is bad, not the network."""

WORDS: Mapping[ReasonKind, str] = {
    "required-by": "limited by what another package requires",
    "requires": "in need of a package that cannot move",
    "requires-missing": "in need of a package that cannot be had",
    "indirect": "in conflict with other packages",
    "metadata": "with requirements that cannot be read",
    "budget": "given up by the search",
    "source-change": "newer on another index only",
    "local-label": "newer without the local label",
    "constraint": "limited by a constraint",
    "older-in-lock": "older in the lock",
    "fails-test": "failing the test",
    "strict": "refused by --strict",
    "held": "held",
    "requires-python": "in need of another Python",
    "no-wheel": "without a wheel for this system",
    "cooldown": "too recent",
    "cooldown-unknown": "of unknown age",
    "other-index": "on another index",
    "level": "too big a step",
    "vulnerable-release": "with known vulnerabilities",
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
    "offline": "not in the cache",
    "bad-metadata": "with metadata that cannot be read",
}
"""What the summary says of so many packages: ``2 too recent``. For others it is the kind itself."""
