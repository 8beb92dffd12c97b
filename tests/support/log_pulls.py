"""A Cloud Logging source over a server on loopback, and what its pulls give."""

import json
from collections.abc import Iterable
from typing import Any

import grpc

from collector.records import RawBatch
from collector.sources.cloud_logging import CloudLogging, CloudLoggingConfig
from collector.window import NS_PER_S
from tests.support.grpc_faults import Refuse
from tests.support.log_entries import make_entries
from tests.support.logging_server import LoggingServer
from tests.support.source_settings import START_NS, SteppedClock, make_settings

__all__ = ["AWAY", "BUSY", "HOUR_NS", "PROJECT", "entries_over", "ids", "make_source", "pull", "read"]

HOUR_NS = 3600 * NS_PER_S
PROJECT = "projects/demo-stage"
BUSY = Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded")
AWAY = Refuse(grpc.StatusCode.UNAVAILABLE, "try later")


def make_source(server: LoggingServer, clock: SteppedClock, **keys: Any) -> CloudLogging:
    """A source of one project at that server."""
    given = {"resources": (PROJECT,), "endpoint": server.endpoint, "insecure": True, "deadline_s": 5.0, **keys}
    return CloudLogging(CloudLoggingConfig(**given), make_settings(clock))


def pull(source: CloudLogging, *, since_ns: int | None = None, until_ns: int, cursor: Any = None) -> list[RawBatch]:
    """All batches of one pull."""
    return list(source.pull(since_ns=since_ns, until_ns=until_ns, cursor=cursor))


def read(batches: Iterable[RawBatch]) -> list[dict[str, Any]]:
    """The records of the batches."""
    return [json.loads(text) for batch in batches for text in batch.records["raw"]]


def ids(batches: Iterable[RawBatch]) -> list[str]:
    """The insertId of each record, in order."""
    return [entry["insertId"] for entry in read(batches)]


def entries_over(hours: float, count: int, *, end_ns: int = START_NS - HOUR_NS, **more: Any) -> list[Any]:
    """So many made-up entries, spread over the hours before an end."""
    return list(make_entries(count, seed=5, start_ns=end_ns - int(hours * HOUR_NS), end_ns=end_ns, **more))
