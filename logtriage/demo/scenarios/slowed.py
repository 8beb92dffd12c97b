"""Requests that take longer: by code, a setting, what they call; and what only looks like it. No error anywhere."""

from collections.abc import Callable
from typing import Any

from collector.replacing import replace
from logtriage.demo.clock import HOUR, MILLI, SECOND, iso
from logtriage.demo.conditions import When, asked_by, between, both, on, share, tagged
from logtriage.demo.deploys import Deploy
from logtriage.demo.scenarios.draft import Draft, story
from logtriage.demo.specs import Change, Spec
from logtriage.demo.traffic import Call, Outcome, Traffic

__all__ = ["STORIES"]

_DATA = ("backend.list", "backend.get", "backend.create")
_FAILED = 500
_HOURS = 30


class Slows:
    """A fault that lets requests do what they do and wait on top of it, some times as long as they usually take."""

    def __init__(self, draft: Draft, when: When, times: float | Callable[[Call], float], *, in_query: bool) -> None:
        """`in_query`: a query of the route's table takes the time, and its span tells so."""
        self._site = draft.stage.site
        self._rng = draft.stage.rng("slows")
        self._when, self._times, self._in_query = when, times, in_query
        self._waiting = False

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """The outcome of before, later; requests that fail anyhow are left alone."""
        part = self._when(call)
        if self._waiting or not part or self._rng.random() >= part:
            return None
        self._waiting = not call.route.calls  # what it calls may be slow as well
        outcome = traffic.work(call)
        self._waiting = False
        if outcome.status >= _FAILED:
            return outcome
        times = self._times if isinstance(self._times, float) else self._times(call)
        more_ns = round(call.route.usual_ms * (times - 1) * self._rng.lognormvariate(0, 0.3) * MILLI)
        if self._in_query:
            begin_ns = call.at_ns + outcome.took_ns - MILLI
            self._site.query_span(call.scene, call.route.table or "search_index", (begin_ns, begin_ns + more_ns))
        return replace(outcome, took_ns=outcome.took_ns + more_ns)


def _told(draft: Draft, role: str, keys: tuple[str, ...], onset_ns: int, guilty: dict[str, Any] | None) -> None:
    """Notes that routes of a service became slower."""
    service = draft.service(role)
    names = [f"{service.routes[key].method} {service.routes[key].path}" for key in keys]
    draft.stage.site.truth.latency.append(
        {
            "service": service.name, "operation": names[0], "accept_operations": names, "guilty": guilty,
            "required": True, "severity": "P2", "onset": iso(onset_ns),
        }
    )  # fmt: skip


def _changed(draft: Draft, role: str, *changes: Change, **kind: Any) -> Deploy:
    """Innocent deploys, then the one that makes something slower, then some of the other services."""
    at_ns = draft.hour(11, 18)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy(role, at_ns, *changes, tag="slow", **kind)
    for other in {"backend", "auth", "frontend"} - {role}:
        if draft.rng.random() < 0.5:  # noqa: PLR2004 - not always
            draft.deploy(other, at_ns + draft.minutes(40, 300))
    draft.settle()
    return bad


def slower_route(draft: Draft) -> None:
    """The code of one route asks its table three to six times as long since an image."""
    bad = _changed(draft, "backend")
    key = draft.pick(*_DATA)
    draft.fault(Slows(draft, both(tagged("slow"), on(key)), draft.rng.uniform(3, 6), in_query=True))
    _told(draft, "backend", (key,), bad.traffic_ns or 0, draft.guilty(bad))


def slower_unseen(draft: Draft) -> None:
    """The same with spans of one trace in a hundred: the request log is all there is."""
    draft.stage.traffic.sampled_share = 0.01
    slower_route(draft)


def slower_tail(draft: Draft) -> None:
    """One request in eight takes ten times as long since an image; the others are as quick as ever."""
    bad = _changed(draft, "backend")
    draft.fault(Slows(draft, both(tagged("slow"), on(*_DATA), share(0.125)), 10.0, in_query=True))
    _told(draft, "backend", _DATA, bad.traffic_ns or 0, draft.guilty(bad))


def slower_setting(draft: Draft) -> None:
    """A quarter of a processor, or many more requests a container: all routes take some times as long."""
    change: Change = draft.pick(("cpu_limit", "cpu"), ("concurrency", "concurrency"))

    def adjusted(spec: Spec) -> Spec:
        if change[0] == "cpu_limit":
            return replace(spec, cpu="250m")
        return replace(spec, concurrency=spec.concurrency * 8)

    bad = _changed(draft, "backend", change, adjust=adjusted)
    keys = (*_DATA, "backend.search")
    draft.fault(Slows(draft, both(tagged("slow"), on(*keys)), draft.rng.uniform(2.5, 4), in_query=False))
    _told(draft, "backend", keys, bad.traffic_ns or 0, draft.guilty(bad, change))


def slower_callee(draft: Draft) -> None:
    """The service that every request asks for the session takes some hundred milliseconds more since its image."""
    bad = _changed(draft, "auth")
    draft.fault(Slows(draft, both(tagged("slow"), on("auth.check")), draft.rng.uniform(12, 25), in_query=True))
    _told(draft, "auth", ("auth.check",), bad.traffic_ns or 0, draft.guilty(bad))


def slower_database(draft: Draft) -> None:
    """The database answers slowly for some hours, or to the end: every revision of two services waits for it."""
    draft.calm(9, draft.stage.end_ns - 2 * HOUR)
    draft.settle()
    start_ns = draft.hour(14, 20)
    end_ns = draft.pick(draft.stage.end_ns, start_ns + draft.minutes(150, 300))
    when = both(on(*_DATA, "auth.check", "auth.login"), between(start_ns, end_ns))
    draft.fault(Slows(draft, when, draft.rng.uniform(4, 7), in_query=True))
    _told(draft, "backend", _DATA, start_ns, None)
    _told(draft, "auth", ("auth.check", "auth.login"), start_ns, None)


def slower_surge(draft: Draft) -> None:
    """Five times as many users for some hours, and all routes of the back end are slower while they are there."""
    draft.calm(7, draft.stage.end_ns - 6 * HOUR)
    draft.settle()
    start_ns = draft.hour(20, 24)
    end_ns = start_ns + draft.minutes(150, 240)
    keys = (*_DATA, "backend.search")
    draft.fault(Slows(draft, both(on(*keys), between(start_ns, end_ns)), draft.rng.uniform(2.5, 4), in_query=False))
    _told(draft, "backend", keys, start_ns, None)
    draft.stage.traffic.users(start_ns, end_ns, 10 / draft.stage.scale)


def cold_starts(draft: Draft) -> None:
    """Containers that take seconds to start, many of them since a deploy: only their first requests wait."""
    at_ns = draft.hour(11, 18)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="slow")
    draft.settle()
    met: set[str] = set()

    def is_first(call: Call) -> float:
        name = call.scene.place.instance.id
        is_new = name not in met and call.scene.place.service.role == "backend"
        met.add(name)
        return float(is_new)

    took = lambda call: draft.rng.uniform(4, 9) * SECOND / (call.route.usual_ms * MILLI)  # noqa: E731 - a condition
    draft.fault(Slows(draft, both(is_first, share(1.0)), took, in_query=False))
    del bad


def other_mix(draft: Draft) -> None:
    """A test suite whose requests always take long runs all day since a moment; nobody waits longer than before."""
    draft.calm(9, draft.stage.end_ns - 2 * HOUR)
    draft.settle()
    draft.fault(Slows(draft, both(on(*_DATA), asked_by("tests")), draft.rng.uniform(4, 6), in_query=True))
    start_ns = draft.hour(12, 18)
    draft.stage.traffic.test_runs(start_ns, draft.stage.end_ns - HOUR, round(200 * draft.stage.scale))


STORIES = {
    "slower_route": story("slower_route", _HOURS, slower_route),
    "slower_unseen": story("slower_unseen", _HOURS, slower_unseen),
    "slower_tail": story("slower_tail", _HOURS, slower_tail),
    "slower_setting": story("slower_setting", _HOURS, slower_setting),
    "slower_callee": story("slower_callee", _HOURS, slower_callee),
    "slower_database": story("slower_database", _HOURS, slower_database, is_innocent=True),
    "slower_surge": story("slower_surge", _HOURS, slower_surge, is_innocent=True),
    "cold_starts": story("cold_starts", _HOURS, cold_starts, is_innocent=True),
    "other_mix": story("other_mix", _HOURS, other_mix, is_innocent=True),
}
