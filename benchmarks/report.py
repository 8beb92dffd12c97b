"""What `logtriage report` takes over a large store, whole and station by station: one JSON line as result.

    python benchmarks/report.py STORE.duckdb [--since 24h] [--until TIME] [--runs 3] [--pull-down 0.01]

A store is made by `logtriage import` of what benchmarks/generate_entries.py writes, and of the spans that
benchmarks/spans_of_entries.py makes of that. Without --until the window ends behind the last stored entry. First the
command runs in a process of its own, --runs times; then once more in this process, query by query: wall clock and CPU
seconds of each by its name, of all that is computed between queries, of what is concluded, and of the rendering.
Queries below --pull-down seconds are summed up as `others`.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import polars as pl

from classifiers.classify import conclude, read
from classifiers.config import ClassifyConfig
from collector.config import StoreConfig
from collector.store import Reader, Store
from collector.window import Window
from logtriage.export import findings_bytes

_NS_PER_S = 1_000_000_000


class Clock:
    """Wall clock and CPU seconds by the name of what took them."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0])

    def run(self, name: str, work: Any, *args: Any, **named: Any) -> Any:
        """What `work` gives."""
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        try:
            return work(*args, **named)
        finally:
            own = self.taken[name]
            own[0] += time.perf_counter() - wall_s
            own[1] += time.process_time() - cpu_s
            own[2] += 1


class TimedReader:
    """A Reader that puts down what each query takes."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def frame(self, query: str, **params: Any) -> pl.DataFrame:
        """Reader.frame, timed."""
        return cast("pl.DataFrame", self._clock.run(query, self._reader.frame, query, **params))

    def lay(self, query: str, *, relation: pl.DataFrame | None = None, **params: Any) -> None:
        """Reader.lay, timed."""
        self._clock.run(query, self._reader.lay, query, relation=relation, **params)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Speed of `logtriage report` over a large store.")
    parser.add_argument("store", type=Path)
    parser.add_argument("--since", default="24h", help="hours before --until, as 24h (default 24h)")
    parser.add_argument("--until", default=None, help="end of the window (default: behind the last stored entry)")
    parser.add_argument("--runs", type=int, default=3, help="runs of the whole command (default 3)")
    parser.add_argument("--pull-down", type=float, default=0.01, help="seconds below which a query is not listed")
    options = parser.parse_args()
    store = Store(StoreConfig(path=options.store))
    until_ns, stored = _bounds(store, options.until)
    window = Window(until_ns - int(options.since.rstrip("h")) * 3600 * _NS_PER_S, until_ns)
    runs = [_command(options.store, options.since, until_ns) for _ in range(options.runs)]
    print(json.dumps({"benchmark": "report", **stored, **_summed(runs), **stations(store, window, options.pull_down)}))


def stations(store: Store, window: Window, least_s: float) -> dict[str, object]:
    """Seconds of each query, of the reading as a whole, of concluding and of rendering."""
    queries, whole = Clock(), Clock()
    config = ClassifyConfig()
    with store.read() as reader:
        timed = cast("Reader", TimedReader(reader, queries))
        reading = whole.run("read", read, timed, window=window, config=config)
    findings = whole.run("conclude", conclude, reading, now_ns=window.end_ns, config=config)
    whole.run("render", findings_bytes, findings)
    listed = sorted(queries.taken.items(), key=lambda one: -one[1][0])
    rest = [own for _, own in listed if own[0] < least_s]
    between = [whole.taken["read"][at] - sum(own[at] for own in queries.taken.values()) for at in (0, 1)]
    return {
        "stations": {name: _told(own) for name, own in whole.taken.items()},
        "queries": {
            **{name: _told(own) for name, own in listed if own[0] >= least_s},
            "others": _told([sum(own[at] for own in rest) for at in (0, 1, 2)]),
            "between": _told([*between, 1]),
        },
        "peak_mib_here": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _told(own: list[float]) -> dict[str, float]:
    return {"wall_s": round(own[0], 3), "cpu_s": round(own[1], 3), "times": int(own[2])}


def _summed(runs: list[tuple[float, float, float]]) -> dict[str, float]:
    if not runs:
        return {}
    wall_s, cpu_s = (round(statistics.median(run[at] for run in runs), 3) for at in (0, 1))
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mib": max(run[2] for run in runs)}


def _command(path: Path, since: str, until_ns: int) -> tuple[float, float, float]:
    """Wall clock and CPU seconds and MiB of one `logtriage report`."""
    until = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=until_ns // 1000)).isoformat()
    command = [sys.executable, "-m", "logtriage.cli", "report", "--db", str(path), "--since", since, "--until", until]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOGTRIAGE_")}
    started_s = time.perf_counter()
    process = subprocess.Popen([*command, "--format", "json"], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"`{' '.join(command)}` ended with code {process.returncode}; see above.")
    return wall_s, usage.ru_utime + usage.ru_stime, round(usage.ru_maxrss / 1024, 1)


def _bounds(store: Store, until: str | None) -> tuple[int, dict[str, int]]:
    """The end of the window, and how much is stored."""
    with store.read() as reader:
        last_ns, entries = reader.sql("select max(at_ns), count(*) from entries").row(0)
        (spans,) = reader.sql("select count(*) from spans").row(0)
    if until is not None:
        last_ns = round(datetime.fromisoformat(until).timestamp() * 1e6) * 1000
    return last_ns // 1_000_000 * 1_000_000 + _NS_PER_S, {"entries": entries, "spans": spans}


if __name__ == "__main__":
    main()
