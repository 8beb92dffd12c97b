"""Coverage: how much was looked at, what became of it, and where logtriage is blind. A zero has its denominator."""

from collections.abc import Sequence

import polars as pl
from msgspec import Struct

from classifiers.blind import Sight
from classifiers.cases import Case
from classifiers.findings import Absence, Cluster, Coverage
from classifiers.gaps import deploy_gaps, late_end
from classifiers.history import History
from classifiers.itself import OWN_SERVICE, is_itself, not_itself
from classifiers.resigning import read_stale
from classifiers.silence import LINES_QUERY
from collector.records import Revision
from collector.store import Reader
from collector.window import NS_PER_S, Window, format_ns

__all__ = ["Counts", "find_coverage", "part_entries", "read_counts"]

_DAY_NS = 86_400 * NS_PER_S
_NAMED = 3  # services or revisions named in one sentence; the rest are counted
_FEW_TRACES = 0.05
_WHOLE = 0.95  # share of the traces from which all are taken to be told


class Counts(Struct, frozen=True):
    """What the store counts of a window and of all that came in: frames of count_window, count_ledger and others."""

    window: dict[str, int]
    spans: dict[str, int]
    ledger: pl.DataFrame
    dead_reasons: tuple[tuple[str, int], ...]
    unsigned: int | None  # records of batches that have no signatures yet; None when there is no such batch
    stale: int | None  # ... of those that only older rules signed
    arriving: int  # ... of those that a receiver has just stored, and looks through soon
    pruned: int = 0  # of what was ever stored, taken away by retention
    lost: int = 0  # ... lost by damage of the database
    pruned_before_ns: int | None = None  # before it retention took everything


def read_counts(reader: Reader, window: Window) -> Counts:
    """The counts that coverage tells."""
    span = {"start_ns": window.start_ns, "end_ns": window.end_ns, "own_service": OWN_SERVICE}
    waiting, stale = reader.frame("find_waiting_batches"), read_stale(reader)
    arriving, waiting = waiting.filter("is_arriving"), waiting.filter(~pl.col("is_arriving"))
    gone = _gone(reader, window.end_ns)
    return Counts(
        window=reader.frame("count_window", **span).row(0, named=True),
        spans=reader.frame("count_spans", **span).row(0, named=True),
        ledger=reader.frame("count_ledger"),
        dead_reasons=_dead_reasons(reader, pruned=gone[1]),
        pruned=gone[0],
        lost=gone[2],
        pruned_before_ns=gone[3],
        unsigned=int(waiting["stored"].sum()) if waiting.height else None,
        stale=int(stale["stored"].sum()) if stale.height else None,
        arriving=int(arriving["stored"].sum()),
    )


def part_entries(entries: pl.DataFrame, problems: Sequence[Case], rest: Sequence[Case]) -> pl.DataFrame:
    """Every entry of these cases once, with its cluster_id: a problem goes before what is none, then the lower id.

    entries: rows as read_entries gives them. An entry is told by its project, its time and its insertId.
    """
    keys = [
        (case.project, case.service, name, case.cluster_id, turn)
        for turn, cases in enumerate((problems, rest))
        for case in cases
        for name in case.signature_ids
    ]
    owners = pl.DataFrame(
        keys,
        {
            "project": pl.String,
            "service": pl.String,
            "signature_id": pl.String,
            "cluster_id": pl.String,
            "turn": pl.Int8,
        },
        orient="row",
    )
    return (
        entries.join(owners, on=["project", "service", "signature_id"])
        .sort("at_ns", "insert_id", "project", "turn", "cluster_id", "signature_id")
        .unique(["project", "at_ns", "insert_id"], keep="first", maintain_order=True)
        .drop("turn")
    )


def _gone(reader: Reader, end_ns: int) -> tuple[int, int, int, int | None]:
    """Of what was ever stored: records that retention took, dead letters that it took, records that damage cost.

    Last the time before which retention took everything, None where it never did.
    """
    pruned, pruned_dead, lost = (0, 0, 0) if reader.is_empty("batch_rows") else reader.frame("count_pruned").row(0)
    before = None if reader.is_empty("retention_marks") else reader.frame("find_retention_mark", now_ns=end_ns)
    return int(pruned), int(pruned_dead), int(lost), None if before is None else before["before_ns"][0]


def _dead_reasons(reader: Reader, *, pruned: int) -> tuple[tuple[str, int], ...]:
    """Why records became dead letters; of those that retention took, that is all that is known."""
    told = tuple((str(reason), int(many)) for reason, many in reader.frame("count_dead_reasons").rows())
    return (*told, ("not known any more: pruned", pruned)) if pruned else told


def find_coverage(
    counts: Counts, history: History, clusters: Sequence[Cluster], rest: Sequence[Cluster], *,
    sight: Sight, absences: Sequence[Absence] = (),
) -> Coverage:  # fmt: skip
    """Counts of the window: each entry is part of one problem, of one class of noise, or quiet.

    What spells of blindness tell is told nowhere else.
    """
    counted, ledger = counts.window, counts.ledger
    problem = sum(one.entries for one in clusters)
    noise = sum(one.entries for one in rest)
    is_blind = any(one.until_ns is None and one.hides for one in sight.blindness)
    return Coverage(
        entries=counted["entries"],
        problem_entries=problem,
        noise_entries=noise,
        quiet_entries=counted["entries"] - problem - noise,
        spans=counts.spans["spans"],
        own_entries=counted["own"],
        own_spans=counts.spans["own"],
        services=counted["services"],
        span_services=counts.spans["services"],
        complete_until_ns=sight.complete_until_ns,
        ledger_read=int(ledger["read"].sum()),
        ledger_stored=int(ledger["stored"].sum()),
        ledger_duplicates=int(ledger["duplicates"].sum()),
        ledger_dead=int(ledger["dead"].sum()),
        ledger_pruned=counts.pruned,
        ledger_lost=counts.lost,
        is_cut=counts.pruned_before_ns is not None and counts.pruned_before_ns > history.window.start_ns,
        dead_reasons=counts.dead_reasons,
        unsigned=(counts.unsigned or 0) + (counts.stale or 0),
        blind_spots=(
            *_stale(counts.stale),
            *_unsigned(counts.unsigned),
            *_arriving(counts.arriving),
            *_mute(absences),
            *([] if is_blind else late_end(sight.complete_until_ns, history)),
            *_pruned(counts.pruned_before_ns, history),
            *deploy_gaps(history),
            *_blind_spots(history, counted),
        ),
    )


def _unsigned(many: int | None) -> list[str]:
    """What was stored by a run that goes on, or was cut off before it signed: nothing of it is told yet."""
    if many is None:
        return []
    who = "a run that goes on does it at its end; after one that was cut off, the next `logtriage collect` or `import`"
    return [f"{_count(many, 'record')} stored last are not looked through yet and count nowhere here: {who}"]


def _arriving(many: int) -> list[str]:
    """What a receiver has just taken: no gap, but no failure in it is told yet."""
    if not many:
        return []
    return [f"{_count(many, 'record')} came in last and are not looked through yet: the receiver does it each minute"]


def _stale(many: int | None) -> list[str]:
    """What only older rules signed: its failures have other ids, and are not in the report."""
    if many is None:
        return []
    how = "see `logtriage regroup --preview`, then `logtriage regroup`; the next import or collect does it too"
    return [f"{_count(many, 'record')} were signed by older rules, so no failure in them is told: {how}"]


def _pruned(before_ns: int | None, history: History) -> list[str]:
    """That retention took a part of what failures are compared with."""
    if before_ns is None or before_ns <= history.wanted_ns:
        return []
    gone = f"what happened before {format_ns(before_ns, digits=0)} was pruned"
    if before_ns > history.window.start_ns:
        return [f"{gone}, so a part of this window is not there"]
    days, wanted = ((history.window.start_ns - at_ns) / _DAY_NS for at_ns in (before_ns, history.wanted_ns))
    there = f"{days:.0f} of the {wanted:.0f} days of baseline are there"
    return [f"{gone}, so {there}: an old failure may look new"]


def _mute(absences: Sequence[Absence]) -> list[str]:
    """Services whose log ended together with their events."""
    facts = (fact for one in absences if one.is_ongoing for fact in one.evidence)
    told = (fact.statement for fact in facts if fact.kind == "unknown" and fact.query == LINES_QUERY)
    return list(dict.fromkeys(statement.rstrip(".") for statement in told))


def _blind_spots(history: History, counted: dict[str, int]) -> list[str]:
    """Sentences about what could not be seen."""
    spots = []
    idle = [one.revision for one in not_itself(history.revisions) if _is_idle(one)]
    if idle:
        them = "it" if len(idle) == 1 else "them"
        spots.append(f"{_count(len(idle), 'revision')} wrote no entry, so nothing is known of {them}: {_names(idle)}")
    unknown = [one.revision for one in not_itself(history.revisions) if one.config is None]
    if unknown:
        spots.append(f"the configuration of {_count(len(unknown), 'revision')} is not known: {_names(unknown)}")
    silent = [
        service
        for project, service in history.exposure.services()
        if not history.exposure.is_asked(project, service) and not is_itself(service)
    ]
    if silent:
        spots.append(f"no request logs of {_names(silent)}: failures are counted per instance minute")
    spots += _of_spans(history)
    if counted["entries"] and counted["without_trace"] > (1 - _FEW_TRACES) * counted["entries"]:
        spots.append(f"{counted['without_trace']} of {counted['entries']} entries have no trace: causes are less sure")
    if counted["entries"] == counted["own"]:
        spots.append("no entry lies in this window")
    if history.start_ns >= history.window.start_ns:
        spots.append("nothing is stored from before this window, so there is no baseline to compare with")
    return spots


def _is_idle(revision: Revision) -> bool:
    """Whether it is there and gave no sign; a failed deploy is no revision, and the ledger tells why it failed."""
    is_failed = revision.failed_ns is not None and revision.ready_ns is None
    return revision.first_seen_ns is None and revision.traffic_ns is None and not is_failed


def _of_spans(history: History) -> list[str]:
    """What is counted in traces, and how far the spans that tell of them reach."""
    shares = {key: told for key, told in history.exposure.span_shares().items() if not is_itself(key[1])}
    if not shares:
        return []
    spots = [f"no request logs of {_names([name for _, name in shares])}: failures are counted per trace, by spans"]
    sampled = {name: share for (_, name), (share, _) in shares.items() if share < _WHOLE}
    if sampled:
        those = f"traces of {_names(list(sampled))} have spans (of one service {min(sampled.values()):.0%})"
        spots.append(f"only some {those}: its rates are estimates")
    guessed = [name for (_, name), (_, known) in shares.items() if known < _WHOLE]
    if guessed:
        spots.append(
            f"traces of {_names(guessed)} whose revision nothing tells count for the one that wrote most at the time"
        )
    return spots


def _count(many: int, what: str) -> str:
    return f"{many} {what}{'' if many == 1 else 's'}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
