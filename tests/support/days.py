"""A store with records of several days, for what takes days away and copies files."""

import random
import shutil
from pathlib import Path
from typing import Any

from classifiers.signing import sign_new
from collector.collect import normalise
from collector.config import StoreConfig
from collector.normalise.redact import Redactor
from collector.records import Ledger
from collector.retention import DAY_NS
from collector.store import Store
from collector.window import format_ns
from tests.support.entries import log_entry, raw_batch

__all__ = ["FIRST_DAY_NS", "append", "copied", "count", "day_entries", "day_span", "store_of_days"]

FIRST_DAY_NS = 20_000 * DAY_NS  # a midnight
_REDACTOR = Redactor(b"k" * 32)


def day_entries(day: int, number: int = 10, **changes: Any) -> list[dict[str, Any]]:
    """Entries of one day, a failure with a business event among them."""
    times = [format_ns(FIRST_DAY_NS + day * DAY_NS + 1_000_000_000 * (index + 1), digits=9) for index in range(number)]
    noise = random.Random(day)  # text that no file format makes small
    texts = [
        "ValueError: no price",
        "event=order.placed id=7",
        *(noise.randbytes(300).hex() for _ in range(number - 2)),
    ]
    return [
        log_entry(insertId=f"d{day}-{index}", timestamp=at, receiveTimestamp=at, textPayload=text, **changes)
        | ({"severity": "ERROR"} if index == 0 else {})
        for index, (at, text) in enumerate(zip(times, texts, strict=True))
    ]


def day_span(day: int) -> dict[str, Any]:
    """An OTLP request with one failed span of that day."""
    start = FIRST_DAY_NS + day * DAY_NS + 1
    span = {"traceId": f"{day + 1:032x}", "spanId": f"{day + 1:016x}", "name": "GET /", "kind": 2,
            "status": {"code": 2}, "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(start + 1_000_000_000)}  # fmt: skip
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "orders"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}


def append(store: Store, *records: dict[str, Any] | str, **changes: Any) -> Ledger:
    """One run with one batch of these records."""
    run_id = store.begin_run("import", "files")
    (ledger,) = store.append([normalise(raw_batch(*records, **changes), redactor=_REDACTOR)], run_id=run_id)
    store.end_run(run_id, outcome="complete")
    return ledger


def store_of_days(path: Path, days: int, *, number: int = 10) -> Store:
    """A signed store with entries, a failed span and a dead letter of each day; each day was stored on that day."""
    now = [FIRST_DAY_NS]
    store = Store(StoreConfig(path=path, read_wait_s=5, write_wait_s=5), clock_ns=lambda: now[0])
    run_id = store.begin_run("import", "files")
    for day in range(days):
        now[0] = FIRST_DAY_NS + day * DAY_NS + DAY_NS // 2
        raws = raw_batch(*day_entries(day, number), "{broken"), raw_batch(day_span(day), kind="spans")
        store.append([normalise(raw, redactor=_REDACTOR) for raw in raws], run_id=run_id)
    store.end_run(run_id, outcome="complete")
    sign_new(store)
    return store


def copied(store: Store, folder: Path) -> Store:
    """The same store in another folder; building one takes a hundred times as long."""
    shutil.copy(store.path, folder / store.path.name)
    return Store(StoreConfig(path=folder / store.path.name, read_wait_s=5, write_wait_s=5), clock_ns=store._clock_ns)


def count(store: Store, table: str) -> int:
    """Rows of a table, with what may stand after its name."""
    with store.read() as reader:
        return int(reader.sql(f"select count(*) from {table}").item())
