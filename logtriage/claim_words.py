"""A claim in words: where it was seen good and bad, which deploys are not told apart, what it rests on. No I/O."""

import re

from classifiers.findings import Attribution, SideBySide
from logtriage.escape import plain
from logtriage.wording import Near, join_words, plural, revision_clock, short_revision, unit_word

__all__ = ["check_words", "refuted_words", "sighted_words"]

_SHOWN = 4  # revisions, and reasons, in one sentence


def sighted_words(blamed: Attribution, near: Near) -> list[tuple[str, str]]:
    """Labels and texts: `seen good 00611-cr5 17:49; seen bad 00639-g4g 00:43`, and the set that is not told apart."""
    told = []
    good, bad = blamed.last_good, blamed.last_seen_bad
    if good and bad and good.at_ns is not None:
        seen = (("good", good), ("bad", bad))
        parts = (f"seen {word} {revision_clock(one.revision, one.service, one.at_ns, near)}" for word, one in seen)
        told.append(("", "; ".join(parts)))
    if blamed.not_apart:
        told.append(("SET", _set_words(blamed)))
    return told


def _set_words(blamed: Attribution) -> str:
    """`one of 3 revisions, not told apart: 00612-abc and 00613-def took no requests`."""
    reasons: dict[str, list[str]] = {}
    for one in blamed.not_apart:
        reasons.setdefault(one.why, []).append(short_revision(one.revision, blamed.service))
    told = (f"{join_words(names, _SHOWN)} {plain(why, 100)}" for why, names in reasons.items())
    return f"one of {len(blamed.first_bad)} revisions, not told apart: {join_words(told, _SHOWN)}"


def check_words(blamed: Attribution, unit: str) -> list[str]:
    """What the verdict rests on, and the same minutes of old and new revision; else the first thing not known."""
    if not blamed.decided_by:
        return [plain(fact.statement, 300) for fact in blamed.evidence if fact.kind == "unknown"][:1]
    compared = f"; {_side_by_side(blamed.side_by_side, unit)}" if blamed.side_by_side else ""
    return [f"rests on {plain(blamed.decided_by, 200)}{compared}"]


def _side_by_side(found: SideBySide, unit: str) -> str:
    """`side by side in 42 minutes: 12/30 against 0/280 requests failed: differs`, or that nothing was shared."""
    units = unit_word(unit, 2)
    if found.verdict == "not testable":
        return f"not testable side by side: 0 overlapping {units}"
    counts = (
        f"{found.failures_new:,}/{found.exposed_new:,} against {found.failures_old:,}/{found.exposed_old:,} {units}"
    )
    most = f", at most {found.most_times:.1f} times as often" if found.most_times is not None else ""
    verdict = {
        "differs": "differs", "no difference": f"no difference seen{most}", "too few": f"too few to tell{most}",
    }[found.verdict]  # fmt: skip
    return f"side by side in {plural(found.minutes, 'minute')}: {counts} failed: {verdict}"


def refuted_words(blamed: Attribution) -> str:
    """What would refute the claim, in one line."""
    return f"refuted by {'; or by '.join(_shortened(one, blamed.service) for one in blamed.refuted_by)}"


def _shortened(text: str, service: str) -> str:
    """Names of revisions without that of their service."""
    return plain(re.sub(rf"\b{re.escape(service)}-(?=\d)", "", text), 300)
