"""Two revisions beside each other, in words: who deployed them, what changed, what is not known, what failed.

No I/O but through rich.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from rich.text import Text

from classifiers.changes import Difference
from classifiers.compare import Compared, Course, Failing
from classifiers.edges import Flow
from classifiers.service_names import plain_name
from collector.records import Revision
from collector.window import Window, format_ns
from logtriage.escape import plain
from logtriage.fail_on import Verdict
from logtriage.flow_view import FlowRow, flow_json, view_flow
from logtriage.lines import Line
from logtriage.terminal import WIDTH, Page, draw_table
from logtriage.wording import change_mark, day_clock, plural, short_revision, unit_word

__all__ = ["ChangeRow", "Comparison", "DiffView", "FailedRow", "comparison_json", "draw_diff", "view_diff"]

_COMMIT = 12
_CELL = 60
_SHOWN: dict[Course, int] = {"cannot tell": 5, "alike": 3}  # of these courses; the others are all told
_LEFT = {"cannot tell": "cannot tell", "alike": "no difference is shown"}
_ADVICE = 20  # times what both served: more would never be waited for
_WORDS = {"both": "both code and configuration"}
_LABELS: dict[Course, str] = {
    "new": "NEW", "grown": "GROWN", "cannot tell": "OPEN", "less": "LESS", "stopped": "GONE", "alike": "ALIKE",
}  # fmt: skip


class Comparison(Struct, frozen=True):
    """Two revisions with their difference. `failing` is None where failures were not compared; `why_not` says why.

    `commits` is a link to the commits between them, None where that is not known; `renamed` the names that keys which
    are gone may have now; `flow` what they do differently inside traces, None where that was not looked at.
    """

    before: Revision
    after: Revision
    difference: Difference
    failing: Failing | None
    why_not: str
    window: Window | None
    commits: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    flow: Flow | None = None


class ChangeRow(Struct, frozen=True):
    """One change: `- KEY`, its type, and source and version before and after."""

    mark: str
    type: str
    before: str
    after: str


class FailedRow(Struct, frozen=True):
    """One cluster: its course as a label, the rates, its title and id."""

    label: str
    rates: str
    title: str
    id: str

    @property
    def text(self) -> str:
        """All but the label."""
        return f"{self.rates}: {self.title} ({self.id})"


class DiffView(Struct, frozen=True):
    """The context of diff.md.j2 and of the terminal. Texts are plain, times UTC."""

    title: str
    about: tuple[Line, ...]
    changes: tuple[ChangeRow, ...]
    unknown: tuple[str, ...]
    served: str
    failed: tuple[FailedRow, ...]
    steps: str
    flow: tuple[FlowRow, ...]


def view_diff(found: Comparison) -> DiffView:
    """The comparison in words."""
    one, two, difference = found.before, found.after, found.difference
    changes = tuple(
        ChangeRow(change_mark(change), change.type, _cell(change.before), _cell(change.after))
        for change in difference.changes
    )
    sections = zip(difference.unknown, difference.reasons, strict=True)
    label = _WORDS.get(difference.label, difference.label)
    steps, flow = view_flow(found.flow, one, two)
    return DiffView(
        title=f"{_pair(one, two)}: {label}",
        about=_about(found),
        changes=changes,
        unknown=tuple(f"{plain(section, 80)}: {plain(why, 300)}" for section, why in sections),
        served=_served(found),
        failed=tuple(_failed_rows(found)),
        steps=steps,
        flow=flow,
    )


def draw_diff(view: DiffView, width: int = WIDTH) -> Text:
    """The view for a terminal; a table of changes that does not fit is told in lines."""
    page = Page(width)
    page.row(view.title, "bold", hang=4)
    page.lines(view.about)
    if view.changes:
        page.gap()
        _draw_changes(page, view.changes, width)
    if view.unknown:
        page.gap()
    for number, text in enumerate(view.unknown):
        page.line(Line("" if number else "OPEN", f"not known: {text}"))
    page.gap()
    page.line(Line("SERVED", view.served))
    for row in view.failed:
        page.line(Line(row.label, row.text), "red" if row.label in {"NEW", "GROWN"} else "")
    if view.steps:
        page.gap()
        page.line(Line("STEPS", view.steps))
    for step in view.flow:
        page.line(Line(step.label, step.text), "red" if step.label == "LOST" else "")
    return page.text


def _draw_changes(page: Page, changes: Sequence[ChangeRow], width: int) -> None:
    rows = [(row.mark, row.type, row.before, row.after) for row in changes]
    table = draw_table(("change", "type", "before", "after"), rows)
    if all(line.cell_len <= width for line in table.split("\n")):
        page.append(table)
        return
    for row in changes:
        page.row(row.mark if row.mark[2:] == row.type else f"{row.mark}   {row.type}", "bold", hang=4)
        for word, text in (("before", row.before), ("after", row.after)):
            if text:
                page.row(f"{word} {text}", indent=4, hang=6)


def comparison_json(found: Comparison, verdict: Verdict) -> dict[str, Any]:
    """The comparison as plain JSON values."""
    sections = zip(found.difference.unknown, found.difference.reasons, strict=True)
    return {
        "before": _revision_json(found.before),
        "after": _revision_json(found.after),
        "label": found.difference.label,
        "changes": [
            {"type": one.type, "name": one.name, "before": one.before, "after": one.after}
            for one in found.difference.changes
        ],
        "commits": found.commits,
        "renamed": dict(sorted(found.renamed.items())),
        "unknown": [{"section": section, "why": why} for section, why in sections],
        "window": _window_json(found.window) if found.window else None,
        "failures": _failing_json(found.failing) if found.failing else None,
        "failures_not_compared": found.why_not or None,
        "flow": flow_json(found.flow) if found.flow else None,
        "fail_on": {"matched": list(verdict.matched), "cannot_tell": list(verdict.open)},
    }


def _about(found: Comparison) -> tuple[Line, ...]:
    """Both revisions, their commits, and what a reader might take amiss."""
    one, two = found.before, found.after
    lines = [Line("FROM", _revision_words(one)), Line("TO", _revision_words(two))]
    commits = [plain(revision.commit)[:_COMMIT] for revision in (one, two)]
    if any(commits):
        told = " -> ".join(commit or "not known" for commit in commits)
        lines.append(Line("COMMIT", "   ".join(filter(None, (told, plain(found.commits or ""))))))
    for old, new in sorted(found.renamed.items()):
        lines.append(Line("NOTE", f"{plain(old, 80)} may be {plain(new, 80)} now: it holds the same"))
    is_same = (one.project, one.service) == (two.project, two.service)
    if is_same and one.created_ns is not None and two.created_ns is not None and one.created_ns > two.created_ns:
        lines.append(Line("NOTE", "the first one named was deployed after the second: this tells the way back"))
    return tuple(lines)


def _pair(one: Revision, two: Revision) -> str:
    """`shop 00007-abc -> 00008-bad`, or both in full where they are of two services."""
    if (one.project, one.service) != (two.project, two.service):
        return f"{plain(one.revision, 80)} -> {plain(two.revision, 80)}"
    names = [short_revision(revision.revision, revision.service) for revision in (one, two)]
    return f"{plain(one.service, 60)} {' -> '.join(names)}"


def _cell(text: str | None) -> str:
    """At most 60 characters, the last ones: there a digest, a version or a tag stands."""
    told = plain(text or "")
    return told if len(told) <= _CELL else f"...{told[3 - _CELL :]}"


def _revision_words(one: Revision) -> str:
    """`shop 00008-bad   created 2026-09-14 19:59 by NAME with gcloud   traffic 2026-09-14 20:00 on   96 requests`."""
    told = [f"{plain(one.service, 60)} {short_revision(one.revision, one.service)}"]
    by = "".join(f" {word} {plain(name, 80)}" for word, name in (("by", one.actor), ("with", one.tool)) if name)
    instants = (("created", one.created_ns), ("ready", one.ready_ns), ("first seen", one.first_seen_ns))
    told += [f"{word} {day_clock(at_ns)}{by}" for word, at_ns in instants if at_ns is not None][:1]
    if one.failed_ns is not None and one.ready_ns is None:
        why = f": {plain(one.failure, 120)}" if one.failure else ""
        told.append(f"failed {day_clock(one.failed_ns)}{why}")
    told.append(_traffic_words(one))
    told.append(
        f"{plural(one.requests, 'request')} in all"
        + (f", last seen {day_clock(one.last_seen_ns)}" if one.last_seen_ns else "")
    )
    return "   ".join(told)


def _traffic_words(one: Revision) -> str:
    """When it took traffic, with the largest share that routing gave it, and what is odd about it."""
    if not one.periods:
        told = "no traffic known" if one.traffic_ns is None else f"traffic since {day_clock(one.traffic_ns)}"
    else:
        last = one.periods[-1].to_ns
        told = f"traffic {day_clock(one.periods[0].from_ns)} {'on' if last is None else f'to {day_clock(last)}'}"
        told += " at the latest" if one.periods[-1].ends_by else ""
        shares = [period.percent for period in one.periods if period.percent is not None]
        told += f", {max(shares)} %" if shares else ""
        told += f", in {len(one.periods)} periods" if len(one.periods) > 1 else ""
    told += f", deleted {day_clock(one.deleted_ns)}" if one.deleted_ns is not None else ""
    told += "".join(f", rolled back to {day_clock(at_ns)}" for at_ns in one.rolled_back_ns[-1:])
    return (
        told + (", pinned" if one.is_pinned else "") + (f", tag {plain(', '.join(one.tags), 60)}" if one.tags else "")
    )


def _served(found: Comparison) -> str:
    failing = found.failing
    if failing is None:
        return f"failures are not compared: {found.why_not}"
    unit = unit_word(failing.unit, 2)
    one, two = (short_revision(name, found.before.service) for name in (found.before.revision, found.after.revision))
    told = f"{failing.served_before:,} {unit} on {one}, {failing.served_after:,} on {two}"
    told += ", health checks and scanners left out" if failing.unit == "requests" else ""
    if failing.together:
        return f"{told}; both in the same {plural(failing.together, 'minute')}"
    return f"{told}; never in the same minute, so what else changed between them is in these rates too"


def _failed_rows(found: Comparison) -> list[FailedRow]:
    failing = found.failing
    if failing is None:
        return []
    if not failing.clusters:
        return [FailedRow("FAILED", "0 clusters on either of them", "nothing failed", "none")]
    rows: list[FailedRow] = []
    for course in _LABELS:
        own = [one for one in failing.clusters if one.course == course]
        most = _SHOWN.get(course, len(own))
        rows += [_failed_row(one, found) for one in own[:most]]
        if len(own) > most:
            rows.append(FailedRow("", f"{len(own) - most:,} more", _LEFT[course], "--format json lists them"))
    return rows


def _failed_row(one: Compared, found: Comparison) -> FailedRow:
    """Effect size first, then the counts, then how sure."""
    service = found.before.service
    before, after = (short_revision(name, service) for name in (found.before.revision, found.after.revision))
    unit = unit_word(one.unit, 2)
    rates = f"{_of(one.failures_after, one.exposed_after, unit)} on {after}, "
    rates += f"{_of(one.failures_before, one.exposed_before, '')} on {before}"
    if one.ratio is not None and one.course in {"grown", "less"}:
        rates = f"{one.ratio:.2g} x, {rates}"
    return FailedRow(
        _LABELS[one.course], rates + _how_sure(one, found), plain(one.title, 150), plain(one.cluster_id, 60)
    )


def _of(failures: int, exposed: int, unit: str) -> str:
    """`94/96 requests`; where nothing is known to have been asked, that."""
    if exposed:
        return f"{failures:,}/{exposed:,} {unit}".rstrip()
    return f"{failures:,}, of how many is not known," if failures else "nothing known to have been asked"


def _how_sure(one: Compared, found: Comparison) -> str:
    if one.course == "cannot tell":
        name = found.before.revision if one.needed_on == "before" else found.after.revision
        told = "; cannot tell"
        if one.needed and one.needed <= _ADVICE * (one.exposed_before + one.exposed_after):
            told += f", {one.needed:,} more {unit_word(one.unit, one.needed)} without it on "
            told += f"{short_revision(name, found.before.service)} would"
    elif one.course == "alike":
        told = ", no difference is shown"
    else:
        told = f", p {one.p_value:.1g}" if one.p_value >= 1e-6 else ", p < 1e-6"  # noqa: PLR2004 - smaller ones say no more
    others = len(one.elsewhere)
    return told + (f"; on {plural(others, 'other revision')} too" if others else "")


def _revision_json(one: Revision) -> dict[str, Any]:
    instants = {
        "created": one.created_ns, "ready": one.ready_ns, "failed": one.failed_ns, "traffic": one.traffic_ns,
        "first_seen": one.first_seen_ns, "last_seen": one.last_seen_ns,
    }  # fmt: skip
    return {
        "project": one.project,
        "service": plain_name(one.service),
        "location": one.location or None,
        "revision": one.revision,
        **{name: None if at_ns is None else format_ns(at_ns, digits=9) for name, at_ns in instants.items()},
        "requests": one.requests,
        "actor": one.actor,
        "tool": one.tool,
        "commit": one.commit or None,
        "has_configuration": one.config is not None,
    }


def _window_json(window: Window) -> dict[str, str]:
    return {"start": format_ns(window.start_ns, digits=9), "end": format_ns(window.end_ns, digits=9)}


def _failing_json(failing: Failing) -> dict[str, Any]:
    return {
        "unit": failing.unit,
        "served_before": failing.served_before,
        "served_after": failing.served_after,
        "minutes_together": failing.together,
        "clusters": [
            {
                "id": one.cluster_id,
                "title": one.title,
                "course": one.course,
                "unit": one.unit,
                "before": {"failures": one.failures_before, "exposed": one.exposed_before},
                "after": {"failures": one.failures_after, "exposed": one.exposed_after},
                "ratio": one.ratio,
                "p_value": one.p_value,
                "needed": one.needed,
                "needed_on": one.needed_on,
                "elsewhere": list(one.elsewhere),
            }
            for one in failing.clusters
        ],
    }
