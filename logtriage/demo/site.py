"""The running system: who serves, and how what happens there is written down."""

import random
from typing import Any

from msgspec import Struct

from logtriage.demo.clock import MILLI, iso, seconds_text
from logtriage.demo.deploys import Deploy, Instance, Timeline
from logtriage.demo.emit import EntryWriter, SpanWriter, attribute, span_record
from logtriage.demo.streams import Streams, hex_digits
from logtriage.demo.styles import Line, render
from logtriage.demo.truth import Mark, Truth
from logtriage.demo.wording import Words
from logtriage.demo.world import Service, World

__all__ = ["Origin", "Place", "Request", "Scene", "Site"]

_STATUS_ERROR = 500
_STATUS_WARNING = 400


class Place(Struct, frozen=True):
    """Where something runs."""

    deploy: Deploy
    instance: Instance

    @property
    def service(self) -> Service:
        """The service of the revision."""
        return self.deploy.service


class Origin(Struct, frozen=True):
    """Who asks: kind is users, tests, health_checks, scanners, timer or service."""

    kind: str
    user_agent: str
    address: str


class Scene(Struct, frozen=True):
    """A place inside one trace."""

    place: Place
    trace: str
    span: str
    parent: str
    sampled: bool


class Request(Struct, frozen=True):
    """A request that was answered."""

    scene: Scene
    method: str
    path: str
    route: str
    status: int
    start_ns: int
    took_ns: int
    origin: Origin


class Site:
    """The world with its timeline and its writers; every entry, span and truth goes through here."""

    def __init__(self, world: World, timeline: Timeline, streams: Streams, end_ns: int) -> None:
        self.world = world
        self.timeline = timeline
        self.streams = streams
        self.synthetic: dict[str, str] = {}  # what spans say of kinds of callers: test or bot
        self.words = Words(world, streams)
        self.truth = Truth()
        self.entries = EntryWriter(world.project, streams.of("writer"), end_ns)
        self.spans = SpanWriter(world.stage)
        self.skews_ns: dict[str, int] = {}  # by role: how far the clock of a service is ahead
        self.unlogged: set[str] = set()  # roles whose request logs are excluded from the sink
        self.lingers_ns: dict[str, int] = {}  # by role: how long a call goes on after it was answered, just now
        self.opens_ns: dict[str, int] = {}  # by role: when a service was created, where that is inside the window
        self._render = streams.of("render")
        self._serve = streams.of("serve")
        self._facts = streams.of("requests")

    def place(self, service: Service, at_ns: int) -> Place:
        """Revision and container that take a request at an instant."""
        deploy = self.timeline.serving(service, at_ns, self._serve)
        alive = [one for one in deploy.instances if one.start_ns <= at_ns < one.stop_ns] or deploy.instances[:1]
        return Place(deploy, alive[0] if len(alive) == 1 else self._serve.choice(alive))

    def scene(self, service: Service, at_ns: int, rng: random.Random, *, sampled: bool) -> Scene:
        """A place with a trace of its own."""
        return Scene(self.place(service, at_ns), hex_digits(rng, 32), hex_digits(rng, 16), "", sampled)

    def log(self, place: Place, at_ns: int, line: Line, mark: Mark | None = None, scene: Scene | None = None) -> None:
        """Writes a line of the program as its library would, all pieces under one mark."""
        for piece in render(place.service, line, at_ns, self._render):
            body: dict[str, Any] = {"labels": place.instance.labels}
            if piece.severity is not None:
                body["severity"] = piece.severity
            if piece.text is not None:
                body["textPayload"] = piece.text
            else:
                body["jsonPayload"] = piece.json
            if piece.has_trace and scene is not None:
                body["trace"] = f"projects/{self.world.project}/traces/{scene.trace}"
                body["spanId"] = scene.span
                body["traceSampled"] = scene.sampled
            self._write(place, at_ns + piece.delay_ns, f"run.googleapis.com%2F{piece.stream}", body, mark)

    def system(self, place: Place, at_ns: int, text: str, severity: str = "INFO", mark: Mark | None = None) -> None:
        """Writes a line of the platform (varlog/system)."""
        body = {"labels": place.instance.labels, "severity": severity, "textPayload": text}
        self._write(place, at_ns, "run.googleapis.com%2Fvarlog%2Fsystem", body, mark)

    def answered(self, request: Request, mark: Mark | None = None, text: str | None = None) -> None:
        """Writes the request log's line; its timestamp is the start of the request. `text`: why it never arrived."""
        scene, rng = request.scene, self._facts
        if scene.place.service.role in self.unlogged:
            return
        severity = (
            "ERROR" if request.status >= _STATUS_ERROR else "WARNING" if request.status >= _STATUS_WARNING else "INFO"
        )
        body: dict[str, Any] = {
            "labels": scene.place.instance.labels, "severity": severity, "spanId": scene.span,
            "trace": f"projects/{self.world.project}/traces/{scene.trace}", "traceSampled": scene.sampled,
            "httpRequest": {
                "requestMethod": request.method, "requestUrl": scene.place.service.host + request.path,
                "status": request.status, "latency": seconds_text(request.took_ns, 9), "protocol": "HTTP/1.1",
                "remoteIp": request.origin.address, "userAgent": request.origin.user_agent,
                "requestSize": str(rng.randrange(280, 2400)), "responseSize": str(rng.randrange(120, 9000)),
                "serverIp": "192.0.2.17",
            },
        }  # fmt: skip
        if text is not None:
            body["textPayload"] = text
        self._write(scene.place, request.start_ns, "run.googleapis.com%2Frequests", body, mark)

    def serve_span(self, request: Request) -> None:
        """Writes the server span of a request, when its trace is sampled."""
        scene = request.scene
        attributes = [
            attribute("http.request.method", request.method), attribute("http.route", request.route),
            attribute("url.path", request.path), attribute("http.response.status_code", request.status),
            attribute("user_agent.original", request.origin.user_agent),
        ]  # fmt: skip
        ids = (scene.trace, scene.span, scene.parent)
        times = (request.start_ns, request.start_ns + request.took_ns)
        span = span_record(ids, f"{request.method} {request.route}", 2, times, attributes)
        if request.origin.kind in self.synthetic:
            span["attributes"].append(attribute("user_agent.synthetic.type", self.synthetic[request.origin.kind]))
        if request.status >= _STATUS_ERROR:
            span["status"] = {"code": 2, "message": f"HTTP {request.status}"}
        self._span(scene, span)

    def task_span(self, scene: Scene, name: str, times_ns: tuple[int, int]) -> None:
        """Writes the internal root span of a background task."""
        self._span(scene, span_record((scene.trace, scene.span, scene.parent), name, 1, times_ns, []))

    def query_span(self, scene: Scene, table: str, times_ns: tuple[int, int], failure: str = "") -> None:
        """Writes a database span; `failure` is the message of its error."""
        attributes = [
            attribute("db.system", "postgresql"), attribute("db.statement", f"SELECT * FROM {table} WHERE id = $1"),
            attribute("db.name", self.world.company),
        ]  # fmt: skip
        span = span_record(self._child(scene), f"SELECT {table}", 3, times_ns, attributes)
        if failure:
            span["status"] = {"code": 2, "message": failure}
            span["events"] = [
                {"timeUnixNano": str(times_ns[1]), "name": "exception",
                 "attributes": [attribute("exception.message", failure)]}
            ]  # fmt: skip
        self._span(scene, span)

    def call_span(self, scene: Scene, span_id: str, called: Request) -> None:
        """Writes the client span of a call to another service; `span_id` is the parent the callee was told."""
        target = called.scene.place.service
        attributes = [
            attribute("http.request.method", called.method), attribute("peer.service", target.name),
            attribute("server.address", target.host.removeprefix("https://")),
            attribute("url.full", target.host + called.path), attribute("http.response.status_code", called.status),
        ]  # fmt: skip
        lingers_ns = self.lingers_ns.get(scene.place.service.role, 0)
        times = (called.start_ns - 2 * MILLI, called.start_ns + called.took_ns + 2 * MILLI + lingers_ns)
        span = span_record((scene.trace, span_id, scene.span), called.method, 3, times, attributes)
        if called.status >= _STATUS_WARNING:
            span["status"] = {"code": 2}
        self._span(scene, span)

    def _child(self, scene: Scene) -> tuple[str, str, str]:
        return (scene.trace, hex_digits(self._facts, 16), scene.span)

    def _span(self, scene: Scene, span: dict[str, Any]) -> None:
        skew_ns = self.skews_ns.get(scene.place.service.role, 0)
        if scene.sampled and skew_ns:
            for end in ("startTimeUnixNano", "endTimeUnixNano"):
                span[end] = str(int(span[end]) + skew_ns)
        if scene.sampled:
            self.spans.write(scene.place.deploy, scene.place.instance.id, span)

    def _write(self, place: Place, at_ns: int, log: str, body: dict[str, Any], mark: Mark | None) -> None:
        at_ns += self.skews_ns.get(place.service.role, 0)
        identity = self.entries.write(at_ns, log, place.deploy.resource, body)
        if mark is not None:
            self.truth.add(mark, place.service.name, identity, at_ns)

    def guilty(self, deploy: Deploy, change: tuple[str, str]) -> dict[str, Any]:
        """The attribution that a fault of this deploy should get."""
        also = [{"type": kind, "name": name} for kind, name in deploy.changes if (kind, name) != change]
        return {
            "service": deploy.service.name, "revision": deploy.revision,
            "change": {"type": change[0], "name": change[1]}, "also_changed": also,
            "deployed_at": iso(deploy.created_ns), "ready_at": iso(deploy.ready_ns or 0),
            "traffic_at": iso(deploy.traffic_ns or 0), "previous_revision": deploy.previous,
        }  # fmt: skip
