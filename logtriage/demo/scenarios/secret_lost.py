"""A deploy drops the variable that signs calls between services; a storm of 403 and a cascade follow.

In the same deploy another key and the image change. A defect of its own begins at another revision and stays apart.
"""

from msgspec import Struct

from logtriage.demo.background import spread_noise
from logtriage.demo.clock import HOUR, MILLI, MINUTE, SECOND
from logtriage.demo.deploys import IMAGE, Deploy
from logtriage.demo.scenarios.awaited import AwaitFault, plan_await_clusters
from logtriage.demo.scenarios.bursts import plan_pauses
from logtriage.demo.scenarios.stage import Stage, drawn_changes, open_stage, quiet_deploys, run_everyday, settle_deploys
from logtriage.demo.site import Scene
from logtriage.demo.stacks import Failure, draw_failure
from logtriage.demo.streams import Streams
from logtriage.demo.styles import Line
from logtriage.demo.traffic import Call, Outcome, Traffic
from logtriage.demo.truth import Cluster, Mark
from logtriage.demo.wording import Noise

__all__ = ["HOURS", "secret_lost"]

HOURS = 48
_BURST_NS = 7 * HOUR
_TOKEN_LIFE_NS = 10 * MINUTE


def secret_lost(seed: int, scale: float, window_ns: tuple[int, int]) -> Stage:
    """Two days of three services; 22 to 28 deploys of the backend in seven hours, the secret lost in one of them."""
    where = Streams("secret_lost", seed).choice("where", ("backend", "backend", "frontend"))
    stage = open_stage("secret_lost", seed, scale, window_ns, ("backend", "auth", "frontend"), awaiting=where)
    rng = stage.rng("plot")
    burst_ns = stage.start_ns + round(rng.uniform(34, 37) * HOUR)
    quiet_deploys(stage, stage.world.services, 7, burst_ns)
    lost, broken = _burst(stage, burst_ns, is_here=where == "backend")
    if where == "frontend":
        broken = _other_service(stage, where, lost)
    quiet_deploys_late(stage, burst_ns + _BURST_NS)
    settle_deploys(stage)
    secret = SecretFault(stage, lost)
    awaited = AwaitFault(stage, broken, plan_await_clusters(stage, broken))
    stage.traffic.faults += [secret, awaited]
    stage.site.truth.separate.append((secret.denied.id, awaited.failed.id))
    stage.guilty = (lost, broken)
    run_everyday(stage)
    every_s = 150 / max(scale, 0.5)
    stage.traffic.scheduled(awaited.route_key, stage.start_ns, stage.end_ns, every_s)
    secret.timer(15 / max(scale, 0.2), 30 / max(scale, 0.2))
    backend = stage.world.by_role["backend"]
    cache = Noise("cache_timeout", "ERROR", 7, may_report=True)
    spread_noise(stage.site, backend, cache, (stage.start_ns, stage.end_ns), max(scale, 0.2))
    return stage


def quiet_deploys_late(stage: Stage, from_ns: int) -> None:
    """One or two innocent deploys of the other services after the burst."""
    rng = stage.rng("late")
    for role in ("auth", "frontend"):
        at_ns = from_ns + round(rng.uniform(0.2, 3) * HOUR)
        if rng.random() < 0.7:  # noqa: PLR2004 - not always
            stage.planner.deploy(stage.world.by_role[role], at_ns, (IMAGE,))


def _burst(stage: Stage, from_ns: int, *, is_here: bool) -> tuple[Deploy, Deploy]:
    """The deploys of the busy hours: the guilty one and the one that brings the await defect."""
    rng = stage.rng("burst")
    backend = stage.world.by_role["backend"]
    key = stage.world.secret_key
    count = rng.randrange(22, 29)
    lost_at = rng.randrange(count // 2, count - 6)
    broken_at = rng.choice((lost_at - rng.randrange(5, 8), lost_at + rng.randrange(4, 6)))
    gaps, rejected, failed, idle = plan_pauses(rng, count, {lost_at, broken_at})
    unit_ns = _BURST_NS / sum(gaps)
    at_ns, made = from_ns, {}
    for at in range(count):
        env = stage.timeline.of(backend)[-1].spec.env
        changes = drawn_changes(rng, env)
        if at == lost_at:
            flags = sorted(name for name, source in env.items() if source[0] == "secret" and name != key)
            changes = (("env_removed", key), ("secret_ref_changed", rng.choice(flags)), IMAGE)
        elif at == broken_at:
            changes = (IMAGE,)
        outcome = "rejected" if at == rejected else "failed" if at == failed else "ready"
        fault = frozenset({"await"}) if at == broken_at and is_here else frozenset()
        made[at] = stage.planner.deploy(
            backend,
            at_ns,
            changes,
            outcome=outcome,
            traffic=at not in idle,
            fault=fault,
            overlap_ns=rng.randrange(60) * SECOND,
        )
        at_ns += round(gaps[at] * unit_ns)
    return made[lost_at], made[broken_at]


def _other_service(stage: Stage, role: str, lost: Deploy) -> Deploy:
    """The deploy of another service that brings the await defect, an hour or more away from the lost secret."""
    rng = stage.rng("other")
    away_ns = round(rng.uniform(1.0, 2.5) * HOUR) * rng.choice((-1, 1))
    service = stage.world.by_role[role]
    return stage.planner.deploy(service, lost.created_ns + away_ns, (IMAGE,), fault=frozenset({"await"}))


class _Parts(Struct):
    """The clusters of the cascade."""

    denied: Mark
    rejected: Mark
    session: Mark
    stalled: Mark


class SecretFault:
    """Calls of the backend to the auth service are refused wherever the secret is missing."""

    def __init__(self, stage: Stage, lost: Deploy) -> None:
        self._site = stage.site
        self._stage = stage
        self._rng = stage.rng("secret")
        world = stage.world
        self._backend, self._auth = world.by_role["backend"], world.by_role["auth"]
        self._parts = self._clusters(lost)
        self._names_key = self._rng.random() < 0.4  # noqa: PLR2004 - some systems name the missing key, most do not
        kinds = {"python": "SessionError", "node": "SessionError", "go": "session", "java": "SessionRefusedException"}
        text = self._site.words.of("session_error", self._backend).text
        refusal = Failure("PermissionError" if self._backend.language == "python" else "Error", f"403: {text}", ())
        drawn = draw_failure(world, self._backend, self._rng, kinds[self._backend.language], text)
        self._failure = Failure(drawn.type, drawn.message, drawn.frames, refusal if self._rng.random() < 0.5 else None)  # noqa: PLR2004

    @property
    def denied(self) -> Mark:
        """The root of the cascade."""
        return self._parts.denied

    def _clusters(self, lost: Deploy) -> _Parts:
        truth = self._site.truth
        backend, auth = self._backend.name, self._auth.name
        guilty = self._site.guilty(lost, ("env_removed", self._stage.world.secret_key))
        principal = self._stage.world.principal
        root = Cluster("T1", f"403 for {principal} from {auth}", "service_denied", backend, "root", None, "P0", guilty)
        second = Cluster("T2", f"{auth} rejects {principal}", "principal_rejected", auth, "symptom", "T1", "P2", guilty)
        second.required = False
        third = Cluster("T3", "database sessions fail", "session_failed", backend, "symptom", "T1", "P0", guilty)
        fourth = Cluster("T4", "queries stall for 5 s", "query_stalled", backend, "symptom", "T3", "P1", guilty)
        return _Parts(*(truth.open(cluster) for cluster in (root, second, third, fourth)))

    def strike(self, traffic: Traffic, call: Call) -> Outcome | None:
        """Requests that need a session fail after a stall; the token route refuses callers without signature."""
        deploy = call.scene.place.deploy
        if call.route.key == "auth.token":
            return self._refuse(call) if call.origin.kind == "unsigned" else None
        if not call.route.needs_session or self._stage.world.secret_key in deploy.spec.env:
            return None
        if self._rng.random() < 0.06:  # noqa: PLR2004 - served from sessions still open
            return None
        at_ns = self._denied(traffic, call.scene, call.at_ns + 4 * MILLI, call.id)
        stall_ns = round(self._rng.uniform(5.0, 5.4) * SECOND)
        if self._rng.random() < 0.7:  # noqa: PLR2004 - share of requests that wait for a session
            self._stall(call, at_ns, stall_ns)
            at_ns += stall_ns
        self._session_failed(call.scene, at_ns + MILLI, call.id)
        companion = Mark("companion", self._parts.session.id)
        return Outcome(500, at_ns + 4 * MILLI - call.at_ns, self._parts.session, request_mark=companion)

    def _refuse(self, call: Call) -> Outcome:
        phrase = self._site.words.of("principal_rejected", self._auth)
        message = phrase.fill(principal=self._stage.world.principal, id=call.id)
        line = Line("WARNING", message, phrase.module, phrase.function, phrase.number)
        self._site.log(call.scene.place, call.at_ns + 2 * MILLI, line, self._parts.rejected, call.scene)
        took_ns = round(self._rng.uniform(4, 12) * MILLI)
        return Outcome(403, took_ns, request_mark=Mark("companion", self._parts.rejected.id))

    def _denied(self, traffic: Traffic, scene: Scene, at_ns: int, identity: str) -> int:
        """The refused call and what the backend says about it; gives the instant after it."""
        answer, _ = traffic.call(scene, "auth.token", at_ns, kind="unsigned")
        at_ns += answer.took_ns + 3 * MILLI
        phrase = self._site.words.of("service_denied", self._backend)
        message = phrase.fill(principal=self._stage.world.principal, target=self._auth.name, id=identity)
        fields = {"principal": self._stage.world.principal, "status": 403}
        line = Line("ERROR", message, phrase.module, phrase.function, phrase.number, fields=fields)
        self._site.log(scene.place, at_ns, line, self._parts.denied, scene)
        return at_ns

    def _stall(self, call: Call, at_ns: int, stall_ns: int) -> None:
        table = call.route.table
        phrase = self._site.words.of("query_stalled", self._backend)
        message = phrase.fill(table=table, ms=stall_ns // MILLI)
        self._site.query_span(call.scene, table, (at_ns, at_ns + stall_ns), "canceled: no session within 5 s")
        line = Line("WARNING", message, phrase.module, phrase.function, phrase.number)
        self._site.log(call.scene.place, at_ns + stall_ns, line, self._parts.stalled, call.scene)

    def _session_failed(self, scene: Scene, at_ns: int, identity: str) -> None:
        phrase = self._site.words.of("session_failed", self._backend)
        line = Line("ERROR", phrase.fill(id=identity), phrase.module, phrase.function, phrase.number, self._failure)
        self._site.log(scene.place, at_ns, line, self._parts.session, scene)

    def timer(self, least_s: float, most_s: float) -> None:
        """A background task of the backend: renews its token every ten minutes, and retries soon when refused."""
        rng, traffic = self._rng, self._stage.traffic
        at_ns = self._stage.start_ns + 40 * SECOND
        warned: set[str] = set()
        taken = [deploy.traffic_ns for deploy in self._stage.timeline.of(self._backend) if deploy.traffic_ns]
        starts = [at + round(rng.uniform(2, 9) * SECOND) for at in taken]  # a new container has no token yet
        while at_ns < self._stage.end_ns - 10 * SECOND:
            scene = self._site.scene(self._backend, at_ns, rng, sampled=rng.random() < 0.1)  # noqa: PLR2004 - share of traces
            if self._stage.world.secret_key in scene.place.deploy.spec.env:
                self._task_span(scene, at_ns, traffic.call(scene, "auth.token", at_ns)[0].took_ns)
                at_ns = min([at_ns + _TOKEN_LIFE_NS, *(other for other in starts if other > at_ns)])
                continue
            self._warn(scene, at_ns, warned)
            self._task_span(scene, at_ns, 40 * MILLI)
            after_ns = self._denied(traffic, scene, at_ns, f"renewal-{at_ns // SECOND % 100000}")
            if rng.random() < 0.3:  # noqa: PLR2004 - share of renewals that want a session at once
                self._session_failed(scene, after_ns + MILLI, f"renewal-{at_ns // SECOND % 100000}")
            at_ns += round(rng.uniform(least_s, most_s) * SECOND)

    def _task_span(self, scene: Scene, at_ns: int, took_ns: int) -> None:
        self._site.task_span(scene, "renew_token", (at_ns, at_ns + took_ns + 10 * MILLI))

    def _warn(self, scene: Scene, at_ns: int, warned: set[str]) -> None:
        revision = scene.place.deploy.revision
        if self._names_key and revision not in warned:
            phrase = self._site.words.of("unsigned_calls", self._backend)
            line = Line(
                "WARNING", phrase.fill(key=self._stage.world.secret_key), phrase.module, phrase.function, phrase.number
            )
            self._site.log(scene.place, at_ns - 3 * MILLI, line, Mark("companion", self._parts.denied.id), scene)
        warned.add(revision)
