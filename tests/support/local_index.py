"""A package index on 127.0.0.1 that behaves like a real one, and misbehaves on request."""

from __future__ import annotations

import base64
import fnmatch
import gzip
import hashlib
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from urllib.parse import quote, unquote, urlsplit

from packaging.utils import canonicalize_name

from . import index_pages, wheels
from .index_pages import HTML, JSON, ProjectPages, ServedFile
from .index_server import Answer, Fault, Request, Server

MetadataSwitch = Literal[True, False, "unsaid", "unannounced"]
UPLOADED = "2024-01-01T00:00:00.000000Z"
_SAME: Any = object()


class LocalIndex:
    """A context manager: the server runs inside of it. All switches may be changed while it runs."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        latency: float = 0.0,
        bandwidth: float | None = None,
        auth: tuple[str, str] | None = None,
        json_api: bool = True,
        simple_json: bool = True,
        metadata: MetadataSwitch = True,
        ranges: bool = True,
        gzip_pages: bool = True,
        relative_urls: bool = False,
        tls: ssl.SSLContext | None = None,
        cache_control: str = "max-age=600, public",
    ) -> None:
        """``latency`` in seconds a request, ``bandwidth`` in bytes a second a connection, ``auth`` (user, password).

        ``metadata`` says whether the simple pages announce sidecars (PEP 658) and they are served: announced and
        served, denied, not mentioned and not served ("unsaid"), or served though not mentioned ("unannounced").
        """
        self._temporary = TemporaryDirectory(prefix="local-index-") if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary else Path(folder or "")
        self.latency, self.bandwidth, self.auth = latency, bandwidth, auth
        self.json_api, self.simple_json, self.metadata = json_api, simple_json, metadata
        self.ranges, self.gzip_pages, self.relative_urls = ranges, gzip_pages, relative_urls
        self.cache_control = cache_control
        self.requests: list[Request] = []
        self._faults: list[Fault] = []
        self._projects: dict[str, ProjectPages] = {}
        self._files: dict[str, ServedFile] = {}
        self._contents: dict[str, bytes] = {}
        self._pages: dict[tuple[str, ...], tuple[bytes, bytes]] = {}
        self._lock = threading.RLock()
        self._server = Server(self, tls)

    def __enter__(self) -> LocalIndex:
        """Start serving on a free port."""
        self._server.up()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving, and remove the folder if it was our own."""
        self.stop()

    # Where it is

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"{self._server.scheme}://127.0.0.1:{self._server.port}"

    @property
    def index_url(self) -> str:
        """The simple index, as pip's ``--index-url`` wants it."""
        return f"{self.url}/simple"

    @property
    def index_url_with_auth(self) -> str:
        """The same with user and password in it."""
        user, password = self.auth or ("", "")
        return self.index_url.replace("://", f"://{quote(user, safe='')}:{quote(password, safe='')}@", 1)

    def file_url(self, path: Path | str) -> str:
        """Where the file of that name is served."""
        return f"{self.url}/files/{quote(Path(path).name)}"

    # What it offers

    def add(
        self,
        path: Path,
        *,
        yanked: str | None = None,
        upload_time: str | None = UPLOADED,
        requires_python: str | None = _SAME,
        metadata: MetadataSwitch | None = None,
        content: bytes | None = None,
        provenance: bytes | None = None,
    ) -> Path:
        """Offer the wheel or sdist at ``path``; ``yanked`` is the reason (PEP 592), may be empty.

        ``requires_python`` overrides what its metadata says. ``content`` is served instead of the file's own, whose
        hash stays announced. ``upload_time`` None: the index does not tell.
        """
        served = index_pages.read_file(path)
        served.yanked, served.upload_time, served.announce = yanked, upload_time, metadata
        served.provenance = provenance
        if requires_python is not _SAME:
            served.requires_python = requires_python
        with self._lock:
            name = canonicalize_name(served.name)
            self._projects.setdefault(name, ProjectPages(name=served.name)).add(served)
            self._files[path.name] = served
            if content is not None:
                self._contents[path.name] = content
            self._pages.clear()
        return path

    def release(
        self,
        name: str,
        version: str,
        *,
        yanked: str | None = None,
        upload_time: str | None = UPLOADED,
        sidecar: MetadataSwitch | None = None,
        **options: Any,
    ) -> Path:
        """Make a wheel (``options`` as for ``make_wheel``) and offer it; ``sidecar`` overrides ``metadata``."""
        path = wheels.make_wheel(self.folder, name, version, **options)
        return self.add(path, yanked=yanked, upload_time=upload_time, metadata=sidecar)

    def release_sdist(self, name: str, version: str, *, yanked: str | None = None, **options: Any) -> Path:
        """Make an sdist (``options`` as for ``make_sdist``) and offer it."""
        return self.add(wheels.make_sdist(self.folder, name, version, **options), yanked=yanked)

    def project(
        self,
        name: str,
        *,
        status: str | None = None,
        reason: str | None = None,
        description: int = 0,
        vulnerabilities: Mapping[str, list[dict[str, Any]]] | None = None,
        versions: Iterable[str] = (),
    ) -> None:
        """Set what is not about one file: a project may also exist without any.

        ``status`` as in PEP 792, ``description`` the bytes of padding in the JSON API's body, ``vulnerabilities`` by
        version, ``versions`` without files.
        """
        with self._lock:
            pages = self._projects.setdefault(canonicalize_name(name), ProjectPages(name=name))
            pages.status, pages.reason, pages.description = status, reason, description
            pages.vulnerabilities = dict(vulnerabilities or {})
            pages.empty_versions |= set(versions)
            self._pages.clear()

    def remove(self, name: str, version: str | None = None) -> None:
        """Take the project, or one version of it, out of the index."""
        with self._lock:
            pages = self._projects[canonicalize_name(name)]
            pages.files = [each for each in pages.files if version is not None and each.version != version]
            if version is None:
                del self._projects[canonicalize_name(name)]
            self._pages.clear()

    # How it misbehaves

    def fail(self, pattern: str, **options: Any) -> Fault:
        """Misbehave for the paths like ``pattern``: ``fail("/pypi/bad/json", status=500, times=2)``. See ``Fault``."""
        fault = Fault(pattern=pattern, **options)
        with self._lock:
            self._faults.append(fault)
        return fault

    def reset(self) -> None:
        """Forget the requests and the faults."""
        with self._lock:
            self.requests = []
            self._faults = []

    def down(self) -> None:
        """Refuse new connections and cut the open ones, as a dead network does."""
        self._server.down()

    def up(self) -> None:
        """Serve again, on the same port."""
        self._server.up()

    def stop(self) -> None:
        """Go down for good."""
        self.down()
        if self._temporary:
            self._temporary.cleanup()

    # What was asked

    def paths(self, pattern: str = "*") -> list[str]:
        """The paths of the requests so far that are like ``pattern``, in order."""
        with self._lock:
            return [each.path for each in self.requests if fnmatch.fnmatchcase(each.path, pattern)]

    # Answering; called by the server from its threads

    def log(self, request: Request) -> None:
        """Keep a request; called before its answer is on its way."""
        with self._lock:
            self.requests.append(request)

    def fault_for(self, path: str) -> Fault | None:
        """The first fault for ``path`` that is not used up, one use less."""
        with self._lock:
            for fault in self._faults:
                if fnmatch.fnmatchcase(path, fault.pattern) and fault.times != 0:
                    fault.times = None if fault.times is None else fault.times - 1
                    return fault
        return None

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """The right answer to a GET of ``path``."""
        if self.auth and headers.get("authorization") != _basic(*self.auth):
            return Answer(401, {"WWW-Authenticate": 'Basic realm="index"'}, b"Who are you?")
        parts = [unquote(part) for part in urlsplit(path).path.split("/")[1:]]
        with self._lock:
            if parts[0] == "files" and len(parts) == 2:
                return self._file(parts[1], headers)
            if parts[0] == "simple":
                return self._simple(parts[1:], headers)
            if parts[0] == "pypi" and parts[-1] == "json" and self.json_api:
                return self._json_api(parts[1:-1], headers)
        return Answer(404, {}, b"Not Found")

    def _json_api(self, parts: list[str], headers: Mapping[str, str]) -> Answer:
        name = canonicalize_name(parts[0])
        pages = self._projects.get(name)
        if pages is None or pages.status == "quarantined" or not pages.versions():
            return Answer(404, {"Content-Type": "application/json"}, b'{"message": "Not Found"}')
        if parts[0] != name:
            return Answer(301, {"Location": "/".join(["/pypi", name, *parts[1:], "json"])})
        version = pages.find(parts[1]) if len(parts) > 1 else pages.latest()
        if version is None:
            return Answer(404, {"Content-Type": "application/json"}, b'{"message": "Not Found"}')
        key = ("json", name, *parts[1:])
        base = "" if self.relative_urls else self.url
        return self._page(
            key,
            lambda: index_pages.json_api(pages, version, base, whole=len(parts) == 1),
            "application/json",
            headers,
        )

    def _simple(self, parts: list[str], headers: Mapping[str, str]) -> Answer:
        kind = self._kind(headers.get("accept", "*/*"))
        if parts in ([], [""]):
            names = sorted(self._projects)
            return self._page(("list", kind), lambda: index_pages.project_list(names, kind), kind, headers)
        name = canonicalize_name(parts[0])
        if parts != [name, ""]:
            return Answer(301, {"Location": f"/simple/{name}/"})
        pages = self._projects.get(name)
        if pages is None:
            return Answer(404, {}, b"Not Found")
        base = "../.." if self.relative_urls else self.url
        return self._page(
            ("simple", kind, name), lambda: index_pages.simple(pages, base, kind, self.metadata), kind, headers
        )

    def _kind(self, accept: str) -> str:
        """Content negotiation (PEP 691): JSON where the client takes it at least as gladly as HTML."""
        if not self.simple_json:
            return HTML
        weights = dict(map(_weight, accept.split(",")))
        return JSON if weights.get(JSON, 0.0) > 0 and weights[JSON] >= weights.get("text/html", 0.0) else HTML

    def _page(self, key: tuple[str, ...], make: Any, kind: str, headers: Mapping[str, str]) -> Answer:
        """A page rendered once; the key knows of the switches that change it."""
        key = (*key, str(self.relative_urls), str(self.metadata))
        if key not in self._pages:
            body = make()
            self._pages[key] = (body, gzip.compress(body, 1, mtime=0) if self.gzip_pages else body)
        plain, zipped = self._pages[key]
        said = {
            "Content-Type": kind,
            "ETag": f'"{hashlib.md5(plain).hexdigest()}"',
            "Cache-Control": self.cache_control,
            "Vary": "Accept, Accept-Encoding",
        }
        if headers.get("if-none-match") == said["ETag"]:
            return Answer(304, said)
        if self.gzip_pages and "gzip" in headers.get("accept-encoding", ""):
            return Answer(200, said | {"Content-Encoding": "gzip"}, zipped)
        return Answer(200, said, plain)

    def _file(self, filename: str, headers: Mapping[str, str]) -> Answer:
        served = self._files.get(filename.removesuffix(".metadata").removesuffix(".provenance"))
        proven = served is not None and served.provenance is not None
        if served is None or (filename.endswith(".provenance") and not proven):
            return Answer(404, {}, b"Not Found")
        if filename.endswith(".provenance"):
            return Answer(200, {}, served.provenance or b"")
        if filename.endswith(".metadata"):
            announced = self.metadata if served.announce is None else served.announce
            if announced not in (True, "unannounced") or not served.is_wheel:
                return Answer(404, {}, b"Not Found")
            return Answer(200, {"Content-Type": "text/plain"}, served.metadata)
        body = self._contents.get(filename) or served.path.read_bytes()
        said = {"Content-Type": "application/octet-stream", "ETag": f'"{served.sha256}"'}
        if headers.get("if-none-match") == said["ETag"]:
            return Answer(304, said)
        whole = Answer(200, said | ({"Accept-Ranges": "bytes"} if self.ranges else {}), body)
        return _part(whole, headers.get("range")) if self.ranges else whole

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass; at once when the server goes down."""
        if seconds > 0:
            self._server.stopping.wait(seconds)


def _weight(accepted: str) -> tuple[str, float]:
    kind, *parameters = (part.strip() for part in accepted.split(";"))
    weights = [float(each[2:]) for each in parameters if each.startswith("q=")]
    return kind, weights[0] if weights else 1.0


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _part(whole: Answer, wanted: str | None) -> Answer:
    """Cut the answer to the one range asked for (RFC 9110)."""
    if not wanted or not wanted.startswith("bytes=") or "," in wanted:
        return whole
    total = len(whole.body)
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    start = int(first) if first else max(0, total - int(last))
    end = min(int(last), total - 1) if first and last else total - 1
    if start >= total or start > end:
        return Answer(416, {"Content-Range": f"bytes */{total}"})
    said = whole.headers | {"Content-Range": f"bytes {start}-{end}/{total}"}
    return Answer(206, said, whole.body[start : end + 1])


def wait_until(condition: Any, seconds: float = 5.0) -> None:
    """Wait for ``condition()`` to become true; TimeoutError when it does not."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the condition did not become true")
        time.sleep(0.005)
