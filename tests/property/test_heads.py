"""Heads of answers: read as http.client reads them."""

from __future__ import annotations

import http.client
import io
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pip_fastupdate.network.headers import parse
from tests.support.thoroughness import examples

NAMES = st.sampled_from(
    [b"ETag", b"content-length", b"X-\xc3\xa9", b"", b"Two Words", b"From x", b"a:b", b"\t", b'"', b"Content-Type"]
)
VALUES = st.sampled_from(
    [b"", b" ", b' W/"1"', b"\t5 \t", b" caf\xe9", b" a\x00b", b" a\rb", b" a\x0bb", b" x: y", b"-"]
)
KINDS = st.sampled_from([b" multipart/mixed", b" Message/rfc822", b" message/delivery-status", b" text/plain; a=b"])
LINES = st.one_of(
    st.builds(lambda name, value: name + b":" + value, NAMES, VALUES | KINDS),
    st.sampled_from([b" folded", b"\tfolded: more", b"no colon", b"From me", b">From me"]),
    st.binary(max_size=12).filter(lambda line: b"\n" not in line),
)
HEADS = st.lists(st.tuples(LINES, st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])), max_size=6)


def said(read: Any, head: bytes) -> Any:
    """What ``read`` makes of a head: the fields and what is said to be wrong with them; or the error. And the rest."""
    stream = io.BytesIO(head)
    try:
        message = read(stream)
    except http.client.HTTPException as error:
        return repr(error)
    inside = message.is_multipart() or message.get_payload()
    return message.items(), inside, [repr(type(each)) for each in message.defects], stream.read()


@examples(40, nightly=2000)
@given(HEADS, st.sampled_from([b"\r\nbody", b"\nbody", b""]))
@example([(b"Content-Length: 5", b"\r\n"), (b"ETag: x", b"\r\n")], b"\r\nbody")
def test_same_as_http_client(head: list[tuple[bytes, bytes]], end: bytes) -> None:
    """Whatever the lines are, and wherever they end."""
    text = b"".join(line + ending for line, ending in head) + end
    assert said(parse, text) == said(http.client.parse_headers, text)


@pytest.mark.parametrize("head", [b"a: b\r\n" * 101 + b"\r\n", b"a: " + b"b" * 70000 + b"\r\n\r\n"])
def test_same_limits(head: bytes) -> None:
    """Of the number and the length of lines."""
    assert said(parse, head) == said(http.client.parse_headers, head)


def test_usual_head_needs_no_mail_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or nothing would be gained."""
    monkeypatch.setattr("email.parser.Parser.parsestr", None)
    head = b'Date: x\r\nETag: "1"\r\nCache-Control: max-age=1, public\r\nVary:\r\n\r\n'
    assert parse(io.BytesIO(head)).items() == [
        ("Date", "x"),
        ("ETag", '"1"'),
        ("Cache-Control", "max-age=1, public"),
        ("Vary", ""),
    ]
