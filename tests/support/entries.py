"""Builders of raw LogEntry texts and of raw batches, in the shapes that Cloud Logging gives."""

import itertools
import json
from typing import Any

import polars as pl

from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA, RawBatch

__all__ = ["log_entry", "raw_batch", "raw_records"]

_numbers = itertools.count()


def log_entry(**changes: Any) -> dict[str, Any]:
    """A text entry of a Cloud Run service; keys given replace its own, None removes one."""
    number = next(_numbers)
    entry: dict[str, Any] = {
        "insertId": f"i{number:08d}",
        "logName": "projects/shop-staging/logs/run.googleapis.com%2Fstderr",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {
                "project_id": "shop-staging",
                "location": "europe-west1",
                "service_name": "orders",
                "configuration_name": "orders",
                "revision_name": "orders-00007-abc",
            },
        },
        "timestamp": f"2026-09-14T20:00:{number % 60:02d}.{number % 1000000:06d}Z",
        "receiveTimestamp": f"2026-09-14T20:00:{number % 60:02d}.{number % 1000000:06d}789Z",
        "textPayload": "hello",
        "labels": {"instanceId": "0069c7a9" + "ab" * 20},
    }
    return {key: value for key, value in (entry | changes).items() if value is not None}


def raw_records(*records: dict[str, Any] | str) -> pl.DataFrame:
    """Records as a source cuts them, numbered from line 1; texts are taken as they are."""
    raws = [record if isinstance(record, str) else json.dumps(record) for record in records]
    return pl.DataFrame({"line": list(range(1, len(raws) + 1)), "raw": raws}, schema=RAW_SCHEMA)


def raw_batch(*records: dict[str, Any] | str, **changes: Any) -> RawBatch:
    """A raw batch of entries."""
    settings: dict[str, Any] = {
        "source": "files",
        "location": "a.jsonl",
        "kind": "entries",
        "records": raw_records(*records),
        "dead": pl.DataFrame(schema=DEAD_LETTER_SCHEMA),
    }
    return RawBatch(**(settings | changes))
