"""The parts of the benchmarks that decide what the figures mean."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean, median
from xml.etree import ElementTree as ET

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from benchmarks import chart, pages, results
from benchmarks.__main__ import PINS
from benchmarks.cases import CASES, goals, real_key
from benchmarks.measure import Figures, Run
from benchmarks.run import ToolFailed, alternate
from benchmarks.tools import Tool, count_found, find_tools, stages_of
from benchmarks.world import make_world
from tests.support.environments import Env


def run(seconds: float, **options: object) -> Run:
    """A run that took so long."""
    return Run(seconds=seconds, cpu_seconds=seconds, peak_bytes=50 * 1024**2, exit_code=0, **options)


def figures(**seconds: float) -> dict[str, Figures]:
    """One run of each tool."""
    named = {each.replace("_", "-"): took for each, took in seconds.items()}
    return {name: Figures(tool=name, runs=(run(took),)) for name, took in named.items()}


def tool(name: str) -> Tool:
    """A tool without commands."""
    return Tool(name=name, version="1", commands={})


def test_smaller_worlds_are_the_beginning_of_larger_ones() -> None:
    """So 1000 and 5000 differ in size alone."""
    assert make_world(30) == make_world(60)[:30]


def test_installed_and_newest_versions_are_consistent() -> None:
    """Every requirement is satisfied today and after the update."""
    world = make_world(200)
    installed = {each.name: Version(each.installed) for each in world}
    latest = {each.name: Version(each.latest) for each in world}
    for project in world:
        assert all(installed[each.name] in each.specifier for each in map(Requirement, project.required_before))
        assert all(latest[each.name] in each.specifier for each in map(Requirement, project.requires))
        assert project.outdated or project.requires == project.required_before


def test_versions_rise_and_some_are_outdated() -> None:
    """Oldest first, as many outdated as asked for."""
    world = make_world(400)
    assert all(list(each.versions) == sorted(each.versions, key=Version) for each in world)
    assert 0.3 < mean(each.outdated for each in world) < 0.5
    assert all(each.outdated for each in make_world(50, outdated=1.0))


def test_pages_have_the_sizes_of_real_ones() -> None:
    """A median of about 125 kB."""
    world = make_world(300)
    sizes = [len(pages.json_api_page(each, pages.offered_files(each, {}, {}), "http://x")) for each in world]
    assert 95_000 < median(sizes) < 155_000


def test_pages_tell_the_same_files() -> None:
    """Both APIs offer the same files with the same hashes."""
    project = make_world(1)[0]
    files = pages.offered_files(project, {}, {})
    body = json.loads(pages.json_api_page(project, files, "http://x"))
    simple = json.loads(pages.simple_json_page(project, files))
    hashes = {each["filename"]: each["digests"]["sha256"] for release in body["releases"].values() for each in release}
    assert {each["filename"]: each["hashes"]["sha256"] for each in simple["files"]} == hashes
    assert body["info"]["version"] == project.latest


def test_tools_take_turns() -> None:
    """Every round begins with another tool; the warm-up is not counted."""
    order: list[str] = []

    def once(each: Tool) -> Run:
        order.append(each.name)
        return run(1.0)

    measured = alternate(once, [tool("a"), tool("b")], 2, 30.0, warm_up=True)
    assert order == ["b", "a", "a", "b", "b", "a"]
    assert {name: len(each.runs) for name, each in measured.items()} == {"a": 2, "b": 2}


def test_slow_peers_run_once_and_failing_ones_are_left_out() -> None:
    """pip-update itself is measured in every round, however slow."""

    def once(each: Tool) -> Run:
        if each.name == "broken":
            raise ToolFailed("it ended with 1")
        return run(60.0)

    measured = alternate(once, [tool("pip-update"), tool("pip"), tool("broken")], 3, 30.0, warm_up=False)
    assert {name: len(each.runs) for name, each in measured.items()} == {"pip-update": 3, "pip": 1}


def test_goals_are_ratios_of_what_was_measured() -> None:
    """Goals without figures are left out."""
    made = goals({("outdated", 1000): figures(pip_update=1.0, uv=2.0), ("aider", 70): figures(pip_update=3.0, pip=6.0)})
    assert [(each.key, each.value, each.reached) for each in made] == [
        ("P1", 0.5, True),
        ("P8", 50.0, True),
        ("P4", 0.5, False),
        ("P14", 50.0, True),
    ]


def test_goals_of_a_second_environment_and_of_bytecode() -> None:
    """On the generated index and in real environments alike; memory and unnamed time are those of pip-update."""
    stages = {"stage": 1.0, "swap": 0.5, "total": 2.0}
    own = {"pip-update": Figures(tool="pip-update", runs=(run(2.0, stages=stages),))}
    site = real_key("site", CASES["bytecode"])
    made = goals({("bytecode-second", 200): own | figures(uv=10.0, pip=10.0), (site, 84): own | figures(uv=4.0)})
    assert [(each.key, each.value, each.reached) for each in made] == [
        ("P12", 0.2, False),
        ("P12", 0.2, True),
        ("P13", 0.25, False),
        ("P12", 0.5, True),
        ("P13", 0.25, False),
        ("P14", 50.0, True),
    ]
    assert "site: update 84 distributions and compile them, cold" == results.title(site, 84)


def test_the_real_environment_at_hand_is_pinned() -> None:
    """Each line of it names one version, and none a project twice."""
    pins = [Requirement(line) for line in PINS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert all(len(each.specifier) == 1 and "==" in str(each.specifier) for each in pins)
    assert 90 < len({each.name for each in pins}) == len(pins)


def test_growth_compares_the_two_sizes() -> None:
    """P9."""
    made = goals({("scale", 1000): figures(pip_update=2.0), ("scale", 5000): figures(pip_update=12.0)})
    assert [(each.key, each.value, each.reached) for each in made] == [("P9", 6.0, False), ("P9", 1.0, True)]


def test_results_are_read_back_and_merged(tmp_path: Path) -> None:
    """A case measured anew replaces the old one, others stay."""
    file = tmp_path / "results.json"
    tools = [tool("pip-update"), tool("uv")]
    results.save(file, {("warm", 1000): figures(uv=1.0), ("update", 200): figures(uv=3.0)}, tools, {})
    results.save(file, {("warm", 1000): figures(pip_update=0.5, uv=2.0)}, tools, {})
    read = results.load(file)
    assert list(read) == [("update", 200), ("warm", 1000)]
    assert {name: each.seconds for name, each in read["warm", 1000].items()} == {"pip-update": 0.5, "uv": 2.0}


def test_table_shows_medians_and_ratios() -> None:
    """Ours over its."""
    text = results.table({("warm", 1000): figures(pip_update=0.5, uv=2.0)})
    assert text.splitlines()[0] == CASES["warm"].title.format(size=1000)
    assert [line.split()[:5] for line in text.splitlines()[2:]] == [
        ["pip-update", "0.50", "0.50", "0.50", "1"],
        ["uv", "2.00", "2.00", "2.00", "1"],
    ]
    assert "0.25" in text


def test_chart_is_well_formed_and_to_scale() -> None:
    """Bars are as long as the times they stand for."""
    drawn = ET.fromstring(chart.draw({("warm", 1000): figures(pip_update=0.5, uv=2.0)}))
    widths = [float(each.get("width", "0")) for each in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[1] / widths[0] == pytest.approx(4, rel=0.01)
    assert "pip-update 500 ms" in drawn.get("aria-label", "")


def test_found_updates_are_read_from_each_output() -> None:
    """So that all tools are seen to do the same work."""
    report = json.dumps({"packages": [{"action": "upgrade"}, {"action": "hold"}], "stats": {"seconds": {"plan": 0.1}}})
    assert count_found(tool("pip-update"), "outdated", report) == 1
    assert count_found(tool("uv"), "outdated", '[{"name": "a"}]') == 1
    assert count_found(tool("pip-review"), "outdated", "a==1\nb==2\n") == 2
    assert count_found(tool("pip"), "update", "Successfully installed") is None
    assert stages_of(tool("pip-update"), report) == {"plan": 0.1}
    assert stages_of(tool("pip-update"), "no JSON") == {}


def test_commands_name_interpreter_index_and_cache(tmp_path: Path) -> None:
    """Without an index the configured one is asked; peers that need the names get them."""
    env = Env(path=tmp_path, python=tmp_path / "bin/python", site_packages=tmp_path)
    own = find_tools(["pip-update"])[0].command("outdated", env, None, tmp_path)
    pip = find_tools(["pip"])[0].command("update", env, "http://x/simple", tmp_path, ["a", "b"])
    assert (own[0], own[-2:], "--index-url" in " ".join(own)) == (str(env.python), ["--check", "--format=json"], False)
    assert pip[-3:] == ["--index-url=http://x/simple", "a", "b"]
