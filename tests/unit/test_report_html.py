"""The page, without a browser: self-contained, complete, and no markup of anybody else's in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pip_fastupdate.core.models import Reason
from pip_fastupdate.report import html
from pip_fastupdate.report.html.markup import link
from tests.support.big_report import LINK, MARKUP, big
from tests.support.reports import mixed, report, row


class Page(HTMLParser):
    """The elements, their attributes and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def page() -> str:
    """That of 300 packages."""
    return html.render(big())


def test_well_formed_and_self_contained(page: str) -> None:
    """Every element is closed, ids are unique, nothing is loaded, nothing runs but the script that is ours."""
    found = Page(page)
    assert [] == found.open
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    tags = {tag for tag, _ in found.elements}
    assert not tags & {"img", "link", "iframe", "object", "embed", "base", "form"}
    names = {name for _, attributes in found.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in {"src", "style", "srcset"}}
    assert 2 == [tag for tag, _ in found.elements].count("script")
    assert page.isascii()


def test_policy_names_what_is_there(page: str) -> None:
    """The hashes of the content security policy are those of the style and the script."""
    [policy] = re.findall('Content-Security-Policy" content="([^"]*)"', page)
    for tag in ("style", "script"):
        [content] = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert f"{tag}-src '{html._hash(content)}'" in policy
    assert policy.startswith("default-src 'none';")


def test_attacks(page: str) -> None:
    """Markup, ends of scripts and other schemes are text."""
    assert MARKUP not in page
    hrefs = [attributes["href"] for tag, attributes in Page(page).elements if tag == "a"]
    assert {"#main", "https://a.test/?a=1&b=2"} == set(hrefs)
    assert MARKUP in "".join(Page(page).texts)
    assert f"<code>{LINK}</code>" == link(LINK)
    for url in (" https://a.test", "\x01javascript:x", "data:text/html,x", "HTTPS:javascript"):
        assert "href" not in link(url)
    assert 'href="https://****@a.test/&quot;&gt;&lt;b&gt;"' in link('https://me:secret@a.test/"><b>')


@pytest.mark.parametrize(
    "evil", [MARKUP, "a\u202eb", "\udcff", '"onmouseover="x', "</title>", "]]>", "&amp;", "$style"]
)
def test_any_text_anywhere(evil: str) -> None:
    """In a name, a version, a reason: the same elements as for harmless text, and the data is JSON."""

    def made(word: str) -> str:
        told = replace(
            row(word, word, word, word, "upgrade"),
            level=word,
            uploaded=word,
            reasons=(Reason(kind="x", text=word, data={"by": word}),),
            required_by=((word, word),),
        )
        return html.render(report(told, row(f"{word}2", "1", "1", word, "hold", word)))

    bad, good = Page(made(evil)), Page(made("harmless"))
    assert [tag for tag, _ in good.elements] == [tag for tag, _ in bad.elements]
    assert [set(names) for _, names in good.elements] == [set(names) for _, names in bad.elements]
    [data] = re.findall('id="data">(.*?)</script>', made(evil), re.DOTALL)
    assert 2 == len(json.loads(data))


def test_everything_is_there() -> None:
    """Each group in its section, steps in words, sizes, stages; a page of nothing has none of them."""
    page = html.render(big())
    for told in (
        "Changes",
        "Held",
        "Known vulnerabilities",
        "What is new",
        "Sizes",
        "Timeline",
        "Remarks",
    ):
        assert f"<h2>{told}</h2>" in page
    for told in ('<span class="level major">major</span>', "p002 1 requires"):
        assert told in page
    assert "Planned changes" in html.render(mixed("planned", dry_run=True))
    assert "<table" not in html.render(report(seconds={"total": 0.0}))


def test_who_holds_whom_for_the_script() -> None:
    """Reasons with the name behind them, if that is in the report."""
    [data] = re.findall('id="data">(.*?)</script>', html.render(mixed()), re.DOTALL)
    found = json.loads(data)["pydantic-core"]
    assert {
        "state": "2.1: held",
        "held": True,
        "reasons": [["pydantic 2.5 requires pydantic-core==2.1", None]],
        "required": [],
    } == found


def test_up_to_date_is_what_has_no_newer_version() -> None:
    """A package that the run does not choose is unchanged, whatever its index has."""
    rows = [row("calm", "1.0", "1.0", "1.0", "current"), row("late", "1.0", "1.0", "2.0", "current")]
    assert "<b>1</b>up to date" in html.render(report(*rows[:1]))
    page = html.render(report(*rows))
    assert ("<b>2</b>unchanged" in page, "up to date</" in page) == (True, False)
    assert ('"state":"1.0: up to date"' in page, '"state":"1.0: unchanged"' in page) == (True, True)
