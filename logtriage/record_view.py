"""The report's own record in words: verdicts that were settled, and right; shares from 30 settled on. No I/O."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from classifiers.findings import Absence, Cluster, Latency, Record, RecordBand
from logtriage.escape import plain
from logtriage.wording import Near, clock, plural, sure_word

if TYPE_CHECKING:
    from classifiers.calibration import Remembered, Said
    from classifiers.forecasts import Forecast
    from classifiers.record import Claim

__all__ = ["SETTLE", "claim_lines", "record_lines", "remembered_line", "said_line", "settled_here"]

SETTLE = "logtriage settle NUMBER right|wrong"
_CAUSES = {
    "traffic": "the traffic",
    "secret_rotation": "a rotated secret",
    "test_harness": "the test harness",
    "client": "the callers",
}


def record_lines(record: Record, *, has_incidents: bool) -> tuple[str, ...]:
    """What became of the verdicts told so far; nothing where nothing was told and there is nothing to settle."""
    if not record.settled:
        asked = _counted(record) if record.verdicts else "no verdict was settled before this window ended"
        told = f"{asked}, so how sure it says it is was not checked here"
        return (told,) if has_incidents or record.verdicts else ()
    if record.brier is None:
        return (_counted(record),)
    score = f"{_counted(record)}; Brier score {record.brier:.2f} (0 is best)"
    return (score, *(_band(band) for band in record.bands))


def settled_here(record: Record) -> str:
    """`3 verdicts settled here, 2 right`; empty while there are none."""
    return f"{plural(record.settled, 'verdict')} settled here, {record.right:,} right" if record.settled else ""


def remembered_line(remembered: "Remembered") -> str:
    """What one cycle added to the ledger."""
    settled = remembered.settled
    counts = [(word, sum(one.outcome == word for one in settled)) for word in ("right", "wrong", "void")]
    told = ", ".join(f"{many} {word}" for word, many in counts if many)
    return f"{plural(remembered.told, 'new verdict')}, {len(settled)} settled" + (f": {told}" if told else "")


def said_line(found: Cluster | Latency | Absence, said: "Said", *, is_past: bool) -> str:
    """What a person's word settled, and the record with it; `is_past`: of a window that ended before it was said."""
    verdict = _verdict(said.claim.first)
    outcome = said.claim.outcome
    is_open = said.claim.by_person is None
    state = ("open again" if outcome == "open" else f"{outcome}, as the rows say") if is_open else outcome
    stood = "" if said.is_new else ", as it was, now with this note" if said.is_noted else ", as it was"
    past = " Reports of windows that end from now on tell it." if is_past and said.is_new else ""
    return f"{plain(found.service, 80)}: {verdict}: {state}{stood}. {_counted(said.record)}.{past}"


def claim_lines(found: Cluster | Latency | Absence, claims: "Sequence[Claim]", near: Near) -> tuple[str, ...]:
    """Every verdict told on a finding, how sure it was first and last, and what became of it and why."""
    if not claims:
        return (f"{plain(found.service, 80)}: no verdict on this failure is stored yet; {SETTLE} does it.",)
    lines = []
    for claim in claims:
        told = f"{clock(claim.first.made_at_ns, near)} UTC: {_verdict(claim.first)}"
        if claim.last.confidence != claim.first.confidence:
            told += f", {sure_word(claim.last.confidence)} at {clock(claim.last.made_at_ns, near)}"
        lines += [told, f"  {claim.outcome}{_why(claim, near)}"]
    return tuple(lines)


def _why(claim: "Claim", near: Near) -> str:
    said = claim.by_person or claim.by_rule
    if said is None:
        return ": another verdict on this failure was right" if claim.is_excluded else ", nothing settles it yet"
    when = f" ({said.how}, {clock(said.settled_at_ns, near)} UTC)"
    told = plain(said.note or said.statement, 500)
    return f"{when}: {told}" if told else when


def _verdict(claim: "Forecast") -> str:
    """`shop-00008-bad broke it (likely)`, `a dependency (suspected), no revision`."""
    sure = sure_word(claim.confidence)
    if claim.revision:
        return f"{plain(claim.revision, 80)} broke it ({sure})"
    return f"{_CAUSES.get(claim.cause, f'a {claim.cause}')} ({sure}), no revision"


def _counted(record: Record) -> str:
    """`3 of 5 verdicts of this project settled: 2 right`."""
    told = f"{record.settled:,} of {plural(record.verdicts, 'verdict')} of this project settled"
    right = f": {record.right:,} right" if record.settled else ""
    return told + right + (f"; {record.void:,} void" if record.void else "")


def _band(band: RecordBand) -> str:
    was = f"{band.right / band.settled:.0%}".replace("%", " %")
    interval = f"{band.low * 100:.0f}-{band.high * 100:.0f} %"
    counts = f"{band.right:,} of {band.settled:,}, 95 % interval {interval}"
    return f"{sure_word(band.least)}: said {band.said * 100:.0f} %, was {was} ({counts})"
