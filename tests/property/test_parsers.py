"""Whatever an index sends, its parsers end soon, with an answer or with the errors that mean "not an answer"."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pip_fastupdate.core.text import redact, without_credentials
from pip_fastupdate.index.apis import decoding, markup
from tests.support.parsers import DIGITS, HERE, PARSERS
from tests.support.thoroughness import examples

CORPUS = Path(__file__).with_name("corpus")
"""Files whose content once was, or could have been, too much: one for each kind, read by every parser."""

WORDS = st.sampled_from(
    [
        *(
            "<!--",
            "-->",
            "<a ",
            "href=",
            '"',
            "'",
            ">",
            "</a>",
            "<base href=",
            "<script>",
            "</script",
            "&#",
            "&amp",
            ";",
        ),
        *("{", "}", "[", "]", ":", ",", '"files"', '"url"', '"releases"', '"info"', "null", "true", "1e999", "\\ud800"),
        *("a", "A-b", "==", ">=", "~=", "===", "!=", "(", ")", " and ", " or ", "python_version", "os_name", "extra"),
        *(
            "introduced",
            '"id"',
            '"affected"',
            "coding: ",
            "# via",
            "[[",
            "]]",
            " = ",
            "Project-URL: x, ",
            "Requires-Dist:",
        ),
        *("1.0", "1!2.0.post1.dev3+abc", "*", DIGITS, "@", "://", "http", "user:pass@", "?token=", "/", "#", "%"),
        *("py3", "none", "any", "-", ".", "_", "\x00", "\x1b[2J", "\u202e", "\ud800", "\n", " "),
    ]
)
TEXTS = st.lists(WORDS | st.text(max_size=5), max_size=30).map("".join)


@pytest.mark.parametrize("name", PARSERS)
@examples(40, nightly=2000)
@given(text=TEXTS)
@example(text="x; " + "(" * 5000 + "os_name=='a'" + ")" * 5000)
@example(text="[" * 100_000 + "]" * 100_000)
@example(text=f"a>={DIGITS}")
@example(text=f"a; python_version >= '{DIGITS}'")
@example(text="a; os_name ~= 'abc'")
@example(text=f">={DIGITS}")
@example(text=f"1.{DIGITS}+{DIGITS}")
@example(text=json.dumps({"files": [{"url": "a", "size": "1e99999999"}], "meta": {"api-version": DIGITS}}))
@example(text='{"info": {}, "releases": {"1": ' + "[" * 900 + "]" * 900 + "}}")
@example(text=f'<a href="&#{DIGITS};&#x{DIGITS};">')
@example(text="http://[::/x")
def test_parsers_end_with_an_answer_or_with_what_they_document(name: str, text: str) -> None:
    """Nothing else is raised: no RecursionError, no LookupError, no "integer string conversion"."""
    parser, documented = PARSERS[name]
    try:
        parser(text)
    except documented:
        return


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize(
    "piece",
    [
        *(
            "<!--",
            "<a ",
            "<a",
            "a=",
            'a="',
            "a='\"",
            "<",
            "</a",
            "<!",
            "<?",
            "<script>",
            "<script></script",
            "&#",
            "&a",
        ),
        *(
            "[",
            '{"a":',
            "(",
            "a,",
            "-",
            ".",
            "-1",
            "_",
            "a.",
            "1.",
            "a@",
            "://",
            ":@",
            "@",
            "x:y@",
            "?token=",
            " ",
            "\t",
        ),
        *("a;", "a and ", "==1,", "\n", "\x1b", "py3.", "py3-none.", "--", "->"),
    ],
)
def test_parsers_take_time_in_proportion(name: str, piece: str) -> None:
    """400 kB of any one thing: a second or so each, whereas minutes are what anything quadratic takes."""
    parser, documented = PARSERS[name]
    text = piece * (400_000 // len(piece))
    started = time.process_time()
    with suppress(*documented):
        parser(text)
    assert 12 > time.process_time() - started


@pytest.mark.parametrize("file", sorted(CORPUS.iterdir()), ids=lambda file: file.name)
def test_corpus(file: Path) -> None:
    """What was found once stays found."""
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    for parser, documented in PARSERS.values():
        try:
            parser(text)
        except documented:
            continue


class Reference(HTMLParser):
    """What the standard library's parser finds."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.anchors: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.anchors.append(dict(attrs))


ATTRIBUTE = st.tuples(
    st.sampled_from(["href", "HREF", "data-yanked", "data-requires-python", "rel"]),
    st.none() | st.text(alphabet="ab/.:#=&;<>' \u00e9", max_size=12),
)


@examples(50, nightly=2000)
@given(
    st.lists(
        st.tuples(
            st.lists(ATTRIBUTE, max_size=4), st.sampled_from(["", "text", "<br/>", "<!-- <a href='x'> -->", "\n"])
        ),
        max_size=6,
    )
)
def test_pages_as_indexes_write_them(links: list[tuple[list[tuple[str, str | None]], str]]) -> None:
    """The same links as the standard library finds."""
    page = "<!DOCTYPE html><html><body>"
    for attributes, between in links:
        said = [key if value is None else f'{key}="{_escape(value)}"' for key, value in attributes]
        page += f"<a {' '.join(said)}>name</a>{between}"
    reference = Reference()
    reference.feed(page)
    reference.close()
    assert reference.anchors == markup.parse(page).anchors


def _escape(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@examples(50, nightly=2000)
@given(
    user=st.text(alphabet="ab:/?#.%1", min_size=1, max_size=8),
    secret=st.just("SECRET"),
    tail=st.text(alphabet="ab/?#.%1", max_size=8),
)
def test_nothing_of_a_login_is_left(user: str, secret: str, tail: str) -> None:
    """However ill-formed, as long as something marks it as a login: a colon that no port follows."""
    for text in (f"http://x:{secret}{user.replace('/', '')}@host/{tail}", f"http://b:x{user}{secret}@host/{tail}"):
        assert secret not in without_credentials(text)
        assert secret not in redact(text)


def test_a_page_of_too_many_links() -> None:
    """As many as the caller allows."""
    with pytest.raises(ValueError, match="more than 3 links"):
        markup.parse("<a href=x>" * 4, 3)
    assert 3 == len(markup.parse("<a href=x>" * 3, 3).anchors)


@pytest.mark.parametrize(
    ("charset", "expected"),
    [
        ("latin-1", "é"),
        ("zlib_codec", "\ufffd"),
        ("punycode", "\ufffd"),
        ("no-such", "\ufffd"),
        ("undefined", "\ufffd"),
    ],
)
def test_charsets_that_are_no_text(charset: str, expected: str) -> None:
    """Of those that Python knows, pages may use the ones that pages are written in."""
    assert expected == decoding.text(b"\xe9", f"text/html; charset={charset}")


def test_a_name_that_stands_for_millions_of_tags() -> None:
    """The tags of the interpreter are looked for in it, not the other way round."""
    many: Any = ".".join(f"py{number}" for number in range(3000))
    started = time.process_time()
    assert 1 == HERE.rank(many, f"{many}.none", f"{many}.any")
    assert 8 > time.process_time() - started
