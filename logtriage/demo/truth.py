"""The truth of an incident, gathered while its entries are written."""

from typing import Any, Literal

from msgspec import Struct, field

from logtriage.demo.clock import HOUR, iso

__all__ = ["Cluster", "Course", "Mark", "Spell", "Truth"]


class Mark(Struct, frozen=True):
    """What an entry is: part of a cluster, its companion (neutral), or noise of a kind."""

    kind: Literal["cluster", "companion", "noise"]
    id: str


class Spell(Struct, frozen=True):
    """A time in which something is broken: from the traffic of what broke it until nothing that serves is broken."""

    from_ns: int
    until_ns: int | None  # None: to the end of the window and beyond
    by: str = ""  # revision that broke it; "" for no revision
    mended_by: str = ""  # revision that serves since
    how: Literal["deploy", "rollback", "by itself", ""] = ""

    def row(self) -> dict[str, Any]:
        """As the document has it."""
        until = None if self.until_ns is None else iso(self.until_ns)
        return {"from": iso(self.from_ns), "until": until, "by": self.by, "mended_by": self.mended_by, "how": self.how}


class Course(Struct, frozen=True):
    """What became of one failure over time; its symptoms follow it.

    manner: steady, or in bursts or on a timer, whose pauses mend nothing. `drained`: when the last request was sent to
    `drained_revision`, which failed although its traffic was taken from it. `attempts_after` counts the calls that may
    prove the last mending, where they are few; None where there are enough.
    """

    spells: tuple[Spell, ...]
    manner: Literal["steady", "bursts", "timer"] = "steady"
    drained_ns: int | None = None
    drained_revision: str = ""
    attempts_after: int | None = None
    muted_ns: int | None = None  # when a person puts it away, who has seen it by then

    def row(self, cluster: str) -> dict[str, Any]:
        """As the document has it."""
        told = {"drained": self.drained_ns, "muted": self.muted_ns}
        when = {name: None if at_ns is None else iso(at_ns) for name, at_ns in told.items()}
        return {
            "cluster": cluster, "manner": self.manner, "broken": [spell.row() for spell in self.spells], **when,
            "drained_revision": self.drained_revision, "attempts_after": self.attempts_after,
        }  # fmt: skip


class Cluster(Struct):
    """One failure of one service. `guilty` is the attribution it should get, None when no revision is."""

    id: str
    label: str
    kind: str
    service: str
    role: Literal["root", "symptom"]
    caused_by: str | None
    severity: str
    guilty: dict[str, Any] | None = None
    cause_type: str = "revision"
    required: bool = True
    is_test_traffic: bool = False
    details: dict[str, Any] = field(default_factory=dict)
    begins_ns: tuple[int, ...] = ()  # it begins with the first entry from then on, best first; empty: the very first
    states: tuple[str, ...] = ()  # states that are right, best first; empty: by the time of its last entry
    insert_ids: list[str] = field(default_factory=list)
    companions: list[str] = field(default_factory=list)
    times_ns: list[int] = field(default_factory=list)

    @property
    def first_ns(self) -> int:
        """Its first entry."""
        return min(self.times_ns)

    @property
    def last_ns(self) -> int:
        """Its last entry."""
        return max(self.times_ns)

    @property
    def onsets_ns(self) -> list[int]:
        """When it began, best reading first."""
        found = [min((at for at in self.times_ns if at >= begin), default=self.first_ns) for begin in self.begins_ns]
        return list(dict.fromkeys(found)) or [self.first_ns]


class Truth:
    """Collects clusters and noise; `finish` gives the document."""

    ONGOING_NS = HOUR  # a cluster seen in the last hour of the window is ongoing
    UNSURE_NS = 3 * HOUR  # ... in the last three hours: either reading is right
    FEWEST = 4  # a cluster with fewer entries need not be found

    def __init__(self) -> None:
        self.clusters: dict[str, Cluster] = {}
        self.noise: dict[tuple[str, str], list[str]] = {}
        self.may_report: set[str] = set()
        self.separate: list[tuple[str, str]] = []
        self.merge_ok: list[list[str]] = []
        self.external_events: list[dict[str, Any]] = []
        self.latency: list[dict[str, Any]] = []
        self.absent_events: list[dict[str, Any]] = []
        self.courses: dict[str, Course] = {}  # by cluster
        self.notes: list[str] = []
        self.planted: list[str] = []  # secrets that stand in entries and may be found nowhere else

    def open(self, cluster: Cluster) -> Mark:
        """Registers a cluster; the mark puts entries into it."""
        self.clusters[cluster.id] = cluster
        return Mark("cluster", cluster.id)

    def add(self, mark: Mark, service: str, insert_id: str, at_ns: int) -> None:
        """Puts one entry where it belongs."""
        if mark.kind == "noise":
            self.noise.setdefault((mark.id, service), []).append(insert_id)
            return
        cluster = self.clusters[mark.id]
        if mark.kind == "companion":
            cluster.companions.append(insert_id)
            return
        cluster.times_ns.append(at_ns)
        cluster.insert_ids.append(insert_id)

    def ancestors(self, cluster: Cluster) -> list[str]:
        """Ids of what explains a cluster, nearest first."""
        found: list[str] = []
        at = cluster
        while at.caused_by is not None:
            found.append(at.caused_by)
            at = self.clusters[at.caused_by]
        return found

    def finish(self, end_ns: int) -> dict[str, Any]:
        """Clusters, noise, separate and merge_ok as a document; clusters without entries are left out."""
        kept = {id_: cluster for id_, cluster in self.clusters.items() if cluster.insert_ids}
        for cluster in kept.values():
            while cluster.caused_by is not None and cluster.caused_by not in kept:
                cluster.caused_by = self.clusters[cluster.caused_by].caused_by
        self.clusters = kept
        for cluster in kept.values():
            self._inherit(cluster)
        noise = [
            {
                "id": f"N{at}", "label": f"{kind} in {service}", "kind": kind, "service": service,
                "count": len(ids), "insert_ids": ids, "may_report": kind in self.may_report, "must_not_blame": True,
            }
            for at, ((kind, service), ids) in enumerate(self.noise.items(), 1)
        ]  # fmt: skip
        return {
            "external_events": self.external_events,
            "clusters": [self._row(cluster, end_ns) for cluster in kept.values()],
            "absent_events": self.absent_events,
            "latency": self.latency,
            "separate": [list(pair) for pair in self.separate if all(id_ in kept for id_ in pair)],
            "merge_ok": [group for group in self.merge_ok if all(id_ in kept for id_ in group)],
            "noise": noise,
            "courses": [course.row(id_) for id_, course in self.courses.items() if id_ in kept],
            "notes": self.notes,
            "planted_secrets": sorted(set(self.planted)),
        }

    def _inherit(self, cluster: Cluster) -> None:
        """A symptom that follows a cause through its courses begins again with it, and is in its state."""
        above = [self.clusters[id_] for id_ in self.ancestors(cluster)]
        told = next((one for one in above if one.begins_ns or one.states), None)
        if told is None or cluster.begins_ns or cluster.first_ns >= max(told.begins_ns, default=0):
            return
        cluster.begins_ns = (*told.begins_ns, 0)
        cluster.states = told.states

    def _row(self, cluster: Cluster, end_ns: int) -> dict[str, Any]:
        silent_ns = end_ns - cluster.last_ns
        state = "ongoing" if silent_ns < self.ONGOING_NS else "resolved"
        either = self.ONGOING_NS <= silent_ns < self.UNSURE_NS
        states = list(cluster.states) or [state, *(["resolved" if state == "ongoing" else "ongoing"] if either else [])]
        onsets = [iso(at_ns) for at_ns in cluster.onsets_ns]
        row: dict[str, Any] = {
            "id": cluster.id, "label": cluster.label, "kind": cluster.kind, "service": cluster.service,
            "onset": onsets[0], "first_seen": iso(cluster.first_ns), "last_seen": iso(cluster.last_ns),
            "accept_onsets": onsets, "count": len(cluster.insert_ids),
            "insert_ids": cluster.insert_ids, "companion_insert_ids": cluster.companions, "guilty": cluster.guilty,
            "cause_type": cluster.cause_type, "role": cluster.role, "caused_by": cluster.caused_by,
            "ancestors": self.ancestors(cluster), "severity": cluster.severity,
            "is_test_traffic": cluster.is_test_traffic, "expected_state": states[0],
            "accept_states": sorted(states),
            "required": cluster.required and len(cluster.insert_ids) >= self.FEWEST,
        }  # fmt: skip
        if cluster.details:
            row["details"] = cluster.details
        return row
