"""An image that cannot be loaded: containers crash in a loop, every request gets 503, until somebody rolls back."""

from logtriage.demo.clock import HOUR, MILLI, MINUTE, SECOND
from logtriage.demo.deploys import IMAGE, Deploy
from logtriage.demo.scenarios.stage import Stage, open_stage, quiet_deploys, run_everyday, settle_deploys
from logtriage.demo.site import Place
from logtriage.demo.stacks import Failure, draw_failure
from logtriage.demo.styles import Line
from logtriage.demo.traffic import Call, Outcome, Traffic
from logtriage.demo.truth import Cluster

__all__ = ["HOURS", "bad_image"]

HOURS = 36
_REQUEST_TEXT = (
    "The request failed because either the HTTP response was malformed or connection to the instance had an error."
)
_MISSING = {
    "python": ("ModuleNotFoundError", "No module named '{package}.{layer}.{noun}_{verb}'"),
    "node": ("Error", "Cannot find module '@{company}/{noun}-{verb}'"),
    "go": ("panic", "plugin {noun}-{verb} was built with a different version of package {package}/{layer}"),
    "java": ("NoClassDefFoundError", "io/{company}/{noun}/{layer}/{verb}Factory"),
}


def bad_image(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
    """A day and a half of three services; the backend gets the bad image and, by the seed, a new one hours later."""
    stage = open_stage("bad_image", seed, scale, window_ns, ("backend", "auth", "frontend"))
    rng = stage.rng("plot")
    backend = stage.world.by_role["backend"]
    at_ns = stage.start_ns + round(rng.uniform(20, 28) * HOUR)
    quiet_deploys(stage, stage.world.services, 8, at_ns - HOUR)
    bad = stage.planner.deploy(backend, at_ns, (IMAGE,), fault=frozenset({"load"}))
    if rng.random() < 0.7:  # noqa: PLR2004 - mostly mended within the window
        mended_ns = at_ns + round(rng.uniform(1.5, 4) * HOUR)
        stage.planner.deploy(backend, mended_ns, (IMAGE,), mend=frozenset({"load"}))
    settle_deploys(stage)
    stage.guilty = (bad,)
    fault = LoadFault(stage, bad)
    stage.traffic.faults.append(fault)
    fault.crash_loop(bad.left_ns or stage.end_ns)
    run_everyday(stage)
    return stage


class LoadFault:
    """The containers of the bad revision crash while loading; its requests find nobody."""

    def __init__(self, stage: Stage, bad: Deploy) -> None:
        self._stage = stage
        self._site = stage.site
        self._bad = bad
        self._rng = stage.rng("load")
        service = bad.service
        guilty = stage.site.guilty(bad, IMAGE)
        truth = stage.site.truth
        self._failed = truth.open(
            Cluster("I1", "application cannot be loaded", "import_error", service.name, "root", None, "P0", guilty)
        )
        self._exited = truth.open(
            Cluster(
                "I2", "containers exit while starting", "container_exit", service.name, "symptom", "I1", "P0", guilty
            )
        )
        self._requests = truth.open(
            Cluster("I3", "requests fail with 503", "req_503_start", service.name, "symptom", "I1", "P0", guilty)
        )
        self._failure = self._drawn()

    def _drawn(self) -> Failure:
        world, service = self._stage.world, self._bad.service
        kind, text = _MISSING[service.language]
        message = text.format(
            package=service.package, layer=self._rng.choice(("core", "storage", "adapters")), company=world.company,
            noun=self._rng.choice(world.nouns), verb=self._rng.choice(world.verbs),
        )  # fmt: skip
        return draw_failure(world, service, self._rng, kind, message)

    def crash_loop(self, until_ns: int) -> None:
        """Start after start until the revision loses its traffic."""
        start_ns = (self._bad.traffic_ns or self._bad.created_ns) + 2 * SECOND
        least_s = 60 / max(self._stage.scale, 0.3)
        while start_ns < until_ns:
            place = self._site.place(self._bad.service, start_ns)
            if place.deploy is self._bad:
                self._crash(place, start_ns)
            start_ns += round(self._rng.uniform(least_s, 4 * least_s) * SECOND)

    def _crash(self, place: Place, at_ns: int) -> None:
        phrase = self._site.words.of("import_failed", place.service)
        line = Line("CRITICAL", phrase.text, phrase.module, phrase.function, phrase.number, self._failure)
        self._site.log(place, at_ns, line, self._failed)
        after_ns = at_ns + round(self._rng.uniform(0.2, 0.9) * SECOND)
        self._site.system(place, after_ns, "Container called exit(1).", "WARNING", self._exited)

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """503 from the platform for whatever reaches the bad revision."""
        del traffic
        if call.scene.place.deploy is not self._bad:
            return None
        took_ns = round(self._rng.uniform(0.3, 9) * SECOND)
        took_ns = min(took_ns, MINUTE) - took_ns % MILLI
        return Outcome(503, took_ns, self._requests, _REQUEST_TEXT, self._requests, is_logged=False)
