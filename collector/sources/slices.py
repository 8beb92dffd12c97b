"""How far a source that is read by arrival time has come; pure, no I/O.

A reach is one stretch [from_ns, settled_ns) of arrival time that has been read for good, and at most one slice that
is being read page by page. An entry may become visible some time after its receiveTimestamp; so a slice settles only
what had arrived `overlap_ns` before its first page was asked for, and the next pull starts there: late arrivals are
read then, and what is read twice the store removes.
"""

from typing import Any

from msgspec import Struct, to_builtins

from collector.replacing import replace

__all__ = ["Meter", "Reach", "Slice", "read_reach"]

# Page tokens of Cloud Logging live 24 h; one that is about to die is not tried.
TOKEN_LIFETIME_NS = 23 * 3600 * 1_000_000_000


class Slice(Struct, frozen=True):
    """A piece [start_ns, end_ns) of arrival time, and the page at which its reading stands.

    `request` is a digest of the request that the page token belongs to; with another request it is worthless.
    """

    start_ns: int
    end_ns: int
    opened_at_ns: int
    page_token: str = ""
    token_at_ns: int = 0
    request: str = ""

    def is_resumable(self, *, request: str, now_ns: int) -> bool:
        """The page token can still be used for that request."""
        return bool(self.page_token) and self.request == request and now_ns - self.token_at_ns < TOKEN_LIFETIME_NS


class Reach(Struct, frozen=True):
    """What of one resource has been read for good, and the slice that is open."""

    from_ns: int
    settled_ns: int
    open: Slice | None = None

    def opened(self, piece: Slice) -> "Reach":
        """With that slice, at that page, as the open one."""
        return replace(self, open=piece)

    def closed(self, piece: Slice, *, overlap_ns: int) -> "Reach":
        """After the last page of a slice. One that lies elsewhere than at an end of the stretch settles nothing."""
        if piece.end_ns == self.from_ns:
            return replace(self, from_ns=piece.start_ns, open=None)
        if piece.start_ns > self.settled_ns:
            return replace(self, open=None)
        settled_ns = min(piece.end_ns, piece.opened_at_ns - overlap_ns)
        return replace(self, settled_ns=max(self.settled_ns, settled_ns), open=None)

    def reaching_back(self, since_ns: int | None, *, now_ns: int, overlap_ns: int) -> "Reach":
        """Starts anew at since_ns where the stretch begins so late that entries before it may not be visible yet."""
        if since_ns is None or since_ns >= self.from_ns or self.from_ns <= now_ns - overlap_ns:
            return self
        return Reach(since_ns, since_ns)

    def righted(self, first_ns: int, *, now_ns: int) -> "Reach":
        """What is known of it where it tells of a time that is yet to come: the clock it was read by went ahead.

        What arrives until that time was never there to be read; so it starts anew, at first_ns at the latest.
        """
        if self.settled_ns > now_ns:
            start_ns = min(self.from_ns, first_ns)
            return Reach(start_ns, start_ns)
        if self.open is not None and self.open.opened_at_ns > now_ns:
            return replace(self, open=None)
        return self

    def as_cursor(self) -> dict[str, Any]:
        """As JSON, for the store."""
        told: dict[str, Any] = to_builtins(self)
        return told


def read_reach(cursor: Any) -> Reach | None:
    """The reach of a stored cursor; None when it is not one, so that reading starts anew and loses nothing."""
    try:
        piece = cursor["open"]
        return Reach(
            from_ns=int(cursor["from_ns"]),
            settled_ns=int(cursor["settled_ns"]),
            open=None if piece is None else Slice(**piece),
        )
    except (KeyError, TypeError, ValueError):
        return None


class Meter:
    """The share of a pull that is done, measured in arrival time; it never falls."""

    def __init__(self, total_ns: int) -> None:
        self._total_ns = max(1, total_ns)
        self._done_ns = 0
        self._share = 0.0

    def add(self, length_ns: int) -> None:
        """A slice of that length is done."""
        self._done_ns += length_ns

    def share(self, within_ns: int = 0) -> float:
        """Share in [0, 1], with within_ns of the open slice done."""
        self._share = min(1.0, max(self._share, (self._done_ns + within_ns) / self._total_ns))
        return self._share
