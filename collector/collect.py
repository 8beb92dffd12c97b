"""Floor 1, the main line: sources -> normalise -> store.

Raw batches are normalised by two threads (the engines of the work release Python's lock) and stored by a third, in
their order and in short transactions, so that readers get their turn and a kill loses nothing that was acknowledged.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import orjson
import polars as pl

from collector.errors import LogtriageError, NormaliseError, SourceError
from collector.memory import memory_bytes
from collector.normalise.entries import EXCERPT_CHARS, normalise_entries
from collector.normalise.redact import Redactor
from collector.normalise.span_messages import normalise_span_messages
from collector.normalise.spans import normalise_spans
from collector.normalise.specs import read_spec
from collector.normalise.surrogates import mend_surrogates
from collector.normalise.tests import normalise_tests
from collector.records import DEAD_LETTER_SCHEMA, ENTRY_SCHEMA, FACT_SCHEMA, SPAN_SCHEMA, Batch, Ledger, RawBatch
from collector.replacing import replace
from collector.stopping import Stopped, until_stop
from collector.store import Store

__all__ = ["collect", "normalise"]

WORKERS = 2
_GROUP_ROWS = 122_880  # of DuckDB's row groups
_GROUP_BYTES = 64 << 20  # of records, whatever their rows; as many rows of ordinary logs are 50 MiB
_LITTLE_BYTES = 768 << 20  # of memory: with less there is one worker, and groups are a fourth
_FLUSH_S = 5.0  # a slow source is stored at least this often

Stored = Callable[[RawBatch, Ledger], None]
_Pair = tuple[RawBatch, Batch]


def collect(batches: Iterable[RawBatch], *, store: Store, redactor: Redactor, run_id: int, stored: Stored) -> Ledger:
    """Stores everything a source gives; calls `stored` with each batch, or part of one, that is safe in the database.

    The sums of law 1 are returned over all batches. Errors of the source and of the store go up as they are; what was
    stored before stays, and the stored cursor tells where to go on.
    """
    waiting: list[_Pair] = []
    size, since = 0.0, time.monotonic()
    is_little = memory_bytes() < _LITTLE_BYTES
    workers, most = (1, _GROUP_BYTES / 4) if is_little else (WORKERS, _GROUP_BYTES)
    with _Storing(store, run_id=run_id, stored=stored) as storing:
        try:
            for raw, batch in _normalised(batches, redactor, workers=workers):
                waiting.append((raw, batch))
                size += _bytes(batch)
                while len(full := _full_group(waiting)):
                    storing.put(full)
                    size, since = sum(_bytes(rest) for _, rest in waiting), time.monotonic()
                if size >= most or time.monotonic() - since >= _FLUSH_S:
                    storing.put(waiting)
                    waiting, size, since = [], 0.0, time.monotonic()
        except (SourceError, NormaliseError, Stopped):
            storing.put(waiting)
            raise
        storing.put(waiting)
    return storing.total


def _full_group(waiting: list[_Pair]) -> list[_Pair]:
    """Takes the first pairs with a whole row group of entries or spans off `waiting`; none when there are fewer.

    Entries are cut at exactly a row group, in the middle of a batch if need be: DuckDB writes a whole group once, and
    what goes beyond it a second time with the next.
    """
    entries = spans = 0
    for index, (raw, batch) in enumerate(waiting):
        missing = _GROUP_ROWS - entries
        entries += batch.entries.height
        spans += batch.spans.height
        if entries >= _GROUP_ROWS or spans >= _GROUP_ROWS:
            head, tail = _cut(batch, missing)
            group = [*waiting[:index], (raw, head)]
            waiting[: index + 1] = [(raw, tail)] if tail else []
            return group
    return []


def _cut(batch: Batch, rows: int) -> tuple[Batch, Batch | None]:
    """The first `rows` entries as a batch of their own, and the rest with all else; the rest None where none is left.

    Only the rest has the cursor: a kill in between reads the first entries again and counts them as duplicates.
    """
    if batch.entries.height <= rows:
        return batch, None
    head = replace(
        batch,
        read=rows,
        entries=batch.entries[:rows],
        spans=batch.spans.clear(),
        facts=batch.facts.clear(),
        tests=batch.tests.clear(),
        dead=batch.dead.clear(),
        fact_records=0,
        cursor=None,
    )
    return head, replace(batch, read=batch.read - rows, entries=batch.entries[rows:])


def _bytes(batch: Batch) -> float:
    """About what its records take; asked once of each, as it costs more than to count rows."""
    return sum(rows.estimated_size() for rows in (batch.entries, batch.spans, batch.facts, batch.tests, batch.dead))


class _Storing:
    """Stores one group of batches, in one transaction, while the next is read and normalised.

    At most one group is on its way, which bounds memory. Whoever counts is told of each batch once it is stored.
    Leaving the block waits for the last group; errors of the store are raised by the call after.
    """

    def __init__(self, store: Store, *, run_id: int, stored: Stored) -> None:
        self.total = Ledger()
        self._store = store
        self._run_id = run_id
        self._stored = stored
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._group: list[_Pair] = []
        self._ledgers: Future[list[Ledger]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._pool:
            self._settle()

    def put(self, group: list[_Pair]) -> None:
        """Begins to store the group, after the one before."""
        self._settle()
        if group:
            batches = [batch for _, batch in group]
            self._group, self._ledgers = group, self._pool.submit(self._store.append, batches, run_id=self._run_id)

    def _settle(self) -> None:
        """Waits for the group that is on its way."""
        if self._ledgers is None:
            return
        ledgers, self._ledgers = self._ledgers, None
        for (raw, _), ledger in zip(self._group, ledgers.result(), strict=True):
            self._stored(raw, ledger)
            self.total += ledger


def normalise(raw: RawBatch, *, redactor: Redactor) -> Batch:
    """One raw batch as records, by its kind. Nothing in it is unredacted any more."""
    dead = raw.dead.with_columns(excerpt=redactor.frame(raw.dead["excerpt"]).str.slice(0, EXCERPT_CHARS))
    plain = Batch(
        source=raw.source,
        location=raw.location,
        read=raw.records.height + dead.height,
        entries=pl.DataFrame(schema=ENTRY_SCHEMA),
        spans=pl.DataFrame(schema=SPAN_SCHEMA),
        facts=pl.DataFrame(schema=FACT_SCHEMA),
        dead=dead,
        cursor=raw.cursor,
    )
    if raw.kind == "entries":
        found = normalise_entries(raw.records, location=raw.location, redactor=redactor)
        return replace(plain, entries=found.entries, facts=found.facts, dead=pl.concat([dead, found.dead]))
    if raw.kind in {"spans", "span_messages"}:
        read_spans = normalise_spans if raw.kind == "spans" else normalise_span_messages
        found_spans = read_spans(raw.records, location=raw.location, redactor=redactor)
        spans = found_spans.spans.with_columns(received_at_ns=pl.lit(raw.received_at_ns, pl.Int64))
        return replace(
            plain, read=found_spans.read + dead.height, spans=spans, dead=pl.concat([dead, found_spans.dead])
        )
    if raw.kind == "tests":
        return replace(plain, tests=normalise_tests(raw.records, location=raw.location, redactor=redactor))
    return _normalise_specs(raw, plain, redactor)


def _normalise_specs(raw: RawBatch, plain: Batch, redactor: Redactor) -> Batch:
    """Facts of resource descriptions; one that tells nothing of Cloud Run is a dead letter."""
    facts: list[dict[str, object]] = []
    dead: list[dict[str, object]] = []
    for line, text in raw.records.select("line", "raw").rows():
        try:
            found = read_spec(orjson.loads(mend_surrogates(text)), location=raw.location, redactor=redactor)
            reason = "" if found else "describes no Cloud Run service or revision"
        except orjson.JSONDecodeError:
            found, reason = [], "not JSON"
        facts += found
        if reason:
            # no excerpt: a description is full of values that look like no secret and may be one
            dead.append({"location": raw.location, "line": line, "reason": reason, "excerpt": None})
    return replace(
        plain,
        facts=pl.DataFrame(facts, schema=FACT_SCHEMA, orient="row"),
        dead=pl.concat([plain.dead, pl.DataFrame(dead, schema=DEAD_LETTER_SCHEMA, orient="row")]),
        fact_records=raw.records.height - len(dead),
    )


def _normalised(batches: Iterable[RawBatch], redactor: Redactor, *, workers: int) -> Iterator[_Pair]:
    """Each raw batch with its records, in order; one for each worker is read ahead of the store, to bound memory."""
    pending: deque[tuple[RawBatch, Future[Batch]]] = deque()
    failure: list[LogtriageError] = []
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="normalise") as pool:
        for raw in _until_failure(until_stop(batches), failure):
            pending.append((_without_records(raw), pool.submit(normalise, raw, redactor=redactor)))
            del raw  # the pool holds the only reference, so that memory is freed as work proceeds
            while len(pending) >= workers or (pending and pending[0][1].done()):
                head, future = pending.popleft()
                yield head, future.result()
        while pending:
            head, future = pending.popleft()
            yield head, future.result()
    if failure:
        raise failure[0]


def _until_failure(batches: Iterable[RawBatch], failure: list[LogtriageError]) -> Iterator[RawBatch]:
    """The batches up to the source's failure, which is laid aside: what it gave before is stored first."""
    try:
        yield from batches
    except LogtriageError as error:
        failure.append(error)


def _without_records(raw: RawBatch) -> RawBatch:
    return replace(raw, records=raw.records.clear())
