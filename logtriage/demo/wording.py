"""How a system words what happens: several variants a kind, one of them drawn per service."""

from msgspec import Struct

from logtriage.demo.streams import Streams
from logtriage.demo.world import Service, World

__all__ = ["NOISE", "Noise", "Phrase", "Words"]


class Phrase(Struct, frozen=True):
    """One drawn wording with the place in the code that says it. `text` has the slots of its kind."""

    text: str
    module: str
    function: str
    number: int

    def fill(self, **slots: object) -> str:
        """The message."""
        return self.text.format(**slots)


_VARIANTS: dict[str, tuple[str, ...]] = {
    # service-to-service authentication; {principal} {target} {id}
    "service_denied": (
        "403 Forbidden from {target}: caller {principal} is not authenticated",
        "{target} answered 403 to {principal}: not authenticated (request {id})",
        "call to {target} denied, status=403 principal='{principal}' stage=token_exchange",
        "token exchange failed for {principal}: 403 Not authenticated",
    ),
    "principal_rejected": (
        "rejecting token request of {principal}: signature missing",
        "authentication failed principal={principal} reason=no_credentials",
        "denied: {principal} presented no valid signature (correlation {id})",
    ),
    "unsigned_calls": (
        "{key} is not set, calls to other services go out unsigned",
        "no value for {key}; falling back to anonymous service calls",
    ),
    "session_failed": (
        "could not open database session for request {id}",
        "request-scoped session unavailable (request {id}): no service identity",
        "session factory failed while serving {id}",
    ),
    "session_error": (
        "session refused: identity of the caller is not established",
        "cannot bind session without service identity",
        "session pool declined an anonymous caller",
    ),
    "query_stalled": (
        "query on {table} gave up after {ms} ms waiting for a session",
        "{table}: statement stalled, {ms} ms (limit 5000 ms)",
        "waited {ms} ms for a session before reading {table}",
    ),
    "upstream_failed": (
        "{target} answered {status} to {method} {path}",
        "upstream call failed: {method} {target}{path} -> {status}",
        "bad response from {target}: status {status} for {method} {path}",
    ),
    # await; {object} {call} {id}
    "await_failed": (
        "{call} failed for {id}",
        "unhandled error while running {call} ({id})",
        "run {id} aborted in {call}",
    ),
    "run_timed_out": (
        "run {id} produced no event within 15 s, giving up",
        "timed out after 15.0s waiting for run {id}",
        "watchdog: {id} exceeded 15000 ms",
    ),
    "defect": (
        "unhandled error in {call} (request {id})",
        "{call} raised while serving {id}",
        "request {id} failed in {call}",
    ),
    # dependencies; {host} {ms} {id}
    "cache_timeout": (
        "cache at {host} timed out after {ms} ms",
        "Timeout reading from cache {host} ({ms} ms)",
        "cache GET took longer than {ms} ms on {host}; continuing without",
    ),
    "store_down": (
        "connection to {host} refused while reading {table}",
        "cannot reach {host}: connection refused (111) [{table}]",
        "{table} unavailable: dial {host} failed, connection refused",
    ),
    "import_failed": (
        "application failed to load",
        "start-up aborted: a module could not be loaded",
        "boot failed before the first request",
    ),
    # configuration, access, other people's systems; {key} {noun} {verb} {call} {host} {ms} {id} {agent}
    "missing_key": (
        "{call} cannot run: {key} is not configured",
        "configuration incomplete, {key} missing (request {id})",
        "refusing {id}: setting {key} absent",
    ),
    "bad_value": (
        "{call} rejected its configuration: {key}",
        "could not apply {key} while serving {id}",
        "{id} failed: {key} has a value nobody understands",
    ),
    "refused": (
        "{noun} store refused our credentials (request {id})",
        "{call}: access denied",
        "login at {host} failed for {id}",
    ),
    "iam": (
        "could not {verb} {noun} for {id}: permission denied",
        "{call} forbidden by the project's policy",
        "403 from storage while serving {id}",
    ),
    "maintenance": (
        "lost the connection to {host} while serving {id}",
        "{call}: database went away",
        "transaction of {id} aborted by the server",
    ),
    "certificate": (
        "TLS handshake with {host} failed (request {id})",
        "{call}: cannot establish a secure connection to {host}",
        "{host} is not trusted any more, {id} given up",
    ),
    "provider": (
        "{noun} provider at {host} did not answer in {ms} ms",
        "{call}: giving up on {host} after {ms} ms",
        "no reply from {host} for {id}",
    ),
    "own_timeout": (
        "{call} gave up on {id} after 10 s",
        "request {id} exceeded its budget of 10000 ms",
        "{verb} {noun} timed out ({id})",
    ),
    "reply": (
        "cannot read the answer to {id}",
        "{call} stumbled over a reply",
        "decoding the reply for {id} failed",
    ),
    "pool": (
        "no database connection for {id} within 5 s",
        "{call}: connection pool exhausted",
        "{id} waited 5000 ms for a connection and gave up",
    ),
    "bad_client": (
        "rejected body of {id} from {agent}: '{noun}_id' is required",
        "400 for {agent}: field {noun}.{verb} must be a number",
        "client {agent} sent an unreadable {noun} ({id})",
    ),
    # standing noise
    "middleware": (
        "session middleware is not installed, skipping session for {path}",
        "no session store configured; {path} served without session",
    ),
    "token_expired": (
        "token expired at {at} for account {id}",
        "rejected expired token of {id} (exp {at})",
        "bearer {jwt} expired at {at}",
    ),
    "deprecated": (
        "setting '{noun}_mode' is deprecated, use '{noun}_policy'",
        "{noun} v1 serializer is deprecated and goes away with the next major version",
    ),
    "optional_down": (
        "metrics sink {host} unreachable, events dropped: {n}",
        "recommendation backend at {host} is down, using defaults ({n} calls)",
    ),
    "slow_query": (
        "slow query on {noun}s: {ms} ms",
        "query plan for {noun}s took {ms} ms",
    ),
    "client_gone": (
        "client closed the connection before the response to {id}",
        "write failed for {id}: broken pipe",
    ),
    "retry_ok": (
        "attempt 1 for {noun} {id} failed, attempt 2 succeeded",
        "retried {noun} {id} once: ok",
    ),
    "test_negative": (
        "request without credentials to {path} refused",
        "401 on {path}: missing bearer token",
    ),
    # ordinary life
    "done": (
        "{verb} {noun} {id} done in {ms} ms",
        "{noun} {id}: {verb} ok ({ms} ms)",
    ),
    "listed": (
        "returned {n} {noun}s to account {id}",
        "{n} {noun}s for {id}",
    ),
}
_FUNCTIONS = {"service_denied": "exchange_token", "session_failed": "open_session", "await_failed": "run"}


class Noise(Struct, frozen=True):
    """Standing noise of one kind: its level, entries an hour and service, and whether a report may list it."""

    kind: str
    level: str
    per_hour: float
    may_report: bool = False


NOISE = (
    Noise("middleware", "WARNING", 4.0),
    Noise("token_expired", "WARNING", 0.6),
    Noise("deprecated", "WARNING", 0.4),
    Noise("optional_down", "ERROR", 1.6, may_report=True),
    Noise("slow_query", "WARNING", 0.4),
    Noise("client_gone", "WARNING", 0.15),
    Noise("retry_ok", "WARNING", 0.15),
)


class Words:
    """The phrases of one world."""

    def __init__(self, world: World, streams: Streams) -> None:
        self._world = world
        self._streams = streams
        self._drawn: dict[tuple[str, str], Phrase] = {}

    def of(self, kind: str, service: Service) -> Phrase:
        """How this service words a kind, always the same."""
        phrase = self._drawn.get((kind, service.role))
        if phrase is None:
            rng = self._streams.of(f"words/{service.role}/{kind}")
            layer = rng.choice(("handlers", "services", "core", "clients"))
            function = _FUNCTIONS.get(kind, f"{rng.choice(self._world.verbs)}_{rng.choice(self._world.nouns)}")
            phrase = Phrase(
                rng.choice(_VARIANTS[kind]),
                f"{layer}/{rng.choice(self._world.nouns)}",
                function,
                rng.randrange(20, 400),
            )
            self._drawn[kind, service.role] = phrase
        return phrase
