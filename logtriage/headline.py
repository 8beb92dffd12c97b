"""The headline of a report: what is wrong now, else what was, else of how much nothing is. No I/O."""

from classifiers.findings import Absence, Findings, Latency
from logtriage.wording import join_words, plural

__all__ = ["verdict_words", "wrong_now"]


def verdict_words(findings: Findings) -> str:
    """What is wrong at the end of the window; a zero with what it is of."""
    wrong = wrong_now(findings)
    entries = findings.coverage.entries
    if wrong:
        return f"WRONG NOW: {', '.join(wrong)}"
    if findings.coverage.unsigned:
        return f"CANNOT TELL: {plural(findings.coverage.unsigned, 'record')} not looked through yet, see BLIND"
    over = _told_of(findings)
    if over:
        return f"NOTHING WRONG NOW: {join_words(over, len(over))} in this window, all over"
    if not entries and not findings.coverage.spans:
        return "NOTHING SEEN: 0 entries in this window, so it says nothing about your services"
    looked = plural(entries, "entry", "entries") if entries else plural(findings.coverage.spans, "span")
    nothing = f"0 of {looked} in this window tell of a new failure"
    if findings.standing:
        nothing += f"; {plural(len(findings.standing), 'old one', 'old ones')}"
    open_ones = sum(one.kind == "unknown" for one in findings.other_events)
    if open_ones:
        return f"NOTHING NEW IN THE LOG, BUT CANNOT TELL OF {plural(open_ones, 'EVENT')}: {nothing}"
    return f"NOTHING {'NEW' if findings.standing else 'WRONG'}: {nothing}"


def _alone(findings: Findings) -> tuple[list[Absence], list[Latency]]:
    """Missing events and slower operations that no incident tells."""
    told = {name for one in findings.incidents for name in (one.root, *one.symptoms)}
    missing = [one for one in findings.absent_events if one.id not in told]
    return missing, [one for one in findings.latency if one.id not in told]


def _told_of(findings: Findings) -> list[str]:
    """What was wrong at some time in the window."""
    missing, slower = _alone(findings)
    told = (
        (len(findings.incidents), "incident", "incidents"),
        (len(missing), "missing event", "missing events"),
        (len(slower), "slower operation", "slower operations"),
    )
    return [plural(many, one, several) for many, one, several in told if many]


def wrong_now(findings: Findings) -> list[str]:
    """What goes on at the end of the window, each thing once: what no entry tells counts with its incident."""
    going_on = [incident.priority for incident in findings.incidents if incident.is_ongoing]
    missing, slower = _alone(findings)
    wrong = []
    if going_on:
        wrong.append(f"{plural(len(going_on), 'incident')} ({going_on.count(min(going_on))} {min(going_on)})")
    counts = (
        (sum(one.is_ongoing and one.kind != "hollow" for one in missing), "event", "missing"),
        (sum(one.is_ongoing and one.kind == "hollow" for one in missing), "event", "without a field"),
        (sum(one.is_ongoing for one in slower), "operation", "slower"),
    )
    return [*wrong, *(f"{plural(many, noun)} {what}" for many, noun, what in counts if many)]
