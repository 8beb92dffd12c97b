"""Entries in; events out: what one event wrote over several entries of one stream is put together again.

A stream is one log of one instance. Put together are tracebacks cut into lines or chunks (Python, Node, Java, Go), what
stands between the tracebacks of a chain, a traceback with the log line that announces it, and messages that a newline
broke. Lines of other threads may stand between. The result depends on the entries alone, not on their order or batch.
"""

import polars as pl

from classifiers.line_roles import LINE_COLUMNS, line_columns
from classifiers.streams import Line, Stream

__all__ = ["EVENT_SCHEMA", "SIGN_SCHEMA", "fold", "reassemble"]

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


def reassemble(entries: pl.DataFrame) -> pl.DataFrame:
    """Events (EVENT_SCHEMA) of entries (SIGN_SCHEMA); events without a hit are left out.

    Each hit is in exactly one event; `insert_ids` lists all entries of the event in the order they were written.
    """
    lines = entries.select(list(SIGN_SCHEMA)).sort("run", "at_ns", "insert_id", nulls_last=True)
    return fold(lines.with_columns(event=_events(lines)))


def _events(lines: pl.DataFrame) -> pl.Series:
    """Number of the event of each line. Only runs of several lines are walked through."""
    own = pl.int_range(lines.height, eager=True)
    rows = (lines["run"].is_not_null() & lines["run"].is_duplicated()).arg_true()
    part = lines[rows.to_list()] if rows.len() < lines.height else lines
    part = part.select("run", "at_ns", "severity", "is_hit", "message", row=rows)
    if not part.height:
        return own
    told = part.select("row", "run", "at_ns", **line_columns())
    return own.clone().scatter(told["row"], _walk(told))


def _walk(told: pl.DataFrame) -> list[int]:
    """The event of each line, named by the row of its first line."""
    events: list[int] = []
    stream = Stream()
    run = None
    columns = [told[name].to_list() for name in LINE_COLUMNS]
    for row, this_run, *line in zip(told["row"].to_list(), told["run"].to_list(), *columns, strict=True):
        if this_run != run:
            run, stream = this_run, Stream()
        events.append(stream.take(row, Line(*line)))
    return events


def fold(lines: pl.DataFrame) -> pl.DataFrame:
    """Events (EVENT_SCHEMA) of lines (SIGN_SCHEMA) in the order they were written, with the number of their `event`.

    The earliest comes first; those without a hit are left out.
    """
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
    return pl.concat(events).sort("at_ns", "project", pl.col("insert_ids").list.first())
