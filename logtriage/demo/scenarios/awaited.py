"""A defect of the code: something is awaited that cannot be, and the run that waits for it times out."""

from msgspec import Struct

from logtriage.demo.clock import MILLI, SECOND
from logtriage.demo.deploys import IMAGE, Deploy
from logtriage.demo.scenarios.stage import Stage
from logtriage.demo.stacks import draw_failure
from logtriage.demo.styles import Line
from logtriage.demo.traffic import Call, Outcome, Traffic
from logtriage.demo.truth import Cluster, Mark

__all__ = ["AwaitClusters", "AwaitFault", "plan_await_clusters"]

_PYTHON = (
    "object {object} can't be used in 'await' expression",
    "'coroutine' object has no attribute '{verb}'",
    "object {object}Proxy can't be used in 'await' expression",
)
_NODE = ("{noun}.{verb}(...).then is not a function", "Cannot read properties of undefined (reading '{verb}')")


class AwaitClusters(Struct, frozen=True):
    """The defect and the time-outs it causes."""

    failed: Mark
    timed_out: Mark


def plan_await_clusters(stage: Stage, broken: Deploy) -> AwaitClusters:
    """Opens both clusters, attributed to the revision that brought the defect."""
    service = broken.service.name
    guilty = stage.site.guilty(broken, IMAGE)
    root = Cluster(
        "A1", "await on something that is no awaitable", "await_non_awaitable", service, "root", None, "P1", guilty
    )
    after = Cluster("A2", "runs time out after 15 s", "run_timed_out", service, "symptom", "A1", "P1", guilty)
    return AwaitClusters(stage.site.truth.open(root), stage.site.truth.open(after))


class AwaitFault:
    """Runs of a service fail in every revision whose image carries the defect."""

    def __init__(self, stage: Stage, broken: Deploy, clusters: AwaitClusters) -> None:
        self._site = stage.site
        service = self._service = broken.service
        self._rng = stage.rng("await")
        self._clusters = clusters
        self.route_key = f"{service.role}.run"
        noun, verb = self._rng.choice(stage.world.nouns), self._rng.choice(stage.world.verbs)
        self._call = f"{noun}_{verb}" if service.language == "python" else f"{noun}{verb.capitalize()}"
        text = self._rng.choice(_PYTHON if service.language == "python" else _NODE)
        message = text.format(object=f"{noun.capitalize()}Channel", verb=verb, noun=noun)
        kind = "AttributeError" if "attribute" in message else "TypeError"
        self._failure = draw_failure(stage.world, service, self._rng, kind, message)

    @property
    def failed(self) -> Mark:
        """The root."""
        return self._clusters.failed

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """Most runs of a broken revision fail at once and are given up 15 s later."""
        del traffic
        if call.route.key != self.route_key or "await" not in call.scene.place.deploy.spec.faults:
            return None
        if self._rng.random() < 0.2:  # noqa: PLR2004 - runs that take another branch
            return None
        at_ns = call.at_ns + round(self._rng.uniform(40, 400) * MILLI)
        self._log("await_failed", call, at_ns, self._clusters.failed)
        at_ns = call.at_ns + round(self._rng.uniform(15.0, 15.3) * SECOND)
        self._log("run_timed_out", call, at_ns, self._clusters.timed_out)
        companion = Mark("companion", self._clusters.timed_out.id)
        return Outcome(504, at_ns + 2 * MILLI - call.at_ns, self._clusters.timed_out, request_mark=companion)

    def _log(self, kind: str, call: Call, at_ns: int, mark: Mark) -> None:
        phrase = self._site.words.of(kind, self._service)
        message = phrase.fill(call=self._call, id=call.id)
        failure = self._failure if kind == "await_failed" else None
        line = Line("ERROR", message, phrase.module, phrase.function, phrase.number, failure)
        self._site.log(call.scene.place, at_ns, line, mark, call.scene)
