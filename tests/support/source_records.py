"""Projects for the tests of candidates, written down as lists of files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from packaging.version import Version

from pip_fastupdate.core.interpreter import Interpreter
from pip_fastupdate.core.models import Failure, Project
from pip_fastupdate.core.protocols import Filters
from pip_fastupdate.core.settings import Policy
from pip_fastupdate.index.apis.simple_pages import Link
from pip_fastupdate.index.evaluator import collect
from pip_fastupdate.index.merging import SourceRecord
from pip_fastupdate.index.project_record import ProjectRecord, decode, encode
from pip_fastupdate.index.selection import select

TAGS = (
    "cp311-cp311-manylinux_2_28_x86_64",
    "cp311-cp311-manylinux_2_17_x86_64",
    "cp39-abi3-linux_x86_64",
    "py3-none-any",
)
HERE = Interpreter("3.11.7", lambda: TAGS)
INDEX = "https://index.invalid/simple"


def link(filename: str, **fields: Any) -> Link:
    """A file of the index."""
    return Link(filename=filename, url=f"https://files.invalid/{filename}", **fields)


def source_record(
    *files: Link | str, source: str = INDEX, project: str = "foo", sdists: bool = True, **fields: Any
) -> SourceRecord:
    """What an index with these files has; it goes through the bytes of the cache."""
    links = [each if isinstance(each, Link) else link(each) for each in files]
    entries = collect(project, links, Link.compatible_file, HERE, sdists=sdists)
    return SourceRecord(source, decode(encode(ProjectRecord(**fields), entries)))


def chosen(
    *records: SourceRecord | Link | str,
    floor: str | None = None,
    project: str = "foo",
    filters: Filters = (),
    **policy: Any,
) -> Project | Failure:
    """The project under the policy."""
    whole = [each for each in records if isinstance(each, SourceRecord)]
    files = [each for each in records if not isinstance(each, SourceRecord)]
    if files:
        whole.append(source_record(*files, project=project))
    return select(project, whole, floor=Version(floor) if floor else None, policy=Policy(**policy), filters=filters)


def summary(project: Project | Failure) -> list[str]:
    """``2.0 foo-2.0.tar.gz``, or ``2.0 kind: text`` for what is blocked (with its file, if any)."""
    assert isinstance(project, Project), project
    return [
        f"{each.version} "
        + (f"{each.blocked.kind}: {each.blocked.text}" if each.blocked else "")
        + (" " if each.blocked and each.file else "")
        + (each.file.filename if each.file else "")
        for each in project.releases
    ]


def wheels(*versions: str) -> Iterable[str]:
    """Pure wheels of ``foo``."""
    return [f"foo-{version}-py3-none-any.whl" for version in versions]
