"""Failures by who tells of them: spans alone, span and log, a socket's closing; and errors that are asked for."""

from collector.replacing import replace
from logtriage.demo.clock import HOUR, MILLI, SECOND
from logtriage.demo.conditions import both, on, share, tagged
from logtriage.demo.deploys import Deploy
from logtriage.demo.faults import Manner
from logtriage.demo.scenarios.draft import Draft, story
from logtriage.demo.stacks import draw_failure
from logtriage.demo.styles import Line
from logtriage.demo.traffic import Call, Outcome, Traffic
from logtriage.demo.troubles import TROUBLES
from logtriage.demo.truth import Mark

__all__ = ["STORIES"]

_HOURS = 28
_ROUTES = ("backend.list", "backend.search")
_SWITCHING = 101
_WAITS_S = (10, 15, 20, 30)


def _broken(draft: Draft, role: str = "backend") -> Deploy:
    """Innocent deploys, then an image of a service that breaks something."""
    at_ns = draft.hour(11, 16)
    draft.calm(7, at_ns - HOUR)
    bad = draft.deploy(role, at_ns, tag="broken")
    draft.settle()
    return bad


def failing_in_spans(draft: Draft) -> None:
    """A service whose logs nobody collects fails in its spans; the one that calls it says that the call failed."""
    bad = _broken(draft)
    draft.stage.traffic.sampled_share = 1.0
    draft.stage.site.unlogged.add("backend")
    mark = draft.root("S1", "fails in spans", "backend", guilty=draft.guilty(bad), required=False)
    draft.root("S1>frontend", "calls fail", "frontend", kind="upstream_5xx", guilty=draft.guilty(bad))
    text = draft.pick("relation is missing a column", "value out of range", "no such field in reply")

    def manner(call: Call, own: Mark) -> Outcome:
        times_ns = (call.at_ns + MILLI, call.at_ns + 20 * MILLI)
        draft.stage.site.query_span(call.scene, call.route.table or "items", times_ns, text)
        return Outcome(500, 25 * MILLI, own, request_mark=own, is_logged=False)

    draft.answered(mark, both(tagged("broken"), on(*_ROUTES), share(0.8)), manner)


def span_and_log(draft: Draft) -> None:
    """The same exception stands in the log and in a span of its trace: one failure."""
    bad = _broken(draft)
    draft.stage.traffic.sampled_share = 0.7
    mark = draft.root("B1", "fails in log and span", "backend", guilty=draft.guilty(bad))
    draft.answered(mark, both(tagged("broken"), on(*_ROUTES), share(0.8)), _told_twice(draft, 500))


def socket_closed(draft: Draft) -> None:
    """Sockets that were accepted are closed with 1011: the request says 101, a line and a span say why."""
    bad = _broken(draft)
    draft.stage.traffic.sampled_share = 0.7
    mark = draft.root("W1", "sockets close with 1011", "backend", guilty=draft.guilty(bad))
    draft.answered(mark, both(tagged("broken"), on("backend.search"), share(0.8)), _told_twice(draft, _SWITCHING))


def client_hang(draft: Draft) -> None:
    """A page hangs since an image of the front end, although what it calls answers at once."""
    bad = _broken(draft, "frontend")
    draft.stage.traffic.sampled_share = 0.8
    mark = draft.root("C1", "calls hang in the caller", "frontend", kind="hung", guilty=draft.guilty(bad))
    draft.fault(_Lingers(draft, mark, draft.pick(*_WAITS_S)))


def scan_wave(draft: Draft) -> None:
    """Scanners come by the hundred in the hour after an innocent deploy."""
    at_ns = draft.hour(12, 20)
    draft.calm(7, at_ns - HOUR)
    draft.deploy("backend", at_ns)
    draft.settle()
    draft.stage.traffic.scanners(at_ns + draft.minutes(5, 20), at_ns + draft.minutes(60, 120), 150)


def negative_suite(draft: Draft) -> None:
    """A larger suite runs since an innocent deploy; an eighth of what it asks for is a refusal that it wants."""
    at_ns = draft.hour(12, 18)
    draft.calm(7, at_ns - HOUR)
    draft.deploy("backend", at_ns)
    draft.settle()
    draft.stage.traffic.test_runs(at_ns, draft.stage.end_ns - HOUR, round(200 * draft.stage.scale))


class _Lingers:
    """Most requests for one page wait for its calls until a limit of the caller, whatever was answered."""

    def __init__(self, draft: Draft, mark: Mark, limit_s: int) -> None:
        self._site, self._mark, self._limit_ns = draft.stage.site, mark, limit_s * SECOND
        self._rng = draft.stage.rng("lingers")
        calling = [route for route in draft.service("frontend").routes.values() if route.calls]
        self._key = max(calling, key=lambda route: (route.weight, route.key)).key

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """The page, later by what its calls linger."""
        if call.route.key != self._key or "broken" not in call.scene.place.deploy.spec.faults:
            return None
        if self._rng.random() > 0.6:  # noqa: PLR2004 - the others get their answer
            return None
        self._site.lingers_ns["frontend"] = self._limit_ns
        outcome = traffic.work(call)
        self._site.lingers_ns.clear()
        took_ns = self._limit_ns + round(self._rng.uniform(2, 30) * MILLI)
        return replace(outcome, status=504, took_ns=took_ns, cause=self._mark, request_mark=self._mark, is_logged=False)


def _told_twice(draft: Draft, status: int) -> Manner:
    """The program logs an exception with its stack, and the span of its query holds the same."""
    stage, service = draft.stage, draft.service("backend")
    rng = stage.rng("told_twice")
    noun, verb = rng.choice(stage.world.nouns), rng.choice(stage.world.verbs)
    trouble = TROUBLES["defect"]
    said = rng.choice(trouble.messages).format(noun=noun, verb=verb, key="", host="", id="", ms=0)
    if status == _SWITCHING:
        said = f"closed with 1011 (internal error): {said}"
    failure = draw_failure(stage.world, service, rng, rng.choice(trouble.kinds[service.language]), said)
    phrase = stage.site.words.of(trouble.wording, service)

    def manner(call: Call, mark: Mark) -> Outcome:
        took_ns = round(rng.uniform(5, 180) * MILLI) if status != _SWITCHING else round(rng.uniform(2, 40) * SECOND)
        text = phrase.fill(noun=noun, verb=verb, call=verb, host="", ms=0, key="", agent="", id=call.id)
        line = Line("ERROR", text, phrase.module, phrase.function, phrase.number, failure)
        stage.site.log(call.scene.place, call.at_ns + took_ns, line, mark, call.scene)
        times_ns = (call.at_ns + MILLI, call.at_ns + took_ns - MILLI)
        stage.site.query_span(call.scene, call.route.table or "items", times_ns, said)
        return Outcome(status, took_ns + 3 * MILLI, mark, request_mark=Mark("companion", mark.id))

    return manner


STORIES = {
    "failing_in_spans": story("failing_in_spans", _HOURS, failing_in_spans),
    "span_and_log": story("span_and_log", _HOURS, span_and_log),
    "socket_closed": story("socket_closed", _HOURS, socket_closed),
    "client_hang": story("client_hang", _HOURS, client_hang),
    "scan_wave": story("scan_wave", _HOURS, scan_wave, is_innocent=True),
    "negative_suite": story("negative_suite", _HOURS, negative_suite, is_innocent=True),
}
