"""Busy hours: many deploys of one service in a row, some failed, rejected, without traffic or seconds apart."""

import random
from collections.abc import Mapping
from typing import Any

from logtriage.demo.clock import SECOND
from logtriage.demo.deploys import Deploy
from logtriage.demo.scenarios.stage import Stage, drawn_changes
from logtriage.demo.world import Service

__all__ = ["burst", "plan_pauses"]


def burst(
    stage: Stage, service: Service, span_ns: tuple[int, int], count: int, planned: Mapping[int, Mapping[str, Any]]
) -> dict[int, Deploy]:
    """Deploys of a service over a span, by their number. `planned`: changes and kind of those that are not drawn."""
    rng = stage.rng(f"burst/{service.role}")
    gaps, rejected, failed, idle = plan_pauses(rng, count, set(planned))
    unit_ns = (span_ns[1] - span_ns[0]) / sum(gaps)
    at_ns, made = span_ns[0], {}
    for at in range(count):
        newest = stage.timeline.of(service)[-1]
        outcome = "rejected" if at == rejected else "failed" if at == failed else "ready"
        kind: dict[str, Any] = {
            "changes": drawn_changes(rng, newest.spec.env), "outcome": outcome, "traffic": at not in idle,
            "overlap_ns": rng.randrange(60) * SECOND, **planned.get(at, {}),
        }  # fmt: skip
        made[at] = stage.planner.deploy(service, at_ns, **kind)
        at_ns += round(gaps[at] * unit_ns)
    return made


def plan_pauses(rng: random.Random, count: int, fixed: set[int]) -> tuple[list[float], int, int, set[int]]:
    """Pauses after each deploy, and which one is rejected, which fails, which get no traffic.

    None of that happens to the `fixed` ones nor beside them.
    """
    near = fixed | {at + 1 for at in fixed} | {at - 1 for at in fixed}
    others = [at for at in range(1, count) if at not in near]
    rng.shuffle(others)
    gaps = [rng.uniform(0.6, 1.4) for _ in range(count)]
    for at in fixed:
        gaps[at] = rng.uniform(1.3, 1.8)
    for at in others[6:8]:
        gaps[at] = 0.02  # seconds apart
    return gaps, others[0], others[1], set(others[2:6])
