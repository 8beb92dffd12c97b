"""Which revision is said to be the first bad, a good or a bad one, held against failures by revision."""

from collections.abc import Sequence

from classifiers.claims.by_revision import CLEAN, SEEN, Count, counts_of, targets_for, told_of
from classifiers.claims.matching import Ground, Target, named_revisions, places_of
from classifiers.claims.measures import unknown_names
from classifiers.claims.records import Answer, Claim, Mark
from classifiers.findings import SURE_FROM, Absence, Attribution, Latency
from classifiers.order import in_deploy_order
from collector.records import Revision

__all__ = ["answer_revision"]

_LIKELY = SURE_FROM[1]
_RATE = 0.2  # of the rate of the revision in question, from which an earlier one failed already


def answer_revision(claim: Claim, ground: Ground) -> Answer:
    """A revision that is said to be the first bad one, a good one or a bad one."""
    unknown = unknown_names(claim, ground)
    if unknown:
        return unknown
    services, _, _ = places_of(claim.subject, ground)
    found = [one for name in claim.subject.revisions for one in named_revisions(name, services, ground)]
    if len(found) != 1:
        return Answer("cannot tell", f"{len(found)} revisions may be meant: name the service")
    revision = found[0]
    silent = _silent(claim, revision, ground)
    if silent:
        return silent
    targets = targets_for(claim, revision, ground)
    answers = [_judged(claim, revision, target, ground) for target in targets]
    if not answers:
        return Answer(
            "cannot tell", f"what failed on {revision.service} is not said, and several failures are known there"
        )
    return next((one for mark in ("confirmed", "contradicted") for one in answers if one.mark == mark), answers[0])


def _judged(claim: Claim, revision: Revision, target: Target, ground: Ground) -> Answer:
    counts = counts_of(target, revision.service, ground)
    own = next((one for one in counts if one.revision == revision.revision), None)
    if own is None or not any(one.failures for one in counts):
        return _by_verdict(claim, revision, target, own)
    if claim.kind == "good":
        return _good(own, counts, target)
    if claim.kind == "bad":
        return _bad(own, counts, target)
    return _first_bad(revision, own, counts, target)


def _good(own: Count, counts: Sequence[Count], target: Target) -> Answer:
    worst = max(counts, key=lambda one: one.rate)
    told = f"{own.told} on it; worst {worst.told}" if worst is not own else own.told
    if own.failures == 0:
        return told_of("confirmed" if own.exposed >= SEEN else "cannot tell", told, target, own)
    is_clear = own.failures > 2 and own.rate >= _RATE * worst.rate  # noqa: PLR2004 - one or two may be chance
    return told_of("contradicted" if is_clear else "cannot tell", told, target, own)


def _bad(own: Count, counts: Sequence[Count], target: Target) -> Answer:
    if own.failures:
        return told_of("confirmed", own.told, target, own)
    other = max(counts, key=lambda one: one.failures)
    told = f"{own.told}; {other.told}"
    return told_of("contradicted" if own.exposed >= CLEAN else "cannot tell", told, target, own)


def _first_bad(revision: Revision, own: Count, counts: Sequence[Count], target: Target) -> Answer:
    at = counts.index(own)
    earlier = [one for one in counts[:at] if one.failures > 1 and one.rate >= _RATE * own.rate]
    blamed = [one.attribution for one in target.clusters if one.attribution]
    named = any(one.revision == revision.revision and one.confidence >= _LIKELY for one in blamed)
    may_be = any(revision.revision in {one.revision, *one.first_bad} for one in blamed)
    if earlier:
        told = f"it failed before: {earlier[0].told}; {own.told}"
        return told_of("cannot tell" if may_be else "contradicted", told, target, earlier[0])
    if own.failures == 0:
        worst = max(counts, key=lambda one: one.failures)
        told = f"{own.told}; {worst.told}"
        is_clear = own.exposed >= CLEAN and not may_be
        return told_of("contradicted" if is_clear else "cannot tell", told, target, own)
    before = next((one for one in reversed(counts[:at]) if one.exposed >= SEEN), None)
    told = f"{own.told}; before it {before.told}" if before else own.told
    others = [one for one in target.clusters if one.cause not in {"revision", "unknown"}]
    is_shown = before is not None and before.failures == 0 and _is_adjacent(counts, before, own)
    if named or (may_be and is_shown and not others):
        return told_of("confirmed", told, target, own)
    why = f"; it may as well be {others[0].cause}" if others else ""
    return told_of("cannot tell", told + why, target, own)


def _is_adjacent(counts: Sequence[Count], before: Count, own: Count) -> bool:
    """Nothing else was served between them, so that no other revision can have brought it."""
    return counts.index(own) - counts.index(before) == 1


def _by_verdict(claim: Claim, revision: Revision, target: Target, own: Count | None) -> Answer:
    """A failure that another service logs: only what it is attributed to can be held against the claim."""
    blamed = [one.attribution for one in target.clusters if one.attribution]
    same = [one for one in blamed if one.service == revision.service]
    told = "; ".join(f"{_sure(one)}: {one.revision}" for one in same[:1])
    is_named = any(one.revision == revision.revision and one.confidence >= _LIKELY for one in same)
    is_good = any(one.good_revision == revision.revision and one.confidence >= _LIKELY for one in same)
    if claim.kind in {"first bad", "bad"} and is_named:
        return told_of("confirmed", f"inferred from exposure, {told}", target, own)
    if claim.kind == "good" and is_good:
        return told_of("confirmed", f"inferred from exposure, {told}", target, own)
    where = f"; {told}" if told else ""
    return told_of(
        "cannot tell",
        f"it is not logged by {revision.service}, so no rate of its revisions is known{where}",
        target,
        own,
    )


def _sure(one: Attribution) -> str:
    word = next(
        (
            word
            for floor, word in zip(SURE_FROM, ("very likely", "likely", "suspected"), strict=True)
            if one.confidence >= floor
        ),
        "not shown",
    )
    return f"{word} since"


def _silent(claim: Claim, revision: Revision, ground: Ground) -> Answer | None:
    """Events that stay away and operations that became slower, where the claim names nothing that was logged."""
    if claim.subject.texts or claim.subject.statuses:
        return None
    events = claim.subject.events
    if claim.kind == "bad" and events:
        return _sent(events, revision, ground)
    every: tuple[Absence | Latency, ...] = (*ground.findings.absent_events, *ground.findings.latency)
    for one in every:
        blamed = one.attribution
        is_it = not events or (isinstance(one, Absence) and one.event in events)
        if blamed and is_it and blamed.service == revision.service and blamed.confidence >= _LIKELY:
            answer = _of_silent(claim, revision, one, blamed, ground)
            if answer is not None:
                return answer
    return None


def _sent(events: Sequence[str], revision: Revision, ground: Ground) -> Answer:
    """Events that a revision is said to have sent."""
    rows = [ground.asker.events(ground.window, name).of((), (revision.revision,)) for name in events]
    many = sum(one.sum("entries") for one in rows)
    mark: Mark = "confirmed" if many else "cannot tell"
    told = f"{many:,} such events of {revision.revision}"
    return Answer(mark, told, ", ".join(events), rows[0].query, rows[0].ids(), revisions=(revision.revision,))


def _of_silent(
    claim: Claim, revision: Revision, one: Absence | Latency, blamed: Attribution, ground: Ground
) -> Answer | None:
    """The answer that one of them gives to a claim on a revision of its service; None where it gives none."""
    is_meant = not ground.problems or bool(claim.subject.events)
    told = f"inferred from exposure, {_sure(blamed)} {blamed.revision}"
    if claim.kind in {"first bad", "bad"} and blamed.revision == revision.revision:
        return Answer("confirmed", told, one.id, revisions=(revision.revision,))
    if claim.kind == "good" and is_meant and blamed.good_revision == revision.revision:
        return Answer("confirmed", told, one.id, revisions=(revision.revision,))
    good = blamed.last_good
    if claim.kind != "first bad" or not is_meant or good is None or (good.exposed or 0) < CLEAN:
        return None
    order = [each.revision for each in in_deploy_order(ground.revisions) if each.service == revision.service]
    if good.revision not in order or order.index(revision.revision) > order.index(good.revision):
        return None
    told = f"{good.revision} still went well: {good.failures:,} of {good.exposed:,} failed"
    return Answer("contradicted", told, one.id, revisions=(good.revision, blamed.revision))
