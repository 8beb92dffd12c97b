"""The delivery: what waits in the outbox goes to its channels, so that nothing is doubled and nothing is lost.

Before a step is done a row says so, and after it a row says what became of it. A step that may have been done (its
answer was lost, or this process was killed) is looked up before it is done again: several times, until what the channel
finds can be trusted. Where a channel cannot look up, the step is done again and marked as a possible repeat, less and
less often. Where somebody deleted the place of an incident, what changes of it while it goes on is told anew; figures
and its end are not. What a channel refuses waits for a day, or for somebody to run this again; other incidents go on.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct, field

from collector.replacing import replace
from collector.stopping import check_stop, pause
from collector.store import Store
from collector.window import NS_PER_S
from logtriage.delivery_lock import hold_deliveries
from logtriage.delivery_rows import Journal, Pending, folded, is_worth_anew, next_job
from logtriage.errors import NotifyError, NotifyGone, NotifyUnavailable, NotifyUncertain
from logtriage.message import Message
from logtriage.notifiers.channel import Notifier, Place, Step
from logtriage.wording import join_words, plural

__all__ = ["Delivered", "Patience", "deliver", "delivered_line"]

_LEAVE = frozenset({"open", "reply"})  # steps that leave something new each time
_REFUSED_NS = 24 * 3600 * NS_PER_S  # that a refused message waits
_CLOCKS_NS = 24 * 3600 * NS_PER_S  # that two clocks, or one before and after it was set, may be apart
_KNOWN_NS = 7 * 24 * 3600 * NS_PER_S  # how far back an incident is looked for that another database may have told
_NAMED = 8
_DOWN = 2  # messages in a row that a channel could not take: the rest waits for the next cycle


class Patience(Struct, frozen=True):
    """How long an answer that was lost is looked for before the step is done again."""

    looks: int = 3  # at least
    trusted_after_s: float = 60.0  # since it was sent: an index of a search may lag
    first_wait_s: float = 2.0  # between two looks; it doubles
    longest_s: float = 75.0  # in one run
    repeat_after_s: float = 300.0  # where nothing can be looked up; it doubles, too
    longest_repeat_s: float = 6 * 3600.0


class Delivered(Struct, frozen=True):
    """What became of one channel's outbox. `steps`: how many of each were done; `left`: messages that wait on.

    `failed` are plain lines: what a later run may mend; `refused`: what somebody has to mend.
    """

    channel: str
    steps: tuple[tuple[Step, int], ...] = ()
    messages: int = 0
    left: int = 0
    failed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    is_elsewhere: bool = False  # another process is delivering

    @property
    def is_clean(self) -> bool:
        """Nothing failed and nothing was refused."""
        return not self.failed and not self.refused


def deliver(
    store: Store, channels: Sequence[Notifier], *, clock_ns: Callable[[], int] = time.time_ns,
    sleep: Callable[[float], None] = pause, patience: Patience | None = None, tries_refused: bool = False,
) -> tuple[Delivered, ...]:  # fmt: skip
    """Delivers what waits in each channel. One process at a time; a second one leaves it to the first.

    `tries_refused`: what was refused before is tried again now, because settings may be others.
    Raises StoreError where the store cannot be read or written: nothing is sent that could not be written down.
    """
    with hold_deliveries(store.path) as is_alone:
        if not is_alone:
            return tuple(Delivered(channel.name, is_elsewhere=True) for channel in channels)
        return tuple(
            _Run(
                Journal(store, channel.name, clock_ns), channel, clock_ns, sleep, patience or Patience(), tries_refused
            ).run()
            for channel in channels
        )


def delivered_line(done: Delivered) -> str:
    """`github: 2 messages (1 open, 1 reply)`; what waits is said so."""
    if done.is_elsewhere:
        return f"{done.channel}: another process is delivering; it is left to that"
    steps = join_words((f"{many} {step}" for step, many in done.steps), _NAMED)
    told = f"{done.channel}: {plural(done.messages, 'message')}" + (f" ({steps})" if steps else "")
    return told + (f", {done.left} left for later" if done.left else "")


class _NotYetError(Exception):
    """It is too early to do a step again."""


class _Run(Struct):
    """One pass over one channel."""

    journal: Journal
    channel: Notifier
    clock_ns: Callable[[], int]
    sleep: Callable[[float], None]
    patience: Patience
    tries_refused: bool
    steps: Counter[Step] = field(default_factory=Counter)
    messages: int = 0
    left: int = 0
    failed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def run(self) -> Delivered:
        groups = sorted(self.journal.read(), key=_urgency)
        down = 0
        for at, group in enumerate(groups):
            if self._is_held(group):
                self.left += len(group)
                continue
            try:
                self._group(group)
                down = 0
            except NotifyUnavailable as error:
                self.failed.append(str(error))
                down += 1
                if down == _DOWN:
                    self.left += sum(map(len, groups[at + 1 :]))
                    break
        steps = tuple(sorted(self.steps.items()))
        failed, refused = (tuple(dict.fromkeys(lines)) for lines in (self.failed, self.refused))
        return Delivered(self.channel.name, steps, self.messages, self.left, failed, refused)

    def _is_held(self, group: Sequence[Pending]) -> bool:
        """A message of it was refused less than a day ago."""
        if self.tries_refused:
            return False
        refused = [one.at_ns for row in group for one in row.tried if one.outcome == "refused"]
        return bool(refused) and abs(self.clock_ns() - max(refused)) < _REFUSED_NS

    def _group(self, group: Sequence[Pending]) -> None:
        """All that waits of one incident, in order; NotifyUnavailable where the channel takes nothing now."""
        waiting = list(group)
        while waiting:
            check_stop()
            job = next_job(waiting)
            gone = {job.delivery_id, *(one.delivery_id for one in job.taken)}
            try:
                self._job(job)
            except (_NotYetError, NotifyUncertain, NotifyUnavailable) as error:
                self.left += len(waiting)
                if isinstance(error, NotifyUnavailable):
                    raise
                self.failed += [str(error)] if isinstance(error, NotifyUncertain) else []
                return
            except NotifyError as error:
                self.left += len(waiting)
                self.refused.append(str(error))
                return
            waiting = [one for one in waiting if one.delivery_id not in gone]
            self.messages += 1

    def _job(self, job: Pending) -> None:
        """Every step of one message that is not done yet."""
        before = self.journal.place_before(job)
        message = folded(job, is_told=before is not None)
        if before is not None and before.id in self.journal.gone:
            if not is_worth_anew(message):
                self.journal.end(job)
                return
            before, message = None, replace(message, act="open", news="")
        steps = self._steps(message, before)
        known = self._known(job, message, before) if steps[:1] == ("open",) else None
        if known is not None:
            before, steps = known, ("edit", *steps[1:])
        place, is_ended = before, False
        for step in steps:
            last = job.last(step)
            if last is not None and last.outcome == "done":
                place = last.place if last.place.id else place
                continue
            is_ended = step == steps[-1]
            try:
                place = self._step(job, message, step, place, ends=is_ended)
            except NotifyGone as error:
                self.refused.append(str(error))  # once: from now on it is known
                self.journal.note(job, step, job.attempts(step) + 1, "gone", place=place, detail=str(error))
                self._job(job)
                return
        if not is_ended:
            self.journal.end(job)

    def _steps(self, message: Message, before: Place | None) -> tuple[Step, ...]:
        """The channel's steps; what became of an incident before its first word got through is a reply to it.

        Where nothing stands to be brought up to date, the first word tells that itself.
        """
        steps = self.channel.steps(message, before)
        told = ("reply",) * bool(message.news) + ("close",) * message.is_over
        if self.channel.can_find and message.act == "open" and before is None and told:
            later = self.channel.steps(replace(message, act="change"), Place("later"))
            steps = (*steps, *(one for one in later if one in told and one not in steps))
        return steps

    def _step(self, job: Pending, message: Message, step: Step, place: Place | None, *, ends: bool) -> Place | None:
        """Does a step, unless an attempt before did; gives the place of the incident."""
        last = job.last(step)
        attempt = job.attempts(step)
        is_repeat = False
        if last is not None and last.outcome == "sending":
            self.journal.note(job, step, attempt, "uncertain", detail="ended before the answer was stored")
        if step in _LEAVE and last is not None and (last.outcome == "sending" or job.was_uncertain(step)):
            sent_ns = max(one.at_ns for one in job.tried if one.step == step)
            found = self._looked_up(job, message, step, place, sent_ns, attempt)
            if found is not None:
                return self._found(job, step, attempt, found, place, ends=ends)
            is_repeat = True
        elif last is None and step == "reply":
            told = self._told_elsewhere(job, message)
            if told is not None:
                return self._found(job, step, 0, told, place, ends=ends)
        try:
            return self._done(job, message, step, place, attempt + 1, is_repeat=is_repeat, ends=ends)
        except NotifyUncertain:
            if step not in _LEAVE or not self.channel.can_find:
                raise
        found = self._looked_up(job, message, step, place, self.clock_ns(), attempt + 1)
        if found is not None:
            return self._found(job, step, attempt + 1, found, place, ends=ends)
        return self._done(job, message, step, place, attempt + 2, is_repeat=True, ends=ends)

    def _done(  # noqa: PLR0913 - what a step is made of
        self, job: Pending, message: Message, step: Step, place: Place | None, attempt: int, *, is_repeat: bool,
        ends: bool,
    ) -> Place:  # fmt: skip
        """One attempt, with a row before and after it."""
        self.journal.begin(job, step, attempt)
        try:
            left = self.channel.do(
                step, message, delivery_id=job.delivery_id, place=place, is_repeat=is_repeat,
                places=dict(self.journal.places),
            )  # fmt: skip
        except NotifyUncertain as error:
            self.journal.note(job, step, attempt, "uncertain", detail=str(error))
            raise
        except NotifyUnavailable as error:
            self.journal.note(job, step, attempt, "retry", detail=str(error))
            raise
        except NotifyGone:
            raise  # it is written down with the place
        except NotifyError as error:
            self.journal.note(job, step, attempt, "refused", detail=str(error))
            raise
        self.journal.note(job, step, attempt, "done", place=left, ends=ends)
        self.steps[step] += 1
        return left

    def _looked_up(
        self, job: Pending, message: Message, step: Step, place: Place | None, sent_ns: int, attempt: int
    ) -> Place | None:
        """What an attempt left; None when nothing did, as far as can be known. _NotYetError where it is too early."""
        if not self.channel.can_find:
            wait_s = min(self.patience.repeat_after_s * 2 ** (attempt - 1), self.patience.longest_repeat_s)
            if self._passed_ns(sent_ns) < wait_s * NS_PER_S:
                raise _NotYetError
            return None
        since_ns = min(job.first_sent_ns(step) or sent_ns, self.clock_ns()) - _CLOCKS_NS
        looks, waited_s, wait_s = 0, 0.0, self.patience.first_wait_s
        while True:
            found = self._find(job, message, step, place, since_ns)
            if found is not None and not (step == "open" and place is not None and found.id == place.id):
                return found
            looks += 1
            is_late = self._passed_ns(sent_ns) >= self.patience.trusted_after_s * NS_PER_S
            if looks >= self.patience.looks and is_late:
                return None
            if waited_s + wait_s > self.patience.longest_s:
                raise _NotYetError
            self.sleep(wait_s)
            waited_s, wait_s = waited_s + wait_s, wait_s * 2

    def _known(self, job: Pending, message: Message, before: Place | None) -> Place | None:
        """Where another database, or one that is lost, told this incident: it is told there on."""
        last = job.last("open")
        if last is not None:
            return last.place if last.outcome == "done" and not last.attempt else None
        if before is not None or not message.incident_id or not self.channel.can_find:
            return None
        known = self._find(job, message, "open", None, self._long_before(job))
        if known is not None:
            self.journal.note(job, "open", 0, "done", place=known, detail="known")
        return known

    def _told_elsewhere(self, job: Pending, message: Message) -> Place | None:
        """The reply, where a database of which this is an older copy told it. A place that does not say has none."""
        place = self.journal.place_before(job)
        if place is None or not self.channel.can_find:
            return None
        since_ns = self._long_before(job)
        try:
            return self.channel.find("reply", message, delivery_id=job.delivery_id, place=place, since_ns=since_ns)
        except NotifyError as error:
            if error.is_retryable:
                raise
            return None

    def _long_before(self, job: Pending) -> int:
        return min(job.made_at_ns, self.clock_ns()) - _KNOWN_NS

    def _passed_ns(self, at_ns: int) -> int:
        """Since an instant. One that lies ahead was written before the clock was set back: it is long ago as well."""
        return abs(self.clock_ns() - at_ns)

    def _find(self, job: Pending, message: Message, step: Step, place: Place | None, since_ns: int) -> Place | None:
        """What the channel finds; a refusal is written down. A list may still name what somebody deleted."""
        try:
            found = self.channel.find(step, message, delivery_id=job.delivery_id, place=place, since_ns=since_ns)
        except NotifyError as error:
            if not error.is_retryable and not isinstance(error, NotifyGone):
                self.journal.note(job, step, job.attempts(step), "refused", detail=str(error))
            raise
        return None if found is not None and found.id in self.journal.gone else found

    def _found(self, job: Pending, step: Step, attempt: int, found: Place, place: Place | None, *, ends: bool) -> Place:
        """An attempt of before had arrived. A reply is found where it is, the incident stays where it was."""
        at = found if step == "open" or place is None else place
        self.journal.note(job, step, attempt, "done", place=at, detail="found", ends=ends)
        self.steps[step] += 1
        return at


def _urgency(group: Sequence[Pending]) -> tuple[int, str, int, str]:
    """What failed least often first, so that nothing stands in the way of others; then by priority and age."""
    first = group[0]
    failures = sum(one.failures() for one in group)
    return failures, min(one.message.priority for one in group), first.made_at_ns, first.delivery_id
