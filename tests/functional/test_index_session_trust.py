"""The session and who is who: credentials, TLS, proxies; and disks and folders that do not play along."""

from __future__ import annotations

import gc
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pip_fastupdate.cache import location
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.core.settings import Network
from pip_fastupdate.network.session import Session
from tests.support.local_index import LocalIndex
from tests.support.scripted_server import CERTIFICATE, Asked, Said, ScriptedServer

BASIC = "Basic dXNlcjpzM2NyM3Q="  # user:s3cr3t
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
POSIX = os.name == "posix"

# urllib3 1.26 forgets to close the socket of a handshake that failed.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Warnings(list[tuple[str, str]]):
    """What was warned about."""

    def __call__(self, text: str, hint: str) -> None:
        self.append((text, hint))


@pytest.fixture
def warned() -> Warnings:
    return Warnings()


@pytest.fixture(autouse=True)
def environment_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What the machine is set up for is not the point here."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    yield
    gc.collect()  # within this module, whose mark it is


Open = Callable[..., Any]


@pytest.fixture
def open_session(tmp_path: Path, warned: Warnings) -> Open:
    """A session, closed at the end of the block; options are those of the network, and the session's own."""

    @contextmanager
    def opened(**options: Any) -> Iterator[Session]:
        own = {name: options.pop(name) for name in ("authenticate", "tls") if name in options}
        session = Session(
            cache=CacheOptions(directory=tmp_path / "cache"),
            network=Network(**{"retries": 0, "timeout": 5.0, **options}),
            user_agent="tests/1",
            warn=warned,
            **own,
        )
        try:
            yield session
        finally:
            session.close()

    return opened


def failure(call: Callable[[], object]) -> tuple[str, str]:
    """How the call fails."""
    with pytest.raises(DownloadFailed) as caught:
        call()
    return caught.value.kind, caught.value.text


def guarded(asked: Asked) -> Said:
    """Lets in whoever knows the password."""
    if asked.headers.get("authorization") == BASIC:
        return Said(body=b"welcome", headers={"ETag": '"1"'})
    return Said(status=401, headers={"WWW-Authenticate": "Basic"})


def length(reply: Any) -> bytes:
    return str(len(reply.body)).encode()


# Credentials


def test_credentials_of_the_url(open_session: Open, tmp_path: Path) -> None:
    """They are sent as a header, and reach neither the disk nor the answers nor the errors."""
    with ScriptedServer(guarded) as server, open_session() as session:
        url = server.url.replace("://", "://user:s3cr3t@")
        answer = session.ask(f"{url}/simple/thing/", key=f"simple:{url}/simple/thing/:cp311", condense=length)
        assert (answer.body, answer.url) == (b"7", f"{server.url}/simple/thing/")
        assert list(session.stored([f"simple:{url}/simple/thing/:cp311"])) == [f"simple:{url}/simple/thing/:cp311"]
        assert list(session.stored([f"simple:{server.url}/simple/thing/:cp311"])) != []
        assert session.fetch(f"{url}/simple/other/").url == f"{server.url}/simple/other/"
        wrong = server.url.replace("://", "://user:wr0ng@")
        assert failure(lambda: session.fetch(f"{wrong}/x")) == ("http", f"{server.netloc} returned 401 Unauthorized")
    with open_session() as session:
        assert "s3cr3t" not in failure(lambda: session.fetch("http://user:s3cr3t@127.0.0.1:1/x"))[1]
        assert "s3cr3t" not in failure(lambda: session.fetch("nothing://user:s3cr3t@127.0.0.1:1/x"))[1]
        assert "s3cr3t" not in failure(lambda: session.fetch("http://user:s3cr3t@[::/x"))[1]
    kept = b"".join(file.read_bytes() for file in (tmp_path / "cache").iterdir())
    assert b"/simple/thing/" in kept
    assert b"s3cr3t" not in kept
    assert b"user" not in kept.replace(b"used", b"")


def test_credentials_of_netrc(open_session: Open, tmp_path: Path) -> None:
    """Those of the host, where the URL has none."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password s3cr3t\n")
    (tmp_path / "netrc").chmod(0o600)
    with ScriptedServer(guarded) as server, open_session() as session:
        assert session.fetch(f"{server.url}/x").body == b"welcome"


def test_authentication_is_asked_once_a_folder(open_session: Open) -> None:
    """Two indexes on one server may have different users; the projects of one have the same."""
    calls: list[str] = []

    def authenticate(request: Any) -> Any:
        calls.append(request.url)
        request.headers["Authorization"] = BASIC if "/one/" in request.url else "Basic b3RoZXI="
        return request

    with ScriptedServer(lambda _: Said()) as server, open_session(authenticate=authenticate) as session:
        for url in ("/one/a/json", "/one/b/json", "/two/a/json", "/one/c/json", "/two/b/json"):
            session.fetch(server.url + url)
        sent = [asked.headers["authorization"] for asked in server.asked]
    assert calls == [f"{server.url}/one/a/json", f"{server.url}/two/a/json"]
    assert sent == [BASIC, BASIC, "Basic b3RoZXI=", BASIC, "Basic b3RoZXI="]


def test_credentials_do_not_go_to_another_server(open_session: Open) -> None:
    """Neither by a redirect nor because its URLs look alike."""
    with ScriptedServer(lambda _: Said(body=b"here")) as other:

        def script(asked: Asked) -> Said:
            if asked.path == "/away":
                return Said(status=302, headers={"Location": f"{other.url}/x"})
            return guarded(asked)

        with ScriptedServer(script) as server, open_session() as session:
            url = server.url.replace("://", "://user:s3cr3t@")
            assert session.fetch(f"{url}/x").body == b"welcome"
            assert session.fetch(f"{url}/away").body == b"here"
            assert session.fetch(f"{other.url}/x").body == b"here"
        assert ["authorization" in asked.headers for asked in other.asked] == [False, False]


class Prompting:
    """Knows the password only after it was asked for; works as pip's own does."""

    def __init__(self, header: str = BASIC) -> None:
        self.prompts, self.inside, self.header = 0, 0, header
        self.known: str | None = None

    def __call__(self, request: Any) -> Any:
        if self.known:
            request.headers["Authorization"] = self.known
        request.register_hook("response", self.handle_401)
        return request

    def handle_401(self, response: Any, **options: Any) -> Any:
        if response.status_code != 401:
            return response
        self.inside += 1
        assert self.inside == 1, "one at a time"
        time.sleep(0.05)
        self.prompts += 1
        self.known = self.header
        _ = response.content
        response.raw.release_conn()
        response.request.headers["Authorization"] = self.known
        again = response.connection.send(response.request, **options)
        again.history.append(response)
        self.inside -= 1
        return again


def test_user_is_asked_for_the_password_once(open_session: Open) -> None:
    """However many threads are refused at the same time; later requests have it at once."""
    authenticate, start = Prompting(), threading.Barrier(8)
    with (
        ScriptedServer(guarded) as server,
        open_session(authenticate=authenticate) as session,
        ThreadPoolExecutor(8) as pool,
    ):

        def ask(number: int) -> bytes:
            if number < 8:
                start.wait()
            url = f"{server.url}/simple/{number}/"
            return session.ask(url, key=url, condense=lambda reply: reply.body).body

        assert list(pool.map(ask, range(8))) == [b"welcome"] * 8
        refused = sum(asked.headers.get("authorization") is None for asked in server.asked)
        assert list(pool.map(ask, range(8, 16))) == [b"welcome"] * 8
        assert authenticate.prompts == 1
        assert sum(asked.headers.get("authorization") is None for asked in server.asked) == refused
        assert session.counters.counts.requests == len(server.asked)


def test_wrong_password_is_told(open_session: Open) -> None:
    """The refusal is the answer, and it is not asked again for the same request."""
    authenticate = Prompting("Basic d3Jvbmc6")
    with ScriptedServer(guarded) as server, open_session(authenticate=authenticate) as session:
        assert failure(lambda: session.fetch(f"{server.url}/simple/x/"))[1].endswith("returned 401 Unauthorized")
        assert authenticate.prompts == 1


def test_pips_own_authentication(open_session: Open) -> None:
    """The object that pip's session has, with an index URL that holds the password."""
    auth = pytest.importorskip("pip._internal.network.auth")
    with ScriptedServer(guarded) as server:
        index = server.url.replace("://", "://user:s3cr3t@") + "/simple/"
        authenticate = auth.MultiDomainBasicAuth(prompting=False, index_urls=[index])
        with open_session(authenticate=authenticate) as session, ThreadPoolExecutor(4) as pool:
            urls = [f"{server.url}/simple/{number}/" for number in range(8)]
            answers = pool.map(lambda url: session.ask(url, key=url, condense=length), urls)
            assert [answer.status for answer in answers] == [200] * 8
            assert session.fetch(f"{server.url}/packages/ab/cd/x.whl").status == 200
        authenticate = auth.MultiDomainBasicAuth(prompting=False, index_urls=[])
        with open_session(authenticate=authenticate) as session:
            assert failure(lambda: session.fetch(f"{server.url}/simple/x/"))[0] == "http"


# TLS


@pytest.fixture
def secure() -> Iterator[ScriptedServer]:
    """A server whose certificate nobody knows."""
    with ScriptedServer(lambda _: Said(body=b"secure"), tls=True) as server:
        yield server


def test_unknown_certificate_is_refused(secure: ScriptedServer, open_session: Open) -> None:
    """In the TLS library's words, and without a retry."""
    with open_session(retries=3) as session:
        kind, text = failure(lambda: session.fetch(f"{secure.url}/x"))
        assert kind == "tls"
        assert text.startswith(f"could not establish a secure connection to {secure.netloc} (self")
        assert session.counters.counts.retries == 0


def test_bundle_of_the_options(secure: ScriptedServer, open_session: Open) -> None:
    """A file with the server's certificate."""
    with open_session(verify=str(CERTIFICATE)) as session:
        assert session.fetch(f"{secure.url}/x").body == b"secure"


def test_folder_of_certificates(secure: ScriptedServer, open_session: Open, tmp_path: Path) -> None:
    """Without the right one in it."""
    with open_session(verify=str(tmp_path)) as session:
        assert failure(lambda: session.fetch(f"{secure.url}/x"))[0] == "tls"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_bundle_of_the_environment(
    secure: ScriptedServer, open_session: Open, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As requests has it."""
    monkeypatch.setenv(name, str(CERTIFICATE))
    with open_session() as session:
        assert session.fetch(f"{secure.url}/x").body == b"secure"


@pytest.mark.parametrize("option", ["verify", "client_cert"])
def test_certificates_that_cannot_be_read(
    secure: ScriptedServer, open_session: Open, tmp_path: Path, option: str
) -> None:
    """The file is named."""
    with open_session(**{option: str(tmp_path / "none.pem")}) as session:
        kind, text = failure(lambda: session.fetch(f"{secure.url}/x"))
        assert kind == "tls"
        assert str(tmp_path / "none.pem") in text


@pytest.mark.parametrize("form", ["{host}", "{host}:{port}", "{HOST}", "verify"])
def test_trusted_host(secure: ScriptedServer, open_session: Open, form: str) -> None:
    """Not verified, and no warning about it: warnings are errors here."""
    port = secure.netloc.rpartition(":")[2]
    options: dict[str, Any] = {"trusted_hosts": (form.format(host="localhost", HOST="LOCALHOST", port=port),)}
    with open_session(**options if form != "verify" else {"verify": False}) as session:
        assert session.fetch(f"https://localhost:{port}/x").body == b"secure"
        assert form == "verify" or failure(lambda: session.fetch(f"{secure.url}/x"))[0] == "tls"


def test_trusting_one_port_is_not_trusting_another(secure: ScriptedServer, open_session: Open) -> None:
    """Nor a host whose name begins like it."""
    with open_session(trusted_hosts=("127.0.0.1:1", "127.0.0", "[::1]")) as session:
        assert failure(lambda: session.fetch(f"{secure.url}/x"))[0] == "tls"


def test_certificates_of_the_system(secure: ScriptedServer, open_session: Open) -> None:
    """The context that the caller makes takes the place of the usual certificates; a bundle adds to it."""

    def knowing() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(CERTIFICATE))

    url = secure.url.replace("127.0.0.1", "localhost")  # urllib3 1.26 does not take addresses and such a context
    with open_session(tls=knowing) as session:
        assert session.fetch(f"{url}/x").body == b"secure"
    with open_session(tls=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), verify=str(CERTIFICATE)) as session:
        assert session.fetch(f"{url}/x").body == b"secure"
    with open_session(tls=lambda: None) as session:
        assert failure(lambda: session.fetch(f"{url}/x"))[0] == "tls"


def test_client_certificate(open_session: Open) -> None:
    """Shown to servers that want one, trusted blindly or not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    context.load_verify_locations(CERTIFICATE)
    context.verify_mode = ssl.CERT_REQUIRED
    with LocalIndex(tls=context) as index:
        url = f"{index.url}/simple/"
        for options in ({"verify": str(CERTIFICATE)}, {"trusted_hosts": ("127.0.0.1",)}):
            with open_session(**options, client_cert=str(CERTIFICATE)) as session:
                assert session.fetch(url).status == 200
        with open_session(verify=str(CERTIFICATE)) as session:
            assert failure(lambda: session.fetch(url))[0] in ("tls", "unreachable")


# Proxies


def test_proxy_of_the_options(open_session: Open) -> None:
    """Gets the whole URL, and its own password; none of the environment's exceptions hold, as with pip."""
    with ScriptedServer(lambda asked: Said(body=asked.path.encode())) as proxy:
        through = proxy.url.replace("://", "://user:s3cr3t@")
        with open_session(proxy=through) as session:
            assert session.fetch("http://index.invalid/simple/").body == b"http://index.invalid/simple/"
        assert proxy.asked[0].headers["proxy-authorization"] == BASIC


def test_proxy_of_the_environment(open_session: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the hosts it is not for."""
    with ScriptedServer(lambda asked: Said(body=asked.path.encode())) as proxy:
        monkeypatch.setenv("http_proxy", proxy.netloc)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with open_session() as session:
            assert session.fetch("http://index.invalid/x").body == b"http://index.invalid/x"
            assert session.fetch(f"{proxy.url}/x").body == b"/x"


def test_proxy_in_trouble(open_session: Open) -> None:
    """Not there, of another opinion, or not letting TLS through; its password stays secret."""
    with open_session(proxy="http://user:s3cr3t@127.0.0.1:1") as session:
        assert failure(lambda: session.fetch("http://index.invalid/x")) == (
            "proxy",
            "could not connect to index.invalid through the proxy (Connection refused)",
        )
        assert failure(lambda: session.fetch("https://index.invalid/x"))[0] == "proxy"
    with ScriptedServer(lambda _: Said(status=407)) as proxy, open_session(proxy=proxy.url) as session:
        assert failure(lambda: session.fetch("http://index.invalid/x"))[0] == "proxy"
        assert failure(lambda: session.fetch("https://index.invalid/x"))[0] == "proxy"
    for wrong in ("http://", "socks5://127.0.0.1:1", "ftp://127.0.0.1"):
        with open_session(proxy=wrong) as session:
            assert failure(lambda: session.fetch("http://index.invalid/x"))[0] == "proxy"
            assert session.counters.counts.retries == 0


# Disks and folders

SCRIPT = """
import os, sys, urllib.parse  # here, as a library at home in /root is not readable for the user of some tests
from pathlib import Path
from pip_fastupdate.network.session import Session
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.settings import Network
{setup}
url, directory = sys.argv[1:]
warned = []
session = Session(cache=CacheOptions(directory=Path(directory)), network=Network(), user_agent="",
                  warn=lambda text, hint: warned.append(text))
before = len(session.stored([f"{{url}}/{{number}}" for number in range(200)]))
for number in range(200):
    answer = session.ask(f"{{url}}/{{number}}", key=f"{{url}}/{{number}}", condense=lambda reply: reply.body * 20_000)
    assert answer.body == b"x" * 20_000
assert len(session.stored([f"{{url}}/{{number}}" for number in range(200)])) == 200
session.close()
print(before, session.counters.counts.requests, len(warned), *warned)
"""


def run(setup: str, url: str, directory: Path) -> tuple[int, int, int, str]:
    """Answers found, requests, warnings, and their texts of a session over 200 answers of 20 kB."""
    command = [sys.executable, "-c", SCRIPT.format(setup=setup), url, str(directory)]
    uncovered = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")}  # it writes files
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=uncovered)
    assert done.stderr == ""
    before, requests, warnings, *texts = done.stdout.split()
    return int(before), int(requests), int(warnings), " ".join(texts)


@pytest.mark.skipif(not POSIX, reason="limits of POSIX")
def test_files_that_may_not_grow(tmp_path: Path) -> None:
    """A write that fails in the middle of the run: one warning, no endless waiting, and all answers."""
    setup = "import resource, signal; resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))"
    with ScriptedServer(lambda _: Said(body=b"x")) as server:
        before, requests, warnings, text = run(setup, server.url, tmp_path)
        assert (before, requests, warnings) == (0, 200, 1)
        assert "is no longer usable" in text
        before, requests, warnings, _ = run("", server.url, tmp_path)
        assert (requests, warnings) == (200 - before, 0)


@pytest.mark.skipif(not ROOT or not sys.platform.startswith("linux"), reason="only root can mount a small disk")
def test_full_disk(tmp_path: Path) -> None:
    """One warning and all answers; what is there already is still read."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with ScriptedServer(lambda _: Said(body=b"x")) as server:
            before, requests, warnings, text = run("", server.url, tmp_path / "cache")
            assert (before, requests, warnings) == (0, 200, 1)
            assert "full" in text
            before, requests, _, _ = run("", server.url, tmp_path / "cache")
            assert 0 < before < 200
            assert requests == 200 - before
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.skipif(not POSIX, reason="permissions of POSIX")
def test_read_only_cache_is_read(tmp_path: Path) -> None:
    """By a user who may not write: one warning, and what is there needs no request."""
    needed = [Path(sys.prefix), *Path(sys.prefix).parents, *Path(__file__).parents]
    if os.getuid() == 0 and not all(folder.stat().st_mode & 0o005 for folder in needed):
        pytest.skip("another user cannot reach this Python")
    directory = tmp_path / "cache"
    with ScriptedServer(lambda _: Said(body=b"x")) as server:
        assert run("", server.url, directory)[:3] == (0, 200, 0)
        for folder in (directory, *directory.parents):
            if folder.stat().st_uid == os.getuid() and folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o055)
        (directory / location.DATABASE).chmod(0o444)
        directory.chmod(0o555)
        setup = "if os.getuid() == 0: os.setgid(65534), os.setuid(65534)"
        try:
            before, requests, warnings, text = run(setup, server.url, directory)
        finally:
            directory.chmod(0o755)
        assert (before, requests, warnings) == (200, 0, 1)
        assert "is not writable" in text
        assert [each.name for each in directory.iterdir()] == [location.DATABASE]
