"""What an incident becomes over looks: criteria of its end, their verification, its states, mutes. No I/O.

A look is one analysis that stored what it found; the daemon and `logtriage digest` store looks, a report only reads
them. All rows are added, none is changed, so that the state at any earlier instant can be told again.
"""

from typing import Literal

from msgspec import Struct

from classifiers.explained import Evidence
from classifiers.states import Priority, State

__all__ = ["Criterion", "Fix", "IncidentState", "MemberState", "Mute", "Proof", "Tracked", "Verification"]

Proof = Literal["VERIFIED", "FAILING", "NOT YET", "NOT TESTABLE"]


class Criterion(Struct, frozen=True):
    """What must hold before something counts as mended: a query, a test, and what it speaks of.

    no failures: none of these signatures in attempts of the failing call; rate below: fewer than `limit` of attempts;
    faster than: the `quantile` of the operation lies below `limit` milliseconds; event follows: `event` is seen for its
    trigger; field present: `event` comes with `field`.
    """

    id: str  # stable: from kind, project, service and what it is about
    kind: Literal["no failures", "rate below", "faster than", "event follows", "field present"]
    statement: str  # `30 service calls pass without 403`: plain words, log text in it is escaped by whoever shows it
    query: str  # name in queries/ that counts its attempts
    test: str  # the rule that decides, by name: rule of three, binomial, bursts, timer
    project: str
    service: str
    finding_id: str = ""  # cluster, slower operation or missing event; "" of a declared one that none of now is about
    is_declared: bool = False  # in config.yaml
    route: str = ""  # route or operation; "" all of the service
    event: str = ""
    field: str = ""
    signature_ids: tuple[str, ...] = ()
    limit: float | None = None
    quantile: float | None = None


class Fix(Struct, frozen=True):
    """A change of the ledger since which a failure may be over: what it is, since when, and for which revisions.

    how: rollback, traffic went back to revisions from before the blamed one; redeploy, a later revision has the named
    change as it was; deploy, any later revision of a service that matters; change, one that is no deploy. `older` are
    the revisions that it leaves behind: what still fails there is a straggler, unless one is given traffic again.
    """

    service: str
    revision: str  # that serves since, "" for a change that is no deploy
    at_ns: int
    how: Literal["rollback", "redeploy", "deploy", "change"]
    statement: str  # `traffic went back to 00007`: one plain clause
    older: tuple[str, ...] = ()


class Verification(Struct, frozen=True):
    """A criterion beside what was counted since `since_ns`. Attempts are of the failing call, never minutes.

    needed: attempts in all that the test needs, None where it cannot be said; `silence_ns` what bursts or a timer need
    without a failure, beside attempts; `about_ns` how long what is missing takes at today's traffic. `sure`: the
    probability that it is mended, given what was seen and what changed. Stragglers failed on revisions older than the
    fix; they are counted and decide nothing.
    """

    criterion: Criterion
    verdict: Proof
    since_ns: int
    since: str  # `00643-abc took traffic`, `the last failure`
    attempts: int
    failures: int
    needed: int | None
    why: str  # one plain sentence
    silence_ns: int | None = None
    about_ns: int | None = None
    sure: float | None = None
    stragglers: int = 0
    last_failure_ns: int | None = None
    fixed_by: str = ""  # revision, or other change of the ledger in words, that the attempts are counted from
    evidence: tuple[Evidence, ...] = ()

    @property
    def more(self) -> int | None:
        """Attempts that are missing."""
        return None if self.needed is None else max(self.needed - self.attempts, 0)


class IncidentState(Struct, frozen=True):
    """One row of STATE_SCHEMA: an incident, or one member of it, came into a state. `finding_id` "" is the incident."""

    incident_id: str
    finding_id: str
    state: State
    sure: float | None  # of resolved
    statement: str  # one plain sentence: why
    at_ns: int  # when it happened, by rows: onset, first failure after the fix, last failure
    look_ns: int  # the now of the analysis that told it
    revision: str  # that mended it or brought it back, "" where none did
    project: str
    service: str
    title: str
    priority: Priority
    root: str  # id of the finding that leads it
    member_ids: tuple[str, ...]
    signature_ids: tuple[str, ...]  # of all members, for one member its own
    onset_ns: int
    last_failure_ns: int
    stragglers: int
    rules: int
    merged_into: str = ""  # the incident that it is part of since then


class MemberState(Struct, frozen=True):
    """One member of a tracked incident: `db sessions fail` may be over while `403` goes on."""

    finding_id: str
    service: str
    title: str
    state: State
    sure: float | None
    statement: str
    since_ns: int


class Tracked(Struct, frozen=True):
    """An incident as it stands over looks. `id` stays the same for as long as it is one story.

    `number` is that of the incident in these findings, None where the window shows nothing of it any more. `priority`
    is the highest since its onset. `fresh` are the rows that this look adds; empty where nothing changed.
    """

    id: str
    number: int | None
    state: State
    sure: float | None
    statement: str
    since_ns: int
    project: str
    service: str
    title: str
    root: str
    priority: Priority
    onset_ns: int
    last_failure_ns: int
    members: tuple[MemberState, ...]
    verifications: tuple[Verification, ...] = ()
    stragglers: int = 0
    revision: str = ""  # that mended it or brought it back
    history: tuple[IncidentState, ...] = ()  # of the incident itself, oldest first, the fresh one among them
    fresh: tuple[IncidentState, ...] = ()
    merged_into: str = ""  # id of the incident that explains it, found later
    related: tuple[str, ...] = ()  # ids of earlier incidents of the same failure

    @property
    def is_open(self) -> bool:
        """It is neither over nor put away."""
        return not self.merged_into and self.state in {"new", "ongoing", "regressed"}


class Mute(Struct, frozen=True):
    """One row of MUTE_SCHEMA: exact signatures of one service are put away until an instant. A new one wakes it.

    What stands behind `is_lifted` is decided at each look and never stored; failures are those since it was made, as
    far as the history reaches.
    """

    mute_id: str
    project: str
    service: str
    cluster_id: str
    title: str
    signature_ids: tuple[str, ...]
    until_ns: int
    made_at_ns: int
    reason: str  # redacted
    is_lifted: bool = False  # a person took it back
    woken_by: str = ""  # signature that was not among them
    news: str = ""  # what that one says, one line
    news_ns: int | None = None  # when it was first seen
    finding_ids: tuple[str, ...] = ()  # what it puts away now, or what woke it
    failures: int = 0
    last_failure_ns: int | None = None
