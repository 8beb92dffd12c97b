"""Failures between services and views with gaps: bad replies and calls, suites, skewed clocks, missing logs."""

from logtriage.demo.clock import HOUR, MILLI, SECOND
from logtriage.demo.conditions import asked_by, both, on, share, tagged
from logtriage.demo.faults import raises
from logtriage.demo.scenarios.draft import ROLES, Draft, story
from logtriage.demo.traffic import Call, Outcome, Traffic
from logtriage.demo.troubles import TROUBLES
from logtriage.demo.truth import Mark

__all__ = ["STORIES"]

_ROUTES = ("backend.list", "backend.get", "backend.create")


class BadReply:
    """The front end gets an answer with 200 that it cannot read whenever a tagged revision gave it."""

    def __init__(self, draft: Draft, mark: Mark, tag: str, pairs: dict[str, str]) -> None:
        self._tag, self._pairs, self._mark = tag, pairs, mark
        self._manner = raises(draft.stage, draft.service("frontend"), TROUBLES["reply"], mark.id)

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """Serves the request itself, the call included; None leaves it to others."""
        below = self._pairs.get(call.route.key)
        if below is None:
            return None
        answer, outcome = traffic.call(call.scene, below, call.at_ns + 3 * MILLI)
        at_ns = call.at_ns + answer.took_ns + 5 * MILLI
        if outcome.cause is not None:
            return traffic.upstream_failed(call, answer, outcome, at_ns)
        if self._tag in answer.scene.place.deploy.spec.faults:
            return self._manner(call, self._mark)
        return Outcome(200, at_ns - call.at_ns)


class BadCall:
    """A tagged revision of the front end calls the backend in a way the backend cannot take."""

    def __init__(self, tag: str, pairs: dict[str, str]) -> None:
        self._tag, self._pairs = tag, pairs

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """Its calls carry an origin of their own, by which a fault of the backend knows them."""
        below = self._pairs.get(call.route.key)
        if below is None or self._tag not in call.scene.place.deploy.spec.faults:
            return None
        at_ns = call.at_ns + 3 * MILLI
        answer, outcome = traffic.call(call.scene, below, at_ns, kind="broken_caller")
        if outcome.cause is None:
            return Outcome(200, answer.took_ns + 6 * MILLI)
        return traffic.upstream_failed(call, answer, outcome, at_ns + answer.took_ns)


def callee_breaks_caller(draft: Draft) -> None:
    """The backend answers 200 in a new form; the front end cannot read it."""
    at_ns = draft.hour(12, 18)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="reply")
    if draft.rng.random() < 0.5:  # noqa: PLR2004 - a deploy of the failing service nearby
        draft.deploy("frontend", at_ns - draft.minutes(8, 30))
    draft.settle()
    mark = draft.root("Y1", "replies of the backend cannot be read", "frontend", kind="reply", guilty=draft.guilty(bad))
    pairs = draft.pick({"frontend.search": "backend.search"}, {"frontend.get": "backend.get"})
    draft.fault(BadReply(draft, mark, "reply", pairs))


def caller_breaks_callee(draft: Draft) -> None:
    """A new front end calls the backend wrongly; the backend fails and logs it, the front end passes it on."""
    at_ns = draft.hour(12, 18)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy("frontend", at_ns, tag="calls")
    draft.settle()
    mark = draft.root(
        "Z1", "calls of the front end break the backend", "backend", kind="defect", guilty=draft.guilty(bad)
    )
    draft.fails(mark, both(asked_by("broken_caller"), share(0.9)), "defect", "backend")
    draft.fault(BadCall("calls", {"frontend.list": "backend.list", "frontend.search": "backend.search"}))


def found_by_tests(draft: Draft) -> None:
    """A fault of the product that only the suite meets, since a revision."""
    at_ns = draft.hour(10, 16)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="defect")
    draft.settle()
    mark = draft.root(
        "T1", "requests of the suite fail", "backend", kind="defect", guilty=draft.guilty(bad), is_test_traffic=True,
        severity="P2",
    )  # fmt: skip
    routes = draft.pick(("backend.create", "backend.search"), _ROUTES)
    draft.fails(mark, both(tagged("defect"), asked_by("tests"), on(*routes), share(0.9)), "defect", "backend")


def _plain_defect(draft: Draft) -> None:
    at_ns = draft.hour(11, 17)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy("backend", at_ns, tag="defect")
    draft.deploy("auth", at_ns + draft.minutes(20, 200))
    draft.settle()
    mark = draft.root("Q1", "requests fail", "backend", kind="defect", guilty=draft.guilty(bad))
    draft.fails(mark, both(tagged("defect"), on(*_ROUTES), share(draft.pick(0.3, 0.7))), "defect", "backend")


def skewed_clocks(draft: Draft) -> None:
    """The clocks of the services are seconds apart."""
    site = draft.stage.site
    site.skews_ns = {role: round(draft.rng.uniform(-4, 4) * SECOND) for role in ROLES}
    _plain_defect(draft)


def unlogged_requests(draft: Draft) -> None:
    """The request log of the failing service is excluded from the sink."""
    draft.stage.site.unlogged = {"backend"}
    _plain_defect(draft)


def spans_only(draft: Draft) -> None:
    """No service has a request log; spans are all that counts requests."""
    draft.stage.site.unlogged = set(ROLES)
    _plain_defect(draft)


STORIES = {
    name: story(name, 28, tell)
    for name, tell in (
        ("callee_breaks_caller", callee_breaks_caller),
        ("caller_breaks_callee", caller_breaks_callee),
        ("found_by_tests", found_by_tests),
        ("skewed_clocks", skewed_clocks),
        ("unlogged_requests", unlogged_requests),
        ("spans_only", spans_only),
    )
}
