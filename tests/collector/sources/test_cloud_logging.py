"""Cloud Logging pulled from a real gRPC server on loopback: windows, cursors, resources."""

import itertools
import json
from typing import Any

import pytest

from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA
from collector.sources.base import build_sources
from collector.sources.cloud_logging import CloudLoggingConfig
from collector.window import NS_PER_S, format_ns
from tests.support.grpc_faults import (
    Arrive,
    FaultScript,
    SamePageAgain,
    Shuffle,
)
from tests.support.log_entries import identity, make_entry
from tests.support.log_pulls import AWAY, BUSY, HOUR_NS, PROJECT, entries_over, ids, make_source, pull, read
from tests.support.logging_server import LoggingServer
from tests.support.source_settings import START_NS, SteppedClock, make_settings


def test_all_entries_of_the_window_come_once_and_in_the_shape_of_gcloud(
    server: LoggingServer, clock: SteppedClock
) -> None:
    server.add(entries_over(3, 250))

    batches = pull(make_source(server, clock, page_size=40), since_ns=START_NS - 5 * HOUR_NS, until_ns=START_NS)

    entries = read(batches)
    assert len({identity(entry) for entry in entries}) == len(entries) == 250
    assert {batch.kind for batch in batches} == {"entries"}
    assert {batch.location for batch in batches} == {PROJECT}
    assert all(batch.records.schema == RAW_SCHEMA and batch.dead.schema == DEAD_LETTER_SCHEMA for batch in batches)
    assert all(batch.records["line"].to_list() == list(range(1, len(batch.records) + 1)) for batch in batches)


def test_instants_keep_their_nanoseconds(server: LoggingServer, clock: SteppedClock) -> None:
    server.add([make_entry("a", START_NS - HOUR_NS + 123_456_789)])

    entries = read(pull(make_source(server, clock), until_ns=START_NS))

    assert entries[0]["timestamp"] == "2026-01-05T07:00:00.123456789Z"


def test_a_pull_without_since_or_cursor_reaches_back_as_configured(server: LoggingServer, clock: SteppedClock) -> None:
    server.add([make_entry("old", START_NS - 3 * HOUR_NS), make_entry("new", START_NS - HOUR_NS)])

    assert ids(pull(make_source(server, clock, backfill_s=7200), until_ns=START_NS)) == ["new"]


def test_every_call_has_the_deadline_and_asks_for_the_largest_page(server: LoggingServer, clock: SteppedClock) -> None:
    server.add(entries_over(1, 5))

    pull(make_source(server, clock, deadline_s=5.0), until_ns=START_NS)

    assert server.calls
    assert all(call.deadline_s is not None and 0 < call.deadline_s < 5.5 for call in server.calls)
    assert {(call.page_size, call.order_by) for call in server.calls} == {(1000, "timestamp asc")}


def test_the_own_filter_stands_beside_the_window(server: LoggingServer, clock: SteppedClock) -> None:
    server.add(entries_over(1, 200))
    own = "severity>=ERROR -- only what hurts"

    entries = read(pull(make_source(server, clock, filter=own), until_ns=START_NS))

    assert entries
    assert {entry["severity"] for entry in entries} == {"ERROR"}
    assert all("receiveTimestamp>=" in call.filter and "timestamp>=" in call.filter for call in server.calls)


def test_progress_rises_to_one(server: LoggingServer, clock: SteppedClock) -> None:
    server.add(entries_over(10, 300))

    batches = pull(make_source(server, clock, page_size=20), since_ns=START_NS - 12 * HOUR_NS, until_ns=START_NS)

    shares = [batch.progress or 0.0 for batch in batches]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert max(later - first for first, later in itertools.pairwise(shares)) < 0.5


def test_quiet_stretches_cost_few_calls(server: LoggingServer, clock: SteppedClock) -> None:
    pull(make_source(server, clock), since_ns=START_NS - 30 * 24 * HOUR_NS, until_ns=START_NS)

    assert len(server.calls) < 50


def test_the_next_pull_goes_on_from_the_cursor(server: LoggingServer, clock: SteppedClock) -> None:
    server.add([make_entry("first", START_NS - HOUR_NS)])
    source = make_source(server, clock)
    cursor = pull(source, until_ns=START_NS)[-1].cursor
    clock.sleep(3600)
    server.add([make_entry("second", START_NS + 1800 * NS_PER_S)])

    assert ids(pull(source, until_ns=START_NS + HOUR_NS, cursor=cursor)) == ["second"]


def test_an_entry_that_becomes_visible_late_is_read_by_the_next_pull(
    server: LoggingServer, clock: SteppedClock
) -> None:
    source = make_source(server, clock, overlap_s=300)
    cursor = pull(source, until_ns=START_NS)[-1].cursor
    clock.sleep(60)
    server.add([make_entry("late", START_NS - 290 * NS_PER_S, received_ns=START_NS - 280 * NS_PER_S)])

    assert ids(pull(source, until_ns=clock.ns, cursor=cursor)) == ["late"]


def test_an_entry_whose_event_lies_hours_before_its_arrival_is_read(server: LoggingServer, clock: SteppedClock) -> None:
    source = make_source(server, clock)
    cursor = pull(source, until_ns=START_NS)[-1].cursor
    clock.sleep(60)
    server.add([make_entry("buffered", START_NS - 20 * HOUR_NS, received_ns=START_NS + 30 * NS_PER_S)])

    assert ids(pull(source, until_ns=clock.ns, cursor=cursor)) == ["buffered"]


def test_entries_that_arrive_between_two_pages_are_not_lost(server: LoggingServer, clock: SteppedClock) -> None:
    server.add(make_entry(f"e{number:03d}", START_NS - (200 - number) * NS_PER_S) for number in range(100))
    behind = make_entry("behind", START_NS - 199 * NS_PER_S - 1, received_ns=START_NS - 150 * NS_PER_S)
    server.faults.queue(None, None, None, Arrive(lambda: server.add([behind])))
    source = make_source(server, clock, page_size=10, overlap_s=300)

    first = pull(source, since_ns=START_NS - 600 * NS_PER_S, until_ns=START_NS)
    clock.sleep(60)
    second = pull(source, until_ns=clock.ns, cursor=first[-1].cursor)

    assert "behind" not in ids(first)
    assert "behind" in ids(second)


def test_since_before_the_cursor_reads_the_older_stretch_too(server: LoggingServer, clock: SteppedClock) -> None:
    server.add([make_entry("old", START_NS - 40 * HOUR_NS), make_entry("mid", START_NS - 2 * HOUR_NS)])
    source = make_source(server, clock)
    cursor = pull(source, since_ns=START_NS - 4 * HOUR_NS, until_ns=START_NS)[-1].cursor
    calls = len(server.calls)

    batches = pull(source, since_ns=START_NS - 48 * HOUR_NS, until_ns=START_NS, cursor=cursor)

    assert ids(batches) == ["old"]
    assert len(server.calls) - calls < 12
    assert (
        pull(source, since_ns=START_NS - 48 * HOUR_NS, until_ns=START_NS, cursor=batches[-1].cursor)[-1].progress == 1
    )


def test_since_after_the_cursor_skips_nothing(server: LoggingServer, clock: SteppedClock) -> None:
    source = make_source(server, clock)
    cursor = pull(source, until_ns=START_NS)[-1].cursor
    clock.sleep(10 * 3600)
    server.add([make_entry("while-away", START_NS + HOUR_NS)])

    assert ids(pull(source, since_ns=clock.ns - HOUR_NS, until_ns=clock.ns, cursor=cursor)) == ["while-away"]


def test_a_first_short_pull_does_not_settle_what_is_not_visible_yet(server: LoggingServer, clock: SteppedClock) -> None:
    source = make_source(server, clock, overlap_s=300)
    cursor = pull(source, since_ns=START_NS - 10 * NS_PER_S, until_ns=START_NS)[-1].cursor
    server.add([make_entry("late", START_NS - 8 * NS_PER_S, received_ns=START_NS - 7 * NS_PER_S)])
    clock.sleep(30)
    before = make_entry("before", START_NS - 60 * NS_PER_S)

    server.add([before])
    batches = pull(source, since_ns=START_NS - HOUR_NS, until_ns=clock.ns, cursor=cursor)

    assert sorted(ids(batches)) == ["before", "late"]


@pytest.mark.parametrize("cursor", [{}, {"version": 99}, {"version": 1, "resources": {PROJECT: {"open": 3}}}])
def test_a_cursor_of_another_shape_reads_anew(
    server: LoggingServer, clock: SteppedClock, cursor: dict[str, Any]
) -> None:
    server.add([make_entry("a", START_NS - HOUR_NS)])

    assert ids(pull(make_source(server, clock), until_ns=START_NS, cursor=cursor)) == ["a"]


def test_the_cursor_is_json(server: LoggingServer, clock: SteppedClock) -> None:
    server.add(entries_over(1, 30))
    source = make_source(server, clock, page_size=10)

    for batch in pull(source, until_ns=START_NS):
        assert json.loads(json.dumps(batch.cursor)) == batch.cursor


def test_a_pull_that_is_stopped_after_each_page_goes_on_at_the_next_page(
    server: LoggingServer, clock: SteppedClock
) -> None:
    server.add(entries_over(3, 120))
    source = make_source(server, clock, page_size=10)
    seen: list[str] = []
    cursor = None

    for _ in range(100):
        batch = next(source.pull(since_ns=START_NS - 5 * HOUR_NS, until_ns=START_NS, cursor=cursor), None)
        if batch is None or (batch.progress == 1 and not len(batch.records)):
            break
        seen += ids([batch])
        cursor = json.loads(json.dumps(batch.cursor))

    assert len(set(seen)) == len(seen) == 120


def test_all_distinct_entries_survive_faults_and_stops(clock: SteppedClock) -> None:
    """A hundred pages, stopped at any of them and resumed from the last cursor that was stored."""
    count = 30_000
    made = entries_over(6, count)
    expected = {(entry.insert_id, entry.timestamp.seconds, entry.timestamp.nanos) for entry in made}
    dice = iter(
        itertools.cycle([None, None, AWAY, None, BUSY, None, None, SamePageAgain(), Shuffle(), None, None, None])
    )
    faults = FaultScript(draw=lambda: next(dice))
    seen: set[str] = set()
    records = 0

    with LoggingServer(made, faults=faults) as server:
        source = make_source(server, clock, page_size=300, reads_per_min=6000, overlap_s=60)
        cursor: Any = None
        for stop_after in itertools.chain([1, 2, 7, 30], itertools.repeat(10_000)):
            pulled = source.pull(since_ns=START_NS - 8 * HOUR_NS, until_ns=START_NS, cursor=cursor)
            finished = True
            for number, batch in enumerate(pulled, start=1):
                # Stored, then killed: what came after this batch is forgotten.
                seen.update(batch.records["raw"])
                records += len(batch.records)
                cursor = batch.cursor
                if number == stop_after:
                    finished = False
                    break
            if finished:
                break

    distinct = {json.loads(text)["insertId"] for text in seen}
    assert len(distinct) == len(seen) == count == len(expected)
    assert records < 1.3 * count


def test_each_resource_has_its_own_place_in_the_cursor(server: LoggingServer, clock: SteppedClock) -> None:
    server.add([make_entry("a", START_NS - HOUR_NS), make_entry("b", START_NS - HOUR_NS, project="other")])
    source = make_source(server, clock, resources=(PROJECT, "projects/other"))

    batches = pull(source, until_ns=START_NS)

    assert sorted(ids(batches)) == ["a", "b"]
    assert set((batches[-1].cursor or {})["resources"]) == {PROJECT, "projects/other"}
    assert {call.resources for call in server.calls} == {(PROJECT,), ("projects/other",)}
    assert batches[-1].progress == 1.0


def test_a_resource_added_later_is_read_from_its_beginning(server: LoggingServer, clock: SteppedClock) -> None:
    server.add([make_entry("a", START_NS - HOUR_NS), make_entry("b", START_NS - HOUR_NS, project="other")])
    cursor = pull(make_source(server, clock), until_ns=START_NS)[-1].cursor

    both = make_source(server, clock, resources=(PROJECT, "projects/other"))

    assert ids(pull(both, until_ns=START_NS, cursor=cursor)) == ["b"]


def test_sources_of_one_project_share_its_read_quota(server: LoggingServer, clock: SteppedClock) -> None:
    server.add(entries_over(1, 100))
    settings = make_settings(clock)
    configs = [
        CloudLoggingConfig(
            name=name, resources=(PROJECT,), endpoint=server.endpoint, insecure=True, page_size=10, reads_per_min=10
        )
        for name in ("one", "two")
    ]
    calls_at: list[float] = []
    server.faults = FaultScript(draw=lambda: Arrive(lambda: calls_at.append(clock.monotonic_s())))

    for source in build_sources(configs, settings):
        list(source.pull(since_ns=START_NS - 2 * HOUR_NS, until_ns=START_NS, cursor=None))

    assert len(calls_at) > 20
    assert all(later - first >= 60 - 1e-6 for first, later in zip(calls_at, calls_at[10:], strict=False))


def test_the_window_sent_is_half_open_and_exact(server: LoggingServer, clock: SteppedClock) -> None:
    since_ns, until_ns = START_NS - 60 * NS_PER_S + 1, START_NS + 7
    server.add(
        make_entry(name, START_NS - HOUR_NS, received_ns=received_ns)
        for name, received_ns in (
            ("early", since_ns - 1),
            ("first", since_ns),
            ("last", until_ns - 1),
            ("end", until_ns),
        )
    )

    seen = ids(pull(make_source(server, clock), since_ns=since_ns, until_ns=until_ns))

    assert sorted(seen) == ["first", "last"]
    assert f'receiveTimestamp>="{format_ns(since_ns, digits=9)}"' in server.calls[0].filter
