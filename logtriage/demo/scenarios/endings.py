"""Stories of what becomes of a failure: mended and back, rolled back, unproven, mended in one place, in bursts."""

import random

from logtriage.demo.clock import HOUR, MINUTE, iso
from logtriage.demo.conditions import When, both, inside, on, share, tagged
from logtriage.demo.deploys import Deploy
from logtriage.demo.faults import variants
from logtriage.demo.scenarios.draft import Draft, story
from logtriage.demo.specs import IMAGE
from logtriage.demo.troubles import TROUBLES
from logtriage.demo.truth import Spell

__all__ = ["STORIES", "bursts", "give_back", "lacking"]

_ROUTES = ("backend.list", "backend.get", "backend.create")
_DEFECT = frozenset({"defect"})


def lacking(tag: str) -> When:
    """Requests that reach a revision whose image lacks what others have by now."""
    return lambda call: float(tag not in call.scene.place.deploy.spec.faults)


def bursts(
    rng: random.Random, span_ns: tuple[int, int], pause_h: tuple[float, float], minutes: tuple[float, float]
) -> list[tuple[int, int]]:
    """Stretches of time with pauses between their starts, both drawn, by time."""
    found = []
    at_ns = span_ns[0] + round(rng.uniform(0.1, 0.5) * pause_h[0] * HOUR)
    while at_ns < span_ns[1]:
        found.append((at_ns, at_ns + round(rng.uniform(*minutes) * MINUTE)))
        at_ns += round(rng.uniform(*pause_h) * HOUR)
    return found


def give_back(draft: Draft, at_ns: int, bad: Deploy, good: Deploy, drain_ns: int) -> Spell:
    """Traffic goes back from a bad revision; one of its containers still gets some requests until it is drained."""
    timeline = draft.stage.timeline
    draft.stage.planner.shift(at_ns, good)
    timeline.add_split(bad.service, at_ns, ((good, 0.88), (bad, 0.12)))
    timeline.add_split(bad.service, at_ns + drain_ns, ((good, 1.0),))
    bad.left_ns = at_ns + drain_ns  # its containers live until then
    return Spell(bad.traffic_ns or bad.created_ns, at_ns, bad.revision, good.revision, "rollback")


def fixed_then_back(draft: Draft) -> None:
    """A defect is mended by a later deploy; hours later, after other deploys, one brings it back."""
    at_ns = draft.hour(8, 11)
    draft.calm(6, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="defect")
    mended_ns = at_ns + draft.minutes(150, 280)
    mended = draft.deploy("backend", mended_ns, mend=_DEFECT)
    for hours in (1.5, 4, 6):
        draft.deploy(draft.pick("backend", "auth", "frontend"), mended_ns + round(hours * HOUR))
    again_ns = mended_ns + draft.minutes(520, 700)
    again = draft.deploy("backend", again_ns, tag="defect")
    draft.settle()
    mark = draft.root("E1", "a mended defect is back", "backend", kind="defect", guilty=draft.guilty(again))
    draft.fails(mark, both(tagged("defect"), on(*_ROUTES), share(draft.pick(0.5, 0.8))), "defect", "backend")
    draft.begins(mark, again.traffic_ns or again_ns, states=("regressed",))
    draft.course(mark, draft.broken(bad, mended), draft.broken(again))


def rolled_back_drains(draft: Draft) -> None:
    """A bad revision, traffic back to the one before; a container of the bad one serves a little longer."""
    at_ns = draft.hour(9, 13)
    draft.calm(6, at_ns - HOUR)
    good = [deploy for deploy in draft.stage.timeline.of(draft.service("backend")) if deploy.traffic_ns][-1]
    bad = draft.deploy("backend", at_ns, tag="defect")
    back_ns = at_ns + draft.minutes(110, 200)
    drain_ns = draft.minutes(45, 110)
    spell = give_back(draft, back_ns, bad, good, drain_ns)
    for minutes in (90, 260):
        draft.deploy(draft.pick("auth", "frontend"), back_ns + draft.minutes(minutes, minutes + 60))
    draft.settle()
    mark = draft.root("E1", "requests fail", "backend", kind="defect", guilty=draft.guilty(bad))
    draft.fails(mark, both(tagged("defect"), on(*_ROUTES), share(0.85)), "defect", "backend")
    draft.begins(mark, bad.traffic_ns or at_ns, states=("resolved",))
    draft.course(mark, spell, drained_ns=back_ns + drain_ns, drained_revision=bad.revision)


def fixed_without_traffic(draft: Draft) -> None:
    """What fails is mended, and hardly anybody makes the failing call afterwards: nothing proves it."""
    at_ns = draft.hour(8, 12)
    draft.calm(6, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="defect")
    mended_ns = at_ns + draft.minutes(180, 360)
    mended = draft.deploy("backend", mended_ns, mend=_DEFECT)
    draft.deploy(draft.pick("auth", "frontend"), mended_ns + draft.minutes(60, 240))
    draft.settle()
    mark = draft.root("E1", "runs fail", "backend", kind="defect", guilty=draft.guilty(bad))
    draft.fails(mark, both(tagged("defect"), on("backend.run"), share(draft.pick(0.5, 0.7))), "defect", "backend")
    full_ns, stage = bad.left_ns or mended_ns, draft.stage
    after = draft.pick(0, 1, 2)
    spans = [(stage.start_ns, full_ns)] * ((full_ns - stage.start_ns) // (5 * MINUTE))
    spans += [(full_ns + 5 * MINUTE, stage.end_ns - 30 * MINUTE)] * after
    calls = [round(draft.rng.uniform(*span)) for span in spans]
    for call_ns in sorted(calls):
        stage.traffic.request("backend.run", call_ns, stage.traffic.origin("client"))
    draft.begins(mark, bad.traffic_ns or at_ns, states=("ongoing", "resolved"))
    draft.course(mark, draft.broken(bad, mended), attempts_after=after)


def fixed_in_one_of_two(draft: Draft) -> None:
    """A provider that two services call fails for good; one of the two is deployed with another way to go."""
    at_ns = draft.hour(9, 12)
    draft.calm(6, at_ns - HOUR)
    fixed_ns = at_ns + draft.minutes(200, 330)
    fixed = draft.deploy("backend", fixed_ns, IMAGE, ("env_added", "PROVIDER_FALLBACK"), tag="other_way")
    draft.deploy("frontend", fixed_ns + draft.minutes(60, 240))
    draft.settle()
    event = {"type": "dependency_outage", "start": iso(at_ns), "end": iso(draft.stage.end_ns)}
    draft.stage.site.truth.external_events.append(event)
    host = f"10.{draft.rng.randrange(10, 99)}.{draft.rng.randrange(256)}.{draft.rng.randrange(2, 250)}:443"
    ends = {"backend": (draft.broken(fixed, fixed).until_ns, fixed.revision), "auth": (None, "")}
    lasts = inside([(at_ns, draft.stage.end_ns)])
    for role, route in (("backend", "backend.search"), ("auth", "auth.login")):
        name = draft.service(role).name
        mark = draft.root(
            f"E-{role}", f"{name}: a provider does not answer", role, kind="provider", cause_type="dependency_outage"
        )
        draft.fails(mark, both(lasts, on(route), lacking("other_way"), share(0.85)), "provider", role, host=host)
        until_ns, by = ends[role]
        draft.course(mark, Spell(at_ns, until_ns, "", by, "deploy" if by else ""))
        draft.begins(mark, at_ns, states=("ongoing",) if until_ns is None else ("resolved",))
    draft.stage.site.truth.merge_ok.append(["E-backend", "E-auth"])
    draft.stage.traffic.scheduled(
        "auth.login", draft.stage.start_ns, draft.stage.end_ns, 150 / max(draft.stage.scale, 0.3)
    )


def muted_variant(draft: Draft) -> None:
    """A failure that people know and put away; a day later another one in the same place of the code."""
    at_ns = draft.hour(4, 7)
    draft.calm(4, at_ns - HOUR)
    old = draft.deploy("backend", at_ns, tag="old")
    for hours in (5, 11, 16):
        draft.deploy(draft.pick("backend", "auth", "frontend"), at_ns + round(hours * HOUR))
    other_ns = at_ns + draft.minutes(1200, 1500)
    other = draft.deploy("backend", other_ns, tag="other")
    draft.settle()
    first, second = variants(draft.stage, draft.service("backend"), TROUBLES["defect"], "E1")
    known = draft.root("E1", "a failure that people know", "backend", kind="defect", guilty=draft.guilty(old))
    fresh = draft.root("E2", "another one in the same place", "backend", kind="defect", guilty=draft.guilty(other))
    draft.answered(known, both(tagged("old"), on("backend.search"), share(0.35)), first)
    draft.answered(fresh, both(tagged("other"), on("backend.search"), share(0.7)), second)
    draft.stage.site.truth.merge_ok.append(["E1", "E2"])
    draft.course(known, draft.broken(old), muted_ns=at_ns + draft.minutes(300, 420))
    draft.course(fresh, draft.broken(other))


def bursty(draft: Draft) -> None:
    """A job that fails for minutes every six hours, and bursts hours apart; a deploy mends the bursts, none the job."""
    stage = draft.stage
    timer_ns, burst_ns = draft.hour(7, 9), draft.hour(9, 12)
    draft.calm(4, timer_ns - HOUR)
    timed = draft.deploy("auth", timer_ns, tag="timer")
    bad = draft.deploy("backend", burst_ns, tag="bursts")
    others = [draft.hour(hour, hour + 6) for hour in (16, 26, 36, 44)]
    for at_ns in others:
        draft.deploy(draft.pick("backend", "auth", "frontend"), at_ns)
    mended_ns = draft.hour(54, 60)
    mended = draft.deploy("backend", mended_ns, mend=frozenset({"bursts"}))
    draft.deploy("auth", draft.hour(66, 72))
    draft.settle()
    timer = draft.root(
        "E1", "a job fails for minutes every six hours", "auth", kind="timer", guilty=draft.guilty(timed), severity="P2"
    )
    every = [(at, at + draft.minutes(14, 22)) for at in range(timed.traffic_ns or timer_ns, stage.end_ns, 6 * HOUR)]
    draft.fails(timer, both(tagged("timer"), on("auth.login"), inside(every), share(0.9)), "defect", "auth")
    burst = draft.root(
        "E2", "requests fail in bursts", "backend", kind="bursts", guilty=draft.guilty(bad), severity="P2"
    )
    times = bursts(draft.rng, (bad.traffic_ns or burst_ns, stage.end_ns), (2.5, 7), (12, 40))
    draft.fails(burst, both(tagged("bursts"), on(*_ROUTES), inside(times), share(0.8)), "defect", "backend")
    draft.course(timer, draft.broken(timed), manner="timer")
    draft.course(burst, draft.broken(bad, mended), manner="bursts")
    draft.begins(timer, timed.traffic_ns or timer_ns, states=("ongoing",))
    stage.traffic.scheduled("auth.login", stage.start_ns, stage.end_ns, 200 / max(stage.scale, 0.3))


STORIES = {
    "fixed_then_back": story("fixed_then_back", 32, fixed_then_back),
    "rolled_back_drains": story("rolled_back_drains", 28, rolled_back_drains),
    "fixed_without_traffic": story("fixed_without_traffic", 30, fixed_without_traffic),
    "fixed_in_one_of_two": story("fixed_in_one_of_two", 28, fixed_in_one_of_two, is_innocent=True),
    "muted_variant": story("muted_variant", 40, muted_variant),
    "bursty": story("bursty", 96, bursty, pace=0.4),
}
