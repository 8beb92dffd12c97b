"""What was looked at, in words: until when, how many records, what became of them. No I/O."""

from classifiers.findings import Coverage, Findings
from logtriage.wording import Near, clock, plural

__all__ = ["complete_words", "counts_words", "ledger_words"]


def complete_words(findings: Findings) -> str:
    """Until when every source had been read."""
    until = findings.coverage.complete_until_ns
    if until is None:
        return "complete until: not known"
    return f"complete to {clock(until, Near.of(findings.window))}"


def ledger_words(findings: Findings) -> str:
    """Law 1, over everything ever read."""
    seen = findings.coverage
    gone = ((seen.ledger_pruned, "pruned by age or size"), (seen.ledger_lost, "lost by damage"))
    of_these = ", ".join(f"{many:,} {how}" for many, how in gone if many)
    return (
        f"{seen.ledger_read:,} ever read = {seen.ledger_stored:,} + {seen.ledger_duplicates:,} dup"
        f" + {seen.ledger_dead:,} dead{f'; of the stored {of_these}' if of_these else ''}"
    )


def counts_words(findings: Findings) -> str:
    """What became of the entries of the window, and how many spans there are."""
    seen = findings.coverage
    away = sum(one.entries for one in findings.muted)
    muted = f"{away:,} muted, " if away else ""
    spans = plural(seen.spans, "span") + (f" of {plural(seen.span_services, 'service')}" if seen.span_services else "")
    own = "; of all these " + _own_words(seen) if seen.own_entries or seen.own_spans else ""
    if not seen.entries and seen.spans:
        return f"{spans} in this window; 0 entries{own}"
    return (
        f"{plural(seen.entries, 'entry', 'entries')} of {plural(seen.services, 'service')} in this window: "
        f"{seen.problem_entries:,} in problems, {muted}"
        f"{seen.noise_entries - away:,} noise, {seen.quiet_entries:,} quiet; "
        f"{spans}{own}"
    )


def _own_words(seen: Coverage) -> str:
    """What of it logtriage stored of itself."""
    return f"{plural(seen.own_entries, 'entry', 'entries')} and {plural(seen.own_spans, 'span')} of logtriage itself"
