"""Withdrawn: when revisions lost their traffic, and when they were given it back. By routing, else by rows. No I/O.

A few requests on a revision whose share routing gave to others are of a container that drains: no traffic given back.
"""

from collections.abc import Collection, Sequence

import numpy as np
from msgspec import Struct

from classifiers.exposure import Grid
from classifiers.history import History
from collector.records import Revision, Served
from collector.replacing import replace

__all__ = ["LATE_NS", "Line", "began_ns"]

LATE_NS = 15 * 60 * 10**9  # what was under way when traffic moved, or was told late, is of before
_WHOLE = 100  # percent
_DRAINED = 0.5  # share of the requests from which on a revision without a share was given traffic by somebody
_ENOUGH = 3.0  # requests that a share should have had, and had none of (rule of three)


def began_ns(revision: Revision) -> int | None:
    """When it first served, as far as anything tells; else when it was first seen or got ready."""
    known = (revision.traffic_ns, revision.first_seen_ns, revision.ready_ns, revision.created_ns)
    return next((at_ns for at_ns in known if at_ns is not None), None)


class Line(Struct, frozen=True):
    """The revisions of one service in the order of deploying, beside what each was asked."""

    revisions: tuple[Revision, ...]
    asked: Grid
    end_ns: int

    @classmethod
    def of(cls, history: History, project: str, service: str) -> "Line":
        """The line of a service in a history."""
        revisions = history.deployed(project, service)
        asked = history.exposure.service(project, service)
        return cls(tuple(_drained(one, revisions, asked) for one in revisions), asked, history.end_ns)

    @property
    def names(self) -> list[str]:
        """Their names, first deployed first."""
        return [one.revision for one in self.revisions]

    def find(self, name: str) -> Revision | None:
        """A revision by its name."""
        return next((one for one in self.revisions if one.revision == name), None)

    def is_serving(self, revision: Revision) -> bool:
        """Routing gives it a share to the end of what is known."""
        return any(one.percent and not self._ended(one) for one in revision.periods)

    def left_ns(self, revision: Revision, failing: Collection[str]) -> int | None:
        """When it last lost its traffic to revisions that are not `failing`; None where it has some still."""
        told = [one for one in revision.periods if one.percent]
        if told and (told[-1] is revision.periods[-1] or revision.tags):
            return None if self._ended(told[-1]) is False else told[-1].to_ns
        others = [one for one in self.revisions if one.revision not in failing]
        last = revision.periods[-1].to_ns if revision.periods else None
        begun = self._newer(revision, others, last)
        return begun if begun is not None or last is None else self._gone_since(revision, others, last)

    def served_at(self, at_ns: int, but: Collection[str]) -> Revision | None:
        """Who took the traffic at an instant, but none of these: the most asked since, else the one deployed last."""
        own = [one for one in self.revisions if one.revision not in but]
        there = [one for one in own if any(_holds(period, at_ns) for period in one.periods)]
        if not there:
            begun = [(at, one) for one in own if (at := self._from(one, at_ns)) is not None]
            return min(begun, key=lambda pair: pair[0])[1] if begun else None
        since = int(self.asked.timeline.bin_of(np.array([at_ns]))[0])
        place = {name: at for at, name in enumerate(self.names)}

        def weight(one: Revision) -> tuple[int, float, int]:
            told = max((period.percent or 0 for period in one.periods if _holds(period, at_ns)), default=0)
            asked = self.asked.by_revision.get(one.revision)
            return told, 0.0 if asked is None else float(asked[since:].sum()), place[one.revision]

        return max(there, key=weight)

    def given_back_ns(self, revision: Revision, since_ns: int) -> int | None:
        """When it first took traffic again after an instant at which it had none; None where it did not."""
        later = [one for one in revision.periods if one.from_ns > since_ns + (0 if one.percent else LATE_NS)]
        return min((one.from_ns for one in later), default=None)

    def is_left(self, name: str, since_ns: int, at_ns: int) -> bool:
        """A revision of before `since_ns` that had no traffic between then and `at_ns`."""
        one = self.find(name)
        began = began_ns(one) if one else None
        if one is None or began is None or began > since_ns:
            return False
        reach = [(period, 0 if period.percent else LATE_NS) for period in one.periods]
        return not any(
            (period.from_ns <= at_ns and (period.to_ns is None or period.to_ns > since_ns + late))
            for period, late in reach
            if period.percent or at_ns > since_ns + late
        )

    def _ended(self, period: Served) -> bool:
        return period.to_ns is not None and period.to_ns < self.end_ns

    def _newer(self, revision: Revision, others: Sequence[Revision], last: int | None) -> int | None:
        """When a later revision took over: the platform sends everything to the latest unless it is told otherwise."""
        place = self.names.index(revision.revision)
        later = [one for one in others if self.names.index(one.revision) > place]
        if last is None:
            seen = [one.first_seen_ns for one in later if one.first_seen_ns is not None]
            return min(seen, default=None)
        begun = [one.traffic_ns for one in later if one.traffic_ns is not None and one.traffic_ns >= last - LATE_NS]
        return min(begun, default=None)

    def _gone_since(self, revision: Revision, others: Sequence[Revision], last: int) -> int | None:
        """The first request to others since its last one, where its share of those should have been some."""
        asked = self.asked.by_revision
        own = asked.get(revision.revision)
        if own is None or not own.any():
            return None
        beside = np.sum([asked[one.revision] for one in others if one.revision in asked] or [own * 0.0], axis=0)
        active = np.flatnonzero(own)
        span = slice(int(active[0]), int(active[-1]) + 1)
        share = float(own.sum() / (own.sum() + beside[span].sum()))
        since = beside.copy()
        since[: int(active[-1]) + 1] = 0.0
        if share * float(since.sum()) < _ENOUGH:
            return None
        line = self.asked.timeline
        return max(last, line.start_ns + int(np.flatnonzero(since)[0]) * line.bin_ns)

    @staticmethod
    def _from(revision: Revision, at_ns: int) -> int | None:
        """When it first served from an instant on."""
        begun = [one.from_ns for one in revision.periods if one.from_ns >= at_ns]
        if not revision.periods and (began := began_ns(revision)) is not None and began >= at_ns - LATE_NS:
            begun = [began]
        return min(begun, default=None)


def _drained(one: Revision, every: Sequence[Revision], asked: Grid) -> Revision:
    """A revision without the periods in which its containers only drained."""
    kept = tuple(period for at, period in enumerate(one.periods) if not _drains(one, at, every, asked))
    return one if len(kept) == len(one.periods) else replace(one, periods=kept)


def _drains(one: Revision, at: int, every: Sequence[Revision], asked: Grid) -> bool:
    """Only rows tell of a period, routing had given all to others by then, and they were asked most of it."""
    period = one.periods[at]
    own = asked.by_revision.get(one.revision)
    if period.percent is not None or own is None or not any(before.percent for before in one.periods[:at]):
        return False
    routed = sum(
        max((told.percent or 0 for told in other.periods if _is_routed(told, period.from_ns)), default=0)
        for other in every
        if other is not one
    )
    until_ns = period.to_ns or period.from_ns
    first, last = asked.timeline.bin_of(np.array([period.from_ns, until_ns])).tolist()
    span = slice(first, None if period.to_ns is None else last + 1)
    return routed >= _WHOLE and float(own[span].sum()) < _DRAINED * float(asked.total[span].sum())


def _is_routed(period: Served, at_ns: int) -> bool:
    return bool(period.percent) and period.from_ns <= at_ns and (period.to_ns is None or period.to_ns > at_ns)


def _holds(period: Served, at_ns: int) -> bool:
    """It had traffic then; what only rows prove may be told by a first request that comes a little later."""
    slack = 0 if period.percent else LATE_NS
    return period.from_ns <= at_ns + slack and (period.to_ns is None or period.to_ns > at_ns)
