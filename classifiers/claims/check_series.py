"""What is said of several revisions: between two of them, on all of them, back to one of them."""

from classifiers.claims.by_revision import CLEAN, SEEN, counts_of, targets_for, told_of
from classifiers.claims.matching import Ground, named_revisions, places_of, targets_of
from classifiers.claims.measures import unknown_names
from classifiers.claims.records import Answer, Claim
from classifiers.claims.rows import Scope
from classifiers.order import in_deploy_order

__all__ = ["answer_between", "answer_everywhere", "answer_rolled_back"]


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
    for target in targets_for(claim, bad, ground):
        counts = counts_of(target, bad.service, ground)
        order = [one.revision for one in counts]
        if good.revision not in order or bad.revision not in order or not any(one.failures for one in counts):
            continue
        low, high = order.index(good.revision), order.index(bad.revision)
        first = next(at for at, one in enumerate(counts) if one.failures)
        told = f"{counts[low].told}; {counts[high].told}; first failing {counts[first].told}"
        if low < first <= high and counts[low].exposed >= SEEN:
            answers.append(told_of("confirmed", told, target, counts[first]))
        elif first <= low and counts[first].failures > 1:
            answers.append(told_of("contradicted", told, target, counts[first]))
        elif first > high and counts[high].exposed >= CLEAN:
            answers.append(told_of("contradicted", told, target, counts[high]))
        else:
            answers.append(told_of("cannot tell", told, target, counts[first]))
    return next(
        (one for mark in ("confirmed", "contradicted") for one in answers if one.mark == mark),
        answers[0] if answers else Answer("cannot tell", "which failure is meant is not said"),
    )


def answer_everywhere(claim: Claim, ground: Ground) -> Answer:
    """It is the same on all revisions of a service."""
    services, _, _ = places_of(claim.subject, ground)
    targets = targets_of(claim.subject, ground) or ([ground.main] if ground.main else [])
    for target in targets:
        owners = services or tuple(sorted(set(target.rows(ground, Scope(ground.window)).frame["service"].to_list())))
        counts = [one for service in owners for one in counts_of(target, service, ground) if one.exposed >= SEEN]
        clean = [one for one in counts if not one.failures]
        if not counts or not any(one.failures for one in counts):
            continue
        told = "; ".join(one.told for one in (*clean[:2], *[one for one in counts if one.failures][:2]))
        if not clean:
            return told_of("confirmed", told, target, counts[0])
        is_clear = any(one.exposed >= CLEAN for one in clean)
        return told_of(
            "contradicted" if is_clear and (services or target.is_sure) else "cannot tell", told, target, clean[0]
        )
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
        return Answer(
            "confirmed",
            f"the ledger tells a roll-back to {revision.revision}",
            revision.revision,
            "find_facts",
            revision.insert_ids[:5],
            revisions=(revision.revision,),
        )
    later = [one for one in in_deploy_order(ground.revisions) if one.service == revision.service]
    after = later[later.index(revision) + 1 :]
    came = min((one.first_seen_ns for one in after if one.first_seen_ns is not None), default=None)
    last = revision.last_seen_ns
    if came is not None and last is not None and last <= came and revision.requests:
        told = f"{revision.revision} answered nothing after {after[0].revision} came, and no roll-back to it is told"
        return Answer(
            "contradicted",
            told,
            revision.revision,
            "count_seen_revisions",
            revisions=(revision.revision, after[0].revision),
        )
    return Answer(
        "cannot tell",
        f"the ledger tells no roll-back to {revision.revision}",
        revision.revision,
        "find_facts",
        revisions=(revision.revision,),
    )
