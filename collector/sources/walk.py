"""The way through time of a source that is asked for spans of time, and the pages of one slice of it.

A pull first ends the slice that was left open, goes on to its end, then back to its since; collector/sources/slices.py
says how nothing is lost. What is asked, and of whom, the source says.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import polars as pl
from msgspec import Struct, field

from collector.errors import SourceError, SourceUnavailable
from collector.records import RawBatch
from collector.replacing import replace
from collector.sources.base import Settings
from collector.sources.patience import one_line
from collector.sources.slices import Meter, Reach, Slice, read_reach
from collector.window import NS_PER_S

__all__ = [
    "Pace",
    "Page",
    "PageTokenRefused",
    "Walk",
    "ahead_ns",
    "fresh",
    "reaches_cursor",
    "set_back",
    "set_back_each",
    "stored_reaches",
]

CURSOR_VERSION = 1
LONGEST_SLICE_S = 86_400
MOST_RESTARTS = 3  # of one slice in one pull, after refused page tokens


class PageTokenRefused(SourceError):
    """The page token is too old or belongs to another request; reading the slice anew cures it."""


class Page(Struct, frozen=True):
    """One answer. `last_ns` is the event time of its last record, None where pages have no order; token "" ends it."""

    records: pl.DataFrame  # RAW_SCHEMA
    dead: pl.DataFrame  # DEAD_LETTER_SCHEMA: records that cannot be decoded
    next_token: str
    last_ns: int | None


class Pace(Struct, frozen=True):
    """Seconds: of a slice, of what is read again because it may have come late, and of a first pull without since."""

    slice_s: int
    overlap_s: int
    backfill_s: int


class Walk(Struct):
    """One resource within one pull. `kept(reach)` is told each new reach before the batch that it belongs to."""

    who: str
    pace: Pace
    settings: Settings
    kept: Callable[[Reach], None]
    reach: Reach = field(default_factory=lambda: Reach(0, 0))
    meter: Meter = field(default_factory=lambda: Meter(0))

    def over(
        self,
        stored: Reach | None,
        *,
        since_ns: int | None,
        until_ns: int,
        read: Callable[[Slice], Generator[RawBatch, None, int]],
    ) -> Iterator[RawBatch]:
        """What read(slice) gives of the slice that was left open, then on to until_ns, then back to since_ns.

        With `longest_ns` of the settings no further beyond the reach than that, but for the last stretch, which is read
        anew each time. Begins at the stored reach, else at since_ns, else as far back as a first pull goes. `read`
        returns of how many answers the slice was made: the slice after one of a single answer is longer.
        """
        first_ns = since_ns if since_ns is not None else until_ns - self.pace.backfill_s * NS_PER_S
        now_ns = self.settings.now_ns()
        reach = (stored or Reach(first_ns, first_ns)).righted(first_ns, now_ns=now_ns)
        reach = reach.reaching_back(since_ns, now_ns=now_ns, overlap_ns=self.pace.overlap_s * NS_PER_S)
        self._keep(reach)
        until_ns = self._end_ns(until_ns)
        self.meter = _meter(reach, since_ns, until_ns)
        if self.reach.open is not None:
            yield from read(self.reach.open)
        length_ns = self.pace.slice_s * NS_PER_S
        at_ns = self.reach.settled_ns
        while at_ns < until_ns:
            piece = Slice(at_ns, min(until_ns, at_ns + length_ns), opened_at_ns=0)
            pages = yield from read(piece)
            at_ns, length_ns = piece.end_ns, self._next_length_ns(length_ns, pages)
        while since_ns is not None and since_ns < self.reach.from_ns:
            from_ns = self.reach.from_ns
            piece = Slice(max(since_ns, from_ns - length_ns), from_ns, opened_at_ns=0)
            pages = yield from read(piece)
            length_ns = self._next_length_ns(length_ns, pages)

    def _end_ns(self, until_ns: int) -> int:
        """Where this pull ends; a later one goes on from there."""
        longest_ns = self.settings.longest_ns
        if longest_ns is None or self.reach.settled_ns + longest_ns >= until_ns - self.pace.overlap_s * NS_PER_S:
            return until_ns
        self.settings.cut_short()
        return self.reach.settled_ns + longest_ns

    def pages(
        self, piece: Slice, *, request: str, ask: Callable[[str], Page]
    ) -> Generator[tuple[Page, float], None, int]:
        """Pages of one slice from where it stands, with the share done; gives how many.

        `ask(token)` reads a page; the slice starts anew when its token is refused. `request` is a digest of what is
        asked, with which a stored token is worth something.
        """
        restarts = pages = 0
        now_ns = self.settings.now_ns()
        if not piece.is_resumable(request=request, now_ns=now_ns):
            piece = fresh(piece, now_ns)
        while True:
            try:
                page = ask(piece.page_token)
            except PageTokenRefused as error:
                restarts += 1
                if restarts > MOST_RESTARTS:
                    raise self._goes_in_circles(error) from error
                piece = fresh(piece, self.settings.now_ns())
                continue
            pages += 1
            within_ns = _within_ns(piece, page)
            if page.next_token:
                piece = replace(piece, page_token=page.next_token, token_at_ns=self.settings.now_ns(), request=request)
                self._keep(self.reach.opened(piece))
            else:
                self.close(piece)
                within_ns = 0
            yield page, self.meter.share(within_ns)
            if not page.next_token:
                return pages

    def close(self, piece: Slice) -> None:
        """The slice, opened when its first answer was asked for, is read to its end."""
        self._keep(self.reach.closed(piece, overlap_ns=self.pace.overlap_s * NS_PER_S))
        self.meter.add(piece.end_ns - piece.start_ns)

    def _keep(self, reach: Reach) -> None:
        self.reach = reach
        self.kept(reach)

    def _next_length_ns(self, length_ns: int, pages: int) -> int:
        """Quiet stretches are read in ever longer slices: each costs a call of the quota, empty or not."""
        if pages > 1:
            return self.pace.slice_s * NS_PER_S
        return min(2 * length_ns, LONGEST_SLICE_S * NS_PER_S)

    def _goes_in_circles(self, error: SourceError) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.who} refused its own page tokens {MOST_RESTARTS + 1} times "
            f"(`{one_line(str(error.__cause__))}`). What was read is kept; the next cycle reads this slice anew."
        )


def fresh(piece: Slice, now_ns: int) -> Slice:
    """The slice from its first page, asked for now."""
    return Slice(piece.start_ns, piece.end_ns, opened_at_ns=now_ns)


def stored_reaches(cursor: dict[str, Any] | None) -> dict[str, Reach]:
    """Reaches of a stored cursor; what is of another version or shape is read anew, which loses nothing."""
    if not cursor or cursor.get("version") != CURSOR_VERSION:
        return {}
    reaches = {resource: read_reach(stored) for resource, stored in dict(cursor.get("resources") or {}).items()}
    return {resource: reach for resource, reach in reaches.items() if reach is not None}


def ahead_ns(cursor: dict[str, Any] | None, now_ns: int) -> int:
    """How far beyond now a cursor tells that all was read, by a clock that went ahead; 0 where it does not."""
    return max(0, 0, *(one.settled_ns - now_ns for one in stored_reaches(cursor).values()))


def set_back_each(cursor: dict[str, Any], to_ns: Mapping[str, int]) -> dict[str, Any]:
    """The cursor of a source that is to read each of these resources again since an instant of its own."""
    reaches = {
        name: Reach(min(one.from_ns, to_ns[name]), min(one.settled_ns, to_ns[name])) if name in to_ns else one
        for name, one in stored_reaches(cursor).items()
    }
    return reaches_cursor(reaches)


def set_back(cursor: dict[str, Any], to_ns: int) -> dict[str, Any]:
    """The cursor of a source that is to read everything since an instant again; what it has already is a duplicate."""
    reaches = stored_reaches(cursor)
    return set_back_each(cursor, dict.fromkeys(reaches, to_ns)) if reaches else cursor


def reaches_cursor(reaches: dict[str, Reach]) -> dict[str, Any]:
    """The reach of each resource as JSON, for the store."""
    return {
        "version": CURSOR_VERSION,
        "resources": {resource: reach.as_cursor() for resource, reach in reaches.items()},
    }


def _meter(reach: Reach, since_ns: int | None, until_ns: int) -> Meter:
    left_ns = max(0, until_ns - reach.settled_ns)
    if reach.open is not None:
        left_ns += reach.open.end_ns - reach.open.start_ns
    if since_ns is not None:
        left_ns += max(0, reach.from_ns - since_ns)
    return Meter(left_ns)


def _within_ns(piece: Slice, page: Page) -> int:
    """How much of the slice lies behind the page's last record, where records come in the order of their time."""
    if page.last_ns is None:
        return 0
    return min(max(0, page.last_ns - piece.start_ns), piece.end_ns - piece.start_ns)
