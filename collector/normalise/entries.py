"""Raw LogEntry texts in; entries, facts of audit entries and dead letters out, redacted, in columns.

One normaliser serves files and the API: a source only cuts JSON texts. The JSON is taken apart by an in-memory DuckDB
(queries/parse_entries.sql; measured four times faster than polars' or orjson's parse of the same texts), the rest is
polars expressions. No Python object per row but for the few audit entries and the few records of an odd shape.
"""

import contextlib
import re
from typing import Any

import orjson
import polars as pl
from msgspec import Struct

from collector.errors import ConfigError
from collector.normalise.audit import read_audit
from collector.normalise.engine import idle_engine
from collector.normalise.redact import Redactor
from collector.normalise.severity import severity_of_text, severity_of_word
from collector.normalise.surrogates import HALF_PAIR, mend_surrogates
from collector.records import DEAD_LETTER_SCHEMA, ENTRY_SCHEMA, FACT_SCHEMA
from collector.window import NS_PER_S, format_ns, parse_instant_ns

__all__ = ["EXCERPT_CHARS", "NormalisedEntries", "normalise_entries"]

EXCERPT_CHARS = 2000
_UNTOLD = ["protoPayload", "AuditLog", '"env"', '"containers"', "\\u00"]
_METHOD = r"\A[A-Z]{1,20}\z"
_GROUP = r"\A[A-Za-z0-9_-]{1,64}\z"
_COLOURS = "black|red|green|yellow|blue|magenta|cyan|white|bold|dim|underline|level|lvl|normal|italic|reverse"
_TAGS = rf"</?(?:(?:light-)?(?:{_COLOURS})|(?:fg|bg) [\w#,-]+)>"
_ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"
_LOGURU = r"\A[^|\n]{8,40}\| [A-Z]+ +\| ([\w.<>]+:[\w<>]+):\d+ [|-] "
_TRACE_IN_TEXT = r"(?i)\btrace[_-]?id[\"']?\s?[=:]\s?[\"']?([0-9a-f]{32})\b"
# Other notations of the keys of a LogEntry, as dumps of client objects write them.
_SNAKE = {
    "insert_id": "insertId", "log_name": "logName", "receive_timestamp": "receiveTimestamp",
    "received_timestamp": "receiveTimestamp", "text_payload": "textPayload", "json_payload": "jsonPayload",
    "proto_payload": "protoPayload", "http_request": "httpRequest", "span_id": "spanId",
    "error_groups": "errorGroups", "message": "textPayload", "payload": "jsonPayload",
}  # fmt: skip
_SNAKE_REQUEST = {"request_method": "requestMethod", "request_url": "requestUrl", "user_agent": "userAgent",
                  "remote_ip": "remoteIp"}  # fmt: skip
_ORIGIN = ("resource_type", "service", "revision", "location", "instance", "log")
_LOG_PREFIXES = ("run.googleapis.com/", "cloudaudit.googleapis.com/")


class NormalisedEntries(Struct, frozen=True):
    """Entries (ENTRY_SCHEMA), facts (FACT_SCHEMA) and dead letters; entries plus dead letters = records in."""

    entries: pl.DataFrame
    facts: pl.DataFrame
    dead: pl.DataFrame


def normalise_entries(records: pl.DataFrame, *, location: str, redactor: Redactor) -> NormalisedEntries:
    """Entries of raw records (RAW_SCHEMA), in their order. Bad records become dead letters, never an error."""
    parsed = _parse(records["raw"])
    halved = (parsed["reason"].eq_missing("not JSON") & records["raw"].str.contains(HALF_PAIR)).arg_true()
    if halved.len():
        whole = pl.Series([mend_surrogates(raw) for raw in records["raw"].gather(halved)], dtype=pl.String)
        records = records.with_columns(records["raw"].scatter(halved, whole))
        parsed = _parse(records["raw"])
    is_dead = parsed["reason"].is_not_null()
    dead = _dead_letters(parsed.filter(is_dead), records, location=location, redactor=redactor)
    alive = parsed.filter(~is_dead) if dead.height else parsed
    texts, facts = _read_audits(alive, records, redactor)
    return NormalisedEntries(entries=_entries(texts, records["raw"], redactor), facts=facts, dead=dead)


def _parse(raws: pl.Series) -> pl.DataFrame:
    """The columns of parse_entries; records of another notation or with an odd time are read a second time.

    `place` is the row in `raws`: lines do not tell records apart, an array may stand in one.
    """
    records = pl.DataFrame({"place": pl.int_range(raws.len(), eager=True), "raw": raws})
    parsed = _parsed(records)
    odd = parsed.filter(pl.col("reason").is_null() & (pl.col("at_ns").is_null() | pl.col("log_name").is_null()
                                                      & pl.col("insert_id").is_null()))["place"]  # fmt: skip
    if not odd.len():
        return parsed
    mended = records[odd].with_columns(raw=pl.Series([_mend(raw) for raw in raws.gather(odd)], dtype=pl.String))
    again = _parsed(mended)
    parsed = pl.concat([parsed.filter(~pl.col("place").is_in(odd.implode())), again]).sort("place")
    timeless = pl.col("reason").is_null() & pl.col("at_ns").is_null()
    told = pl.when(pl.col("stamp").is_null()).then(pl.lit("no timestamp")).otherwise(pl.lit("timestamp is not a time"))
    return parsed.with_columns(reason=pl.when(timeless).then(told).otherwise(pl.col("reason")))


def _parsed(records: pl.DataFrame) -> pl.DataFrame:
    with idle_engine() as engine:
        return engine.frame("parse_entries", records=records)


def _mend(raw: str) -> str:
    """The same record in LogEntry's own notation: camelCase keys, RFC 3339 times; unchanged where nothing is odd."""
    try:
        record = dict(orjson.loads(raw))
        return _in_own_notation(record)
    except (orjson.JSONDecodeError, TypeError, ValueError):
        return raw  # orjson is stricter than the first parse, which has already taken this text


def _in_own_notation(record: dict[str, Any]) -> str:
    """The record with LogEntry's keys and times, as JSON. Raises TypeError where it nests too deep to be written."""
    for snake, camel in _SNAKE.items():
        value = record.get(snake)
        if value is None or record.get(camel) is not None:
            continue
        if snake == "payload" and isinstance(value, str):
            record.setdefault("textPayload", value)
        elif snake != "message" or (isinstance(value, str) and not record.get("jsonPayload")):
            record[camel] = value
    request = record.get("httpRequest")
    if isinstance(request, dict):
        for snake, camel in _SNAKE_REQUEST.items():
            if snake in request:
                request.setdefault(camel, request[snake])
    for key in ("timestamp", "receiveTimestamp"):
        record[key] = _plain_time(record.get(key))
    return orjson.dumps(record, default=str).decode()


def _plain_time(value: Any) -> Any:
    """RFC 3339 in UTC of a protobuf time {seconds, nanos}, of a number of s, ms, us or ns, of a text with an offset.

    Else the value itself. A text without any offset is UTC, as everything that Cloud Logging writes.
    """
    if isinstance(value, dict) and "seconds" in value:
        seconds, nanos = _integer(value["seconds"]), _integer(value.get("nanos") or 0)
        return value if seconds is None or nanos is None else _stamp(seconds * NS_PER_S + nanos) or value
    if isinstance(value, str) and re.fullmatch(r"\d{9,19}(?:\.\d+)?", value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1 << 63:
        scale = next((s for limit, s in ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3)) if value < limit), 1)
        return _stamp(int(value * scale)) or str(value)
    if isinstance(value, str):
        try:
            return _stamp(parse_instant_ns(value.strip().removesuffix(" UTC"), name="timestamp", now_ns=-1)) or value
        except (ConfigError, OverflowError):
            return value
    return value


def _integer(value: Any) -> int | None:
    """A whole number of a bounded size, not negative; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return int(value)
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else None


def _stamp(at_ns: int) -> Any:
    """RFC 3339; null for what is no time, also for `now` and durations, which only a command line may say."""
    return format_ns(at_ns, digits=9) if 0 <= at_ns < 1 << 62 else None


def _dead_letters(bad: pl.DataFrame, records: pl.DataFrame, *, location: str, redactor: Redactor) -> pl.DataFrame:
    """Dead letters of unusable records: where, why, and how they begin, redacted."""
    if not bad.height:
        return pl.DataFrame(schema=DEAD_LETTER_SCHEMA)
    raws = records[bad["place"]].with_columns(reason=bad["reason"], stamp=redactor.frame(bad["stamp"]))
    begins = raws["raw"].str.slice(0, 4 * EXCERPT_CHARS)
    # a configuration is full of values that look like no secret and may be one, and `\\u` may spell a secret's name
    is_told = ~begins.str.contains_any(_UNTOLD)
    excerpt = redactor.frame(begins).str.slice(0, EXCERPT_CHARS)
    reason = pl.when(pl.col("stamp").is_not_null() & (pl.col("reason") == "timestamp is not a time")).then(
        pl.format("timestamp `{}` is not a time", pl.col("stamp").str.slice(0, 40))
    )
    return raws.select(
        location=pl.lit(location),
        line="line",
        reason=reason.otherwise(pl.col("reason")),
        excerpt=pl.when(is_told).then(excerpt),
    ).cast(DEAD_LETTER_SCHEMA)


def _read_audits(parsed: pl.DataFrame, records: pl.DataFrame, redactor: Redactor) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Audit entries with a sentence and a summary in place of their payload, and the facts they tell."""
    audits = parsed.filter(pl.col("is_audit"))
    if not audits.height:
        return parsed, pl.DataFrame(schema=FACT_SCHEMA)
    ids = _insert_ids(audits, records["raw"], redactor)
    readings = [
        read_audit(_loaded(raw), redactor=redactor, insert_id=insert_id)
        for raw, insert_id in zip(records["raw"].gather(audits["place"]), ids, strict=True)
    ]
    rows = parsed["is_audit"].arg_true()
    told = parsed.with_columns(
        text=_scattered(parsed["text"], rows, [reading.message for reading in readings]),
        payload=_scattered(parsed["payload"], rows, [orjson.dumps(reading.payload).decode() for reading in readings]),
    )
    facts = [fact for reading in readings for fact in reading.facts]
    return told, pl.DataFrame(facts, schema=FACT_SCHEMA, orient="row")


def _scattered(column: pl.Series, rows: pl.Series, texts: list[str]) -> pl.Series:
    return column.clone().scatter(rows, pl.Series(texts, dtype=pl.String))


def _loaded(raw: str) -> dict[str, Any]:
    """The record; empty where it holds what only the first parse took for JSON, such as NaN."""
    try:
        return dict(orjson.loads(raw))
    except orjson.JSONDecodeError:
        return {}


def _entries(parsed: pl.DataFrame, raws: pl.Series, redactor: Redactor) -> pl.DataFrame:
    """ENTRY_SCHEMA of parsed rows that have a time."""
    said = pl.coalesce("text", "message", pl.when(pl.col("http_method").is_null()).then(pl.col("payload")))
    frame = parsed.with_columns(said=said, log=_short_log(parsed["log_name"]), path=_path(parsed["http_url"]))
    given = severity_of_word(frame["severity"])
    texts = _clean(frame["said"])
    message, payload, path, user_agent, logger = redactor.frames(
        [texts, frame["payload"], frame["path"], frame["user_agent"], frame["logger"]]
    )
    project = _project(frame)
    origin = _redacted([project, *(frame[name] for name in _ORIGIN)], redactor)
    return frame.select(
        *origin,
        insert_id=redactor.frame(_insert_ids(frame, raws, redactor)),
        at_ns="at_ns",
        received_at_ns="received_at_ns",
        severity=_severity(frame, given, texts),
        severity_given=given,
        message=message,
        logger=pl.coalesce(logger, message.str.extract(_LOGURU)),
        payload=payload,
        http_method=pl.when(pl.col("http_method").str.contains(_METHOD)).then("http_method"),
        http_path=path,
        http_status="http_status",
        latency_ns="latency_ns",
        user_agent=user_agent,
        client=_clients(frame, redactor),
        trace=_trace(frame["trace"], message),
        span=_span(frame["span"]),
        error_group=pl.when(pl.col("error_group").str.contains(_GROUP)).then("error_group"),
    ).select(ENTRY_SCHEMA.names()).cast(ENTRY_SCHEMA)  # fmt: skip


def _project(frame: pl.DataFrame) -> pl.Series:
    """The resource's project, else that of the log's name."""
    if not frame["project"].null_count():
        return frame["project"]
    return frame.select(
        pl.coalesce("project", pl.col("log_name").str.extract(r"\Aprojects/([^/]+)/")).alias("project")
    ).to_series()


def _short_log(names: pl.Series) -> pl.Series:
    """`stderr` of `projects/p/logs/run.googleapis.com%2Fstderr`; "" where there is no logName."""
    distinct = names.unique().drop_nulls()
    short = {name: _unescape(name.rpartition("/logs/")[2] or name) for name in distinct}
    return names.replace_strict(short, default="", return_dtype=pl.String).fill_null("")


def _unescape(log_id: str) -> str:
    plain = re.sub(r"%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), log_id)
    for prefix in _LOG_PREFIXES:
        plain = plain.removeprefix(prefix)
    return plain


def _path(urls: pl.Series) -> pl.Series:
    """Path of a URL, without scheme, host, query and fragment."""
    bare = urls.str.replace(r"\A[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*", "").str.replace(r"[?#](?s:.*)\z", "")
    return bare.replace("", "/")


def _clean(texts: pl.Series) -> pl.Series:
    """Texts without ANSI codes, without colour tags that a logger left unrendered, without white space at the end."""
    for literal, pattern in (("\x1b", _ANSI), ("</", _TAGS)):
        hit = texts.str.contains(literal, literal=True).fill_null(value=False)
        if hit.any():
            texts = texts.scatter(hit.arg_true(), texts.filter(hit).str.replace_all(pattern, ""))
    return texts.str.strip_chars_end("\r\n")


def _severity(frame: pl.DataFrame, given: pl.Series, texts: pl.Series) -> pl.Series:
    """The level a text line names itself, else the payload's own, else the field's.

    A line of text knows its level better than the agent that shipped it; a structured line names it in a key.
    """
    is_text = frame["text"].is_not_null() & ~frame["is_audit"]
    from_text = pl.Series("severity", [0], dtype=pl.UInt8).new_from_index(0, frame.height)
    if is_text.any():
        from_text = from_text.scatter(is_text.arg_true(), severity_of_text(texts.filter(is_text)))
    lacking = (given == 0) & frame["payload"].is_not_null()
    if lacking.any():
        rows = frame.filter(lacking)
        is_pino = rows["payload"].str.contains(r'"level":\s*\d+').fill_null(value=False)
        words = severity_of_word(rows["level"])
        pino = severity_of_word(rows["level"], is_pino=True)
        own = pino.zip_with(is_pino & rows["payload"].str.contains('"time"', literal=True), words)
        own = own.zip_with(own > 0, severity_of_text(texts.filter(lacking)))
        from_text = from_text.scatter(lacking.arg_true(), own)
    return from_text.zip_with(from_text > 0, given)


def _insert_ids(frame: pl.DataFrame, raws: pl.Series, redactor: Redactor) -> pl.Series:
    """insertId, or where there is none `h:` and a hash of the record's content."""
    ids = frame["insert_id"]
    lacking = ids.is_null() | (ids == "")
    if not lacking.any():
        return ids
    made = [_content_id(raw, redactor) for raw in raws.gather(frame["place"].filter(lacking))]
    return ids.clone().scatter(lacking.arg_true(), pl.Series(made, dtype=pl.String))


def _content_id(raw: str, redactor: Redactor) -> str:
    """Keyed hash of a record's content, the same for every order of keys and every white space."""
    with contextlib.suppress(orjson.JSONDecodeError, orjson.JSONEncodeError):
        raw = orjson.dumps(orjson.loads(raw), option=orjson.OPT_SORT_KEYS).decode()
    return "h:" + redactor.identity(raw)


def _redacted(columns: list[pl.Series], redactor: Redactor) -> list[pl.Series]:
    """Columns of few distinct texts without secrets; nulls become empty texts."""
    distinct = [column.unique().drop_nulls() for column in columns]
    told = redactor.frames(distinct)
    return [
        (column if after is before else column.replace_strict(before, after, return_dtype=pl.String)).fill_null("")
        for column, before, after in zip(columns, distinct, told, strict=True)
    ]


def _clients(frame: pl.DataFrame, redactor: Redactor) -> pl.Series:
    """Keyed hash of caller address and user agent; null where no address is known."""
    callers = (frame["remote_ip"] + "\n" + frame["user_agent"].fill_null("")).alias("caller")
    distinct = callers.unique().drop_nulls()
    numbers = pl.Series([redactor.number(caller) for caller in distinct], dtype=pl.UInt64)
    return callers.replace_strict(distinct, numbers, default=None, return_dtype=pl.UInt64)


def _trace(traces: pl.Series, message: pl.Series) -> pl.Series:
    """32 hex digits: of the trace field in any notation, else of a trace id that the text names."""
    ids = traces.str.extract(r"([0-9a-fA-F]{32})\z").str.to_lowercase()
    named = (
        ids.is_null() & message.str.contains_any(["trace_id", "traceid", "trace-id"], ascii_case_insensitive=True)
    ).fill_null(value=False)
    if not named.any():
        return ids
    return ids.scatter(named.arg_true(), message.filter(named).str.extract(_TRACE_IN_TEXT).str.to_lowercase())


def _span(spans: pl.Series) -> pl.Series:
    """16 hex digits of a span id written in hex or in decimal."""
    is_hex = spans.str.contains(r"\A[0-9a-fA-F]{16}\z").fill_null(value=False)
    if (is_hex | spans.is_null()).all():
        return spans.str.to_lowercase()
    return pl.Series([_span_id(value) for value in spans], dtype=pl.String)


def _span_id(value: str | None) -> str | None:
    if value is None or not value:
        return None
    if re.fullmatch(r"[0-9a-fA-F]{1,16}", value) and not value.isdecimal():
        return value.lower().zfill(16)
    if re.fullmatch(r"[0-9a-fA-F]{16}", value):
        return value.lower()
    return f"{int(value):016x}" if re.fullmatch(r"[0-9]{1,20}", value) and int(value) < 1 << 64 else None
