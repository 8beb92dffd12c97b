"""Requests in, answers out once their spans are committed: group commits over whoever waits.

One thread normalises what has come in, another stores what is normalised, all of it in one transaction, and answers.
So the file is held for a short time and let go between two commits, and many clients share one of them. What is killed
in between was not answered: the client sends it again, and the store removes what it knows already.
"""

import logging
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Literal

import polars as pl
from msgspec import Struct, field

from collector.collect import normalise
from collector.errors import StoreError
from collector.normalise.redact import Redactor
from collector.normalise.span_messages import NO_MESSAGE
from collector.receiver.answers import Accepted, Code, Refusal
from collector.receiver.bodies import malformed
from collector.receiver.budget import Budget, Share
from collector.records import DEAD_LETTER_SCHEMA, RAW_MESSAGE_SCHEMA, RAW_SCHEMA, Batch, Ledger, RawBatch
from collector.store import Store

__all__ = ["PACE_S", "SOURCE", "Counts", "Intake"]

LOG = logging.getLogger(__name__)
SOURCE = "otlp"  # as the ledger names it
_GROUP_BYTES = 2**20  # normalised at once, while the group before is stored
_AHEAD = 4  # groups normalised ahead of the store
PACE_S = 0.1  # from the begin of a commit to the next
_REFUSED_BYTES = 512  # of the record of a refused request
_MOST_RETRY_S = 30.0

Kind = Literal["spans", "span_messages"]


class Counts(Struct, frozen=True):
    """What has come in so far, and what waits."""

    requests: int
    ledger: Ledger
    waiting_bytes: int
    trouble: str  # why the last commit failed, "" when it did not
    refused: Mapping[str, int] = field(default_factory=dict)  # requests that were not taken, by the answer's code


class _Request(Struct):
    """`raw` is None of a request that was refused, for `reason`."""

    line: int
    kind: Kind
    location: str
    raw: str | bytes | None
    reason: str = ""
    share: Share | None = None
    future: Future[Accepted] = field(default_factory=Future)

    @property
    def size(self) -> int:
        return len(self.raw) if self.raw is not None else _REFUSED_BYTES


class _Group(Struct, frozen=True):
    """Requests of one kind and location, and what became of them."""

    requests: tuple[_Request, ...]
    batch: Batch


class Intake:
    """Stores what is offered, at most one commit every `pace_s`. `close` stores what waits, and ends the run."""

    def __init__(
        self,
        store: Store,
        redactor: Redactor,
        *,
        queue_bytes: int,
        pace_s: float = PACE_S,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.budget = Budget(queue_bytes)
        self._store = store
        self._redactor = redactor
        self._pace_s = pace_s
        self._clock_ns = clock_ns
        self._changed = threading.Condition()
        self._waiting: list[_Request] = []
        self._ready: list[_Group] = []
        self._is_closing = False
        self._is_normalised = False  # all that will ever be
        self._requests = 0
        self._refused: Counter[str] = Counter()
        self._total = Ledger()
        self._trouble = ""
        self._commit_s = 0.0
        self._run_id = store.begin_run("receive", SOURCE)
        self._threads = [
            threading.Thread(target=self._normalise_all, name="receive-normalise"),
            threading.Thread(target=self._store_all, name="receive-store"),
        ]
        for thread in self._threads:
            thread.start()

    def counts(self) -> Counts:
        """Where it stands."""
        with self._changed:
            return Counts(self._requests, self._total, self.budget.taken, self._trouble, dict(self._refused))

    def count_refused(self, refusal: Refusal) -> None:
        """A request was answered with this, whether it was ever offered or not."""
        with self._changed:
            self._refused[refusal.code.name.lower()] += 1

    def full(self) -> Refusal:
        """The refusal of a request for which there is no room now."""
        told = "More spans wait to be stored than the queue may hold. Send them again later."
        return Refusal(429, Code.RESOURCE_EXHAUSTED, told, retry_s=self._retry_s)

    def offer(self, kind: Kind, location: str, raw: str | bytes, *, share: Share) -> Future[Accepted]:
        """Queues one request that holds spans; `share` is given back when it is answered.

        The future ends in Accepted once the spans are committed, or in Refusal when they are not.
        """
        with self._changed:
            if self._is_closing:
                share.release()
                raise Refusal(503, Code.UNAVAILABLE, "The receiver is stopping. Send it again later.", retry_s=1.0)
            self._requests += 1
            request = _Request(self._requests, kind, location, raw, share=share)
            self._waiting.append(request)
            self._changed.notify_all()
        return request.future

    def refuse(self, kind: Kind, location: str, reason: str) -> None:
        """Keeps a record of a request whose spans are lost, as a dead letter, as long as there is room for it."""
        share = Share(self.budget)
        with self._changed:
            if self._is_closing or not share.take(_REFUSED_BYTES):
                return
            self._requests += 1
            self._waiting.append(_Request(self._requests, kind, location, None, reason, share))
            self._changed.notify_all()

    def close(self) -> None:
        """Stores and answers all that waits. StoreError when the sums of the run do not hold."""
        with self._changed:
            if self._is_closing:
                return
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._store.end_run(self._run_id, outcome="complete")

    @property
    def _retry_s(self) -> float:
        return min(_MOST_RETRY_S, 1.0 + round(self._commit_s))

    def _normalise_all(self) -> None:
        while requests := self._next_requests():
            for group in self._groups(requests):
                with self._changed:
                    self._changed.wait_for(lambda: len(self._ready) < _AHEAD)
                    self._ready.append(group)
                    self._changed.notify_all()
        with self._changed:
            self._is_normalised = True
            self._changed.notify_all()

    def _next_requests(self) -> list[_Request]:
        """The next of those that wait; none when there will be none any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closing)
            size, count = 0, 0
            for request in self._waiting:
                size += request.size
                if count and size > _GROUP_BYTES:
                    break
                count += 1
            taken, self._waiting = self._waiting[:count], self._waiting[count:]
            return taken

    def _groups(self, requests: Iterable[_Request]) -> Iterator[_Group]:
        alike: dict[tuple[Kind, str], list[_Request]] = defaultdict(list)
        for request in requests:
            alike[request.kind, request.location].append(request)
        for some in alike.values():
            yield from self._normalised(some)

    def _normalised(self, requests: list[_Request]) -> Iterator[_Group]:
        """One group; where our own code fails on it, one a request, so that none spoils the others."""
        try:
            yield _Group(tuple(requests), self._normalise(requests))
        except Exception as error:  # noqa: BLE001 - a job's edge: no request may end the receiver
            if len(requests) > 1:
                for request in requests:
                    yield from self._normalised([request])
                return
            place = traceback.extract_tb(error.__traceback__)[-1]
            told = f"internal {type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
            LOG.error("a request could not be read: %s", told)  # noqa: TRY400 - one line: a message may hold log text
            failed = requests[0]
            refusal = Refusal(500, Code.INTERNAL, "The receiver failed on this request. Report this as a bug.")
            failed.future.set_exception(refusal)
            lost = _Request(failed.line, failed.kind, failed.location, None, told, failed.share)
            yield _Group((lost,), self._normalise([lost]))

    def _normalise(self, requests: list[_Request]) -> Batch:
        first = requests[0]
        held = [one for one in requests if one.raw is not None]
        refused = [(one.location, one.line, one.reason, None) for one in requests if one.raw is None]
        raw = RawBatch(
            source=SOURCE,
            location=first.location,
            kind=first.kind,
            records=pl.DataFrame(
                {"line": [one.line for one in held], "raw": [one.raw for one in held]},
                schema=RAW_SCHEMA if first.kind == "spans" else RAW_MESSAGE_SCHEMA,
            ),
            dead=pl.DataFrame(refused, schema=DEAD_LETTER_SCHEMA, orient="row"),
            received_at_ns=self._clock_ns(),
        )
        return normalise(raw, redactor=self._redactor)

    def _store_all(self) -> None:
        next_at = time.monotonic()
        while groups := self._next_groups(next_at):
            begun = time.monotonic()
            try:
                self._commit(groups)
            except Exception as error:  # noqa: BLE001 - a job's edge: whoever waits has to be answered
                self._fail(groups, error)
            now = time.monotonic()
            self._commit_s = now - begun
            # between two commits the file is free, however long they take
            next_at = now + max(self._pace_s - self._commit_s, min(self._pace_s, self._commit_s))

    def _next_groups(self, not_before: float) -> list[_Group]:
        """All that is normalised; none when there will be nothing any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._is_normalised)
            self._changed.wait_for(lambda: self._is_closing, max(0.0, not_before - time.monotonic()))
            taken, self._ready = self._ready, []
            self._changed.notify_all()
            return taken

    def _commit(self, groups: list[_Group]) -> None:
        ledgers = self._store.append([group.batch for group in groups], run_id=self._run_id)
        with self._changed:
            self._total = sum(ledgers, self._total)
            self._trouble = ""
        for group in groups:
            rejected = _rejected(group.batch.dead)
            for request in group.requests:
                _end(request)
                answer = rejected.get(request.line, Accepted())
                if isinstance(answer, Refusal):
                    request.future.set_exception(answer)
                elif request.raw is not None:
                    request.future.set_result(answer)

    def _fail(self, groups: list[_Group], error: Exception) -> None:
        """Nothing of these groups is stored, and whoever sent them is told so."""
        told = str(error) if isinstance(error, StoreError) else f"internal {type(error).__name__}"
        is_passing = isinstance(error, StoreError) and error.is_retryable
        LOG.log(logging.WARNING if is_passing else logging.ERROR, "spans are not stored: %s", told)
        with self._changed:
            self._trouble = told
        for request in (request for group in groups for request in group.requests):
            _end(request)
            if request.raw is not None:
                why = "The spans cannot be stored now. Send them again later."
                request.future.set_exception(Refusal(503, Code.UNAVAILABLE, why, retry_s=self._retry_s))


def _end(request: _Request) -> None:
    if request.share is not None:
        request.share.release()


def _rejected(dead: pl.DataFrame) -> dict[int, Accepted | Refusal]:
    """What of each request became no span, by its line; a message that is none is refused."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for line, reason in dead.select("line", "reason").iter_rows():
        reasons[line].append(reason)
    return {
        line: malformed("the body is no ExportTraceServiceRequest")
        if some == [NO_MESSAGE]
        else Accepted(len(some), _sentence(some))
        for line, some in reasons.items()
    }


def _sentence(reasons: list[str]) -> str:
    told = "; ".join(f"{reasons.count(reason)} x {reason}" for reason in dict.fromkeys(reasons))
    return f"{len(reasons)} spans are not stored: {told}."
