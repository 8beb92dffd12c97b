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
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import orjson
import polars as pl
from msgspec import Struct, field

from collector.normalise.semconv import (
    CALLED,
    CALLING,
    CLIENT_ADDRESSES,
    DB_SYSTEM,
    HTTP_METHOD,
    HTTP_ROUTE,
    PEER,
    PEER_ADDRESSES,
    PEER_IPS,
    SYNTHETIC,
    USER_AGENT,
    Emitter,
    error_type,
    exception_of,
    first_text,
    http_path,
    http_status,
    read_emitter,
)
from collector.normalise.surrogates import mend_surrogates
from collector.records import DEAD_LETTER_SCHEMA, SPAN_SCHEMA

__all__ = ["NormalisedSpans", "Redacting", "SpanRows", "normalise_spans"]

_EXCERPT_CHARS = 2000
_ADDRESSES = CLIENT_ADDRESSES | PEER_IPS
_END_OF_TIME_NS = 2**63
_INT64 = range(-(2**63), 2**63)
# {"key": NAME, "value": {"stringValue": VALUE: redaction knows a secret by its name only where the two stand together
_TYPED = r'\{\s*"key"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"value"\s*:\s*\{\s*"\w+Value"\s*:'
_IS_TRACE_ID = re.compile(r"(?!0+\Z)[0-9a-f]{32}\Z").match
_IS_SPAN_ID = re.compile(r"(?!0+\Z)[0-9a-f]{16}\Z").match
_IS_DECIMAL = re.compile(r"[0-9]{17,20}\Z").match  # shorter ones may be hex cut short
_TRACE_DIGITS = 32
_END_OF_SPAN_IDS = 2**64
_FEW_DIFFERENT = (
    "project", "location", "environment", "service", "revision", "instance", "name", "status_message", "http_method",
    "http_route", "user_agent", "synthetic", "peer_service", "db_system", "error_type",
)  # fmt: skip
_REDACTED = (*_FEW_DIFFERENT, "http_path", "exception", "attributes", "events")

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_KIND_NUMBERS = {f"SPAN_KIND_{name}": number for number, name in enumerate(_KINDS)}
_STATUS_NUMBERS = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}


class Redacting(Protocol):
    """What of a Redactor is used here."""

    def frame(self, texts: pl.Series) -> pl.Series:
        """A column of texts without secrets."""
        ...

    def text(self, value: str) -> str:
        """One text without secrets."""
        ...

    def caller(self, address: str) -> str:
        """What stands for a caller's address: a keyed hash."""
        ...


class NormalisedSpans(Struct, frozen=True):
    """Spans and what became none. `read` counts spans and unusable records: rows of `spans` plus rows of `dead`."""

    spans: pl.DataFrame  # SPAN_SCHEMA
    dead: pl.DataFrame  # DEAD_LETTER_SCHEMA
    read: int


def normalise_spans(records: pl.DataFrame, *, location: str, redactor: Redacting) -> NormalisedSpans:
    """The spans of those requests (RAW_SCHEMA), in their order. Never raises for what a record holds."""
    build = SpanRows(redactor)
    for line, raw in zip(records["line"].to_list(), records["raw"].to_list(), strict=True):
        build.add(line, raw)
    return build.normalised(location)


def redact_spans(spans: pl.DataFrame, redactor: Redacting) -> pl.DataFrame:
    """The same spans without secrets."""
    return spans.with_columns(_without_secrets(spans[name], redactor).alias(name) for name in _REDACTED)


def _without_secrets(texts: pl.Series, redactor: Redacting) -> pl.Series:
    """The texts redacted; each different one once where few are."""
    different = texts.unique() if texts.name in _FEW_DIFFERENT else texts
    if 2 * len(different) > len(texts):
        return redactor.frame(texts)
    told = redactor.frame(different)
    if different.equals(told):
        return texts
    table = pl.DataFrame({"text": different, "told": told})
    joined = pl.DataFrame({"text": texts}).join(table, on="text", how="left", nulls_equal=True, maintain_order="left")
    return joined["told"]


class _BadSpanError(ValueError):
    """Why a span cannot be kept, as a clause."""


class SpanRows(Struct):
    """Rows so far, each in the order of SPAN_SCHEMA, and what became none: line, reason, excerpt."""

    redactor: Redacting
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    letters: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, line: int, raw: str) -> None:
        """The spans of one request's JSON; what is unusable in it goes to the letters."""
        request = _parse(raw)
        resources = request.get("resourceSpans") if isinstance(request, dict) else None
        if not isinstance(resources, list):
            reason = "not JSON" if request is None else "no OTLP trace request"
            self.letters.append((line, reason, raw))
            return
        self.add_resources(line, resources)

    def add_resources(self, line: int, resources: list[Any]) -> None:
        """The spans of one request's resources; what is unusable in them goes to the letters."""
        for emitter, span in _spans(resources):
            try:
                self.rows.append(_row(span, emitter, self))
            except _BadSpanError as error:
                self.letters.append((line, str(error), _excerpt(span)))
            except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
                self.letters.append((line, "the span is malformed", _excerpt(span)))

    def normalised(self, location: str) -> NormalisedSpans:
        """All rows and letters so far."""
        spans, dead = self.spans(), self.dead(location)
        return NormalisedSpans(spans, dead, len(spans) + len(dead))

    def spans(self) -> pl.DataFrame:
        """The rows as SPAN_SCHEMA, redacted."""
        return redact_spans(self.frame(), self.redactor)

    def frame(self) -> pl.DataFrame:
        """The rows as SPAN_SCHEMA, not yet redacted."""
        return pl.DataFrame(dict(zip(SPAN_SCHEMA, zip(*self.rows, strict=True), strict=False)), schema=SPAN_SCHEMA)

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
            attributes[name] = self.redactor.caller(str(attributes[name]))


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


def _spans(resources: list[Any]) -> Iterator[tuple[Emitter, Any]]:
    """Each span with its emitter; a part that is no object or list comes out in place of its spans."""
    for resource in resources:
        if not isinstance(resource, dict):
            yield Emitter(), resource
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


def _emitter(resource: object) -> Emitter:
    try:
        return read_emitter(read_attributes(resource.get("attributes"))) if isinstance(resource, dict) else Emitter()
    except (AttributeError, KeyError, TypeError, ValueError):
        return Emitter()


def _row(span: dict[str, Any], emitter: Emitter, build: SpanRows) -> tuple[Any, ...]:
    """One span in the order of SPAN_SCHEMA, not yet redacted; _BadSpanError when it lacks an id or its start."""
    trace = _hex(span.get("traceId"), _IS_TRACE_ID) or _refuse("the span has no valid trace id")
    own_id = _hex(span.get("spanId"), _IS_SPAN_ID) or _refuse("the span has no valid span id")
    start_ns = _instant(span.get("startTimeUnixNano")) or _refuse("the span has no valid start")
    end_ns = _instant(span.get("endTimeUnixNano"))
    kind = _enum(span.get("kind"), _KIND_NUMBERS, len(_KINDS))
    status = span.get("status") or {}
    attributes = read_attributes(span.get("attributes"))
    if not CLIENT_ADDRESSES.isdisjoint(attributes):
        build.hide(attributes, CLIENT_ADDRESSES & attributes.keys())
    if kind in CALLED and not PEER_IPS.isdisjoint(attributes):
        build.hide(attributes, PEER_IPS & attributes.keys())
    peer = first_text(attributes, PEER)
    if peer is None and kind in CALLING:  # on the called side these name the service itself
        peer = first_text(attributes, PEER_ADDRESSES)
    events = read_events(span.get("events"), build.redactor.caller)
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
        first_text(attributes, HTTP_METHOD),
        first_text(attributes, HTTP_ROUTE),
        http_path(attributes),
        http_status(attributes),
        first_text(attributes, USER_AGENT),
        first_text(attributes, SYNTHETIC),
        cold if isinstance(cold := attributes.get("faas.coldstart"), bool) else None,
        peer,
        first_text(attributes, DB_SYSTEM),
        error_type(attributes),
        exception_of(events),
        orjson.dumps(attributes).decode(),
        orjson.dumps(events).decode() if events else None,
        read_links(span.get("links")),
    )


def _refuse(reason: str) -> Any:
    raise _BadSpanError(reason)


def _hex(value: object, is_id: Any) -> str:
    """The id in lower-case hex, whatever notation it comes in; "" when it is none.

    Others than hex: base64, as protobuf's own JSON writer has it; a trace of 64 bits; projects/P/traces/T of Google
    Cloud, whose span ids are decimal.
    """
    if not isinstance(value, str) or not value:
        return ""
    digits = value.rpartition("/")[2].lower()
    if is_id(digits):
        return digits
    if value.endswith("="):
        try:
            digits = base64.b64decode(value, validate=True).hex()
        except binascii.Error:
            return ""
    elif is_id is _IS_TRACE_ID and _IS_SPAN_ID(digits):
        digits = digits.zfill(_TRACE_DIGITS)
    elif is_id is _IS_SPAN_ID and _IS_DECIMAL(digits) and int(digits) < _END_OF_SPAN_IDS:
        digits = f"{int(digits):016x}"
    return digits if is_id(digits) else ""


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


def read_attributes(listed: Any) -> dict[str, Any]:
    """OTLP's list of keys and typed values as a dict; of a key given twice the last counts."""
    attributes = {}
    for item in listed or ():
        typed = item.get("value") or {}  # protobuf's JSON leaves out what is empty
        attributes[item.get("key") or ""] = typed["stringValue"] if "stringValue" in typed else read_value(typed)
    return attributes


def read_value(typed: dict[str, Any]) -> Any:
    """The plain value of an AnyValue; bytes stay base64 text, and so does what is no number of 64 bits."""
    for name, value in typed.items():
        if name == "intValue":
            return _whole(value)
        if name == "arrayValue":
            return [read_value(item) for item in value.get("values") or ()]
        if name == "kvlistValue":
            return read_attributes(value.get("values"))
        if name in {"stringValue", "boolValue", "doubleValue", "bytesValue"}:
            return value
    return None


def _whole(value: Any) -> int | str:
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)
    return whole if whole in _INT64 else str(value)


def read_events(events: Any, caller: Callable[[str], str]) -> list[dict[str, Any]]:
    """{name, at_ns, attributes} of each event, addresses of callers as `caller` tells them."""
    return [
        {
            "name": event.get("name") or "",
            "at_ns": _instant(event.get("timeUnixNano")) or None,
            "attributes": _hidden(read_attributes(event.get("attributes")), caller),
        }
        for event in events or ()
    ]


def _hidden(attributes: dict[str, Any], caller: Callable[[str], str]) -> dict[str, Any]:
    """The attributes of an event; which side of a call wrote it is not told, so that every peer is hidden."""
    for name in _ADDRESSES & attributes.keys():
        attributes[name] = caller(str(attributes[name]))
    return attributes


def read_links(links: Any) -> str | None:
    """`TRACE:SPAN` of each link that names both."""
    pairs = [(_hex(one.get("traceId"), _IS_TRACE_ID), _hex(one.get("spanId"), _IS_SPAN_ID)) for one in links or ()]
    return " ".join(f"{trace}:{span}" for trace, span in pairs if trace and span) or None


def _excerpt(part: object) -> str:
    try:
        return orjson.dumps(part).decode()
    except orjson.JSONEncodeError:  # nested deeper than orjson writes
        return ""
