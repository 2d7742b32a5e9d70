"""Certificates are verified on every system, however many connections are opened at the same time."""

from __future__ import annotations

import gc
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.core.settings import Network
from pip_fastupdate.network import errors
from pip_fastupdate.network.context_pool import ContextPool
from pip_fastupdate.network.session import Session
from tests.support.scripted_server import CERTIFICATE, Said, ScriptedServer
from tests.support.system_trust import System, SystemContext, der

THREADS, ROUNDS = 20, 3
OURS = der(CERTIFICATE.read_text())

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def environment_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What the machine is set up for is not the point here."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    yield
    gc.collect()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that closes each connection, so that there is a handshake for every request."""
    said = Said(body=b"secure", headers={"Connection": "close"})
    with ScriptedServer(lambda _: said, tls=True) as running:
        yield running


def outcomes(server: ScriptedServer, system: System, **network: Any) -> set[str]:
    """What all requests of many threads at once end with: a body, or a failure's kind."""
    session = Session(
        cache=CacheOptions(directory=None),
        network=Network(retries=0, timeout=20.0, jobs=THREADS, **network),
        user_agent="tests/1",
        warn=lambda text, hint: None,
        tls=system.make,
    )
    url, start = server.url.replace("127.0.0.1", "localhost"), threading.Barrier(THREADS)

    def ask(number: int) -> set[str]:
        found = set()
        for attempt in range(ROUNDS):
            start.wait(timeout=30)
            try:
                found.add(session.fetch(f"{url}/{number}/{attempt}").body.decode())
            except DownloadFailed as failed:
                found.add(failed.kind)
        return found

    with ThreadPoolExecutor(THREADS) as threads:
        found = set().union(*threads.map(ask, range(THREADS)))
    session.close()
    return found


@pytest.mark.parametrize(
    ("system", "outcome"),
    [
        (System(trusted=(OURS,), names=("localhost",)), {"secure"}),
        (System(), {"tls"}),
        (System(trusted=(OURS,), names=("other.example.com",)), {"tls"}),
    ],
    ids=["right", "unknown", "wrong name"],
)
def test_the_system_is_asked_to_verify_every_connection(
    server: ScriptedServer, system: System, outcome: set[str]
) -> None:
    """With the way of macOS and Windows: no answer is taken from a server whose certificate does not do."""
    found = outcomes(server, system)
    assert {(ssl.CERT_REQUIRED, True)} == set(system.told)
    assert outcome == found


def test_there_are_no_more_contexts_than_handshakes_at_once(server: ScriptedServer) -> None:
    """Making one takes long: those that are free are used again."""
    system = System(trusted=(OURS,), names=("localhost",))
    outcomes(server, system)
    assert THREADS + 1 >= system.contexts


def test_a_trusted_host_is_not_verified(server: ScriptedServer) -> None:
    """The user said so."""
    system = System()
    assert {"secure"} == outcomes(server, system, trusted_hosts=("localhost",))
    assert [] == system.told


def test_the_system_of_this_machine(server: ScriptedServer) -> None:
    """pip's own context, whichever way it works here: an unknown certificate is refused in every thread."""
    truststore = pytest.importorskip("pip._vendor.truststore")

    class Here(System):
        def make(self) -> ssl.SSLContext:
            context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            return context

    assert {"tls"} == outcomes(server, Here())


class Careless(SystemContext):
    """A context that comes out of a handshake other than it went in."""

    def wrap_socket(self, sock: Any, *further: Any, **options: Any) -> ssl.SSLSocket:
        wrapped = super().wrap_socket(sock, *further, **options)
        self.check_hostname = False
        self.verify_mode = ssl.CERT_NONE
        return wrapped


def test_a_connection_that_was_not_verified_is_refused(server: ScriptedServer) -> None:
    """Whatever the reason: the answer is not taken."""
    system = System(trusted=(OURS,), names=("localhost",))
    system.make = lambda: Careless(system)  # type: ignore[method-assign]
    assert {"tls"} == outcomes(server, system)


def test_what_must_be_verified_is_not_negotiable() -> None:
    """A library that switches it off for a connection of its own does not switch it off for ours."""
    system = System()
    pool = ContextPool(system.make, system.make())
    pool.check_hostname = False
    pool.verify_mode = ssl.CERT_NONE
    context = pool._take()
    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)


def test_an_error_without_the_usual_attributes() -> None:
    """As truststore raises it on Windows where the server shows no certificate at all."""
    error = ssl.SSLCertVerificationError("Peer sent no certificates to verify")
    failed = errors.of_error(error, "https://index.example.com/simple/x/")
    assert ("tls", False) == (failed.kind, failed.again)
    assert "no certificates to verify" in failed.text
