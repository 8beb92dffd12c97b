"""What `logtriage show` tells beside a cluster's verdict: trend, entries, why together, what is near. No I/O."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins
from msgspec.structs import asdict

from classifiers.findings import Cluster, FailingSpan
from collector.window import format_ns
from logtriage.escape import plain
from logtriage.wording import Near, clock, day_clock, plural, short_revision, span_words, unit_word

if TYPE_CHECKING:
    from classifiers.examine import EntryLine, Examination, Part, SignatureLine, Trend
    from classifiers.neighbours import Neighbour
    from logtriage.diagrams.drawings import Drawings
    from logtriage.report_view import ClusterView

__all__ = ["NOT_EXAMINED", "ExaminedView", "ShowView", "SignatureView", "examined_json", "shown_ids", "view_examined"]

_BARS = "▁▂▃▄▅▆▇█"
_NONE, _UNSEEN = "·", " "  # nothing failed; nothing was asked
_EDGE = 5  # entries shown from the beginning, and as many from the end
_SIGNATURES = 20  # told of a cluster; a crowd has thousands
_TEXT, _TITLE, _PART = 160, 160, 300
# Why a signature is in a cluster; of a rule that is not listed its name is told.
_RULES = {
    "lead": "leads the cluster: it tells most",
    "same_place": "the same exception from the same place of the code",
    "same_exception": "tells the same exception, together with it",
    "names_it": "holds the text of the exception, together with it",
    "heads": "written straight before the trace of the exception, each time",
    "request": "the request that failed of it",
    "limit": "requests of its route that ended at the same time limit",
    "called": "the same statement of another call, which failed of the same cause",
    "folded": "the requests that failed of it",
    "merged": "merged by a rule of config.yaml",
}


class SignatureView(Struct, frozen=True):
    """One signature: what it is, why it is in, and its parts."""

    heading: str
    why: str
    counted: str
    told: str
    template: str


class ExaminedView(Struct, frozen=True):
    """Texts are plain, times UTC; all of it may be empty."""

    trends: tuple[tuple[str, ...], ...]  # each a line about it, then lines of equal columns
    entries_title: str
    entries: tuple[tuple[str, str], ...]  # time, revision and id; what it says
    entries_left: str
    spans: tuple[tuple[str, str], ...]  # time, operation, trace and span; what was thrown
    signatures: tuple[SignatureView, ...]
    rules: tuple[str, ...]
    neighbours: tuple[tuple[str, str], ...]  # what it is; why it is near and why not in it


class ShowView(Struct, frozen=True):
    """The context of show.md.j2."""

    cluster: "ClusterView"
    examined: ExaminedView
    drawings: "Drawings"


NOT_EXAMINED = ExaminedView((), "", (), "", (), (), (), ())


def shown_ids(examination: "Examination", *, is_all: bool) -> tuple[str, ...]:
    """The entries to show: all, or the first and the last ones."""
    ids = examination.insert_ids
    return ids if is_all or len(ids) <= 2 * _EDGE else (*ids[:_EDGE], *ids[-_EDGE:])


def view_examined(
    cluster: Cluster, examination: "Examination", entries: tuple["EntryLine", ...], *, near: Near
) -> ExaminedView:
    """The texts of an examination; `entries` are those to show, by time."""
    many = len(examination.insert_ids)
    left = many - len(entries)
    return ExaminedView(
        trends=tuple(_trend(cluster, one, near) for one in examination.trends),
        entries_title=f"ENTRIES: {plural(many, 'entry', 'entries')} in this window" if entries else "",
        entries=tuple(_entry(one, cluster, near) for one in entries),
        entries_left=f"{left:,} more between the first and the last: --all shows them" if left > 0 else "",
        spans=tuple(_span(one, near) for one in cluster.spans),
        signatures=tuple(_signature(one) for one in examination.signatures[:_SIGNATURES]),
        rules=(
            *_left(examination),
            *(
                f"clusters.rules[{number}] of config.yaml had a hand in this" + (f": {plain(why, 200)}" if why else "")
                for number, why in examination.rules
            ),
        ),
        neighbours=tuple(_neighbour(one) for one in examination.neighbours),
    )


def _left(examination: "Examination") -> tuple[str, ...]:
    left = len(examination.signatures) - _SIGNATURES
    return (f"{plural(left, 'more signature')}: --format json lists them",) if left > 0 else ()


def examined_json(examination: "Examination", entries: tuple["EntryLine", ...]) -> dict[str, Any]:
    """The examination as plain JSON values; `entries` are those to show, by time."""
    return {
        "trends": [_trend_json(one) for one in examination.trends],
        "entries": [_entry_json(one) for one in entries],
        "entries_total": len(examination.insert_ids),
        "signatures": to_builtins(examination.signatures),
        "rules": [number for number, _ in examination.rules],
        "neighbours": [asdict(one) for one in examination.neighbours],
    }


def _trend_json(trend: "Trend") -> dict[str, Any]:
    return {
        "start": format_ns(trend.start_ns, digits=9),
        "column_s": trend.column_ns // 1_000_000_000,
        "unit": trend.unit,
        "failed": list(trend.failed),
        "exposed": list(trend.exposed),
    }


def _entry_json(entry: "EntryLine") -> dict[str, Any]:
    told = asdict(entry)
    return {**told, "at": format_ns(told.pop("at_ns"), digits=9)}


def _trend(cluster: Cluster, trend: "Trend", near: Near) -> tuple[str, ...]:
    """A line of columns for what failed, one for what was exposed, and a mark below the onset."""
    if not trend.failed:
        return ()
    unit = unit_word(trend.unit, 2)
    wide = max(len(unit), len("failed"))
    place = (cluster.onset.at_ns - trend.start_ns) // trend.column_ns
    each = span_words(trend.column_ns)
    most = f"at most {max(trend.failed):,} failed in one, of at most {max(trend.exposed):,} {unit}"
    lines = [
        f"a column is {each}, from {day_clock(trend.start_ns)} UTC; {most}",
        f"{'failed':<{wide}}  {_bars(trend.failed, trend)}",
        f"{unit:<{wide}}  {_bars(trend.exposed, trend)}",
    ]
    if 0 <= place < len(trend.failed):
        mark = f"began {clock(cluster.onset.at_ns, near)}"
        is_left = place > len(mark)
        pad = " " * (wide + 2 + (place - len(mark) - 1 if is_left else place))
        lines.append(f"{pad}{mark} ^" if is_left else f"{pad}^ {mark}")
    return tuple(lines)


def _bars(counts: tuple[int, ...], trend: "Trend") -> str:
    highest = max(counts, default=0)
    text = []
    for many, exposed, failed in zip(counts, trend.exposed, trend.failed, strict=True):
        if many:
            text.append(_BARS[min((many * len(_BARS) - 1) // highest, len(_BARS) - 1)])
        else:
            text.append(_NONE if exposed or failed else _UNSEEN)
    return "".join(text)


def _entry(entry: "EntryLine", cluster: Cluster, near: Near) -> tuple[str, str]:
    revision = short_revision(entry.revision, cluster.service)
    seconds = format_ns(entry.at_ns, digits=3)[16:23]
    head = f"{clock(entry.at_ns, near)}{seconds} {revision or '-'}  {plain(entry.insert_id, 80)}"
    return head, plain(entry.text, _TEXT) or "(no text)"


def _span(one: FailingSpan, near: Near) -> tuple[str, str]:
    seconds = format_ns(one.at_ns, digits=3)[16:23]
    weak = "" if one.joined == "trace" else "  (by time: its entries carry no trace)"
    head = f"{clock(one.at_ns, near)}{seconds} {plain(one.operation, 80)}  {one.trace}/{one.span}{weak}"
    return head, plain(one.text, _TEXT) or "(its status alone)"


def _signature(one: "SignatureLine") -> SignatureView:
    share = f" ({one.share:.0%} of the time)" if one.share is not None else ""
    template = ""
    if one.template_id is not None:
        others = plural(one.shared_by - 1, "other signature")
        template = f"template {one.template_id}, shared with {others}: {plain(one.template, _TITLE)}"
    counts = f"{plural(one.failures, 'occurrence')}, {plural(one.entries, 'entry', 'entries')} in window and baseline"
    return SignatureView(
        heading=f"{one.signature_id} {plain(one.title, _TITLE)}",
        why=f"{_RULES.get(one.rule, one.rule.replace('_', ' '))}{share}; {counts}",
        counted="; ".join(_part(part) for part in one.parts if part.counts),
        told="; ".join(_part(part) for part in one.parts if not part.counts),
        template=template,
    )


def _part(part: "Part") -> str:
    return f"{part.name.replace('_', ' ')} `{plain(part.value, _PART)}`"


def _neighbour(one: "Neighbour") -> tuple[str, str]:
    head = f"{one.cluster_id} {plain(one.title, _TITLE)}, {plural(one.entries, 'entry', 'entries')}"
    met = ""
    if one.together is not None:
        both, of = one.together
        met = f"; together in {both:,} of {of:,} moments" if both else "; never together"
    return head, f"{one.near}, not in it: {plain(one.apart, 200)}{met}"
