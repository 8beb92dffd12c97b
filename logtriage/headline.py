"""The headline of a report: what is wrong now, else what was, else of how much nothing is. No I/O."""

from classifiers.findings import Absence, Findings, Incident, Latency
from classifiers.itself import is_itself
from classifiers.lifecycle.applied import is_followed
from logtriage.blind_view import blind_words
from logtriage.wording import Near, join_words, plural

__all__ = ["verdict_words", "wrong_now"]


def verdict_words(findings: Findings) -> str:
    """What is wrong at the end of the window; a zero with what it is of. Whoever is blind cannot tell."""
    return f"{_of_services(findings)}{_of_itself(findings)}"


def _of_itself(findings: Findings) -> str:
    """How many own failures go on; "" where none does. They are no incident of a service that is watched."""
    many = sum(one.is_ongoing for one in findings.incidents if _is_own(one, findings))
    return f"; {plural(many, 'failure')} of logtriage itself" if many else ""


def _is_own(incident: Incident, findings: Findings) -> bool:
    return any(one.id == incident.root and is_itself(one.service) for one in findings.clusters)


def _of_services(findings: Findings) -> str:
    wrong, blind = wrong_now(findings), blind_words(findings, Near.of(findings.window))
    if wrong:
        return f"WRONG NOW: {', '.join(wrong)}{f'; {blind}' if blind else ''}"
    words = _nothing_wrong(findings)
    return f"CANNOT TELL, {blind}: {words.partition(': ')[2]}" if blind else words


def _nothing_wrong(findings: Findings) -> str:
    seen = findings.coverage
    entries, spans = seen.entries - seen.own_entries, seen.spans - seen.own_spans  # its own say nothing of services
    if findings.coverage.unsigned:
        return f"CANNOT TELL: {plural(findings.coverage.unsigned, 'record')} not looked through yet, see BLIND"
    if findings.coverage.is_cut and findings.standing:  # what began in the window looks old where its begin is gone
        old = plural(len(findings.standing), "failure")
        return f"CANNOT TELL WHAT IS NEW: {old}, and a part of this window was pruned, see BLIND"
    over = _told_of(findings)
    if over:
        left = _unproven(findings)
        proven = f"{left:,} not proven over" if left else "all over"
        return f"NOTHING WRONG NOW: {join_words(over, len(over))} in this window, {proven}"
    if not entries and not spans:
        return "NOTHING SEEN: 0 entries in this window, so it says nothing about your services"
    looked = plural(entries, "entry", "entries") if entries else plural(spans, "span")
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


def _unproven(findings: Findings) -> int:
    """Incidents that earlier looks told and of which nothing fails any more, without proof that they are over."""
    end_ns, own = findings.window.end_ns, {one.number for one in findings.incidents if _is_own(one, findings)}
    open_ones = (one for one in findings.tracked if one.number is not None and one.number not in own)
    return sum(one.is_open and is_followed(one, end_ns) for one in open_ones)


def _told_of(findings: Findings) -> list[str]:
    """What was wrong at some time in the window."""
    missing, slower = _alone(findings)
    told = (
        (sum(not _is_own(one, findings) for one in findings.incidents), "incident", "incidents"),
        (len(missing), "missing event", "missing events"),
        (len(slower), "slower operation", "slower operations"),
    )
    return [plural(many, one, several) for many, one, several in told if many]


def wrong_now(findings: Findings) -> list[str]:
    """What goes on at the end of the window, each thing once: what no entry tells counts with its incident."""
    going_on = [one.priority for one in findings.incidents if one.is_ongoing and not _is_own(one, findings)]
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
