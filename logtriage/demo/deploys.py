"""Deploys: what each revision was configured with, and which revision served when."""

import random
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct, field

from collector.replacing import replace
from logtriage.demo.clock import MINUTE, SECOND
from logtriage.demo.specs import IMAGE, Change, Spec, changed, first_spec
from logtriage.demo.streams import Streams, hex_digits
from logtriage.demo.world import Service, World

__all__ = [
    "IMAGE", "Change", "Deploy", "Instance", "Planner", "Shift", "Spec", "Timeline", "add_instance",
    "plan_instances",
]  # fmt: skip

_NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


class Instance(Struct):
    """One container: its id, its life, and the labels its entries share."""

    id: str
    start_ns: int
    stop_ns: int
    reason: str
    labels: dict[str, str]


class Deploy(Struct):
    """One deploy of a service; `outcome` ready, failed (revision never became ready) or rejected (no revision)."""

    service: Service
    revision: str
    generation: int
    created_ns: int
    ready_ns: int | None
    traffic_ns: int | None
    spec: Spec
    changes: tuple[Change, ...]
    outcome: Literal["ready", "failed", "rejected"]
    previous: str  # the revision whose configuration it started from
    serving_before: str
    actor: str
    tool: str
    is_initial: bool = False
    left_ns: int | None = None  # when it lost its traffic
    share: float = 1.0
    is_held: bool = False  # became ready and was given no traffic
    resource: dict[str, Any] = field(default_factory=dict)
    instances: list[Instance] = field(default_factory=list)


class Shift(Struct, frozen=True):
    """Traffic moved to a revision that was there already; `newest` is the deploy whose template the service has."""

    at_ns: int
    target: Deploy
    newest: Deploy
    before: str  # the revision that served until then
    actor: str
    generation: int


class Timeline:
    """Which revision serves a request of a service at an instant."""

    def __init__(self) -> None:
        self.deploys: list[Deploy] = []
        self.shifts: list[Shift] = []
        self._starts: dict[str, list[int]] = {}
        self._shares: dict[str, list[tuple[tuple[Deploy, float], ...]]] = {}

    def add_split(self, service: Service, at_ns: int, shares: tuple[tuple[Deploy, float], ...]) -> None:
        """From at_ns on the revisions serve these shares (adding up to 1); what was planned for later is dropped."""
        starts = self._starts.setdefault(service.name, [])
        rows = self._shares.setdefault(service.name, [])
        while starts and starts[-1] >= at_ns:
            starts.pop()
            rows.pop()
        starts.append(at_ns)
        rows.append(shares)

    def serving(self, service: Service, at_ns: int, rng: random.Random) -> Deploy:
        """The revision that takes a request."""
        at = max(0, bisect_right(self._starts[service.name], at_ns) - 1)
        shares = self._shares[service.name][at]
        if len(shares) == 1:
            return shares[0][0]
        drawn = rng.random()
        for deploy, share in shares:
            drawn -= share
            if drawn < 0:
                return deploy
        return shares[-1][0]

    def of(self, service: Service) -> list[Deploy]:
        """All deploys of a service, oldest first."""
        return [deploy for deploy in self.deploys if deploy.service is service]


class Planner:
    """Makes deploys one after the other; each starts from the configuration of the one before."""

    def __init__(self, world: World, streams: Streams, timeline: Timeline) -> None:
        self._world = world
        self._streams = streams
        self._timeline = timeline
        self._current: dict[str, Deploy] = {}  # newest configuration that was asked for
        self._serving: dict[str, Deploy] = {}
        self._number: dict[str, int] = {}

    def initial(self, service: Service, at_ns: int) -> Deploy:
        """The revision that served before the window."""
        rng = self._streams.of(f"deploy/{service.role}")
        self._number[service.name] = rng.randrange(20, 900)
        spec = first_spec(self._world, service, rng)
        deploy = self._make(service, at_ns, spec, (), "ready")
        deploy.is_initial = True
        deploy.ready_ns = at_ns + 70 * SECOND
        deploy.traffic_ns = at_ns + 71 * SECOND
        self._timeline.add_split(service, 0, ((deploy, 1.0),))
        self._current[service.name] = self._serving[service.name] = deploy
        return deploy

    def deploy(self, service: Service, at_ns: int, changes: tuple[Change, ...], **kind: Any) -> Deploy:
        """A deploy with these changes.

        kind: outcome, traffic (False: none), share, fault, mend, overlap_ns, adjust (Spec -> Spec, after the changes).
        """
        rng = self._streams.of(f"deploy/{service.role}")
        old = self._current[service.name]
        spec = old.spec
        for change in changes:
            spec = changed(spec, change, rng)
        adjust: Callable[[Spec], Spec] = kind.get("adjust", _as_it_is)
        spec = adjust(spec)
        spec = replace(spec, faults=(spec.faults | kind.get("fault", frozenset())) - kind.get("mend", frozenset()))
        outcome = kind.get("outcome", "ready")
        deploy = self._make(service, at_ns, spec, changes, outcome)
        took_ns = round(rng.uniform(35, 110) * SECOND)
        if outcome == "ready":
            deploy.ready_ns = at_ns + took_ns
            self._current[service.name] = deploy
        deploy.is_held = outcome == "ready" and not kind.get("traffic", True)
        if outcome == "ready" and kind.get("traffic", True):
            default_ns = round(rng.uniform(10, 75) * SECOND)
            self._shift(service, deploy, kind.get("share", 1.0), kind.get("overlap_ns", default_ns))
        return deploy

    def shift(self, at_ns: int, target: Deploy) -> Shift:
        """Moves all traffic of a service to a revision that is there, as `update-traffic` does; no revision is made."""
        service = target.service
        old, newest = self._serving[service.name], self._current[service.name]
        self._timeline.add_split(service, at_ns, ((target, 1.0),))
        target.traffic_ns = target.traffic_ns or at_ns
        target.left_ns, old.left_ns = None, at_ns
        self._serving[service.name] = target
        rng = self._streams.of(f"shift/{service.role}")
        actor = f"{rng.choice(self._world.people)}@{self._world.company}.example"
        shift = Shift(at_ns, target, newest, old.revision, actor, newest.generation + len(self._timeline.shifts) + 1)
        self._timeline.shifts.append(shift)
        return shift

    def _make(self, service: Service, at_ns: int, spec: Spec, changes: tuple[Change, ...], outcome: Any) -> Deploy:
        rng = self._streams.of(f"deploy/{service.role}")
        if outcome != "rejected":
            self._number[service.name] += 1
        number = self._number[service.name]
        name = f"{service.name}-{number:05d}-{''.join(rng.choice(_NAME_LETTERS) for _ in range(3))}"
        by_hand = rng.random() < 0.15  # noqa: PLR2004 - share of deploys made by a person
        domain = f"{self._world.company}.example"
        account = f"{self._world.deployer}@{self._world.project}.iam.gserviceaccount.com"
        deploy = Deploy(
            service=service, revision=name, generation=number + 2, created_ns=at_ns, ready_ns=None, traffic_ns=None,
            spec=spec, changes=changes, outcome=outcome,
            previous=self._current[service.name].revision if service.name in self._current else "",
            serving_before=self._serving[service.name].revision if service.name in self._serving else "",
            actor=f"{rng.choice(self._world.people)}@{domain}" if by_hand else account,
            tool="cloud-console" if by_hand else ("terraform" if service.api == "v2" else "gcloud"),
            resource=_resource(self._world, service, name),
        )  # fmt: skip
        self._timeline.deploys.append(deploy)
        return deploy

    def _shift(self, service: Service, deploy: Deploy, share: float, overlap_ns: int) -> None:
        if deploy.ready_ns is None:
            return
        old = self._serving[service.name]
        last_ns = old.traffic_ns or 0
        deploy.traffic_ns = max(deploy.ready_ns + SECOND, last_ns + SECOND)
        deploy.share = share
        full_ns = deploy.traffic_ns + overlap_ns
        if share < 1:
            self._timeline.add_split(service, deploy.traffic_ns, ((deploy, share), (old, 1 - share)))
            return
        self._timeline.add_split(service, deploy.traffic_ns, ((deploy, 0.6), (old, 0.4)))
        self._timeline.add_split(service, full_ns, ((deploy, 1.0),))
        old.left_ns = full_ns
        self._serving[service.name] = deploy


def _resource(world: World, service: Service, revision: str) -> dict[str, Any]:
    labels = {
        "configuration_name": service.name, "location": world.region, "project_id": world.project,
        "revision_name": revision, "service_name": service.name,
    }  # fmt: skip
    return {"type": "cloud_run_revision", "labels": labels}


def _as_it_is(spec: Spec) -> Spec:
    return spec


def plan_instances(world: World, timeline: Timeline, streams: Streams, end_ns: int) -> None:
    """Gives every revision that became ready its containers: one at the roll-out, more while it serves long."""
    rng = streams.of("instances")
    prefix = hex_digits(rng, 10)
    for deploy in timeline.deploys:
        if deploy.ready_ns is None:
            continue
        start_ns = deploy.ready_ns - round(rng.uniform(8, 25) * SECOND)
        gone_ns = min(end_ns, (deploy.left_ns or end_ns) if deploy.traffic_ns else deploy.ready_ns + 3 * MINUTE)
        starts = [(start_ns, "DEPLOYMENT_ROLLOUT")]
        later_ns = start_ns
        while len(starts) < 6:  # noqa: PLR2004 - containers of one revision
            later_ns += round(rng.uniform(60, 600) * MINUTE)
            if later_ns > gone_ns - 10 * MINUTE:
                break
            starts.append((later_ns, "AUTOSCALING"))
        for at_ns, reason in starts:
            identity = prefix + hex_digits(rng, 190)
            stop_ns = gone_ns + round(rng.uniform(2, 14) * MINUTE)
            labels = {"instanceId": identity, **world.labels}
            deploy.instances.append(Instance(identity, at_ns, stop_ns, reason, labels))
    for shift in timeline.shifts:
        identity = prefix + hex_digits(rng, 190)
        stop_ns = min(end_ns, shift.target.left_ns or end_ns) + 3 * MINUTE
        labels = {"instanceId": identity, **world.labels}
        shift.target.instances.append(
            Instance(identity, shift.at_ns - 9 * SECOND, stop_ns, "DEPLOYMENT_ROLLOUT", labels)
        )


def add_instance(deploy: Deploy, at_ns: int, rng: random.Random) -> Instance:
    """One more container of a revision, started by the scaling; it lives as long as the last of the others."""
    model = deploy.instances[-1]
    identity = model.id[:10] + hex_digits(rng, len(model.id) - 10)
    stop_ns = max(one.stop_ns for one in deploy.instances)
    instance = Instance(identity, at_ns, stop_ns, "AUTOSCALING", {**model.labels, "instanceId": identity})
    deploy.instances.append(instance)
    return instance
