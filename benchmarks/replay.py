"""False accusations under hourly looks, beside baselines that know nothing; one line a kind, or JSON.

    python -m benchmarks.replay [--runs 100] [--first-seed 1] [--hours 48] [--kinds quiet outage bad] [--json]

Each run is a small history of days with many failures (benchmarks/generate_replay.py). It is looked at every hour, as
the daemon does, by an analysis of the hours before that may only know what had happened by then. An accusation is a
look in which a revision is blamed, with a probability of one half or more, for a failure that it did not cause: a
failure nobody caused, an outage, or what another revision broke. `per_30_days` counts those looks per thirty replayed
days, `distinct` the pairs of failure and revision told in any look of a run. `sensitivity` is the share of the runs
with a truly bad deploy in which it was blamed for its failures, with the median hours from its traffic to that look:
silence is no virtue.

The baselines blame, for the very failures that ours tells: the newest revision of the failing service, the revision
under which most of the failures of the window were logged, and the deploy of the service nearest before the onset.
`--slow` reads every look anew from the store instead of cutting what was read once (benchmarks/as_of.py).
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.generate_replay import Kind, Replay
    from classifiers.findings import Cluster

_HOUR_NS = 3_600_000_000_000
_FIRST_LOOK_H = 8  # there is something to compare with
_BLAME = 0.5
JUDGES = ("ours", "newest", "most_frequent", "nearest_before_onset")


@dataclass(slots=True)
class Tally:
    """What one judge said in one run, or in many."""

    accusing_looks: int = 0
    accusations: int = 0  # pairs of failure and revision
    right_runs: int = 0
    delays_h: list[float] = field(default_factory=list)
    false_of: Counter[str] = field(default_factory=Counter)  # accusing looks by true cause
    told: list[str] = field(default_factory=list)  # a line for each accusation

    def add(self, other: "Tally") -> None:
        """Takes in another run."""
        self.accusing_looks += other.accusing_looks
        self.accusations += other.accusations
        self.right_runs += other.right_runs
        self.delays_h += other.delays_h
        self.false_of += other.false_of
        self.told += other.told


def main() -> None:
    """Replays, counts, tells."""
    parser = argparse.ArgumentParser(description="False accusations under hourly looks.")
    parser.add_argument("--runs", type=int, default=100, help="of each kind (default 100)")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--hours", type=int, default=48, help="of each history (default 48)")
    parser.add_argument("--window-hours", type=int, default=24, help="that a look tells of (default 24)")
    parser.add_argument("--kinds", nargs="+", default=["quiet", "outage", "bad"], choices=["quiet", "outage", "bad"])
    parser.add_argument("--jobs", type=int, default=1, help="histories at a time (default 1)")
    parser.add_argument("--slow", action="store_true", help="reads every look anew from the store")
    parser.add_argument("--tell", action="store_true", help="a line on stderr for each false accusation of ours")
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    runs = [
        (kind, seed, told.hours, told.window_hours, told.slow)
        for seed in range(told.first_seed, told.first_seed + told.runs)
        for kind in told.kinds
    ]
    sums: dict[str, dict[str, Tally]] = {kind: {judge: Tally() for judge in JUDGES} for kind in told.kinds}
    looks: Counter[str] = Counter()
    began = time.monotonic()
    for done, (kind, seed, many, tallies) in enumerate(_replayed(runs, told.jobs), 1):
        looks[kind] += many
        for judge, tally in tallies.items():
            sums[kind][judge].add(tally)
        if told.tell:
            print("".join(f"\rseed {seed} {line}\n" for line in tallies["ours"].told), end="", file=sys.stderr)
        print(f"\r{done}/{len(runs)} {time.monotonic() - began:.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    result = {kind: _summary(looks[kind], told.runs, sums[kind]) for kind in told.kinds}
    if told.json:
        arguments = {name: value for name, value in vars(told).items() if name != "json"}
        print(json.dumps({"benchmark": "replay", "arguments": arguments, **result}))
        return
    _print(result)


Run = tuple["Kind", int, int, int, bool]


def _replayed(runs: list[Run], jobs: int) -> Iterator[tuple[str, int, int, dict[str, Tally]]]:
    if jobs == 1:
        yield from map(_run, runs)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_run, runs)


def _run(run: Run) -> tuple[str, int, int, dict[str, Tally]]:
    """One history, stored once and looked at every hour."""
    from benchmarks.as_of import as_of  # noqa: PLC0415
    from benchmarks.generate_replay import generate_replay  # noqa: PLC0415 - a run imports what it needs
    from classifiers.classify import conclude, read  # noqa: PLC0415
    from classifiers.config import ClassifyConfig  # noqa: PLC0415
    from classifiers.signing import sign_new  # noqa: PLC0415
    from collector.config import StoreConfig  # noqa: PLC0415
    from collector.records import DEAD_LETTER_SCHEMA, SPAN_SCHEMA, Batch  # noqa: PLC0415
    from collector.store import Store  # noqa: PLC0415
    from collector.window import Window  # noqa: PLC0415

    kind, seed, hours, window_hours, is_slow = run
    replay = generate_replay(kind, seed=seed, hours=hours)
    court = Court(replay)
    config = ClassifyConfig()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(StoreConfig(path=Path(folder) / "store.duckdb"))
        nothing = SPAN_SCHEMA.to_frame(), replay.facts, DEAD_LETTER_SCHEMA.to_frame()
        run_id = store.begin_run("import", "replay")
        store.append([Batch("replay", "generated", replay.entries.height, replay.entries, *nothing)], run_id=run_id)
        store.end_run(run_id, outcome="succeeded")
        sign_new(store)
        with store.read() as opened:
            reader = opened if is_slow else as_of(opened)
            for now_ns in range(replay.start_ns + _FIRST_LOOK_H * _HOUR_NS, replay.end_ns + 1, _HOUR_NS):
                window = Window(max(replay.start_ns, now_ns - window_hours * _HOUR_NS), now_ns)
                findings = conclude(read(reader, window=window, config=config), now_ns=now_ns, config=config)
                court.look(findings.clusters, now_ns)
    return kind, seed, court.looks, court.tallies()


class Court:
    """Every judge's blames over the looks of one history."""

    def __init__(self, replay: "Replay") -> None:
        self._replay = replay
        self.looks = 0
        self._said: dict[str, set[tuple[str, str]]] = {judge: set() for judge in JUDGES}
        self._looks: dict[str, Counter[str]] = defaultdict(Counter)
        self._first_ns: dict[str, int] = {}
        self._told: list[str] = []

    def look(self, clusters: "tuple[Cluster, ...]", now_ns: int) -> None:
        """What each judge says about the failures of one look."""
        self.looks += 1
        accused: dict[str, set[str]] = defaultdict(set)
        for cluster in clusters:
            cause = Counter(one.partition("-")[0] for one in cluster.insert_ids).most_common(1)[0][0]
            for judge, revision in self._named(cluster, now_ns).items():
                if not revision:
                    continue
                if cause == "bad" and revision == self._replay.guilty:
                    self._first_ns.setdefault(judge, now_ns)
                    continue
                accused[judge].add(cause.rstrip("0123456789"))
                if judge == "ours" and (cluster.id, revision) not in self._said[judge]:
                    self._told.append(self._line(cluster, cause, now_ns))
                self._said[judge].add((cluster.id, revision))
        for judge, causes in accused.items():
            self._looks[judge]["looks"] += 1
            self._looks[judge].update(causes)

    def _line(self, cluster: "Cluster", cause: str, now_ns: int) -> str:
        assert cluster.attribution is not None
        hour = (now_ns - self._replay.start_ns) / _HOUR_NS
        onset = (cluster.onset.at_ns - self._replay.start_ns) / _HOUR_NS
        blamed = cluster.attribution.revision
        served = {name: at_ns for rows in self._replay.deploys.values() for at_ns, name in rows}
        traffic = (served[blamed] - self._replay.start_ns) / _HOUR_NS
        return (
            f"{self._replay.kind} hour {hour:.0f}: {cause} of {cluster.service} ({cluster.units} units, onset at "
            f"{onset:.2f} h) blamed on {blamed} (traffic at {traffic:.2f} h) with {cluster.attribution.confidence:.2f}"
            + (f"; guilty is {self._replay.guilty}" if self._replay.guilty else "")
        )

    def _named(self, cluster: "Cluster", now_ns: int) -> dict[str, str]:
        """Whom each judge blames for a failure; "" for nobody."""
        attribution = cluster.attribution
        is_blame = attribution is not None and attribution.confidence >= _BLAME
        served = [(at_ns, name) for at_ns, name in self._replay.deploys[cluster.service] if at_ns < now_ns]
        before = [name for at_ns, name in served if at_ns <= cluster.onset.at_ns]
        counted = max(cluster.per_revision, key=lambda one: one.failures, default=None)
        return {
            "ours": attribution.revision if attribution is not None and is_blame else "",
            "newest": served[-1][1],
            "most_frequent": counted.revision if counted is not None else "",
            "nearest_before_onset": before[-1] if before else "",
        }

    def tallies(self) -> dict[str, Tally]:
        """The sums of the run."""
        made = {}
        for judge in JUDGES:
            told = self._looks[judge]
            tally = Tally(told["looks"], len(self._said[judge]))
            tally.false_of = Counter({cause: many for cause, many in told.items() if cause != "looks"})
            if judge in self._first_ns:
                tally.right_runs = 1
                tally.delays_h = [(self._first_ns[judge] - self._replay.served_ns) / _HOUR_NS]
            tally.told = self._told if judge == "ours" else []
            made[judge] = tally
        return made


def _summary(looks: int, runs: int, tallies: dict[str, Tally]) -> dict[str, object]:
    days = looks / 24
    judges = {
        judge: {
            "accusing_looks": tally.accusing_looks,
            "per_30_days": round(30 * tally.accusing_looks / days, 2),
            "distinct": tally.accusations,
            "distinct_per_30_days": round(30 * tally.accusations / days, 2),
            "by_cause": dict(tally.false_of),
            "sensitivity": round(tally.right_runs / runs, 3),
            "delay_h": round(statistics.median(tally.delays_h), 1) if tally.delays_h else None,
        }
        for judge, tally in tallies.items()
    }
    return {"runs": runs, "looks": looks, "days": round(days, 1), **judges}


def _print(result: dict[str, dict[str, object]]) -> None:
    heads = ("per_30_days", "distinct_per_30_days", "sensitivity", "delay_h")
    for kind, one in result.items():
        print(f"{kind}: {one['runs']} runs, {one['days']} days, {one['looks']} looks")
        print(" " * 24 + "".join(f"{head:>22}" for head in heads))
        for judge in JUDGES:
            figures = one[judge]
            assert isinstance(figures, dict)
            cells = ("-" if figures[head] is None else f"{figures[head]:.2f}" for head in heads)
            print(f"  {judge:<22}" + "".join(f"{cell:>22}" for cell in cells) + f"  {figures['by_cause']}")


if __name__ == "__main__":
    main()
