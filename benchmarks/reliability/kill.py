"""kill -9 at random moments of whatever works at a store: it opens, the sums hold, nothing is lost, nothing is twice.

    python -m benchmarks.reliability.kill [--kills 200] [--seed 1] [--only collect migrate ...] [--folder DIR]

Real processes, real servers on loopback, a real database. Each round takes an activity, lets it begin, kills it after
a time drawn between its start and its usual length, up to three times in a row, each time looks at the store as it was
left, then runs the activity to its end and compares what is stored with the store of a run that nobody disturbed.
`together` has a pull, a receiver under load and a look at one store at the same time, and kills one of them.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.reliability.checks import broken
from benchmarks.reliability.killed import Activity, activities
from collector.errors import LogtriageError

__all__ = ["Tally", "main", "run_kills"]

_DB = "store.duckdb"
_KILLS = (1, 2, 2, 3)  # of a round
_LATEST = 1.05  # of the usual length: some come when the work is done already


@dataclass(slots=True)
class Tally:
    """Of one activity: rounds, kills that found it alive, kills that came after its end, and what did not hold."""

    rounds: int = 0
    kills: int = 0
    late: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def main(given: Sequence[str] | None = None) -> int:
    """The table; 1 where anything did not hold."""
    parser = argparse.ArgumentParser(description="kill -9 at random moments.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args(given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the table is of what was done until then
    tallies = run_kills(options.kills, seed=options.seed, only=options.only, folder=options.folder)
    print(f"{'activity':<12}{'rounds':>8}{'kills':>8}{'came late':>11}{'faults':>8}{'seconds':>9}")
    for name, one in tallies.items():
        print(f"{name:<12}{one.rounds:>8}{one.kills:>8}{one.late:>11}{len(one.faults):>8}{one.seconds:>9.0f}")
    every = [fault for one in tallies.values() for fault in one.faults]
    kills, seconds = sum(one.kills for one in tallies.values()), sum(one.seconds for one in tallies.values())
    print(
        f"{'all':<12}{sum(one.rounds for one in tallies.values()):>8}{kills:>8}{'':>11}{len(every):>8}{seconds:>9.0f}"
    )
    for fault in every:
        print(fault)
    sys.stdout.flush()
    return int(bool(every))


def run_kills(kills: int, *, seed: int = 1, only: Sequence[str] = (), folder: Path | None = None) -> dict[str, Tally]:
    """So many kills that found their process alive, over the activities in turn; a tally for each of them."""
    dice = random.Random(seed)
    tallies: dict[str, Tally] = defaultdict(Tally)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        chosen = [stack.enter_context(one(home)) for name, one in activities().items() if not only or name in only]
        done = number = 0
        while done < kills:
            activity = chosen[number % len(chosen)]
            number += 1
            if activity.name == "together" and len(chosen) > 1 and number // len(chosen) % 3:
                continue  # it takes as long as all others
            begun = time.monotonic()
            tally = tallies[activity.name]
            place = home / f"round-{number}"
            label = f"{activity.name} {number}"
            try:
                done += _round(activity, place, dice, tally, label=label)
            except (LogtriageError, TimeoutError) as error:  # the harness goes on, and so does the count of faults
                tally.faults.append(f"{label}: {type(error).__name__}: {error}")
            except KeyboardInterrupt:
                break  # the table is of what was done
            tally.seconds += time.monotonic() - begun
            print(f"{label}: {done} of {kills} kills", file=sys.stderr, flush=True)
            shutil.rmtree(place, ignore_errors=True)
    return dict(tallies)


def _round(activity: Activity, place: Path, dice: random.Random, tally: Tally, *, label: str) -> int:
    """One store: a kill or two, then the rest of the work undisturbed. Kills that found it alive."""
    activity.begin(place)
    kills, found = 0, []
    for _ in range(dice.choice(_KILLS)):
        moment_s = dice.uniform(0, _LATEST) * activity.usual_s
        was_alive = activity.strike(place, moment_s, dice)
        kills += was_alive
        tally.late += not was_alive
        found += [f"after {moment_s:.2f} s: {one}" for one in broken(place / _DB, is_pruned=activity.is_pruning)]
        found += [f"after {moment_s:.2f} s: {one}" for one in activity.lost(place)]
    found += [f"then: {one}" for one in activity.complete(place)]
    found += [f"in the end: {one}" for one in broken(place / _DB, is_pruned=activity.is_pruning)]
    tally.rounds += 1
    tally.kills += kills
    tally.faults += [f"{label}: {one}" for one in found]
    if found:
        print(label, *(found or ["holds"]), sep=" | ", file=sys.stderr, flush=True)
    return kills


if __name__ == "__main__":
    os._exit(
        main()
    )  # as logtriage ends: the engine's bindings tell of what they leak where the interpreter is taken apart
