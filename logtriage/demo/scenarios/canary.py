"""A bad revision that gets a tenth of the traffic and keeps it."""

from logtriage.demo.clock import HOUR
from logtriage.demo.deploys import IMAGE
from logtriage.demo.scenarios.defect import Defect, DefectPlan
from logtriage.demo.scenarios.stage import Stage, open_stage, quiet_deploys, run_everyday, settle_deploys
from logtriage.demo.truth import Cluster

__all__ = ["HOURS", "canary"]

HOURS = 24
_ROUTES = ("backend.list", "backend.get", "backend.create", "backend.search")


def canary(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
    """A day; the last deploy of the backend serves a tenth and fails most of it."""
    stage = open_stage("canary", seed, scale, window_ns, ("backend", "auth", "frontend"))
    rng = stage.rng("plot")
    backend = stage.world.by_role["backend"]
    at_ns = stage.start_ns + round(rng.uniform(8, 14) * HOUR)
    quiet_deploys(stage, stage.world.services, 6, at_ns - HOUR)
    bad = stage.planner.deploy(backend, at_ns, (IMAGE,), fault=frozenset({"defect"}), share=0.1)
    settle_deploys(stage)
    guilty = stage.site.guilty(bad, IMAGE)
    cluster = Cluster("C1", "requests of the canary fail", "code_defect", backend.name, "root", None, "P2", guilty)
    stage.traffic.faults.append(Defect(stage, backend, cluster, DefectPlan(_ROUTES, 0.7, "defect")))
    stage.guilty = (bad,)
    run_everyday(stage)
    return stage
