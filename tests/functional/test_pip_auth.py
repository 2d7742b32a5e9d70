"""pip's own authentication on connections that are not pip's, against a server that asks for a password."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from pip_fastupdate._pip.auth import authentication, keyring_provider, system_certificates
from pip_fastupdate._pip.configuration import Configuration
from pip_fastupdate.core.settings import Settings
from tests.support.environments import Env, variables
from tests.support.local_index import LocalIndex


def configuration(index: str, *secrets: str, **settings: Any) -> Configuration:
    """Settings with that index, as if read from pip."""
    return Configuration(
        settings=Settings(index_url=index, **settings),
        default_index=index,
        cache_directory=None,
        system_certificates=True,
        secret_urls=secrets,
    )


@pytest.fixture
def no_netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's home."""
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))


@pytest.fixture
def private(no_netrc: None) -> Any:
    """An index that wants to know who asks."""
    with LocalIndex(auth=("me@home", "s:cret")) as running:
        running.release("foo", "1.0")
        yield running


def get(index: LocalIndex, found: Configuration) -> requests.Response:
    """A project's page, through a session of the public requests."""
    with requests.Session() as session:
        session.auth = authentication(found)
        return session.get(f"{index.index_url}/foo/", timeout=5)


def test_credentials_in_the_index_url(private: LocalIndex) -> None:
    """With every character that needs quoting; sent with the first request already."""
    response = get(private, configuration(private.index_url, private.index_url_with_auth))
    assert response.status_code != 401
    assert response.history == []


def test_credentials_from_netrc(private: LocalIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the host's name."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me@home password s:cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert get(private, configuration(private.index_url)).status_code != 401


def test_no_credentials_anywhere(private: LocalIndex) -> None:
    """Nobody is asked where nobody could answer: the answer is the server's."""
    assert get(private, configuration(private.index_url, no_input=True)).status_code == 401


def test_wrong_credentials(private: LocalIndex, capfd: pytest.CaptureFixture[str]) -> None:
    """They are not shown, either."""
    wrong = private.index_url.replace("://", "://me:wrong@")
    assert get(private, configuration(private.index_url, wrong, no_input=True)).status_code == 401
    assert "wrong" not in "".join(capfd.readouterr())


def test_many_threads_share_one(private: LocalIndex) -> None:
    """It is made once, by whoever comes first."""
    added = authentication(configuration(private.index_url, private.index_url_with_auth))

    def ask(number: int) -> int:
        return requests.get(f"{private.index_url}/foo/?{number}", auth=added, timeout=5).status_code

    with ThreadPoolExecutor(8) as threads:
        assert 401 not in set(threads.map(ask, range(24)))


ASK = """
import json, os, sys
watched = ("subprocess.Popen", "os.fork", "os.exec", "os.posix_spawn", "os.system")
events = []
sys.addaudithook(lambda name, data: events.append(name) if name in watched else None)
import requests
from pip_fastupdate._pip.auth import authentication
from pip_fastupdate._pip.configuration import Configuration
from pip_fastupdate.core.settings import Settings

url, provider, *secrets = sys.argv[1:]
found = Configuration(
    settings=Settings(index_url=url, keyring_provider=provider),
    default_index=url, cache_directory=None, system_certificates=False, secret_urls=tuple(secrets),
)
session = requests.Session()
session.auth = authentication(found)
status = session.get(f"{url}/foo/", timeout=5).status_code
imported = "pip._internal.network.auth" in sys.modules
print(json.dumps({"status": status, "events": events, "imported": imported}))
"""

KEYRING = """
class Found:
    username, password = "me@home", "s:cret"


def get_credential(url, username):
    return Found
"""


def ask(env: Env, index: LocalIndex, provider: str, *secrets: str, **env_vars: str) -> dict[str, Any]:
    """One request in an environment of its own, as nobody on a terminal."""
    done = subprocess.run(
        [env.python, "-c", ASK, index.index_url, provider, *secrets],
        env=variables(env, env_vars=env_vars),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def test_open_index_takes_nothing_of_pip(environment: Env) -> None:
    """pip's session machinery is imported for credentials alone."""
    with LocalIndex() as index:
        index.release("foo", "1.0")
        assert ask(environment, index, "auto") == {"status": 200, "events": [], "imported": False}


def test_keyring_that_is_imported(environment: Env, private: LocalIndex, tmp_path: Path) -> None:
    """The package, where the user chose it."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "keyring.py").write_text(KEYRING)
    found = ask(environment, private, "import", PYTHONPATH=str(tmp_path / "lib"))
    assert (found["status"], found["events"]) == (200, [])


@pytest.mark.skipif(sys.platform == "win32", reason="needs a script with a shebang")
@pytest.mark.parametrize(
    ("provider", "status", "started"), [("subprocess", 200, True), ("auto", 401, False), ("disabled", 401, False)]
)
def test_keyring_that_is_a_program(
    environment: Env, private: LocalIndex, tmp_path: Path, *, provider: str, status: int, started: bool
) -> None:
    """It is started for those who chose it, and for nobody else."""
    program = tmp_path / "tools" / "keyring"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    named = private.index_url.replace("://", "://me%40home@")  # older pips ask for a known user's password only
    found = ask(environment, private, provider, named, PATH=f"{program.parent}:/usr/bin:/bin")
    assert (found["status"], bool(found["events"])) == (status, started)


PROGRAM = """#!/bin/sh
case "$1" in
    --mode=*) echo '{"username": "me@home", "password": "s:cret"}' ;;
    *) echo s:cret ;;
esac
"""


def test_keyring_program_is_nobodys_default() -> None:
    """pip's ``auto`` would end with it."""
    assert keyring_provider("auto", may_ask=True) == "import"
    assert keyring_provider("auto", may_ask=False) == "disabled"
    assert keyring_provider("subprocess", may_ask=False) == "subprocess"


def test_certificates_of_the_system() -> None:
    """A context that checks what it is shown, where pip has the means; none where pip would not."""
    make = system_certificates(configuration("http://127.0.0.1:9/"))
    assert make is not None
    context = make()
    if context is not None:
        assert isinstance(context, ssl.SSLContext)
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.get_ca_certs()
    assert system_certificates(replace(configuration("http://127.0.0.1:9/"), system_certificates=False)) is None


SETTINGS = """
import json, sys
from pip_fastupdate._pip import settings as config
found = config.settings(sys.argv[1:])
print(json.dumps({
    "constraints": found.settings.constraints,
    "pip": sorted(name for name in sys.modules if name.startswith("pip."))[:1],
}))
"""


def read_settings(env: Env, *arguments: str, **env_vars: str) -> dict[str, Any]:
    """The settings in an environment of its own, and what was imported of pip."""
    done = subprocess.run(
        [env.python, "-c", SETTINGS, *arguments],
        env=variables(env, env_vars=env_vars),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def test_second_run_does_not_import_pip(environment: Env) -> None:
    """That is what remembering is for."""
    assert read_settings(environment)["pip"] != []
    assert read_settings(environment)["pip"] == []
    assert read_settings(environment, "--pre")["pip"] != []


def test_constraints_at_a_url(environment: Env, make_env: Callable[..., Env]) -> None:
    """Read by pip's session at each run, with the files that they include."""
    with LocalIndex() as index:
        url = f"{index.url}/constraints.txt"
        index.fail("/constraints.txt", status=200, body=b"foo<2\n-c more.txt\n")
        index.fail("/more.txt", status=200, body=b"bar<3\n")
        for _ in range(2):
            found = read_settings(environment, "-c", url)
            assert found["constraints"] == ["foo<2", "bar<3"]
            assert found["pip"] != []
        assert [each.path for each in index.requests] == ["/constraints.txt", "/more.txt"] * 2
        assert {each.headers["user-agent"] for each in index.requests} == {agent()}


def agent() -> str:
    """Our own name, not pip's with all about this machine."""
    from pip_fastupdate.core.text import user_agent

    return user_agent()


REFUSED = """
import sys
from pip_fastupdate._pip import settings as config
from pip_fastupdate.core.errors import UsageError
try:
    config.settings(sys.argv[1:])
except UsageError as error:
    print(error.message)
"""


def refused(env: Env, url: str) -> str:
    """What is said about constraints at that URL."""
    done = subprocess.run(
        [env.python, "-c", REFUSED, "-c", url],
        env=variables(env, env_vars={"PIP_RETRIES": "0"}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_constraints_that_are_not_there(environment: Env) -> None:
    """One sentence, without the password."""
    with LocalIndex() as index:
        said = refused(environment, index.url.replace("://", "://me:s3cret@") + "/gone.txt")
        shown = index.url.replace("://", "://****@")
        assert said.startswith(f"could not read constraints from {shown}/gone.txt: ")
    assert "404" in said
    assert "s3cret" not in said
    assert said.count("\n") == 1


def test_constraints_on_a_server_that_does_not_answer(environment: Env) -> None:
    """The cause alone, not the objects it went through."""
    said = refused(environment, "http://127.0.0.1:9/c.txt")
    assert said.startswith("could not read constraints from http://127.0.0.1:9/c.txt: ")
    assert "refused" in said
    assert "object at" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="the current folder cannot be removed there")
def test_current_folder_that_is_gone(environment: Env, tmp_path: Path) -> None:
    """It is needed for relative paths alone."""
    (tmp_path / "gone").mkdir()
    script = tmp_path / "script.py"  # rather than -c, which puts the current folder on the path: 3.13.0 stumbles there
    script.write_text(f"import os\nos.rmdir({str(tmp_path / 'gone')!r})\n{SETTINGS}")
    done = subprocess.run(
        [environment.python, script],
        env=variables(environment),
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=tmp_path / "gone",
    )
    assert (done.returncode, done.stderr) == (0, "")
