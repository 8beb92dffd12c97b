"""Courses in time: failures that grow, return after days, are few, or hide in quiet nights."""

from logtriage.demo.clock import HOUR, MINUTE
from logtriage.demo.conditions import at_instants, both, growing, on, share, tagged
from logtriage.demo.faults import MemoryKills
from logtriage.demo.scenarios.draft import Draft, story

__all__ = ["STORIES"]

_ROUTES = ("backend.list", "backend.get", "backend.create")


def leak(draft: Draft) -> None:
    """An image that loses memory: kills come hours apart at first, minutes apart at last."""
    at_ns = draft.hour(8, 13)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="leak")
    for role in ("auth", "frontend"):
        draft.deploy(role, at_ns + draft.minutes(60, 400))
    draft.settle()
    killed = draft.root(
        "M1", "containers are killed for their memory", "backend", kind="memory", guilty=draft.guilty(bad)
    )
    lost = draft.symptom("M2", "requests of killed containers get 503", killed, kind="req_503")
    draft.fault(MemoryKills(draft.stage, bad, (killed, lost), (2.2, 0.2)))


def grows(draft: Draft) -> None:
    """The share of failing requests grows over hours, from nothing, since a revision."""
    at_ns = draft.hour(10, 15)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="grows")
    draft.settle()
    mark = draft.root("G1", "more and more requests fail", "backend", kind="defect", guilty=draft.guilty(bad))
    course = growing(bad, draft.pick(4, 8, 12), 0.6, 0.01)
    draft.fails(mark, both(tagged("grows"), on(*_ROUTES), course), "defect", "backend")


def multiplied(draft: Draft) -> None:
    """A failure that was always there comes many times as often since a revision."""
    at_ns = draft.hour(14, 19)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="worse")
    draft.settle()
    mark = draft.root("G1", "an old failure has multiplied", "backend", kind="defect", guilty=draft.guilty(bad))
    before, after = draft.pick((0.01, 0.25), (0.02, 0.3), (0.03, 0.5))
    usual = lambda call: after if "worse" in call.scene.place.deploy.spec.faults else before  # noqa: E731 - a condition
    draft.fails(mark, both(on(*_ROUTES), usual), "defect", "backend")
    draft.begins(mark, bad.traffic_ns or at_ns, states=("regressed",))


def returns(draft: Draft) -> None:
    """A defect is mended within hours, and comes back with a deploy days later."""
    first_ns = draft.hour(10, 20)
    draft.calm(4, first_ns - HOUR)
    draft.deploy("backend", first_ns, tag="defect")
    mended_ns = first_ns + draft.minutes(90, 300)
    draft.deploy("backend", mended_ns, mend=frozenset({"defect"}))
    for hours in (9, 22, 37):
        draft.deploy(draft.pick("backend", "auth", "frontend"), mended_ns + round(hours * HOUR))
    again_ns = draft.hour(78, 88)
    again = draft.deploy("backend", again_ns, tag="defect")
    draft.settle()
    mark = draft.root("C1", "an old defect is back", "backend", kind="defect", guilty=draft.guilty(again))
    draft.fails(mark, both(tagged("defect"), on(*_ROUTES), share(0.6)), "defect", "backend")
    draft.begins(mark, again.traffic_ns or again_ns, states=("regressed",))


def few_failures(draft: Draft) -> None:
    """Four to eight failures in all, hours after a revision brought the defect: somebody uses what is rarely used."""
    at_ns = draft.hour(9, 14)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="defect")
    draft.settle()
    mark = draft.root("F1", "a rare request fails", "backend", kind="defect", guilty=draft.guilty(bad), severity="P2")
    rng, stage = draft.rng, draft.stage
    route = draft.pick("backend.create", "backend.search")
    instants = {_drawn(rng.random(), bad.traffic_ns or at_ns, stage.end_ns) for _ in range(rng.randrange(4, 9))}
    before = {_drawn(rng.random(), stage.start_ns, at_ns) for _ in range(rng.randrange(4, 9))}
    draft.fails(mark, both(at_instants(instants), tagged("defect")), "defect", "backend")
    for at in sorted(instants | before):
        stage.traffic.request(route, at, stage.traffic.origin("users"))


def _drawn(part: float, start_ns: int, end_ns: int) -> int:
    first_ns = start_ns + 3 * MINUTE
    return first_ns + round(part * (end_ns - 5 * MINUTE - first_ns))


def quiet_night(draft: Draft) -> None:
    """A deploy late in the evening; hardly anybody is there to meet the defect before morning."""
    draft.stage.traffic.night_pace = 0.03
    start_h = draft.stage.start_ns // HOUR % 24
    at_ns = draft.stage.start_ns + ((20 - start_h) % 24 + 24) * HOUR + draft.minutes(0, 150)
    draft.calm(8, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="defect")
    draft.deploy("frontend", at_ns + draft.minutes(180, 420))
    draft.settle()
    mark = draft.root("N1", "requests fail", "backend", kind="defect", guilty=draft.guilty(bad))
    draft.fails(mark, both(tagged("defect"), on(*_ROUTES), share(0.8)), "defect", "backend")


STORIES = {
    "leak": story("leak", 36, leak),
    "grows": story("grows", 30, grows),
    "multiplied": story("multiplied", 32, multiplied),
    "returns": story("returns", 96, returns),
    "few_failures": story("few_failures", 30, few_failures),
    "quiet_night": story("quiet_night", 60, quiet_night),
}
