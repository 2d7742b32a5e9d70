"""Names of servers are resolved once, and all their addresses are tried."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.core.settings import Network
from pip_fastupdate.network import addresses
from pip_fastupdate.network.addresses import Addresses
from pip_fastupdate.network.session import Session
from tests.support.scripted_server import Said, ScriptedServer

Resolve = Callable[..., list[Any]]


class NameServer:
    """Knows one name, and counts how often it is asked for it."""

    def __init__(self, resolve: Resolve) -> None:
        self.addresses: list[str] = []
        self.asked = 0
        self._resolve = resolve

    def __call__(self, host: str, port: Any, *further: Any) -> list[Any]:
        if host != "thing.test":
            return self._resolve(host, port, *further)
        self.asked += 1
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [each for address in self.addresses for each in self._resolve(address, port, *further)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> NameServer:
    found = NameServer(socket.getaddrinfo)
    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(addresses, "ADDRESSES", Addresses())
    return found


@pytest.fixture
def session() -> Iterator[Session]:
    network = Network(retries=0, timeout=5.0, proxy="")
    made = Session(
        cache=CacheOptions(directory=None), network=network, user_agent="tests/1", warn=lambda text, hint: None
    )
    yield made
    made.close()


def fetch(session: Session, server: ScriptedServer, name: str = "x") -> int:
    """The status of the answer of that server, called by its name."""
    return session.fetch(server.url.replace("127.0.0.1", "thing.test") + f"/{name}").status


def test_one_question_for_many_connections(names: NameServer, session: Session) -> None:
    """The name server is asked once, the server is told the name."""
    names.addresses = ["127.0.0.1"]
    with ScriptedServer(lambda _: Said(body=b"ok")) as server:
        with ThreadPoolExecutor(16) as threads:
            assert set(threads.map(lambda number: fetch(session, server, str(number)), range(32))) == {200}
        assert {each.headers["host"].partition(":")[0] for each in server.asked} == {"thing.test"}
    assert names.asked == 1


def test_next_address_is_tried(names: NameServer, session: Session) -> None:
    """Where nobody listens at the first."""
    names.addresses = ["127.0.0.3", "127.0.0.1"]
    with ScriptedServer(lambda _: Said(body=b"ok")) as server:
        assert fetch(session, server) == 200


def test_moved_server_is_found_again(names: NameServer, session: Session) -> None:
    """What was known is forgotten when no address answers."""
    with ScriptedServer(lambda _: Said(body=b"ok")) as server:
        names.addresses = ["127.0.0.3"]
        with pytest.raises(DownloadFailed) as failed:
            fetch(session, server)
        assert failed.value.kind == "unreachable"
        names.addresses = ["127.0.0.1"]
        assert resolved("thing.test") == ["127.0.0.1"]
    assert names.asked == 2


def test_unknown_name(names: NameServer, session: Session) -> None:
    """It is told, not remembered."""
    with ScriptedServer(lambda _: Said(body=b"ok")) as server:
        with pytest.raises(DownloadFailed) as failed:
            fetch(session, server)
        assert failed.value.kind == "unreachable"
        assert "thing.test" in failed.value.text
    names.addresses = ["127.0.0.1"]
    assert resolved("thing.test") == ["127.0.0.1"]


def resolved(host: str) -> list[str]:
    """What connections are told."""
    return addresses.ADDRESSES.of(host)
