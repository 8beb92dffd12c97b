"""What a replay measured, and its lines: lag, memory, times of answers, sums, and the verdict beside the truth."""

import json
import os
import statistics
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.reliability.checks import broken, rows_of
from benchmarks.reliability.replayed import Replayed
from benchmarks.scoring import score

__all__ = ["Figures", "held"]

_HELD = "select count(*) as n from {rows} where service <> 'logtriage'"
_BATCHES = "select source, sum(read), sum(stored), sum(duplicates), sum(dead) from batches group by 1 order by 1"
_TROUBLES = "select kind, subject, count(*), min(seen_at_ns) from troubles where not is_over group by 1, 2 order by 4"
_JOBS = "select job, outcome, count(*) as runs from job_runs group by 1, 2 order by 1, 2"
_SHOWN = 12


@dataclass(slots=True)
class Figures:
    """What was measured; times in real seconds, lags in simulated minutes, memory in MiB at a simulated hour."""

    lags_min: list[float] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    answers_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    loads: list[float] = field(default_factory=list)  # of the machine: who else works there
    empty: int = 0  # answers that said there was nothing to show
    faults: list[str] = field(default_factory=list)
    sent: set[tuple[int, str]] = field(default_factory=set)  # identities of entries that were there to be pulled
    spans: int = 0  # of posts that were acknowledged
    posts_s: list[float] = field(default_factory=list)  # until each was acknowledged
    again: int = 0  # posts that the receiver asked to come later
    drained_s: float | None = None  # from the last event until all was stored
    is_interrupted: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledged(self, spans: int, taken_s: float) -> None:
        """One post of so many spans."""
        with self._lock:
            self.spans += spans
            self.posts_s.append(taken_s)

    def sent_again(self) -> None:
        """One post that is to come later."""
        with self._lock:
            self.again += 1

    def tell_sums(self, db: Path, log: str) -> None:
        """The store holds, and all that was sent is in it once; what its own rows say of its jobs and troubles."""
        if self.is_interrupted:
            print("INTERRUPTED: the figures are of what was replayed until then")
        self.faults += broken(db)
        wanted = {"entries": len(self.sent), "spans": self.spans}
        for name, many in wanted.items():
            have = held(db, name)
            print(f"{name}: {many:,} sent, {have:,} stored")
            if have != many and not self.is_interrupted:  # a pull that was due did not come any more
                self.faults.append(f"{have} {name} stored of {many}")
        for source, read, stored, duplicates, dead in rows_of(db, _BATCHES).rows():
            print(f"  {source}: {read:,} read = {stored:,} stored + {duplicates:,} duplicates + {dead:,} dead letters")
        print("jobs: " + ", ".join(f"{job} {outcome} {runs:,}" for job, outcome, runs in rows_of(db, _JOBS).rows()))
        for kind, subject, looks, _ in rows_of(db, _TROUBLES).rows():
            print(f"  trouble told {looks} times: {kind} of {subject}")
        if self.drained_s is not None:
            print(f"{self.drained_s:.1f} s after the last event all was stored")
        wrong = [line for line in log.splitlines() if any(word in line for word in ("ERROR", "WARNING", "Traceback"))]
        print(f"daemon's log: {len(log.splitlines())} lines, {len(wrong)} warnings and errors")
        for line in wrong[:_SHOWN]:
            print(f"  {line[:300]}")

    def tell_times(self) -> None:
        """Lag, memory with its slope, and how long answers took."""
        if self.lags_min:
            print(f"lag: {_ranks(self.lags_min, 'simulated minutes', digits=0)} ({len(self.lags_min)} looks)")
        if len(self.memory) > 3:
            hours, sizes = zip(*self.memory, strict=True)
            half = len(sizes) // 2
            slope = statistics.linear_regression(hours[half:], sizes[half:]).slope
            print(f"memory: first {sizes[0]:.0f}, median {statistics.median(sizes):.0f}, most {max(sizes):.0f}, last "
                  f"{sizes[-1]:.0f} MiB; second half {slope:+.2f} MiB a simulated hour")  # fmt: skip
            step = max(1, len(sizes) // _SHOWN)
            print("  " + ", ".join(f"{at:.1f} h {size:.0f}" for at, size in self.memory[::step]))
        if self.loads:
            print(f"load of the machine ({os.cpu_count()} processors): {_ranks(self.loads, 'at work', digits=1)}")
        for name, taken in sorted(self.answers_s.items()):
            print(f"{name}: {len(taken)} answers, {_ranks(taken, 's', digits=2)}")
        print(f"{self.empty} answers that there is nothing yet")
        if self.posts_s:
            took = _ranks(self.posts_s, "s", digits=2)
            print(f"receiver: {len(self.posts_s):,} posts acknowledged, {took}; {self.again:,} sent again")

    def tell_verdict(self, made: Replayed, findings: dict[str, Any], *, is_whole: bool) -> None:
        """The last report against the truth; of less than the whole history only what it says, for lack of a truth."""
        incidents, clusters = (len(findings.get(name, [])) for name in ("incidents", "findings"))
        print(f"verdict: {incidents} incidents of {clusters} findings told")
        for one in findings.get("blind", []):
            print(f"  blind: {json.dumps(one, ensure_ascii=False)[:240]}")
        if not is_whole:
            print("  not compared with the truth, which is of the whole history")
            return
        found = score(made.truth, findings)
        told = ", ".join(f"{name} {found.right[name]} of {found.asked[name]}" for name in sorted(found.asked))
        print(f"  against the truth: {told}; {found.false_blames} false blames, {found.false_problems} false problems")

    def tell_faults(self) -> None:
        """What did not hold."""
        for fault in self.faults:
            print(f"FAULT {fault}")
        print(f"{len(self.faults)} faults", flush=True)


def held(db: Path, rows: str) -> int:
    """How many entries or spans are stored, but for those that logtriage writes of itself."""
    return int(rows_of(db, _HELD.format(rows=rows))["n"][0])


def _ranks(values: Sequence[float], unit: str, *, digits: int) -> str:
    ranked = sorted(values)
    median, high = (ranked[min(len(ranked) - 1, int(share * len(ranked)))] for share in (0.5, 0.95))
    return f"median {median:.{digits}f}, p95 {high:.{digits}f}, most {ranked[-1]:.{digits}f} {unit}"
