"""What the second floor finds: the one model that every report format is rendered from. No I/O.

All instants are nanoseconds since 1970 UTC. Everything here is computed from stored rows, configuration and `now`.
"""

import hashlib
from typing import Literal

import orjson
from msgspec import Struct, field

from classifiers.blind import Blindness
from classifiers.drawn import Lanes, Sequence
from classifiers.explained import (
    BLAMED,
    SURE_FROM,
    Blast,
    Evidence,
    Explains,
    Improved,
    RevisionSeries,
    Series,
    Why,
)
from classifiers.followed import Criterion, IncidentState, Mute, Tracked, Verification
from classifiers.looked import Coverage, Record, RecordBand
from classifiers.states import Cause, Fault, Origin, Priority, State
from classifiers.suites import FailedCases, SuiteLink, SuiteRun
from collector.records import Revision
from collector.window import Window

__all__ = [
    "BLAMED",
    "CHANGE_TYPES",
    "SURE_FROM",
    "Absence",
    "Attribution",
    "Blast",
    "Blindness",
    "Cause",
    "Change",
    "Cluster",
    "Coverage",
    "Criterion",
    "Drift",
    "DriftSide",
    "EventCount",
    "Evidence",
    "Explains",
    "FailingSpan",
    "Fault",
    "Findings",
    "Hypothesis",
    "Incident",
    "IncidentState",
    "Known",
    "Latency",
    "Mute",
    "NotApart",
    "Onset",
    "Origin",
    "Pace",
    "Priority",
    "Record",
    "RecordBand",
    "RevisionCount",
    "RevisionSeries",
    "Series",
    "SideBySide",
    "Sighting",
    "SlowCaller",
    "SlowPart",
    "State",
    "Storm",
    "Tracked",
    "VanishedKey",
    "Verification",
    "Why",
]

# Types of Change, the most telling first: what a deploy takes away breaks more than what it adds.
CHANGE_TYPES = (
    "env_removed", "secret_ref_changed", "env_changed", "service_account", "cloud_sql", "vpc", "memory_limit",
    "cpu_limit", "concurrency", "image", "timeout", "env_added", "max_instances", "min_instances", "ingress", "probes",
    "other", "traffic",
)  # fmt: skip


class Change(Struct, frozen=True):
    """One difference between two revisions. `before` and `after` tell source and version, never a value.

    `type` is one of CHANGE_TYPES.
    """

    type: str
    name: str
    before: str | None = None
    after: str | None = None


class Onset(Struct, frozen=True):
    """When a cluster began or changed rate. Rates are failures per exposed request, None where nothing was exposed.

    The true moment lies in [earliest_ns, latest_ns] in about 95 % of all cases; that of the end, where it is over, in
    [ended_earliest_ns, ended_latest_ns].
    """

    at_ns: int
    earliest_ns: int
    latest_ns: int
    rate_before: float | None
    rate_after: float | None
    unit: Literal["requests", "traces", "minutes", "entries"]
    ended_earliest_ns: int | None = None
    ended_latest_ns: int | None = None
    exposed_before: int | None = None  # in the unit, before the onset: what a rate of 0 is of


class RevisionCount(Struct, frozen=True):
    """Failures of a cluster beside the exposure of one revision, in the unit of the cluster."""

    service: str
    revision: str
    failures: int
    exposed: int | None  # None: not known for this revision
    first_ns: int | None
    last_ns: int | None


class Sighting(Struct, frozen=True):
    """What was seen of one revision, in the unit of the cluster. `at_ns`: when it was last seen so."""

    service: str
    revision: str
    failures: int
    exposed: int | None
    at_ns: int | None


class SideBySide(Struct, frozen=True):
    """Blamed and other revisions of a service in the same minutes; `not testable` where none were shared.

    `evidence` is the highest value so far of an e-process against equal rates: 20 refutes them, however often one
    looks. `most_times`: the blamed ones fail at most so many times as often, where that is known.
    """

    verdict: Literal["differs", "no difference", "too few", "not testable"]
    minutes: int
    exposed_new: int
    exposed_old: int
    failures_new: int
    failures_old: int
    evidence: float
    most_times: float | None


class NotApart(Struct, frozen=True):
    """A revision that may as well be the first bad one, and why it cannot be told apart from it."""

    revision: str
    share: float  # of the probability that a revision of this service did it
    why: str


class Attribution(Struct, frozen=True):
    """The claim that a revision caused an onset. From confidence 0.5 on the revision is blamed.

    `first_bad` are the revisions that may have brought it, `revision` among them, in the order of deploying: together
    95 % of the probability that a revision of this service did it.
    """

    service: str
    revision: str
    good_revision: str | None
    change: Change | None
    also_changed: tuple[Change, ...]  # in the same deploy, not separable from `change`
    confidence: float
    evidence: tuple[Evidence, ...]
    first_bad: tuple[str, ...] = ()
    not_apart: tuple[NotApart, ...] = ()  # of first_bad, all but `revision`
    cleared: tuple[Change, ...] = ()  # of the same deploy: what later deploys show not to have done it
    last_good: Sighting | None = None
    first_seen_bad: Sighting | None = None
    last_seen_bad: Sighting | None = None
    side_by_side: SideBySide | None = None
    decided_by: str = ""  # the check that the verdict rests on, in words
    refuted_by: tuple[str, ...] = ()  # what would refute the claim, in whole sentences
    location: str = ""  # of the service blamed; "" not known


class Hypothesis(Struct, frozen=True):
    """A rival explanation with its probability; those of one cluster add up to at most 1."""

    cause: Cause
    confidence: float
    statement: str
    evidence: tuple[Evidence, ...] = ()


class Storm(Struct, frozen=True):
    """How the failures of a cluster came since its onset, where that is neither steady nor once a request.

    `bursts` is 0 for failures that come regularly, or with many lines each, without bursts; the other figures are then
    those of the whole time.
    """

    first_ns: int
    last_ns: int
    bursts: int
    units: int  # failures in the bursts, in the unit of the cluster
    peak_per_minute: int
    failed_share: float | None  # of the requests in that time; None where requests are not counted
    period_s: tuple[float, float] | None  # shortest and longest interval; None unless arrivals are regular
    is_per_instance: bool  # the period is one of each instance, not of all together
    lines_per_unit: float  # of the statement repeated most: a retry storm has many


class Known(Struct, frozen=True):
    """A failure that people know, as a file of known signatures tells it: what it means, what to look at first."""

    name: str
    family: str
    title: str
    meaning: str
    look: str


class FailingSpan(Struct, frozen=True):
    """A span that failed with a cluster. `text` is one line of what was thrown, else of its status; it may be empty.

    joined: by trace; or, where the entries carry none, by the time at which it was open in that instance, which is
    weaker.
    """

    trace: str
    span: str
    operation: str
    at_ns: int
    text: str
    joined: Literal["trace", "time"] = "trace"


class Cluster(Struct, frozen=True):
    """One failure of one service: all renderings of it, with what is known of it.

    Of what spans alone tell, the entries are the request lines of its traces, where there are any.
    """

    id: str  # stable: from the service and the leading signature
    title: str
    project: str
    service: str
    signature_ids: tuple[str, ...]
    insert_ids: tuple[str, ...]  # every entry, each once, by time; of old failures and noise the first 100
    trace_ids: tuple[str, ...]  # a sample, at most 20
    occurrences: int  # failures; several entries may tell of one
    units: int  # distinct traces, else requests, else instance minutes: what rates count
    first_ns: int
    last_ns: int
    onset: Onset
    severity: int  # highest OpenTelemetry number among its entries
    role: Literal["root", "symptom"]
    caused_by: str | None
    explained_share: float | None  # of its units, by the cluster in caused_by
    attribution: Attribution | None
    hypotheses: tuple[Hypothesis, ...]
    cause: Cause
    state: State
    priority: Priority
    origin: Origin
    fault: Fault
    test_share: float | None  # of its units, None when origin is not known
    per_revision: tuple[RevisionCount, ...]
    sample: str  # one redacted message, in full
    evidence: tuple[Evidence, ...] = ()
    origin_counts: tuple[tuple[str, int], ...] = ()  # its units by origin, as counted; none where nothing was asked
    entries: int = 0  # of the window; each is counted in one cluster only, so that these add up
    storm: Storm | None = None
    known: Known | None = None  # explains; decides nothing
    location: str = ""  # of its service; "" not known
    spans: tuple[FailingSpan, ...] = ()  # that failed with it: a sample, at most 20
    kind: str = ""  # what it is told by: exception, message, request or platform; hung: requests that never ended well
    test_interval: tuple[float, float] | None = None  # that holds the true share of tests with 95 % confidence (Wilson)
    tests: tuple[SuiteLink, ...] = ()  # cases of test runs that failed with it
    blast: Blast | None = None
    series: Series | None = None  # of problems; None where nothing can be drawn

    @property
    def is_ongoing(self) -> bool:
        """It still fails at the end of the window."""
        return self.state in {"new", "ongoing", "regressed"}

    @property
    def is_test_traffic(self) -> bool:
        """Only automated tests were hit."""
        return self.origin == "tests"


class Incident(Struct, frozen=True):
    """A root with what it explains, and what fails of the same dependency with its own.

    `root` and `symptoms` are ids of clusters, slower operations or missing events. `number` is its rank in this
    report, from 1. `priority` is the highest of those of its members that go on, of all where all are over. `edges`
    are the links between its members, `whys` lead from what is seen to how it got in.
    """

    number: int
    root: str
    symptoms: tuple[str, ...]
    priority: Priority
    title: str
    is_ongoing: bool
    location: str = ""  # of its root
    blast: Blast | None = None  # of all its members together
    edges: tuple[Explains, ...] = ()
    whys: tuple[Why, ...] = ()
    sequence: Sequence | None = None  # read for what draws it (drawing.py)
    no_sequence: str = ""  # why there is none, in one sentence
    lanes: Lanes | None = None


class EventCount(Struct, frozen=True):
    """Triggers of an event, or events with a field, that were looked at, and how many had what was to come."""

    trials: int
    seen: int

    @property
    def rate(self) -> float:
        """Share that had it; 0 where nothing was looked at."""
        return self.seen / self.trials if self.trials else 0.0


class Absence(Struct, frozen=True):
    """A business event that stopped, or arrives without a field.

    `trigger` is what it comes after; `before` and `since` count on both sides of the onset, `since` on the revisions
    that miss it. renamed: `renamed_to` came in its place. never seen: declared in config.yaml, but no revision ever
    sent it while its trigger ran. unknown: declared, but its trigger was not seen; or with an onset, where its log may
    have ended as well.
    """

    event: str
    service: str
    field: str | None
    attribution: Attribution | None
    project: str = ""
    kind: Literal["stopped", "hollow", "renamed", "never seen", "unknown"] = "stopped"
    trigger: str = ""
    before: EventCount = EventCount(0, 0)
    since: EventCount = EventCount(0, 0)
    onset: Onset | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    origin: Origin = "unknown"
    renamed_to: str | None = None
    is_ongoing: bool = True
    location: str = ""  # of its service; "" not known
    per_revision: tuple[RevisionCount, ...] = ()  # trials without it beside all, by revision
    priority: Priority = "P2"
    role: Literal["root", "symptom"] = "root"
    caused_by: str | None = None
    explained_share: float | None = None
    blast: Blast | None = None
    series: Series | None = None  # of its trials without it; None where nothing can be drawn

    @property
    def id(self) -> str:
        """A stable id, from kind, project, service, event and field."""
        content = orjson.dumps([self.kind, self.project, self.service, self.event, self.field])
        return hashlib.blake2b(content, digest_size=8).hexdigest()


class Pace(Struct, frozen=True):
    """How long the requests of an operation took on one revision."""

    service: str
    revision: str
    requests: int
    slow: int
    median_ns: int
    tail_ns: int  # the 95th percentile
    first_ns: int
    last_ns: int


class SlowPart(Struct, frozen=True):
    """The operation inside of requests that most of the growth lies in, by the time that it took itself.

    Durations and spans are means of a request, before and since; `share` is its part of what requests take longer.
    """

    service: str
    operation: str
    is_call: bool  # of something that tells no spans of its own, a database or another service
    before_ns: int
    since_ns: int
    spans_before: float
    spans_since: float
    share: float


class SlowCaller(Struct, frozen=True):
    """An operation that is slower because it waits for another one; `share` of its slow requests met a slow one."""

    service: str
    operation: str
    median_before_ns: int
    median_since_ns: int
    share: float


class Latency(Struct, frozen=True):
    """An operation that became slower, of requests that were answered well and met no cold start.

    Durations before and since the onset. `times_*` tell by how much they rose, with an interval of 95 %, where like is
    compared with like; `slower`: how likely one request since is slower than one of before. `slow_ns`: what was hardly
    ever exceeded before; trials of the attribution are requests, and bad ones take longer than that.
    """

    service: str
    operation: str | None
    attribution: Attribution | None
    id: str = ""
    project: str = ""
    location: str = ""
    known_by: Literal["requests", "spans"] = "requests"
    before: int = 0
    since: int = 0
    median_before_ns: int = 0
    median_since_ns: int = 0
    tail_before_ns: int = 0
    tail_since_ns: int = 0
    times_median: tuple[float, float, float] = (1.0, 1.0, 1.0)  # and its interval
    times_tail: tuple[float, float, float] = (1.0, 1.0, 1.0)
    slower: float = 0.5
    slow_ns: int = 0
    slow: int = 0  # of those since
    onset: Onset | None = None
    is_ongoing: bool = True
    ended_ns: int | None = None
    per_revision: tuple[Pace, ...] = ()
    part: SlowPart | None = None
    origin: Origin = "unknown"
    origin_counts: tuple[tuple[str, int], ...] = ()  # of the slow ones since
    hypotheses: tuple[Hypothesis, ...] = ()
    cause: Cause = "unknown"
    fault: Fault = "unknown"
    also: tuple[str, ...] = ()  # other operations of the service that became slower with it
    callers: tuple[SlowCaller, ...] = ()
    trace_ids: tuple[str, ...] = ()  # a sample of slow ones, at most 20
    priority: Priority = "P2"
    role: Literal["root", "symptom"] = "root"
    caused_by: str | None = None
    explained_share: float | None = None
    blast: Blast | None = None
    series: Series | None = None  # of its slow ones; None where nothing can be drawn


class VanishedKey(Struct, frozen=True):
    """A variable or mounted secret that a deploy dropped, whether or not an error followed.

    `renamed_to` is another key that came with the same deploy and holds the same; `restored_in` the revision that
    brought it back, by a deploy or by a roll-back.
    """

    service: str
    revision: str
    previous_revision: str  # the last one before of which the list is known
    key: str
    present_in: int  # revisions before that had it, one after the other, of those whose lists are known
    at_ns: int
    errors_since: bool
    project: str = ""
    kind: Literal["variable", "mounted secret"] = "variable"
    was: str | None = None  # `secret db-pass:7`; never a value
    unknown_between: int = 0  # revisions between the two of which the list is not known
    took_traffic: bool = True
    renamed_to: str | None = None
    restored_in: str | None = None
    kept_by: tuple[str, ...] = ()  # other services that still have it
    cluster_ids: tuple[str, ...] = ()  # the failures since that are tied to it
    location: str = ""  # of the revision; "" not known


class DriftSide(Struct, frozen=True):
    """What the serving revision of one service holds: source and version, never a value."""

    service: str
    revision: str
    holds: str


class Drift(Struct, frozen=True):
    """A key, or a secret, on which services of one project disagree.

    parted: they held the same until `parted_by` was deployed at since_ns; version: one secret in different versions;
    odd one out: all but one agree; differs: nothing says that they should agree. `is_telling`: told by itself, and not
    only beside a failure that it may explain.
    """

    project: str
    key: str
    kind: Literal["parted", "version", "odd one out", "differs"]
    sides: tuple[DriftSide, ...]
    since_ns: int | None
    parted_service: str | None
    parted_by: str | None
    statement: str
    is_telling: bool
    cluster_ids: tuple[str, ...] = ()


class Findings(Struct, frozen=True):
    """Everything one report tells. `clusters` are the problems of the window; the rest goes into lists of its own."""

    window: Window
    now_ns: int
    projects: tuple[str, ...]
    clusters: tuple[Cluster, ...]
    incidents: tuple[Incident, ...]
    standing: tuple[Cluster, ...]
    absent_events: tuple[Absence, ...]
    latency: tuple[Latency, ...]
    vanished_keys: tuple[VanishedKey, ...]
    revisions: tuple[Revision, ...]
    coverage: Coverage
    muted: tuple[Cluster, ...] = field(default=())
    noise: tuple[Cluster, ...] = field(default=())  # chatter that is no problem: counted, never ranked
    warnings: tuple[str, ...] = field(default=())  # about config.yaml: rules that do not do what they say
    record: Record = field(default=Record())  # of logtriage itself
    drifts: tuple[Drift, ...] = field(default=())
    test_runs: tuple[SuiteRun, ...] = field(default=())
    failed_tests: tuple[FailedCases, ...] = field(default=())
    # renamed, never seen, unknown, kept away by a failure: told, and no fault
    other_events: tuple[Absence, ...] = field(default=())
    improved: tuple[Improved, ...] = field(default=())  # failures that fell or ended
    tracked: tuple[Tracked, ...] = field(default=())  # incidents over looks: those shown, and those that wait for proof
    verifications: tuple[Verification, ...] = field(default=())  # of every criterion, proposed or declared
    # that hold at the end of the window, woken ones too, and those that ended within it
    mutes: tuple[Mute, ...] = field(default=())
    muted_silent: tuple[Latency | Absence, ...] = field(default=())  # slower operations and missing events put away
    blindness: tuple[Blindness, ...] = field(default=())  # of the window: those that last first, the worst first
