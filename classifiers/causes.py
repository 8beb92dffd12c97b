"""Causes: the rival explanations of one case in words, the one that stands, and where the fault sits."""

from collections.abc import Sequence

from classifiers.attribution import Weight
from classifiers.explained import BLAMED
from classifiers.findings import SURE_FROM, Attribution, Cause, Evidence, Fault, Hypothesis, Origin
from classifiers.first_bad import introduced_by
from classifiers.rivals import Rival
from classifiers.telling import as_rate
from classifiers.unnamed import outside_of, steady_of
from classifiers.weighing import Judged
from collector.replacing import replace

__all__ = ["WORTH_TELLING", "cause_of", "fault_of", "hypotheses_of"]

_LIKELY = SURE_FROM[1]
WORTH_TELLING = 0.02  # a probability below it is not told
_MOST = 0.97  # no certainty above this of what is no revision either
_CONFIG_TYPES = frozenset(
    {"env_removed", "env_added", "env_changed", "secret_ref_changed", "service_account", "vpc", "cloud_sql", "ingress"}
)


def hypotheses_of(judged: Judged, origin: Origin) -> tuple[Hypothesis, ...]:
    """Every explanation worth telling, the most probable first; together at most 1."""
    weighed = judged.weighed
    found = [
        Hypothesis(
            "revision",
            round(weight.confidence, 4),
            _claimed(weight, judged),
            _counted(weight, judged),
        )
        for weight in weighed.weights[:3]
        if weight.confidence >= WORTH_TELLING
    ]
    left = max(0.0, 1.0 - sum(weight.confidence for weight in weighed.weights))
    whole = weighed.outside + weighed.chance + sum(share for _, share in weighed.rivals)
    told = [(rival, left * (share / whole) if whole > 0 else 0.0) for rival, share in weighed.rivals]
    found += [
        Hypothesis(rival.cause, round(min(share, _most(rival)), 4), rival.statement, rival.evidence)
        for rival, share in told
        if share >= WORTH_TELLING
    ]
    outside = left * (weighed.outside / whole if whole > 0 else 0.5)
    cause, statement, evidence = outside_of(judged, origin)
    if outside >= WORTH_TELLING:
        found.append(Hypothesis(cause, round(outside, 4), statement, evidence))
    steady = left - outside - sum(share for _, share in told)
    if steady >= WORTH_TELLING:
        found.append(steady_of(judged, origin, round(steady, 4)))
    return tuple(sorted(found, key=lambda one: (-one.confidence, one.cause, one.statement)))


def _claimed(weight: Weight, judged: Judged) -> str:
    """What a revision is held to have done; of one that brought it before another served, and of traffic, that too."""
    own = weight.candidate
    if own.since_ns is not None:
        return f"the traffic that {own.revision} of {own.service} was given again broke it"
    named = introduced_by(weight, judged.text, judged.lineage)
    if named == own.revision:
        return f"{named} of {own.service} broke it"
    return f"{named} of {own.service} broke it, and {own.revision} was the first that served so"


def _counted(weight: Weight, judged: Judged) -> tuple[Evidence, ...]:
    """What failed with a revision and what without; of another service's, how far the traces tell that it was met."""
    own, names = weight.candidate, weight.split.revisions or (weight.candidate.revision,)
    on = f"on {names[0]}" if len(names) == 1 else f"on {names[0]} and {len(names) - 1} more"
    told = replace(as_rate(judged.case, weight.split, on, "on all others"), revisions=(own.revision,))
    if own.relation == "own":
        return (told,)
    met = f"{own.linked:.0%} of the failures are known to have met {own.service}; of the others its traffic tells"
    return (told, Evidence("measured", met, "find_trace_requests", revisions=(own.revision,)))


def _most(rival: Rival) -> float:
    """Never surer of a rival than its failures allow: n of them make it n to 1 at most."""
    return min(_MOST, rival.split.failures_bad / (rival.split.failures_bad + 1))


def cause_of(attribution: Attribution | None, hypotheses: Sequence[Hypothesis]) -> Cause:
    """The cause that stands: a blamed revision, else the most probable other one when it is at least even.

    A fault of the harness takes a failure its rank, so that it must be likely.
    """
    if attribution and attribution.confidence >= BLAMED:
        return "revision"
    others = [one for one in hypotheses if one.cause != "revision"]
    best = max(others, key=lambda one: one.confidence, default=None)
    least = _LIKELY if best and best.cause == "test_harness" else BLAMED
    return best.cause if best and best.confidence >= least else "unknown"


def fault_of(cause: Cause, attribution: Attribution | None, rivals: Sequence[tuple[Rival, float]] = ()) -> Fault:
    """Where the fault sits; `rivals` with their probabilities, the most probable first."""
    if cause == "revision" and attribution:
        change = attribution.change
        return "configuration" if change and change.type in _CONFIG_TYPES else "product"
    top = next((rival for rival, share in rivals if share >= BLAMED), None)
    if top and top.fault and top.cause == cause:
        return top.fault
    faults: dict[Cause, Fault] = {
        "dependency": "dependency", "secret_rotation": "configuration", "certificate": "configuration",
        "client": "client", "test_harness": "test_harness", "traffic": "unknown",
    }  # fmt: skip
    return faults.get(cause, "unknown")
