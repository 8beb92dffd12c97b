"""Requests hang since a revision: what ends them is a limit, and no program logs a word of it."""

from collections.abc import Callable

from collector.replacing import replace
from logtriage.demo.clock import HOUR, MILLI, SECOND
from logtriage.demo.deploys import IMAGE, Deploy
from logtriage.demo.scenarios.stage import Stage, open_stage, quiet_deploys, run_everyday, settle_deploys
from logtriage.demo.traffic import Call, Outcome, Traffic
from logtriage.demo.truth import Cluster, Mark

__all__ = ["STORIES"]

_HOURS = 30
_ROUTE = "backend.search"
_CUT = "The request has been terminated because it has reached the maximum request timeout."
_TIMEOUT_S = 300


def _plan(name: str, seed: int, scale: float, window_ns: tuple[int, int]) -> tuple[Stage, Deploy, Mark]:
    """Thirty hours of three services; an image of the backend brings the hang."""
    stage = open_stage(name, seed, scale, window_ns, ("backend", "auth", "frontend"))
    rng = stage.rng("plot")
    at_ns = stage.start_ns + round(rng.uniform(12, 18) * HOUR)
    quiet_deploys(stage, stage.world.services, 7, at_ns - HOUR)
    bad = stage.planner.deploy(stage.world.by_role["backend"], at_ns, (IMAGE,), fault=frozenset({"hangs"}))
    settle_deploys(stage)
    route = bad.service.routes[_ROUTE]
    label = f"{route.method} {route.path} hangs"
    guilty = stage.site.guilty(bad, IMAGE)
    mark = stage.site.truth.open(Cluster("H1", label, "hung", bad.service.name, "root", None, "P2", guilty))
    stage.guilty = (bad,)
    return stage, bad, mark


def _until_the_timeout(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
    """Requests hang until the platform ends them at the timeout of the revision, with 504."""
    stage, _, mark = _plan("hang_timeout", seed, scale, window_ns)
    stage.traffic.faults.append(Hanging(stage, mark, _TIMEOUT_S, 504, _CUT))
    run_everyday(stage)
    return stage


def _in_silence(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
    """Streams stay open without an event until a limit of the program ends them; they are answered 200."""
    stage, bad, mark = _plan("hang_silent", seed, scale, window_ns)
    limit_s = stage.rng("limit").choice((15, 20, 30, 60))
    caller = stage.world.by_role["frontend"].name
    waiting = stage.site.truth.open(
        Cluster(
            "H2", "pages wait for the search", "hung", caller, "symptom", "H1", "P2", stage.site.guilty(bad, IMAGE),
            required=False,
        )
    )  # fmt: skip
    stage.traffic.faults += [Hanging(stage, mark, limit_s, 200, None), Waiting(waiting, limit_s)]
    run_everyday(stage)
    return stage


class Hanging:
    """Most requests of the route hang in a revision that does so, each until the limit and a few milliseconds."""

    def __init__(self, stage: Stage, mark: Mark, limit_s: int, status: int, text: str | None) -> None:
        self._rng = stage.rng("hanging")
        self._mark, self._limit_s, self._status, self._text = mark, limit_s, status, text

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """How the request ends when it is hit; nothing is logged but its line."""
        del traffic
        if call.route.key != _ROUTE or "hangs" not in call.scene.place.deploy.spec.faults:
            return None
        if self._rng.random() > 0.7:  # noqa: PLR2004 - the others get an answer
            return None
        took_ns = self._limit_s * SECOND + round(self._rng.uniform(1, 40) * MILLI)
        return Outcome(self._status, took_ns, self._mark, self._text, self._mark, is_logged=False)


class Waiting:
    """Requests of other services that wait for one that hangs; they are answered when it is."""

    def __init__(self, mark: Mark, limit_s: int) -> None:
        self._mark, self._limit_s = mark, limit_s

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """What the service does anyhow, marked where it took as long."""
        if _ROUTE not in call.route.calls:
            return None
        outcome = traffic.work(call)
        if outcome.took_ns <= self._limit_s * SECOND:
            return outcome
        return replace(outcome, request_mark=self._mark, is_logged=False)


STORIES: dict[str, tuple[Callable[[int, float, tuple[int, int]], Stage], int]] = {
    "hang_timeout": (_until_the_timeout, _HOURS),
    "hang_silent": (_in_silence, _HOURS),
}
