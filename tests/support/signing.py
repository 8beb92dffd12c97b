"""Builders of the frames that signing reads: one line of a log each, with the columns that most tests leave alone."""

import zlib
from typing import Any

import polars as pl

from classifiers.reassemble import SIGN_SCHEMA

__all__ = ["START_NS", "at_ms", "line", "lines"]

START_NS = 1_789_416_000_000_000_000


def at_ms(milliseconds: float) -> int:
    """Nanoseconds of an instant that lies so many milliseconds after the start of the test's time."""
    return START_NS + round(milliseconds * 1_000_000)


def line(message: str | None, at: float = 0.0, **changes: Any) -> dict[str, Any]:
    """A text line of service `orders`, `at` milliseconds after the start, of a failure; a stream is one run."""
    row: dict[str, Any] = {
        "project": "shop-staging",
        "service": "orders",
        "revision": "orders-00007-abc",
        "instance": "one",
        "log": "stderr",
        "insert_id": f"at{round(at * 1_000_000):015d}",
        "at_ns": at_ms(at),
        "severity": 17,
        "message": message,
        "logger": None,
        "payload": None,
        "http_method": None,
        "http_path": None,
        "http_status": None,
        "trace": None,
        "batch_id": 1,
        "is_hit": True,
    }
    row |= changes
    is_line = row["http_status"] is None and row["payload"] is None and row["log"] != "varlog/system"
    place = "".join(row[name] for name in ("project", "service", "revision", "instance", "log"))
    return {**row, "run": row.get("run", zlib.crc32(place.encode()) if is_line else None)}


def lines(*rows: dict[str, Any]) -> pl.DataFrame:
    """The rows as a frame of SIGN_SCHEMA."""
    return pl.DataFrame(list(rows), schema=SIGN_SCHEMA, orient="row")
