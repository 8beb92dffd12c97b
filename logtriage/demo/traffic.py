"""Requests: who comes when, what a request does in each service, and how faults change that."""

import random
from typing import Protocol

from msgspec import Struct

from collector.replacing import replace
from logtriage.demo import pools
from logtriage.demo.clock import HOUR, MILLI, MINUTE, SECOND, iso
from logtriage.demo.site import Origin, Request, Scene, Site
from logtriage.demo.streams import hex_digits, uuid_text
from logtriage.demo.styles import Line
from logtriage.demo.truth import Cluster, Mark
from logtriage.demo.world import Route, Service

__all__ = ["SERVICE_ADDRESS", "Call", "Fault", "Outcome", "Traffic"]

SERVICE_ADDRESS = "169.254.8.129"
_FAILED = 500
_SAMPLED_SHARE = 0.3


class Call(Struct, frozen=True):
    """One request while it is being served. `id` is the id in its path, or a fresh one."""

    route: Route
    scene: Scene
    at_ns: int
    origin: Origin
    path: str
    id: str


class Outcome(Struct, frozen=True):
    """How a request ended. `cause` is the cluster that explains its failure; `text` the platform's word on it."""

    status: int
    took_ns: int
    cause: Mark | None = None
    text: str | None = None
    request_mark: Mark | None = None
    is_logged: bool = True  # False: the application never saw it


class Fault(Protocol):
    """Something that is wrong somewhere, some time."""

    def strike(self, traffic: "Traffic", call: Call) -> Outcome | None:
        """What it makes of a request; None when it leaves it alone. Writes what the services log about it."""


class Traffic:
    """Serves requests one after the other. `faults` are asked in order; the first that strikes decides."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.faults: list[Fault] = []
        self.rng = site.streams.of("traffic")
        self.night_pace = 0.6  # of the mean pace, outside office hours
        self.sampled_share = _SAMPLED_SHARE  # of the traces, those that have spans
        self._agents = _agents(site)
        self._access = {service.role: self.rng.random() < 0.6 for service in site.world.services}  # noqa: PLR2004

    # --- one request

    def request(self, route_key: str, at_ns: int, origin: Origin, parent: Scene | None = None) -> Request:
        """Serves one request of a route, everything below it included; `parent` is the calling scene."""
        service = self.site.world.by_role[route_key.partition(".")[0]]
        return self._serve(service, service.routes[route_key], at_ns, origin, parent)[0]

    def _serve(
        self, service: Service, route: Route, at_ns: int, origin: Origin, parent: Scene | None
    ) -> tuple[Request, Outcome]:
        rng = self.rng
        place = self.site.place(service, at_ns)
        if parent is None:
            scene = Scene(place, hex_digits(rng, 32), hex_digits(rng, 16), "", rng.random() < self.sampled_share)
        else:
            scene = Scene(place, parent.trace, hex_digits(rng, 16), parent.span, parent.sampled)
        identity = uuid_text(rng)
        call = Call(route, scene, at_ns, origin, route.path.replace("{id}", identity), identity)
        outcome = None
        for fault in self.faults:
            outcome = fault.strike(self, call)
            if outcome is not None:
                break
        outcome = outcome or self.work(call)
        return self._finish(call, outcome), outcome

    def work(self, call: Call) -> Outcome:
        """What a request does that no fault strikes: its query, what it calls, a line."""
        rng, route = self.rng, call.route
        at_ns = call.at_ns + round(rng.uniform(1, 4) * MILLI)
        usual_ns = round(route.usual_ms * rng.lognormvariate(0, 0.35) * MILLI)
        if route.table:
            self.site.query_span(call.scene, route.table, (at_ns, at_ns + usual_ns // 2))
        at_ns += usual_ns // 2
        for key in route.calls:
            answer, outcome = self.call(call.scene, key, at_ns)
            at_ns += answer.took_ns + 2 * MILLI
            if outcome.status >= _FAILED:
                return self.upstream_failed(call, answer, outcome, at_ns)
        if route.table and rng.random() < 0.5:  # noqa: PLR2004 - half of them say what they did
            self._tell(call, at_ns, usual_ns)
        return Outcome(200 if route.method == "GET" else 201, at_ns + usual_ns // 2 - call.at_ns)

    def call(self, scene: Scene, route_key: str, at_ns: int, *, kind: str = "service") -> tuple[Request, Outcome]:
        """A service calls another one: the callee's request and how it ended, client span included.

        `kind` is the kind of its origin, for faults that tell callers apart.
        """
        service = self.site.world.by_role[route_key.partition(".")[0]]
        caller = scene.place.service
        span_id = hex_digits(self.rng, 16)
        origin = Origin(kind, caller.caller, SERVICE_ADDRESS)
        below = replace(scene, span=span_id)
        request, outcome = self._serve(service, service.routes[route_key], at_ns, origin, below)
        self.site.call_span(scene, span_id, request)
        return request, outcome

    def upstream_failed(self, call: Call, answer: Request, below: Outcome, at_ns: int) -> Outcome:
        """502 of a caller whose call failed, logged as a symptom of what failed there."""
        service = call.scene.place.service
        target = answer.scene.place.service
        phrase = self.site.words.of("upstream_failed", service)
        message = phrase.fill(target=target.name, status=answer.status, method=answer.method, path=answer.route)
        mark = self._upstream_cluster(service, target, below.cause) if below.cause is not None else None
        line = Line("ERROR", message, phrase.module, phrase.function, phrase.number)
        self.site.log(call.scene.place, at_ns, line, mark, call.scene)
        companion = Mark("companion", mark.id) if mark is not None else None
        return Outcome(502, at_ns + 3 * MILLI - call.at_ns, cause=mark, request_mark=companion)

    def _upstream_cluster(self, service: Service, target: Service, cause: Mark) -> Mark:
        truth = self.site.truth
        identity = f"{cause.id}>{service.role}"
        if identity not in truth.clusters:
            above = truth.clusters[cause.id]
            same = [
                other.id for other in truth.clusters.values()
                if other.kind == "upstream_5xx" and other.service == service.name
            ]  # fmt: skip
            truth.open(
                Cluster(
                    identity, f"{service.name}: calls to {target.name} fail", "upstream_5xx", service.name, "symptom",
                    above.id, "P1", above.guilty, above.cause_type, is_test_traffic=above.is_test_traffic,
                )
            )  # fmt: skip
            if same:
                truth.merge_ok.append([same[0], identity])
        return Mark("cluster", identity)

    def _tell(self, call: Call, at_ns: int, took_ns: int) -> None:
        service = call.scene.place.service
        kind = "listed" if call.route.key.endswith("list") else "done"
        phrase = self.site.words.of(kind, service)
        message = phrase.fill(
            verb=service.verb, noun=service.noun, id=call.id, ms=took_ns // MILLI, n=self.rng.randrange(0, 60)
        )
        self.site.log(
            call.scene.place, at_ns, Line("INFO", message, phrase.module, phrase.function, phrase.number),
            scene=call.scene,
        )  # fmt: skip

    def _finish(self, call: Call, outcome: Outcome) -> Request:
        service = call.scene.place.service
        request = Request(
            call.scene, call.route.method, call.path, call.route.path, outcome.status, call.at_ns, outcome.took_ns,
            call.origin,
        )  # fmt: skip
        self.site.answered(request, outcome.request_mark, outcome.text)
        self.site.serve_span(request)
        if outcome.is_logged and self._access[service.role] and not call.route.key.endswith("health"):
            message = _access_text(service, call, outcome, self.rng)
            raw = service.stacks != "embedded"
            line = Line("INFO", message, "core/access", "log_request", 31, raw=raw)
            self.site.log(call.scene.place, call.at_ns + outcome.took_ns, line, outcome.request_mark, call.scene)
        return request

    # --- who comes

    def origin(self, kind: str) -> Origin:
        """A caller of a kind, drawn from those of this world."""
        rng = self.rng
        agents, net = self._agents[kind]
        return Origin(kind, rng.choice(agents), f"{net}.{rng.randrange(1, 255)}")

    def drive_browsers(self) -> None:
        """Tests are browsers that a program drives: nothing but their spans says so."""
        self._agents["tests"] = (self._agents["users"][0], self._agents["tests"][1])
        self.site.synthetic["tests"] = "test"

    def users(self, start_ns: int, end_ns: int, mean_s: float) -> None:
        """People on the front end, some straight on the API, fewer at night."""
        rng = self.rng
        world = self.site.world
        front = [route for route in world.by_role["frontend"].routes.values() if route.weight]
        api = [route for route in world.by_role["backend"].routes.values() if route.weight]
        front_weights, api_weights = [route.weight for route in front], [route.weight for route in api]
        at_ns = start_ns
        while True:
            hour = at_ns // HOUR % 24
            pace = 1.4 if 7 <= hour < 18 else self.night_pace  # noqa: PLR2004 - office hours
            at_ns += round(rng.expovariate(pace / mean_s) * SECOND)
            if at_ns >= end_ns:
                return
            pool, weights = (front, front_weights) if rng.random() < 0.8 else (api, api_weights)  # noqa: PLR2004
            self.request(rng.choices(pool, weights)[0].key, at_ns, self.origin("users"))

    def test_runs(self, start_ns: int, end_ns: int, requests: int) -> None:
        """A test suite every hour or so; a part of it asks for errors on purpose."""
        rng = self.rng
        keys = [
            route.key for role in ("backend", "frontend")
            for route in self.site.world.by_role[role].routes.values() if route.weight
        ]  # fmt: skip
        at_ns = start_ns + round(rng.uniform(5, 50) * MINUTE)
        while at_ns < end_ns:
            origin = self.origin("tests")
            now_ns = at_ns
            for _ in range(requests):
                now_ns += round(rng.uniform(0.5, 9) * SECOND)
                if now_ns >= end_ns:
                    return
                if rng.random() < 0.12:  # noqa: PLR2004 - share of negative tests
                    self._negative(rng.choice(keys), now_ns, origin)
                else:
                    self.request(rng.choice(keys), now_ns, origin)
            at_ns += round(rng.uniform(50, 100) * MINUTE)

    def health_checks(self, start_ns: int, end_ns: int, every_s: float) -> None:
        """An uptime checker on every service."""
        for service in self.site.world.services:
            open_ns = max(start_ns, self.site.opens_ns.get(service.role, 0))
            at_ns = open_ns + round(self.rng.uniform(1, every_s) * SECOND)
            while at_ns < end_ns:
                self.request(f"{service.role}.health", at_ns, self.origin("health_checks"))
                at_ns += round(every_s * SECOND)

    def scheduled(self, route_key: str, start_ns: int, end_ns: int, every_s: float) -> None:
        """A scheduler that starts one route again and again."""
        at_ns = start_ns + round(self.rng.uniform(1, every_s) * SECOND)
        while at_ns < end_ns:
            self.request(route_key, at_ns, self.origin("timer"))
            at_ns += round(every_s * self.rng.uniform(0.9, 1.1) * SECOND)

    def scanners(self, start_ns: int, end_ns: int, count: int) -> None:
        """Probes for files that are not there, all over the window."""
        paths = ("/.env", "/wp-login.php", "/.git/config", "/actuator/env", "/phpinfo.php", "/cgi-bin/luci", "/.aws/x")
        for service in self.site.world.services:
            open_ns = max(start_ns, self.site.opens_ns.get(service.role, 0))
            for _ in range(count):
                at_ns = self.rng.randrange(open_ns, end_ns)
                self._refused(
                    service, ("GET", self.rng.choice(paths)), at_ns, self.origin("scanners"), (404, "bot_404")
                )

    def _negative(self, route_key: str, at_ns: int, origin: Origin) -> None:
        service = self.site.world.by_role[route_key.partition(".")[0]]
        route = service.routes[route_key]
        path = route.path.replace("{id}", uuid_text(self.rng))
        status = self.rng.choice((401, 403, 422))
        scene = self._refused(service, (route.method, path), at_ns, origin, (status, "test_negative"))
        phrase = self.site.words.of("test_negative", service)
        line = Line("WARNING", phrase.fill(path=route.path), phrase.module, phrase.function, phrase.number)
        self.site.log(scene.place, at_ns + 2 * MILLI, line, Mark("noise", "test_negative"), scene)

    def _refused(
        self, service: Service, asked: tuple[str, str], at_ns: int, origin: Origin, answer: tuple[int, str]
    ) -> Scene:
        scene = self.site.scene(service, at_ns, self.rng, sampled=False)
        method, path = asked
        took_ns = round(self.rng.uniform(2, 9) * MILLI)
        request = Request(scene, method, path, path, answer[0], at_ns, took_ns, origin)
        self.site.answered(request, Mark("noise", answer[1]))
        return scene


def _agents(site: Site) -> dict[str, tuple[tuple[str, ...], str]]:
    rng: random.Random = site.streams.of("agents")
    browsers = tuple(text.format(v=rng.randrange(118, 134), m=rng.randrange(1, 6)) for text in pools.BROWSERS)
    return {
        "users": (browsers, "203.0.113"),
        "tests": (site.world.test_agents, "198.51.100"),
        "health_checks": (
            ("GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)",),
            "192.0.2",
        ),
        "scanners": (("Mozilla/5.0 zgrab/0.x", "curl/8.5.0", "Mozilla/5.0 (compatible; CensysInspect/1.1)"), "192.0.2"),
        "client": ((site.streams.choice("client", pools.CLIENTS),), "203.0.113"),
        "timer": (("Google-Cloud-Scheduler",), "192.0.2"),
    }


def _access_text(service: Service, call: Call, outcome: Outcome, rng: random.Random) -> str:
    method, path, status = call.route.method, call.path, outcome.status
    address = call.origin.address
    if service.language == "python":
        reason = {200: " OK", 201: " Created", 500: " Internal Server Error", 502: " Bad Gateway"}.get(status, "")
        return f'INFO:     {address}:{rng.randrange(1024, 65000)} - "{method} {path} HTTP/1.1" {status}{reason}'
    if service.language == "java":
        when = iso(call.at_ns, 3)
        return f'{address} - - [{when}] "{method} {path} HTTP/1.1" {status} {rng.randrange(90, 9000)}'
    return f"{method} {path} {status} {outcome.took_ns / MILLI:.3f} ms"
