"""A clock that went ahead and is right again: what arrived meanwhile is read, and the clock is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.clock_ahead import righted_cursor
from collector.collect import collect
from collector.config import StoreConfig
from collector.normalise.redact import Redactor
from collector.records import Ledger
from collector.store import Store
from tests.support.log_entries import make_entry
from tests.support.log_pulls import HOUR_NS, PROJECT, make_source
from tests.support.logging_server import LoggingServer
from tests.support.source_settings import START_NS, SteppedClock

_DAY_NS = 24 * HOUR_NS


class _Pulling:
    """One source and its store, pulled at any time of the clock, as a cycle does."""

    def __init__(self, server: LoggingServer, folder: Path) -> None:
        self.server = server
        self.clock = SteppedClock()
        self.store = Store(StoreConfig(path=folder / "s.duckdb"), clock_ns=self.clock.now_ns)
        self.source = make_source(server, self.clock, name="logs")

    def at(self, now_ns: int, *, is_righted: bool = True) -> tuple[Ledger, bool]:
        """What a pull stored, and whether the clock was told as wrong."""
        self.clock.ns = now_ns
        cursor, looks = righted_cursor(self.store, "logs", now_ns=now_ns)
        if not is_righted:
            cursor = self.store.cursor("logs")
        batches = self.source.pull(since_ns=None, until_ns=now_ns, cursor=cursor)
        run_id = self.store.begin_run("collect", "logs")
        sums = collect(
            batches, store=self.store, redactor=Redactor(b"k" * 32), run_id=run_id, stored=lambda *_: None
        )  # fmt: skip
        self.store.end_run(run_id, outcome="complete")
        return sums, any(not look.is_over for look in looks)


@pytest.fixture
def pulling(tmp_path: Path) -> Iterator[_Pulling]:
    with LoggingServer() as server:
        yield _Pulling(server, tmp_path)


def test_what_arrives_while_the_clock_is_ahead_and_after_is_read_once_it_is_right(pulling: _Pulling) -> None:
    pulling.server.add([make_entry(f"old{hour}", START_NS - hour * HOUR_NS) for hour in range(1, 20)])
    assert pulling.at(START_NS)[0].stored == 19
    pulling.at(START_NS + _DAY_NS)
    pulling.server.add([make_entry("ahead", START_NS + 60 * 10**9)])
    assert pulling.at(START_NS + _DAY_NS + HOUR_NS)[0].stored == 0
    pulling.server.add([make_entry("after", START_NS + HOUR_NS)])

    sums, is_told = pulling.at(START_NS + 2 * HOUR_NS)

    assert (sums.stored, is_told) == (2, True)
    assert sums.duplicates <= 2  # not the whole stretch: only from an hour before the newest that is stored
    assert pulling.at(START_NS + 3 * HOUR_NS)[1] is False


def test_a_walk_by_itself_reads_the_whole_stretch_again(pulling: _Pulling) -> None:
    pulling.server.add([make_entry(f"old{hour}", START_NS - hour * HOUR_NS) for hour in range(1, 20)])
    pulling.at(START_NS)
    pulling.at(START_NS + _DAY_NS)
    pulling.server.add([make_entry("ahead", START_NS + HOUR_NS)])

    sums, _ = pulling.at(START_NS + 2 * HOUR_NS, is_righted=False)

    assert (sums.stored, sums.duplicates) == (1, 19)


def test_a_first_pull_by_a_clock_that_is_ahead_leaves_nothing_out(pulling: _Pulling) -> None:
    pulling.at(START_NS + 3 * _DAY_NS)
    pulling.server.add([make_entry("before", START_NS - 20 * HOUR_NS), make_entry("after", START_NS + HOUR_NS)])

    assert pulling.at(START_NS + 2 * HOUR_NS)[0].stored == 2


def test_a_source_that_was_never_read_and_a_right_clock_are_no_trouble(pulling: _Pulling) -> None:
    assert pulling.at(START_NS)[1] is False
    cursor = pulling.store.cursor("logs")
    assert cursor is not None
    assert list(cursor["resources"]) == [PROJECT]
    assert righted_cursor(pulling.store, "logs", now_ns=START_NS)[0] == cursor
