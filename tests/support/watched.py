"""Writes what a daemon leaves in its store: pulls, batches, cursors, jobs and looks; times are hours of one month."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from classifiers.blind import Blindness, Sight
from classifiers.blindness import find_sight, read_watched
from classifiers.config import HistoryConfig
from classifiers.history import read_history
from collector.config import StoreConfig
from collector.store import Store, Writer
from collector.troubles import Trouble, TroubleKind
from collector.window import NS_PER_S, Window

__all__ = ["DAY", "MINUTE", "MONDAY_NS", "WatchedStore"]

MONDAY_NS = 1_788_739_200 * NS_PER_S  # 2026-09-07T00:00:00Z
MINUTE, DAY = 1 / 60, 24.0  # in hours


def _ns(hour: float) -> int:
    return MONDAY_NS + round(hour * 3600 * NS_PER_S)


@dataclass
class WatchedStore:
    """Rows that wait to be written; `sight(hour)` writes them and looks at the day before that hour."""

    folder: Path
    _rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _runs: int = 0
    _batches: int = 0
    _receiving: int = 0

    def pull(self, hour: float, *, source: str = "logs", outcome: str = "complete", **told: float) -> None:
        """A pull of half a minute that began then.

        Keys: gave, so many records, of the hours `over` before it; behind, so many hours earlier; ahead, their own
        times lie so much after their arrival; dead, so many more that cannot be read.
        """
        self._runs += 1
        run = {"run_id": self._runs, "now_ns": _ns(hour)}
        self._rows.append(("insert_run", {**run, "kind": "collect", "source": source}))
        if told.get("gave") or told.get("dead"):
            self._batch(self._runs, source, hour, {"over": 0.25, **told})
        self._rows.append(("update_run", {**run, "now_ns": _ns(hour + MINUTE / 2), "outcome": outcome}))

    def receive(self, hour: float, gave: int, *, over: float = MINUTE) -> None:
        """Spans that came in by then."""
        if not self._receiving:
            self._runs += 1
            self._receiving = self._runs
            run = {"run_id": self._runs, "now_ns": _ns(hour - over), "kind": "receive", "source": "otlp"}
            self._rows.append(("insert_run", run))
        self._batch(self._receiving, "otlp", hour, {"gave": gave, "over": over})

    def _batch(self, run_id: int, source: str, hour: float, told: Mapping[str, float]) -> None:
        self._batches += 1
        gave, dead = int(told.get("gave", 0)), int(told.get("dead", 0))
        last, ahead = hour - told.get("behind", 0.0), told.get("ahead", 0.0)
        times = {"first_ns": last - told["over"] + ahead, "last_ns": last + ahead, "received_ns": last}
        row: dict[str, object] = {
            "batch_id": self._batches, "run_id": run_id, "source": source, "location": "projects/shop",
            "read": gave + dead, "stored": gave, "duplicates": 0, "dead": dead, "now_ns": _ns(hour),
            **{name: _ns(at) if gave else None for name, at in times.items()},
        }  # fmt: skip
        self._rows.append(("insert_batch", row))

    def cursor(self, hour: float, settled: float, *, source: str = "logs") -> None:
        """How far a source says it was read, stored at an hour."""
        reach = {"from_ns": 0, "settled_ns": _ns(settled), "open": None}
        text = orjson.dumps({"version": 1, "resources": {"projects/shop": reach}}).decode()
        self._rows.append(("delete_cursor", {"source": source}))
        self._rows.append(("insert_cursor", {"source": source, "cursor": text, "now_ns": _ns(hour)}))

    def job(self, job: str, hour: float, *, outcome: str = "done", detail: str = "") -> None:
        """A run of a job of some seconds."""
        times = {"started_at_ns": _ns(hour), "ended_at_ns": _ns(hour) + 5 * NS_PER_S}
        self._rows.append(("insert_job_run", {"job": job, **times, "outcome": outcome, "detail": detail}))

    def look(self, kind: TroubleKind, subject: str, hour: float, detail: str) -> None:
        """A look at trouble; one without words tells that it is over."""
        look = Trouble(kind, subject, _ns(hour), not detail, detail)
        row = {"kind": kind, "subject": subject, "seen_at_ns": look.seen_at_ns, "is_over": look.is_over}
        self._rows.append(("insert_trouble", {**row, "detail": detail}))

    def write(self, query: str, **params: object) -> None:
        """A row of any other table."""
        self._rows.append((query, params))

    def sight(self, hour: float, *, window: float = DAY) -> Sight:
        """What is seen at an hour of the time before it."""
        store = Store(StoreConfig(path=self.folder / "watched.duckdb"))
        with store.write() as writer:
            self._flush(writer)
        span = Window(_ns(hour - window), _ns(hour))
        with store.read() as reader:
            history = read_history(reader, window=span, config=HistoryConfig())
            return find_sight(read_watched(reader, span), history, reader.frame("count_ledger"))

    def blindness(self, hour: float) -> tuple[Blindness, ...]:
        """The spells alone."""
        return self.sight(hour).blindness

    def _flush(self, writer: Writer) -> None:
        for query, params in self._rows:
            writer.execute(query, **params)
        self._rows.clear()
