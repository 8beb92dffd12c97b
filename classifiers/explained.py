"""What explains a finding: facts with their rows, its reach, its cascade, why, and its course. No I/O."""

from typing import Literal

from msgspec import Struct

__all__ = ["BLAMED", "SURE_FROM", "Blast", "Evidence", "Explains", "Improved", "RevisionSeries", "Series", "Why"]

# Probabilities from which a verdict is told as very likely, likely, suspected; below the last nothing is blamed.
SURE_FROM = (0.9, 0.7, 0.5)
BLAMED = SURE_FROM[-1]


class Evidence(Struct, frozen=True):
    """A fact that supports or weakens a claim, with its references. `statement` is one plain sentence."""

    kind: Literal["measured", "inferred", "asserted", "unknown"]
    statement: str
    query: str | None = None  # name in queries/ that gives the rows; or the named rule of an inference
    entry_ids: tuple[str, ...] = ()  # a sample, at most 5
    trace_ids: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()


class Blast(Struct, frozen=True):
    """How far something reaches: what its priority was made of. Shares lie in 0 to 1; None is not known.

    `share` is of what its service was asked since the onset, `routes_share` of what its worst route was asked. `users`
    counts the distinct accounts that what failed in the window names, None where less than half of it names one.
    `weight` is that of config.yaml. `reason` says in one sentence which threshold decided.
    """

    share: float | None
    failed: int
    exposed: int | None
    routes: tuple[str, ...] = ()  # the most hit first
    routes_share: float | None = None
    users: int | None = None
    services: tuple[str, ...] = ()
    lasted_ns: int = 0
    weight: float = 1.0
    reason: str = ""


class Improved(Struct, frozen=True):
    """A failure that fell, or ended, within the window: `before` failed of `exposed_before` until the window began.

    `failed` of `exposed` failed in the window itself, the last at `last_ns`; none: all that was exposed went well.
    """

    cluster_id: str
    title: str
    project: str
    service: str
    unit: str  # requests or traces
    before: int
    exposed_before: int
    failed: int
    exposed: int
    last_ns: int


class Explains(Struct, frozen=True):
    """An edge of a cascade: `cause` explains `shared` of the `units` failures of `symptom`. Both are ids of findings.

    how: the sign that decided, as in `Link.kind`; without traces it is inferred, and weaker.
    """

    cause: str
    symptom: str
    shared: int
    units: int
    lag_ns: int
    how: str
    trace_ids: tuple[str, ...] = ()  # a sample, at most 5

    @property
    def share(self) -> float:
        """Explained share of the symptom's failures."""
        return self.shared / self.units if self.units else 0.0


class Why(Struct, frozen=True):
    """One answer of the five whys: a step from the symptom towards how the change got in.

    It ends where the evidence ends: the last step of a chain may be `unknown`, and then says what would tell.
    `statement` is one plain sentence made of counts, names and times of the findings. `refuted_by` says what would
    refute it.
    """

    step: Literal["symptom", "operation", "call", "state", "cause", "revision", "change", "entry"]
    statement: str
    kind: Literal["measured", "inferred", "asserted", "unknown"]
    evidence: tuple[Evidence, ...] = ()
    refuted_by: tuple[str, ...] = ()


class RevisionSeries(Struct, frozen=True):
    """Failed beside exposed units of one revision, column by column."""

    service: str
    revision: str
    failed: tuple[int, ...]
    exposed: tuple[int, ...]


class Series(Struct, frozen=True):
    """The course of a failure over the window, per revision, for a plot: columns of equal length from `start_ns`."""

    start_ns: int
    column_ns: int
    unit: Literal["requests", "traces", "minutes", "entries"]
    rows: tuple[RevisionSeries, ...]
