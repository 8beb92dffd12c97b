"""Nothing is wrong: a day of deploys, users, tests and the usual noise."""

from logtriage.demo.clock import HOUR
from logtriage.demo.scenarios.stage import Stage, open_stage, quiet_deploys, run_everyday, settle_deploys

__all__ = ["HOURS", "quiet"]

HOURS = 24


def quiet(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
    """A day without an incident."""
    stage = open_stage("quiet", seed, scale, window_ns, ("backend", "auth", "frontend"))
    stage.group = "innocent"
    quiet_deploys(stage, stage.world.services, 9, stage.end_ns - HOUR)
    settle_deploys(stage)
    run_everyday(stage)
    return stage
