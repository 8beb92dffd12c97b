"""A store of ordinary traffic with few failures, for benchmarks/report.py: millions of entries in a minute.

    python benchmarks/generate_store.py OUT.duckdb [--entries 1000000] [--days 15] [--services 30] [--seed 1]

Half of the entries are requests, half what their services wrote meanwhile; some hundred services times routes times
revisions, people, tests and services among the callers, a path for each order. One request in a hundred fails: steadily
on some routes, since a deploy on others. Drawn in columns and stored as an import does it, an hour after the other.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from classifiers.signing import sign_new
from collector.config import StoreConfig
from collector.records import DEAD_LETTER_SCHEMA, ENTRY_SCHEMA, FACT_SCHEMA, SPAN_SCHEMA, Batch
from collector.store import Store

_START_NS = 1_780_272_000_000_000_000  # 2026-06-01T00:00:00Z
_S, _HOUR = 1_000_000_000, 3_600_000_000_000
_ROUTES = ("orders", "items", "users", "carts", "prices", "mails")
_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1) Safari/604.1",
    "python-httpx/0.28.1", "axios/1.7.9", "pytest/8.4 e2e", "okhttp/5.0", "GoogleHC/1.0",
)  # fmt: skip
_SHARES = (0.3, 0.1, 0.3, 0.1, 0.15, 0.04, 0.01)  # of the agents
_DEPLOYS = 6  # of each service
_FAILS = 0.01  # of the requests
_CALLED = 0.4  # share of the requests that go on to another service
_KINDS = 4  # of failures in each service
_AT_ONCE = 200_000  # entries stored together


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="A store of ordinary traffic with few failures.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=15)
    parser.add_argument("--services", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    began_s = time.perf_counter()
    store = Store(StoreConfig(path=told.out))
    run_id = store.begin_run("import", "benchmark")
    for entries in draw(told.entries, told.days, told.services, told.seed):
        batch = Batch(
            "benchmark", "drawn", entries.height, entries, SPAN_SCHEMA.to_frame(), FACT_SCHEMA.to_frame(),
            DEAD_LETTER_SCHEMA.to_frame(),
        )  # fmt: skip
        store.append([batch], run_id=run_id)
    store.end_run(run_id, outcome="succeeded")
    sign_new(store)
    print(json.dumps({"entries": told.entries, "seconds": round(time.perf_counter() - began_s, 1)}))


def draw(entries: int, days: int, services: int, seed: int) -> Iterator[pl.DataFrame]:
    """The entries, by time, some hundred thousand at once; a function of the arguments alone."""
    rng = np.random.default_rng(seed)
    parts = max(1, entries // _AT_ONCE)
    long_ns = days * 24 * _HOUR // parts
    deploys = np.sort(rng.integers(0, days * 24 * _HOUR, (services, _DEPLOYS)), axis=1)
    deploys[:, 0] = 0
    bad = rng.integers(0, _DEPLOYS, (services, _KINDS))  # the revision since which each kind is there
    for part in range(parts):
        yield _part(rng, entries // parts // 2, (part * long_ns, long_ns), deploys, bad)


def _part(
    rng: np.random.Generator, requests: int, span: tuple[int, int], deploys: np.ndarray, bad: np.ndarray
) -> pl.DataFrame:  # fmt: skip
    """Requests of one stretch of time, with a line of each."""
    own = int(requests / (1 + _CALLED))
    at = np.sort(rng.integers(span[0], span[0] + span[1], own))
    trace = rng.integers(0, 2**62, own)
    sent = rng.choice(own, requests - own, replace=False)
    at, trace = np.concatenate([at, at[sent] + 3_000_000]), np.concatenate([trace, trace[sent]])
    is_called = np.arange(len(at)) >= own
    service = rng.integers(0, len(deploys), len(at))
    revision = (deploys[service] <= at[:, None]).sum(axis=1) - 1
    kind = rng.integers(0, bad.shape[1], len(at))
    agent = np.where(is_called, 2, rng.choice(len(_AGENTS), len(at), p=_SHARES))
    is_failed = (rng.random(len(at)) < 2 * _FAILS) & (revision >= bad[service, kind]) & (agent != len(_AGENTS) - 1)
    drawn = pl.DataFrame(
        {
            "at_ns": at + _START_NS, "number": trace, "place": service, "deploy": revision, "kind": kind,
            "agent": agent, "failed": is_failed, "route": rng.integers(0, len(_ROUTES), len(at)),
            "order": rng.integers(0, 500_000, len(at)), "client": rng.integers(0, 2_000, len(at)),
            "latency_ns": np.minimum(rng.lognormal(17.5, 0.8, len(at)), 3e10).astype(np.int64),
            "box": rng.integers(0, 3, len(at)),
        }
    )  # fmt: skip
    service_name = pl.format("service-{}", "place")
    revision_name = pl.format("service-{}-{}-abc", "place", (pl.col("deploy") + 1).cast(pl.String).str.zfill(5))
    agents = pl.col("agent").replace_strict(range(len(_AGENTS)), list(_AGENTS), return_dtype=pl.String)
    routes = pl.col("route").replace_strict(range(len(_ROUTES)), list(_ROUTES), return_dtype=pl.String)
    base = drawn.select(
        "at_ns", "failed", "order", "kind", "latency_ns", "client",
        project=pl.lit("shop"), received_at_ns=pl.col("at_ns") + _S, resource_type=pl.lit("cloud_run_revision"),
        service=service_name, revision=revision_name, location=pl.lit("europe-west1"),
        instance=pl.format("{}-{}", revision_name, "box"),
        trace=pl.format("{}{}", pl.lit("0" * 13), pl.col("number").cast(pl.String).str.zfill(19)),
        severity_given=pl.lit(0), agent=agents, path=pl.format("/api/{}/{}", routes, "order"),
    )  # fmt: skip
    asked = base.with_columns(
        log=pl.lit("requests"), severity=pl.when("failed").then(17).otherwise(9), http_method=pl.lit("GET"),
        http_path="path", http_status=pl.when("failed").then(500).otherwise(200), user_agent="agent",
    )  # fmt: skip
    lines = base.with_columns(
        pl.lit(None).cast(pl.Int64).alias("latency_ns"), pl.lit(None).cast(pl.Int64).alias("client"),
        at_ns=pl.col("at_ns") + pl.col("latency_ns") // 2, log=pl.when("failed").then(pl.lit("stderr")).otherwise(
            pl.lit("stdout")), severity=pl.when("failed").then(17).otherwise(9),
        message=pl.when("failed").then(
            pl.format("Kind{}Error: the order {} could not be booked by {}", "kind", "order", "service")
        ).otherwise(pl.format("booked order {} in {} ms", "order", pl.col("latency_ns") // 1_000_000)),
    )  # fmt: skip
    made = pl.concat([_whole(asked), _whole(lines)]).sort("at_ns")
    number = pl.int_range(pl.len()).cast(pl.String).str.zfill(10)
    return made.with_columns(insert_id=pl.format("{}-{}", pl.lit(str(span[0])), number))


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None).alias(name) for name in ENTRY_SCHEMA if name not in rows.columns]
    return rows.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in ENTRY_SCHEMA.items())


if __name__ == "__main__":
    main()
