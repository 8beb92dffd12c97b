"""A test suite that fails by its own fault: no user is hit and no revision is guilty."""

from logtriage.demo.clock import HOUR
from logtriage.demo.scenarios.defect import Defect, DefectPlan
from logtriage.demo.scenarios.stage import Stage, open_stage, quiet_deploys, run_everyday, settle_deploys
from logtriage.demo.traffic import Call, Outcome, Traffic
from logtriage.demo.truth import Cluster

__all__ = ["HOURS", "suite_only"]

HOURS = 28


def suite_only(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
    """Twenty-eight hours; from some hour on most of the suite's requests to one route of the backend fail."""
    stage = open_stage("suite_only", seed, scale, window_ns, ("backend", "auth", "frontend"))
    stage.group = "innocent"
    from_ns = stage.start_ns + round(stage.rng("plot").uniform(9, 16) * HOUR)
    quiet_deploys(stage, stage.world.services, 9, stage.end_ns - HOUR)
    settle_deploys(stage)
    backend = stage.world.by_role["backend"]
    cluster = Cluster(
        "S1", f"the test suite fails against {backend.name}", "suite_error", backend.name, "root", None, "P3",
        cause_type="test_traffic", is_test_traffic=True,
    )  # fmt: skip
    plan = DefectPlan(("backend.create", "backend.search"), 0.9, None, frozenset({"tests"}))
    stage.traffic.faults.append(_From(from_ns, Defect(stage, backend, cluster, plan)))
    run_everyday(stage)
    return stage


class _From:
    """A defect that begins at an instant, whatever is deployed."""

    def __init__(self, from_ns: int, defect: Defect) -> None:
        self._from_ns = from_ns
        self._defect = defect

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """What the defect makes of it, once it has begun."""
        return self._defect.strike(traffic, call) if call.at_ns >= self._from_ns else None
