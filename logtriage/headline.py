"""The headline of a report: what is wrong now, else what was, else of how much nothing is. No I/O."""

from classifiers.findings import Findings, Incident
from logtriage.wording import join_words, plural

__all__ = ["led_by_clusters", "verdict_words", "wrong_now"]


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


def led_by_clusters(findings: Findings) -> list[Incident]:
    """Incidents that begin with a failure; what no entry tells has rows of its own."""
    known = {one.id for one in findings.clusters}
    return [one for one in findings.incidents if one.root in known]


def _told_of(findings: Findings) -> list[str]:
    """What was wrong at some time in the window."""
    told = (
        (len(led_by_clusters(findings)), "incident", "incidents"),
        (len(findings.absent_events), "missing event", "missing events"),
        (len(findings.latency), "slower operation", "slower operations"),
    )
    return [plural(many, one, several) for many, one, several in told if many]


def wrong_now(findings: Findings) -> list[str]:
    """What goes on at the end of the window; events that stay away count although no entry tells of them."""
    going_on = [incident.priority for incident in led_by_clusters(findings) if incident.is_ongoing]
    wrong = []
    if going_on:
        wrong.append(f"{plural(len(going_on), 'incident')} ({going_on.count(min(going_on))} {min(going_on)})")
    missing = sum(one.is_ongoing and one.kind != "hollow" for one in findings.absent_events)
    if missing:
        wrong.append(f"{plural(missing, 'event')} missing")
    hollow = sum(one.is_ongoing and one.kind == "hollow" for one in findings.absent_events)
    if hollow:
        wrong.append(f"{plural(hollow, 'event')} without a field")
    slower = sum(one.is_ongoing for one in findings.latency)
    if slower:
        wrong.append(f"{plural(slower, 'operation')} slower")
    return wrong
