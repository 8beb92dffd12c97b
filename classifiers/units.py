"""Units: failures put together by the trace or request in which they happened, else by the minute of an instance."""

import polars as pl

__all__ = ["asked_units", "met", "minute_units", "placed"]

_ASKED = 0.3  # share of occurrences whose trace or request is known from which these are the unit
_MINUTE_NS = 60_000_000_000


def placed(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the key of their trace or request, own or borrowed; of none where too few are known to count by.

    The time of a request is its start, long before it failed: lines tell when, where there are any.
    """
    lines = rows.filter(pl.col("log") != "requests")
    rows = lines if lines.height else rows
    is_borrowed = pl.col("trace").is_null() & pl.col("borrowed").is_not_null() & (pl.col("log") != "requests")
    keyed = rows.with_columns(trace=pl.coalesce("trace", "borrowed"), is_borrowed=is_borrowed)
    known = keyed.filter(pl.col("trace").is_not_null())["occurrences"].sum()
    if int(known) < _ASKED * int(keyed["occurrences"].sum()):
        keyed = keyed.with_columns(trace=pl.lit(None, dtype=pl.String))
    return keyed.sort("first_ns", "revision", "instance")


def asked_units(keyed: pl.DataFrame) -> pl.DataFrame:
    """at_ns, revision, trace and is_borrowed of each trace or request, by time."""
    return _grouped(keyed.filter(pl.col("trace").is_not_null()), ["trace"])


def minute_units(keyed: pl.DataFrame) -> pl.DataFrame:
    """The same of each minute of an instance; the trace is the first one known of it."""
    minutes = keyed.with_columns(minute=pl.col("first_ns") // _MINUTE_NS, is_borrowed=pl.lit(value=False))
    return _grouped(minutes, ["revision", "instance", "minute"])


def _grouped(keyed: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    return (
        keyed.group_by(keys, maintain_order=True)
        .agg(
            pl.col("first_ns").min().alias("at_ns"),
            pl.col("is_borrowed").all(),
            *(pl.col(name).drop_nulls().first() for name in ("revision", "trace") if name not in keys),
        )
        .select("at_ns", "revision", "trace", "is_borrowed")
        .sort("at_ns", "revision", "trace")
    )


def met(keyed: pl.DataFrame) -> dict[str, int]:
    """When each trace or request first failed, by that time."""
    known = keyed.filter(pl.col("trace").is_not_null()).group_by("trace").agg(pl.col("first_ns").min())
    return dict(known.sort("first_ns", "trace").iter_rows())
