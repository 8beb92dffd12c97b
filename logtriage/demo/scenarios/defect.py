"""A defect of the code: requests of some routes raise in every revision whose image carries it."""

from msgspec import Struct

from logtriage.demo.clock import MILLI
from logtriage.demo.scenarios.stage import Stage
from logtriage.demo.stacks import draw_failure
from logtriage.demo.styles import Line
from logtriage.demo.traffic import Call, Outcome, Traffic
from logtriage.demo.truth import Cluster, Mark
from logtriage.demo.world import Service

__all__ = ["Defect", "DefectPlan"]

_KINDS = {
    "python": (
        ("KeyError", "'{noun}_{verb}'"),
        ("AttributeError", "'{Noun}' object has no attribute '{verb}_{noun}'"),
        ("ValueError", "cannot {verb} {noun}: no policy matches"),
    ),
    "node": (
        ("TypeError", "{noun}.{verb} is not a function"),
        ("RangeError", "Invalid {noun} window: start after end"),
    ),
    "go": (
        ("error", "{verb} {noun}: unexpected nil policy"),
        ("error", "{noun}: json: cannot unmarshal string into Go struct field {Noun}.{verb} of type int"),
    ),
    "java": (
        ("IllegalStateException", "{Noun} is already closed"),
        ("NullPointerException", 'Cannot invoke "{Noun}.{verb}()" because "{noun}" is null'),
    ),
}


class DefectPlan(Struct, frozen=True):
    """Where a defect strikes: which routes, which share of their requests.

    `tag` is its name among the faults of a spec, None for every revision; `origins` are kinds of callers, empty: all.
    """

    routes: tuple[str, ...]
    share: float
    tag: str | None
    origins: frozenset[str] = frozenset()


class Defect:
    """Fails a share of the requests of its routes with 500 and a stack trace."""

    def __init__(self, stage: Stage, service: Service, cluster: Cluster, plan: DefectPlan) -> None:
        self._site = stage.site
        self._service = service
        self._plan = plan
        self._rng = stage.rng(f"defect/{cluster.id}")
        self.mark = stage.site.truth.open(cluster)
        noun, verb = self._rng.choice(stage.world.nouns), self._rng.choice(stage.world.verbs)
        kind, text = self._rng.choice(_KINDS[service.language])
        message = text.format(noun=noun, verb=verb, Noun=noun.capitalize())
        self._call = f"{verb}_{noun}" if service.language == "python" else f"{verb}{noun.capitalize()}"
        self._failure = draw_failure(stage.world, service, self._rng, kind, message)

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """500 for its share of the requests it concerns."""
        del traffic
        plan = self._plan
        if call.route.key not in plan.routes or self._rng.random() >= plan.share:
            return None
        if plan.tag is not None and plan.tag not in call.scene.place.deploy.spec.faults:
            return None
        if plan.origins and call.origin.kind not in plan.origins:
            return None
        at_ns = call.at_ns + round(self._rng.uniform(5, 160) * MILLI)
        phrase = self._site.words.of("defect", self._service)
        message = phrase.fill(call=self._call, id=call.id)
        line = Line("ERROR", message, phrase.module, phrase.function, phrase.number, self._failure)
        self._site.log(call.scene.place, at_ns, line, self.mark, call.scene)
        companion = Mark("companion", self.mark.id)
        return Outcome(500, at_ns + 3 * MILLI - call.at_ns, self.mark, request_mark=companion)
