"""Traces: what else happened where something failed, by the keys that failures are counted by.

The key of a failure is its trace; where its request carries none, the id of the request's line behind a prefix. Only
real traces tell of other services.
"""

from functools import cached_property

import polars as pl
from msgspec import Struct

__all__ = ["Traces", "is_trace"]

_REQUEST = "request:"  # as in queries/find_failures.sql
_MOST_REQUESTS = 50  # of a trace that is searched for requests within requests
_FAILED = 400  # HTTP status from which a request failed


def is_trace(key: str) -> bool:
    """Whether a key is a trace, not a request that carries none."""
    return not key.startswith(_REQUEST)


class Traces(Struct, frozen=True, dict=True):
    """What else happened in the traces that failed: frames of find_trace_requests and find_trace_spans."""

    requests: pl.DataFrame
    spans: pl.DataFrame

    @cached_property
    def services(self) -> pl.DataFrame:
        """Per trace and service: when it began there and, where known, on which revision."""
        parts = [
            self.requests.select("trace", "service", "revision", "start_ns"),
            self.spans.select("trace", "service", pl.lit("").alias("revision"), "start_ns"),
        ]
        return (
            pl.concat(parts)
            .group_by("trace", "service")
            .agg(pl.col("revision").max(), pl.col("start_ns").min())
            .sort("trace", "service")
        )

    @cached_property
    def ends(self) -> dict[str, dict[str, int]]:
        """Per service and trace: when its first request that failed was answered."""
        failed = (
            self.requests.filter((pl.col("http_status") >= _FAILED) & pl.col("latency_ns").is_not_null())
            .group_by("service", "trace")
            .agg((pl.col("start_ns") + pl.col("latency_ns")).min().alias("end_ns"))
            .sort("service", "trace")
        )
        return {
            str(key[0]): dict(frame.select("trace", "end_ns").iter_rows())
            for key, frame in failed.partition_by("service", as_dict=True).items()
        }

    def calls(self) -> pl.DataFrame:
        """Which service called which: caller, service, traces. From spans, else from requests within requests."""
        told = self.spans.filter(pl.col("caller") != "").select("trace", "caller", "service")
        is_small = pl.len().over("trace") <= _MOST_REQUESTS
        inner = self.requests.filter(pl.col("latency_ns").is_not_null() & is_small).select(
            "trace", "service", "start_ns", end_ns=pl.col("start_ns") + pl.col("latency_ns")
        )
        within = (
            inner.join(inner, on="trace", suffix="_outer")
            .filter(
                (pl.col("service") != pl.col("service_outer"))
                & (pl.col("start_ns_outer") < pl.col("start_ns"))
                & (pl.col("end_ns_outer") >= pl.col("end_ns"))
            )
            .group_by("trace", "service", "start_ns")
            .agg(pl.col("service_outer").sort_by("start_ns_outer").last().alias("caller"))
            .select("trace", "caller", "service")
        )
        return (
            pl.concat([told, within])
            .unique()
            .group_by("caller", "service")
            .agg(pl.len().cast(pl.Int64).alias("traces"))
            .sort("caller", "service")
        )
