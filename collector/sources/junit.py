"""Test runs: JUnit XML as pytest, Maven, Gradle, Jest, go-junit-report and others write it.

What comes in: a stream of bytes that begins with a `testsuites` or `testsuite` element. What goes out: one cut with a
record a case, each a JSON text (see normalise/tests.py). The XML is hostile: document types are refused, sizes bounded;
where it breaks, what came before is kept and a dead letter says where.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Protocol

import orjson
import polars as pl

from collector.records import RAW_SCHEMA
from collector.sources.blocks import Cut, Dead, Readable

__all__ = ["MAX_XML_BYTES", "cut_tests"]

MAX_XML_BYTES = 128 << 20  # one text of it is held in memory, twice
TEXT_CHARS = 32_000  # of a failure or of the end of an output: twice what is kept, so that a secret is redacted whole
_MAX_DEPTH = 20
_BLOCK = 1 << 16
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_RECODED = ("utf-16", "utf16", "utf-32", "utf32", "ucs-2", "ucs-4", "iso-10646")
_TRACE = re.compile(
    r"(?i)trace[-_. ]?(?:id)?[\"']?\s*[:=/]\s*[\"']?(?:projects/[^/\s]+/traces/)?([0-9a-f]{32})\b|"
    r"\b00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b|traces/([0-9a-f]{32})\b"
)
_MAX_TRACES = 20
_FAILURES = {"failure": "failed", "error": "error"}
_AGAIN = {"flakyFailure", "flakyError"}
_MORE = {"rerunFailure", "rerunError"}


class _Element(Protocol):
    """What of an XML element is used here."""

    tag: str
    text: str | None
    attrib: dict[str, str]

    def clear(self) -> None:
        """Forgets attributes, text and children."""


def cut_tests(stream: Readable) -> Iterator[Cut]:
    """Every case of the report, in order, in one cut; a suite without any is one case with the outcome `empty`."""
    reader = _Bounded(stream)
    report = _Report()
    problem = ""
    try:
        _read(reader, report)
    except _TooLargeError:
        problem = f"test report larger than {MAX_XML_BYTES >> 20} MiB"
    except (ValueError, LookupError, SyntaxError) as error:
        problem = _problem(error)
    rows = report.records(reader.digest())
    dead = (Dead(len(rows) + 1, problem, ""),) if problem else ()
    records = pl.DataFrame(list(enumerate(rows, start=1)), schema=RAW_SCHEMA, orient="row")
    yield Cut("tests", records, dead, recognised=len(rows), next_line=len(rows) + 1)


def _read(reader: "_Bounded", report: "_Report") -> None:
    """Feeds the report with the elements of the XML."""
    from defusedxml.ElementTree import DefusedXMLParser, iterparse  # noqa: PLC0415 - few imports read XML

    head = reader.peek()
    named = _ENCODING.match(head)
    encoding = named[1].decode().lower() if named else "utf-8"
    is_recoded = encoding.startswith(_RECODED) or head.startswith(b"\xef\xbb\xbf")
    parser = DefusedXMLParser(
        encoding="utf-8" if is_recoded else None, forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    for event, element in iterparse(reader, events=("start", "end"), parser=parser):
        report.start(element) if event == "start" else report.end(element)


def _problem(error: Exception) -> str:
    """Why the XML cannot be read on, as a reason of a dead letter."""
    name = type(error).__name__
    if name in {"DTDForbidden", "EntitiesForbidden", "ExternalReferenceForbidden"}:
        return "XML with a document type or entities, which a test report needs not and which may fill the memory"
    if isinstance(error, LookupError) or "encoding" in str(error).lower():
        return "XML in an encoding that it does not name rightly"
    place = getattr(error, "position", None)
    where = f" in line {place[0]}" if place else ""
    return str(error) if isinstance(error, _DepthError) else f"XML that breaks off or is not well-formed{where}"


class _TooLargeError(Exception):
    """The report is larger than what is read."""


class _DepthError(ValueError):
    """Elements within elements without end."""


class _Bounded:
    """A stream with a limit, that keeps a digest of what was read."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._head = b""
        self._read = 0
        self._digest = hashlib.blake2b(digest_size=8)

    def peek(self) -> bytes:
        """The first bytes; they are read again."""
        self._head = self._stream.read(_BLOCK)
        return self._head

    def read(self, size: int = -1) -> bytes:
        """The next bytes, none at the end; _TooLargeError beyond the limit."""
        block, self._head = (self._head, b"") if self._head else (self._stream.read(max(size, _BLOCK)), b"")
        self._read += len(block)
        if self._read > MAX_XML_BYTES:
            raise _TooLargeError
        self._digest.update(block)
        return block

    def digest(self) -> str:
        """Of all that was read."""
        return self._digest.hexdigest()


class _Suite:
    """What a suite says of itself."""

    def __init__(self, told: dict[str, str], above: "_Suite | None") -> None:
        own = told.get("name", "")
        self.name: str = own or (above.name if above else "")
        self.timestamp: str = told.get("timestamp") or (above.timestamp if above else "")
        self.time = told.get("time") or ""
        self.traces: list[str] = list(above.traces) if above else []
        self.passed_s = 0.0
        self.cases = 0


class _Report:
    """The cases so far. Elements come as they begin and end."""

    def __init__(self) -> None:
        self._suites: list[_Suite] = []
        self._depth = 0
        self._case: dict[str, Any] | None = None
        self._rows: list[dict[str, Any]] = []
        self._names: Counter[tuple[str, str, str]] = Counter()

    def start(self, element: _Element) -> None:
        """An element begins; its text is not known yet."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _DepthError(f"XML deeper than {_MAX_DEPTH} elements, which no test report is")
        tag = _local(element.tag)
        if tag in {"testsuite", "testsuites"}:
            self._suites.append(_Suite(element.attrib, self._suites[-1] if self._suites else None))
        elif self._depth == 1:
            raise ValueError(f"XML that begins with `{tag[:40]}` and is no test report")
        elif tag == "testcase":
            self._case = self._begun(element.attrib)

    def end(self, element: _Element) -> None:
        """An element is whole."""
        self._depth -= 1
        tag = _local(element.tag)
        if tag == "testcase" and self._case is not None:
            self._done(self._case)
            self._case = None
        elif tag in {"testsuite", "testsuites"}:
            self._left(self._suites.pop(), tag)
        elif self._case is not None:
            self._told(self._case, tag, element)
        elif tag == "property" and self._suites:
            self._suites[-1].traces += _traces(f"{element.attrib.get('name')}={element.attrib.get('value')}")
        element.clear()

    def records(self, run: str) -> list[str]:
        """The cases as JSON texts."""
        return [orjson.dumps({**row, "run": run}).decode() for row in map(_clean, self._rows)]

    def _begun(self, told: dict[str, str]) -> dict[str, Any]:
        suite = self._suites[-1]
        suite.cases += 1
        return {
            "suite": suite.name, "class_name": told.get("classname", ""), "name": told.get("name", ""),
            "outcome": "passed", "timestamp": told.get("timestamp", ""), "time": told.get("time", ""),
            "suite_timestamp": suite.timestamp, "suite_time": suite.time, "before_s": suite.passed_s,
            "type": "", "message": "", "body": "", "output": "", "traces": list(suite.traces),
        }  # fmt: skip

    def _told(self, case: dict[str, Any], tag: str, element: _Element) -> None:
        """A child of a case, or something within one."""
        text = element.text or ""
        if tag in _FAILURES or tag in _MORE or tag in _AGAIN:
            case["outcome"] = _FAILURES.get(tag) or (case["outcome"] if tag in _MORE else "flaky")
            if not case["body"] or tag in _FAILURES:
                case |= {
                    "type": element.attrib.get("type", ""), "message": element.attrib.get("message", "")[:TEXT_CHARS],
                    "body": text[:TEXT_CHARS],
                }  # fmt: skip
            case["traces"] += _traces(text) + _traces(element.attrib.get("message", ""))
        elif tag == "skipped" and case["outcome"] == "passed":
            case["outcome"] = "skipped"
        elif tag in {"system-out", "system-err"}:
            case["output"] = (case["output"] + "\n" + text)[-TEXT_CHARS:]
            case["traces"] += _traces(text)
        elif tag == "property":
            case["traces"] += _traces(f"{element.attrib.get('name')}={element.attrib.get('value') or text}")

    def _done(self, case: dict[str, Any]) -> None:
        self._suites[-1].passed_s += seconds(case["time"]) or 0.0
        if case["outcome"] not in {"failed", "error", "flaky"}:
            case["output"] = ""
        named = (case["suite"], case["class_name"], case["name"])
        case["ordinal"] = self._names[named]
        self._names[named] += 1
        self._rows.append(case)

    def _left(self, suite: _Suite, tag: str) -> None:
        if self._suites:
            self._suites[-1].cases += suite.cases
        if suite.cases == 0 and (tag == "testsuite" or not self._rows):
            self._suites.append(suite)
            empty = self._begun({})
            self._suites.pop()
            self._rows.append({**empty, "outcome": "empty", "ordinal": len(self._rows)})
            if self._suites:
                self._suites[-1].cases += 1


def seconds(told: str) -> float | None:
    """A duration as reports write it: `1.5`, `1,234.5`; None of anything else."""
    try:
        value = float(told.replace(",", ""))
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None  # noqa: PLR2004 - thirty years, and no NaN


def _traces(text: str) -> list[str]:
    """Trace ids that a text tells."""
    return [next(filter(None, found.groups())).lower() for found in _TRACE.finditer(text)]


def _clean(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "traces": " ".join(list(dict.fromkeys(row["traces"]))[:_MAX_TRACES])}


def _local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]
