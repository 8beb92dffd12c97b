"""Signatures: events in; the stable identity of each failure and its occurrences out.

A signature is a pure function of one event and of `RULES`: leaf exception type, the tokens of its text that decide, and
the innermost frames of the application; without frames the masked message; of a request its status, method and route.
Everything runs on distinct texts: strip, mask and deduplicate in columns, then read each distinct text once.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import orjson
import polars as pl
from msgspec import Struct

from classifiers.equivalence import representatives
from classifiers.frames import Thrown, Trace, exception_in_line, read_trace
from classifiers.heads import strip_head
from classifiers.hints import find_hints
from classifiers.masks import ACCESS, CORRELATION, METHODS, apply_rule, mask
from classifiers.payload_exceptions import exceptions_in_payloads
from classifiers.reassemble import reassemble
from collector.replacing import replace

__all__ = ["OCCURRENCE_SCHEMA", "RULES", "SIGNATURE_SCHEMA", "Signed", "sign", "sign_events"]

RULES = 2  # version of everything that decides an id: masks, frames, parts. Stored beside each signature.

SIGNATURE_SCHEMA: dict[str, pl.DataType] = {
    "signature_id": pl.String(),  # 16 hex digits
    "rules": pl.Int32(),
    "kind": pl.String(),  # exception | message | request | platform
    "title": pl.String(),
    "parts": pl.String(),  # JSON object, see _Parts
}
OCCURRENCE_SCHEMA: dict[str, pl.DataType] = {
    "signature_id": pl.String(),
    "project": pl.String(),
    "service": pl.String(),
    "revision": pl.String(),
    "instance": pl.String(),
    "log": pl.String(),
    "at_ns": pl.Int64(),
    "severity": pl.UInt8(),
    "trace": pl.String(),
    "http_status": pl.Int16(),
    "insert_ids": pl.List(pl.String()),
    "batch_id": pl.Int64(),
}

_DECIDING = ("text", "payload", "log", "logger", "severity", "http_method", "http_path", "http_status")  # of an event
_FRAMES = 3  # innermost frames of the application: further out stands who called, not what failed
_REPEATED = 3  # words at the end of a title, from which that they are said twice is no accident
_TITLE_CHARS = 160
_TEXT_CHARS = 32_768  # of an event's text; of a longer one the beginning and the end count, where head and cause stand
_FEW_WORDS = 3  # a message of fewer words says too little: its logger counts too
_PLATFORM_LOGS = ("varlog/system", "activity", "system_event")
_ACCESS_FIELDS = (
    rf"(?i)\b(?:method[\"']?[=:]\s?[\"']?)?({METHODS})\b",
    r"(?i)(?:(?:path|url|uri|target|route)[\"']?[=:]\s?[\"']?|\s)(/[^\s\"'|,]*)",
    r"(?i)\b(?:status(?:_?code)?)[\"']?\s?[=:]\s?[\"']?([1-5]\d\d)\b",
)
_NO_ROUTE = (404, 405, 410)  # the path is whatever the caller made up
_TAGS = (
    r"</?(?:(?:light-)?(?:black|red|green|yellow|blue|magenta|cyan|white|bold|dim|underline|level|lvl|normal|italic))>"
)
_MAY_HOLD_TRACE = (
    r"\n|\\n|Traceback|panic: |fatal error: |Uncaught|Unhandled|:in ['`]"  # in one line only these begin one
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_QUOTED = re.compile(r"['\"`]([A-Za-z_][\w.$/-]*(?:\(\))?)['\"`]")
_TOKEN = re.compile(r"\b\d+\b|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|\bE[A-Z]{4,}\b|\b[\w.$]+\(\)")


class Signed(Struct, frozen=True):
    """Distinct signatures (SIGNATURE_SCHEMA) and their occurrences (OCCURRENCE_SCHEMA), both sorted."""

    signatures: pl.DataFrame
    occurrences: pl.DataFrame


class _Parts(Struct, frozen=True):
    """What a signature is made of. `counted` go into the id, `told` only explain."""

    kind: str
    title: str
    counted: dict[str, Any]
    told: dict[str, Any]

    @property
    def signature_id(self) -> str:
        content = orjson.dumps([RULES, self.kind, self.counted], option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(content, digest_size=8).hexdigest()

    def row(self, hints: Sequence[str] = ()) -> tuple[str, int, str, str, str]:
        """A row of SIGNATURE_SCHEMA; hints are told with it."""
        parts = {**self.told, **self.counted, "contributes": sorted(self.counted)}
        if hints:
            parts["hints"] = list(hints)
        return (
            self.signature_id,
            RULES,
            self.kind,
            self.title,
            orjson.dumps(parts, option=orjson.OPT_SORT_KEYS).decode(),
        )


def sign(entries: pl.DataFrame) -> Signed:
    """Signatures and occurrences of entries as find_entries_to_sign gives them (SIGN_SCHEMA); each hit is in one."""
    return sign_events(reassemble(entries))


def sign_events(events: pl.DataFrame) -> Signed:
    """Signatures and occurrences of events (EVENT_SCHEMA), one each, in their order."""
    keyed = events.select(key=pl.struct(_DECIDING).hash())
    distinct = events.select(_DECIDING).with_columns(keyed["key"]).unique("key", keep="first", maintain_order=True)
    subjects = _subjects(distinct).with_columns(subject=pl.struct(pl.all()).hash())
    several = subjects.unique("subject", keep="first", maintain_order=True)
    rows = [_read(row).row(find_hints(row[1] or "")) for row in several.drop("subject").iter_rows()]
    named = several.select("subject", signature_id=pl.Series([row[0] for row in rows], dtype=pl.String))
    known = subjects.select("subject", http_status="status").with_columns(distinct["key"]).join(named, on="subject")
    found = keyed.join(known, on="key", how="left", maintain_order="left")
    occurrences = events.with_columns(found["signature_id"], found["http_status"])
    signatures = pl.DataFrame(rows, schema=SIGNATURE_SCHEMA, orient="row")
    return Signed(
        # one id may be read from texts that differ in what does not count: the earliest stands for all
        signatures=signatures.unique("signature_id", keep="first", maintain_order=True).sort("signature_id"),
        occurrences=occurrences.select(pl.col(name).cast(kind) for name, kind in OCCURRENCE_SCHEMA.items()),
    )


def _subjects(events: pl.DataFrame) -> pl.DataFrame:
    """What of each event can count, masked: one row an event, few of them distinct."""
    texts = representatives(_distinctly(_bounded(events["text"]), _bare))
    access = _access(events, texts)
    is_request = access["status"].is_not_null()
    # a request's own text is the platform's word on it; an access line has none beside its route
    spoken = texts.clone().scatter((is_request & events["http_status"].is_null()).arg_true(), None)
    thrown = exceptions_in_payloads(events["payload"].clone().scatter(is_request.arg_true(), None))
    bodies, thrown, paths = _masked(spoken, thrown, access["path"])
    return pl.DataFrame(
        {
            "kind": _kinds(events, is_request),
            "text": bodies,
            "thrown": thrown,
            "logger": events["logger"],
            "status": access["status"],
            "method": access["method"],
            "route": _distinctly(paths, lambda found: found.str.replace_all("<(?:number|uuid|time)>", "<id>")),
        }
    ).with_columns(
        logger=pl.when(pl.col("kind") == "event").then("logger"),
        may_be_traced=pl.col("text").str.contains(_MAY_HOLD_TRACE).fill_null(value=False),
    )


def _bare(texts: pl.Series) -> pl.Series:
    """Texts without colours, what their logger wrote before the message, and what says only which request it was."""
    return apply_rule(strip_head(texts.str.replace_all(_TAGS, "")), CORRELATION)


def _bounded(texts: pl.Series) -> pl.Series:
    """Texts of at most _TEXT_CHARS characters."""
    is_long = (texts.str.len_bytes() > _TEXT_CHARS).fill_null(value=False)
    if not is_long.any():
        return texts
    long = texts.filter(is_long)
    half = _TEXT_CHARS // 2
    return texts.clone().scatter(is_long.arg_true(), long.str.slice(0, half) + "\n" + long.str.slice(-half))


def _masked(*columns: pl.Series) -> list[pl.Series]:
    """Columns of one length, masked. All at once: on few texts a mask costs more to prepare than to run."""
    keys = [column.hash() for column in columns]
    known = [
        pl.DataFrame({"key": key, "text": column}).unique("key") for key, column in zip(keys, columns, strict=True)
    ]
    every = pl.concat(known).unique("key").drop_nulls("text")
    masked = every.select("key", masked=mask(every["text"]))
    return [key.to_frame("key").join(masked, on="key", how="left", maintain_order="left")["masked"] for key in keys]


def _distinctly(texts: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The column after `change`, which is given each distinct text once."""
    keys = texts.hash()
    distinct = pl.DataFrame({"key": keys, "text": texts}).unique("key").drop_nulls("text")
    if distinct.height * 2 > texts.len():
        return change(texts)
    changed = distinct.select("key", changed=change(distinct["text"]))
    return keys.to_frame("key").join(changed, on="key", how="left", maintain_order="left")["changed"]


def _kinds(events: pl.DataFrame, is_request: pl.Series) -> pl.Series:
    is_platform = events["log"].is_in(_PLATFORM_LOGS)
    return pl.select(
        pl.when(is_request)
        .then(pl.lit("request"))
        .when(is_platform)
        .then(pl.lit("platform"))
        .otherwise(pl.lit("event"))
    ).to_series()


def _access(events: pl.DataFrame, texts: pl.Series) -> pl.DataFrame:
    """Status, method and path of requests and of the access lines that an application writes of them; else null.

    A line at level ERROR that names a request and a status is a message: it tells of a call that failed.
    """
    plain = events["http_status"].is_null() & (events["severity"] < 17) & texts.is_not_null()  # noqa: PLR2004 - ERROR
    hinted = plain & texts.str.contains(rf"\b(?:{METHODS})\b").fill_null(value=False)
    line = pl.DataFrame({"text": texts.filter(hinted), "severity": events["severity"].filter(hinted)})
    is_quiet = pl.col("severity") < 13  # noqa: PLR2004 - WARNING
    fields = [pl.when(is_quiet).then(pl.col("text").str.extract(pattern)) for pattern in _ACCESS_FIELDS]
    found = line.select(
        method=pl.coalesce(pl.col("text").str.extract(ACCESS, 2), fields[0]),
        path=pl.coalesce(pl.col("text").str.extract(ACCESS, 3), fields[1]),
        status=pl.coalesce(pl.col("text").str.extract(ACCESS, 4), fields[2]).cast(pl.Int16),
    )
    found = found.with_columns(
        status=pl.when(pl.col("method").is_not_null() & pl.col("path").is_not_null()).then("status")
    )
    rows = hinted.arg_true()
    told = events.select(
        status="http_status", method=pl.when(pl.col("http_status").is_not_null()).then("http_method"), path="http_path"
    )
    if not rows.len():
        return told
    return told.with_columns(told[name].clone().scatter(rows, found[name]) for name in ("status", "method", "path"))


def _read(subject: tuple[Any, ...]) -> _Parts:
    """The parts of one distinct subject (_subjects)."""
    kind, text, thrown, logger, *request, may_be_traced = subject
    if kind == "request":
        return _request(text, *request)
    if kind == "platform":
        return _message("platform", text or "", None)
    trace = read_trace(text) if may_be_traced else None
    inner = read_trace(thrown) if thrown else None
    if inner and (not trace or not trace.leaf.frames):
        trace = replace(inner, head=text or inner.head)
    if trace:
        return _exception(trace)
    named = _typed(thrown)
    if named:
        return _told(named, text or "")
    return _message("message", text or "", logger)


def _typed(thrown: str | None) -> Thrown | None:
    """`Type: value` of a payload's fields."""
    kind, colon, value = (thrown or "").partition(": ")
    return Thrown(re.split(r"[./\\:]", kind)[-1], value.strip()) if colon else None


def _request(text: str | None, status: int, method: str | None, route: str | None) -> _Parts:
    """A failing request: what the platform said of it, else its route; of unknown routes the status alone."""
    told = {"access": True, "status": status}
    if text:
        body = _line(text)
        return _Parts("request", _title(f"{status} {body}"), {"status": status, "message": body}, told)
    if status in _NO_ROUTE or not route:
        return _Parts("request", f"requests answered {status}", {"status": status}, told)
    verb = "GET" if method in (None, "WebSocket") else method
    counted = {"status": status, "method": verb, "route": route}
    return _Parts("request", _title(f"{verb} {route} answered {status}"), counted, told)


def _exception(trace: Trace) -> _Parts:
    """Leaf type, deciding tokens and frames; without frames of the application its masked text and message.

    Of a group all distinct leaf causes count, in an order of their own: the first, and `with` it the others.
    """
    leaf, *others = sorted({_deciding(one): one for one in reversed(trace.leaves)}.items(), key=itemgetter(0))
    frames = next((frames for one in (leaf[1], *trace.chain) if (frames := one.in_app(_FRAMES))), ())
    told = {
        "type": leaf[1].type,
        "value": _line(leaf[1].value),
        "message": _line(trace.head),
        "chain": [one.type for one in trace.chain],
        "language": trace.language,
    }
    counted: dict[str, Any] = {"type": leaf[1].type}
    if frames:
        counted |= {"frames": list(frames), "tokens": _tokens(leaf[1].value)}
    else:
        counted |= {"value": _line(leaf[1].value), "message": _line(trace.head)}
    if others:
        counted["with"] = [orjson.loads(decides) for decides, _ in others]
    return _Parts("exception", _title(_named(trace)), counted, told)


def _deciding(leaf: Thrown) -> str:
    """What decides of one leaf cause among several, as JSON."""
    frames = leaf.in_app(_FRAMES)
    decides = {"frames": frames, "tokens": _tokens(leaf.value)} if frames else {"value": _line(leaf.value)}
    return orjson.dumps({"type": leaf.type, **decides}).decode()


def _told(thrown: Thrown, text: str) -> _Parts:
    """An exception that an entry tells in fields, without frames: its message says where."""
    body = _line(text)
    value = _line(thrown.value)
    counted = {"type": thrown.type, "value": value, "message": body}
    words = [body, *([thrown.type] if thrown.type not in body else []), *([value] if value not in body else [])]
    return _Parts(
        "exception" if thrown.type else "message", _title(": ".join(word for word in words if word)), counted, {}
    )


def _message(kind: str, text: str, logger: str | None) -> _Parts:
    """The masked message; of a very short one the logger too."""
    body = _line(text)
    counted: dict[str, Any] = {"message": body}
    told: dict[str, Any] = {"logger": logger}
    if logger and kind == "message" and len(_WORD.findall(body)) < _FEW_WORDS:
        counted["logger"] = logger
    named = exception_in_line(body)
    if named:
        told |= {"type": named.type, "value": named.value}
    return _Parts(kind, _title(body or "entry without a text"), counted, told)


def _named(trace: Trace) -> str:
    """A line about the innermost exception that has something to say; of none, what stood before the trace."""
    for one in trace.chain:
        if one.type and _line(one.value):
            return f"{one.type}: {one.value}"
    kind = next((one.type for one in trace.chain if one.type), "")
    if trace.head:
        head = _once(trace.head)
        return f"{head} ({kind})" if kind and kind not in head else head
    return kind or "stack trace without its exception"


def _once(text: str) -> str:
    """The text without its last words where they say over what stands before them: a logger and a trace say it both."""
    words = text.split()
    for many in range(len(words) // 2, _REPEATED - 1, -1):
        if words[-many:] == words[-2 * many : -many]:
            return " ".join(words[:-many])
    return text


def _tokens(value: str) -> list[str]:
    """The tokens of an exception's text that decide: names in quotes, codes that no mask took, constants, calls."""
    return sorted({*_QUOTED.findall(value), *_TOKEN.findall(value)})


def _line(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())


def _title(text: str) -> str:
    line = _line(text)
    return line if len(line) <= _TITLE_CHARS else line[: _TITLE_CHARS - 1].rstrip() + "…"
