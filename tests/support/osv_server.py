"""A service on 127.0.0.1 that speaks OSV's API, and misbehaves on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Record = dict[str, Any]


class OsvServer:
    """A context manager: it serves inside of it. Its own judgement of versions is by the lists of the records alone."""

    def __init__(self, records: Iterable[Record] = (), *, page: int = 1000) -> None:
        """``page`` is how many ids one answer lists of a query."""
        self.records = {each["id"]: each for each in records}
        self.page = page
        self.asked: list[tuple[str, Any]] = []
        """Path, and body or None, of each request."""

        self.status = 200
        self.body: bytes | None = None
        """Sent instead of each right answer."""

        self.affects: Callable[[Record, str, str | None], bool] = listed
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    def __enter__(self) -> OsvServer:
        """Serve."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """What ``/v1/querybatch`` stands below."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def names(self) -> set[str]:
        """All names that were asked about."""
        bodies = [body for path, body in self.asked if path == "/v1/querybatch"]
        return {query["package"]["name"] for body in bodies for query in body["queries"]}

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON of the right answer."""
        if path == "/v1/querybatch":
            return 200, {"results": [self._query(each) for each in body["queries"]]}
        if path == "/v1/query":
            name, version = body["package"]["name"], body.get("version")
            return 200, {"vulns": found} if (found := self._found(name, version)) else {}
        record = self.records.get(path.removeprefix("/v1/vulns/"))
        return (404, {"code": 5, "message": "Bug not found."}) if record is None else (200, record)

    def _query(self, query: dict[str, Any]) -> dict[str, Any]:
        name, version = query["package"]["name"], query.get("version")
        found = self._found(name, version)
        start = int(query.get("page_token", 0))
        vulns = [
            {"id": each["id"], "modified": each.get("modified", "2024-01-01T00:00:00Z")}
            for each in found[start : start + self.page]
        ]
        answer: dict[str, Any] = {"vulns": vulns} if vulns else {}
        if start + self.page < len(found):
            answer["next_page_token"] = str(start + self.page)
        return answer

    def _found(self, name: str, version: str | None) -> list[Record]:
        return [each for _, each in sorted(self.records.items()) if self.affects(each, name, version)]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        osv = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._reply(None)

            def do_POST(self) -> None:
                self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _reply(self, body: Any) -> None:
                osv.asked.append((self.path, body))
                status, told = osv.answer(self.path, body) if osv.status == 200 else (osv.status, {})
                sent = json.dumps(told).encode() if osv.body is None else osv.body
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, format: str, *arguments: object) -> None:
                """Quiet."""

        return Handler


def listed(record: Record, name: str, version: str | None) -> bool:
    """Whether the record lists the version of the project, or for None the project."""
    entries = [each for each in record.get("affected", ()) if each.get("package", {}).get("name") == name]
    return any(version is None or version in each.get("versions", ()) for each in entries)


def record(id: str, name: str, versions: Iterable[str] = (), **fields: Any) -> Record:
    """A record about one project; ``introduced`` and ``fixed`` make its range."""
    events = [{key: fields.pop(key)} for key in ("introduced", "fixed", "last_affected") if key in fields]
    entry: dict[str, Any] = {"package": {"name": name, "ecosystem": "PyPI"}, "versions": list(versions)}
    if events:
        entry["ranges"] = [{"type": "ECOSYSTEM", "events": events}]
    return {"id": id, "summary": f"{name} is not safe", "affected": [entry], **fields}
