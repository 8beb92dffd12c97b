"""How long an analysis of 200 revisions and 500 clusters over 30 days takes: one JSON line as result.

    python -m benchmarks.attribution [--revisions 200] [--clusters 500] [--days 30] [--requests 600000] [--runs 3]

A system of many services is generated from a seed, stored and signed as an import does it, and analysed with the whole
span as window, so that every cluster is judged. `conclude_s` is the attribution (from what was read to the findings),
`read_s` what it takes out of the store before; both are medians over the runs, with the share of each stage and query.
`ratio` is the attribution divided by one plain aggregation of the same requests by DuckDB: it compares machines.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.generate_system import Size, generate_system
from classifiers import classify
from classifiers.classify import Reading
from classifiers.config import ClassifyConfig
from classifiers.signing import sign_new
from collector.config import StoreConfig
from collector.records import DEAD_LETTER_SCHEMA, SPAN_SCHEMA, Batch
from collector.store import Reader, Store
from collector.window import Window

_AGGREGATE = Path(__file__).with_name("aggregate.sql")
_STAGES = (
    "build_cases", "judge", "find_cascade", "fold_requests", "Suspects", "part_entries", "weigh_cases",
    "tell_clusters", "with_shared_dependencies", "find_incidents", "vanished_keys", "find_coverage", "with_known",
    "verify_findings", "track",
)  # fmt: skip


def main() -> None:
    """Generates, measures, tells."""
    parser = argparse.ArgumentParser(description="Speed of the attribution.")
    parser.add_argument("--revisions", type=int, default=200)
    parser.add_argument("--clusters", type=int, default=500)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--requests", type=int, default=600_000)
    parser.add_argument("--services", type=int, default=15)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", type=Path, default=None, help="keeps the store here, or uses the one that is there")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = told.db or Path(folder) / "store.duckdb"
        store = Store(StoreConfig(path=path))
        if not path.exists():
            _fill(store, told)
        print(json.dumps(_measure(store, told)))


def _fill(store: Store, told: argparse.Namespace) -> None:
    size = Size(told.services, told.revisions, told.clusters, told.days, told.requests)
    run_id = store.begin_run("import", "benchmark")
    for entries, facts in generate_system(size, seed=told.seed):
        store.append([_batch(entries, facts)], run_id=run_id)
    store.end_run(run_id, outcome="succeeded")
    sign_new(store)


def _batch(entries: Any, facts: Any) -> Batch:
    return Batch("benchmark", "generated", entries.height, entries, SPAN_SCHEMA.to_frame(), facts,
                 DEAD_LETTER_SCHEMA.to_frame())  # fmt: skip


def _measure(store: Store, told: argparse.Namespace) -> dict[str, object]:
    """The result line."""
    config = ClassifyConfig()
    stages: dict[str, list[float]] = {}
    queries: dict[str, list[float]] = {}
    reads, concludes, plain = [], [], []
    reading, findings = None, None
    for _ in range(told.runs):
        with store.read() as reader, _timed_queries(queries):
            bounds = reader.frame("find_bounds", end_ns=2**62).row(0, named=True)
            window = Window(bounds["first_ns"], bounds["last_ns"] + 1)
            began = time.perf_counter()
            reading = classify.read(reader, window=window, config=config)
            reads.append(time.perf_counter() - began)
        with store.read() as reader:
            began = time.perf_counter()
            reader.sql(_AGGREGATE.read_text(encoding="utf-8"))
            plain.append(time.perf_counter() - began)
        with _timed_stages(stages):
            began = time.perf_counter()
            findings = classify.conclude(reading, now_ns=window.end_ns, config=config)
            concludes.append(time.perf_counter() - began)
    assert reading is not None
    assert findings is not None
    return {
        "benchmark": "attribution",
        "conclude_s": _median(concludes),
        "read_s": _median(reads),
        "ratio": round(statistics.median(concludes) / statistics.median(plain), 1),
        "aggregate_s": _median(plain),
        "stages_s": _medians(stages, told.runs),
        "queries_s": _medians(queries, told.runs),
        **_size(reading),
        "problems": len(findings.clusters),
        "blamed": sum(one.attribution is not None and one.attribution.confidence >= 0.5 for one in findings.clusters),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "cores": len(os.sched_getaffinity(0)),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in ("duckdb", "polars")}},
    }


def _size(reading: Reading) -> dict[str, int]:
    history = reading.history
    return {
        "entries": reading.counts.window["entries"],
        "revisions": len(history.revisions),
        "clusters": history.leads.height,
        "failures": history.failures.height,
    }


@contextmanager
def _timed_stages(spent: dict[str, list[float]]) -> Iterator[None]:
    """Times what the main line calls, by name; sums what is called several times."""
    kept = {name: getattr(classify, name) for name in _STAGES if hasattr(classify, name)}
    for name, call in kept.items():
        setattr(classify, name, _timed(name, call, spent))
    try:
        yield
    finally:
        for name, call in kept.items():
            setattr(classify, name, call)


@contextmanager
def _timed_queries(spent: dict[str, list[float]]) -> Iterator[None]:
    kept = Reader.frame

    def frame(self: Reader, query: str, **params: Any) -> Any:
        return _timed(query, kept, spent)(self, query, **params)

    Reader.frame = frame  # type: ignore[method-assign] # only while it is measured
    try:
        yield
    finally:
        Reader.frame = kept  # type: ignore[method-assign]


def _timed(name: str, call: Callable[..., Any], spent: dict[str, list[float]]) -> Callable[..., Any]:
    def run(*args: Any, **keys: Any) -> Any:
        began = time.perf_counter()
        try:
            return call(*args, **keys)
        finally:
            spent.setdefault(name, []).append(time.perf_counter() - began)

    return run


def _medians(spent: dict[str, list[float]], runs: int) -> dict[str, float]:
    """Seconds a run of each, the longest first; below a hundredth it is not told."""
    each = {name: sum(times) / runs for name, times in spent.items()}
    return {name: round(took, 3) for name, took in sorted(each.items(), key=lambda one: -one[1]) if took >= 0.01}


def _median(times: list[float]) -> float:
    return round(statistics.median(times), 3)


if __name__ == "__main__":
    main()
