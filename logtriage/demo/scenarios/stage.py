"""What a scenario is built on: a world, its deploys and traffic over one window."""

import random
from typing import Any

from msgspec import Struct

from logtriage.demo.background import deploy_rows, everyday
from logtriage.demo.clock import HOUR, MINUTE, SECOND
from logtriage.demo.deploys import IMAGE, Change, Deploy, Planner, Timeline, add_instance, plan_instances
from logtriage.demo.site import Site
from logtriage.demo.streams import Streams
from logtriage.demo.traffic import Traffic
from logtriage.demo.world import Service, World, build_world

__all__ = ["Stage", "drawn_changes", "open_stage", "quiet_deploys", "run_everyday", "settle_deploys"]


class Stage(Struct):
    """One incident in the making. A scenario plans deploys, adds faults to `traffic`, then calls run_everyday."""

    scenario: str
    streams: Streams
    world: World
    timeline: Timeline
    planner: Planner
    site: Site
    traffic: Traffic
    start_ns: int
    end_ns: int
    scale: float
    group: str = "guilty"
    guilty: tuple[Deploy, ...] = ()

    def rng(self, name: str) -> random.Random:
        """A stream of random numbers of one concern."""
        return self.streams.of(name)


def open_stage(
    scenario: str, seed: int, scale: float, window_ns: tuple[int, int], roles: tuple[str, ...], **kind: Any
) -> Stage:
    """A stage with one revision of each service already serving when the window begins.

    kind: awaiting (the role that gets a language with await), later (roles that are created inside the window).
    """
    streams = Streams(scenario, seed)
    world = build_world(streams, roles, awaiting=kind.get("awaiting"))
    timeline = Timeline()
    planner = Planner(world, streams, timeline)
    start_ns, end_ns = window_ns
    site = Site(world, timeline, streams, end_ns)
    rng = streams.of("initial")
    for service in world.services:
        if service.role in kind.get("later", ()):
            continue
        planner.initial(service, start_ns - round(rng.uniform(3, 60) * HOUR))
    return Stage(scenario, streams, world, timeline, planner, site, Traffic(site), start_ns, end_ns, scale)


def drawn_changes(rng: random.Random, deploy_spec_env: dict[str, tuple[str, ...]]) -> tuple[Change, ...]:
    """Changes of an innocent deploy: nearly always the image, sometimes a setting beside it or alone."""
    flags = sorted(key for key, source in deploy_spec_env.items() if source[0] == "literal" and "_URL" not in key)
    flags = [key for key in flags if key not in {"STAGE", "SEARCH_DSN"}]
    drawn = rng.random()
    if drawn < 0.6 or not flags:  # noqa: PLR2004 - shares of kinds of deploys
        return (IMAGE,)
    if drawn < 0.8:  # noqa: PLR2004
        return (IMAGE, ("env_changed", rng.choice(flags)))
    if drawn < 0.9:  # noqa: PLR2004
        return (("env_changed", rng.choice(flags)),)
    return (IMAGE, rng.choice((("memory_limit", "memory"), ("max_instances", "max_instances"))))


def quiet_deploys(stage: Stage, services: tuple[Service, ...], count: int, until_ns: int) -> None:
    """Innocent deploys spread over the window up to until_ns, in order of time."""
    rng = stage.rng("quiet_deploys")
    span_ns = until_ns - stage.start_ns - HOUR
    times = sorted(stage.start_ns + 30 * MINUTE + round(rng.random() * span_ns) for _ in range(count))
    for at_ns in times:
        service = rng.choice(services)
        newest = stage.timeline.of(service)[-1]
        if at_ns > newest.created_ns + 5 * MINUTE:
            stage.planner.deploy(service, at_ns, drawn_changes(rng, newest.spec.env))


def run_everyday(stage: Stage) -> None:
    """Writes the background of the window; call it when all deploys are planned and all faults are in place."""
    everyday(stage.traffic, stage.start_ns, stage.end_ns - SECOND, stage.scale)


def settle_deploys(stage: Stage, started: tuple[tuple[Deploy, int], ...] = ()) -> None:
    """Gives revisions their containers and writes their rows; call it when all deploys are planned.

    `started`: containers that the scaling starts at given instants, beside those that are drawn.
    """
    for deploy in stage.timeline.deploys:
        dsn = deploy.spec.env.get("SEARCH_DSN", ("", ""))[1]
        stage.site.truth.planted.append(dsn.partition("@")[0].rpartition(":")[2])
    plan_instances(stage.world, stage.timeline, stage.streams, stage.end_ns)
    for deploy, at_ns in started:
        add_instance(deploy, at_ns, stage.rng("started"))
    deploy_rows(stage.site, stage.start_ns, stage.end_ns)
