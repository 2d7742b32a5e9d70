"""A planted secret is looked for in all that is written: standard output and error, reports, history, lock, cache."""

from __future__ import annotations

import base64
import io
import os
import sqlite3
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from pip_fastupdate import cli
from tests.support.environments import Env, install, installed, run
from tests.support.local_index import LocalIndex
from tests.support.scripted_server import Asked, Said, ScriptedServer
from tests.support.thoroughness import NIGHTLY, nightly

USER, SECRET = "bob@home", "pl:anted/s3cr3t"
FORMS = tuple(
    form.encode()
    for form in (
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        base64.b64encode(f"{USER}:{SECRET}".encode()).decode(),
        "s3cr3t",
    )
)


def leaks(folder: Path, *spared: Path) -> list[str]:
    """The files below the folder that hold the secret, in any of its forms, compressed or not."""
    found = []
    for file in (each for each in folder.rglob("*") if each.is_file() and each not in spared):
        contents = [file.read_bytes(), str(file.relative_to(folder)).encode(), *_cells(file)]
        if any(form in content for form in FORMS for content in contents):
            found.append(str(file))
    return found


def _cells(file: Path) -> Iterator[bytes]:
    """All values of a database, as they are and decompressed."""
    if not file.read_bytes().startswith(b"SQLite format"):
        return
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in database.execute(f"select * from {table}"):
                for value in row:
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    yield raw
                    try:
                        yield zlib.decompress(raw)
                    except zlib.error:
                        continue


Plant = Callable[[Env, LocalIndex, LocalIndex], Mapping[str, str]]


def in_url(env: Env, index: LocalIndex, plain: LocalIndex) -> Mapping[str, str]:
    """As most people do it."""
    return {"PIP_INDEX_URL": index.index_url_with_auth}


def in_extra_url(env: Env, index: LocalIndex, plain: LocalIndex) -> Mapping[str, str]:
    """Beside another one."""
    return {"PIP_INDEX_URL": plain.index_url, "PIP_EXTRA_INDEX_URL": index.index_url_with_auth}


def in_configuration(env: Env, index: LocalIndex, plain: LocalIndex) -> Mapping[str, str]:
    """In a file that is the user's own."""
    path = env.home / "pip.conf"
    path.write_text(f"[global]\nindex-url = {index.index_url_with_auth}\n")
    os.utime(path, (1, 1))
    return {"PIP_CONFIG_FILE": str(path), "PIP_INDEX_URL": ""}


def in_netrc(env: Env, index: LocalIndex, plain: LocalIndex) -> Mapping[str, str]:
    """By the host's name."""
    path = env.home / "netrc"
    path.write_text(f"machine 127.0.0.1 login {USER} password {SECRET}\n")
    path.chmod(0o600)
    return {"NETRC": str(path), "PIP_INDEX_URL": index.index_url}


def in_keyring(env: Env, index: LocalIndex, plain: LocalIndex) -> Mapping[str, str]:
    """In a package that knows it."""
    folder = env.home / "lib"
    folder.mkdir()
    credential = f"class Found:\n    username, password = {USER!r}, {SECRET!r}\n"
    (folder / "keyring.py").write_text(f"{credential}\ndef get_credential(url, username):\n    return Found\n")
    return {"PYTHONPATH": str(folder), "PIP_KEYRING_PROVIDER": "import", "PIP_INDEX_URL": index.index_url}


@pytest.mark.parametrize("plant", [in_url, in_extra_url, in_configuration, in_netrc, in_keyring])
def test_a_planted_secret_is_nowhere(environment: Env, plant: Plant) -> None:
    """Neither after an update nor after its undo; the index has seen it, so it was used."""
    env = environment
    with LocalIndex(auth=(USER, SECRET)) as index, LocalIndex() as plain:
        install(env, [index.release("app", "1.0")])
        index.release("app", "2.0", requires=["lib"])
        index.release("lib", "1.0")
        said = plant(env, index, plain)
        spared = [env.home / "netrc", env.home / "pip.conf", env.home / "lib" / "keyring.py"]
        lock = env.home / "pylock.toml"
        update, undo = ("-vv", "--stats", "--lock-file", str(lock)), ("--undo",)
        all_kinds = [
            ("-n", "-vv"),
            update,
            ("--format", "json", "--refresh"),
            ("--history", "-v"),
            ("--history", "--format", "json"),
            ("--cache-info",),
            undo,
            ("--format", "markdown", "-n", "--refresh"),
        ]
        for arguments in all_kinds if NIGHTLY or plant is in_url else [update, undo]:
            done = run(env, *arguments, env_vars=said, cwd=env.home)
            assert 0 == done.returncode, done.stderr
            assert [] == [form for form in FORMS if form in f"{done.stdout}{done.stderr}".encode()], arguments
            assert [] == leaks(env.path.parent, *spared), arguments
        assert {"app": "1.0"} == installed(env)
        assert any("authorization" in each.headers for each in index.requests)


@pytest.mark.parametrize("accept", ["application/vnd.pypi.simple.v1+json", "text/html"])
def test_secrets_in_the_links_of_a_page(environment: Env, accept: str) -> None:
    """They are used for the files and their metadata, as by pip, in a second run, too; and written nowhere."""
    env, login = environment, f"{quote(USER, safe='')}:{quote(SECRET, safe='')}"
    basic = f"Basic {base64.b64encode(f'{USER}:{SECRET}'.encode()).decode()}"
    with LocalIndex(auth=(USER, SECRET)) as index:

        def script(asked: Asked) -> Said:
            found = index.answer(asked.path, {"authorization": basic, "accept": accept})
            body = found.body.replace(f"{index.url}/files/".encode(), f"http://{login}@{index.url[7:]}/files/".encode())
            return Said(status=found.status, headers=found.headers, body=body)

        install(env, [index.release("app", "1.0"), index.release("lib", "1.0")])
        index.release("app", "2.0", requires=["lib>=2"])
        index.release("lib", "2.0")
        lock = env.home / "pylock.toml"
        with ScriptedServer(script) as pages:
            for arguments in (("-n", "-vv"), ("-vv", "--lock-file", str(lock)), ("--history", "-v"), ("--undo",)):
                done = run(env, *arguments, env_vars={"PIP_INDEX_URL": f"{pages.url}/simple"})
                assert 0 == done.returncode, done.stderr
                assert [] == [form for form in FORMS if form in f"{done.stdout}{done.stderr}".encode()], arguments
                assert [] == leaks(env.path.parent), arguments
                assert arguments[0] != "-vv" or {"app": "2.0", "lib": "2.0"} == installed(env)
            assert not any("authorization" in each.headers for each in pages.asked), "another host and port"
            pages.asked.clear()
            done = run(env, "-n", "--offline", env_vars={"PIP_INDEX_URL": f"{pages.url}/simple"})
            assert ([], 0) == (pages.asked, done.returncode), done.stderr
            assert "2.0" in done.stdout
        assert {200, 206} >= {each.status for each in index.requests}


def test_a_wrong_secret_is_not_told(environment: Env, index: LocalIndex) -> None:
    """An index that refuses it, or is not there, is named without it."""
    install(environment, [index.release("app", "1.0")])
    with LocalIndex(auth=(USER, "other")) as closed:
        refusing = closed.index_url.replace("://", f"://{quote(USER, safe='')}:{quote(SECRET, safe='')}@")
        gone = refusing.replace(str(closed.url.rpartition(":")[2]), "9")
        for url in (refusing, gone, f"{refusing}?token=s3cr3t"):
            done = run(environment, "-vv", "--retries", "0", env_vars={"PIP_INDEX_URL": url})
            assert done.returncode in (1, 4), done.stderr
            assert "s3cr3t" not in done.stdout + done.stderr
    assert [] == leaks(environment.path.parent)


@pytest.mark.parametrize(
    "url",
    [
        "http://bob:ab/s3cr3t@index.example.test/simple",
        "bob:s3cr3t@index.example.test/simple",
        nightly("http://bob:s3cr3t#x@index.example.test/simple"),
        nightly("http://bob:s3cr3t?@index.example.test/simple"),
        nightly("https://bob:s3cr3t@/simple"),
        nightly("https://bob:s3cr3t@[index.example.test/simple"),
        nightly("https://bob:s3cr3t@index.example.test:port/simple"),
    ],
)
def test_urls_that_are_not_well_formed(environment: Env, index: LocalIndex, url: str) -> None:
    """Said in one sentence, without what may be a password, and remembered nowhere."""
    install(environment, [index.release("app", "1.0")])
    for arguments in (("-vv",), ("--extra-index-url", url), ("--find-links", url)):
        said = {"PIP_INDEX_URL": url} if arguments == ("-vv",) else {"PIP_INDEX_URL": index.index_url}
        done = run(environment, "--retries", "0", *arguments, env_vars=said)
        assert 2 == done.returncode, done.stderr
        assert "Traceback" not in done.stderr
        assert "s3cr3t" not in done.stdout + done.stderr
    assert [] == leaks(environment.path.parent)


@pytest.mark.parametrize(
    "options",
    [
        ("--find-links", "http://127.0.0.1:9/links.html?token=s3cr3t"),
        ("--proxy", "bob:s3cr3t@127.0.0.1:9"),
        ("--proxy", "http://bob:s3/cr3t@127.0.0.1:9/s3cr3t@x"),
        ("--index-url", "http://127.0.0.1:9/simple/?api_key=s3cr3t"),
        ("--cache-url", "redis://:s3cr3t@127.0.0.1:9/0"),
    ],
)
def test_secrets_elsewhere_than_in_a_login(environment: Env, index: LocalIndex, options: tuple[str, ...]) -> None:
    """Tokens in queries, proxies without a scheme, a shared cache that is not there."""
    install(environment, [index.release("app", "1.0")])
    index.release("app", "2.0")
    for _ in range(2):
        done = run(environment, "-n", "-vv", "--retries", "0", *options, index=index)
        assert "s3cr3t" not in done.stdout + done.stderr
    assert [] == leaks(environment.path.parent)


def test_what_is_printed_of_an_unforeseen_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The traceback of -v is text from outside too."""

    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise RuntimeError("http://bob:s3cr3t@host/ \x1b[2J \u202e")

    monkeypatch.setattr(sys, "stdout", Broken())
    assert 1 == cli.main(["-v", "--schema"])
    said = capsys.readouterr().err
    assert "http://****@host/ \\x1b[2J \\u202e" in said
    assert "s3cr3t" not in said
    assert "Traceback" in said


# Redirects


def test_no_password_goes_to_another_server_or_scheme(environment: Env, index: LocalIndex) -> None:
    """To another host, and from https to http of the same, whatever the server there asks for."""
    heard: list[Asked] = []

    def listen(asked: Asked) -> Said:
        heard.append(asked)
        return Said(status=401, headers={"WWW-Authenticate": 'Basic realm="tell me"'})

    install(environment, [index.release("app", "1.0")])
    netrc = environment.home / "netrc"
    with ScriptedServer(listen) as other:
        target = [""]

        def away(asked: Asked) -> Said:
            return Said(status=302, headers={"Location": f"{target[0]}{asked.path}"})

        with ScriptedServer(away, tls=True) as server:
            url = server.url.replace("://", f"://{quote(USER, safe='')}:{quote(SECRET, safe='')}@")
            netrc.write_text(f"machine 127.0.0.1 login {USER} password {SECRET}\n")
            netrc.chmod(0o600)
            said = {"NETRC": str(netrc), "PIP_INDEX_URL": f"{url}/simple"}
            for target[0] in (other.url.replace("127.0.0.1", "localhost"), other.url):
                options = ("-vv", "--retries", "0", "--trusted-host", "127.0.0.1", "--refresh")
                done = run(environment, *options, env_vars=said)
                assert "s3cr3t" not in done.stdout + done.stderr
            assert any("authorization" in each.headers for each in server.asked)
    assert {"localhost", "127.0.0.1"} == {each.headers["host"].rpartition(":")[0] for each in heard}
    assert [] == [each for each in heard if "authorization" in each.headers]
    assert [] == leaks(environment.path.parent, netrc)
