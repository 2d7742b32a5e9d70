"""What goes out and what comes in, folder by folder."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import FileConflict
from pip_fastupdate.transaction.filesystem import folds_case
from pip_fastupdate.transaction.moves.planner import Request, Root, lay_out
from pip_fastupdate.transaction.moves.steps import In, Out
from tests.unit.transactions import SITE, Env, dist, folder, live, snapshot, write

INFO_OUT, INFO_IN = ("out", "a-1.dist-info"), ("in", "a-2.dist-info")


@pytest.fixture
def env() -> Iterator[Env]:
    with folder() as path:
        yield Env(path / "env")


def test_whole_folders_are_renamed(env: Env) -> None:
    """A package is two renames out and two in, however many files it has."""
    a = dist("a", {"a/__init__.py": "1", "a/sub/b.py": "1"}, {"a/__init__.py": "2", "a/sub/deep/c.py": "2"})
    env.install(a)
    assert env.steps(a) == [("out", "a"), INFO_OUT, ("in", "a"), INFO_IN]


def test_foreign_file_stays_where_it_is(env: Env) -> None:
    """A user's file in a package keeps that folder, and no other, from being moved as a whole."""
    a = dist("a", {"a/one.py": "1", "a/sub/two.py": "1"}, {"a/one.py": "2", "a/sub/two.py": "2"})
    env.install(a)
    (env.site / "a/mine.txt").write_text("mine")
    assert env.steps(a) == [
        *[("out", "a/one.py"), ("out", "a/sub"), INFO_OUT],
        *[("in", "a/one.py"), ("in", "a/sub"), INFO_IN],
    ]
    env.update(a)
    assert (env.site / "a/mine.txt").read_text() == "mine"


def test_folder_of_a_namespace_is_shared(env: Env) -> None:
    """Where a distribution that stays lives beside, only the own part is moved."""
    a, b = dist("a", {"ns/a/x.py": "1"}, {"ns/a/x.py": "2"}), dist("b", {"ns/b/x.py": "1"}, {})
    env.install(a, b)
    assert env.steps(a) == [INFO_OUT, ("out", "ns/a"), INFO_IN, ("in", "ns/a")]


def test_namespace_of_replaced_distributions(env: Env) -> None:
    """It goes as a whole where all in it are replaced, and is made anew for all of them."""
    dists = [dist(name, {f"ns/{name}/x.py": "1"}, {f"ns/{name}/x.py": "2"}) for name in "ab"]
    env.install(*dists)
    steps = env.steps(*dists)
    assert [each for each in steps if "dist-info" not in each[1]] == [
        *[("out", "ns"), ("mkdir", "ns"), ("in", "ns/a"), ("in", "ns/b")],
    ]


def test_fixed_folders_are_never_moved(env: Env) -> None:
    """Neither site-packages nor bin nor share, not even if all in them is replaced."""
    a = dist(
        "a", {"a.py": "1", "/bin/a": "1", "/share/man/a.1": "1"}, {"a.py": "2", "/bin/a": "2", "/share/man/a.1": "2"}
    )
    write(env.prefix, a.old)
    assert env.steps(a) == [
        *[("out", "/bin/a"), INFO_OUT, ("out", "a.py"), ("out", "/share/man")],
        *[("in", "/bin/a"), INFO_IN, ("in", "a.py"), ("in", "/share/man")],
    ]


def test_bytecode_goes_with_its_module(env: Env) -> None:
    """Of whatever Python and optimization level it is; bytecode of others stays."""
    a = dist("a", {"a.py": "1"}, {"a.py": "2"})
    env.install(a)
    cache = env.site / "__pycache__"
    cache.mkdir()
    for name in ("a.cpython-311.pyc", "a.cpython-39.opt-2.pyc", "other.cpython-311.pyc"):
        (cache / name).write_text("old")
    env.update(a)
    assert [each.name for each in cache.iterdir()] == ["other.cpython-311.pyc"]
    env.store.undo()
    assert len(list(cache.iterdir())) == 3


def test_stale_bytecode_makes_room(env: Env) -> None:
    """What an earlier version left behind is neither a conflict nor in the way of the new one."""
    a = dist("a", None, {"a/x.py": "2", "a/__pycache__/x.cpython-311.pyc": "new"})
    env.install(a)
    write(env.site, {"a/__pycache__/x.cpython-311.pyc": b"stale"})
    before = live(env.prefix)
    env.update(a)
    assert (env.site / "a/__pycache__/x.cpython-311.pyc").read_text() == "new"
    env.store.undo()
    assert live(env.prefix) == before


def test_module_that_stays_keeps_its_bytecode(env: Env) -> None:
    """New bytecode of a module that is there already is left out: it would not fit."""
    shared = {"tests/__init__.py": "", "tests/__pycache__/__init__.cpython-311.pyc": "of the old"}
    new = {"tests/__init__.py": "", "tests/__pycache__/__init__.cpython-311.pyc": "of the new"}
    a, b = dist("a", shared, new), dist("b", shared, {})
    env.install(a, b)
    kept = {str(env.site / "tests/__init__.py"): "b"}
    assert env.steps(a, kept_files=kept) == [INFO_OUT, INFO_IN]


def test_single_module_that_stays_without_bytecode(env: Env) -> None:
    """Not even where there is no bytecode yet, alone or beside that of others."""
    a = dist("a", None, {"m.py": "same", "__pycache__/m.cpython-311.pyc": "new"})
    both = {**a.new, f"{SITE}/n.py": b"n", f"{SITE}/__pycache__/n.cpython-311.pyc": b"n"}
    env.install(a)
    (env.site / "m.py").write_text("same")
    assert env.steps(a) == [INFO_IN]
    assert env.steps(type(a)(name="a", before="", new=both)) == [
        *[("mkdir", "__pycache__"), ("in", "__pycache__/n.cpython-311.pyc"), INFO_IN, ("in", "n.py")],
    ]


def test_whole_dist_info_is_owned(env: Env) -> None:
    """Files that RECORD does not list go with their .dist-info folder; else it would stay as a ghost."""
    a = dist("a", {"a.py": "1"}, {"a.py": "2"})
    env.install(a)
    (env.site / "a-1.dist-info/cache.json").write_text("{}")
    assert INFO_OUT in env.steps(a)


def test_vendored_dist_info_is_no_site(env: Env) -> None:
    """A .dist-info folder within a package does not make its parent one that never moves."""
    vendored = "a/_vendor/v-1.dist-info/METADATA"
    a = dist("a", {"a/x.py": "", vendored: ""}, {"a/x.py": "", vendored: ""})
    env.install(a)
    assert env.steps(a) == [("out", "a"), INFO_OUT, ("in", "a"), INFO_IN]


def test_shared_file_stays_for_the_other(env: Env) -> None:
    """What a distribution that stays lists too is not moved; an equal new one is no conflict."""
    a, b = dist("a", {"tests/c.py": "same", "a.py": ""}, {"tests/c.py": "same"}), dist("b", {"tests/c.py": "same"}, {})
    env.install(a, b)
    kept = {str(env.site / "tests/c.py"): "b"}
    assert env.steps(a, kept_files=kept) == [INFO_OUT, ("out", "a.py"), INFO_IN]


def test_other_content_for_a_shared_file(env: Env) -> None:
    """The conflict names the file, its owner and who would overwrite it."""
    a, b = dist("a", {"tests/c.py": "same"}, {"tests/c.py": "other"}), dist("b", {"tests/c.py": "same"}, {})
    env.install(a, b)
    before = snapshot(env.prefix)
    path = str(env.site / "tests/c.py")
    with pytest.raises(FileConflict) as caught:
        env.update(a, kept_files={path: "b"})
    assert (caught.value.message, caught.value.names) == (f"a would overwrite {path}, which belongs to b", ("a",))
    assert snapshot(env.prefix) == before


def test_other_content_for_a_shared_file_where_that_is_allowed(env: Env) -> None:
    """It replaces the file and its bytecode; what the new version does not bring stays."""
    cache = "tests/__pycache__/c.cpython-311.pyc"
    a = dist("a", {"tests/c.py": "same", "tests/d.py": "", cache: "old"}, {"tests/c.py": "other"})
    b = dist("b", {"tests/c.py": "same", "tests/d.py": "", cache: "old"}, {})
    env.install(a, b)
    kept = {str(env.site / each): "b" for each in ("tests/c.py", "tests/d.py", cache)}
    with env.store.begin() as transaction:
        transaction.prepare(env.stage(transaction, a), kept_files=kept, overwrite=True)
        assert {str(env.site / "tests/c.py"): ("a", "b")} == transaction.overwritten
        transaction.swap()
        transaction.commit(1)
    assert "other" == (env.site / "tests/c.py").read_text()
    assert (True, False) == ((env.site / "tests/d.py").exists(), (env.site / cache).exists())


def test_what_was_not_shared_is_never_overwritten(env: Env) -> None:
    """Only what the old version listed as well."""
    a, b = dist("a", {"a.py": ""}, {"tests/c.py": "other"}), dist("b", {"tests/c.py": "same"}, {})
    env.install(a, b)
    with pytest.raises(FileConflict):
        env.update(a, kept_files={str(env.site / "tests/c.py"): "b"}, overwrite=True)


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_unowned_file_is_a_conflict(env: Env, there: str) -> None:
    """Whatever it is."""
    a = dist("a", None, {"x.py": "new"})
    env.install(a)
    path = env.site / "x.py"
    {"file": lambda: path.write_text("mine"), "folder": path.mkdir, "link": lambda: path.symlink_to("y")}[there]()
    before = snapshot(env.prefix)
    with pytest.raises(FileConflict, match="which does not belong to any package being updated"):
        env.update(a)
    assert snapshot(env.prefix) == before


def test_file_where_a_folder_comes(env: Env) -> None:
    """The same the other way round."""
    a = dist("a", None, {"x/y.py": "new"})
    env.install(a)
    (env.site / "x").write_text("mine")
    with pytest.raises(FileConflict) as caught:
        env.update(a)
    assert caught.value.names == ("a",)


def test_equal_unowned_file_is_left(env: Env) -> None:
    """It is not ours to move, not by undo either."""
    a = dist("a", None, {"x.py": "same", "l": "same"})
    env.install(a)
    (env.site / "x.py").write_text("same")
    inode = (env.site / "x.py").stat().st_ino
    env.update(a)
    env.store.undo()
    assert (env.site / "x.py").stat().st_ino == inode


def test_two_bring_the_same_file(env: Env) -> None:
    """Equal ones are one; bytecode is equal enough; others are a conflict between the two."""
    cached = "tests/__pycache__/c.cpython-311.pyc"
    a, b = (dist(name, None, {"tests/c.py": "same", cached: name}) for name in "ab")
    c = dist("c", None, {"tests/c.py": "other"})
    env.install()
    env.update(a, b)
    assert (env.site / cached).read_text() == "b"
    env.store.undo()
    with pytest.raises(FileConflict) as caught:
        env.update(a, c)
    path = env.site / "tests/c.py"
    assert caught.value.message == f"a and c would install different files at {path}"
    assert caught.value.names == ("a", "c")


def test_two_that_have_shared_a_folder(env: Env) -> None:
    """Who had files of a folder in common before may go on so: the last one prevails, as with pip."""
    old = [dist(name, {"both/x.py": "old"}, {"both/x.py": name, "both/y.py": name, f"{name}.py": ""}) for name in "ab"]
    env.install(*old)
    env.update(*old)
    assert ("b", "b") == ((env.site / "both/x.py").read_text(), (env.site / "both/y.py").read_text())
    env.store.undo()
    assert (env.site / "both/x.py").read_text() == "old"
    assert not (env.site / "both/y.py").exists()


def test_who_had_shared_files_may_go_on(env: Env) -> None:
    """Where both had files in common in a folder before, the last one's prevails, as with pip; others may not join."""
    a, b = (dist(name, {"tests/c.py": "old"}, {"tests/c.py": name, "tests/d.py": name}) for name in "ab")
    c = dist("c", None, {"tests/c.py": "c"})
    env.install(a, b)
    env.update(a, b)
    assert [(env.site / "tests" / name).read_text() for name in ("c.py", "d.py")] == ["b", "b"]
    env.store.undo()
    with pytest.raises(FileConflict):
        env.update(a, b, c)


def test_two_bring_a_file_and_a_folder(env: Env) -> None:
    """That is a conflict between these two as well."""
    env.install()
    with pytest.raises(FileConflict) as caught:
        env.update(dist("a", None, {"x": "file"}), dist("b", None, {"x/y": "in a folder"}))
    assert caught.value.names == ("a", "b")


def test_link_in_place_of_a_folder_is_moved_itself(env: Env) -> None:
    """What a link leads to is never touched; undo brings the link back."""
    a = dist("a", {"a/x.py": "1"}, {"a/x.py": "2"})
    env.install(a)
    elsewhere = env.prefix / "elsewhere"
    (env.site / "a").rename(elsewhere)
    (env.site / "a").symlink_to(elsewhere)
    env.update(a)
    assert ((elsewhere / "x.py").read_text(), (env.site / "a").is_symlink()) == ("1", False)
    env.store.undo()
    assert (env.site / "a").readlink() == elsewhere


def test_link_of_somebody_else_stays(env: Env) -> None:
    """Where nothing that is listed is behind it, it does not match the old folder."""
    a = dist("a", {"a/sub/x.py": "1"}, {"b.py": "2"})
    env.install(a)
    (env.site / "a").rename(env.prefix / "elsewhere")
    (env.prefix / "elsewhere/sub/x.py").unlink()
    (env.site / "a").symlink_to(env.prefix / "elsewhere")
    assert env.steps(a) == [INFO_OUT, INFO_IN, ("in", "b.py")]


def test_link_for_others_too_stays(env: Env) -> None:
    """A link behind which another distribution has files stays, and so is in the way."""
    a = dist("a", {"ns/x.py": "1"}, {"ns/x.py": "2"})
    env.install(a)
    (env.site / "ns").rename(env.prefix / "elsewhere")
    (env.site / "ns").symlink_to(env.prefix / "elsewhere")
    with pytest.raises(FileConflict):
        env.steps(a, kept_files={str(env.site / "ns/other.py"): "b"})


def test_links_above_are_followed(env: Env, tmp_path: Path) -> None:
    """Prefix and site-packages may be reached by several paths: lib64 is a link to lib in many environments."""
    a = dist("a", {"a/x.py": "1"}, {"a/x.py": "2"})
    env.install(a)
    (env.prefix / "lib64").symlink_to("lib")
    (tmp_path / "alias").symlink_to(env.prefix)
    request = Request(
        old_files=[str(tmp_path / "alias" / path.replace("lib/", "lib64/")) for path in a.old],
        roots=[Root(folder=str(tmp_path / "staged"), owner="a")],
        kept={str(tmp_path / "alias" / SITE / "b.py"): "b"},
    )
    write(
        tmp_path / "staged" / (env.prefix / "lib64").relative_to("/"),
        {k.removeprefix("lib/"): v for k, v in a.new.items()},
    )
    layout = lay_out(request, prefix=str(tmp_path / "alias"), old_home="/old", fold=str)
    assert {Path(each.live).parent for each in layout.operations} == {env.site}


def test_missing_files_are_no_matter(env: Env) -> None:
    """RECORD lists what the user has deleted; an empty folder goes with its package."""
    a = dist("a", {"a/x.py": "1", "a/y.py": "1", "b/z.py": "1"}, {"a/x.py": "2"})
    env.install(a)
    (env.site / "a/y.py").unlink()
    (env.site / "a/empty/empty").mkdir(parents=True)
    (env.site / "b/z.py").unlink()
    before = snapshot(env.prefix)
    assert env.steps(a) == [("out", "a"), INFO_OUT, ("in", "a"), INFO_IN]
    env.update(a)
    env.store.undo()
    assert live(env.prefix) == before


def test_case_folding_file_system(tmp_path: Path) -> None:
    """Where Foo and foo are one, the old one is out before the new one comes, and both are known for one."""
    env = Env(tmp_path / "env")
    a = dist("a", {"Foo/X.py": "1"}, {"foo/x.py": "2"})
    env.install(a)
    for path, content in a.new.items():
        write(tmp_path / "staged" / env.prefix.relative_to("/"), {path: content})
    request = Request(
        old_files=[str(env.prefix / path) for path in a.old], roots=[Root(folder=str(tmp_path / "staged"), owner="a")]
    )
    layout = lay_out(request, prefix=str(env.prefix), old_home="/old", fold=str.casefold)
    assert [(type(each), Path(each.live).name) for each in layout.operations] == [
        *[(Out, "Foo"), (Out, "a-1.dist-info"), (In, "a-2.dist-info"), (In, "foo")],
    ]


def test_case_is_told_apart_here(tmp_path: Path) -> None:
    """The probe looks for the same folder in the other case."""
    (tmp_path / "new").mkdir()
    assert not folds_case(str(tmp_path / "new"))
    (tmp_path / "NEW").mkdir()
    assert folds_case(str(tmp_path / "new"))


def test_split_moves_files_only(env: Env) -> None:
    """And removes the emptied folders, so that undoing it makes them again with their modes."""
    a = dist("a", {"a/x.py": "1"}, {"a/x.py": "2"})
    env.install(a)
    (env.site / "a").chmod(0o750)
    (env.site / "a/void").mkdir()
    before = live(env.prefix)
    transaction = env.store.begin()
    with transaction:
        transaction.prepare(env.stage(transaction, a))
        transaction._split()
        steps = [each.encoded(os.path.basename) for each in env.workspace().layout().operations]
        transaction.swap()
        assert ((env.site / "a/x.py").read_text(), (env.site / "a/void").exists()) == ("2", False)
    assert [each[:2] for each in steps] == [
        *[["rmdir", "void"], ["out", "x.py"], ["rmdir", "a"]],
        *[["out", "METADATA"], ["out", "RECORD"], ["rmdir", "a-1.dist-info"]],
        *[["mkdir", "a"], ["in", "x.py"], ["mkdir", "a-2.dist-info"], ["in", "METADATA"], ["in", "RECORD"]],
    ]
    assert live(env.prefix) == before


def test_memory_for_each_file(env: Env) -> None:
    """An update of a hundred packages has tens of thousands of files: what is known of each is small."""
    files = {f"package/folder/module_{number}.txt": "" for number in range(1000)}
    a = dist("a", files, files)
    env.install(a)
    write(env.prefix.parent / "staged", a.new)
    request = Request(
        old_files=[str(env.prefix / path) for path in a.old],
        roots=[Root(folder=str(env.prefix.parent / "staged"), owner="a", base=str(env.prefix))],
    )
    tracemalloc.start()
    try:
        lay_out(request, prefix=str(env.prefix), old_home="/old", fold=str)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 1050 * len(files) > peak
