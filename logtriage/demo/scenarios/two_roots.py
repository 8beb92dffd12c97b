"""Two deploys of two services within minutes, each with a defect of its own."""

from logtriage.demo.clock import HOUR, MINUTE
from logtriage.demo.deploys import IMAGE
from logtriage.demo.scenarios.defect import Defect, DefectPlan
from logtriage.demo.scenarios.stage import Stage, open_stage, quiet_deploys, run_everyday, settle_deploys
from logtriage.demo.truth import Cluster

__all__ = ["HOURS", "two_roots"]

HOURS = 30


def two_roots(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
    """Thirty hours; a defect in the backend's search and, minutes later, one in the front end's first page."""
    stage = open_stage("two_roots", seed, scale, window_ns, ("backend", "auth", "frontend"))
    rng = stage.rng("plot")
    at_ns = stage.start_ns + round(rng.uniform(14, 20) * HOUR)
    quiet_deploys(stage, stage.world.services, 8, at_ns - HOUR)
    bad = []
    for role in ("backend", "frontend"):
        service = stage.world.by_role[role]
        bad.append(stage.planner.deploy(service, at_ns, (IMAGE,), fault=frozenset({"defect"})))
        at_ns += round(rng.uniform(3, 25) * MINUTE)
    settle_deploys(stage)
    truth = stage.site.truth
    for deploy, route in zip(bad, ("backend.search", "frontend.home"), strict=True):
        service = deploy.service
        identity = f"R-{service.role}"
        guilty = stage.site.guilty(deploy, IMAGE)
        label = f"{service.name}: {service.routes[route].path} fails"
        cluster = Cluster(identity, label, "code_defect", service.name, "root", None, "P1", guilty)
        stage.traffic.faults.append(Defect(stage, service, cluster, DefectPlan((route,), 0.8, "defect")))
    truth.separate.append(("R-backend", "R-frontend"))
    stage.guilty = tuple(bad)
    run_everyday(stage)
    return stage
