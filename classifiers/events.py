"""Business events: which of them entries and spans name. Stored rows in, rows of the table `events` out.

A line names an event by a key of its payload, by a key in its text, or in words; a span by its span events and by what
it sends to a queue. The tables below are data, of any language and logger: a new way to name events is a new word.
What is found is derived, one row an entry: other rules make it anew.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from classifiers.event_sentences import sentence_params, span_name_params
from collector.store import Store, Writer

__all__ = ["EVENT_RULES", "find_new_events"]

EVENT_RULES = 3  # rises when an event is read from other lines, or otherwise from the same ones
_ROWS_AT_ONCE = 100_000  # entries and spans of a transaction: a reader waits for it
_KEYS = (
    "event", "event_name", "eventName", "eventname", "EventName", "event_type", "eventType", "EventType", "event.name",
    "event.type", "event-type", "event-name", "eventId", "EventId", "event_kind", "eventKind", "event_code",
    "eventCode", "domain_event", "domainEvent", "ce_type", "ce-type", "evt",
)  # fmt: skip
_VAGUE_KEYS = (
    "type", "action", "kind", "topic", "subject", "routing_key", "routingKey", "messageType", "message_type",
    "message_name", "messageName", "event.action", "event_action", "eventAction", "detail-type",
)  # fmt: skip
_HOLDERS = ("data", "payload", "attributes", "context", "event", "body", "detail", "fields", "extra", "properties")
_NAMED = (("event", "name"), ("Event", "Name"), ("EventId", "Name"), ("eventId", "name"))  # what an event itself holds
# Attributes of spans: the type of a message, and where it is sent.
_TYPE_KEYS = (
    "event.name", "event.type", "event_type", "event_name", "messaging.message.type", "messaging.event.type",
    "message.type", "message_type", "cloudevents.event_type", "cloudevents.type", "messaging.masstransit.message_types",
    "messaging.rabbitmq.destination.routing_key", "messaging.rabbitmq.routing_key",
)  # fmt: skip
_DESTINATION_KEYS = ("messaging.destination.name", "messaging.destination")
_SAID_KEYS = ("message", "msg", "text", "@mt", "@m", "Message", "MessageTemplate", "RenderedMessage", "short_message")
_WORD = "[A-Za-z][A-Za-z0-9]*"
_SEVERAL = f"(?:{_WORD}(?:[._:/-]{_WORD})+|[A-Z]?[a-z][a-z0-9]*(?:[A-Z][a-z0-9]+)+)"
_ONE = f"(?:{_WORD}(?:[._:/-]{_WORD})*)"
_QUOTE = "[\\\\\"'`]*"
_SENT = "(?:publish|emit|dispatch|broadcast|produc|enqueu|rais|fir|send|sent|notif|trigger|handl|process|record|receiv)"
_EVENT_KEY = "(?:event|evt)(?:[._-]?(?:name|type|kind|code))?"
_END = "(?:[\\s,;)}\\]\"'`\\\\]|\\z)"
_TELLING = (
    '(?i)event|evt|publish|emit|broadcast|dispatch|enqueue|"(?:type|action|kind|topic|subject|routing_?key)"|'
    "\\btype\\W{1,3}[a-z_.-]+\\W{1,3}payload"
)
_PAIR = f"(?i:(?:\\A|[^a-z])(?:{_EVENT_KEY})){_QUOTE}(?:={_QUOTE}|:{_QUOTE})({_ONE}){_END}"
_VAGUE_PAIR = (
    f"(?i:\\b(?:type|action|kind|topic|subject)){_QUOTE}\\s*[=:]\\s*{_QUOTE}({_SEVERAL})"
    "\\W{1,4}(?i:payload|data|body)\\b"
)
_SPOKEN = (
    f"(?:(?i:\\bevents?)\\]?(?: (?i:{_SENT}\\w*|type|name))?:? {_QUOTE}|"
    "(?i:\\b(?:publish|emit|dispatch|broadcast|produc|enqueu)\\w*)"
    f"(?i:(?: (?:event|message|the|an?|domain|to|topic))*):? {_QUOTE})"
    f"({_SEVERAL}){_END}"
)
_NUMBERED = (
    "(?i)[0-9]{3}|[0-9a-f]{8}-|[0-9].*[0-9].*[0-9]|\\A/|//|"
    "\\.(?:py|go|js|ts|java|rb|php|cs|rs|kt|com|io|net|org|dev|internal|local|json|html|xml|ya?ml|toml|csv|sql|txt|log)\\z"
)
# Names of what every service does, whatever it is for: its requests, calls and health; and counters.
_TECHNICAL = (
    "(?i)\\A(?:https?|grpc|rpc|sql|health|healthcheck|heartbeat|metrics?|gc)[._-]|"
    "\\A(?:request|response|call|query|cache|db|lifespan|server|app|application|worker)s?[._-]?"
    "(?:start|finish|complet|receiv|handl|end|begin|begun|done|serv|sent|hit|miss|shutdown|ready|execut|stop|init)[a-z]*\\z"
)
# Words that stand where an event would, and name none; log levels among them.
_NO_EVENTS = (
    "trace", "debug", "info", "information", "notice", "warn", "warning", "error", "critical", "fatal", "true", "false",
    "none", "null", "undefined", "unknown", "string", "object", "access", "request", "response", "http", "https",
    "http.request", "http.response", "log", "exception", "message", "event", "events", "event-loop", "event_loop",
    "event.loop", "eventloop", "event-bus", "event_bus", "eventbus", "event-driven", "default", "application/json",
    "text/plain", "text/html", "metric", "metrics", "span", "heartbeat", "health", "healthcheck", "health_check",
    "health-check", "sent", "received", "started", "stopped", "enqueue", "dequeue",
)  # fmt: skip
# Keys that loggers write of themselves, in lower case: their coming and going is none of the event's.
_NO_FIELDS = (
    "message", "msg", "text", "timestamp", "time", "ts", "asctime", "datetime", "severity", "level", "levelname",
    "loglevel", "lvl", "logger", "logger_name", "name", "trace", "trace_id", "traceid", "span", "span_id", "spanid",
    "trace_flags", "dd", "pid", "process", "hostname", "host", "labels", "module", "function", "func", "line", "lineno",
    "file", "filename", "pathname", "thread", "threadname", "source", "caller", "context", "servicecontext", "service",
    "version", "env", "environment", "headers", "user", "user_agent", "x", "event", "event_name", "eventname", "evt",
    "event_type", "eventtype", "type", "action", "kind", "topic", "subject", "payload", "data", "attributes", "body",
    "detail", "fields", "extra", "properties", "request_id", "requestid", "correlation_id", "correlationid", "test",
    "httprequest", "insertid", "specversion", "datacontenttype", "https", "http", "id", "color_message", "taskname",
)  # fmt: skip
_EMPTY = ("", "null", "none", "nil", "<nil>", "undefined", "nan", "n/a", "na", "-", "[]", "{}", "unknown", "missing")
_FIELD = (
    "([A-Za-z_][A-Za-z0-9_]*)\\\\*[\"']?\\s*[=:]\\s*"
    "(\\\\*\"[^\"\\\\]*|'[^']*|<[^>]*>|\\[\\s*[^\\s]|\\{\\s*[^\\s]|[^\\s,;\"'{}\\[\\]\\\\]+)"
)


def find_new_events(store: Store) -> None:
    """Looks through every batch that these rules have not seen. Each group of batches is one transaction."""
    if not store.path.exists():
        return
    with store.read() as reader:
        waiting = reader.frame("find_batches_without_events", rules=EVENT_RULES)
    for batches in _groups(waiting):
        with store.write() as writer:
            _look_through(writer, batches)


def _look_through(writer: Writer, batches: pl.DataFrame) -> None:
    """The events of batches (find_batches_without_events) take the place of those that were found in them before."""
    batch_ids = batches["batch_id"].to_list()
    writer.execute("delete_events", batch_ids=batch_ids)
    if batches["has_entries"].any():
        writer.execute("insert_entry_events", batch_ids=batch_ids, **_line_params(), **_name_params())
    if batches["has_spans"].any():
        writer.execute("insert_span_events", batch_ids=batch_ids, **_span_params(), **_name_params())
    writer.execute("update_event_projects")
    writer.execute("insert_event_batches", batch_ids=batch_ids, rules=EVENT_RULES)


def _groups(waiting: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Batches that are looked through together."""
    begun = waiting.with_columns(group=(pl.col("stored").cum_sum() - 1).clip(0) // _ROWS_AT_ONCE)
    for _, rows in begun.group_by("group", maintain_order=True):
        yield rows


def _line_params() -> dict[str, Any]:
    return {
        "telling": _TELLING,
        "plain_keys": [*_paths(_KEYS), *(_path(*keys) for keys in _NAMED)],
        "vague_keys": _paths(_VAGUE_KEYS),
        "said_keys": [_path(key) for key in _SAID_KEYS],
        "pair": _PAIR,
        "vague_pair": _VAGUE_PAIR,
        "spoken": _SPOKEN,
        "several_words": f"\\A{_SEVERAL}\\z",
        **sentence_params(),
    }


def _span_params() -> dict[str, Any]:
    return {
        "type_keys": [_path(key) for key in _TYPE_KEYS],
        "destination_keys": [_path(key) for key in _DESTINATION_KEYS],
        **span_name_params(),
    }


def _name_params() -> dict[str, Any]:
    return {
        "name": f"\\A{_ONE}\\z",
        "numbered": _NUMBERED,
        "technical": _TECHNICAL,
        "no_events": list(_NO_EVENTS),
        "field": _FIELD,
        "no_fields": list(_NO_FIELDS),
        "empty": list(_EMPTY),
    }


def _paths(keys: Iterable[str]) -> list[str]:
    """JSON paths of keys at the top, and of those held one level deeper."""
    return [_path(*at, key) for at in ((), *((holder,) for holder in _HOLDERS)) for key in keys]


def _path(*keys: str) -> str:
    return "$" + "".join(f'."{key}"' for key in keys)
