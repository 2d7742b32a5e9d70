"""The requirements of a release: from the index, the sidecar (PEP 658), or the file itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..core.interpreter import Interpreter
from ..core.models import Failure, File, Release
from ..core.protocols import DownloadFailed
from ..core.reasons import requires_python
from ..core.response import host_of
from ..core.urls import sidecar
from . import core_metadata
from .core_metadata import CoreMetadata
from .project_record import SCHEMA

if TYPE_CHECKING:
    from ..core.reasons import ReasonKind
    from ..core.response import Answer, Reply
    from ..network.session import Session
    from .apis.json_api import JsonApi

_BUILD = "its dependencies are unknown until it is built"


class Requirements:
    """Finds requirements of releases. Thread-safe."""

    def __init__(
        self, interpreter: Interpreter, apis: Mapping[str, JsonApi] | None = None, *, described: bool = False
    ) -> None:
        """``apis`` are JSON APIs by the URLs of their indexes.

        ``described`` keeps the head of all metadata that is read, so that it need not be requested again.
        """
        self._described = described
        self._interpreter = interpreter
        self._apis = apis or {}
        self._hosts: dict[str, bool] = {}
        """Whether file servers have sidecars that their index does not announce."""

        self._ranges: dict[str, bool] = {}
        """Whether file servers support range requests."""

        self._ends: dict[str, int] = {}
        """Bytes at the end of a wheel that contain its metadata, by project."""

    def key(self, release: Release) -> str | None:
        """Return the cache key; None if there is nothing to look for."""
        file = release.file
        if release.requires is not None or file is None or file.url.startswith("file:"):
            return None
        return f"{SCHEMA}m {core_metadata.identity(file)}"

    def recall(self, release: Release, stored: Mapping[str, Answer]) -> tuple[str, ...] | Failure | None:
        """Return the result without the network; None if a request is needed."""
        if release.requires is not None:
            return self._given(release, release.requires)
        answer = stored.get(self.key(release) or "")
        if answer is None or not answer.fresh or answer.status != 200:
            return None
        return self._judge(release, _load(answer.body))

    def ask(self, release: Release, session: Session) -> tuple[str, ...] | Failure:
        """Return the result, from the network if needed."""
        if release.requires is not None:
            return self._given(release, release.requires)
        if release.file is None:
            return _failure(release, "not-found", "no file for this interpreter")
        try:
            return self._judge(release, self._read(release, release.file, session))
        except DownloadFailed as failed:
            return _failure(release, failed.kind, failed.text)

    def confirm(self, release: Release, session: Session) -> tuple[str, ...] | Failure:
        """Return the result from the file itself, whatever the index says; it replaces the cached one."""
        if release.file is None:
            return self.ask(release, session)
        try:
            found = self._from_file(release, release.file, session)
        except DownloadFailed as failed:
            return _failure(release, failed.kind, failed.text)
        key = self.key(release)
        if key is not None:
            _store(found, key, release.file, session)
        return self._judge(release, found)

    def _given(self, release: Release, requires: tuple[str, ...]) -> tuple[str, ...] | Failure:
        try:
            core_metadata.check(requires)
        except DownloadFailed as failed:
            return _failure(release, failed.kind, failed.text)
        return requires

    def _read(self, release: Release, file: File, session: Session) -> CoreMetadata:
        key = self.key(release)
        if key is None:
            return self._from_file(release, file, session)
        host = host_of(file.url)
        ranged = file.metadata is None and self._ranges.get(host, False)
        found = self._from_ranges(release, file, session) if ranged else None
        if found is None:
            found = self._from_sidecar(key, release, file, session)
            if found is not None:
                return found  # and cached
            ranges = not ranged and self._ranges.get(host, True)
            try:
                found = self._without_sidecar(release, file, session, ranges=ranges)
            except DownloadFailed as failed:
                known = session.stored([key]).get(key) if failed.kind == "offline" else None
                if known is None or known.status != 200:
                    raise
                return _load(known.body)
        _store(found, key, file, session)
        return found

    def _without_sidecar(self, release: Release, file: File, session: Session, *, ranges: bool) -> CoreMetadata:
        """Read the end of the wheel by ``ranges``; without these, use the JSON API or the whole file."""
        found = self._from_ranges(release, file, session) if ranges else None
        api = self._apis.get(release.index) if found is None else None
        if api is not None:
            found = api.metadata(release, file, session)
        return found or self._from_whole(release, file, session)

    def _from_sidecar(self, key: str, release: Release, file: File, session: Session) -> CoreMetadata | None:
        """Return what the sidecar says, or the cache; None if there is none, or the server refuses to send it.

        Mirrors copy announcements from the index that they mirror, and storage services refuse (403) what is missing.
        """
        unsaid = file.metadata is None
        host = host_of(file.url)
        if file.metadata is False or (unsaid and not (file.is_wheel and self._hosts.get(host, True))):
            known = session.stored([key]).get(key)
            return _load(known.body) if known is not None and known.fresh and known.status == 200 else None
        bodies: list[bytes] = []
        try:
            answer = session.ask(
                sidecar(file.url),
                key=key,
                condense=lambda reply: _sidecar(reply, release, file, bodies),
                accept="*/*",
                immutable=core_metadata.fixed(file) is not None,
            )
        except DownloadFailed as failed:
            if failed.kind == "offline" or not (unsaid or failed.kind == "http"):
                raise
            answer = None
        self._keep(file, bodies, session)
        there = answer is not None and answer.status == 200
        if unsaid and (there or host not in self._hosts):
            self._hosts[host] = there
        return _load(answer.body) if answer is not None and there else None

    def _from_file(self, release: Release, file: File, session: Session) -> CoreMetadata:
        return self._from_ranges(release, file, session) or self._from_whole(release, file, session)

    def _from_ranges(self, release: Release, file: File, session: Session) -> CoreMetadata | None:
        """Return what the end of a wheel says; None if it cannot be read alone.

        Once a server has sent a range, ranges are used wherever its index does not announce sidecars: each may be
        missing, which costs a request, and the wheel's own metadata is what counts.
        """
        if not file.is_wheel or file.url.startswith("file:"):
            return None
        from .remote_archive import metadata_by_ranges

        end = metadata_by_ranges(file, session, self._ends.get(release.name, 0))
        host = host_of(file.url)
        self._ranges[host] = end.length > 0 or self._ranges.get(host, False)
        if end.metadata is None:
            return None
        self._ends[release.name] = end.length
        self._keep(file, [end.metadata], session)
        return core_metadata.read(end.metadata, release)

    def _from_whole(self, release: Release, file: File, session: Session) -> CoreMetadata:
        from .remote_archive import metadata_of

        body = metadata_of(file, session)
        self._keep(file, [body], session)
        return core_metadata.read(body, release)

    def _keep(self, file: File, bodies: Iterable[bytes], session: Session) -> None:
        """Cache what was read, for ``description``."""
        if self._described:
            from .description import keep

            for body in bodies:
                keep(file, body, session)

    def description(self, release: Release, session: Session) -> str | None:
        """Return the head of the metadata of a release's file; None if unavailable."""
        from .description import description_of

        return None if release.file is None else description_of(release.file, session)

    def _judge(self, release: Release, found: CoreMetadata) -> tuple[str, ...] | Failure:
        if not self._interpreter.runs(found.requires_python):
            return _failure(release, "requires-python", requires_python(found.requires_python))
        if release.file is not None and not release.file.is_wheel and not found.static:
            return _failure(release, "build", _BUILD)
        return found.requires


def _sidecar(reply: Reply, release: Release, file: File, bodies: list[bytes]) -> bytes:
    """Return what the cache keeps of a sidecar's response; the whole goes to ``bodies``."""
    core_metadata.check_hash(reply.body, file)
    found = _dump(core_metadata.read(reply.body, release))
    bodies.append(reply.body)
    return found


def _store(found: CoreMetadata, key: str, file: File, session: Session) -> None:
    """Cache what the file says: forever if no other file can take its place."""
    session.keep(file.url, key=key, body=_dump(found), immutable=core_metadata.fixed(file) is not None)


def _dump(found: CoreMetadata) -> bytes:
    return json.dumps(found).encode()


def _load(body: bytes) -> CoreMetadata:
    requires, requires_python, static = json.loads(body)
    return CoreMetadata(tuple(requires), requires_python, static)


def _failure(release: Release, kind: ReasonKind, text: str) -> Failure:
    return Failure(name=release.name, version=str(release.version), kind=kind, text=text)
