"""Accusation: the claim that a revision did it, with every check on it and what would refute it.

The probability is that of one model (attribution.py). The checks told here look at the same rows and are never
multiplied: they say what the verdict rests on, and where nothing could be compared.
"""

from collections.abc import Sequence

import numpy as np

from classifiers.attribution import Weight, exonerated, lead_change
from classifiers.cases import Case
from classifiers.causes import WORTH_TELLING
from classifiers.findings import Attribution, Change, Evidence, SideBySide, Sighting
from classifiers.first_bad import credible, introduced_by, why_not_apart
from classifiers.refutation import refuted_by
from classifiers.replication import Replication, replication_of
from classifiers.rivals import START_SLACK_NS, Candidate, Tally
from classifiers.side_by_side import compare
from classifiers.telling import bad_words, failed_of, unit_for, unit_of
from classifiers.weighing import Judged
from collector.replacing import replace
from collector.window import format_ns

__all__ = ["attribution_of"]

_NAMED = 3  # revisions named in one sentence
_SEVERAL = 3  # revisions from which a change point among them says more than before and after
_SHOWN = 3  # revisions of a set whose reason is told as evidence


def attribution_of(judged: Judged) -> Attribution | None:
    """The best revision with its change; None when no revision is a suspect.

    Of a symptom the claim alone: the checks are those of its root, whose claim it repeats.
    """
    weight = judged.weighed.best
    if weight is None or weight.confidence < WORTH_TELLING:
        return None
    weight = _since_good(weight, judged)
    change, also = lead_change(weight, judged.text)
    named = introduced_by(weight, judged.text, judged.lineage)
    claim = Attribution(
        service=weight.candidate.service,
        revision=named,
        good_revision=weight.difference.before if weight.difference else None,
        change=change,
        also_changed=_together(change, also, named, weight, judged),
        confidence=round(weight.confidence, 4),
        evidence=tuple(_evidence(judged, weight, change)),
        cleared=exonerated(weight),
    )
    return claim if judged.link else _checked(claim, judged, weight)


def _checked(claim: Attribution, judged: Judged, weight: Weight) -> Attribution:
    """The claim with every check on it."""
    case, candidate, lineage, unit = judged.case, weight.candidate, judged.lineage, unit_of(judged.case)
    tally = Tally.of(case, candidate)
    members = credible(weight, judged.weighed.weights, lineage)
    apart = why_not_apart(members, claim.revision, weight, tally, unit)
    compared = compare(case, candidate, weight.split)
    repeated = replication_of(case, weight, tally, lineage, claim.change, unit)
    names = {name for name, _ in members}
    good, bad, last = _sightings(case, weight, tally, names, judged)
    introduced = [_introduced(weight, claim)] if claim.revision != candidate.revision else []
    alternatives = [
        Evidence("unknown", f"{one.revision} may as well be the first: it {one.why}", "count_exposure")
        for one in apart[:_SHOWN]
    ]
    is_suspect = claim.good_revision in names and candidate.since_ns is None  # not told apart from the bad one
    return replace(
        claim,
        good_revision=(good.revision if good else None) if is_suspect else claim.good_revision,
        evidence=(
            *claim.evidence,
            *introduced,
            _compared(compared, unit, bad_words(case)[0]),
            *repeated.evidence,
            *alternatives,
        ),
        first_bad=tuple(name for name, _ in members),
        not_apart=apart,
        last_good=good,
        first_seen_bad=bad,
        last_seen_bad=last,
        side_by_side=compared,
        decided_by=_decided(weight, tally, compared, repeated),
        refuted_by=refuted_by(case, weight.split, claim.change, good, last, unit),
    )


def _since_good(weight: Weight, judged: Judged) -> Weight:
    """Of a revision that repeats one that is not told apart from it: what changed since the last good one."""
    own, told = weight.candidate, weight.difference
    members = {name for name, _ in credible(weight, judged.weighed.weights, judged.lineage)}
    if told is None or told.label != "nothing" or told.before not in members or own.since_ns is not None:
        return weight
    tally = Tally.of(judged.case, own)
    names = [one.revision for one in judged.lineage.order(own.project, own.service)]
    earlier = names[: min((names.index(one) for one in members if one in names), default=0)]
    good = next((name for name in reversed(earlier) if tally.exposed.get(name, 0.0) >= 1), None)
    found = judged.lineage.between(own.project, own.service, good, own.revision) if good else None
    return replace(weight, difference=found) if found else weight


def _together(
    change: Change | None, also: tuple[Change, ...], named: str, weight: Weight, judged: Judged
) -> tuple[Change, ...]:
    """What changed in the very deploy that brought the change; what came with others before it is left to the set."""
    own = weight.candidate
    step = judged.lineage.step(own.project, own.service, named)
    keys = {(one.type, one.name) for one in step.changes} if step else set()
    if step is None or step.label == "not known" or change is None or (change.type, change.name) not in keys:
        return also
    return tuple(one for one in also if (one.type, one.name) in keys)


def _sightings(
    case: Case, weight: Weight, tally: Tally, members: set[str], judged: Judged
) -> tuple[Sighting | None, Sighting, Sighting]:
    """The last revision before the set that served, the first that failed, and the one that failed last."""
    own = weight.candidate
    names = [one.revision for one in judged.lineage.order(own.project, own.service)]
    first = min((names.index(one) for one in members if one in names), default=0)
    served = [name for name in names[:first] if tally.exposed.get(name, 0.0) >= 1]
    if own.since_ns is not None and weight.difference:
        served = [weight.difference.before]  # the one that it took the traffic from
    good = _sighting(case, weight, tally, served[-1], is_failing=False) if served else None
    blamed = [name for name in own.labels if name in weight.split.revisions]
    bad = _sighting(case, weight, tally, own.revision, is_failing=True)
    return good, bad, _sighting(case, weight, tally, blamed[-1] if blamed else own.revision, is_failing=True)


def _sighting(case: Case, weight: Weight, tally: Tally, name: str, *, is_failing: bool) -> Sighting:
    """Of one that fails the time of its last failure, of another the last time that it was asked, to the minute."""
    own = weight.candidate
    at_ns: int | None = None
    if is_failing:
        at_ns = next((int(case.times_ns[at]) for at in range(case.units - 1, -1, -1) if own.labels[at] == name), None)
    else:
        grid = case.grid if own.relation == "own" else own.grid
        used = (grid.by_revision.get(name, grid.total * 0) > 0).nonzero()[0]
        at_ns = grid.timeline.start_ns + int(used[-1]) * grid.timeline.bin_ns if used.size else None
    asked = tally.exposed.get(name)
    return Sighting(own.service, name, tally.failed.get(name, 0), None if asked is None else round(asked), at_ns)


def _decided(weight: Weight, tally: Tally, compared: SideBySide, repeated: Replication) -> str:
    """The check that the verdict rests on, the strongest that could be made."""
    if compared.verdict == "differs":
        return "old and new revision side by side"
    if repeated.is_repeated:
        return "replication: it stopped when another revision served again"
    if weight.split.exposed_good < 1:
        return "nothing: no other revision was exposed"
    blamed = [name for name in weight.split.revisions if tally.failed.get(name)]
    others = sum(many >= 1 for name, many in tally.exposed.items() if name not in weight.split.revisions)
    named = "; the failure names what changed" if weight.named and weight.named.type != "image" else ""
    if len(blamed) + others >= _SEVERAL:
        fail = "fails" if len(blamed) == 1 else "fail"
        told = f"the change point over {len(blamed) + others} revisions that served"
        return f"{told}: {len(blamed)} of them {fail}{named}"
    return f"before and after alone{named or ', which tells nothing else apart that began at that time'}"


def _introduced(weight: Weight, claim: Attribution) -> Evidence:
    what = claim.change.name or claim.change.type if claim.change else "it"
    first = weight.candidate.revision
    told = f"{what} changed in {claim.revision} already, which is before {first}, the first that served and failed"
    return Evidence("measured", told, "find_facts", revisions=(claim.revision, first))


def _compared(found: SideBySide, unit: str, failed: str) -> Evidence:
    """The side-by-side check in one sentence."""
    if found.verdict == "not testable":
        return Evidence("unknown", f"not testable side by side: 0 overlapping {unit}", "count_exposure")
    counts = (
        f"side by side in {found.minutes} {unit_for(found.minutes, 'minutes')}: "
        f"{found.failures_new} of {found.exposed_new} {unit} {failed} on the "
        f"blamed revision, {found.failures_old} of {found.exposed_old} on the other"
    )
    value = f"{found.evidence:.3g}" if found.evidence < 1e6 else "over 1,000,000"  # noqa: PLR2004 - no figure means more
    if found.verdict == "differs":
        told = f"{counts}; they differ (E-value {value} at its highest; 20 refutes equal rates however often one looks)"
        return Evidence("measured", told, "count_exposure")
    most = "" if found.most_times is None else f"; a difference of more than {found.most_times:.1f} times is ruled out"
    if found.verdict == "no difference":
        return Evidence("measured", f"{counts}; no difference seen{most}", "count_exposure")
    left = most or "; any difference would be possible"
    return Evidence("unknown", f"{counts}: too few to tell{left}", "count_exposure")


def _evidence(judged: Judged, weight: Weight, change: Change | None) -> list[Evidence]:
    case, split, candidate = judged.case, weight.split, weight.candidate
    seen = tuple(dict.fromkeys((*split.revisions, *([weight.difference.before] if weight.difference else []))))
    sample = case.traces_known(case.fit.index)[:5]
    exposed = _exposed(case, weight)
    others = float(case.grid.total.sum()) - exposed
    told = (
        f"{failed_of(split.failures_bad, exposed, case)} on {_named(split.revisions)}; "
        f"{failed_of(split.failures_good, max(others, 0.0), case)} on all others"
    )
    found = [Evidence("measured", told, "count_exposure", (), sample, seen)]
    if judged.link is None:  # what is told of a symptom's revisions is that of its root
        found.append(_first_on(case, candidate))
    found += _from_before(case, candidate.served_ns)
    found += _before_return(case, candidate)
    if candidate.relation != "own":
        how = {"callee": "calls", "caller": "is called by"}.get(candidate.relation, "works with")
        known = f"its revision is known from the trace in {candidate.linked:.0%} of the {bad_words(case)[1]}"
        statement = f"{case.service} {how} {candidate.service}; {known}"
        found.append(Evidence("measured", statement, "find_trace_requests", (), sample, (candidate.revision,)))
    found.append(_change_evidence(weight, change))
    if split.exposed_good < 1:
        found.append(Evidence("unknown", "no other revision was exposed, so nothing can be compared"))
    return found


def _first_on(case: Case, candidate: Candidate) -> Evidence:
    """How long the revision served before a failure met it. Lines of an instance that nobody asks are no service."""
    times = case.times_ns[np.array(candidate.labels, dtype=object) == candidate.revision]
    late = times[times >= candidate.served_ns - START_SLACK_NS]
    first_ns = int((late if late.size else times)[0])
    asked = candidate.grid.by_revision.get(candidate.revision)
    since_ns, how = candidate.served_ns, "was first seen"
    if candidate.since_ns is not None:
        how = "was given the traffic again"
    elif candidate.grid.unit in {"requests", "traces"} and asked is not None and asked.any():
        line = candidate.grid.timeline
        since_ns, how = max(since_ns, line.start_ns + int(np.argmax(asked > 0)) * line.bin_ns), "was first asked"
        since_ns = min(since_ns, max(first_ns, candidate.served_ns))  # a bin tells its beginning alone
    delay = first_ns - since_ns
    when = "after" if delay >= 0 else "before"
    what = bad_words(case)[1].removesuffix("s")
    told = f"the first {what} on {candidate.revision} came {_span(abs(delay))} {when} it {how} ({format_ns(since_ns)})"
    return Evidence("measured", told, "count_seen_revisions", revisions=(candidate.revision,))


def _from_before(case: Case, served_ns: int) -> list[Evidence]:
    """That it failed of the same before the revision first served."""
    before = int((case.times_ns < served_ns).sum())
    first_ns = int(case.times_ns[0])
    if case.kind == "slow" or not before or first_ns >= served_ns - START_SLACK_NS:  # some requests always are
        return []
    told = f"it was there before: first seen {format_ns(first_ns)}, {before} times before that revision served"
    return [Evidence("measured", told, "find_failures")]


def _before_return(case: Case, candidate: Candidate) -> list[Evidence]:
    """What a revision did before it took the traffic again: the same code and configuration, at another time."""
    asked = case.grid.by_revision.get(candidate.revision)
    if candidate.since_ns is None or candidate.relation != "own" or asked is None:
        return []
    first = int(case.grid.timeline.bin_of(np.array([candidate.since_ns]))[0])
    own = np.array(candidate.labels, dtype=object) == candidate.revision
    failed, exposed = int((own & (case.times_ns < candidate.since_ns)).sum()), float(asked[:first].sum())
    if exposed < 1:
        return []
    told = f"the same revision served before that: {failed_of(failed, exposed, case)} then"
    return [Evidence("measured", told, "count_exposure", revisions=(candidate.revision,))]


def _exposed(case: Case, weight: Weight) -> float:
    """What is known to have been exposed of the case through the blamed revisions."""
    candidate, names = weight.candidate, weight.split.revisions
    if candidate.relation == "own" and case.grid.by_revision:
        return float(sum(case.grid.by_revision[name].sum() for name in names if name in case.grid.by_revision))
    return float(sum((case.grid.total * candidate.grid.share(name)).sum() for name in names))


def _named(names: Sequence[str]) -> str:
    """At most three names; the rest are counted."""
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def _change_evidence(weight: Weight, change: Change | None) -> Evidence:
    difference = weight.difference
    if difference is None:
        return Evidence("unknown", f"the revision before {weight.candidate.revision} is not known")
    seen = (difference.before, difference.after)
    if change is None:
        equal = f"image and configuration are equal to those of {difference.before}"
        told = equal if difference.label == "nothing" else "what changed is not known"
        return Evidence("measured" if difference.label == "nothing" else "unknown", told, "find_facts", revisions=seen)
    if change not in difference.changes:
        told = "everything known of the configuration is equal, the image is not known: most likely the image changed"
        return Evidence("inferred", told, "rule:only-the-image-is-left", revisions=seen)
    if change == weight.named:
        statement = f"the failure names {change.name} ({change.type}), which changed from {seen[0]} to {seen[1]}"
        return Evidence("inferred", statement, "rule:named-change", revisions=seen)
    what = change.type if change.name in ("", change.type) else f"{change.type} {change.name}"
    return Evidence("measured", f"{what} changed from {seen[0]} to {seen[1]}", "find_facts", revisions=seen)


def _span(span_ns: int) -> str:
    seconds = span_ns // 1_000_000_000
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - two hours
