"""A week of a staging system: many deploys, quiet nights, six failures with ends of all kinds."""

from collections.abc import Mapping
from typing import Any

from logtriage.demo.clock import HOUR, MINUTE, iso
from logtriage.demo.conditions import both, inside, on, share, tagged
from logtriage.demo.deploys import Deploy
from logtriage.demo.scenarios.draft import Draft, story
from logtriage.demo.scenarios.endings import bursts, give_back
from logtriage.demo.scenarios.stage import drawn_changes
from logtriage.demo.truth import Spell

__all__ = ["STORIES"]

_HOURS = 168
_DATA = ("backend.list", "backend.get", "backend.create")
_APART_NS = 40 * MINUTE  # between deploys of one service
Planned = dict[str, tuple[int, str, Mapping[str, Any]]]  # by name: when, role, kind of the deploy


def week(draft: Draft) -> None:
    """Six failures in seven days: one comes back, one is rolled back, bursts, a timer, an outage, one at the end."""
    draft.stage.traffic.night_pace = 0.25
    planned = _planned(draft)
    back_ns = planned["data"][0] + draft.minutes(120, 200)
    planned["data_mended"] = (back_ns + draft.minutes(180, 260), "backend", _mends("data"))
    made, spell = _deployed(draft, planned, back_ns)
    outage_ns = draft.hour(96, 100)
    outage = (outage_ns, outage_ns + draft.minutes(70, 140))
    draft.settle()
    _search(draft, made)
    _data(draft, made, spell)
    _logins(draft, made["logins"])
    _jobs(draft, made)
    _provider(draft, outage)
    _home(draft, made["home"])
    scale, span = max(draft.stage.scale, 0.2), (draft.stage.start_ns, draft.stage.end_ns)
    draft.stage.traffic.scheduled("auth.login", *span, 120 / scale)
    draft.stage.traffic.scheduled("worker.run", *span, 120 / scale)


def _mends(tag: str) -> Mapping[str, Any]:
    return {"mend": frozenset({tag})}


def _planned(draft: Draft) -> Planned:
    """The deploys that matter, drawn; all others are drawn around them."""
    search_ns, home_ns, data_ns = draft.hour(20, 24), draft.hour(132, 138), draft.hour(44, 48)
    again_ns = draft.hour(70, 76)
    return {
        "logins": (draft.hour(13, 16), "auth", {"tag": "logins"}),
        "search": (search_ns, "backend", {"tag": "search"}),
        "search_mended": (search_ns + draft.minutes(200, 400), "backend", _mends("search")),
        "jobs": (draft.hour(28, 32), "worker", {"tag": "jobs"}),
        "data": (data_ns, "backend", {"tag": "data"}),
        "search_again": (again_ns, "backend", {"tag": "search"}),
        "search_over": (again_ns + draft.minutes(150, 350), "backend", _mends("search")),
        "jobs_mended": (draft.hour(116, 124), "worker", _mends("jobs")),
        "home": (home_ns, "frontend", {"tag": "home"}),
    }


def _deployed(draft: Draft, planned: Planned, back_ns: int) -> tuple[dict[str, Deploy], Spell]:
    """All deploys of the week in order of time, the traffic given back among them."""
    rng, stage = draft.rng, draft.stage
    made: dict[str, Deploy] = {}
    spells: list[Spell] = []
    for at_ns, role, name in sorted(_agenda(draft, planned, back_ns)):
        if name == "back":
            served = [one for one in stage.timeline.of(draft.service(role)) if one.traffic_ns]
            spells.append(give_back(draft, at_ns, made["data"], served[-2], draft.minutes(30, 80)))
        elif name in planned:
            made[name] = draft.deploy(role, at_ns, **planned[name][2])
        else:
            newest = stage.timeline.of(draft.service(role))[-1]
            draft.deploy(role, at_ns, *drawn_changes(rng, newest.spec.env))
    return made, spells[0]


def _agenda(draft: Draft, planned: Planned, back_ns: int) -> list[tuple[int, str, str]]:
    """When, whose, and which deploy: those that matter, and innocent ones every few hours beside them."""
    fixed = [(at_ns, role, name) for name, (at_ns, role, _) in planned.items()] + [(back_ns, "backend", "back")]
    held = (planned["data"][0] - _APART_NS, planned["data_mended"][0])  # what is newest then was never meant to serve
    found = list(fixed)
    at_ns = draft.hour(1, 3)
    while at_ns < draft.stage.end_ns - HOUR:
        role = draft.pick("backend", "backend", "auth", "frontend", "frontend", "worker")
        is_near = any(abs(at_ns - other) < _APART_NS for other, whose, _ in found if whose == role)
        if not is_near and not (role == "backend" and held[0] <= at_ns <= held[1]):
            found.append((at_ns, role, ""))
        at_ns += draft.minutes(130, 330)
    return found


def _search(draft: Draft, made: Mapping[str, Deploy]) -> None:
    guilty = draft.guilty(made["search"])
    mark = draft.root("W-search", "searches fail, are mended, fail again", "backend", kind="defect", guilty=guilty)
    draft.fails(mark, both(tagged("search"), on("backend.search"), share(0.85)), "defect", "backend")
    spells = [("search", "search_mended"), ("search_again", "search_over")]
    draft.course(mark, *(draft.broken(made[bad], made[mended]) for bad, mended in spells))


def _data(draft: Draft, made: Mapping[str, Deploy], spell: Spell) -> None:
    mark = draft.root("W-data", "requests fail", "backend", kind="defect", guilty=draft.guilty(made["data"]))
    draft.fails(mark, both(tagged("data"), on(*_DATA), share(0.7)), "bad_value_quietly", "backend")
    draft.course(mark, spell, drained_ns=made["data"].left_ns, drained_revision=made["data"].revision)


def _logins(draft: Draft, bad: Deploy) -> None:
    guilty = draft.guilty(bad)
    mark = draft.root("W-logins", "logins fail in bursts", "auth", kind="bursts", guilty=guilty, severity="P2")
    times = bursts(draft.rng, (bad.traffic_ns or bad.created_ns, draft.stage.end_ns), (4, 10), (15, 45))
    draft.fails(mark, both(tagged("logins"), on("auth.login"), inside(times), share(0.85)), "defect", "auth")
    draft.begins(mark, bad.traffic_ns or bad.created_ns, states=("ongoing",))
    draft.course(mark, draft.broken(bad), manner="bursts")


def _jobs(draft: Draft, made: Mapping[str, Deploy]) -> None:
    bad = made["jobs"]
    guilty = draft.guilty(bad)
    mark = draft.root("W-jobs", "jobs fail every six hours", "worker", kind="timer", guilty=guilty, severity="P2")
    begin_ns = (bad.traffic_ns or bad.created_ns) + draft.minutes(5, 60)
    every = [(at, at + draft.minutes(25, 40)) for at in range(begin_ns, draft.stage.end_ns, 6 * HOUR)]
    draft.fails(mark, both(tagged("jobs"), on("worker.run"), inside(every), share(0.9)), "defect", "worker")
    draft.course(mark, draft.broken(bad, made["jobs_mended"]), manner="timer")


def _provider(draft: Draft, span_ns: tuple[int, int]) -> None:
    event = {"type": "dependency_outage", "start": iso(span_ns[0]), "end": iso(span_ns[1])}
    draft.stage.site.truth.external_events.append(event)
    mark = draft.root(
        "W-provider", "a provider does not answer", "backend", kind="provider", cause_type="dependency_outage"
    )
    draft.fails(mark, both(inside([span_ns]), on(*_DATA), share(0.8)), "provider", "backend")
    draft.course(mark, Spell(*span_ns, "", "", "by itself"))


def _home(draft: Draft, bad: Deploy) -> None:
    guilty = draft.guilty(bad)
    mark = draft.root("W-home", "the first page fails", "frontend", kind="defect", guilty=guilty, severity="P0")
    draft.fails(mark, both(tagged("home"), on("frontend.home"), share(0.8)), "defect", "frontend")
    draft.course(mark, draft.broken(bad))


STORIES = {"week": story("week", _HOURS, week, others=("worker",), pace=0.45)}
