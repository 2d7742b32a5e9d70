"""Sources that other interpreters of this process compile: their code is what this one would have made."""

from __future__ import annotations

import importlib
import marshal
import os
import re
import sys
import sysconfig
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pip_fastupdate._pip import compilers
from pip_fastupdate._pip.bytecode import compile_staged
from pip_fastupdate._pip.compile_worker import CompileWorker, Jobs
from pip_fastupdate._pip.compilers import Compilers
from pip_fastupdate._pip.movable_code import Movable, at, compile_movable
from pip_fastupdate._pip.shared_bytecode import Shared
from pip_fastupdate.core.threads import interpreters

pytestmark = [
    pytest.mark.skipif(sys.implementation.name != "cpython", reason="only CPython's bytecode is shared"),
    pytest.mark.skipif(os.name != "posix", reason="not used there"),
]

THERE = sys.version_info >= (3, 12) and not sysconfig.get_config_var("Py_GIL_DISABLED")
there = pytest.mark.skipif(not THERE, reason="no interpreter has a lock of its own here")

LIBRARY = Path(sysconfig.get_path("stdlib"))

ODD = {
    b"empty.py": b"",
    b"syntax.py": b"print 'x'\n",
    b"latin.py": b"x = '\xe9'\n",
    b"declared.py": b"# coding: latin-1\nx = '\xe9'\n",
    b"japanese.py": b"# coding: shift_jis\nx = '\x82\xa0'\n",
    b"unknown.py": b"# coding: nobody-knows\n",
    b"mark.py": b"\xef\xbb\xbfx = 1\n",
    b"zero.py": b"x = '\0'\n",
    b"nested.py": b"x = " + b"(" * 5000 + b")" * 5000 + b"\n",
    b"minus.py": b"x = " + b"-" * 50_000 + b"1\n",
    b"sum.py": b"x = " + b"1+" * 50_000 + b"1\n",
    b"attribute.py": b"x" + b".x" * 50_000 + b"\n",
    b"digits.py": b"x = " + b"9" * 5000 + b"\n",
    b"warns.py": b"import re\nre.compile('\\d')\n'x' is 'y'\nassert (1, 'x')\n",
    b"future.py": b"from __future__ import annotations\ndef f(x: int) -> 'y': return x\n",
    b"plain.py": b"def f(x: int, y=(1, 'a', None)) -> str: return x in {1, 2, 'b'}\n",
    b"surrogate.py": b"x = '\\ud800'\n",
    b"na\xefve.py": b"x = 1\n",
}
"""What compilers, or those who name files, may not expect."""


@pytest.fixture
def odd(tmp_path: Path) -> list[Path]:
    """Those sources, and one that is gone."""
    for name, content in ODD.items():
        with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:  # noqa: PTH123 - a name of bytes
            file.write(content)
    return [*sorted(tmp_path.iterdir()), tmp_path / "gone.py"]


@pytest.fixture(autouse=True)
def quietly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As while wheels are staged; and coverage, if it measures this, does not start in each interpreter."""
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def same_interpreter(script: str) -> None:
    """Run the script where there may be no other."""
    exec(script, {})


def garbage(content: bytes) -> Callable[[str], None]:
    """A script that answers with that."""

    def run(script: str) -> None:
        found = re.search(r"\((\d+), (\d+), '<movable", script)
        assert found is not None
        os.read(int(found[1]), 4)
        os.write(int(found[2]), content)

    return run


def no_interpreter(script: str) -> None:
    raise RuntimeError("interpreter creation failed")


RUNS: dict[str, Callable[[str], None]] = {
    "here": same_interpreter,
    "none": no_interpreter,
    "ends": lambda script: None,
    "negative": garbage(b"\xff" * 8),
    "short": garbage(b"\x08\0\0\0abc"),
    "wrong": garbage(b"\x03\0\0\0abc" * 3),
} | ({"another": interpreters.run} if THERE else {})


def here(source: Path) -> Movable | None:
    """What this interpreter makes of it."""
    return compile_movable(source.read_bytes()) if source.exists() else None


def elsewhere(sources: list[Path]) -> dict[Path, Movable | None]:
    """What a worker alone makes of them."""
    found: dict[Path, Movable | None] = {}
    worker = CompileWorker()
    try:
        for source in sources:
            jobs = Jobs([(0, source)])
            worker.feed(jobs)
            found |= dict(worker.fetch(wait=True))
            assert (True, 0) == (worker.alive, len(jobs.sources)), source
    finally:
        worker.close()
    return found


@there
def test_code_is_what_is_made_here() -> None:
    """Of hundreds of modules. Not always byte for byte: marshal notes which objects are shared."""
    sources = [each for each in sorted(LIBRARY.rglob("*.py")) if 0 < each.stat().st_size < 20_000][::6]
    assert len(sources) > 100
    found = elsewhere(sources)
    assert set(sources) == set(found)
    for source in sources:
        made, code = here(source), found[source]
        assert made is not None
        assert code is not None
        assert marshal.loads(at("/x.py", made)) == marshal.loads(at("/x.py", code)), source


@there
def test_odd_sources_end_no_worker(odd: list[Path]) -> None:
    """Their code is that made here, or they are left to this interpreter."""
    found = elsewhere(odd)
    assert set(odd) == set(found)
    for source, code in found.items():
        assert code in (None, here(source)), source
    assert {"declared", "empty", "future", "japanese", "mark", "plain", "surrogate", "warns"} <= {
        source.stem for source, code in found.items() if code
    }


@pytest.mark.parametrize("kind", RUNS)
def test_all_are_compiled_whatever_a_worker_does(monkeypatch: pytest.MonkeyPatch, odd: list[Path], kind: str) -> None:
    """Once each, also by one that cannot start, ends at once, or answers what is no answer."""
    monkeypatch.setattr(compilers, "_WORTH", 1)
    together = Compilers(2, RUNS[kind])
    found = list(together.compile(odd)) + list(together.compile(odd))
    together.end()
    assert sorted(odd * 2) == sorted(source for source, _ in found)
    expected = {source: here(source) for source in odd}
    assert [] == [source for source, code in found if code is not None and code != expected[source]]
    assert kind == "wrong" or not [
        source for source, code in found if code is None and expected[source] and source.stem == "plain"
    ]


@pytest.mark.parametrize("kind", RUNS)
def test_wheel_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    """Whoever compiles: files, RECORD, and what the next environment takes from the cache."""
    monkeypatch.setattr(compilers, "_WORTH", 1)
    trees, kept = [], []
    for name, together in (("alone", None), ("together", Compilers(2, RUNS[kind]))):
        library, wheel = tmp_path / name, tmp_path / f"{name}.cache" / "demo.whl"
        info = library / "demo-1.0.dist-info"
        info.mkdir(parents=True)
        wheel.parent.mkdir()
        for source, content in ODD.items():
            with open(os.fsencode(library) + b"/" + source.replace(b"\xef", b"i"), "wb") as file:  # noqa: PTH123
                file.write(content)
        (info / "RECORD").write_text("x.py,,\n")
        for each in library.glob("*.py"):
            os.utime(each, (10**9, 10**9))
        compile_staged(info, sorted(library.glob("*.py")), Path("/live"), wheel, together)
        if together is not None:
            together.end()
        trees.append({each.name: each.read_bytes() for each in library.rglob("*") if each.is_file()})
        with Shared(wheel) as shared:
            assert not shared.is_new
            stored = shared._kept
            assert stored is not None
            kept.append({name.decode(): stored.take(name.decode(), len(ODD[name])) for name in ODD if name.isascii()})
    assert trees[0] == trees[1]
    assert kept[0] == kept[1]


def compiling() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "compile"]


def test_few_sources_start_no_worker(odd: list[Path]) -> None:
    """It would take longer than they do."""
    together = Compilers(2, no_interpreter)
    plain = [each for each in odd if each.stem == "plain"]
    assert [(each, here(each)) for each in plain] == list(together.compile(plain))
    together.end()
    assert [] == compiling()


@pytest.mark.parametrize("kind", ["here", "another"])
def test_nothing_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    """Of workers whose sources nobody wants any more, and of those that have ended: no thread, no interpreter."""
    if kind not in RUNS:
        pytest.skip("no interpreter has a lock of its own here")
    monkeypatch.setattr(compilers, "_WORTH", 1)
    sources = [tmp_path / f"m{number}.py" for number in range(40)]
    for source in sources:
        source.write_text("x = [1, 2, 3]\n" * 500)
    together = Compilers(2, RUNS[kind])
    with closing(together.compile(sources)) as codes:
        next(codes)
        assert ["compile"] * 2 == compiling()
    assert [] == compiling()
    assert 40 == len(list(together.compile(sources)))
    assert ["compile"] * 2 == compiling()
    together.end()
    together.end()
    assert [] == compiling()
    if kind == "another":
        assert 1 == interpreter_count()


def interpreter_count() -> int:
    """All in this process."""
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    return len(importlib.import_module(name).list_all())


def test_jobs_are_given_back() -> None:
    """What is left is in order, and the largest with up to so many bytes is found."""
    a, b, c = Path("a"), Path("b"), Path("c")
    jobs = Jobs([(3, a), (1, b), (9, c)])
    assert (13, 1, 2, -1) == (jobs.left, jobs.largest(3), jobs.largest(10), jobs.largest(0))
    taken = [jobs.pop(0), jobs.pop(1)]
    assert ([(1, b), (9, c)], [(3, a)], 3) == (taken, jobs.sources, jobs.left)
    jobs.give_back(taken)
    assert ([(1, b), (3, a), (9, c)], 13) == (jobs.sources, jobs.left)


@there
def test_what_fails_there_is_an_error() -> None:
    """And that interpreter is destroyed, too."""
    with pytest.raises(Exception, match="ZeroDivisionError"):
        interpreters.run("1 / 0")
    assert 1 == interpreter_count()


HARMLESS = {
    "import _virtualenv": True,
    "import _virtualenv; import numpy": False,
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; …": True,
    "import __editable___demo_1_0_finder; __editable___demo_1_0_finder.install()": True,
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = …": True,
    "import ddtrace": False,
    "import os; exec('…')": False,
}


@pytest.mark.parametrize("line", HARMLESS)
def test_unknown_code_runs_in_no_new_interpreter(line: str) -> None:
    """It could print that it cannot be imported there."""
    assert HARMLESS[line] == interpreters.is_harmless(line)


@pytest.mark.parametrize("variable", ["COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", ""])
def test_coverage_is_harmless_if_it_does_not_measure(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """It asks two variables."""
    if variable:
        monkeypatch.setenv(variable, "x")
    line = "import sys; exec('import os\\n\\nif os.getenv(\"COVERAGE_PROCESS_START\") or …')"
    assert (not variable) == interpreters.is_harmless(line)


def test_exchanged_allocators_prevent_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be exchanged again while an interpreter is created, below the feet of the others."""
    monkeypatch.setenv("PYTHONMALLOC", "debug")
    assert not interpreters.available()


def test_processors_are_those_of_this_process() -> None:
    """A container, or taskset, may have fewer than the machine."""
    assert 1 <= interpreters.processors() <= (os.cpu_count() or 1)
