"""What is killed: activities over a store, each with what it acknowledged and what it should have come to.

An activity is a context: entering it prepares an undisturbed result, which rounds are compared with. `begin` makes a
fresh place, `strike` runs and kills in it, `lost` tells what was acknowledged and is not there, `complete` runs to the
end and tells what differs.
"""

import contextlib
import random
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from benchmarks.reliability.checks import difference, rows_of
from benchmarks.reliability.children import Child, Limits, run, start
from collector.window import NS_PER_S, to_ns
from logtriage.demo.generate import generate, write
from tests.support.grpc_faults import FaultScript, Late
from tests.support.log_entries import make_entries
from tests.support.logging_server import LoggingServer

__all__ = ["Activity", "Collecting", "activities", "collect_config", "store_incident"]

_ENTRIES = 1500
_LATE_SHARE = 0.5  # of the youngest
_YOUNG_S = 600
_OVERLAP_S = 3600  # rounds come up to so long after the entries
_FLUSH_S = 0.05
_BACK_S = 7200
ROWS = {
    "entries": "select * exclude (batch_id) from entries order by project, insert_id, at_ns",
    "facts": "select * exclude (batch_id) from facts order by all",
    "dead letters": "select * exclude (batch_id) from dead_letters order by all",
    "spans": "select * exclude (batch_id, received_at_ns) from spans order by project, trace, span",
    "occurrences": "select * exclude (batch_id, insert_ids) from (select *, unnest(insert_ids) as id from occurrences) "
    "order by all",
    "signatures": "select signature_id, rules, kind from signatures order by all",
    "half signed": "select count(*) as n from occurrences anti join signed using (batch_id)",
    "test cases": "select * exclude (batch_id) from test_cases order by run, case_id",
}


def store_incident(home: Path, scenario: str, *, seed: int, scale: float) -> int:
    """Imports a demo incident into `home`/store.duckdb; gives the end of its window in nanoseconds."""
    made = generate(scenario, seed=seed, scale=scale)
    write(made, home / "dump")
    code, said = run(["import", "dump/entries.jsonl", "dump/spans.jsonl", "--db", "store.duckdb"], folder=home)
    if code:
        raise RuntimeError(said)
    return to_ns(datetime.fromisoformat(made.truth["window"]["end"]))


class Activity(Protocol):
    """See the top. usual_s: how long it takes undisturbed."""

    name: str
    usual_s: float
    is_pruning: bool

    def begin(self, place: Path) -> None:
        """A fresh store in a new folder, and whatever else a round needs."""

    def strike(self, place: Path, moment_s: float, dice: random.Random) -> bool:
        """Runs it and kills it at that moment; whether it was still at work."""

    def lost(self, place: Path) -> list[str]:
        """What was acknowledged and is not stored."""

    def complete(self, place: Path) -> list[str]:
        """Runs it undisturbed; what of its result is not as it should be."""


def activities() -> dict[str, Callable[[Path], contextlib.AbstractContextManager[Activity]]]:
    """All of them, by name."""
    from benchmarks.reliability.killed_keeping import keeping  # noqa: PLC0415 - they import from here
    from benchmarks.reliability.killed_looks import digesting, looking  # noqa: PLC0415 - as above
    from benchmarks.reliability.killed_receiver import receiving, together  # noqa: PLC0415 - as above
    from benchmarks.reliability.killed_store import migrating  # noqa: PLC0415 - as above

    return {
        "collect": collecting, "classify": looking, "digest": digesting, "migrate": migrating, "receive": receiving,
        "together": together, "prune": keeping("prune", "prune", "--older-than", "1d"),
        "backup": keeping("backup", "backup", "copy.duckdb"),
    }  # fmt: skip


def collect_config(server: LoggingServer) -> str:
    """config.yaml of a pull from that server, as quick as it can be."""
    return (
        "store: {path: store.duckdb}\n"
        "sources:\n  - {kind: cloud_logging, name: logs, resources: [projects/demo-stage], insecure: true,\n"
        f"     endpoint: '{server.endpoint}', deadline_s: 10, patience_s: 30, reads_per_min: 1000000, page_size: 50,\n"
        f"     slice_s: 1200, overlap_s: {_OVERLAP_S}, backfill_s: {2 * _BACK_S}}}\n"
    )


class Collecting:
    """A pull of known entries in slow pages; some become visible only after the first kill."""

    name = "collect"
    is_pruning = False
    words = ("collect",)

    def __init__(self, home: Path) -> None:
        self.home = home
        self.usual_s = 1.0
        self.end_ns = time.time_ns() - 30 * NS_PER_S
        made = make_entries(_ENTRIES, seed=3, start_ns=self.end_ns - _BACK_S * NS_PER_S, end_ns=self.end_ns)
        dice = random.Random(4)
        self.early: list[Any] = []
        self.late: list[Any] = []
        for entry in made:
            received_ns = entry.receive_timestamp.seconds * NS_PER_S
            is_young = received_ns > self.end_ns - _YOUNG_S * NS_PER_S
            (self.late if is_young and dice.random() < _LATE_SHARE else self.early).append(entry)
        self.server: LoggingServer | None = None
        self.server_has_late = False

    def prepare(self) -> None:
        """The undisturbed store, in the folder `collected`, and how long it takes."""
        place = self.home / "collected"
        self.begin(place, is_fresh=True)
        begun = time.monotonic()
        code, said = self._run(place)
        self.usual_s = time.monotonic() - begun
        if code:
            raise RuntimeError(said)
        self._late_arrive()
        self._run(place)

    def begin(self, place: Path, *, is_fresh: bool = False) -> None:
        """A server anew, and an empty store with the key of the undisturbed one, so that hashes are equal."""
        self.close()
        place.mkdir()
        dice = random.Random(place.name)
        self.server = LoggingServer(
            self.early, faults=FaultScript(draw=lambda: Late(0.02) if dice.random() < 0.3 else None)
        )
        (place / "config.yaml").write_text(collect_config(self.server), encoding="utf-8")
        if not is_fresh:
            for key in (self.home / "collected").glob("*.key"):
                shutil.copy2(key, place)

    def start(self, place: Path) -> Child:
        """The process."""
        return start(self.words, folder=place, limits=Limits(flush_s=_FLUSH_S))

    def strike(self, place: Path, moment_s: float, dice: random.Random) -> bool:
        """A pull that is killed; then what was late has come."""
        del dice
        was_alive = self.start(place).kill_after(moment_s)
        self._late_arrive()
        return was_alive

    def lost(self, place: Path) -> list[str]:
        """Entries that the stored cursor calls settled, and that are not stored."""
        db = place / "store.duckdb"
        if not db.exists():
            return []
        tables = rows_of(db, "select table_name as t from information_schema.tables")["t"].to_list()
        cursors = rows_of(db, "select cursor from cursors")["cursor"].to_list() if "cursors" in tables else []
        if not cursors:
            return []
        reach = settled(cursors[0])
        have = set(rows_of(db, "select insert_id from entries")["insert_id"])
        lost = [
            one.insert_id
            for one in self.early
            if reach[0] <= one.receive_timestamp.seconds * NS_PER_S + one.receive_timestamp.nanos < reach[1]
            and one.insert_id not in have
        ]
        return [f"{len(lost)} entries are settled by the cursor and not stored"] if lost else []

    def complete(self, place: Path) -> list[str]:
        """One more pull; the rows are those of the undisturbed store."""
        code, said = self._run(place)
        found = [f"exit code {code}: {said}"] if code else []
        have = rows_of(place / "store.duckdb", "select insert_id from entries").height
        wanted = len(self.early) + len(self.late)
        if have != wanted:
            found.append(f"{have} entries of {wanted}")
        return found + difference(place / "store.duckdb", self.home / "collected" / "store.duckdb", ROWS)

    def _run(self, place: Path) -> tuple[int, str]:
        return run(self.words, folder=place, limits=Limits(flush_s=_FLUSH_S))

    def _late_arrive(self) -> None:
        if self.server is not None and self.late:
            if not self.server_has_late:
                self.server.add(self.late)
            self.server_has_late = True

    def close(self) -> None:
        """No server."""
        if self.server is not None:
            self.server.stop()
        self.server, self.server_has_late = None, False


def settled(cursor: str) -> tuple[int, int]:
    """From when to when of arrival a stored cursor has read for good."""
    import orjson  # noqa: PLC0415 - one line of it

    from collector.sources.walk import stored_reaches  # noqa: PLC0415 - as above

    reaches = list(stored_reaches(orjson.loads(cursor)).values())
    return (reaches[0].from_ns, reaches[0].settled_ns) if reaches else (0, 0)


@contextlib.contextmanager
def collecting(home: Path) -> Iterator[Activity]:
    """Collecting, prepared; its servers end with the block."""
    one = Collecting(home)
    try:
        one.prepare()
        yield one
    finally:
        one.close()
