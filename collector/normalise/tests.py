"""Cases of test runs: what collector/sources/junit.py cuts out becomes rows of TEST_SCHEMA, redacted.

Reports tell when a suite began, hardly ever when a case did: it is taken to begin when those before it ended, and
within the suite. A time without a zone is taken for UTC, and marked.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl

from collector.normalise.redact import Redactor
from collector.records import TEST_SCHEMA

__all__ = ["normalise_tests"]

_BODY_CHARS = 16_000
_NAME_CHARS = 500
_TEXTS = ("suite", "class_name", "name", "type", "message", "body", "output")
_NS_PER_S = 1_000_000_000


def normalise_tests(records: pl.DataFrame, *, location: str, redactor: Redactor) -> pl.DataFrame:
    """The cases (TEST_SCHEMA) of those records (RAW_SCHEMA), in their order."""
    rows = [_row(orjson.loads(raw), location) for raw in records["raw"].to_list()]
    told = pl.DataFrame(rows, schema=TEST_SCHEMA, orient="row")
    clean = redactor.frames([told[name] for name in _TEXTS])
    return told.with_columns(
        clean[0].str.slice(0, _NAME_CHARS),
        clean[1].str.slice(0, _NAME_CHARS),
        clean[2].str.slice(0, _NAME_CHARS),
        clean[3].str.slice(0, _NAME_CHARS),
        clean[4].str.slice(0, _BODY_CHARS),
        clean[5].str.slice(0, _BODY_CHARS),
        clean[6].str.slice(-_BODY_CHARS),
    )


def _row(case: dict[str, Any], location: str) -> dict[str, Any]:
    suite_at, is_zoned = _instant(case["suite_timestamp"])
    own_at, is_own_zoned = _instant(case["timestamp"])
    lasted, suite_ns = _duration(case["time"]), _duration(case["suite_time"])
    before = round(case["before_s"] * _NS_PER_S)
    if suite_ns is not None:
        before = max(0, min(before, suite_ns - (lasted or 0)))
    return {
        "run": case["run"],
        "case_id": _case_id(case),
        "suite": case["suite"],
        "class_name": case["class_name"],
        "name": case["name"],
        "outcome": case["outcome"],
        "at_ns": own_at if own_at is not None else None if suite_at is None else suite_at + before,
        "duration_ns": lasted,
        "suite_at_ns": suite_at if suite_at is not None else own_at,
        "suite_ns": suite_ns,
        "is_zoned": is_own_zoned if own_at is not None else is_zoned,
        "type": case["type"] or None,
        "message": case["message"] or None,
        "body": case["body"] or None,
        "output": case["output"].strip() or None,
        "traces": case["traces"],
        "location": location,
    }


def _case_id(case: dict[str, Any]) -> str:
    """Which case of its run it is. Names are hashed as they are told, before anything is redacted."""
    names = [case["run"], case["suite"], case["class_name"], case["name"], case["outcome"] == "empty", case["ordinal"]]
    return hashlib.blake2b(orjson.dumps(names), digest_size=8).hexdigest()


def _instant(told: str) -> tuple[int | None, bool]:
    """Nanoseconds since 1970 and whether the zone was told; None of what is no time of this world."""
    try:
        at = datetime.fromisoformat(told.strip())
    except ValueError:
        return None, False
    is_zoned = at.tzinfo is not None
    since = (at if is_zoned else at.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    whole = (since.days * 86_400 + since.seconds) * _NS_PER_S + since.microseconds * 1000
    return (whole, is_zoned) if 0 < whole < 1 << 62 else (None, False)


def _duration(told: str) -> int | None:
    try:
        value = float(str(told).replace(",", ""))
    except ValueError:
        return None
    return round(value * _NS_PER_S) if 0 <= value < 1e9 else None  # noqa: PLR2004 - thirty years, and no NaN
