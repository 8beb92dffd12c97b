"""Entries in; events out: what one event wrote over several entries of one stream is put together again.

A stream is one log of one instance. Put together are tracebacks cut into lines or chunks (Python, Node, Java, Go), what
stands between the tracebacks of a chain, a traceback with the log line that announces it, and messages that a newline
broke. Lines of other threads may stand between. The result depends on the entries alone, not on their order or batch.
"""

import polars as pl

__all__ = ["EVENT_SCHEMA", "SIGN_SCHEMA", "reassemble"]

# What queries/find_entries_to_sign.sql gives.
SIGN_SCHEMA: dict[str, pl.DataType] = {
    "project": pl.String(),
    "service": pl.String(),
    "revision": pl.String(),
    "instance": pl.String(),
    "log": pl.String(),
    "insert_id": pl.String(),
    "at_ns": pl.Int64(),
    "severity": pl.UInt8(),
    "message": pl.String(),
    "logger": pl.String(),
    "payload": pl.String(),
    "http_method": pl.String(),
    "http_path": pl.String(),
    "http_status": pl.Int16(),
    "trace": pl.String(),
    "batch_id": pl.Int64(),
    "is_hit": pl.Boolean(),
    "run": pl.UInt64(),  # lines of one stream between two silences; null of what no line goes on
}
# One event: the columns of its first entry, but `text` of all its messages and the highest severity of its hits.
EVENT_SCHEMA: dict[str, pl.DataType] = {
    **{name: kind for name, kind in SIGN_SCHEMA.items() if name not in {"insert_id", "message", "is_hit", "run"}},
    "text": pl.String(),
    "insert_ids": pl.List(pl.String()),
}

_TRACE_REACH_NS = 50_000_000  # between two parts of one traceback; a busy instance writes them microseconds apart
_HEAD_REACH_NS = 5_000_000  # between a log line and the traceback it announces
_PLAIN_REACH_NS = 1_000_000  # between the halves of a message that a newline broke
_FAILURE = 13  # WARNING: a traceback belongs to the line before only when that line tells of trouble

# What a line is to its neighbours, first match decides. Structured entries, requests and platform lines stand alone.
_ALONE, _TRACE, _GLUE, _FRAME, _THROWN, _HEAD, _PLAIN = range(7)
_STARTS_TRACE = (
    r"\A\s*(?:Traceback \(most recent call last\)|\+ Exception Group Traceback|panic: |fatal error: "
    r"|Exception in thread )"
)
_IS_GLUE = r"\A\s*(?:During handling of the above exception|The above exception was the direct cause)"
_IS_FRAME = (
    r"\A(?:[ \t]+\S|at [\w.$<>]+[ (]|Caused by: |Suppressed: |\.\.\. \d+ (?:more|common)|goroutine \d+ \[|created by "
    r"|[|+][ -]|\[cause\]: |[\w./*()\[\]-]+\((?:0x[0-9a-f]+|\.\.\.)[^)]*\)\z)"
)
_IS_THROWN = (
    r"\A(?:Uncaught |Unhandled )?[A-Za-z_$][\w$]*(?:\.[\w$]+)*"
    r"(?:Error|Exception|Warning|Exit|Interrupt|Timeout|Failure|Fault|Throwable|Group)(?:\s\[\w+\])?(?::|\z|\n)"
)
_IS_HEAD = (
    r"\A\s*(?:\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d|\[[\w.-]+\]"
    r"|\(?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b"
    r"|(?:time|level|ts|msg)=|[IWEF]\d{4} \d\d:|\d\d?[:/]\d\d[:/]\d\d|\{)"
)


def reassemble(entries: pl.DataFrame) -> pl.DataFrame:
    """Events (EVENT_SCHEMA) of entries (SIGN_SCHEMA); events without a hit are left out.

    Each hit is in exactly one event; `insert_ids` lists all entries of the event in the order they were written.
    """
    lines = entries.select(list(SIGN_SCHEMA)).sort("run", "at_ns", "insert_id", nulls_last=True)
    return _fold(lines.with_columns(event=_events(lines)))


def _role() -> pl.Expr:
    """What each line is to its neighbours."""
    text = pl.col("message")
    return (
        pl.when(text.is_null()).then(_ALONE)
        .when(text.str.contains(_STARTS_TRACE)).then(_TRACE)
        .when(text.str.contains(_IS_GLUE)).then(_GLUE)
        .when(text.str.contains(_IS_FRAME)).then(_FRAME)
        .when(text.str.contains(_IS_THROWN)).then(_THROWN)
        .when(text.str.contains(_IS_HEAD) | (pl.col("severity") > 0)).then(_HEAD)
        .otherwise(_PLAIN)
    )  # fmt: skip


def _events(lines: pl.DataFrame) -> pl.Series:
    """Number of the event of each line. Only runs of several lines of which one goes on another are walked through."""
    own = pl.int_range(lines.height, eager=True)
    rows = (lines["run"].is_not_null() & lines["run"].is_duplicated()).arg_true()
    part = lines[rows.to_list()] if rows.len() < lines.height else lines
    part = part.select("run", "at_ns", "severity", "is_hit", role=_role(), row=rows)
    joins = ~pl.col("role").is_in([_ALONE, _HEAD])
    part = part.filter(joins.any().over("run"))
    if not part.height:
        return own
    joined = _walk(
        part["row"].to_list(), part["run"].to_list(), part["role"].to_list(), part["at_ns"].to_list(),
        (part["is_hit"] & ((part["severity"] >= _FAILURE) | (part["severity"] == 0))).to_list(),
    )  # fmt: skip
    return own.clone().scatter(part["row"], joined)


def _walk(rows: list[int], runs: list[int], roles: list[int], times: list[int], failures: list[bool]) -> list[int]:
    """The event of each line, named by the row of its first line."""
    events: list[int] = []
    stream = _Stream()
    run = None
    for row, this_run, role, at_ns, is_failure in zip(rows, runs, roles, times, failures, strict=True):
        if this_run != run:
            run, stream = this_run, _Stream()
        events.append(stream.take(row, role, at_ns, is_failure=is_failure))
    return events


class _Stream:
    """Where the next line of a stream can go on: the line before, and the traceback that is still open."""

    __slots__ = (
        "goes_on", "is_chained", "is_thrown", "last", "last_fails", "last_is_traced", "last_ns", "open", "open_ns",
    )  # fmt: skip

    def __init__(self) -> None:
        self.last, self.last_ns, self.last_fails, self.last_is_traced = -1, 0, False, False
        self.open, self.open_ns = -1, 0
        self.goes_on = False  # the event before may have further lines: it began with a head or a level, or is a trace
        self.is_thrown = False  # the open traceback has told its exception
        self.is_chained = False  # a line has announced another traceback of the same chain

    def take(self, row: int, role: int, at_ns: int, *, is_failure: bool) -> int:
        """The event that the line belongs to."""
        if self.open >= 0 and at_ns - self.open_ns > _TRACE_REACH_NS:
            self.open = -1
        if role in (_ALONE, _HEAD):
            self.goes_on = role == _HEAD
            self.last, self.last_ns, self.last_fails, self.last_is_traced = row, at_ns, is_failure, False
            return row
        if role == _PLAIN:
            return self._plain(row, at_ns, is_failure=is_failure)
        if role in (_GLUE, _FRAME):
            return self._go_on(row, role, at_ns)
        if role == _THROWN and self.open >= 0 and not self.is_thrown:
            self.is_thrown = True
            return self._into_open(at_ns)
        return self._begin(row, role, at_ns, is_failure=is_failure)

    def _begin(self, row: int, role: int, at_ns: int, *, is_failure: bool) -> int:
        """A traceback begins: of the chain that was announced, else of the log line just before, else by itself."""
        if self.open < 0 or not self.is_chained:
            is_announced = (
                self.last >= 0 and self.last_fails and not self.last_is_traced
                and at_ns - self.last_ns <= _HEAD_REACH_NS
            )  # fmt: skip
            if not is_announced:
                self.last, self.last_fails = row, is_failure
            self.open = self.last
        self.is_thrown, self.is_chained = role == _THROWN, False
        return self._into_open(at_ns)

    def _go_on(self, row: int, role: int, at_ns: int) -> int:
        if self.open >= 0:
            self.is_chained = self.is_chained or role == _GLUE
            return self._into_open(at_ns)
        if self.last < 0 or at_ns - self.last_ns > _TRACE_REACH_NS:
            self.last, self.last_fails, self.last_is_traced = row, False, False
        self.last_ns = at_ns
        return self.last

    def _plain(self, row: int, at_ns: int, *, is_failure: bool) -> int:
        if self.goes_on and at_ns - self.last_ns <= _PLAIN_REACH_NS:
            self.last_ns = at_ns
            return self.last
        self.last, self.last_ns, self.last_fails, self.last_is_traced = row, at_ns, is_failure, False
        self.goes_on = False
        return row

    def _into_open(self, at_ns: int) -> int:
        self.open_ns = at_ns
        if self.last == self.open:
            self.last_ns, self.last_is_traced, self.goes_on = at_ns, True, True
        return self.open


def _fold(lines: pl.DataFrame) -> pl.DataFrame:
    """Events with a hit; of one line each they are taken as they are."""
    sized = lines.with_columns(size=pl.len().over("event"), has_hit=pl.col("is_hit").any().over("event"))
    kept = sized.filter("has_hit")
    single = kept.filter(pl.col("size") == 1)
    several = kept.filter(pl.col("size") > 1)
    events = [single.with_columns(text="message", insert_ids=pl.concat_list("insert_id")).select(list(EVENT_SCHEMA))]
    if several.height:
        first = [pl.col(name).first() for name in ("project", "service", "revision", "instance", "log")]
        known = [pl.col(name).drop_nulls().first() for name in
                 ("logger", "payload", "http_method", "http_path", "http_status", "trace")]  # fmt: skip
        folded = several.group_by("event", maintain_order=True).agg(
            *first,
            *known,
            pl.col("at_ns").min(),
            pl.col("severity").max(),
            pl.col("batch_id").max(),
            text=pl.col("message").drop_nulls().str.join("\n"),
            insert_ids=pl.col("insert_id"),
        )
        events.append(folded.select(list(EVENT_SCHEMA)))
    return pl.concat(events).sort("at_ns", "project", "service", "instance", "log", pl.col("insert_ids").list.first())
