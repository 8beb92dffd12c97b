"""A scenario in a few lines: deploys, faults and clusters on a stage, finished in the right order."""

from collections.abc import Callable
from typing import Any

from logtriage.demo.clock import HOUR, MINUTE
from logtriage.demo.conditions import When
from logtriage.demo.deploys import Deploy
from logtriage.demo.faults import Failing, Manner, raises
from logtriage.demo.scenarios.stage import Stage, open_stage, quiet_deploys, run_everyday, settle_deploys
from logtriage.demo.specs import IMAGE, Change
from logtriage.demo.traffic import Fault
from logtriage.demo.troubles import TROUBLES
from logtriage.demo.truth import Cluster, Course, Mark, Spell
from logtriage.demo.world import Service

__all__ = ["ROLES", "Build", "Draft", "story"]

ROLES = ("backend", "auth", "frontend")
Build = Callable[[int, float, tuple[int, int]], Stage]


class Draft:
    """What a story writes on. Deploys come first, then `settle`, then clusters and faults."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.rng = stage.rng("plot")
        self.is_settled = False

    def service(self, role: str) -> Service:
        """The service of a role."""
        return self.stage.world.by_role[role]

    def hour(self, earliest: float, latest: float) -> int:
        """An instant between two hours of the window, drawn."""
        return self.stage.start_ns + round(self.rng.uniform(earliest, latest) * HOUR)

    def minutes(self, least: float, most: float) -> int:
        """A duration in ns, drawn."""
        return round(self.rng.uniform(least, most) * MINUTE)

    def pick(self, *options: Any) -> Any:
        """One of the options, drawn."""
        return self.rng.choice(options)

    def calm(self, count: int, until_ns: int) -> None:
        """Innocent deploys, up to an instant, of all services that are there from the beginning.

        Each gets one at least: nothing tells the configuration of a revision from before the window, so what a later
        one changed could not be known.
        """
        services = tuple(self.service(role) for role in ROLES)
        quiet_deploys(self.stage, services, count, until_ns)
        for service in services:
            if self.stage.timeline.of(service)[-1].is_initial:
                at_ns = self.stage.start_ns + round(self.rng.uniform(0.2, 0.8) * (until_ns - self.stage.start_ns))
                self.stage.planner.deploy(service, at_ns, (IMAGE,))

    def deploy(self, role: str, at_ns: int, *changes: Change, **kind: Any) -> Deploy:
        """A deploy, of the image when no change is told. kind: as of Planner.deploy; `tag` is one fault."""
        tag = kind.pop("tag", None)
        if tag is not None:
            kind["fault"] = frozenset({tag})
        return self.stage.planner.deploy(self.service(role), at_ns, changes or (IMAGE,), **kind)

    def guilty(self, deploy: Deploy, change: Change = IMAGE, *others: Deploy) -> dict[str, Any]:
        """The attribution to a deploy; `others` are accepted as well."""
        self.stage.guilty += (deploy, *others)
        told = self.stage.site.guilty(deploy, change)
        if others:
            told["or"] = [self.stage.site.guilty(other, change) for other in others]
        return told

    def create(self, role: str, at_ns: int) -> Deploy:
        """The first deploy of a service that was not there before; the story names its role among the later ones."""
        deploy = self.stage.planner.initial(self.service(role), at_ns)
        deploy.is_initial = False
        self.stage.site.opens_ns[role] = deploy.traffic_ns or at_ns
        return deploy

    def settle(self, *started: tuple[Deploy, int]) -> None:
        """Deploys are complete; `started` are containers of the scaling."""
        settle_deploys(self.stage, started)
        self.is_settled = True

    def root(self, identity: str, label: str, role: str, **fields: Any) -> Mark:
        """Opens a root. fields: of Cluster; guilty, severity P1 and kind as they are told."""
        fields = {"severity": "P1", "kind": "failure", **fields}
        service = self.service(role).name
        cluster = Cluster(id=identity, label=label, service=service, role="root", caused_by=None, **fields)
        return self.stage.site.truth.open(cluster)

    def symptom(self, identity: str, label: str, of: Mark, **fields: Any) -> Mark:
        """Opens a symptom in the service of its cause, with the attribution of that."""
        above = self.stage.site.truth.clusters[of.id]
        base = {"kind": "failure", "severity": above.severity, "service": above.service}
        cluster = Cluster(
            id=identity, label=label, role="symptom", caused_by=of.id, guilty=above.guilty, cause_type=above.cause_type,
            is_test_traffic=above.is_test_traffic, **{**base, **fields},
        )  # fmt: skip
        return self.stage.site.truth.open(cluster)

    def fails(self, mark: Mark, when: When, trouble: str, role: str, **slots: Any) -> None:
        """Adds a fault that logs a trouble in a service."""
        manner = raises(self.stage, self.service(role), TROUBLES[trouble], mark.id, **slots)
        self.fault(Failing(self.stage, mark, when, manner))

    def answered(self, mark: Mark, when: When, manner: Manner) -> None:
        """Adds a fault in a manner of its own."""
        self.fault(Failing(self.stage, mark, when, manner))

    def fault(self, fault: Fault) -> None:
        """Adds a fault; those added first are asked first."""
        self.stage.traffic.faults.append(fault)

    def begins(self, mark: Mark, *instants_ns: int, states: tuple[str, ...] = ()) -> None:
        """Tells when a cluster began where that is not its first entry, and which states are right."""
        cluster = self.stage.site.truth.clusters[mark.id]
        cluster.begins_ns, cluster.states = instants_ns, states

    def course(self, mark: Mark, *spells: Spell, **fields: Any) -> None:
        """Tells when a cluster was broken and by what it was mended. fields: of Course."""
        self.stage.site.truth.courses[mark.id] = Course(spells, **fields)

    def broken(self, bad: Deploy, mended: Deploy | None = None) -> Spell:
        """From the traffic of a bad revision until a later one has all of it; without one nobody mends it."""
        from_ns = bad.traffic_ns or bad.created_ns
        if mended is None:
            return Spell(from_ns, None, bad.revision)
        rows = self.stage.timeline.of(bad.service)
        last = [one for one in rows[: rows.index(mended)] if one.traffic_ns][-1]
        return Spell(from_ns, last.left_ns, bad.revision, mended.revision, "deploy")


def story(name: str, hours: int, tell: Callable[[Draft], None], **kind: Any) -> tuple[Build, int]:
    """A scenario out of a function that tells it on a draft; background and rows are written around it.

    kind: is_innocent (nobody is to blame), later (roles that are created inside the window), others (roles beside the
    usual ones), pace (share of the usual traffic, for long windows).
    """

    def build(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
        later = kind.get("later", ())
        roles = (*ROLES, *kind.get("others", ()), *later)
        stage = open_stage(name, seed, scale * kind.get("pace", 1.0), window_ns, roles, later=later)
        stage.group = "innocent" if kind.get("is_innocent") else "guilty"
        draft = Draft(stage)
        tell(draft)
        if not draft.is_settled:
            draft.settle()
        run_everyday(stage)
        return stage

    return build, hours
