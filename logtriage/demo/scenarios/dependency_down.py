"""A store that all services share goes down minutes after an innocent deploy: no revision is guilty."""

from logtriage.demo.clock import HOUR, MILLI, MINUTE, SECOND, iso
from logtriage.demo.deploys import IMAGE
from logtriage.demo.scenarios.stage import Stage, open_stage, quiet_deploys, run_everyday, settle_deploys
from logtriage.demo.stacks import draw_failure
from logtriage.demo.styles import Line
from logtriage.demo.traffic import Call, Outcome, Traffic
from logtriage.demo.truth import Cluster, Mark

__all__ = ["HOURS", "dependency_down"]

HOURS = 30


def dependency_down(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
    """Thirty hours of three services; the database refuses connections for half an hour or more."""
    stage = open_stage("dependency_down", seed, scale, window_ns, ("backend", "auth", "frontend"))
    stage.group = "innocent"
    rng = stage.rng("plot")
    from_ns = stage.start_ns + round(rng.uniform(18, 24) * HOUR)
    until_ns = from_ns + round(rng.uniform(30, 70) * MINUTE)
    quiet_deploys(stage, stage.world.services, 8, from_ns - 2 * HOUR)
    stage.planner.deploy(stage.world.by_role["backend"], from_ns - round(rng.uniform(2.5, 6) * MINUTE), (IMAGE,))
    settle_deploys(stage)
    stage.traffic.faults.append(StoreDown(stage, from_ns, until_ns))
    run_everyday(stage)
    return stage


class StoreDown:
    """Whatever queries the store fails while it is down, in every service and revision."""

    def __init__(self, stage: Stage, from_ns: int, until_ns: int) -> None:
        self._site = stage.site
        self._rng = stage.rng("store")
        self._from_ns, self._until_ns = from_ns, until_ns
        self._host = f"10.{self._rng.randrange(10, 99)}.{self._rng.randrange(256)}.{self._rng.randrange(2, 250)}:5432"
        event = {"type": "dependency_outage", "dependency": "database", "address": self._host}
        stage.site.truth.external_events.append({**event, "start": iso(from_ns), "end": iso(until_ns)})
        self._marks: dict[str, Mark] = {}
        self._failures = {}
        kinds = {"python": "ConnectionRefusedError", "node": "Error", "go": "dial", "java": "StoreException"}
        for role in ("backend", "auth"):
            service = stage.world.by_role[role]
            message = f"connect {self._host}: connection refused (111)"
            self._failures[role] = draw_failure(stage.world, service, self._rng, kinds[service.language], message)
            cluster = Cluster(
                f"D-{role}", f"{service.name}: database refuses connections", "store_down", service.name, "root", None,
                "P1", cause_type="dependency_outage",
            )  # fmt: skip
            self._marks[role] = stage.site.truth.open(cluster)

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """Requests that query fail during the outage, but for a few on open connections."""
        del traffic
        role = call.scene.place.service.role
        if not call.route.table or role not in self._marks or not self._from_ns <= call.at_ns < self._until_ns:
            return None
        if self._rng.random() < 0.1:  # noqa: PLR2004 - served on connections still open
            return None
        took_ns = round(self._rng.uniform(0.02, 2.2) * SECOND)
        at_ns = call.at_ns + took_ns
        phrase = self._site.words.of("store_down", call.scene.place.service)
        message = phrase.fill(host=self._host, table=call.route.table)
        line = Line("ERROR", message, phrase.module, phrase.function, phrase.number, self._failures[role])
        self._site.query_span(call.scene, call.route.table, (call.at_ns + MILLI, at_ns), "connection refused")
        self._site.log(call.scene.place, at_ns, line, self._marks[role], call.scene)
        companion = Mark("companion", self._marks[role].id)
        return Outcome(500, took_ns + 3 * MILLI, self._marks[role], request_mark=companion)
