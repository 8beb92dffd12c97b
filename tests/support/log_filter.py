"""The part of Cloud Logging's query language that a pull uses: comparisons joined by AND and OR, in parentheses or not.

Anything else is refused as the real service refuses a filter it cannot read; so a pull that sends nonsense fails.
"""

import re
from collections.abc import Callable
from typing import Any

from google.cloud.audit import audit_log_pb2

from collector.window import parse_instant_ns

__all__ = ["BadFilter", "Test", "parse_filter"]

_TOKEN = re.compile(r'\s*(?:--[^\n]*(?:\n|\Z)|([()])|("(?:[^"\\]|\\.)*")|(>=|<=|!=|=|<|>|:)|([A-Za-z_][\w./%-]*))')
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ":": lambda a, b: b in a,
}
_SEVERITIES = {"DEFAULT": 0, "DEBUG": 100, "INFO": 200, "NOTICE": 300, "WARNING": 400, "ERROR": 500, "CRITICAL": 600}
_INSTANTS = {"timestamp": 0, "receiveTimestamp": 1}

# (event time ns, arrival ns, the entry as protobuf) -> does it match
Test = Callable[[int, int, Any], bool]


class BadFilter(ValueError):
    """The filter cannot be read."""


def parse_filter(text: str) -> list[Test]:
    """Tests that must all hold; BadFilter when the text is not a conjunction of comparisons."""
    tokens = _tokens(text)
    tests = _conjunction(tokens)
    if tokens:
        raise BadFilter(f"unexpected {tokens[0]}")
    return tests


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadFilter(f"unparseable at {text[at : at + 20]!r}")
        tokens += [part for part in match.groups() if part]
        at = match.end()
    return tokens


def _conjunction(tokens: list[str]) -> list[Test]:
    tests: list[Test] = []
    while tokens and tokens[0] != ")":
        if tokens[0] == "AND":
            if not tests:
                raise BadFilter("AND without a left side")
            tokens.pop(0)
        tests.append(_alternatives(tokens))
    return tests


def _alternatives(tokens: list[str]) -> Test:
    """OR binds closer than AND."""
    every = [_term(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        every.append(_term(tokens))
    return lambda *asked: any(one(*asked) for one in every)


def _term(tokens: list[str]) -> Test:
    if not tokens or tokens[0] != "(":
        return _comparison(tokens)
    tokens.pop(0)
    tests = _conjunction(tokens)
    if not tokens or tokens.pop(0) != ")":
        raise BadFilter("missing )")
    return lambda *asked: all(one(*asked) for one in tests)


def _comparison(tokens: list[str]) -> Test:
    if len(tokens) < 3 or tokens[1] not in _COMPARE:
        raise BadFilter(f"no comparison: {' '.join(tokens[:3])}")
    field, compare, value = tokens.pop(0), _COMPARE[tokens.pop(0)], tokens.pop(0)
    if field in _INSTANTS:
        if not value.startswith('"'):
            raise BadFilter("an instant must be quoted")
        index, instant_ns = _INSTANTS[field], parse_instant_ns(value.strip('"'), name=field, now_ns=0)
        return lambda at_ns, received_ns, _entry: compare((at_ns, received_ns)[index], instant_ns)
    if field == "severity":
        number = _SEVERITIES[value.strip('"')]
        return lambda _at_ns, _received_ns, entry: compare(entry.severity, number)
    if field.startswith("resource.labels."):
        label = field.rpartition(".")[2]
        return lambda _at_ns, _received_ns, entry: compare(entry.resource.labels[label], value.strip('"'))
    if field in _TEXTS:
        return lambda _at_ns, _received_ns, entry: compare(_TEXTS[field](entry), value.strip('"'))
    raise BadFilter(f"unknown field {field}")


def _audited(entry: Any) -> str:
    """The service that an audit entry is of; "" for any other."""
    audit = audit_log_pb2.AuditLog()
    return str(audit.service_name) if entry.proto_payload.Unpack(audit) else ""


_TEXTS: dict[str, Callable[[Any], str]] = {
    "logName": lambda entry: str(entry.log_name),
    "resource.type": lambda entry: str(entry.resource.type),
    "protoPayload.serviceName": _audited,
}
