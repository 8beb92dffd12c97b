"""Attribution: which revision caused an onset, what changed in it, and what else could have.

Every revision of the failing service, and of the services it calls or is called by, is weighed against something from
outside and against chance, on the same counts (rivals.py). The deploy just before is one suspect among them. A
revision that began to serve after the latest moment at which it may have begun is never named.
"""

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from msgspec import Struct

from classifiers.again import again_split
from classifiers.cases import Case
from classifiers.change_kinds import change_shares
from classifiers.changes import Difference
from classifiers.config import AttributionConfig
from classifiers.endings import ended_by_itself
from classifiers.findings import Change
from classifiers.harness import changed_with
from classifiers.lineage import Lineage
from classifiers.named import Namings, Said, likeliest, naming, read_text, told_words
from classifiers.priors import MOST_ALONE, deploy_prior, outside_weight, shared_out, surest
from classifiers.ramps import slow_gain
from classifiers.restless import restless_gain, wander_gain
from classifiers.rivals import (
    START_SLACK_NS,
    UNKNOWN,
    Candidate,
    Carriers,
    Rival,
    Split,
    Tally,
    earlier_gains,
    revision_gain,
    revision_gains,
)
from classifiers.side_by_side import compare
from classifiers.telling import summed
from collector.replacing import replace

__all__ = [
    "Fit",
    "Suspicion",
    "Weighed",
    "Weight",
    "exonerated",
    "lead_change",
    "weigh",
]

_MOST_DEPLOYS = 0.3  # of several deploys that cannot be told apart, together
_NAMED = 30.0  # how much likelier a change is at most that the failure names: words alone prove nothing
_UNNAMED = 0.3  # of deploys that break something: by what no ledger tells
_NOTHING = 0.2  # how likely a deploy is whose image and configuration are those of the one before
_ONE_CALLER = 0.2  # of bad deploys, those that break something for one caller alone
_STOPPED = 0.1  # of what deploys break, what stops by itself while they serve on
_APART = 3.0  # log-likelihood from which designs in the history of deploys tell two changes of one deploy apart


class Suspicion(Struct, frozen=True):
    """One change of a deploy, its share of the deploy's guilt, and how its carriers part the counts."""

    change: Change | None  # None: something that the ledger does not tell
    share: float
    named: float  # likelihood ratio of what the failure says
    split: Split
    prior: float = 0.0  # its share before anything was counted, by its kind


class Weight(Struct, frozen=True):
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


class Weighed(Struct, frozen=True):
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


class Fit(Struct, frozen=True):
    """How well one revision explains a case, whoever else is guilty; logs, in the order in which they are added."""

    weight: Weight
    tally: Tally
    designed: float
    members: float
    course: float
    again: float


class _Light(Struct, frozen=True):
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
    fits: list[Fit] | None = None,
    config: AttributionConfig,
) -> Weighed:
    """Probabilities of every explanation of a case; those of `rivals` are weighed beside revisions, outside and chance.

    shared: number of services without a link that began to fail at once. known: service and revision of those that are
    guilty of another failure. looks: clusters that a deploy or an outage could be accused of (see priors.py).
    alone: by own revision, the log-likelihood that it wins if it broke something for one caller alone.
    fits: what was found of the candidates when this case was weighed before; filled where it is empty.
    """
    light = _Light(read_text(text), known, lineage or Lineage(()), namings or Namings(), config)
    spread = shared_out(looks) + wander_gain(case)
    outside, outside_split = outside_weight(case, shared, text, config)
    fits = [] if fits is None else fits
    if not fits:
        latest_ns = case.fit.latest_ns + START_SLACK_NS
        fits += _fits(case, [one for one in candidates if one[0].served_ns <= latest_ns], light)
    rows: list[tuple[Weight, float]] = []
    for fit in fits:
        row = fit.weight, _log_weight(case, fit, light)
        candidate = fit.weight.candidate
        own = alone.get(candidate.revision) if alone and candidate.relation == "own" else None
        rows.append(row if own is None else (row[0], _with_callers(row, own)))
    outside = float(np.logaddexp(outside, max((_of_tests(case, row) for row in rows), default=-math.inf)))
    weighed = [outside, *(log_weight for _, log_weight in rows), *(rival.log_weight for rival in rivals)]
    logs = np.array([restless_gain(case), *(one + spread for one in weighed)])
    shares = np.exp(logs - logs.max())
    share: list[float] = (shares / shares.sum()).tolist()
    weights = [
        replace(fit.weight, confidence=_capped(case, fit.weight, fit.tally, probability, light))
        for fit, probability in zip(fits, share[2 : 2 + len(rows)], strict=True)
    ]
    weights = [_side_by_side(case, one) for one in weights]
    weights.sort(
        key=lambda one: (-one.confidence, one.candidate.served_ns, one.candidate.service, one.candidate.revision)
    )
    others = sorted(zip(rivals, share[2 + len(rows) :], strict=True), key=lambda one: (-one[1], one[0].statement))
    return Weighed(tuple(weights), share[1], outside_split, share[0], tuple(others))


def _with_callers(row: tuple[Weight, float], alone: float) -> float:
    """The log weight of a revision that may have broken something for all, or for one caller alone."""
    weight, log_weight = row
    return float(np.logaddexp(log_weight, log_weight - weight.split.gain + alone + math.log(_ONE_CALLER)))


def _of_tests(case: Case, row: tuple[Weight, float]) -> float:
    """The log weight of tests that changed with a deploy."""
    weight, log_weight = row
    words = [(one.change, one.named) for one in weight.suspicions]
    return changed_with(case, weight.candidate, log_weight - weight.split.gain, words)


def _side_by_side(case: Case, weight: Weight) -> Weight:
    """Not blamed where it failed no more than the others in the same minutes: what it has alone is of another time."""
    if weight.confidence <= MOST_ALONE or compare(case, weight.candidate, weight.split).verdict != "no difference":
        return weight
    return replace(weight, confidence=MOST_ALONE)


def _fits(case: Case, suspects: Sequence[tuple[Candidate, Difference | None]], light: _Light) -> list[Fit]:
    """How well each revision explains a case; those that explain nothing are left out."""
    tallies: dict[tuple[object, ...], Tally] = {}
    for candidate, _ in suspects:
        key = _key(candidate)
        if key not in tallies:
            tallies[key] = Tally.of(case, candidate)
    counted = [(candidate, tallies[_key(candidate)]) for candidate, _ in suspects]
    plain = revision_gains(case, [(candidate, UNKNOWN, tally) for candidate, tally in counted])
    alive = [
        (candidate, difference, tally, split)
        for (candidate, tally), (_, difference), split in zip(counted, suspects, plain, strict=True)
        if split.gain != -math.inf
    ]
    earlier = earlier_gains(case, [(candidate, split, tally) for candidate, _, tally, split in alive])
    return [
        _fit(case, candidate, difference, tally, split, gains, light)
        for (candidate, difference, tally, split), gains in zip(alive, earlier, strict=True)
    ]


def _fit(  # noqa: PLR0913, PLR0917 - what is counted of one suspect
    case: Case, candidate: Candidate, difference: Difference | None, tally: Tally, plain: Split,
    earlier: Sequence[float], light: _Light,
) -> Fit:  # fmt: skip
    """How well a revision explains a case, each of its changes by itself."""
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
    whole = summed(logs)
    suspicions = tuple(
        Suspicion(idea.change, math.exp(log - whole), ratio, split, idea.weight)
        for (idea, ratio), split, log in zip(ideas, found, logs, strict=True)
    )
    designed = whole - summed([math.log(idea.weight * ratio) + plain.gain for idea, ratio in ideas])
    members, log_members = _members(case, candidate, difference, [*earlier, plain.gain], light)
    named = max(suspicions, key=lambda one: (one.named, one.share))
    best = found[logs.index(max(logs))]
    before = light.lineage.before(candidate.project, candidate.service, candidate.revision)
    again = again_split(case, candidate, best, tally, before, light.config.bad_deploys)
    told_by = named.change if named.named > 1 else None
    weight = Weight(candidate, again, 0.0, difference, told_by, suspicions, members)
    return Fit(weight, tally, designed, log_members, _course_gain(case, candidate, plain), again.gain - best.gain)


def _log_weight(case: Case, fit: Fit, light: _Light) -> float:
    """The log of a revision's prior times its likelihood."""
    prior = deploy_prior(case, fit.weight.candidate, light.known, light.config)
    return prior + fit.designed + fit.members + fit.course + fit.again


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
        return [(replace(UNKNOWN, weight=_NOTHING if is_nothing else 1.0), 1.0)]
    left = _UNNAMED
    shares = change_shares(case.kind, difference.changes)
    ideas: list[tuple[Carriers, float]] = [(replace(UNKNOWN, weight=left), 1.0)]
    for change, share in zip(difference.changes, shares, strict=True):
        kept = light.lineage.kept(candidate.project, candidate.service, difference, change)
        ratio = min(naming(change, case, light.said, light.namings), _NAMED)
        ideas.append((Carriers(change, kept, (1.0 - left) * share), ratio))
    return ideas


def _members(
    case: Case, candidate: Candidate, difference: Difference | None, gains: Sequence[float], light: _Light
) -> tuple[tuple[tuple[str, float], ...], float]:
    """Which deploys may have brought it, with their shares, and the log of what they weigh together.

    gains: of the split, begun with each of them. Each is judged by its own difference to the one before it: many
    deploys in a row are many chances to break something.
    """
    names = (*candidate.idle, candidate.revision)
    own = light.lineage.step(candidate.project, candidate.service, candidate.revision) if candidate.idle else None
    steps = [
        *(light.lineage.step(candidate.project, candidate.service, one) for one in candidate.idle), own or difference,
    ]  # fmt: skip
    logs = [gain + math.log(_factor(case, step, light)) for gain, step in zip(gains, steps, strict=True)]
    whole = summed(logs)
    shares = [math.exp(one - whole) for one in logs]
    many = 1.0 / sum(share * share for share in shares)  # as many deploys as count
    most = _MOST_DEPLOYS / light.config.bad_deploys
    return tuple(zip(names, shares, strict=True)), whole - math.log(max(many / most, 1.0))


def _factor(case: Case, step: Difference | None, light: _Light) -> float:
    """How much likelier a deploy is to have done it than any deploy, by what it changed and what the failure says."""
    if step is None or not step.changes:
        return _NOTHING if step is not None and step.label == "nothing" else 1.0
    ratios = [min(naming(one, case, light.said, light.namings), _NAMED) for one in step.changes]
    left = _UNNAMED
    return left + (1.0 - left) * sum(ratios) / len(ratios)


def lead_change(weight: Weight, text: str) -> tuple[Change | None, tuple[Change, ...]]:
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
    priors = {one.change: one.prior for one in weight.suspicions if one.change}
    first = max(alive, key=lambda one: priors.get(one, 0.0))  # of equals the first one
    alike = [one for one in alive if (one.type, priors.get(one)) == (first.type, priors.get(first))]
    # where nothing names one: the more of its words are told
    lead = likeliest(alive, [ratios.get(one, 1.0) for one in alive]) or max(
        alike, key=lambda one: told_words(one, text)
    )
    return lead, tuple(one for one in alive if one != lead)


def exonerated(weight: Weight) -> tuple[Change, ...]:
    """Changes of the deploy whose carriers did not fail, while those of another change of it did."""
    told = [one for one in weight.suspicions if one.change]
    best = max((one.split.gain for one in told), default=0.0)
    return tuple(one.change for one in told if one.change and one.split.gain < best - _APART)


def _key(candidate: Candidate) -> tuple[object, ...]:
    """Candidates with the same one have the same tally."""
    since = candidate.since_ns and (candidate.since_ns, candidate.revision)
    return (candidate.service, candidate.relation, since)


def _capped(case: Case, weight: Weight, tally: Tally, probability: float, light: _Light) -> float:
    """Never surer than what was counted allows."""
    is_alone = weight.split.exposed_good < 1 or _is_first(weight.candidate, tally, light.lineage)
    most = surest(case, weight.split, weight.candidate.linked, light.config, is_alone=is_alone)
    return min(probability, most)


def _is_first(candidate: Candidate, tally: Tally, lineage: Lineage) -> bool:
    """No other revision of its service was asked before it: what it brought, and whether, is not known."""
    is_known = lineage.find(candidate.project, candidate.service, candidate.revision) is not None
    if candidate.since_ns is not None or not is_known:
        return False
    before = lineage.before(candidate.project, candidate.service, candidate.revision)
    return not any(tally.exposed.get(one, 0.0) >= 1 for one in before)
