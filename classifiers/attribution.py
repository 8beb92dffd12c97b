"""Attribution: which revision caused an onset, what changed in it, and what else could have.

Every revision of the failing service, and of the services it calls or is called by, is weighed against something from
outside and against chance, on the same counts (rivals.py). The deploy just before is one suspect among them. A
revision that began to serve after the onset is never named.
"""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson
from pydantic import BaseModel, ConfigDict, Field

from classifiers.cases import Case
from classifiers.changes import Difference
from classifiers.findings import Change
from classifiers.origin import origin_of_share
from classifiers.rivals import Candidate, Rival, Split, outside_gain, revision_gain

__all__ = ["AttributionConfig", "Weighed", "Weight", "is_about_dependency", "lead_change", "named_in", "weigh"]

_SLACK_NS = 60_000_000_000  # instances fail while they start, a little before the first request is answered
_SPARED = 3.0  # failures expected and not seen: rule of three
_WORDS = re.compile(r"[A-Za-z0-9]+")
_DULL = frozenset(
    {"url", "key", "id", "env", "name", "api", "app", "the", "host", "port", "service", "secret", "token"}
)
_CODE_FAULT = re.compile(
    r"(?i)(Type|Attribute|Name|Import|ModuleNotFound|Syntax|Indentation|Reference|Index|Range|Assertion|NotImplemented|"
    r"NullPointer\w*|NoSuch\w+|ClassNotFound\w*|ClassCast\w*|UnboundLocal|Recursion|StopIteration)(Error|Exception)?\Z|"
    r"panic"
)
_DEPENDENCY = re.compile(
    r"(?i)connection (?:refused|reset|closed|timed? ?out|error)|econn\w+|etimedout|ehostunreach|errno 11[0-3]|"
    r"unreachable|no route to host|name or service not known|getaddrinfo|i/o timeout|could not connect|"
    r"(?:unable|failed) to connect|can(?:no|')t connect|connect(?:ion)? (?:time-?out|failed)|"
    r"max retries exceeded|deadline exceeded|broken pipe|"
    r"server closed|too many (?:clients|connections)|"
    r"(?:redis|postgres|mysql|kafka|mongo)\w*.{0,40}(?:down|unavail|time)"
)
_LIMITS = {
    "memory_limit": r"memory limit|out of memory|\boom\b|heap|cannot allocate|killed",
    "cpu_limit": r"\bcpu\b|throttl",
    "concurrency": r"no available instance|too many (?:concurrent )?(?:requests|connections)|concurren|pool exhausted",
    "max_instances": r"no available instance|rate exceeded|instance limit",
    "timeout": r"request timeout|upstream request timeout|has been terminated because it has reached the maximum",
    "service_account": r"permission|forbidden|denied|unauthori[sz]ed|iam",
    "vpc": r"connector|unreachable|no route|connect",
    "cloud_sql": r"cloudsql|database|postgres|mysql|sql",
}


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
        default=5.0, ge=1
    )  # ... when only tests fail: harnesses change often, and ask for errors
    spared_factor: float = Field(default=40.0, ge=1)  # ... while users of the same routes are spared
    named_factor: float = Field(default=5.0, ge=1)  # how much likelier a revision is whose change the failure names
    worse_factor: float = Field(
        default=0.1, gt=0, le=1
    )  # ... of a failure that was there before it: deploys bring failures more often than they multiply them
    nothing_factor: float = Field(
        default=0.2, gt=0, le=1
    )  # ... whose image and configuration are those of the one before
    most: float = Field(default=0.97, gt=0.5, lt=1)  # no certainty above this: the model itself may be wrong
    most_minutes: float = Field(default=0.85, gt=0.5, lt=1)  # ... when failures could only be counted in minutes
    inferred_share: float = Field(default=0.1, gt=0, le=1)  # what a failure counts whose revision no row or trace tells
    most_alone: float = Field(default=0.45, gt=0, lt=1)  # ... when no other revision was ever exposed


@dataclass(frozen=True, slots=True)
class Weight:
    """One revision with its probability and the counts behind it."""

    candidate: Candidate
    split: Split
    confidence: float
    difference: Difference | None
    named: Change | None


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


def weigh(  # noqa: PLR0913 - what is known of one case, each from a station of its own
    case: Case,
    candidates: Sequence[tuple[Candidate, Difference | None]],
    *,
    shared: int,
    text: str,
    known: Collection[tuple[str, str]] = (),
    rivals: Sequence[Rival] = (),
    config: AttributionConfig,
) -> Weighed:
    """Probabilities of every explanation of a case; those of `rivals` are weighed beside revisions, outside and chance.

    `shared`: number of services without a link that began to fail at once. `known`: service and revision of those that
    are guilty of another failure.
    """
    outside, outside_split = _outside(case, shared, config)
    rows = []
    for candidate, difference in candidates:
        if candidate.served_ns > min(case.fit.latest_ns, case.fit.at_ns) + _SLACK_NS:
            continue
        split = revision_gain(case, candidate)
        if split.gain == -math.inf:
            continue
        named = named_in(difference, text) if difference else None
        prior = _prior(case, candidate, difference, named, config)
        if (candidate.service, candidate.revision) in known:
            prior += math.log(config.known_factor)
        rows.append((candidate, difference, named, split, split.gain + prior))
    logs = [0.0, outside, *(row[4] for row in rows), *(rival.log_weight for rival in rivals)]
    top = max(logs)
    total = sum(math.exp(one - top) for one in logs)
    share = [math.exp(one - top) / total for one in logs]
    weights = [
        Weight(candidate, split, _capped(case, split, candidate.linked, probability, config), difference, named)
        for (candidate, difference, named, split, _), probability in zip(rows, share[2 : 2 + len(rows)], strict=True)
    ]
    weights.sort(
        key=lambda one: (-one.confidence, one.candidate.served_ns, one.candidate.service, one.candidate.revision)
    )
    others = sorted(zip(rivals, share[2 + len(rows) :], strict=True), key=lambda one: (-one[1], one[0].statement))
    return Weighed(tuple(weights), share[1], outside_split, share[0], tuple(others))


def _outside(case: Case, shared: int, config: AttributionConfig) -> tuple[float, Split]:
    """How well something from outside explains a case: log of prior times likelihood, and the best split."""
    is_over = case.fit.course == "resolved"
    outside, split = outside_gain(case, is_over=is_over, per_minute=config.outages_per_day / 1440)
    outside += math.log(config.shared_factor) * min(shared, 3)
    if origin_of_share(case.origins)[0] == "tests":
        outside += math.log(config.spared_factor if case.spared >= _SPARED else config.tests_factor)
    return outside, split


def is_about_dependency(text: str) -> bool:
    """Whether the failure says that something else could not be reached."""
    return _DEPENDENCY.search(text) is not None


def lead_change(weight: Weight, case: Case, text: str) -> tuple[Change | None, tuple[Change, ...]]:
    """The change that most likely did it, and what else changed in the same deploy."""
    difference = weight.difference
    if difference is None:
        return None, ()
    changes = difference.changes
    if not changes:
        # all that is known is equal, and a deploy changes something
        is_image = "image" in difference.unknown and "env" not in difference.unknown
        return (Change("image", "image") if is_image else None), ()
    lead = weight.named or _by_kind(changes, case, text) or changes[0]
    return lead, tuple(one for one in changes if one != lead)


def named_in(difference: Difference, text: str) -> Change | None:
    """The first change of a variable or secret whose name the failure tells: whole, or by its distinctive words."""
    words = {word.lower() for word in _WORDS.findall(text)}
    for change in difference.changes:
        if change.type not in {"env_removed", "env_changed", "secret_ref_changed", "env_added"}:
            continue
        name = change.name.rpartition("/")[2]
        if re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text):
            return change
        parts = {part.lower() for part in _WORDS.findall(name.replace("_", " "))} - _DULL
        if len(parts) > 1 and parts <= words:
            return change
    return None


def _by_kind(changes: Sequence[Change], case: Case, text: str) -> Change | None:
    """The change that goes with this kind of failure: a limit that was met, or code that cannot run."""
    lowered = text.lower()
    for change in changes:
        pattern = _LIMITS.get(change.type)
        if pattern and re.search(pattern, lowered):
            return change
    parts = orjson.loads(case.parts)
    kind = str(parts.get("type") or "").rpartition(".")[2]
    if kind and _CODE_FAULT.match(kind):
        return next((change for change in changes if change.type == "image"), None)
    return None


def _was_there(case: Case, candidate: Candidate) -> bool:
    """It failed of the same before the revision first served, more than once."""
    return int((case.times_ns < candidate.served_ns - _SLACK_NS).sum()) > 1


def _prior(
    case: Case, candidate: Candidate, difference: Difference | None, named: Change | None, config: AttributionConfig
) -> float:
    """Log of how likely such a deploy is to break something, before anything was counted."""
    prior = {
        "own": config.bad_deploys,
        "callee": config.bad_callee,
        "caller": config.bad_caller,
        "linked": config.bad_linked,
    }[candidate.relation]
    factor = 1.0
    if named:
        factor = config.named_factor
    elif difference and difference.label == "nothing":
        factor = config.nothing_factor
    if _was_there(case, candidate):
        factor *= config.worse_factor
    return math.log(prior * factor)


def _capped(case: Case, split: Split, linked: float, probability: float, config: AttributionConfig) -> float:
    """Never surer than what was counted allows: n failures whose revision is known make it n to 1 at most."""
    most = config.most if case.is_counted else config.most_minutes
    if split.exposed_good < 1:
        most = config.most_alone
    known = split.failures_bad * (linked + (1 - linked) * config.inferred_share)
    return min(probability, most, known / (known + 1))
