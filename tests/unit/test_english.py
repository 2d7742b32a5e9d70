"""Messages, help texts, docstrings and comments follow CONTRIBUTING.md, as far as a program can check that."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
if not (ROOT / "pip_fastupdate").exists():
    pytest.skip("the tests run without the sources", allow_module_level=True)

STILTED = {
    r"folders?": "directory",
    r"told|tells": "reports, says or shows",
    r"mend(s|ed|ing)?": "fix",
    r"beside": "next to, or in addition to",
    r"meanwhile": "in the meantime, or nothing",
    r"anew": "again, or new",
    r"fulfill?(s|ed|ing)?": "satisfy",
    r"st(and|ands|ood) on": "depend on",
    r"(is|are|was|were) to be": "must be",
    r"be had": "be available",
    r"by hand": "say who does it",
    r"of whom|whosoever|whomever": "name it",
    r"somebody": "another user or program",
    r"for people": "for display",
    r"(taken|takes|puts?|given?|gives|swapp?(ed|s)?) back": "roll back, undo or restore",
    r"look(s|ed)? into": "inspect",
    r"start-up": "startup",
    r"can not|can't|won't|don't|isn't|doesn't": "cannot, does not",
    r"lies (in|below|at|there)": "is in",
    r"left as (it|they)": "unchanged",
    r"had been": "was",
    r"cut short": "interrupted, or hit its limit",
    r"none the less|thereof|thereby|hereby|wherein": "plain words",
    r"source archives?": "sdist",
    r"believ\w+": "trust, or fresh",
    r"(colour|honour|favour|behaviour)\w*|licences?|centre|catalogues?|grey": "American spelling",
    r"(normal|recogn|organ|initial|serial|synchron|optim|minim|maxim)is(e|es|ed|ing|ation)": "American spelling",
    r"terrain|rungs?|barred": "no private metaphors",
}
"""By word that is not plain English, or not the word for its concept: what to write instead."""

WORDS = re.compile(rf"\b({'|'.join(STILTED)})\b", re.IGNORECASE)

FAILED = re.compile(
    r"cannot be (read|written|reached|understood|parsed|opened|imported|started|found|restored|replaced)\b"
)
"""A failed attempt is ``could not VERB X: cause``."""

ON_SCREEN = re.compile(r"\b(distributions?|registry)\b")
"""Users see packages and indexes."""

PROPER = frozenset({"Python"})
"""Words that keep their capital at the start of a message."""

NOT_VERBS = re.compile(
    r"(A|All|An|Any|As|At|Both|Called|Each|Every|False|For|From|Held|How|If|In|Inside|It|Its|Names|Never|Newest|No|None|Not"
    r"|Nothing|Of|On|One|Only|Other|Same|Seconds|So|Some|Such|That|The|Their|These|They|This|Those|Top-level|True|Two|What"
    r"|When|Where|Whether|Which|Who|Whose|Why|With|Within|[A-Z][a-z]+(?<!s)s)\b"
)
"""With these no docstring of a function begins, nor with ``Returns``."""

LONGEST_HELP = 100


class Text(NamedTuple):
    """Something that is read by people."""

    where: str
    text: str


class Module(NamedTuple):
    """One module of the package."""

    path: Path
    source: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """Path and line."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


@cache
def modules() -> tuple[Module, ...]:
    """All of the package."""
    paths = sorted((ROOT / "pip_fastupdate").rglob("*.py"))
    sources = [path.read_text(encoding="utf-8") for path in paths]
    return tuple(Module(path, source, ast.parse(source)) for path, source in zip(paths, sources, strict=True))


def flat(node: ast.expr) -> str | None:
    """A string, with ``{}`` for what an f-string fills in; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(each.value if isinstance(each, ast.Constant) else "{}" for each in node.values)
    return None


def documented(tree: ast.Module) -> Iterator[tuple[ast.AST | None, ast.Constant]]:
    """Docstrings with what has them; None for those of attributes and constants."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for place, each in enumerate(body if isinstance(body, list) else ()):
            if (
                isinstance(each, ast.Expr)
                and isinstance(each.value, ast.Constant)
                and isinstance(each.value.value, str)
            ):
                own = place == 0 and isinstance(
                    node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
                )
                yield node if own else None, each.value


def comments(module: Module) -> Iterator[Text]:
    """All comments, without the names of lint rules."""
    for token in tokenize.generate_tokens(io.StringIO(module.source).readline):
        if token.type == tokenize.COMMENT:
            text = re.sub(r"(noqa|type: ignore|ruff: noqa)\S*( [A-Z0-9, ]+\b)?", "", token.string)
            yield Text(f"{module.path.relative_to(ROOT)}:{token.start[0]}", text)


@cache
def prose() -> tuple[Text, ...]:
    """Strings of more than a word, docstrings among them, and comments."""
    return tuple(text for module in modules() for text in (*strings(module), *comments(module)))


def strings(module: Module) -> Iterator[Text]:
    """The parts of an f-string are one."""
    inside: set[int] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
        text = flat(node) if isinstance(node, ast.expr) and id(node) not in inside else None
        if text is not None and " " in text.strip() and not {"$", "\n"} < set(text):  # code of a shell
            yield Text(module.at(node), text)


@cache
def error_classes() -> frozenset[str]:
    """Names of the classes whose message the user sees."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
    known = {"PipUpdateError"}
    while more := {name for name, above in bases.items() if above & known} - known:
        known |= more
    return frozenset(known)


WITH_TEXT = frozenset({"Reason", "Failure"})
SECOND = frozenset({"about", "DownloadFailed", "StageFailed", "RequestError", "Exceeded", "Stop"})
"""What is called with a kind and a text."""


def shown(module: Module) -> Iterator[Text]:
    """Errors, warnings, notes, hints and reasons, as written where they are used or in a variable of that name."""
    nodes = list(ast.walk(module.tree))
    variables: dict[str, list[ast.expr]] = {}
    for node in nodes:
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Name):
                variables.setdefault(target.id, []).append(node.value)
    for node in nodes:
        for each in _shown_by(node) if isinstance(node, ast.Call) else ():
            for text in _literals(each, variables):
                yield Text(module.at(each), text)


def _shown_by(call: ast.Call) -> Iterator[ast.expr]:
    name = ast.unparse(call.func).rpartition(".")[2]
    keywords = {each.arg: each.value for each in call.keywords}
    if name in error_classes() | {"warn", "note"}:
        yield from call.args[:2] if name == "warn" else call.args[:1]
    elif name in SECOND:
        yield from call.args[1:2]
    yield from (
        keywords[each] for each in ("hint", "text") if each in keywords and (each == "hint" or name in WITH_TEXT)
    )


def _literals(node: ast.expr, variables: Mapping[str, Sequence[ast.expr]]) -> Iterator[str]:
    text = flat(node)
    if text is not None:
        yield text
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body, variables)
        yield from _literals(node.orelse, variables)
    elif isinstance(node, ast.Name):
        for value in variables.get(node.id, ()):
            yield from _literals(value, {})


def helps() -> Iterator[Text]:
    """The help texts of all options."""
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("add_argument"):
                for each in node.keywords:
                    text = flat(each.value) if each.arg == "help" else None
                    if text is not None:
                        yield Text(module.at(node), text)


def found(texts: Iterable[Text], wrong: re.Pattern[str]) -> list[str]:
    """Where a pattern matches, names and code in backticks aside."""
    return [
        f"{each.where}: {match[0]!r} in {each.text[:80]!r}"
        for each in texts
        if (match := wrong.search(re.sub(r"``.*?``|`.*?`", "`", each.text, flags=re.DOTALL)))
    ]


def test_plain_words() -> None:
    """One plain word for each concept, in messages, docstrings and comments."""
    assert len(prose()) > 4000
    assert [] == found(prose(), WORDS), STILTED


def test_documentation() -> None:
    """The same in all pages; code and addresses aside."""
    pages = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "contrib").rglob("*.md"))]
    assert len(pages) > 20
    texts = [
        Text(path.name, re.sub(r"```.*?```|\]\(.*?\)", "", path.read_text("utf-8"), flags=re.DOTALL)) for path in pages
    ]
    assert [] == found((Text(page, line) for page, text in texts for line in text.splitlines()), WORDS), STILTED


def test_messages() -> None:
    """They begin in lower case, have no final full stop, and speak of packages."""
    texts = [text for module in modules() for text in shown(module)]
    assert len(texts) > 300
    capital = [each for each in texts if (word := re.match(r"[A-Z][a-z']+\b", each.text)) and word[0] not in PROPER]
    stopped = [each for each in texts if each.text.endswith(".") and not each.text.endswith("...")]
    assert ([], []) == (capital, stopped)
    assert [] == found(texts, FAILED), "write: could not VERB X: cause"
    assert [] == found(texts, ON_SCREEN), "write: package, index"


def test_help() -> None:
    """A phrase that begins with a verb in lower case."""
    texts = list(helps())
    assert len(texts) > 60
    assert [] == [each for each in texts if not each.text[:1].islower() and not re.match(r"(CA|OSV)\b", each.text)]
    assert [] == [each for each in texts if each.text.endswith(".") or len(each.text) > LONGEST_HELP]


def test_docstrings_of_functions() -> None:
    """They say what the function does: Return …, Raise … if."""
    wrong = []
    for module in modules():
        for owner, docstring in documented(module.tree):
            ours = isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_exempt(owner)
            if ours and NOT_VERBS.match(docstring.value.strip()):
                wrong.append(f"{module.at(docstring)}: {docstring.value[:80]!r}")
    assert [] == wrong


def _is_exempt(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorators = [ast.unparse(each) for each in function.decorator_list]
    return function.name == "__init__" or any("property" in each for each in decorators)


def test_docstrings_end() -> None:
    """The first paragraph is made of sentences, and of lines that a narrow window shows."""
    wrong = []
    for module in modules():
        for _, docstring in documented(module.tree):
            first = docstring.value.strip().split("\n\n")[0]
            if not first.endswith((".", ":", "…")):
                wrong.append(f"{module.at(docstring)}: {first[-60:]!r}")
    assert [] == wrong
