"""What was looked at, in words: until when, how many records, what became of them. No I/O."""

from classifiers.findings import Findings
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
    return (
        f"{seen.ledger_read:,} ever read = {seen.ledger_stored:,} + {seen.ledger_duplicates:,} dup"
        f" + {seen.ledger_dead:,} dead"
    )


def counts_words(findings: Findings) -> str:
    """What became of the entries of the window, and how many spans there are."""
    seen = findings.coverage
    spans = plural(seen.spans, "span") + (f" of {plural(seen.span_services, 'service')}" if seen.span_services else "")
    if not seen.entries and seen.spans:
        return f"{spans} in this window; 0 entries"
    return (
        f"{plural(seen.entries, 'entry', 'entries')} of {plural(seen.services, 'service')} in this window: "
        f"{seen.problem_entries:,} in problems, {seen.noise_entries:,} noise, {seen.quiet_entries:,} quiet; "
        f"{spans}"
    )
