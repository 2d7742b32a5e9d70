"""What CONTRIBUTING.md says of the layers and the tests is what is there."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if not (ROOT / "pip_fastupdate").exists():
    pytest.skip("the tests run without the sources", allow_module_level=True)

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def drawn() -> list[set[str]]:
    """The layers as drawn, from the top; one set a line."""
    block = re.search(r"## Layers\n.*?```\n(.*?)```", CONTRIBUTING, re.DOTALL)
    assert block is not None
    return [set(line.replace("·", " ").split()) for line in block[1].splitlines()]


def checked() -> list[set[str]]:
    """The layers of the contract, from the top."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config["importlinter:contract:layers"]["layers"].strip().splitlines()
    return [{name.strip().removeprefix("pip_fastupdate.") for name in line.split("|")} for line in lines]


def names() -> dict[str, Path]:
    """All modules of the program."""
    paths = (ROOT / "pip_fastupdate").rglob("*.py")
    return {".".join(each.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): each for each in paths}


def imports() -> dict[str, set[str]]:
    """By module those that it imports, at its top, later or for types alone; a package's own module aside."""
    known = names()
    return {name: set(_imported(name, path, known)) - {name, "pip_fastupdate"} for name, path in known.items()}


def _imported(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join((*package[: len(package) - node.level + 1], *filter(None, [node.module])))
            for each in node.names:
                yield f"{base}.{each.name}" if f"{base}.{each.name}" in known else base


def test_no_module_is_in_a_circle_of_imports() -> None:
    """Deferred imports, and those for types, included: each module can be put below all that import it."""
    left = imports()
    assert len(left) > 100
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    assert {} == left


def test_parts_are_tied_by_few_arrows() -> None:
    """Which of the parts imports which: who reads one has few others to know."""
    arrows = {
        (name.split(".")[1], each.split(".")[1]) for name, found in imports().items() if "." in name for each in found
    }
    assert len({(one, other) for one, other in arrows if one != other}) <= 48


def test_the_drawing_is_what_is_checked() -> None:
    """Line by line, from the top."""
    assert drawn() == checked()


def test_every_part_is_in_the_drawing() -> None:
    """A new module or package has its place in it."""
    package = ROOT / "pip_fastupdate"
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in package.glob("*/__init__.py")}
    assert modules | packages == set().union(*drawn())


def test_every_unit_test_is_listed_with_its_part() -> None:
    """CONTRIBUTING says which unit tests are of which part, and names none that are not there."""
    rows = [line for line in CONTRIBUTING.splitlines() if line.startswith("| `") and line.count("|") == 3]
    listed = {name for row in rows for name in re.findall(r"`([a-z_*]+)`", row.split("|")[2])}
    there = {each.stem.removeprefix("test_") for each in (ROOT / "tests/unit").glob("test_*.py")}
    assert set() == {name for name in listed if "*" in name and not any(fnmatch(each, name) for each in there)}
    aside = {"layers", "docs", "english", "support", "benchmarks"}
    assert set() == {each for each in there - aside if not any(fnmatch(each, name) for name in listed)}


def test_a_class_is_called_as_no_other_is() -> None:
    """In the whole program; what is private to a module aside."""
    paths = sorted((ROOT / "pip_fastupdate").rglob("*.py"))
    trees = [ast.parse(each.read_text(encoding="utf-8")) for each in paths]
    names = [each.name for tree in trees for each in tree.body if isinstance(each, ast.ClassDef)]
    assert set() == {name for name in names if name[0] != "_" and names.count(name) > 1}


def test_every_helper_of_the_tests_is_listed() -> None:
    """Where a newcomer looks for it."""
    folder = ROOT / "tests/support"
    there = {each.stem for each in folder.glob("[a-z]*.py")} | {
        each.parent.name for each in folder.glob("*/__init__.py")
    }
    listed = set(re.findall(r"``([a-z_]+)``", (folder / "__init__.py").read_text(encoding="utf-8")))
    assert set() == there - listed


def steps(heading: str) -> list[tuple[str, str]]:
    """File and name of each step below a heading, in order."""
    text = CONTRIBUTING.partition(f"\n### {heading}")[2].partition("\n#")[0]
    return re.findall(r"`([\w/]+\.py): ([\w.]+)`", text)


def defined(path: str) -> set[str]:
    """The functions and classes of a module, and the methods of these."""
    body = ast.parse((ROOT / "pip_fastupdate" / path).read_text(encoding="utf-8")).body
    found = [(f"{prefix}{each.name}", each) for prefix, each in _with_methods(body)]
    return {name for name, _ in found}


def _with_methods(body: list[ast.stmt]) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
    for each in body:
        if isinstance(each, ast.ClassDef | ast.FunctionDef):
            yield "", each
        if isinstance(each, ast.ClassDef):
            yield from ((f"{each.name}.", inner) for inner in each.body if isinstance(inner, ast.FunctionDef))


def named(path: str) -> set[str]:
    """The same, and what the module assigns at its top."""
    body = ast.parse((ROOT / "pip_fastupdate" / path).read_text(encoding="utf-8")).body
    assigned = {
        name.id for each in body if isinstance(each, ast.Assign) for name in each.targets if hasattr(name, "id")
    }
    return defined(path) | assigned


def test_what_contributing_names_is_there() -> None:
    """Every file, and every name in one."""
    for path in re.findall(r"`([\w/]+/\w+\.(?:py|md|yml))[`:]", CONTRIBUTING):
        assert any((ROOT / top / path).exists() for top in ("pip_fastupdate", "")), path
    for path, name in re.findall(r"`([\w/]+\.py): ([\w.]+)`", CONTRIBUTING):
        assert name in named(path), f"{path} has no {name}"


@pytest.mark.parametrize("heading", ["The way of a project", "The way of a wheel"])
def test_ways_are_calls_by_name(heading: str) -> None:
    """Every step of a way exists, and is called in the file of a step before it."""
    way = steps(heading)
    assert len(way) > 12
    for number, (_, name) in enumerate(way):
        last = name.rpartition(".")[2]
        called = re.compile(rf"(?<!def )\b{last}\(|partial\({last},")
        before = {each for each, _ in way[:number]}
        sources = [(ROOT / "pip_fastupdate" / each).read_text(encoding="utf-8") for each in before]
        assert not number or any(called.search(each) for each in sources), f"nobody before it calls {name}"


THIN = frozenset(
    {
        "_try",
        "disk_usage",
        "exchange",
        "os",
        "perf_counter",
        "replace_process",
        "seconds_per_file",
        "sync_folder",
        "time",
    }
)
"""What stands for a call of the system."""


def replaced(path: Path) -> Iterator[str]:
    """The names in our own modules that a test replaces, but for limits and for what stands for the system."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    ours = {name.name for each in imports if (each.module or "").startswith("pip_fastupdate") for name in each.names}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "setattr":
            target, name = (ast.unparse(each).strip("\"'") for each in call.args[:2])
            where, _, last = target.rpartition(".") if target.startswith("pip_fastupdate.") else (target, "", name)
            if (where in ours or where.startswith("pip_fastupdate.")) and not (last.isupper() or last in THIN):
                yield f"{path.name}: {where}.{last}"


def test_tests_replace_nothing_of_ours() -> None:
    """They say what they want by arguments; what the system gives, and how much of it, they may change."""
    found = [each for path in sorted((ROOT / "tests").rglob("*.py")) for each in replaced(path)]
    assert [] == found
