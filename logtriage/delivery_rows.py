"""The rows of deliveries: what waits in a channel's outbox, what was tried of it, and where incidents were told.

The store is open for moments only, never while a request is on its way.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import polars as pl
from msgspec import Struct, field

from collector.place import is_there
from collector.replacing import replace
from collector.store import Store
from logtriage.message import Act, Message
from logtriage.notifiers.channel import Place, Step
from logtriage.outbox import MIGRATION, read_message

__all__ = ["DELIVERY_SCHEMA", "Journal", "Outcome", "Pending", "Tried", "folded", "is_worth_anew", "next_job"]

Outcome = Literal["sending", "done", "uncertain", "retry", "refused", "gone", "superseded"]

DELIVERY_SCHEMA: dict[str, pl.DataType] = {
    "delivery_id": pl.String(),
    "channel": pl.String(),
    "incident_id": pl.String(),
    "step": pl.String(),
    "attempt": pl.Int32(),
    "outcome": pl.String(),
    "remote_id": pl.String(),
    "remote_url": pl.String(),
    "detail": pl.String(),
    "at_ns": pl.Int64(),
}
_DETAIL = 300  # characters of an error that are kept


class Tried(Struct, frozen=True):
    """One row of a step."""

    step: str
    attempt: int
    outcome: str
    place: Place
    at_ns: int


class Pending(Struct, frozen=True):
    """A message that waits, what was tried of it, and the rows that it took over, the oldest first."""

    delivery_id: str
    message: Message
    made_at_ns: int
    tried: tuple[Tried, ...] = ()
    taken: tuple["Pending", ...] = ()

    @property
    def group(self) -> str:
        """What is told in order: its incident, or its notice by key."""
        return self.message.incident_id or f"notice {self.message.key}"

    @property
    def is_open(self) -> bool:
        """A step of it may or may not have been done: it is cleared up before anything else of its group."""
        last = {one.step: one.outcome for one in self.tried}
        return any(outcome in {"sending", "uncertain"} for outcome in last.values())

    def last(self, step: Step) -> Tried | None:
        """The last row of a step."""
        return next((one for one in reversed(self.tried) if one.step == step), None)

    def first_sent_ns(self, step: Step) -> int | None:
        """When a step was first begun."""
        return next((one.at_ns for one in self.tried if one.step == step and one.outcome == "sending"), None)

    def attempts(self, step: Step) -> int:
        """How often a step was begun."""
        return sum(one.step == step and one.outcome == "sending" for one in self.tried)

    def was_uncertain(self, step: Step) -> bool:
        """An attempt of it may have arrived."""
        return any(one.step == step and one.outcome == "uncertain" for one in self.tried)

    def failures(self) -> int:
        """Attempts that came to nothing."""
        return sum(one.outcome in {"retry", "uncertain", "refused"} for one in self.tried)


def next_job(waiting: Sequence[Pending]) -> Pending:
    """What is to be done first of one group: the one that is not cleared up, else all of them as one.

    A channel that was down for a day is told what is now, once, with every change of the day in its news.
    """
    if waiting[0].is_open:
        return waiting[0]
    until = next((at for at, one in enumerate(waiting) if one.is_open), len(waiting))
    every = waiting[:until]
    taken = tuple(before for one in every[:-1] for before in (*one.taken, replace(one, taken=())))
    return replace(every[-1], taken=(*taken, *every[-1].taken))


def folded(job: Pending, *, is_told: bool) -> Message:
    """The message of now with the news of all that it took over; `is_told`: its incident has a place."""
    every = (*job.taken, job)
    acts = {one.message.act for one in every}
    if "notice" in acts:
        return job.message
    act: Act = "change" if "change" in acts else "edit"
    if "open" in acts and not is_told:
        act = "open"
    news = [one.message.news for one in every if one.message.act == "change" and not _has_replied(one)]
    is_back = not job.message.is_over and any(one.message.is_back for one in every)
    return replace(job.message, act=act, news=" ".join(dict.fromkeys(filter(None, news))), is_back=is_back)


def is_worth_anew(message: Message) -> bool:
    """What is told at a new place after somebody deleted the one before: no mere figures, and no end."""
    return message.act in {"open", "change"} and not message.is_over


def _has_replied(one: Pending) -> bool:
    last = one.last("reply")
    return last is not None and last.outcome == "done"


class Journal(Struct):
    """Rows of one channel. Their time never stands still nor goes back, whatever the clock does: it orders them."""

    store: Store
    channel: str
    clock_ns: Callable[[], int]
    places: dict[str, Place] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)  # ids of places that somebody deleted
    _last_ns: int = 0
    _own: dict[str, list[tuple[str, Place]]] = field(default_factory=lambda: defaultdict(list))

    def read(self) -> list[list[Pending]]:
        """What waits, by group, each in order; `places` are those of now."""
        if not is_there(self.store.path):
            return []  # nothing was collected yet
        with self.store.read() as reader:
            if MIGRATION not in set(reader.frame("find_migrations")["name"]):
                return []
            rows = reader.frame("find_pending", channel=self.channel)
            steps = reader.frame("find_pending_steps", channel=self.channel)
            placed = reader.frame("find_places", channel=self.channel)
        last = [one["at_ns"].max() for one in (steps, placed)]  # a clock that was set back does not mix up the order
        self._last_ns = max(self._last_ns, *(one for one in last if isinstance(one, int)), 0)
        for row in placed.iter_rows(named=True):
            self._told(row["incident_id"], row["delivery_id"], Place(row["remote_id"], row["remote_url"]))
            if row["is_gone"]:
                self._lost(row["incident_id"], row["remote_id"])
        groups: dict[str, list[Pending]] = defaultdict(list)
        for one in _pending(rows, steps):
            groups[one.group].append(one)
        return list(groups.values())

    def place_before(self, job: Pending) -> Place | None:
        """Where its incident was told before this message."""
        told = [place for name, place in self._own[job.message.incident_id] if name != job.delivery_id]
        return told[-1] if told else None

    def begin(self, job: Pending, step: Step, attempt: int) -> int:
        """Before a step is done: when. What it takes over is ended with it, in one transaction."""
        rows = [self._row(job, step=step, attempt=attempt, outcome="sending")]
        rows += [self._row(one, outcome="superseded", detail=job.delivery_id) for one in job.taken]
        self._write(rows)
        return int(rows[0]["at_ns"])

    def note(  # noqa: PLR0913 - the columns of a row
        self, job: Pending, step: Step, attempt: int, outcome: Outcome, *, place: Place | None = None,
        detail: str = "", ends: bool = False,
    ) -> None:  # fmt: skip
        """After a step: what became of it; `ends` says that its message is delivered."""
        rows = [self._row(job, step=step, attempt=attempt, outcome=outcome, place=place, detail=detail)]
        rows += [self._row(job, outcome="done")] if ends else []
        self._write(rows)
        if outcome == "done" and place is not None:
            self._told(job.message.incident_id, job.delivery_id, place)
        if outcome == "gone" and place is not None:
            self._lost(job.message.incident_id, place.id)

    def end(self, job: Pending) -> None:
        """A message of which nothing is left to do."""
        taken = [self._row(one, outcome="superseded", detail=job.delivery_id) for one in job.taken]
        self._write([self._row(job, outcome="done"), *taken])

    def _told(self, incident_id: str, delivery_id: str, place: Place) -> None:
        if incident_id and place.id:
            self._own[incident_id].append((delivery_id, place))
            self.places[incident_id] = place

    def _lost(self, incident_id: str, place_id: str) -> None:
        self.gone.add(place_id)
        self.places.pop(incident_id, None)

    def _row(
        self, job: Pending, *, step: str = "", attempt: int = 0, outcome: Outcome, place: Place | None = None,
        detail: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        self._last_ns = max(self.clock_ns(), self._last_ns + 1)
        return {
            "delivery_id": job.delivery_id,
            "channel": self.channel,
            "incident_id": job.message.incident_id,
            "step": step,
            "attempt": attempt,
            "outcome": outcome,
            "remote_id": place.id if place else "",
            "remote_url": place.url if place else "",
            "detail": detail[:_DETAIL],
            "at_ns": self._last_ns,
        }

    def _write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        with self.store.write() as writer:
            writer.execute("insert_deliveries", relation=pl.DataFrame(list(rows), schema=DELIVERY_SCHEMA))


def _pending(rows: pl.DataFrame, steps: pl.DataFrame) -> list[Pending]:
    """The messages with what was tried of each; those that were taken over within those that took them."""
    tried: dict[str, list[Tried]] = defaultdict(list)
    for row in steps.iter_rows(named=True):
        place = Place(row["remote_id"], row["remote_url"])
        tried[row["delivery_id"]].append(Tried(row["step"], row["attempt"], row["outcome"], place, row["at_ns"]))
    waiting, taken = [], defaultdict(list)
    for row in rows.iter_rows(named=True):
        name = row["delivery_id"]
        one = Pending(name, read_message(row["message"]), row["made_at_ns"], tuple(tried[name]))
        if row["into_id"]:
            taken[row["into_id"]].append(one)
        else:
            waiting.append(one)
    return [replace(one, taken=tuple(taken[one.delivery_id])) for one in waiting]
