"""OTLP JSON trace requests -> spans as columns.

What comes in: raw records, each one ExportTraceServiceRequest in OTLP's JSON (ids in hex, 64-bit numbers as text or
number, enums as number or name). What goes out: SPAN_SCHEMA, redacted, and dead letters. Trace state and the
resource's other attributes are not kept. 60,000 to 90,000 spans a second on one core, redaction included.

A span needs a trace id, a span id and a start; one without is a dead letter and the rest of its request goes in. One
without an end is kept as unfinished. An end before its start is skew between clocks, not damage: the span is kept with
duration 0.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
import polars as pl

from collector.normalise.surrogates import mend_surrogates
from collector.records import DEAD_LETTER_SCHEMA, SPAN_SCHEMA

__all__ = ["NormalisedSpans", "Redacting", "normalise_spans"]

_EXCERPT_CHARS = 2000
_END_OF_TIME_NS = 2**63
_INT64 = range(-(2**63), 2**63)
_HTTP_STATUS = range(100, 1000)
# {"key": NAME, "value": {"stringValue": VALUE: redaction knows a secret by its name only where the two stand together
_TYPED = r'\{\s*"key"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"value"\s*:\s*\{\s*"\w+Value"\s*:'
_IS_TRACE_ID = re.compile(r"(?!0+\Z)[0-9a-f]{32}\Z").match
_IS_SPAN_ID = re.compile(r"(?!0+\Z)[0-9a-f]{16}\Z").match
_REDACTED = (
    "name", "status_message", "http_route", "http_path", "user_agent", "peer_service", "error_type", "exception",
    "attributes", "events",
)  # fmt: skip

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_KIND_NUMBERS = {f"SPAN_KIND_{name}": number for number, name in enumerate(_KINDS)}
_STATUS_NUMBERS = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}
_CALLED, _CALLING = frozenset({2, 5}), frozenset({3, 4})  # server and consumer; client and producer

# Semantic conventions, new names before old ones: opentelemetry.io/docs/specs/semconv
_SERVICE = ("service.name",)
_SERVICE_ELSE = ("faas.name", "cloud_run.service")
# On Cloud Run the resource detector puts the revision into faas.version; service.version may be the build's number.
_REVISION = ("faas.version", "cloud_run.revision", "g.co/r/cloud_run_revision/revision_name", "service.version")
_INSTANCE = ("faas.instance", "faas.id", "service.instance.id")
_PROJECT = ("cloud.account.id", "gcp.project.id", "gcp.project_id", "g.co/r/cloud_run_revision/project_id")
_LOCATION = ("cloud.region", "g.co/r/cloud_run_revision/location")
_ENVIRONMENT = ("deployment.environment.name", "deployment.environment")
_METHOD = ("http.request.method", "http.method")
_STATUS = ("http.response.status_code", "http.status_code")
_USER_AGENT = ("user_agent.original", "http.user_agent")
_PATH = ("url.path", "http.target", "url.full", "http.url")
_RPC_STATUS = ("rpc.response.status_code", "rpc.grpc.status_code")
_RPC_FINE = ("0", "OK")
_ORIGIN = re.compile(r"\A[a-z][a-z0-9+.-]*://[^/?#]*")
_PEER = ("service.peer.name", "peer.service")
_PEER_ADDRESS = ("server.address", "net.peer.name", "net.sock.peer.name")
_DB = ("db.system.name", "db.system")
_CLIENT_ADDRESS = frozenset({"client.address", "client.socket.address", "http.client_ip"})
_PEER_IP = frozenset({"network.peer.address", "net.sock.peer.addr", "net.peer.ip"})


class Redacting(Protocol):
    """What of a Redactor is used here."""

    def frame(self, texts: pl.Series) -> pl.Series:
        """A column of texts without secrets."""
        ...

    def text(self, value: str) -> str:
        """One text without secrets."""
        ...

    def hash(self, value: str) -> str:
        """A keyed hash that stands for the value."""
        ...


@dataclass(frozen=True, slots=True)
class NormalisedSpans:
    """Spans and what became none. `read` counts spans and unusable records: rows of `spans` plus rows of `dead`."""

    spans: pl.DataFrame  # SPAN_SCHEMA
    dead: pl.DataFrame  # DEAD_LETTER_SCHEMA
    read: int


def normalise_spans(records: pl.DataFrame, *, location: str, redactor: Redacting) -> NormalisedSpans:
    """The spans of those requests (RAW_SCHEMA), in their order. Never raises for what a record holds."""
    build = _Build(redactor)
    for line, raw in zip(records["line"].to_list(), records["raw"].to_list(), strict=True):
        build.add(line, raw)
    spans = build.spans()
    dead = build.dead(location)
    return NormalisedSpans(spans, dead, len(spans) + len(dead))


class _BadSpanError(ValueError):
    """Why a span cannot be kept, as a clause."""


@dataclass(slots=True)
class _Emitter:
    """What a resource says about its spans."""

    project: str = ""
    location: str = ""
    environment: str = ""
    service: str = ""
    revision: str = ""
    instance: str = ""


@dataclass(slots=True)
class _Build:
    """Rows so far."""

    redactor: Redacting
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    letters: list[tuple[int, str, str]] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    def add(self, line: int, raw: str) -> None:
        """One request's spans; what is unusable in it goes to the letters."""
        request = _parse(raw)
        resources = request.get("resourceSpans") if isinstance(request, dict) else None
        if not isinstance(resources, list):
            reason = "not JSON" if request is None else "no OTLP trace request"
            self.letters.append((line, reason, raw))
            return
        for emitter, span in _spans(resources):
            try:
                self.rows.append(_row(span, emitter, self))
            except _BadSpanError as error:
                self.letters.append((line, str(error), _excerpt(span)))
            except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
                self.letters.append((line, "the span is malformed", _excerpt(span)))

    def spans(self) -> pl.DataFrame:
        """The rows as SPAN_SCHEMA, redacted."""
        frame = pl.DataFrame(dict(zip(SPAN_SCHEMA, zip(*self.rows, strict=True), strict=False)), schema=SPAN_SCHEMA)
        return frame.with_columns(self.redactor.frame(frame[name]).alias(name) for name in _REDACTED)

    def dead(self, location: str) -> pl.DataFrame:
        """The letters as DEAD_LETTER_SCHEMA, redacted."""
        lines = [line for line, _, _ in self.letters]
        excerpts = pl.Series("excerpt", [text[: 2 * _EXCERPT_CHARS] for _, _, text in self.letters], pl.String)
        return pl.DataFrame(
            {
                "location": [location] * len(lines),
                "line": lines,
                "reason": [reason for _, reason, _ in self.letters],
                "excerpt": self.redactor.frame(excerpts.str.replace_all(_TYPED, "{${1}:")).str.head(_EXCERPT_CHARS),
            },
            schema=DEAD_LETTER_SCHEMA,
        )

    def hide(self, attributes: dict[str, Any], names: Iterable[str]) -> None:
        """Callers' addresses become keyed hashes, so that one caller stays one caller."""
        for name in names:
            value = str(attributes[name])
            if value not in self.hashes:
                self.hashes[value] = f"<address:{self.redactor.hash(value)}>"
            attributes[name] = self.hashes[value]


def _parse(raw: str) -> Any | None:
    """The JSON value; halves of surrogate pairs, which some exporters cut apart, become U+FFFD. None if it is none."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:
        return orjson.loads(mend_surrogates(raw))
    except orjson.JSONDecodeError:
        return None


def _spans(resources: list[Any]) -> Iterator[tuple[_Emitter, Any]]:
    """Each span with its emitter; a part that is no object or list comes out in place of its spans."""
    for resource in resources:
        if not isinstance(resource, dict):
            yield _Emitter(), resource
            continue
        emitter = _emitter(resource.get("resource"))
        for scope in _listed(resource, "scopeSpans", "instrumentationLibrarySpans"):
            if not isinstance(scope, dict):
                yield emitter, scope
                continue
            for span in _listed(scope, "spans"):
                yield emitter, span


def _listed(holder: Mapping[str, Any], *names: str) -> list[Any]:
    value: Any = next((holder[name] for name in names if holder.get(name) is not None), [])
    return value if isinstance(value, list) else [value]


def _emitter(resource: object) -> _Emitter:
    try:
        attributes = _attributes(resource.get("attributes")) if isinstance(resource, dict) else {}
    except (AttributeError, KeyError, TypeError, ValueError):
        return _Emitter()
    service = _first_text(attributes, _SERVICE) or ""
    if not service or service.startswith("unknown_service"):  # what SDKs write when nobody set a name
        service = _first_text(attributes, _SERVICE_ELSE) or service
    told = (_PROJECT, _LOCATION, _ENVIRONMENT)
    project, location, environment = (_first_text(attributes, names) or "" for names in told)
    revision, instance = (_first_text(attributes, names) or "" for names in (_REVISION, _INSTANCE))
    return _Emitter(project, location, environment, service, revision, instance)


def _row(span: dict[str, Any], emitter: _Emitter, build: _Build) -> tuple[Any, ...]:
    """One span in the order of SPAN_SCHEMA, not yet redacted; _BadSpanError when it lacks an id or its start."""
    trace = _hex(span.get("traceId"), _IS_TRACE_ID) or _refuse("the span has no valid trace id")
    own_id = _hex(span.get("spanId"), _IS_SPAN_ID) or _refuse("the span has no valid span id")
    start_ns = _instant(span.get("startTimeUnixNano")) or _refuse("the span has no valid start")
    end_ns = _instant(span.get("endTimeUnixNano"))
    kind = _enum(span.get("kind"), _KIND_NUMBERS, len(_KINDS))
    status = span.get("status") or {}
    attributes = _attributes(span.get("attributes"))
    if not _CLIENT_ADDRESS.isdisjoint(attributes):
        build.hide(attributes, _CLIENT_ADDRESS & attributes.keys())
    if kind in _CALLED and not _PEER_IP.isdisjoint(attributes):
        build.hide(attributes, _PEER_IP & attributes.keys())
    peer = _first_text(attributes, _PEER)
    if peer is None and kind in _CALLING:  # on the called side these name the service itself
        peer = _first_text(attributes, _PEER_ADDRESS)
    events = _events(span.get("events"))
    return (
        trace,
        own_id,
        _hex(span.get("parentSpanId"), _IS_SPAN_ID),
        emitter.project,
        emitter.location,
        emitter.environment,
        emitter.service,
        emitter.revision,
        emitter.instance,
        str(span.get("name") or ""),
        kind,
        start_ns,
        max(0, end_ns - start_ns) if end_ns else None,
        None,
        _enum(status.get("code"), _STATUS_NUMBERS, len(_STATUS_NUMBERS)),
        str(status["message"]) if status.get("message") else None,
        _first_text(attributes, _METHOD),
        _first_text(attributes, ("http.route",)),
        _path(attributes),
        _http_status(attributes),
        _first_text(attributes, _USER_AGENT),
        _first_text(attributes, ("user_agent.synthetic.type",)),
        cold if isinstance(cold := attributes.get("faas.coldstart"), bool) else None,
        peer,
        _first_text(attributes, _DB),
        _error_type(attributes),
        _exception(events),
        orjson.dumps(attributes).decode(),
        orjson.dumps(events).decode() if events else None,
        _links(span.get("links")),
    )


def _refuse(reason: str) -> Any:
    raise _BadSpanError(reason)


def _hex(value: object, is_id: Any) -> str:
    """The id in lower-case hex, also from the base64 that protobuf's own JSON writer makes; "" when it is none."""
    if not isinstance(value, str) or not value:
        return ""
    digits = value.lower()
    if is_id(digits):
        return digits
    if value.endswith("="):
        try:
            digits = base64.b64decode(value, validate=True).hex()
        except binascii.Error:
            return ""
        return digits if is_id(digits) else ""
    return ""


def _instant(value: object) -> int:
    """Nanoseconds since 1970; 0 when missing or no such instant."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            instant = int(value)
        except (ValueError, OverflowError):
            return 0
        return instant if 0 < instant < _END_OF_TIME_NS else 0
    return 0


def _enum(value: object, numbers: Mapping[str, int], count: int) -> int:
    """The number of an enum's value given as number or name; 0 for what is not known."""
    if isinstance(value, int):
        return value if 0 <= value < count else 0
    return numbers.get(value, 0) if isinstance(value, str) else 0


def _attributes(listed: Any) -> dict[str, Any]:
    """OTLP's list of keys and typed values as a dict; of a key given twice the last counts."""
    attributes = {}
    for item in listed or ():
        typed = item["value"]
        attributes[item["key"]] = typed["stringValue"] if "stringValue" in typed else _value(typed)
    return attributes


def _value(typed: dict[str, Any]) -> Any:
    """The plain value of an AnyValue; bytes stay base64 text, numbers beyond 64 bits text."""
    for name, value in typed.items():
        if name == "intValue":
            whole = int(value)
            return whole if whole in _INT64 else str(value)
        if name == "arrayValue":
            return [_value(item) for item in value.get("values") or ()]
        if name == "kvlistValue":
            return _attributes(value.get("values"))
        if name in {"stringValue", "boolValue", "doubleValue", "bytesValue"}:
            return value
    return None


def _first_text(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The value of the first name that is there and not empty."""
    for name in names:
        value = attributes.get(name)
        if value is not None and value != "":
            return value if isinstance(value, str) else str(value)
    return None


def _http_status(attributes: Mapping[str, Any]) -> int | None:
    text = _first_text(attributes, _STATUS)
    status = int(text) if text is not None and text.isdecimal() else 0
    return status if status in _HTTP_STATUS else None


def _path(attributes: Mapping[str, Any]) -> str | None:
    """The path of the request, without scheme, host and query."""
    text = _first_text(attributes, _PATH)
    if text is None:
        return None
    return re.split(r"[?#]", _ORIGIN.sub("", text), maxsplit=1)[0] or "/"


def _error_type(attributes: Mapping[str, Any]) -> str | None:
    """error.type, else the status of a gRPC call that is not fine."""
    told = _first_text(attributes, ("error.type",))
    if told is not None:
        return told
    status = _first_text(attributes, _RPC_STATUS)
    return None if status in _RPC_FINE else status


def _events(events: Any) -> list[dict[str, Any]]:
    """{name, at_ns, attributes} of each event."""
    return [
        {
            "name": event.get("name") or "",
            "at_ns": _instant(event.get("timeUnixNano")) or None,
            "attributes": _attributes(event.get("attributes")),
        }
        for event in events or ()
    ]


def _exception(events: Iterable[Mapping[str, Any]]) -> str | None:
    """The first exception among events: its stacktrace, else `type: message`; None where there is none."""
    for event in events:
        if event["name"] == "exception":
            told = [_first_text(event["attributes"], (f"exception.{part}",)) for part in ("type", "message")]
            stack = _first_text(event["attributes"], ("exception.stacktrace",))
            return stack or ": ".join(part for part in told if part) or None
    return None


def _links(links: Any) -> str | None:
    """`TRACE:SPAN` of each link that names both."""
    pairs = [(_hex(one.get("traceId"), _IS_TRACE_ID), _hex(one.get("spanId"), _IS_SPAN_ID)) for one in links or ()]
    return " ".join(f"{trace}:{span}" for trace, span in pairs if trace and span) or None


def _excerpt(part: object) -> str:
    try:
        return orjson.dumps(part).decode()
    except orjson.JSONEncodeError:  # nested deeper than orjson writes
        return ""
