"""The system of one seed: company, project, services, their routes, languages and habits."""

from msgspec import Struct

from logtriage.demo import pools
from logtriage.demo.streams import Streams, hex_digits, uuid_text

__all__ = ["Route", "Service", "World", "build_world"]


class Route(Struct, frozen=True):
    """One operation of a service. `calls` are keys of routes it calls, `table` what it queries ("" for nothing)."""

    key: str
    method: str
    path: str  # `{id}` is replaced by an id
    weight: float = 1.0
    calls: tuple[str, ...] = ()
    table: str = ""
    usual_ms: float = 20.0
    needs_session: bool = False


class Service(Struct, frozen=True):
    """One Cloud Run service and how it logs.

    `stacks` says how a stack trace reaches the log: embedded (a JSON field), coalesced (one entry), chunks (a few),
    per_line (one entry a line). `noun` is the part of the domain its modules are named after.
    """

    name: str
    role: str
    language: str
    style: str
    stacks: str
    api: str  # v1 or v2: which Admin API deploys it
    package: str
    noun: str
    verb: str
    port: int
    host: str
    caller: str  # user agent of its own requests
    uid: str
    has_ansi: bool
    has_fake_errors: bool  # JSON lines carry an `error` object though nothing was raised
    routes: dict[str, Route]

    @property
    def can_await(self) -> bool:
        """Its language has `await`."""
        return self.language in {"python", "node"}


class World(Struct, frozen=True):
    """Everything that has a name. `by_role` has one service a role."""

    company: str
    stage: str
    project: str
    number: str
    region: str
    by_role: dict[str, Service]
    nouns: tuple[str, ...]
    verbs: tuple[str, ...]
    secret_key: str  # the variable that signs calls between services
    principal: str  # how the backend is known to the auth service
    deployer: str
    people: tuple[str, ...]
    test_agents: tuple[str, ...]
    labels: dict[str, str]

    @property
    def services(self) -> tuple[Service, ...]:
        """All services, in the order of their roles."""
        return tuple(self.by_role.values())


def build_world(streams: Streams, roles: tuple[str, ...], *, awaiting: str | None = None) -> World:
    """The world of a seed with one service a role; the role `awaiting` gets a language that has await."""
    rng = streams.of("world")
    company = rng.choice(pools.COMPANY_HEADS) + rng.choice(pools.COMPANY_TAILS)
    stage = rng.choice(pools.STAGES)
    project = f"{company}-{stage}"
    nouns = tuple(rng.sample(pools.NOUNS, 6))
    verbs = tuple(rng.sample(pools.VERBS, 6))
    pattern = rng.choice(("{company}-{role}", "{company}-{role}-{stage}", "{head}-{role}-svc", "{role}-{stage}"))
    host_hash = hex_digits(rng, 10)
    by_role: dict[str, Service] = {}
    for at, role in enumerate(roles):
        name = pattern.format(company=company, stage=stage, head=company[:5], role=rng.choice(pools.ROLE_NAMES[role]))
        language = rng.choice(("python", "node") if role == awaiting else pools.LANGUAGES)
        host = f"https://{name}-{host_hash}-ew.a.run.app"
        by_role[role] = _service(streams, role, (name, language, host), (nouns[at], verbs[at], nouns))
    backend = by_role["backend"].name
    return World(
        company=company, stage=stage, project=project, number=str(rng.randrange(10**11, 10**12)),
        region=rng.choice(pools.REGIONS), by_role=by_role, nouns=nouns, verbs=verbs,
        secret_key="_".join((rng.choice(pools.SECRET_HEADS), rng.choice(pools.SECRET_MIDDLES),
                             rng.choice(pools.SECRET_ENDS))),
        principal=rng.choice(("service:{}", "svc/{}", "system:serviceaccount:{}", "machine-client:{}")).format(backend),
        deployer=rng.choice(("ci-deploy", "github-release", "build-bot", "cd-pipeline")),
        people=tuple(rng.sample(pools.PEOPLE, 3)), test_agents=tuple(rng.sample(pools.TEST_AGENTS, 2)),
        labels={rng.choice(("team", "owner", "cost-centre")): rng.choice(nouns)},
    )  # fmt: skip


def _service(
    streams: Streams, role: str, named: tuple[str, str, str], words: tuple[str, str, tuple[str, ...]]
) -> Service:
    name, language, host = named
    noun, verb, nouns = words
    rng = streams.of(f"service/{role}")
    style = rng.choice(pools.STYLES[language])
    is_json = style in {"structlog", "pino", "winston", "slog", "zap", "logstash"}
    return Service(
        name=name, role=role, language=language, style=style,
        stacks="embedded" if is_json else rng.choice(("coalesced", "chunks", "per_line")),
        api=rng.choice(("v1", "v1", "v2")), package=name.replace("-", "_"), noun=noun, verb=verb,
        port=rng.choice((8080, 8080, 8000, 3000)), host=host, caller=rng.choice(pools.CALLERS[language]),
        uid=uuid_text(rng), has_ansi=style == "loguru" and rng.random() < 0.4,  # noqa: PLR2004 - a share
        has_fake_errors=style == "structlog" and rng.random() < 0.5,  # noqa: PLR2004 - a share
        routes=_routes(role, nouns, rng.choice(("/api/v1", "/v1", "/api", "/rest/v2"))),
    )  # fmt: skip


def _routes(role: str, nouns: tuple[str, ...], base: str) -> dict[str, Route]:
    a, b, c = nouns[3], nouns[4], nouns[5]
    backend = (
        Route("backend.list", "GET", f"{base}/{a}s", 4, ("auth.check",), f"{a}s", 45, needs_session=True),
        Route("backend.get", "GET", f"{base}/{a}s/{{id}}", 5, ("auth.check",), f"{a}s", 30, needs_session=True),
        Route("backend.create", "POST", f"{base}/{a}s", 2, ("auth.check",), f"{a}s", 80, needs_session=True),
        Route("backend.search", "GET", f"{base}/{b}s/search", 3, (), "", 25),
        Route("backend.run", "POST", f"{base}/{c}s/{{id}}/runs", 0, (), "", 900),
        Route("backend.health", "GET", "/health", 0, (), "", 3),
    )
    auth = (
        Route("auth.login", "POST", "/login", 1, (), "accounts", 120),
        Route("auth.check", "POST", "/sessions/check", 0, (), "sessions", 12),
        Route("auth.token", "POST", "/internal/tokens", 0, (), "", 9),
        Route("auth.health", "GET", "/healthz", 0, (), "", 2),
    )
    frontend = (
        Route("frontend.home", "GET", "/", 4, (), "", 14),
        Route("frontend.list", "GET", f"/{a}s", 4, ("backend.list",), "", 35),
        Route("frontend.get", "GET", f"/{a}s/{{id}}", 5, ("backend.get",), "", 30),
        Route("frontend.create", "POST", f"/{a}s/new", 2, ("backend.create",), "", 40),
        Route("frontend.search", "GET", "/search", 3, ("backend.search",), "", 30),
        Route("frontend.login", "POST", "/signin", 1, ("auth.login",), "", 30),
        Route("frontend.run", "POST", f"/live/{c}s/{{id}}", 0, (), "", 700),
        Route("frontend.health", "GET", "/ping", 0, (), "", 2),
    )
    worker = (
        Route("worker.run", "POST", f"/tasks/{b}s", 0, (), f"{b}s", 400),
        Route("worker.health", "GET", "/healthz", 0, (), "", 2),
    )
    table = {"backend": backend, "auth": auth, "frontend": frontend, "worker": worker}
    return {route.key: route for route in table[role]}
