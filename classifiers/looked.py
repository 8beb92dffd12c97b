"""What an analysis looked at, where it is blind, and what became of earlier verdicts. No I/O."""

from msgspec import Struct

__all__ = ["Coverage", "Record", "RecordBand"]


class Coverage(Struct, frozen=True):
    """What was looked at, and where logtriage is blind. Counts are of entries, `ledger_*` of records ever read."""

    entries: int
    problem_entries: int
    noise_entries: int
    quiet_entries: int
    spans: int
    services: int
    complete_until_ns: int | None
    ledger_read: int
    ledger_stored: int
    ledger_duplicates: int
    ledger_dead: int
    dead_reasons: tuple[tuple[str, int], ...]
    blind_spots: tuple[str, ...]
    span_services: int = 0  # services of the spans
    own_entries: int = 0  # of the entries, what logtriage stored of itself
    own_spans: int = 0  # ... of the spans
    ledger_pruned: int = 0  # of those stored, taken away by retention
    ledger_lost: int = 0  # of those stored, lost by damage of the database
    is_cut: bool = False  # whether retention took a part of the window
    unsigned: int = 0  # records stored, in or before the window, that no rule of now has looked through


class RecordBand(Struct, frozen=True):
    """Settled verdicts that were told with one word: how sure they were on average, and how many were right.

    `low` and `high` hold the true share of right ones with 95 % confidence (Wilson).
    """

    least: float  # of SURE_FROM
    settled: int
    right: int
    said: float
    low: float
    high: float


class Record(Struct, frozen=True):
    """What became of the verdicts told before the end of the window. settled: right + wrong; void ones count nowhere.

    `brier` and `bands` are empty below 30 settled verdicts: a share of so few says nothing.
    """

    verdicts: int = 0
    settled: int = 0
    right: int = 0
    void: int = 0
    by_person: int = 0  # of the settled ones
    brier: float | None = None  # mean squared error of the probability first told, 0 is best
    bands: tuple[RecordBand, ...] = ()
