"""Real servers on 127.0.0.1, as companies run them; each is stopped when its ``with`` ends."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

SERVERS = ("pypiserver", "devpi-server")
"""What ``install_servers`` installs."""

NGINX = shutil.which(
    "nginx", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
)
OPENSSL = shutil.which("openssl")


def install_servers(folder: Path) -> Path | str:
    """A Python that has the servers, in an environment of its own made for it; the reason where that is impossible."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    commands = (
        [sys.executable, "-m", "venv", "--without-pip", str(folder)],
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-compile", "--only-binary=:all:"],
    )
    for command in (commands[0], [*commands[1], "--retries=1", "--timeout=10", *SERVERS, "setuptools<81"]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        except subprocess.TimeoutExpired:
            return f"{' and '.join(SERVERS)} could not be installed in time"
        if done.returncode:
            return f"{' and '.join(SERVERS)} cannot be installed: {done.stderr.strip().splitlines()[-1:]}"
    return python


def free_port() -> int:
    """A port that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], port: int, log: Path, *, path: str = "/", seconds: float = 60
) -> Iterator[str]:
    """Run a server until the end; ``http://127.0.0.1:PORT`` once it answers to a GET of ``path``, however."""
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _wait(lambda: _answers(url + path), process, log, seconds)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:  # devpi finishes this and that first, which nobody is interested in
                process.kill()


def _wait(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"the server did not come up:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


@contextlib.contextmanager
def pypiserver(python: Path, files: Path, log: Path) -> Iterator[str]:
    """A simple index of the files in a folder."""
    port = free_port()
    options = ["--interface=127.0.0.1", f"--port={port}", "--disable-fallback", "-a", ".", "-P", "."]
    with running([python, "-m", "pypiserver", "run", *options, files], port, log, path="/health") as url:
        yield f"{url}/simple"


@contextlib.contextmanager
def devpi(
    python: Path, folder: Path, uploads: Sequence[tuple[Path, dict[str, str]]]
) -> Iterator[tuple[str, list[str]]]:
    """A simple index with those files, and the names of the files that the server did not take.

    ``folder`` is for its data; beside each file stand the fields of its form: name, version and what else there is.
    """
    data, port = folder / "devpi", free_port()
    tools = {name: python.with_name(name) for name in ("devpi-init", "devpi-server")}
    told = subprocess.run(
        [tools["devpi-init"], "--serverdir", data, "--no-root-pypi"], capture_output=True, text=True, check=False
    )
    assert not told.returncode, told.stderr
    command = [tools["devpi-server"], "--serverdir", data, "--host=127.0.0.1", f"--port={port}", "--offline-mode"]
    command += ["--argon2-memory-cost=64", "--argon2-time-cost=1", "--argon2-parallelism=1"]  # else it thinks for 20 s
    with running(command, port, folder / "devpi.log", path="/+api") as url:
        token = _call(f"{url}/+login", "POST", {"user": "root", "password": ""})["result"]["password"]
        allowed = {"X-Devpi-Auth": base64.b64encode(f"root:{token}".encode()).decode()}
        _call(f"{url}/root/dev", "PUT", {"type": "stage", "bases": []}, allowed)
        refused = [path.name for path, fields in uploads if not _upload(f"{url}/root/dev/", path, fields, allowed)]
        yield f"{url}/root/dev/+simple", refused


def _call(url: str, method: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    said = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
    request = urllib.request.Request(url, json.dumps(body).encode(), said, method=method)
    with _DIRECT.open(request, timeout=30) as response:
        return json.load(response)


def _upload(url: str, path: Path, fields: dict[str, str], headers: dict[str, str]) -> bool:
    """Whether the server took it, as ``twine upload`` sends it."""
    mark = uuid.uuid4().hex
    form = {":action": "file_upload", "metadata_version": "2.1", **fields}
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n' for key, text in form.items()
    ]
    parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="content"; filename="{path.name}"\r\n\r\n')
    body = "".join(parts).encode() + path.read_bytes() + f"\r\n--{mark}--\r\n".encode()
    said = {"Content-Type": f"multipart/form-data; boundary={mark}", **headers}
    try:
        with _DIRECT.open(urllib.request.Request(url, body, said, method="POST"), timeout=30):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False


_NGINX = """\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
  uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
  types {{ text/html html; }}
  default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    autoindex on;
  }}
}}
"""


@contextlib.contextmanager
def nginx(root: Path, folder: Path, port: int | None = None) -> Iterator[str]:
    """nginx with the files below ``root``, folders without an index.html listed; ``folder`` is for its own files."""
    assert NGINX is not None, "is there"
    folder.mkdir()
    port = port or free_port()
    (folder / "nginx.conf").write_text(_NGINX.format(user=_user(), folder=folder, port=port, root=root))
    with running([NGINX, "-p", folder, "-c", folder / "nginx.conf"], port, folder / "output.log") as url:
        yield url


def _user() -> str:
    """Started by root it would become somebody who may not look into the folders of tests."""
    return "user root;" if hasattr(os, "getuid") and os.getuid() == 0 else ""
