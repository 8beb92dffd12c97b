"""Which shape an input has, found by its content and never by its name.

What comes in: the head of an input, as UTF-8. What goes out: how to cut it into records (`Layout`), or in one sentence
why it cannot be read. `kind_of` says the same of one parsed JSON object.
"""

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

import orjson
from msgspec import Struct

from collector.sources.messages import is_framed
from collector.sources.objects import cut_objects

__all__ = ["HEAD_BYTES", "Layout", "Shape", "kind_of", "recognise"]

HEAD_BYTES = 1 << 20
_SAMPLE_LINES = 400
_MOST = 0.5

Layout = Literal["lines", "objects", "wrapped", "messages", "tests", "empty", "unknown"]

# Keys of a LogEntry alone. An insertId is not: files about entries quote it too.
_ENTRY_KEYS = frozenset({
    "logName", "log_name", "receiveTimestamp", "receive_timestamp",
    "textPayload", "text_payload", "jsonPayload", "json_payload", "protoPayload", "proto_payload",
})  # fmt: skip
_KNATIVE_KINDS = frozenset({"Service", "Revision"})
_RUN_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/services/[^/]+(?:/revisions/[^/]+)?\Z")
_OTLP_HEAD = re.compile(rb'\s*\{\s*"resource(?:Spans|Logs|Metrics)"\s*:')
_OPENER = re.compile(rb"^[ \t]*[\[{]", re.MULTILINE)
_TABLE_HEAD = re.compile(rb"\A\s*[A-Z][A-Z_]+(?:\(\w+\))?(?: {2,}[A-Z][A-Z_]+)+\s*$", re.MULTILINE)
_YAML_HEAD = re.compile(rb"\A\s*(?:---\s*$|[A-Za-z_][\w.@-]*:(?: |\r?$))", re.MULTILINE)
_XML_HEAD = re.compile(rb"\s*<[?!a-zA-Z]")
_XML_TYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_XML_ROOT = re.compile(rb"<[A-Za-z_][\w.:-]*")
_TESTS_ROOT = re.compile(rb"<(?:[\w.-]+:)?testsuites?\Z")
_EXPORT = "`gcloud logging read FILTER --format=json > FILE`"


class Shape(Struct, frozen=True):
    """How an input is cut. `problem` is empty, or a clause about an unknown one; `advice` a sentence on what to do.

    lines: one JSON object a line. objects: objects one after the other or in arrays. wrapped: objects in arrays inside
    other objects. messages: serialised OTLP, each behind its length. tests: JUnit XML. empty: nothing but blanks.
    """

    layout: Layout
    problem: str = ""
    advice: str = ""


def kind_of(record: Mapping[str, Any]) -> str | None:
    """`entries`, `spans`, `specs`, or OTLP's `logs` and `metrics`, which are not read; None for any other object."""
    for key, kind in (("resourceSpans", "spans"), ("resourceLogs", "logs"), ("resourceMetrics", "metrics")):
        if key in record:
            return kind
    if not _ENTRY_KEYS.isdisjoint(record):
        return "entries"
    if _is_spec(record):
        return "specs"
    if "timestamp" in record and (isinstance(record.get("resource"), dict) or "httpRequest" in record):
        return "entries"
    return None


def recognise(head: bytes, *, is_whole: bool) -> Shape:
    """The shape of an input that begins with `head`; `is_whole` when nothing comes behind it."""
    if is_framed(head):
        return Shape("messages")
    if not head.strip():
        return Shape("empty") if is_whole else _unknown(head)
    if _XML_HEAD.match(head):
        return _shape_of_xml(head)
    share, layout = _layout_of_lines(head, is_whole=is_whole)
    if share >= _MOST:
        return Shape(layout)
    opener = _OPENER.search(head)
    if opener and (other := _layout_of_objects(head[opener.start() :], is_whole=is_whole)):
        return Shape(other)
    return Shape(layout) if share else _unknown(head)


def _shape_of_xml(head: bytes) -> Shape:
    """Of XML only reports of test runs are read, and none that declares a document type or entities."""
    begin = _XML_ROOT.search(head)
    if _XML_TYPE.search(head[: begin.start() if begin else len(head)]):
        return Shape(
            "unknown",
            "is XML with a document type, which a test report needs not and which may fill the memory",
            "Write the report without it.",
        )
    if begin and _TESTS_ROOT.match(begin[0]):
        return Shape("tests")
    return Shape("unknown", "is XML, but no JUnit report", "Of XML only test runs are read (<testsuites>).")


def _is_spec(record: Mapping[str, Any]) -> bool:
    """Whether it is a knative or run_v2 Service or Revision, as `gcloud run ... describe` prints them."""
    if str(record.get("apiVersion", "")).startswith("serving.knative.dev/"):
        kind = record.get("kind")
        return isinstance(kind, str) and kind in _KNATIVE_KINDS
    name = record.get("name")
    return isinstance(name, str) and bool(_RUN_NAME.match(name)) and ("template" in record or "containers" in record)


def _layout_of_lines(head: bytes, *, is_whole: bool) -> tuple[float, Layout]:
    """Share of the lines that are records by themselves; specs are cut as objects, they are few."""
    lines = head.split(b"\n")
    if not is_whole:
        lines.pop()
    lines = [line for line in lines if line.strip()]
    kinds = [kind for line in lines[:_SAMPLE_LINES] if (kind := _kind_of_line(line))]
    share = len(kinds) / max(1, len(lines[:_SAMPLE_LINES]))
    return share, "objects" if set(kinds) == {"specs"} else "lines"


def _kind_of_line(line: bytes) -> str | None:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return kind_of(record) if isinstance(record, dict) else None


def _layout_of_objects(head: bytes, *, is_whole: bool) -> Layout | None:
    """`objects` when records come before anything that is none, `wrapped` when they lie inside other objects."""
    if _OTLP_HEAD.match(head) or (is_whole and head.split() in ([b"[]"], [b"[", b"]"])):
        return "objects"
    found, is_clean = _finds(head, is_wrapped=False)
    if found and is_clean:
        return "objects"
    if _finds(head, is_wrapped=True)[0]:
        return "wrapped"
    return "objects" if found else None


def _finds(head: bytes, *, is_wrapped: bool) -> tuple[bool, bool]:
    """Whether cutting the head this way gives a record of a known kind, and whether it comes before dead letters."""
    cuts = list(cut_objects(_Head(head), kind_of=kind_of, is_wrapped=is_wrapped))
    found = any(cut.recognised for cut in cuts)
    first_dead = min((letter.line for cut in cuts for letter in cut.dead), default=math.inf)
    first_record = min((line for cut in cuts for line in cut.records["line"].head(1)), default=math.inf)
    return found, first_record <= first_dead


class _Head:
    """The head of an input, as the cutter reads a stream."""

    def __init__(self, head: bytes) -> None:
        self._rest = head

    def read(self, size: int) -> bytes:
        block, self._rest = self._rest[:size], self._rest[size:]
        return block


def _unknown(head: bytes) -> Shape:
    """What else it may be, in words."""
    start = head.lstrip()
    if _TABLE_HEAD.match(start):
        return Shape(
            "unknown",
            "is gcloud's table output, which leaves out most of each entry",
            f"Export JSON instead: {_EXPORT}.",
        )
    if start.startswith((b"{", b"[")):
        return Shape(
            "unknown",
            "is JSON or nearly so, but holds neither log entries nor OTLP traces nor Cloud Run services or revisions",
            f"Export log entries with {_EXPORT}.",
        )
    if b"\0" in head[:4096]:
        return Shape("unknown", "is a binary file", "Unpack it first (gzip and zstd are read as they are).")
    if _YAML_HEAD.match(start):
        return Shape(
            "unknown",
            "is YAML, gcloud's output without --format",
            f"Export JSON instead: {_EXPORT}, or `gcloud run services describe NAME --format=json > FILE`.",
        )
    return Shape(
        "unknown", "is of no kind that logtriage reads (LogEntry, OTLP and `gcloud run ... describe` JSON, JUnit XML)",
        f"Export log entries with {_EXPORT}.",
    )  # fmt: skip
