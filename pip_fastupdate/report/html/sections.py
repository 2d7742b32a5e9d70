"""The sections of the page as HTML; "" for an empty one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...core.models import Difference, KnownVulnerability, Report, Row
from ...core.text import duration, plural, size
from ..rows import GROUPS, Group, Summary, total_seconds
from .markup import badge, bar, folded, items, link, name, section, table, text

LEVELS = frozenset({"patch", "minor", "major", "calendar"})
SEVERITIES = frozenset({"low", "medium", "high", "critical", "malware"})


GRAPH = """\
<section hidden>
<h2>Who holds whom</h2>
<p class="soft">Who holds is on the left; who is held is on the right, with a bar. Choose a name to see its chain.</p>
<div id="graph" role="group" aria-label="Graph of who holds whom"></div>
</section>"""
"""The place where the script draws the graph; the table of held packages says the same."""


def sections(report: Report, facts: Summary) -> Iterator[str]:
    """Return all sections, the most important first."""
    yield cards(facts)
    yield moves(report, facts)
    yield failures(report, facts)
    yield GRAPH
    yield held(report, facts)
    yield vulnerabilities(report)
    yield changes(report)
    yield files(report)
    yield sizes(report)
    yield stages(report)
    yield remarks(report)
    yield section("The rest", rest(report, facts, "skipped"), rest(report, facts, "current"))


def cards(facts: Summary) -> str:
    """Return the count of each group."""
    words = {"upgraded": "would upgrade", "added": "would add", "removed": "would remove"} if facts.dry_run else {}
    counts = [(facts.count(each), words.get(each, _word(facts, each))) for each in GROUPS]
    told = "".join(f"<li><b>{count}</b>{word}</li>" for count, word in counts if count)
    return f'<ul class="cards">{told}</ul>' if told else ""


def _word(facts: Summary, group: Group) -> str:
    """Return the heading of a group: its packages are up to date only if all of them are."""
    if group != "current":
        return group
    return "unchanged" if any(each.status == "unchanged" for each in facts.group(group)) else "up to date"


def _named(report: Report, facts: Summary, *groups: Group) -> list[Row]:
    rows = {text(row.name): row for row in report.rows}
    wanted = [text(line.package) for each in groups for line in facts.group(each)]
    return [rows[each] for each in wanted if each in rows]


def moves(report: Report, facts: Summary) -> str:
    """Return the changes, with the size of each step."""
    rows = _named(report, facts, "upgraded", "added", "removed")
    if not rows:
        return ""
    header = ("Package", "From", "To", "Step", "Asked for", "Uploaded", "Download", "Remarks")
    kinds = ("head", "version", "version", "", "", "", "number", "why")
    title = "Planned changes" if facts.dry_run else "Changes"
    return section(
        title,
        table(
            f"{plural(len(rows), 'package')} {'would change' if facts.dry_run else 'changed'}",
            header,
            [_move(each) for each in rows],
            kinds=kinds,
        ),
    )


def _move(row: Row) -> tuple[str, Sequence[str]]:
    step = badge(row.level, LEVELS) if row.level else {"add": "new", "remove": "gone"}.get(row.action, "")
    direct = "" if row.direct is None else "yes" if row.direct else "no"
    download = size(row.size) if row.size is not None else ""
    to = text(row.target or "-") + (f" (newest: {text(row.latest)})" if row.latest not in (None, row.target) else "")
    told = items([each.text for each in row.reasons])
    cells = (
        name(row.name),
        text(row.installed or "-"),
        to,
        step,
        direct,
        text((row.uploaded or "")[:10]),
        download,
        told,
    )
    return row.name, cells


def failures(report: Report, facts: Summary) -> str:
    """Return the failures."""
    lines = facts.group("failed")
    rows = [(each.package, (text(each.package), text(each.latest), text(each.why))) for each in lines]
    header, kinds = ("Package", "Version", "Why"), ("head", "version", "why")
    return (
        section("Failed", table(f"{plural(len(rows), 'package')} that failed", header, rows, kinds=kinds))
        if rows
        else ""
    )


def held(report: Report, facts: Summary) -> str:
    """Return the held packages and the reasons."""
    rows = _named(report, facts, "held")
    if not rows:
        return ""
    lines = [(row.name, (name(row.name), text(row.target or "-"), text(row.latest or "-"), _why(row))) for row in rows]
    header, kinds = ("Package", "Installed", "Newest", "Why"), ("head", "version", "version", "why")
    return section("Held", table(f"{plural(len(rows), 'package')} held", header, lines, kinds=kinds))


def _why(row: Row) -> str:
    return items([each.text for each in row.reasons])


def vulnerabilities(report: Report) -> str:
    """Return the known vulnerabilities, fixed or not."""
    found = [(row, each) for row in report.rows for each in row.vulnerabilities]
    if not found:
        return ""
    header = ("Package", "Id", "Severity", "Summary", "Fixed in", "After this run")
    kinds = ("head", "version", "", "why", "version", "")
    title = plural(len(found), "known vulnerability").replace("vulnerabilitys", "vulnerabilities")
    return section(
        "Known vulnerabilities", table(title, header, [_vulnerability(*each) for each in found], kinds=kinds)
    )


def _vulnerability(row: Row, found: KnownVulnerability) -> tuple[str, Sequence[str]]:
    word = "malware" if found.malware else found.severity
    state = "ignored" if found.ignored else "remains" if found.remains else "fixed"
    also = items([found.id, *found.aliases])
    fixed = text(found.fixed_in or found.fix)
    return row.name, (name(row.name), also, badge(word, SEVERITIES), text(found.summary), fixed, state)


def changes(report: Report) -> str:
    """Return what the new versions change, if requested."""
    told = [(row, row.changes) for row in report.rows if row.changes is not None]
    return section("What is new", *(_change(row, each) for row, each in told))


def _change(row: Row, told: Difference) -> str:
    versions = f"{row.installed} \N{RIGHTWARDS ARROW} {row.target}" if row.installed else f"{row.target} (new)"
    between = f", {plural(told.releases, 'release')} between" if told.releases else ""
    rows = [("", (what, cell)) for what, cell in _differences(told)]
    listed = table(f"Changes of {text(row.name)}", ("What", "How"), rows, kinds=("head", "why")) if rows else ""
    return f"<h3>{name(row.name)} {text(versions + between)}</h3>\n{listed}"


def _differences(told: Difference) -> Iterator[tuple[str, str]]:
    for what, url in told.links:
        yield text(what), link(url)
    for title, values in (
        ("new requirements", told.requires_added),
        ("dropped requirements", told.requires_dropped),
        ("new commands", told.commands_added),
        ("dropped commands", told.commands_dropped),
    ):
        if values:
            yield title, items(values)
    for title, pair in (
        ("Python", told.python),
        ("license", told.license),
        ("files", told.files),
        ("compiled files", told.native),
    ):
        if pair:
            yield title, text(f"{pair[0] or 'not stated'} \N{RIGHTWARDS ARROW} {pair[1] or 'not stated'}")
    if told.size:
        yield "size", text(" \N{RIGHTWARDS ARROW} ".join(size(int(each)) for each in told.size))


def files(report: Report) -> str:
    """Return the diffs of the project's files."""
    diffs = [each for each in report.files if each.diff]
    return section("Project files", *(f"<h3>{text(str(each.path))}</h3>{_diff(each.diff)}" for each in diffs))


def _diff(diff: str) -> str:
    return f"<pre>{chr(10).join(text(line) for line in diff.splitlines())}</pre>"


def sizes(report: Report) -> str:
    """Return the downloads, the largest first; the smaller ones in one line."""
    found = sorted(((row.size, row.name) for row in report.rows if row.size), reverse=True)
    if not found:
        return ""
    shown, small = found[:20], found[20:]
    most = max(shown[0][0], sum(each for each, _ in small))
    rows = [(package, (name(package), size(count), bar(0, count / most))) for count, package in shown]
    if small:
        count = sum(each for each, _ in small)
        rows.append(("", (f"{len(small)} smaller ones", size(count), bar(0, count / most))))
    total = f"{size(sum(count for count, _ in found))} in {plural(len(found), 'file')}"
    return section(
        "Sizes", table(total, ("Package", "Download", "Share"), rows, kinds=("head", "number", ""), mark="chart")
    )


def stages(report: Report) -> str:
    """Return the stages on a timeline."""
    spans = {stage: seconds for stage, seconds in report.stats.seconds.items() if stage != "total"}
    total = max(total_seconds(report.stats.seconds), sum(spans.values()))
    if not total:
        return ""
    rows, start = [], 0.0
    for stage, seconds in spans.items():
        rows.append(("", (text(stage), duration(seconds), bar(start / total, seconds / total))))
        start += seconds
    caption = f"{duration(total)} in total, {plural(report.stats.requests, 'request')}"
    return section(
        "Timeline", table(caption, ("Stage", "Time", "When"), rows, kinds=("head", "number", ""), mark="chart")
    )


def remarks(report: Report) -> str:
    """Return warnings, programs to restart and leftover packages."""
    told = list(report.warnings)
    told += [f"still running the old versions: {each.command} (pid {each.pid})" for each in report.running]
    told += [f"added by an earlier update and no longer required: {each}" for each in report.leftovers]
    return section("Remarks", f"<ul>{''.join(f'<li>{text(each)}</li>' for each in told)}</ul>") if told else ""


def rest(report: Report, facts: Summary, group: Group) -> str:
    """Return the remaining packages of a group, folded away."""
    rows = _named(report, facts, group)
    if not rows:
        return ""
    word = _word(facts, group)
    lines = [(row.name, (name(row.name), text(row.installed or "-"), _why(row))) for row in rows]
    header, kinds = ("Package", "Version", "Remarks"), ("head", "version", "why")
    return folded(f"{len(rows)} {word}", table(f"{len(rows)} {word}", header, lines, kinds=kinds))
