"""What depends on pip's version: the range, the probe, the noise."""

from __future__ import annotations

import logging
import ssl
import sys
import warnings
from optparse import OptionParser, OptParseError, Values
from types import SimpleNamespace
from typing import Any

import pytest

from pip_fastupdate._pip import compat
from pip_fastupdate.core.errors import EnvironmentRefused


@pytest.mark.parametrize(
    ("text", "expected"),
    [("26.3", (26, 3)), ("23.2.1", (23, 2)), ("27.0.dev0", (27, 0)), ("27", (27, 0)), ("odd", (0, 0))],
)
def test_versions(text: str, expected: tuple[int, int]) -> None:
    """The first two numbers."""
    assert compat.version_of(text) == expected


@pytest.mark.parametrize("version", ["23.2", "23.2.1", "24.0", "26.3", "26.3.1"])
def test_known_versions_are_not_even_probed(version: str) -> None:
    """Nothing to import, nothing to raise."""
    compat.check(version)


def test_old_pip_is_refused() -> None:
    """In one sentence, with the way out."""
    with pytest.raises(EnvironmentRefused) as refused:
        compat.check("23.1.2")
    assert refused.value.message == "pip 23.1.2 is too old; pip-update requires pip 23.2 or newer"
    assert "--upgrade pip" in refused.value.hint


def test_this_pip_probes_right() -> None:
    """So a later one that did not change works."""
    assert compat.probe() is None
    compat.check("99.0")


def test_pip_that_changed_is_refused() -> None:
    """By the name of what it lacks."""

    def changed() -> dict[str, Any]:
        return {**compat._callables(), "get_scheme": lambda dist_name: None}

    assert compat.probe(changed) == "get_scheme has no user"

    def gone() -> dict[str, Any]:
        raise ImportError("cannot import name 'install_wheel'")

    assert compat.probe(gone) == "cannot import name 'install_wheel'"
    with pytest.raises(EnvironmentRefused) as refused:
        compat.check("99.0", gone)
    assert refused.value.message.startswith("this pip-update does not support pip 99.0")


@pytest.mark.parametrize(
    ("options", "default", "expected"),
    [
        (Values({"proxy": ""}), "", None),
        (Values({"proxy": "http://p:1"}), "", "http://p:1"),
        (Values({"proxy": None, "no_proxy_env": False}), None, None),
        (Values({"proxy": "", "no_proxy_env": False}), None, ""),
        (Values({"proxy": None, "no_proxy_env": True}), None, ""),
        (Values({"proxy": "http://p:1", "no_proxy_env": True}), None, "http://p:1"),
    ],
)
def test_no_proxy_and_no_word_about_it_are_different(
    options: Values, default: str | None, expected: str | None
) -> None:
    """Since 26.3; before, an empty option was no option."""
    assert compat.proxy(options, {"proxy": default}) == expected


def test_system_certificates_by_version() -> None:
    """On request before 24.2, unless declined since."""
    options = SimpleNamespace(features_enabled=["truststore"], deprecated_features_enabled=["legacy-certs"])
    assert compat.trusts_system(options, "23.2.1") is True
    assert compat.trusts_system(options, "24.2") is False
    options = SimpleNamespace(features_enabled=[], deprecated_features_enabled=[])
    assert compat.trusts_system(options, "24.1") is False
    assert compat.trusts_system(options, "26.3") is True


def test_parsers_raise_instead_of_ending_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    """And print nothing."""
    pips = OptionParser()
    pips.add_option("--count", type="int", default=1)
    parser = compat.strict(pips)
    with pytest.raises(OptParseError, match="no such option: --nonsense"):
        parser.parse_args(["--nonsense"])
    with pytest.raises(OptParseError, match="status 3"):
        parser.exit(3)
    assert 2 == parser.parse_args(["--count=2"])[0].count
    assert capsys.readouterr() == ("", "")


def test_parser_of_pips_stays_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """No method of it is replaced: who asks it itself gets what pip does."""
    pips = OptionParser()
    compat.strict(pips)
    assert not {"error", "exit"} & vars(pips).keys()
    with pytest.raises(SystemExit):
        pips.parse_args(["--nonsense"])
    assert "no such option" in capsys.readouterr().err


def test_what_pip_says_is_kept_from_the_user(capsys: pytest.CaptureFixture[str]) -> None:
    """While we listen, nobody else does; afterwards all is as before."""
    logger = logging.getLogger("pip._internal.test")
    before = (logging.getLogger("pip").level, logging.getLogger("pip").propagate, logging.getLogger("pip").handlers[:])
    with compat.listening() as said:
        logger.warning("no %s", "way")
        logger.info("quiet")
        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
    after = (logging.getLogger("pip").level, logging.getLogger("pip").propagate, logging.getLogger("pip").handlers[:])
    messages = [record.getMessage() for record in said]
    assert (messages, after, capsys.readouterr().err) == (["no way"], before, "")


def test_one_logger_is_heard_within_another() -> None:
    """What the inner one hears, the outer one does not."""
    with compat.hearing("pip", logging.ERROR) as outer, compat.hearing("pip.subprocessor", 15) as inner:
        for name in ("pip.subprocessor", "pip._internal.test"):
            for level in (10, 15, 40):
                logging.getLogger(name).log(level, str(level))
    assert [record.getMessage() for record in inner] == ["15", "40"]
    assert [record.getMessage() for record in outer] == ["40"]


def test_pips_loggers_keep_their_own_methods() -> None:
    """Asking for one before pip is imported would make it an ordinary one, and break pip."""
    with compat.hearing("pip.test.first", 15):
        assert hasattr(logging.getLogger("pip.test.first"), "verbose")


def test_silence_is_kept_once() -> None:
    """However often it is asked for."""
    compat.silence()
    handlers = logging.getLogger("pip").handlers[:]
    compat.silence()
    assert logging.getLogger("pip").handlers == handlers != []


def test_truststore_is_pips_own_if_it_has_one() -> None:
    """None where neither pip nor anybody else brings it."""
    found = compat.truststore()
    assert found is None or hasattr(found, "SSLContext")
    assert compat.truststore(("no.such.module", "nor_this_one")) is None


def test_openssl_is_told_of_certificates_once() -> None:
    """Only where it is OpenSSL that looks at them."""
    found = compat.truststore()
    configure = compat.openssl_configurator(found)
    if found is not None and sys.platform == "linux":
        assert configure is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with configure(context):
            pass
        whole = ssl.create_default_context()
        assert len(context.get_ca_certs()) == len(whole.get_ca_certs())
    assert compat.openssl_configurator(SimpleNamespace()) is None


class Diagnostic(Exception):
    """Made for pip's console."""

    reference = "some-thing"

    def __init__(self, message: Any, context: Any) -> None:
        super().__init__("<Diagnostic: some-thing>")
        self.message, self.context = message, context


def test_words_of_exceptions() -> None:
    """Those of pip's console, those of connections, and none at all."""
    from pip._vendor.requests import ConnectionError as Refused
    from pip._vendor.rich.text import Text

    assert compat.words(ValueError("Something\n  is wrong.")) == "Something is wrong"
    assert compat.words(KeyError()) == "KeyError"
    assert compat.words(Diagnostic("Failed [bold]here[/].", Text("the reason"))) == "Failed here: the reason"
    assert compat.words(Diagnostic("Failed", None)) == "Failed"
    outer = Exception("HTTPConnectionPool(...)")
    outer.reason = Exception("<object at 0x1>: Connection refused")  # type: ignore[attr-defined]
    assert compat.words(Refused(outer)) == "Connection refused"
