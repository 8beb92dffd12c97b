"""All scenarios by name. A new one: a function in a module of stories, named in its STORIES."""

from collections.abc import Callable

from logtriage.demo.scenarios import (
    bad_image,
    browsers,
    canary,
    courses,
    dependency_down,
    endings,
    hanging,
    neighbours,
    outside,
    quiet,
    rollouts,
    secret_lost,
    settings,
    silence,
    slowed,
    slower,
    suite_only,
    two_roots,
    week,
    witnesses,
)
from logtriage.demo.scenarios.stage import Stage

__all__ = ["SCENARIOS", "Scenario"]

Scenario = tuple[Callable[[int, float, tuple[int, int]], Stage], int]  # (seed, scale, window) -> stage; hours it spans

SCENARIOS: dict[str, Scenario] = {
    "secret_lost": (secret_lost.secret_lost, secret_lost.HOURS),
    "bad_image": (bad_image.bad_image, bad_image.HOURS),
    "dependency_down": (dependency_down.dependency_down, dependency_down.HOURS),
    "canary": (canary.canary, canary.HOURS),
    "two_roots": (two_roots.two_roots, two_roots.HOURS),
    "slower": (slower.slower, slower.HOURS),
    "suite_only": (suite_only.suite_only, suite_only.HOURS),
    "quiet": (quiet.quiet, quiet.HOURS),
    **settings.STORIES,
    **rollouts.STORIES,
    **courses.STORIES,
    **outside.STORIES,
    **neighbours.STORIES,
    **silence.STORIES,
    **slowed.STORIES,
    **browsers.STORIES,
    **hanging.STORIES,
    **witnesses.STORIES,
    **endings.STORIES,
    **week.STORIES,
}
