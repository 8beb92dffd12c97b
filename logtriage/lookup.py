"""Findings by name: which cluster, which revision, which incident, without searching each time. No I/O."""

import difflib
from collections.abc import Callable, Iterable

from classifiers.changes import difference
from classifiers.findings import Absence, Cluster, Findings, Incident, Latency
from classifiers.followed import Verification
from classifiers.lineage import never_worked
from collector.records import Revision
from logtriage.errors import ConfigError
from logtriage.escape import plain
from logtriage.wording import Near

__all__ = ["Lookup"]

_KNOWN_SHOWN = 8
_MOST = 50  # percent of the traffic
_NEAR_NS = 15 * 60 * 10**9  # between a change of traffic and the last failure that it ended


class Lookup:
    """Findings with an index over their clusters, incidents and revisions.

    `near`: the day on which times need no date; None is the last of the window.
    """

    def __init__(self, findings: Findings, *, near: Near | None = None) -> None:
        self.findings = findings
        self._near = near
        every = (*findings.clusters, *findings.standing, *findings.muted, *findings.noise)
        self._clusters = {cluster.id: cluster for cluster in every}
        self._incidents = {
            member: incident for incident in findings.incidents for member in (incident.root, *incident.symptoms)
        }
        self._revisions = {(revision.service, revision.revision): revision for revision in findings.revisions}

    @property
    def near(self) -> Near:
        """The day on which times are told without the date."""
        return self._near or Near.of(self.findings.window)

    def cluster(self, cluster_id: str) -> Cluster | None:
        """The cluster of that id, from the problems or from any other list."""
        return self._clusters.get(cluster_id)

    def incident_of(self, cluster_id: str) -> Incident | None:
        """The incident a cluster belongs to, as root or symptom."""
        return self._incidents.get(cluster_id)

    def root_of(self, found: Cluster | Latency | Absence) -> Cluster | Latency | Absence:
        """The root of the incident a finding belongs to: its verdict is the incident's. Else the finding itself."""
        incident = self.incident_of(found.id)
        return (self.member(incident.root) if incident else None) or found

    def symptoms(self, incident: Incident) -> tuple[Cluster, ...]:
        """Clusters of the incident beside its root, in the order in which they began.

        A root may be among them: one that fails of the same dependency as the incident's.
        """
        known = [self._clusters[name] for name in incident.symptoms if name in self._clusters]
        return tuple(sorted(known, key=lambda cluster: (cluster.onset.at_ns, cluster.id)))

    def member(self, name: str) -> Cluster | Latency | Absence | None:
        """The cluster, slower operation or missing event of that id."""
        return self.cluster(name) or self.silent_ids().get(name)

    def members(self, incident: Incident) -> tuple[Cluster | Latency | Absence, ...]:
        """All of the incident beside its root, in the order in which they began."""
        known = (self.member(name) for name in incident.symptoms)
        return tuple(
            sorted((one for one in known if one), key=lambda one: (one.onset.at_ns if one.onset else 0, one.id))
        )

    def revision(self, service: str, name: str) -> Revision | None:
        """The revision of that service and name."""
        return self._revisions.get((service, name))

    def revision_began_ns(self, service: str, name: str) -> int | None:
        """When a revision was created, else first took traffic, else was first seen; None when never."""
        found = self.revision(service, name)
        if found is None:
            return None
        return next((at for at in (found.created_ns, found.traffic_ns, found.first_seen_ns) if at is not None), None)

    def revision_routed_ns(self, service: str, name: str, until_ns: int) -> int | None:
        """When routing last gave a revision more of the traffic, up to an instant; None where that is not known."""
        found = self.revision(service, name)
        routed = [one.from_ns for one in found.periods if one.percent and one.from_ns <= until_ns] if found else []
        return max(routed, default=None)

    def end_ns(self, cluster: Cluster) -> int:
        """Its last failure; of what looks proved over the last one that was no straggler, as nearly as is stored."""
        over = (
            member.since_ns
            for one in self.findings.tracked
            for member in one.members
            if member.finding_id == cluster.id and member.state == "resolved"
        )
        return min((cluster.last_ns, *over))

    def may_be_mended(self, finding_id: str) -> Verification | None:
        """What waits for attempts since a change that may have mended a finding, and none of them failed; else None."""
        own = [one for one in self.findings.verifications if one.criterion.finding_id == finding_id]
        waits = [one for one in own if one.verdict == "NOT YET" and one.fixed_by]
        is_clean = all(one.verdict != "FAILING" and not one.failures for one in own)
        return waits[0] if waits and is_clean else None

    def ended_by(self, service: str, name: str, last_ns: int) -> tuple[Revision, int] | None:
        """The revision that took most of the traffic from another when its failures ended, and when; None not known."""
        own = [one for (owner, other), one in self._revisions.items() if owner == service and other != name]
        taken = [
            (abs(period.from_ns - last_ns), one.revision, one, period.from_ns)
            for one in own
            for period in one.periods
            if (period.percent or 0) > _MOST and abs(period.from_ns - last_ns) <= _NEAR_NS
        ]
        return min(taken)[2:] if taken else None

    def doubled_by(self, service: str, name: str) -> str:
        """The revision that this one repeats, deployed moments before; "" where there is none."""
        found = self.revision(service, name)
        return found.doubles if found else ""

    def twin_of(self, service: str, name: str, good: str | None) -> str:
        """The one of two revisions that another is equal to, as far as is known of both; "" where they differ."""
        before, after = self.revision(service, good or ""), self.revision(service, name)
        is_equal = before is not None and after is not None and difference(before, after).label == "nothing"
        return (good or "") if is_equal else self.doubled_by(service, name)

    def revisions_after(self, service: str, name: str) -> int | None:
        """How many revisions of the service came later; None when its time is not known. Failed deploys are none."""
        began = self.revision_began_ns(service, name)
        if began is None:
            return None
        own = [name for (owner, name), one in self._revisions.items() if owner == service and not never_worked(one)]
        times = [self.revision_began_ns(service, other) for other in own]
        return sum(at > began for at in times if at is not None)

    def services(self) -> tuple[str, ...]:
        """All services that the findings name, sorted."""
        named = {revision.service for revision in self.findings.revisions}
        named |= {cluster.service for cluster in self._clusters.values()}
        named |= {one.service for one in self.silent_ids().values()}
        named |= {caller.service for one in self.findings.latency for caller in one.callers}
        return tuple(sorted(named - {""}))

    def silent(self, name: str) -> Latency | Absence | None:
        """What became slower, or the event that stays away, of that id or of a beginning that nothing else has."""
        known = self.silent_ids()
        roots = {str(incident.number): incident.root for incident in self.findings.incidents}
        wanted = name.strip()
        wanted = roots.get(wanted.removeprefix("#"), wanted)
        starts = [key for key in (*known, *self._clusters) if wanted and key.startswith(wanted)]
        if wanted in known:
            return known[wanted]
        return known.get(starts[0]) if len(starts) == 1 else None

    def silent_ids(self) -> dict[str, Latency | Absence]:
        """Findings that no entry tells, by id."""
        found = self.findings
        every: tuple[Latency | Absence, ...] = (
            *found.other_events, *found.absent_events, *found.latency, *found.muted_silent
        )  # fmt: skip
        return {one.id: one for one in every if one.id}

    def named(
        self, name: str, *, stands_for: Callable[[str], tuple[str, ...]] = lambda _: (), also: Iterable[str] = ()
    ) -> Cluster:
        """The cluster of that id, of a beginning of an id that only one has, or of an incident's number.

        `stands_for` gives the signatures of an id of any other kind; `also` are ids of other things that a person may
        mean, told where nothing is found. Raises ConfigError that lists the numbers and the
        nearest ids.
        """
        wanted = name.strip().removeprefix("#")
        by_number = {str(incident.number): incident.root for incident in self.findings.incidents}
        found = self._clusters.get(by_number.get(wanted, wanted))
        starts = [cluster for key, cluster in self._clusters.items() if wanted and key.startswith(wanted)]
        if found is None and len(starts) == 1:
            found = starts[0]
        if found is not None:
            return found
        signatures = set(stands_for(wanted)) if wanted else set()
        holding = [one for one in self._clusters.values() if signatures.intersection(one.signature_ids)]
        if len(holding) == 1:
            return holding[0]
        if holding:
            listed = ", ".join(sorted(one.id for one in holding)[:_KNOWN_SHOWN])
            raise ConfigError(f"`{plain(name, 80)}` is in {len(holding)} clusters of this window: {listed}. Name one.")
        near = difflib.get_close_matches(wanted, [*self._clusters, *also], n=_KNOWN_SHOWN, cutoff=0.5)
        known = [*list(by_number)[:_KNOWN_SHOWN], *near]
        listed = f"Known here: {', '.join(known)}." if known else "This window has none."
        raise ConfigError(
            f"There is no cluster or incident `{plain(name, 80)}` in this window. {listed} "
            "Take a number or an id from `logtriage report`, with the same --since and --until."
        )
