"""Which revision broke it, worked, fails or was rolled back to, held against failures and exposure by revision."""

from collections.abc import Sequence
from dataclasses import dataclass

from classifiers.claims.check_counts import unknown_names
from classifiers.claims.matching import Ground, Target, named_revisions, of_clusters, places_of, targets_of
from classifiers.claims.records import Answer, Claim, Mark
from classifiers.claims.rows import Rows, Scope
from classifiers.findings import SURE_FROM, Attribution
from classifiers.order import in_deploy_order
from collector.records import Revision

__all__ = ["answer_between", "answer_everywhere", "answer_revision", "answer_rolled_back"]

_LIKELY = SURE_FROM[1]
_SEEN = 10  # exposed units from which a zero is told as good
_CLEAN = 20  # exposed units from which a zero refutes that it fails
_RATE = 0.2  # of the rate of the revision in question, from which an earlier one failed already


@dataclass(frozen=True, slots=True)
class _Count:
    """Failures beside what was asked (else logged) on one revision."""

    revision: str
    failures: int
    exposed: int
    rows: Rows

    @property
    def rate(self) -> float:
        return self.failures / self.exposed if self.exposed else 0.0

    @property
    def told(self) -> str:
        return f"{self.revision}: {self.failures:,} of {self.exposed:,}"


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
    targets = _targets(claim, revision, ground)
    answers = [_judged(claim, revision, target, ground) for target in targets]
    if not answers:
        return Answer("cannot tell", f"what failed on {revision.service} is not said, and several failures are known there")
    return next((one for mark in ("confirmed", "contradicted") for one in answers if one.mark == mark), answers[0])


def _judged(claim: Claim, revision: Revision, target: Target, ground: Ground) -> Answer:
    counts = _counts(target, revision.service, ground)
    own = next((one for one in counts if one.revision == revision.revision), None)
    if own is None or not any(one.failures for one in counts):
        return _by_verdict(claim, revision, target, own)
    if claim.kind == "good":
        return _good(own, counts, target)
    if claim.kind == "bad":
        return _bad(own, counts, target)
    return _first_bad(revision, own, counts, target)


def _good(own: _Count, counts: Sequence[_Count], target: Target) -> Answer:
    worst = max(counts, key=lambda one: one.rate)
    told = f"{own.told} on it; worst {worst.told}" if worst is not own else own.told
    if own.failures == 0:
        return _answer("confirmed" if own.exposed >= _SEEN else "cannot tell", told, target, own)
    is_clear = own.failures > 2 and own.rate >= _RATE * worst.rate  # noqa: PLR2004 - one or two may be chance
    return _answer("contradicted" if is_clear else "cannot tell", told, target, own)


def _bad(own: _Count, counts: Sequence[_Count], target: Target) -> Answer:
    if own.failures:
        return _answer("confirmed", own.told, target, own)
    other = max(counts, key=lambda one: one.failures)
    told = f"{own.told}; {other.told}"
    return _answer("contradicted" if own.exposed >= _CLEAN else "cannot tell", told, target, own)


def _first_bad(revision: Revision, own: _Count, counts: Sequence[_Count], target: Target) -> Answer:
    at = counts.index(own)
    earlier = [one for one in counts[:at] if one.failures > 1 and one.rate >= _RATE * own.rate]
    blamed = [one.attribution for one in target.clusters if one.attribution]
    named = any(one.revision == revision.revision and one.confidence >= _LIKELY for one in blamed)
    may_be = any(revision.revision in {one.revision, *one.first_bad} for one in blamed)
    if earlier:
        told = f"it failed before: {earlier[0].told}; {own.told}"
        return _answer("cannot tell" if may_be else "contradicted", told, target, earlier[0])
    if own.failures == 0:
        worst = max(counts, key=lambda one: one.failures)
        told = f"{own.told}; {worst.told}"
        is_clear = own.exposed >= _CLEAN and not may_be
        return _answer("contradicted" if is_clear else "cannot tell", told, target, own)
    before = next((one for one in reversed(counts[:at]) if one.exposed >= _SEEN), None)
    told = f"{own.told}; before it {before.told}" if before else own.told
    others = [one for one in target.clusters if one.cause not in {"revision", "unknown"}]
    if named or (before and before.failures == 0 and not others and _is_adjacent(counts, before, own)):
        return _answer("confirmed", told, target, own)
    why = f"; it may as well be {others[0].cause}" if others else ""
    return _answer("cannot tell", told + why, target, own)


def _is_adjacent(counts: Sequence[_Count], before: _Count, own: _Count) -> bool:
    """Nothing else was served between them, so that no other revision can have brought it."""
    return counts.index(own) - counts.index(before) == 1


def _by_verdict(claim: Claim, revision: Revision, target: Target, own: _Count | None) -> Answer:
    """A failure that another service logs: only what it is attributed to can be held against the claim."""
    blamed = [one.attribution for one in target.clusters if one.attribution]
    same = [one for one in blamed if one.service == revision.service]
    told = "; ".join(f"{_sure(one)}: {one.revision}" for one in same[:1])
    is_named = any(one.revision == revision.revision and one.confidence >= _LIKELY for one in same)
    is_good = any(one.good_revision == revision.revision and one.confidence >= _LIKELY for one in same)
    if claim.kind in {"first bad", "bad"} and is_named:
        return _answer("confirmed", f"inferred from exposure, {told}", target, own)
    if claim.kind == "good" and is_good:
        return _answer("confirmed", f"inferred from exposure, {told}", target, own)
    where = f"; {told}" if told else ""
    return _answer("cannot tell", f"it is not logged by {revision.service}, so no rate of its revisions is known{where}", target, own)


def _sure(one: Attribution) -> str:
    word = next((word for floor, word in zip(SURE_FROM, ("very likely", "likely", "suspected"), strict=True) if one.confidence >= floor), "not shown")
    return f"{word} since"


def _silent(claim: Claim, revision: Revision, ground: Ground) -> Answer | None:
    """Events that stay away and operations that became slower, where the claim names nothing that was logged."""
    events = set(claim.subject.events)
    if claim.subject.texts or claim.subject.statuses:
        return None
    if claim.kind == "bad" and events:  # it says that the revision sent them
        rows = [ground.asker.events(ground.window, name).of((), (revision.revision,)) for name in sorted(events)]
        many = sum(one.sum("entries") for one in rows)
        told = f"{many:,} such events of {revision.revision}"
        return Answer("confirmed" if many else "cannot tell", told, ", ".join(sorted(events)), rows[0].query, rows[0].ids(), revisions=(revision.revision,))
    every = (*ground.findings.absent_events, *ground.findings.latency)
    for one in every:
        blamed = one.attribution
        is_it = not events or getattr(one, "event", None) in events
        if blamed is None or not is_it or blamed.service != revision.service or blamed.confidence < _LIKELY:
            continue
        is_asked = not ground.problems or bool(events)
        if claim.kind in {"first bad", "bad"} and blamed.revision == revision.revision:
            return Answer("confirmed", f"inferred from exposure, {_sure(blamed)} {blamed.revision}", one.id, revisions=(revision.revision,))
        if claim.kind == "good" and blamed.good_revision == revision.revision and is_asked:
            return Answer("confirmed", f"inferred from exposure, {_sure(blamed)} {blamed.revision}", one.id, revisions=(revision.revision,))
        if claim.kind == "first bad" and is_asked and blamed.last_good is not None:
            order = [each.revision for each in in_deploy_order(ground.revisions) if each.service == revision.service]
            good = blamed.last_good.revision
            if good in order and order.index(revision.revision) <= order.index(good) and (blamed.last_good.exposed or 0) >= _CLEAN:
                told = f"{good} still went well: {blamed.last_good.failures:,} of {blamed.last_good.exposed:,} failed"
                return Answer("contradicted", told, one.id, revisions=(good, blamed.revision))
    return None


def answer_between(claim: Claim, ground: Ground) -> Answer:
    """It was introduced after one revision and up to another."""
    unknown = unknown_names(claim, ground)
    if unknown:
        return unknown
    services, _, _ = places_of(claim.subject, ground)
    pairs = [named_revisions(name, services, ground) for name in claim.subject.revisions]
    if any(len(one) != 1 for one in pairs):
        return Answer("cannot tell", "several revisions may be meant: name the service")
    good, bad = pairs[0][0], pairs[1][0]
    answers = []
    for target in _targets(claim, bad, ground):
        counts = _counts(target, bad.service, ground)
        order = [one.revision for one in counts]
        if good.revision not in order or bad.revision not in order or not any(one.failures for one in counts):
            continue
        low, high = order.index(good.revision), order.index(bad.revision)
        first = next(at for at, one in enumerate(counts) if one.failures > 1 or (one.failures and at == len(counts) - 1) or one.failures)
        told = f"{counts[low].told}; {counts[high].told}; first failing {counts[first].told}"
        if low < first <= high and counts[low].exposed >= _SEEN:
            answers.append(_answer("confirmed", told, target, counts[first]))
        elif first <= low and counts[first].failures > 1:
            answers.append(_answer("contradicted", told, target, counts[first]))
        elif first > high and counts[high].exposed >= _CLEAN:
            answers.append(_answer("contradicted", told, target, counts[high]))
        else:
            answers.append(_answer("cannot tell", told, target, counts[first]))
    return next((one for mark in ("confirmed", "contradicted") for one in answers if one.mark == mark), answers[0] if answers else Answer("cannot tell", "which failure is meant is not said"))


def answer_everywhere(claim: Claim, ground: Ground) -> Answer:
    """It is the same on all revisions of a service."""
    services, _, _ = places_of(claim.subject, ground)
    targets = targets_of(claim.subject, ground) or ([ground.main] if ground.main else [])
    for target in targets:
        owners = services or tuple(sorted({one for one in target.rows(ground, Scope(ground.window)).frame["service"].to_list()}))
        counts = [one for service in owners for one in _counts(target, service, ground) if one.exposed >= _SEEN]
        clean = [one for one in counts if not one.failures]
        if not counts or not any(one.failures for one in counts):
            continue
        told = "; ".join(one.told for one in (*clean[:2], *[one for one in counts if one.failures][:2]))
        if not clean:
            return _answer("confirmed", told, target, counts[0])
        is_clear = any(one.exposed >= _CLEAN for one in clean)
        return _answer("contradicted" if is_clear and (services or target.is_sure) else "cannot tell", told, target, clean[0])
    return Answer("cannot tell", "what is on all revisions is not said by a name that the store knows")


def answer_rolled_back(claim: Claim, ground: Ground) -> Answer:
    """Traffic was given back to a revision."""
    unknown = unknown_names(claim, ground)
    if unknown:
        return unknown
    services, _, _ = places_of(claim.subject, ground)
    found = named_revisions(claim.subject.revisions[0], services, ground)
    if len(found) != 1:
        return Answer("cannot tell", f"{len(found)} revisions may be meant: name the service")
    revision = found[0]
    if revision.rolled_back_ns:
        return Answer("confirmed", f"the ledger tells a roll-back to {revision.revision}", revision.revision, "find_facts", revision.insert_ids[:5], revisions=(revision.revision,))
    later = [one for one in in_deploy_order(ground.revisions) if one.service == revision.service]
    after = later[later.index(revision) + 1 :]
    came = min((one.first_seen_ns for one in after if one.first_seen_ns is not None), default=None)
    last = revision.last_seen_ns
    if came is not None and last is not None and last <= came and revision.requests:
        told = f"{revision.revision} answered nothing after {after[0].revision} came, and the ledger tells no roll-back to it"
        return Answer("contradicted", told, revision.revision, "count_seen_revisions", revisions=(revision.revision, after[0].revision))
    return Answer("cannot tell", f"the ledger tells no roll-back to {revision.revision}", revision.revision, "find_facts", revisions=(revision.revision,))


def _targets(claim: Claim, revision: Revision, ground: Ground) -> list[Target]:
    """The failure that is meant: the named one, else the main one of the text, else the only one of the service."""
    found = [one for one in targets_of(claim.subject, ground) if "path" not in one.asked or "low" in one.asked]
    if found:
        return found
    if ground.main and _is_of(ground.main, revision, ground):
        return [ground.main]
    own = [one for one in ground.problems if one.service == revision.service or (one.attribution and one.attribution.service == revision.service)]
    roots = [one for one in own if one.role == "root"]
    return [of_clusters([one]) for one in (roots if len(roots) == 1 else own if len(own) == 1 else [])]


def _is_of(target: Target, revision: Revision, ground: Ground) -> bool:
    """It is logged by the service of the revision, or attributed to it."""
    rows = target.rows(ground, Scope(ground.window, (revision.service,)))
    return not rows.frame.is_empty() or any(one.attribution and one.attribution.service == revision.service for one in target.clusters)


def _counts(target: Target, service: str, ground: Ground) -> list[_Count]:
    """Failures and exposure of each revision of a service that was seen in the window, in the order of deploying."""
    scope = Scope(ground.window, (service,))
    rows, every = target.rows(ground, scope), ground.exposure(scope)
    counts = []
    for one in in_deploy_order(ground.revisions):
        if one.service != service:
            continue
        asked = every.of((), (one.revision,))
        exposed = asked.sum("requests") or asked.sum("entries")
        own = rows.of((), (one.revision,))
        if exposed or own.sum("requests"):
            counts.append(_Count(one.revision, own.sum("requests"), max(exposed, own.sum("requests")), own))
    return counts


def _answer(mark: Mark, told: str, target: Target, own: _Count | None) -> Answer:
    rows = own.rows if own else None
    ids, traces, query = (rows.ids(), rows.ids("traces"), rows.query) if rows else ((), (), "")
    return Answer(mark, f"{told}", target.told, query, ids, traces, (own.revision,) if own else ())
