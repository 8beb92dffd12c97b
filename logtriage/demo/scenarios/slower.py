"""An operation takes several times as long since a revision; no error is logged anywhere."""

from typing import Any

from logtriage.demo.clock import HOUR, MILLI, iso
from logtriage.demo.deploys import IMAGE, Deploy
from logtriage.demo.scenarios.stage import Stage, open_stage, quiet_deploys, run_everyday, settle_deploys
from logtriage.demo.traffic import Call, Outcome, Traffic

__all__ = ["HOURS", "slower"]

HOURS = 30
_ROUTE = "backend.search"


def slower(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
    """Thirty hours; the backend's search becomes four to eight times as slow with one of its images."""
    stage = open_stage("slower", seed, scale, window_ns, ("backend", "auth", "frontend"))
    rng = stage.rng("plot")
    at_ns = stage.start_ns + round(rng.uniform(12, 18) * HOUR)
    quiet_deploys(stage, stage.world.services, 7, at_ns - HOUR)
    bad = stage.planner.deploy(stage.world.by_role["backend"], at_ns, (IMAGE,), fault=frozenset({"slow"}))
    settle_deploys(stage)
    stage.site.truth.latency.append(_finding(stage, bad))
    stage.traffic.faults.append(Slowness(stage, rng.uniform(4, 8)))
    stage.guilty = (bad,)
    run_everyday(stage)
    return stage


def _finding(stage: Stage, bad: Deploy) -> dict[str, Any]:
    route = bad.service.routes[_ROUTE]
    name = f"{route.method} {route.path}"
    return {
        "service": bad.service.name, "operation": name, "accept_operations": [name, "SELECT search_index"],
        "guilty": stage.site.guilty(bad, IMAGE), "required": True, "severity": "P2", "onset": iso(bad.traffic_ns or 0),
    }  # fmt: skip


class Slowness:
    """The route still answers, after a query that takes its time."""

    def __init__(self, stage: Stage, factor: float) -> None:
        self._site = stage.site
        self._rng = stage.rng("slow")
        self._factor = factor

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """200 in every revision, later in those that are slow."""
        del traffic
        if call.route.key != _ROUTE:
            return None
        factor = self._factor if "slow" in call.scene.place.deploy.spec.faults else 1.0
        took_ns = round(call.route.usual_ms * factor * self._rng.lognormvariate(0, 0.3) * MILLI)
        self._site.query_span(call.scene, "search_index", (call.at_ns + MILLI, call.at_ns + MILLI + took_ns))
        return Outcome(200, took_ns + 2 * MILLI)
