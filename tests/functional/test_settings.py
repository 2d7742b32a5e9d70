"""pip's settings, given as pip takes them (file, variables, options), and what the program then does."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pip
import pytest
from packaging.version import Version

from tests.support import servers
from tests.support.certificates import Certificates, make_certificates
from tests.support.environments import Env, install, installed, run, variables
from tests.support.histories import unpack
from tests.support.local_index import LocalIndex
from tests.support.proxy import Proxy
from tests.support.scripted_server import CERTIFICATE
from tests.support.wheels import make_wheel

Settings = Mapping[str, "str | list[str]"]
"""By pip's names; a list for what may be given several times."""

WAYS = ("file", "variables", "options")
HOME = ".pip-fastupdate"


def given(env: Env, way: str, settings: Settings) -> tuple[list[str], dict[str, str | None]]:
    """The arguments and variables that give pip those settings in one of the ``WAYS``."""
    said: dict[str, str | None] = {"PIP_INDEX_URL": None} if {"index-url", "no-index"} & settings.keys() else {}
    if way == "options":
        pairs = [(key, each) for key, text in settings.items() for each in ([text] if isinstance(text, str) else text)]
        flags = ("pre", "no-index", "prefer-binary", "user", "require-virtualenv", "no-compile")
        return [f"--{key}" if key in flags else f"--{key}={text}" for key, text in pairs], said
    plain = {key: text if isinstance(text, str) else " ".join(text) for key, text in settings.items()}
    if way == "variables":
        return [], said | {f"PIP_{key.replace('-', '_').upper()}": text for key, text in plain.items()}
    file = env.home / "pip.conf"
    file.write_text("[global]\n" + "".join(f"{key} = {text}\n" for key, text in plain.items()))
    return [], said | {"PIP_CONFIG_FILE": str(file)}


def run_with(
    env: Env, way: str, settings: Settings, *arguments: str, **options: object
) -> subprocess.CompletedProcess[str]:
    """Run the program with pip's settings given in that way."""
    options_given, said = given(env, way, settings)
    return run(env, *arguments, *options_given, env_vars=said, **options)  # type: ignore[arg-type]


def targets(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The planned version of each package."""
    return {each["name"]: each["target"] for each in json.loads(done.stdout)["packages"]}


def have(env: Env, folder: Path, *names: str) -> None:
    """Have 1.0 of those installed."""
    for name in names:
        unpack(make_wheel(folder, name, "1.0"), env.site_packages)


# A company's settings, all together: one project for each of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Servers behind a proxy, with certificates of their own."""

    index: LocalIndex
    extra: LocalIndex
    proxy: Proxy
    reaching: Settings
    """What it takes to reach them."""

    choosing: Settings
    """What is to be chosen."""


CHOSEN = {
    "index-url": "2.0",
    "extra-index-url": "2.0",
    "find-links": "2.0",
    "pre": "3.0a1",
    "only-binary": "1.5",
    "no-binary": "2.0",
    "prefer-binary": "1.5",
    "constraint-file": "1.5",
    "constraint-url": "1.5",
    "uploaded-prior-to": "1.5",
}
OTHERWISE = CHOSEN | {
    "pre": "2.0",
    "only-binary": "2.0",
    "no-binary": "1.5",
    "prefer-binary": "2.0",
    "constraint-file": "2.0",
    "constraint-url": "2.0",
    "uploaded-prior-to": "2.0",
}
BUILD = "--build=only-binary,prefer-binary"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A private authority's."""
    if servers.OPENSSL is None:
        pytest.skip("there is no openssl")
    return make_certificates(tmp_path_factory.mktemp("certificates"), servers.OPENSSL)


@pytest.fixture
def company(certificates: Certificates, tmp_path: Path) -> Iterator[Company]:
    """Everything is set that can be set at once."""
    selfsigned = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    selfsigned.load_cert_chain(CERTIFICATE)
    with ExitStack() as stack:
        index = stack.enter_context(LocalIndex(tls=certificates.mutual()))
        extra = stack.enter_context(LocalIndex(tls=selfsigned))
        proxy = stack.enter_context(Proxy())
        _fill(index, extra, tmp_path / "links")
        index.fail("/bounds.txt", status=200, body=b"constraint-url<2\n")
        (tmp_path / "bounds.txt").write_text("constraint-file<2\n")
        yield Company(
            index=index,
            extra=extra,
            proxy=proxy,
            reaching={
                "index-url": index.index_url,
                "extra-index-url": extra.index_url,
                "find-links": str(tmp_path / "links"),
                "cert": str(certificates.authority),
                "client-cert": str(certificates.client),
                "trusted-host": extra.url.removeprefix("https://"),
                "proxy": proxy.url,
            },
            choosing={
                "pre": "1",
                "only-binary": "only-binary",
                "no-binary": "no-binary",
                "prefer-binary": "1",
                "constraint": [str(tmp_path / "bounds.txt"), f"{index.url}/bounds.txt"],
            }
            | ({"uploaded-prior-to": "2025-01-01T00:00:00Z"} if Version(pip.__version__) >= Version("26.0") else {}),
        )


def _fill(index: LocalIndex, extra: LocalIndex, links: Path) -> None:
    for name in CHOSEN:
        index.release(name, "1.0")
    index.release("index-url", "2.0")
    extra.release("extra-index-url", "2.0")
    make_wheel(links, "find-links", "2.0")
    for name in (
        "pre",
        "constraint-file",
        "constraint-url",
        "only-binary",
        "no-binary",
        "prefer-binary",
        "uploaded-prior-to",
    ):
        index.release(name, "1.5")
    for name in ("pre", "constraint-file", "constraint-url"):
        index.release(name, "2.0")
    for name in ("only-binary", "no-binary", "prefer-binary"):
        index.release_sdist(name, "2.0")
    index.release("pre", "3.0a1")
    index.release("uploaded-prior-to", "2.0", upload_time="2026-01-01T00:00:00Z")


@pytest.mark.parametrize("way", WAYS)
def test_all_settings_at_once(environment: Env, company: Company, tmp_path: Path, way: str) -> None:
    """Each of them has its effect, however it is given."""
    have(environment, tmp_path / "old", *CHOSEN)
    settings = {**company.reaching, **company.choosing, "cache-dir": str(tmp_path / "cache")}
    done = run_with(environment, way, settings, "--dry-run", "--format=json", BUILD)
    late = {} if "uploaded-prior-to" in company.choosing else {"uploaded-prior-to": "2.0"}
    assert (0, CHOSEN | late) == (done.returncode, targets(done) if done.stdout else done.stderr)
    assert {f"CONNECT {each.url.removeprefix('https://')}" for each in (company.index, company.extra)} == set(
        company.proxy.log
    )
    assert list((tmp_path / "cache").rglob("*.sqlite*"))
    assert not (environment.home / ".cache").exists()


def test_without_them_all_is_otherwise(environment: Env, company: Company, tmp_path: Path) -> None:
    """So it was they that had the effect."""
    have(environment, tmp_path / "old", *CHOSEN)
    done = run_with(environment, "options", company.reaching, "--dry-run", "--format=json", BUILD)
    assert (0, OTHERWISE) == (done.returncode, targets(done))


@pytest.mark.parametrize("missing", ["cert", "client-cert", "trusted-host"])
def test_certificates_are_needed(environment: Env, company: Company, tmp_path: Path, missing: str) -> None:
    """Without one of them its server is not believed, or does not believe us."""
    have(environment, tmp_path / "old", "index-url", "extra-index-url")
    settings = {key: text for key, text in company.reaching.items() if key != missing}
    done = run_with(environment, "options", settings, "--dry-run", "--format=json", "-v", "--retries=0")
    if missing == "trusted-host":
        assert (0, "1.0") == (done.returncode, targets(done)["extra-index-url"])
        assert f"could not use the extra index {company.extra.index_url}" in json.loads(done.stdout)["warnings"][0]
    else:
        assert 1 == done.returncode
        assert "hint: " in done.stderr


@pytest.mark.parametrize("way", WAYS)
def test_timeout_and_retries(environment: Env, index: LocalIndex, tmp_path: Path, way: str) -> None:
    """So long is waited, and so often tried again."""
    have(environment, tmp_path / "old", "fine", "silent", "broken")
    for name in ("fine", "silent", "broken"):
        index.release(name, "2.0")
    index.fail("/*/silent/*", hang=20)
    index.fail("/*/broken/*", status=503)
    done = run_with(
        environment, way, {"timeout": "0.4", "retries": "1"}, "--check", "--format=json", index=index, timeout=15
    )
    failures = {each["name"]: each["kind"] for each in json.loads(done.stdout)["failures"]}
    assert {"silent": "timeout", "broken": "http"} == failures
    assert 2 == len(index.paths("/simple/broken/"))
    assert "2.0" == targets(done)["fine"]


@pytest.mark.parametrize("way", WAYS)
def test_no_index(environment: Env, index: LocalIndex, tmp_path: Path, way: str) -> None:
    """Links alone count; the index is not asked."""
    have(environment, tmp_path / "old", "thing")
    index.release("thing", "3.0")
    make_wheel(tmp_path / "links", "thing", "2.0")
    settings = {"no-index": "1", "find-links": str(tmp_path / "links"), "extra-index-url": index.index_url}
    done = run_with(environment, way, settings, "--dry-run", "--format=json")
    assert (0, {"thing": "2.0"}) == (done.returncode, targets(done))
    assert [] == index.requests


@pytest.mark.parametrize(("setting", "way"), [("target", "file"), ("prefix", "variables"), ("root", "file")])
def test_what_cannot_be_honoured(environment: Env, index: LocalIndex, way: str, setting: str) -> None:
    """It is refused with words."""
    done = run_with(environment, way, {setting: "/somewhere"}, index=index)
    assert 2 == done.returncode
    assert f"pip's {setting} setting is not supported" in done.stderr
    assert ([], "") == (index.requests, done.stdout)


@pytest.mark.parametrize("setting", ["target", "root"])
def test_what_is_no_option(environment: Env, setting: str) -> None:
    """Nor can it be given as an option."""
    done = run(environment, f"--{setting}=/somewhere")
    assert 2 == done.returncode
    assert f"--{setting}" in done.stderr


@pytest.mark.parametrize("way", WAYS)
def test_user_in_a_virtual_environment(environment: Env, index: LocalIndex, way: str) -> None:
    """It has no user site, says pip too."""
    done = run_with(environment, way, {"user": "1"}, index=index)
    assert 2 == done.returncode
    assert "--user" in done.stderr
    assert [] == index.requests


def outside(env: Env) -> tuple[str, dict[str, str | None]]:
    """An interpreter that is in no virtual environment, and the variables with which it has the program."""
    if os.name == "nt":
        pytest.skip("the interpreter is elsewhere there")
    folders = (env.site_packages / "zz-tests.pth").read_text().splitlines()[:2]
    said: dict[str, str | None] = {"VIRTUAL_ENV": None, "PYTHONPATH": os.pathsep.join(folders)}
    said["PYTHONUSERBASE"] = str(env.home / "user")
    return str(Path(sys.base_prefix, "bin", "python{}.{}".format(*sys.version_info))), said


def run_outside(
    env: Env, way: str, settings: Settings, *arguments: str, index: LocalIndex
) -> subprocess.CompletedProcess[str]:
    """Run the program there."""
    python, said = outside(env)
    options, more = given(env, way, settings)
    return subprocess.run(
        [python, "-m", "pip_fastupdate", *arguments, *options],
        env=variables(env, index=index, env_vars={**said, **more}),
        cwd=env.home,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.parametrize("way", WAYS)
def test_require_virtualenv(environment: Env, index: LocalIndex, way: str) -> None:
    """Outside of one the run is refused."""
    done = run_outside(environment, way, {"require-virtualenv": "1"}, "--check", index=index)
    assert 1 == done.returncode
    assert "is not a virtual environment" in done.stderr
    assert [] == index.requests


@pytest.mark.parametrize("way", WAYS)
def test_user(environment: Env, index: LocalIndex, tmp_path: Path, way: str) -> None:
    """Packages in the user's own folder move, no others."""
    index.release("mine", "2.0")
    have(
        Env(
            path=environment.path,
            python=environment.python,
            site_packages=environment.home / "user" / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages",
        ),
        tmp_path / "old",
        "mine",
    )
    done = run_outside(environment, way, {"user": "1"}, "--dry-run", "--format=json", index=index)
    assert (0, {"mine": "2.0"}) == (
        done.returncode,
        {each["name"]: each["target"] for each in json.loads(done.stdout)["packages"] if each["action"] == "upgrade"},
    )


@pytest.mark.parametrize("way", WAYS)
def test_no_compile(environment: Env, index: LocalIndex, way: str) -> None:
    """What had bytecode has none afterwards; without the setting it would (see the tests of the update)."""
    install(environment, [index.release("thing", "1.0")], compile=True)
    index.release("thing", "2.0")
    value = "1" if way == "options" else "no"  # that way round, says pip's documentation
    done = run_with(environment, way, {"no-compile": value}, index=index)
    assert (0, {"thing": "2.0"}) == (done.returncode, installed(environment))
    assert [] == list(environment.site_packages.rglob("*.pyc"))


# Credentials

USER, SECRET = "me@home", "s3cr:t/%41"
SHAPES = (SECRET, "s3cr%3At%2F%2541", "s3cr:t", "bWVAaG9tZTpzM2NyOnQvJTQx")
"""The password as it is, in a URL, as the URL's reader would cut it, and with the user's name in a header."""


def assert_nowhere(env: Env, *said: subprocess.CompletedProcess[str]) -> None:
    """The password is neither in what was printed nor in any file that was written."""
    for done in said:
        assert [] == [each for each in SHAPES if each in done.stdout + done.stderr]
    folders = [env.cache, env.path / HOME, env.site_packages]
    files = [each for folder in folders for each in folder.rglob("*") if each.is_file()]
    assert any(env.cache in each.parents for each in files)
    assert [] == [(each, shape) for each in files for shape in SHAPES if shape.encode() in each.read_bytes()]


@pytest.fixture
def private(environment: Env, tmp_path: Path) -> Iterator[LocalIndex]:
    """An index that asks who is there."""
    have(environment, tmp_path / "old", "thing", "other")
    with LocalIndex(auth=(USER, SECRET)) as index:
        index.release("thing", "2.0", requires=["more"])
        index.release("other", "2.0")
        index.release("more", "1.0")
        yield index


@pytest.mark.parametrize("way", ["file", "options"])
def test_credentials_in_the_url(environment: Env, private: LocalIndex, way: str) -> None:
    """They are used, and neither printed nor kept, whether the run succeeds or fails."""
    settings = {"index-url": private.index_url_with_auth}
    failing = private.fail("/files/other-2.0-*", corrupt=True)
    first = run_with(environment, way, settings, "-vv", "--stats")
    failing.times = 0
    second = run_with(environment, way, settings, "-vv", "--format=json")
    assert ([4, 0], {"more": "1.0", "other": "2.0", "thing": "2.0"}) == (
        [first.returncode, second.returncode],
        installed(environment),
    )
    private.down()
    third = run_with(environment, way, settings, "-vv", "--refresh", "--retries=0")
    history = run(environment, "--history", "--format=json")
    assert 1 == third.returncode
    assert_nowhere(environment, first, second, third, history)


def test_credentials_in_netrc(environment: Env, private: LocalIndex) -> None:
    """The same with a file that has them."""
    netrc = environment.home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {SECRET}\n")
    netrc.chmod(0o600)
    done = run(environment, "-vv", index=private)
    assert (0, "2.0") == (done.returncode, installed(environment)["thing"])
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {SECRET}-wrong\n")
    wrong = run(environment, "-vv", "--refresh", "--no-input", index=private)
    assert 1 == wrong.returncode
    assert_nowhere(environment, done, wrong)


# Nothing is started

AUDITED = """
import runpy, sys
def hook(event, args):
    if event.startswith(("subprocess", "os.posix_spawn", "os.exec", "os.fork", "os.system", "os.spawn", "pty")):
        sys.stderr.write(f"SPAWNED {event}\\n")
sys.addaudithook(hook)
sys.argv[0] = "pip-update"
runpy.run_module("pip_fastupdate", run_name="__main__")
"""
KEYRING = f"""#!/bin/sh
touch "$HOME/started"
case "$1" in
    --mode=*) echo '{{"username": "{USER}", "password": "{SECRET}"}}' ;;
    *) echo '{SECRET}' ;;
esac
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a script with a shebang")
@pytest.mark.parametrize(
    ("provider", "way", "started"),
    [
        (None, "file", False),
        ("auto", "variables", False),
        ("disabled", "file", False),
        ("import", "options", False),
        *(("subprocess", way, True) for way in WAYS),
    ],
)
def test_keyring_is_started_for_those_who_chose_it(
    environment: Env, private: LocalIndex, *, provider: str | None, way: str, started: bool
) -> None:
    """The index answers 401 and a keyring program is at hand: nothing starts it but the setting that says so."""
    program = environment.home / "tools" / "keyring"
    program.parent.mkdir()
    program.write_text(KEYRING)
    program.chmod(0o755)
    script = environment.home / "audited.py"
    script.write_text(AUDITED)
    options, said = given(environment, way, {} if provider is None else {"keyring-provider": provider})
    said["PATH"] = f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    named = private.index_url.replace("://", "://me%40home@")  # before 26.0 pip asks for a known user's password only
    done = subprocess.run(
        [str(environment.python), str(script), "--dry-run", "-vv", *options],
        env=variables(environment, index=named, env_vars=said),
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (started, started, 0 if started else 1) == (
        "SPAWNED" in done.stderr,
        (environment.home / "started").exists(),
        done.returncode,
    )
    assert_nowhere(environment, done)


def test_isolated(environment: Env, index: LocalIndex) -> None:
    """Variables and the user's own file do not count, of pip or of ours; what the command line says does."""
    install(environment, [index.release("app", "1.0")])
    index.release("app", "2.0")
    folder = environment.home / ".config" / "pip"
    folder.mkdir(parents=True)
    (folder / "pip.conf").write_text("[global]\nno-index = true\n[update]\nexclude = app\n")
    said: dict[str, str | None] = {"PIP_CONFIG_FILE": None, "PIP_RETRIES": "x", "PIP_UPDATE_LEVEL": "patch"}
    assert 2 == run(environment, "-n", env_vars=said).returncode
    options = ("--isolated", "-i", index.index_url, "-n", "--format", "json")
    for _ in range(2):  # the second time, from what is cached of the settings
        assert {"app": "2.0"} == targets(run(environment, *options, env_vars=said))
