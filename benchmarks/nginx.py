"""Serves a generated index with nginx, which costs next to no CPU: the tools measured get both cores."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

NEEDED = "the benchmarks need nginx with its echo module: apt-get install nginx-light libnginx-mod-http-echo"
LIMIT = 10
MODULES = (Path("/usr/lib/nginx/modules"), Path("/usr/lib64/nginx/modules"), Path("/usr/local/lib/nginx/modules"))

CONFIGURATION = """\
load_module {module};
{user}
daemon off;
pid {state}/nginx.pid;
error_log {state}/error.log;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
  log_format counts '$request_method $request_uri $status $bytes_sent';
  access_log {state}/access.log counts;
  client_body_temp_path {state}/body; proxy_temp_path {state}/proxy; fastcgi_temp_path {state}/fastcgi;
  uwsgi_temp_path {state}/uwsgi; scgi_temp_path {state}/scgi;
  sendfile on; tcp_nopush on; keepalive_requests 1000000; etag on; types {{ }}
  map $http_accept $kind {{ default html; "~application/vnd\\.pypi\\.simple\\.v1\\+json" json; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    {limit}
    location ~ ^/pypi/(?<project>[^/]+)/json$ {{ {latency} echo_exec /_json/$project; }}
    location ~ ^/simple/(?<project>[^/]+)/$ {{ {latency} echo_exec /_simple/$kind/$project; }}
    location ~ ^/files/../../[^/]+/(?<module>[^/-]+)-(?<version>[^/-]+)-[^/]+\\.whl\\.metadata$ {{
      {latency} echo_exec /_sidecars/;
    }}
    location ~ ^/files/(?<hash>../../[^/]+)/(?<file>[^/]+)$ {{ {latency} echo_exec /_files/$file; }}
    location /_json/ {{
      internal; alias {folder}/json/; default_type application/json;
      gzip_static always; gunzip on; add_header Cache-Control "max-age=900, public";
    }}
    location /_simple/json/ {{
      internal; alias {folder}/simple-json/; default_type application/vnd.pypi.simple.v1+json;
      gzip_static always; gunzip on; add_header Cache-Control "max-age=600, public"; add_header Vary "Accept";
    }}
    location /_simple/html/ {{
      internal; alias {folder}/simple-html/; default_type text/html;
      gzip_static always; gunzip on; add_header Cache-Control "max-age=600, public"; add_header Vary "Accept";
    }}
    location /_files/ {{
      internal; alias {folder}/files/; default_type application/octet-stream;
      add_header Cache-Control "max-age=365000000, immutable, public";
    }}
    location /_sidecars/ {{ internal; root {folder}; try_files /sidecars/$module-$version @sidecar; }}
    location @sidecar {{ echo "Metadata-Version: 2.1"; echo "Name: $module"; echo "Version: $version"; }}
    location /_mark/ {{ return 204; }}
    location / {{ {latency} echo_exec /_none; }}
    location = /_none {{ internal; return 404; }}
  }}
}}
"""


class NginxMissing(Exception):
    """There is no nginx that could serve the index; the text says what to install."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a run asked of the index."""

    requests: int
    bytes: int
    """Sent to the client, with the heads."""

    statuses: dict[str, int]


class Nginx:
    """A running server, and its log."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log
        self._seen = 0
        self._marks = 0

    @property
    def index_url(self) -> str:
        """The simple index."""
        return f"{self.url}/simple"

    def traffic(self) -> Traffic:
        """What was asked since the last call."""
        lines = [line.split() for line in self._logged()]
        statuses: dict[str, int] = {}
        for *_, status, _ in lines:
            statuses[status] = statuses.get(status, 0) + 1
        return Traffic(len(lines), sum(int(line[-1]) for line in lines), statuses)

    def _logged(self) -> Iterator[str]:
        # nginx writes its line after the answer is sent: those of earlier requests are there once a later one's is.
        self._marks += 1
        mark = f"/_mark/{self._marks}"
        with closing(http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=LIMIT)) as connection:
            connection.request("GET", mark)
            connection.getresponse().read()
        until = time.monotonic() + LIMIT
        with self._log.open() as stream:
            stream.seek(self._seen)
            while f" {mark} " not in (line := stream.readline()):
                if line:
                    yield line
                elif time.monotonic() > until:
                    raise TimeoutError(f"nginx has not logged a request to {mark} within {LIMIT} seconds")
                else:
                    time.sleep(0.001)
            self._seen = stream.tell()


@contextmanager
def serve(folder: Path, *, port: int, latency: float, bandwidth: float | None) -> Iterator[Nginx]:
    """Serve the index in ``folder``: ``latency`` in seconds a request, ``bandwidth`` in bytes a second a connection."""
    program, module = _find()
    state = folder / "nginx"
    state.mkdir(exist_ok=True)
    (state / "access.log").write_text("")
    configuration = CONFIGURATION.format(
        module=module,
        # Started by root it would read the files as somebody else, who may not be allowed to.
        user="user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else "",
        state=state,
        folder=folder,
        port=port,
        latency=f"echo_sleep {latency:.3f};" if latency else "",
        limit=f"limit_rate {int(bandwidth)};" if bandwidth else "",
    )
    (state / "nginx.conf").write_text(configuration)
    command = [program, "-p", str(state), "-e", str(state / "error.log"), "-c", str(state / "nginx.conf")]
    process = subprocess.Popen(command)
    try:
        _wait(port, process, state)
        yield Nginx(f"http://127.0.0.1:{port}", state / "access.log")
    finally:
        process.terminate()
        process.wait()


def _find() -> tuple[str, Path]:
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    module = next((each / "ngx_http_echo_module.so" for each in MODULES if each.is_dir()), Path())
    if program is None or not module.is_file():
        raise NginxMissing(NEEDED)
    return program, module


def _wait(port: int, process: subprocess.Popen[bytes], state: Path) -> None:
    for _ in range(500):
        if process.poll() is not None:
            raise NginxMissing(f"nginx does not start: {(state / 'error.log').read_text().strip()}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise NginxMissing("nginx does not answer")
