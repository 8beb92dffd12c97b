"""Attribution: which revision caused an onset, what changed in it, and what else could have.

Every revision of the failing service, and of the services it calls or is called by, is weighed against something from
outside and against chance, on the same counts (rivals.py). The deploy just before is one suspect among them. A
revision that began to serve after the latest moment at which it may have begun is never named.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from classifiers.again import again_split
from classifiers.cases import Case
from classifiers.changes import Difference
from classifiers.endings import ended_by_itself
from classifiers.findings import Change
from classifiers.lineage import Lineage
from classifiers.named import Namings, Said, likeliest, naming, read_text
from classifiers.natures import outside_ratio
from classifiers.origin import origin_of_share
from classifiers.ramps import outside_ramp, slow_gain
from classifiers.restless import restless_gain, wander_gain
from classifiers.rivals import (
    UNKNOWN,
    Candidate,
    Carriers,
    Rival,
    Split,
    Tally,
    earlier_gains,
    outside_gain,
    revision_gain,
)
from classifiers.side_by_side import compare

__all__ = [
    "AttributionConfig",
    "Suspicion",
    "Weighed",
    "Weight",
    "exonerated",
    "lead_change",
    "weigh",
]

_SLACK_NS = 60_000_000_000  # instances fail while they start, a little before the first request is answered
_SPARED = 3.0  # failures expected and not seen: rule of three
_STOPPED = 0.1  # of what deploys break, what stops by itself while they serve on
_APART = 3.0  # log-likelihood from which designs in the history of deploys tell two changes of one deploy apart


class AttributionConfig(BaseModel):
    """Section `attribution` of config.yaml. Priors are per deploy and per day, before any log was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bad_deploys: float = Field(default=0.03, gt=0, lt=1)  # share of deploys that break something of their own service
    bad_callee: float = Field(default=0.01, gt=0, lt=1)  # ... or, of a called service, something of its callers
    bad_caller: float = Field(default=0.005, gt=0, lt=1)
    bad_linked: float = Field(default=0.003, gt=0, lt=1)  # ... of a service that the failed traces do not show
    known_factor: float = Field(default=10.0, ge=1)  # how much likelier a revision is that is guilty of another failure
    outages_per_day: float = Field(default=0.3, gt=0)  # onsets from outside: dependencies, platform, clients
    shared_factor: float = Field(
        default=300.0, ge=1
    )  # how much likelier "outside" is when unrelated services fail at once
    tests_factor: float = Field(
        default=2.5, ge=1
    )  # ... when only tests fail: harnesses change often, and ask for errors
    spared_factor: float = Field(default=4.0, ge=1)  # ... while users of the same routes are spared
    broken_clusters: float = Field(
        default=3.0, ge=1
    )  # a deploy, or an outage, that breaks something breaks about so many
    most_deploys: float = Field(default=0.3, gt=0, lt=1)  # ... of several deploys that cannot be told apart, together
    named_most: float = Field(default=30.0, ge=1)  # how much likelier a change is at most that the failure names
    unnamed_share: float = Field(default=0.3, gt=0, lt=1)  # of deploys that break something: by what no ledger tells
    worse_factor: float = Field(
        default=0.1, gt=0, le=1
    )  # ... of a failure that was there before it: deploys bring failures more often than they multiply them
    nothing_factor: float = Field(
        default=0.2, gt=0, le=1
    )  # ... whose image and configuration are those of the one before
    bad_rotations: float = Field(default=0.05, gt=0, lt=1)  # share of new secret versions that break who reads them
    bad_revocations: float = Field(default=0.2, gt=0, lt=1)  # ... of secret versions disabled or destroyed
    bad_changes: float = Field(default=0.05, gt=0, lt=1)  # ... of changes of IAM, databases, networks, certificates
    bad_callers: float = Field(default=0.003, gt=0, lt=1)  # chance of a caller to send what fails from the first on
    callers_per_day: float = Field(default=0.05, gt=0)  # onsets from a caller that begins to send what fails
    surges: float = Field(default=0.01, gt=0, lt=1)  # chance that load is what makes a service fail
    surges_told: float = Field(default=0.1, gt=0, lt=1)  # ... where the failure says so
    caller_share: float = Field(default=0.2, gt=0, le=1)  # of bad deploys, those that break it for one caller alone
    most: float = Field(default=0.97, gt=0.5, lt=1)  # no certainty above this: the model itself may be wrong
    most_minutes: float = Field(default=0.85, gt=0.5, lt=1)  # ... when failures could only be counted in minutes
    inferred_share: float = Field(default=0.1, gt=0, le=1)  # what a failure counts whose revision no row or trace tells
    most_alone: float = Field(default=0.45, gt=0, lt=1)  # ... when no other revision was ever exposed


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One change of a deploy, its share of the deploy's guilt, and how its carriers part the counts."""

    change: Change | None  # None: something that the ledger does not tell
    share: float
    named: float  # likelihood ratio of what the failure says
    split: Split


@dataclass(frozen=True, slots=True)
class Weight:
    """One revision with its probability and the counts behind it.

    `members` are the revisions that may have brought it, with their shares: this one, and those before it that took too
    few requests to show it. In the order of deploying.
    """

    candidate: Candidate
    split: Split
    confidence: float
    difference: Difference | None
    named: Change | None
    suspicions: tuple[Suspicion, ...] = ()
    members: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Weighed:
    """All explanations of one case; what is left to 1 is that nothing changed at all."""

    weights: tuple[Weight, ...]  # most probable first
    outside: float
    outside_split: Split
    chance: float
    rivals: tuple[tuple[Rival, float], ...] = ()  # those given, each with its probability, most probable first

    @property
    def best(self) -> Weight | None:
        """The most probable revision."""
        return self.weights[0] if self.weights else None


@dataclass(frozen=True)
class _Light:
    """What the changes of deploys are judged in: the words of the failure, those of all others, and the ledger."""

    said: Said
    known: Collection[tuple[str, str]]
    lineage: Lineage
    namings: Namings
    config: AttributionConfig


def weigh(  # noqa: PLR0913 - what is known of one case, each from a station of its own
    case: Case,
    candidates: Sequence[tuple[Candidate, Difference | None]],
    *,
    shared: int,
    text: str,
    known: Collection[tuple[str, str]] = (),
    rivals: Sequence[Rival] = (),
    looks: int = 1,
    lineage: Lineage | None = None,
    namings: Namings | None = None,
    alone: Mapping[str, float] | None = None,
    config: AttributionConfig,
) -> Weighed:
    """Probabilities of every explanation of a case; those of `rivals` are weighed beside revisions, outside and chance.

    shared: number of services without a link that began to fail at once. known: service and revision of those that are
    guilty of another failure. looks: clusters that a deploy or an outage could be accused of; one that breaks something
    breaks few of them, so its prior is shared out among them. That bounds false accusations at any number of looks:
    while nothing happens a Bayes factor is a martingale of mean 1, and ever exceeds 1/prior with at most that prior.
    alone: by own revision, the log-likelihood that it wins if it broke something for one caller alone.
    """
    light = _Light(read_text(text), known, lineage or Lineage(()), namings or Namings(), config)
    spread = math.log(min(1.0, config.broken_clusters / max(looks, 1)))
    outside, outside_split = _outside(case, shared, text, config)
    tallies: dict[tuple[object, ...], Tally] = {}
    rows: list[tuple[Weight, float]] = []
    for candidate, difference in candidates:
        if candidate.served_ns > case.fit.latest_ns + _SLACK_NS:
            continue
        key = _key(candidate)
        tally = tallies[key] = tallies.get(key) or Tally.of(case, candidate)
        row = _suspect(case, candidate, difference, tally, light)
        if row:
            own = alone.get(candidate.revision) if alone and candidate.relation == "own" else None
            rows.append(row if own is None else (row[0], _with_callers(row, own, config)))
    weighed = [outside, *(log_weight for _, log_weight in rows), *(rival.log_weight for rival in rivals)]
    spread += wander_gain(case)
    logs = np.array([restless_gain(case), *(one + spread for one in weighed)])
    shares = np.exp(logs - logs.max())
    share: list[float] = (shares / shares.sum()).tolist()
    weights = [
        replace(weight, confidence=_capped(case, weight, tallies[_key(weight.candidate)], probability, light))
        for (weight, _), probability in zip(rows, share[2 : 2 + len(rows)], strict=True)
    ]
    weights = [_side_by_side(case, one, config) for one in weights]
    weights.sort(
        key=lambda one: (-one.confidence, one.candidate.served_ns, one.candidate.service, one.candidate.revision)
    )
    others = sorted(zip(rivals, share[2 + len(rows) :], strict=True), key=lambda one: (-one[1], one[0].statement))
    return Weighed(tuple(weights), share[1], outside_split, share[0], tuple(others))


def _with_callers(row: tuple[Weight, float], alone: float, config: AttributionConfig) -> float:
    """The log weight of a revision that may have broken something for all, or for one caller alone."""
    weight, log_weight = row
    return float(np.logaddexp(log_weight, log_weight - weight.split.gain + alone + math.log(config.caller_share)))


def _side_by_side(case: Case, weight: Weight, config: AttributionConfig) -> Weight:
    """Not blamed where it failed no more than the others in the same minutes: what it has alone is of another time."""
    if (
        weight.confidence <= config.most_alone
        or compare(case, weight.candidate, weight.split).verdict != "no difference"
    ):
        return weight
    return replace(weight, confidence=config.most_alone)


def _suspect(
    case: Case, candidate: Candidate, difference: Difference | None, tally: Tally, light: _Light
) -> tuple[Weight, float] | None:
    """A revision with the log of its prior times likelihood; None where it explains nothing."""
    plain = revision_gain(case, candidate, tally=tally)
    if plain.gain == -math.inf:
        return None
    difference = _since_served(candidate, difference, tally, light)
    ideas = _ideas(case, candidate, difference, light)
    splits: dict[tuple[bool | None, ...], Split] = {(None,) * len(candidate.later): plain}
    found: list[Split] = []
    for idea, _ in ideas:
        told = tuple(idea.states.get(one) for one in candidate.later)
        if told not in splits:
            splits[told] = revision_gain(case, candidate, idea, tally)
        found.append(splits[told])
    logs = [math.log(idea.weight * ratio) + split.gain for (idea, ratio), split in zip(ideas, found, strict=True)]
    whole = _log_sum(logs)
    suspicions = tuple(
        Suspicion(idea.change, math.exp(log - whole), ratio, split)
        for (idea, ratio), split, log in zip(ideas, found, logs, strict=True)
    )
    designed = whole - _log_sum([math.log(idea.weight * ratio) + plain.gain for idea, ratio in ideas])
    members, log_members = _members(case, candidate, difference, plain, tally, light)
    log_weight = _prior(case, candidate, light) + designed + log_members + _course_gain(case, candidate, plain)
    named = max(suspicions, key=lambda one: (one.named, one.share))
    best = found[logs.index(max(logs))]
    again = again_split(case, candidate, best, tally, _before(candidate, light.lineage), light.config.bad_deploys)
    log_weight += again.gain - best.gain
    best = again
    told_by = named.change if named.named > 1 else None
    return Weight(candidate, best, 0.0, difference, told_by, suspicions, members), log_weight


def _before(candidate: Candidate, lineage: Lineage) -> tuple[str, ...]:
    """Revisions of its service that were deployed before it, in order; none where it is not known."""
    names = tuple(one.revision for one in lineage.order(candidate.project, candidate.service))
    return names[: names.index(candidate.revision)] if candidate.revision in names else ()


def _course_gain(case: Case, candidate: Candidate, split: Split) -> float:
    """Log of how well the course of the failures fits a revision that serves on: what it breaks may grow, not stop."""
    if ended_by_itself(case, candidate, split):
        return math.log(_STOPPED)
    return slow_gain(case, candidate, split)


def _since_served(
    candidate: Candidate, difference: Difference | None, tally: Tally, light: _Light
) -> Difference | None:
    """The difference from the last one that was asked: what nobody asked may have brought it as well."""
    if difference is None or difference.before not in candidate.idle or tally.exposed.get(difference.before, 0.0) >= 1:
        return difference
    asked = [one for one in candidate.idle if tally.exposed.get(one, 0.0) >= 1]
    if not asked:
        return difference
    return light.lineage.between(candidate.project, candidate.service, asked[-1], candidate.revision) or difference


def _ideas(
    case: Case, candidate: Candidate, difference: Difference | None, light: _Light
) -> list[tuple[Carriers, float]]:
    """What of a deploy may have done it: each of its changes, or what no ledger tells; with the words' ratio."""
    if difference is None or not difference.changes:
        is_nothing = difference is not None and difference.label == "nothing"
        return [(replace(UNKNOWN, weight=light.config.nothing_factor if is_nothing else 1.0), 1.0)]
    left = light.config.unnamed_share
    each = (1.0 - left) / len(difference.changes)
    ideas: list[tuple[Carriers, float]] = [(replace(UNKNOWN, weight=left), 1.0)]
    for change in difference.changes:
        kept = light.lineage.kept(candidate.project, candidate.service, difference, change)
        ratio = min(naming(change, case, light.said, light.namings), light.config.named_most)
        ideas.append((Carriers(change, kept, each), ratio))
    return ideas


def _members(
    case: Case, candidate: Candidate, difference: Difference | None, plain: Split, tally: Tally, light: _Light
) -> tuple[tuple[tuple[str, float], ...], float]:
    """Which deploys may have brought it, with their shares, and the log of what they weigh together.

    Each by its own difference to the one before it: many deploys in a row are many chances to break something.
    """
    names = (*candidate.idle, candidate.revision)
    gains = [*earlier_gains(case, candidate, plain, tally).tolist(), plain.gain]
    own = light.lineage.step(candidate.project, candidate.service, candidate.revision) if candidate.idle else None
    steps = [
        *(light.lineage.step(candidate.project, candidate.service, one) for one in candidate.idle), own or difference,
    ]  # fmt: skip
    logs = [gain + math.log(_factor(case, step, light)) for gain, step in zip(gains, steps, strict=True)]
    whole = _log_sum(logs)
    shares = [math.exp(one - whole) for one in logs]
    many = 1.0 / sum(share * share for share in shares)  # as many deploys as count
    most = light.config.most_deploys / light.config.bad_deploys
    return tuple(zip(names, shares, strict=True)), whole - math.log(max(many / most, 1.0))


def _factor(case: Case, step: Difference | None, light: _Light) -> float:
    """How much likelier a deploy is to have done it than any deploy, by what it changed and what the failure says."""
    if step is None or not step.changes:
        return light.config.nothing_factor if step is not None and step.label == "nothing" else 1.0
    ratios = [min(naming(one, case, light.said, light.namings), light.config.named_most) for one in step.changes]
    left = light.config.unnamed_share
    return left + (1.0 - left) * sum(ratios) / len(ratios)


def _log_sum(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + math.log(sum(math.exp(one - top) for one in logs))


def _outside(case: Case, shared: int, text: str, config: AttributionConfig) -> tuple[float, Split]:
    """How well something from outside explains a case: log of prior times likelihood, and the best split."""
    is_over = case.fit.course == "resolved"
    per_minute = config.outages_per_day / 1440
    outside, split = outside_gain(case, is_over=is_over, per_minute=per_minute)
    if not is_over:
        outside = float(np.logaddexp(outside, outside_ramp(case, per_minute)))
    outside += math.log(config.shared_factor) * min(shared, 3) + math.log(outside_ratio(case, text))
    if origin_of_share(case.origins)[0] == "tests":
        outside += math.log(config.spared_factor if case.spared >= _SPARED else config.tests_factor)
    return outside, split


def lead_change(weight: Weight, case: Case, text: str) -> tuple[Change | None, tuple[Change, ...]]:  # noqa: ARG001
    """The change that most likely did it, and what else changed in the same deploy and cannot be told apart from it."""
    difference = weight.difference
    if difference is None:
        return None, ()
    if not difference.changes:
        # all that is known is equal, and a deploy changes something
        is_image = "image" in difference.unknown and "env" not in difference.unknown
        return (Change("image", "image") if is_image else None), ()
    alive = [one for one in difference.changes if one not in exonerated(weight)]
    ratios = {one.change: one.named for one in weight.suspicions if one.change}
    lead = likeliest(alive, [ratios.get(one, 1.0) for one in alive]) or alive[0]
    return lead, tuple(one for one in alive if one != lead)


def exonerated(weight: Weight) -> tuple[Change, ...]:
    """Changes of the deploy whose carriers did not fail, while those of another change of it did."""
    told = [one for one in weight.suspicions if one.change]
    best = max((one.split.gain for one in told), default=0.0)
    return tuple(one.change for one in told if one.change and one.split.gain < best - _APART)


def _was_there(case: Case, candidate: Candidate) -> bool:
    """It failed of the same before the revision first served, more than once."""
    return int((case.times_ns < candidate.served_ns - _SLACK_NS).sum()) > 1


def _prior(case: Case, candidate: Candidate, light: _Light) -> float:
    """Log of how likely a deploy of such a service is to break something here, whatever it changed."""
    config = light.config
    prior = {
        "own": config.bad_deploys,
        "callee": config.bad_callee,
        "caller": config.bad_caller,
        "linked": config.bad_linked,
    }[candidate.relation]
    if _was_there(case, candidate):
        prior *= config.worse_factor
    if (candidate.service, candidate.revision) in light.known:
        prior *= config.known_factor
    return math.log(prior)


def _key(candidate: Candidate) -> tuple[object, ...]:
    """Candidates with the same one have the same tally."""
    since = candidate.since_ns and (candidate.since_ns, candidate.revision)
    return (candidate.service, candidate.relation, since)


def _capped(case: Case, weight: Weight, tally: Tally, probability: float, light: _Light) -> float:
    """Never surer than what was counted allows: n failures whose revision is known make it n to 1 at most."""
    config, split, linked = light.config, weight.split, weight.candidate.linked
    most = config.most if case.is_counted else config.most_minutes
    if split.exposed_good < 1 or _is_first(weight.candidate, tally, light.lineage):
        most = config.most_alone
    known = split.failures_bad * (linked + (1 - linked) * config.inferred_share)
    return min(probability, most, known / (known + 1))


def _is_first(candidate: Candidate, tally: Tally, lineage: Lineage) -> bool:
    """No other revision of its service was asked before it: what it brought, and whether, is not known."""
    is_known = lineage.find(candidate.project, candidate.service, candidate.revision) is not None
    if candidate.since_ns is not None or not is_known:
        return False
    return not any(tally.exposed.get(one, 0.0) >= 1 for one in _before(candidate, lineage))
