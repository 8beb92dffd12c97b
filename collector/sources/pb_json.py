"""Protocol buffers as JSON values, in the shape of REST and of `gcloud ... --format json`.

google.protobuf.json_format is slower by half, makes every number of a Struct a float and raises on an Any whose
type it does not know; what it gives is otherwise given here (tests compare the two). Instants keep nanoseconds.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

__all__ = ["duration_text", "entry_json", "instant_text", "message_json", "struct_json"]

Json = Any

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC throughout; `Z` is written by hand

_LARGEST_EXACT = 2**53  # whole numbers beyond it are no longer exact in a double; left as they are
_INT64_TYPES = frozenset({3, 4, 6, 16, 18})  # int64, uint64, fixed64, sfixed64, sint64: text in JSON
_DOUBLE_TYPES = frozenset({1, 2})
_BYTES, _ENUM, _MESSAGE = 12, 14, 11


def entry_json(entry: Any) -> dict[str, Json]:
    """A google.logging.v2.LogEntry (raw protobuf) as `gcloud logging read --format json` shows it."""
    out: dict[str, Json] = {"logName": entry.log_name}
    if entry.HasField("resource"):
        out["resource"] = {"type": entry.resource.type, "labels": dict(entry.resource.labels)}
    for field, name in _INSTANTS:
        if entry.HasField(field):
            out[name] = instant_text(getattr(entry, field))
    if entry.severity:
        out["severity"] = _severity_name(entry.severity)
    payload = entry.WhichOneof("payload")
    if payload is not None:
        name, convert = _PAYLOADS[payload]
        out[name] = convert(getattr(entry, payload))
    if entry.labels:
        out["labels"] = dict(entry.labels)
    out.update((name, value) for field, name in _SCALARS if (value := getattr(entry, field)))
    for field, name in _MESSAGES:
        if entry.HasField(field):
            out[name] = message_json(getattr(entry, field))
    return out


def message_json(message: Any) -> Json:
    """Any message as proto3 JSON says: camelCase, 64-bit numbers as text, enums by name, unset fields left out."""
    special = _SPECIAL.get(message.DESCRIPTOR.full_name)
    if special is not None:
        return special(message)
    plan = _plan(message.DESCRIPTOR)
    out: dict[str, Json] = {}
    for field, value in message.ListFields():
        name, shape, convert = plan[field.number]
        if shape == "map":
            out[name] = {_map_key(key): convert(value[key]) for key in value}
        elif shape == "list":
            out[name] = [convert(item) for item in value]
        else:
            out[name] = convert(value)
    return out


def struct_json(struct: Any) -> dict[str, Json]:
    """A google.protobuf.Struct as a dict; whole numbers come as int, so that an id 7 is not 7.0."""
    return {key: _value_json(value) for key, value in struct.fields.items()}


def instant_text(stamp: Any) -> str:
    """A Timestamp as RFC 3339 with 0, 3, 6 or 9 fractional digits, as few as hold it."""
    return _second_text(stamp.seconds) + _fraction(stamp.nanos) + "Z"


def duration_text(duration: Any) -> str:
    """A Duration as seconds with 0, 3, 6 or 9 fractional digits: `0.012s`."""
    seconds, nanos = duration.seconds, duration.nanos
    sign = "-" if seconds < 0 or nanos < 0 else ""
    return f"{sign}{abs(seconds)}{_fraction(abs(nanos))}s"


@lru_cache(maxsize=4096)
def _second_text(seconds: int) -> str:
    try:
        return (_EPOCH + timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return f"{seconds} s since 1970"  # no instant at all: the normaliser makes a dead letter of it


def _fraction(nanos: int) -> str:
    if not nanos:
        return ""
    if nanos % 1_000_000 == 0:
        return f".{nanos // 1_000_000:03d}"
    if nanos % 1000 == 0:
        return f".{nanos // 1000:06d}"
    return f".{nanos:09d}"


def _value_json(value: Any) -> Json:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        return _number_json(value.number_value)
    if kind == "struct_value":
        return {key: _value_json(item) for key, item in value.struct_value.fields.items()}
    if kind == "list_value":
        return [_value_json(item) for item in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    return None


def _number_json(number: float) -> Json:
    if not isfinite(number):
        return _odd_number_text(number)
    if number.is_integer() and -_LARGEST_EXACT <= number <= _LARGEST_EXACT:
        return int(number)
    return number


def _odd_number_text(number: float) -> str:
    """JSON has no such numbers; proto3 JSON writes them so."""
    if number != number:  # noqa: PLR0124 - the test for NaN
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _any_json(packed: Any) -> dict[str, Json]:
    """An Any with its `@type`; of a type that nobody here knows the content is left out, and its size told.

    Bytes that cannot be read cannot be redacted either, so they are not carried on.
    """
    inner = _unpacked(packed)
    if inner is None:
        return {"@type": packed.type_url, "undecodedBytes": len(packed.value)}
    content = message_json(inner)
    if isinstance(content, dict) and inner.DESCRIPTOR.full_name not in _SPECIAL:
        return {"@type": packed.type_url, **content}
    return {"@type": packed.type_url, "value": content}


def _unpacked(packed: Any) -> Any | None:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - slow import, wanted by Google sources only

    message_class = _message_class(packed.type_url.rpartition("/")[2])
    if message_class is None:
        return None
    try:
        return message_class.FromString(packed.value)
    except DecodeError:
        return None


@lru_cache(maxsize=256)
def _message_class(full_name: str) -> Any | None:
    """The class of a message type, None when this process has never heard of it."""
    import google.cloud.audit.audit_log_pb2  # noqa: F401, PLC0415 - registers AuditLog, the payload of audit entries
    from google.protobuf import descriptor_pool, message_factory  # noqa: PLC0415 - slow import

    try:
        descriptor = descriptor_pool.Default().FindMessageTypeByName(full_name)
    except KeyError:
        return None
    return message_factory.GetMessageClass(descriptor)


@lru_cache(maxsize=64)
def _severity_name(number: int) -> Json:
    from google.logging.type import log_severity_pb2  # noqa: PLC0415 - slow import, wanted by Google sources only

    known = log_severity_pb2.LogSeverity.DESCRIPTOR.values_by_number.get(number)
    return known.name if known else number


@lru_cache(maxsize=512)
def _plan(descriptor: Any) -> dict[int, tuple[str, str, Callable[[Any], Json]]]:
    """Field number -> JSON name, `one` | `list` | `map`, converter of one value."""
    plan: dict[int, tuple[str, str, Callable[[Any], Json]]] = {}
    for field in descriptor.fields:
        inner = field.message_type
        if inner is not None and inner.GetOptions().map_entry:
            plan[field.number] = (field.json_name, "map", _converter(inner.fields_by_name["value"]))
        else:
            plan[field.number] = (field.json_name, "list" if field.is_repeated else "one", _converter(field))
    return plan


def _converter(field: Any) -> Callable[[Any], Json]:
    if field.type == _MESSAGE:
        return message_json
    if field.type in _INT64_TYPES:
        return str
    if field.type == _ENUM:
        names = {number: value.name for number, value in field.enum_type.values_by_number.items()}
        return lambda number: names.get(number, number)
    if field.type == _BYTES:
        return _base64
    if field.type in _DOUBLE_TYPES:
        return lambda number: number if isfinite(number) else _odd_number_text(number)
    return _as_it_is


def _as_it_is(value: Json) -> Json:
    return value


def _base64(value: bytes) -> str:
    from base64 import b64encode  # noqa: PLC0415 - hardly ever wanted

    return b64encode(value).decode("ascii")


def _map_key(key: Json) -> str:
    return key if isinstance(key, str) else str(key).lower() if isinstance(key, bool) else str(key)


def _mask_text(mask: Any) -> str:
    return str(mask.ToJsonString())


def _wrapped(message: Any) -> Json:
    return _converter(message.DESCRIPTOR.fields_by_name["value"])(message.value)


# Fields of a LogEntry, by how they are read.
_SCALARS = (("insert_id", "insertId"), ("trace", "trace"), ("span_id", "spanId"), ("trace_sampled", "traceSampled"))
_INSTANTS = (("timestamp", "timestamp"), ("receive_timestamp", "receiveTimestamp"))
_MESSAGES = (
    ("http_request", "httpRequest"),
    ("operation", "operation"),
    ("source_location", "sourceLocation"),
    ("split", "split"),
)
_PAYLOADS: dict[str, tuple[str, Callable[[Any], Json]]] = {
    "text_payload": ("textPayload", _as_it_is),
    "json_payload": ("jsonPayload", struct_json),
    "proto_payload": ("protoPayload", _any_json),
}

_SPECIAL: dict[str, Callable[[Any], Json]] = {
    "google.protobuf.Timestamp": instant_text,
    "google.protobuf.Duration": duration_text,
    "google.protobuf.Struct": struct_json,
    "google.protobuf.Value": _value_json,
    "google.protobuf.ListValue": lambda listed: [_value_json(item) for item in listed.values],
    "google.protobuf.Any": _any_json,
    "google.protobuf.FieldMask": _mask_text,
    **{
        f"google.protobuf.{name}Value": _wrapped
        for name in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
    },
}
