"""Roll-outs: busy hours, held revisions, canaries, roll-backs, pinned traffic, doubled deploys, a new service."""

from logtriage.demo.clock import HOUR, MINUTE, SECOND
from logtriage.demo.conditions import between, both, on, share, tagged
from logtriage.demo.deploys import Deploy
from logtriage.demo.platform import revision_deleted
from logtriage.demo.scenarios.bursts import burst
from logtriage.demo.scenarios.draft import Draft, story
from logtriage.demo.specs import IMAGE, Change

__all__ = ["STORIES"]

_ROUTES = ("backend.list", "backend.get", "backend.search")
_BURST_H = 7


def _busy(draft: Draft, bad_at: int, **kind: object) -> dict[int, Deploy]:
    from_ns = draft.hour(14, 18)
    draft.calm(5, from_ns - HOUR)
    planned = {bad_at: {"fault": frozenset({"defect"}), "changes": (IMAGE,), **kind}}
    if kind:
        planned[bad_at + 1] = {"changes": (IMAGE,)}
    return burst(draft.stage, draft.service("backend"), (from_ns, from_ns + _BURST_H * HOUR), 28, planned)


def busy_hours(draft: Draft) -> None:
    """Twenty-eight deploys in seven hours, one of them bad, and nobody mends it."""
    bad_at = draft.rng.randrange(6, 22)
    bad = _busy(draft, bad_at)[bad_at]
    draft.settle()
    routes = draft.pick(_ROUTES, _ROUTES[:2], _ROUTES[2:])
    mark = draft.root("B1", "requests fail", "backend", kind="defect", guilty=draft.guilty(bad))
    part = draft.pick(0.3, 0.7) if len(routes) > 1 else 0.8  # else its own half hour may pass without a failure
    draft.fails(mark, both(tagged("defect"), on(*routes), share(part)), "defect", "backend")


def held_change(draft: Draft) -> None:
    """A variable is lost in a revision that gets no traffic; the next one, a mere image, serves without it."""
    world = draft.stage.world
    bad_at = draft.rng.randrange(6, 20)
    change: Change = ("env_removed", world.secret_key)
    made = _busy(draft, bad_at, changes=(change, IMAGE), traffic=False)
    draft.settle()
    first, second = made[bad_at + 1], made[bad_at]
    guilty = draft.guilty(first, change, second)
    mark = draft.root("H1", f"{world.secret_key} is gone", "backend", kind="setting", guilty=guilty)
    trouble = draft.pick("missing_key", "missing_quietly")
    draft.fails(mark, both(tagged("defect"), on(*_ROUTES[:2]), share(0.8)), trouble, "backend", key=world.secret_key)


def innocent_canary(draft: Draft) -> None:
    """A canary starts, and minutes later a provider fails for both revisions alike."""
    at_ns = draft.hour(9, 15)
    draft.calm(6, at_ns - HOUR)
    canary = draft.deploy("backend", at_ns, share=draft.pick(0.1, 0.2, 0.5))
    draft.settle()
    from_ns = (canary.traffic_ns or at_ns) + draft.minutes(0.5, 9)
    until_ns = draft.pick(from_ns + draft.minutes(60, 200), draft.stage.end_ns)
    mark = draft.root("O1", "a provider does not answer", "backend", kind="provider", cause_type="dependency_outage")
    draft.fails(mark, both(between(from_ns, until_ns), on("backend.search"), share(0.7)), "provider", "backend")


def rolled_back(draft: Draft) -> None:
    """A bad revision, traffic back to the one before; later it is deployed again, mended or not."""
    at_ns = draft.hour(10, 14)
    draft.calm(6, at_ns - HOUR)
    good = [deploy for deploy in draft.stage.timeline.of(draft.service("backend")) if deploy.traffic_ns][-1]
    bad = draft.deploy("backend", at_ns, tag="defect")
    back_ns = at_ns + draft.minutes(35, 120)
    draft.stage.planner.shift(back_ns, good)
    again_ns = back_ns + draft.minutes(120, 300)
    is_mended = draft.rng.random() < 0.5  # noqa: PLR2004 - one or the other
    mend = frozenset({"defect"}) if is_mended else frozenset()
    second = draft.deploy("backend", again_ns, traffic=False, mend=mend)
    draft.stage.planner.shift((second.ready_ns or again_ns) + 25 * SECOND, second)
    draft.settle()
    guilty = draft.guilty(bad) if is_mended else draft.guilty(bad, IMAGE, second)
    mark = draft.root("R1", "requests fail", "backend", kind="defect", guilty=guilty)
    draft.fails(mark, both(tagged("defect"), on(*_ROUTES), share(0.6)), "defect", "backend")
    if not is_mended:
        begins = (second.traffic_ns or again_ns, bad.traffic_ns or at_ns)
        draft.begins(mark, *begins, states=("regressed",))


def pinned_back(draft: Draft) -> None:
    """Traffic is pinned to an old revision that does not fit what the others have become since."""
    at_ns = draft.hour(16, 20)
    draft.calm(5, at_ns - 8 * HOUR)
    backend = draft.service("backend")
    old = [deploy for deploy in draft.stage.timeline.of(backend) if deploy.traffic_ns][-1]
    for hours in (7, 5, 2.5):
        draft.deploy("backend", at_ns - round(hours * HOUR))
    draft.deploy("auth", at_ns - 4 * HOUR)
    shift = draft.stage.planner.shift(at_ns, old)
    draft.settle()
    guilty = {
        **draft.guilty(old, ("traffic", "traffic")), "also_changed": [], "previous_revision": shift.before,
    }  # fmt: skip
    mark = draft.root("K1", "an old revision serves again", "backend", kind="traffic", guilty=guilty)
    is_old = lambda call: float(call.scene.place.deploy is old and call.at_ns >= at_ns)  # noqa: E731 - a condition
    draft.fails(mark, both(is_old, on(*_ROUTES), share(0.7)), draft.pick("reply", "defect"), "backend")


def doubled_deploy(draft: Draft) -> None:
    """A deploy fails, is tried again, and the pipeline fires twice within three seconds; what arrives is bad."""
    at_ns = draft.hour(11, 17)
    draft.calm(7, at_ns - HOUR)
    draft.deploy("backend", at_ns - 9 * MINUTE, outcome=draft.pick("failed", "rejected"))
    one = draft.deploy("backend", at_ns, tag="defect")
    two = draft.stage.planner.deploy(one.service, at_ns + 3 * SECOND, ())
    draft.settle()
    mark = draft.root("B1", "requests fail", "backend", kind="defect", guilty=draft.guilty(one, IMAGE, two))
    draft.fails(mark, both(tagged("defect"), on(*_ROUTES[1:]), share(0.5)), "defect", "backend")


def first_seen_today(draft: Draft) -> None:
    """A service is created inside the window; its second revision is bad."""
    at_ns = draft.hour(5, 9)
    draft.calm(6, draft.stage.end_ns - HOUR)
    draft.create("worker", at_ns)
    bad_ns = at_ns + draft.minutes(240, 600)
    bad = draft.deploy("worker", bad_ns, tag="defect")
    draft.settle()
    mark = draft.root("W1", "runs fail", "worker", kind="defect", guilty=draft.guilty(bad))
    draft.fails(mark, both(tagged("defect"), on("worker.run"), share(0.6)), "defect", "worker")
    stage = draft.stage
    start_ns = stage.site.opens_ns["worker"] + MINUTE
    stage.traffic.scheduled("worker.run", start_ns, stage.end_ns, 180 / max(stage.scale, 0.3))


def deleted_since(draft: Draft) -> None:
    """A bad revision is mended by the next one, and deleted with others by somebody who tidies up."""
    at_ns = draft.hour(8, 12)
    draft.calm(6, at_ns - HOUR)
    old = [deploy for deploy in draft.stage.timeline.of(draft.service("backend")) if deploy.traffic_ns][-1]
    bad = draft.deploy("backend", at_ns, tag="defect")
    mended_ns = at_ns + draft.minutes(90, 300)
    draft.deploy("backend", mended_ns, mend=frozenset({"defect"}))
    draft.settle()
    for deploy in (old, bad):
        revision_deleted(draft.stage.site, mended_ns + draft.minutes(30, 240), deploy)
    mark = draft.root("B1", "requests fail", "backend", kind="defect", guilty=draft.guilty(bad))
    draft.fails(mark, both(tagged("defect"), on(*_ROUTES), share(draft.pick(0.3, 0.8))), "defect", "backend")


def overlapping_rollouts(draft: Draft) -> None:
    """Two slow roll-outs of one service overlap for hours, beside one of another service; one of the two is bad."""
    at_ns = draft.hour(10, 16)
    draft.calm(6, at_ns - HOUR)
    is_first = draft.rng.random() < 0.5  # noqa: PLR2004 - the one or the other
    slowly = {"overlap_ns": draft.minutes(120, 240)}
    first = draft.deploy("backend", at_ns, tag="defect" if is_first else None, **slowly)
    draft.deploy("auth", at_ns + draft.minutes(1, 9), **slowly)
    second = draft.deploy("backend", at_ns + draft.minutes(25, 70), tag=None if is_first else "defect", **slowly)
    draft.settle()
    guilty = draft.guilty(first if is_first else second)
    mark = draft.root("B1", "requests fail", "backend", kind="defect", guilty=guilty)
    draft.fails(mark, both(tagged("defect"), on(*_ROUTES), share(draft.pick(0.3, 0.7))), "defect", "backend")


STORIES = {
    "busy_hours": story("busy_hours", 30, busy_hours),
    "held_change": story("held_change", 30, held_change),
    "innocent_canary": story("innocent_canary", 26, innocent_canary, is_innocent=True),
    "rolled_back": story("rolled_back", 26, rolled_back),
    "pinned_back": story("pinned_back", 30, pinned_back),
    "doubled_deploy": story("doubled_deploy", 26, doubled_deploy),
    "deleted_since": story("deleted_since", 26, deleted_since),
    "overlapping_rollouts": story("overlapping_rollouts", 28, overlapping_rollouts),
    "first_seen_today": story("first_seen_today", 26, first_seen_today, later=("worker",)),
}
