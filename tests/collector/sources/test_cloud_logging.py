"""Cloud Logging pulled from a real gRPC server on loopback that answers late, twice, wrongly or not at all."""

import itertools
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from collector.errors import ConfigError, SourceError, SourceUnavailable
from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA, RawBatch
from collector.sources.base import build_sources, parse_source_config
from collector.sources.cloud_logging import CloudLogging, CloudLoggingConfig
from collector.window import NS_PER_S, format_ns
from tests.support.grpc_faults import (
    Arrive,
    Cut,
    FaultScript,
    ForgetTokens,
    Late,
    Never,
    Refuse,
    SamePageAgain,
    Shuffle,
)
from tests.support.log_entries import identity, make_entries, make_entry
from tests.support.logging_server import LoggingServer
from tests.support.source_settings import START_NS, SteppedClock, make_settings

HOUR_NS = 3600 * NS_PER_S
PROJECT = "projects/demo-stage"
BUSY = Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded")
AWAY = Refuse(grpc.StatusCode.UNAVAILABLE, "try later")


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def server() -> Iterator[LoggingServer]:
    with LoggingServer() as running:
        yield running


def make_source(server: LoggingServer, clock: SteppedClock, **keys: Any) -> CloudLogging:
    given = {"resources": (PROJECT,), "endpoint": server.endpoint, "insecure": True, "deadline_s": 5.0, **keys}
    return CloudLogging(CloudLoggingConfig(**given), make_settings(clock))


def pull(source: CloudLogging, *, since_ns: int | None = None, until_ns: int, cursor: Any = None) -> list[RawBatch]:
    return list(source.pull(since_ns=since_ns, until_ns=until_ns, cursor=cursor))


def read(batches: Iterable[RawBatch]) -> list[dict[str, Any]]:
    return [json.loads(text) for batch in batches for text in batch.records["raw"]]


def ids(batches: Iterable[RawBatch]) -> list[str]:
    return [entry["insertId"] for entry in read(batches)]


def entries_over(hours: float, count: int, *, end_ns: int = START_NS - HOUR_NS, **more: Any) -> list[Any]:
    return list(make_entries(count, seed=5, start_ns=end_ns - int(hours * HOUR_NS), end_ns=end_ns, **more))


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


# --- the cursor


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


# --- stopped in the middle


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


def test_a_worthless_page_token_starts_the_slice_anew(server: LoggingServer, clock: SteppedClock) -> None:
    server.add(entries_over(1, 60))
    server.faults.queue(*[None] * 5, ForgetTokens())
    source = make_source(server, clock, page_size=10)

    seen = ids(pull(source, since_ns=START_NS - 3 * HOUR_NS, until_ns=START_NS))

    assert len(set(seen)) == 60
    assert len(seen) > 60


def test_a_stored_token_older_than_its_life_is_not_tried(server: LoggingServer, clock: SteppedClock) -> None:
    server.add(entries_over(1, 60))
    source = make_source(server, clock, page_size=10, backfill_s=2 * 3600)
    pulled = source.pull(since_ns=None, until_ns=START_NS, cursor=None)
    cursor = next(batch for batch in pulled if batch.records.height).cursor
    clock.sleep(24 * 3600)
    calls = len(server.calls)

    seen = ids(pull(source, until_ns=START_NS, cursor=cursor))

    assert len(set(seen)) == 60
    assert server.calls[calls].page_token == ""


def test_a_filter_changed_meanwhile_makes_the_token_worthless_without_a_call(
    server: LoggingServer, clock: SteppedClock
) -> None:
    server.add(entries_over(1, 60))
    until_ns = START_NS
    pulled = make_source(server, clock, page_size=10).pull(
        since_ns=until_ns - 2 * HOUR_NS, until_ns=until_ns, cursor=None
    )
    cursor = next(batch for batch in pulled if batch.records.height).cursor
    calls = len(server.calls)

    source = make_source(server, clock, page_size=10, filter="severity>=DEFAULT")
    seen = ids(pull(source, until_ns=until_ns, cursor=cursor))

    assert len(set(seen)) == 60
    assert server.calls[calls].page_token == ""


def test_tokens_that_are_refused_again_and_again_end_the_pull(server: LoggingServer, clock: SteppedClock) -> None:
    server.add(entries_over(1, 60))
    server.faults = FaultScript(draw=ForgetTokens)

    with pytest.raises(SourceUnavailable, match="refused its own page tokens"):
        pull(make_source(server, clock, page_size=10), since_ns=START_NS - 3 * HOUR_NS, until_ns=START_NS)


def test_an_open_slice_near_now_is_settled_only_as_far_as_when_it_was_opened(
    server: LoggingServer, clock: SteppedClock
) -> None:
    server.add(make_entry(f"e{number}", START_NS - (60 - number) * NS_PER_S) for number in range(50))
    source = make_source(server, clock, page_size=10, overlap_s=120)
    stopped = next(
        batch
        for batch in source.pull(since_ns=START_NS - 600 * NS_PER_S, until_ns=START_NS, cursor=None)
        if batch.records.height
    )
    clock.sleep(3600)
    late = make_entry("late", START_NS - 59 * NS_PER_S - 5, received_ns=START_NS - 50 * NS_PER_S)
    server.add([late])

    seen = ids([stopped, *pull(source, until_ns=clock.ns, cursor=stopped.cursor)])

    assert set(seen) == {f"e{number}" for number in range(50)} | {"late"}


# --- answers that are no answers


@pytest.mark.parametrize("fault", [BUSY, AWAY, Refuse(grpc.StatusCode.INTERNAL), Refuse(grpc.StatusCode.ABORTED)])
def test_a_passing_failure_is_tried_again_after_a_growing_wait(
    server: LoggingServer, clock: SteppedClock, fault: Refuse
) -> None:
    server.add([make_entry("a", START_NS - HOUR_NS)])
    server.faults.queue(fault, fault, fault)

    assert ids(pull(make_source(server, clock, slice_s=86_400), until_ns=START_NS)) == ["a"]
    waits = [wait for wait in clock.slept if wait > 0]
    assert waits[:3] == [0.75, 1.5, 3.0]


@pytest.mark.parametrize(
    "fault",
    [
        Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_info_s=17.5),
        Refuse(grpc.StatusCode.UNAVAILABLE, retry_info_s=17.5),
        Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after_s=17.5),
    ],
)
def test_the_wait_that_the_server_asks_for_is_kept(server: LoggingServer, clock: SteppedClock, fault: Refuse) -> None:
    server.faults.queue(fault)

    pull(make_source(server, clock), until_ns=START_NS)

    assert 17.5 <= clock.slept[0] <= 17.5 * 1.1


def test_patience_ends_with_what_happened_and_that_nothing_is_lost(server: LoggingServer, clock: SteppedClock) -> None:
    server.faults = FaultScript(draw=lambda: BUSY)

    with pytest.raises(SourceUnavailable) as caught:
        pull(make_source(server, clock, patience_s=60), until_ns=START_NS)

    said = str(caught.value)
    assert PROJECT in said
    assert "429" in said
    assert "Quota exceeded" in said
    assert "next cycle goes on" in said
    assert sum(clock.slept) <= 60


def test_a_wait_longer_than_patience_is_not_begun(server: LoggingServer, clock: SteppedClock) -> None:
    server.faults.queue(Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_info_s=600))

    with pytest.raises(SourceUnavailable, match="asked to wait 600 s"):
        pull(make_source(server, clock, patience_s=60), until_ns=START_NS)
    assert clock.slept == []


def test_what_was_read_before_the_failure_was_handed_over_with_its_cursor(
    server: LoggingServer, clock: SteppedClock
) -> None:
    server.add(entries_over(1, 60))
    server.faults = FaultScript(*[None] * 4, draw=lambda: AWAY)
    source = make_source(server, clock, page_size=10, patience_s=5)
    kept: list[RawBatch] = []

    with pytest.raises(SourceUnavailable):
        kept.extend(source.pull(since_ns=START_NS - 3 * HOUR_NS, until_ns=START_NS, cursor=None))
    server.faults = FaultScript()
    kept += pull(source, until_ns=START_NS, cursor=kept[-1].cursor)

    seen = ids(kept)
    assert len(set(seen)) == len(seen) == 60


def test_a_call_that_is_never_answered_ends_at_its_deadline_and_is_tried_again(
    server: LoggingServer, clock: SteppedClock
) -> None:
    server.add([make_entry("a", START_NS - HOUR_NS)])
    server.faults.queue(Never())
    begun = time.monotonic()

    seen = ids(pull(make_source(server, clock, deadline_s=0.3, slice_s=86_400), until_ns=START_NS))

    assert seen == ["a"]
    assert time.monotonic() - begun < 5


def test_a_server_that_never_answers_ends_the_pull(server: LoggingServer) -> None:
    server.faults = FaultScript(draw=Never)
    config = CloudLoggingConfig(
        resources=(PROJECT,), endpoint=server.endpoint, insecure=True, deadline_s=0.3, patience_s=0.8
    )
    source = build_sources([config])[0]
    begun = time.monotonic()

    with pytest.raises(SourceUnavailable, match="504"):
        list(source.pull(since_ns=None, until_ns=START_NS, cursor=None))
    assert time.monotonic() - begun < 3


def test_a_late_answer_within_the_deadline_is_taken(server: LoggingServer, clock: SteppedClock) -> None:
    server.add([make_entry("a", START_NS - HOUR_NS)])
    server.faults.queue(Late(0.3))

    assert ids(pull(make_source(server, clock, slice_s=86_400), until_ns=START_NS)) == ["a"]
    assert len(server.calls) == 1


def test_a_connection_that_breaks_in_the_middle_of_a_page_loses_and_doubles_nothing(clock: SteppedClock) -> None:
    made = entries_over(1, 300)
    with LoggingServer(made, faults=FaultScript(None, None, Cut(3000), None, Cut(0)), can_cut=True) as server:
        source = make_source(server, clock, page_size=100)

        seen = ids(pull(source, since_ns=START_NS - 3 * HOUR_NS, until_ns=START_NS))

    assert len(set(seen)) == len(seen) == 300


def test_nobody_listening_is_unavailable_and_says_where(clock: SteppedClock, server: LoggingServer) -> None:
    source = make_source(server, clock, patience_s=3)
    server.stop()

    with pytest.raises(SourceUnavailable, match="503"):
        pull(source, until_ns=START_NS)


def test_pages_that_come_twice_or_shuffled_lose_nothing(server: LoggingServer, clock: SteppedClock) -> None:
    server.add(entries_over(1, 90))
    server.faults = FaultScript(draw=iter(itertools.cycle([None, SamePageAgain(), Shuffle()])).__next__)

    seen = ids(pull(make_source(server, clock, page_size=10), since_ns=START_NS - 3 * HOUR_NS, until_ns=START_NS))

    assert len(set(seen)) == 90


def test_an_entry_that_protobuf_refuses_is_a_dead_letter_and_costs_only_itself(
    server: LoggingServer, clock: SteppedClock
) -> None:
    at_ns = START_NS - HOUR_NS
    server.add([make_entry("before", at_ns - 5), make_entry("after", at_ns + 5)])
    bad = make_entry("bad", at_ns).SerializeToString() + b"\x1a\x02\xff\xfe"  # textPayload that is no UTF-8
    server.add_bytes(bad, project="demo-stage", key=(at_ns, "bad"), received_ns=at_ns + NS_PER_S)

    batches = pull(make_source(server, clock), until_ns=START_NS)

    assert ids(batches) == ["before", "after"]
    dead = [row for batch in batches for row in batch.dead.iter_rows(named=True)]
    assert len(dead) == 1
    assert "insertId bad" in dead[0]["reason"]
    assert dead[0]["location"] == PROJECT


# --- refusals


def refused_by(server: LoggingServer, clock: SteppedClock, refuse: Refuse, **keys: Any) -> str:
    server.faults = FaultScript(draw=lambda: refuse)
    with pytest.raises(SourceError) as caught:
        pull(make_source(server, clock, **keys), until_ns=START_NS)
    assert not caught.value.is_retryable
    assert len(server.calls) == 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_permission_is_named_with_its_resource(server: LoggingServer, clock: SteppedClock) -> None:
    said = refused_by(server, clock, Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"))

    assert "`logging.logEntries.list`" in said
    assert f"`{PROJECT}`" in said


def test_of_a_view_the_permission_is_another(server: LoggingServer, clock: SteppedClock) -> None:
    view = f"{PROJECT}/locations/global/buckets/_Default/views/_AllLogs"
    said = refused_by(server, clock, Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"), resources=(view,))

    assert "`logging.views.access`" in said
    assert view in said


@pytest.mark.parametrize(
    ("refuse", "advice"),
    [
        (Refuse(grpc.StatusCode.PERMISSION_DENIED, "off", reason="SERVICE_DISABLED"), "gcloud services enable logging"),
        (Refuse(grpc.StatusCode.UNAUTHENTICATED), "gcloud auth application-default login"),
        (Refuse(grpc.StatusCode.NOT_FOUND), "does not exist"),
        (Refuse(grpc.StatusCode.INVALID_ARGUMENT, "Unparseable filter: x"), "Unparseable filter: x"),
        (Refuse(grpc.StatusCode.UNIMPLEMENTED, "unknown\nmethod"), "unknown method"),
    ],
)
def test_a_refusal_says_what_to_do(server: LoggingServer, clock: SteppedClock, refuse: Refuse, advice: str) -> None:
    assert advice in refused_by(server, clock, refuse)


def test_a_filter_that_cannot_be_read_is_refused_once(server: LoggingServer, clock: SteppedClock) -> None:
    with pytest.raises(SourceError, match="Unparseable filter"):
        pull(make_source(server, clock, filter="severity>=>=ERROR"), until_ns=START_NS)


def test_one_resource_that_cannot_be_read_does_not_silence_the_others(
    server: LoggingServer, clock: SteppedClock
) -> None:
    server.add([make_entry("a", START_NS - HOUR_NS, project="other")])
    server.faults.queue(Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"))
    source = make_source(server, clock, resources=(PROJECT, "projects/other"))
    kept: list[RawBatch] = []

    with pytest.raises(SourceError, match="demo-stage"):
        kept.extend(source.pull(since_ns=None, until_ns=START_NS, cursor=None))

    assert ids(kept) == ["a"]


# --- several resources, one quota


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


# --- configuration


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"resources": ["demo-stage"]}, "projects/P"),
        ({"resources": []}, "resources"),
        ({"resources": [PROJECT, PROJECT]}, "named twice"),
        ({"resources": [PROJECT], "pagesize": 10}, "known keys: .*page_size"),
        ({"resources": [PROJECT], "page_size": 5000}, "`5000`"),
        ({"resources": [PROJECT], "insecure": True}, "loopback"),
        ({"resources": [PROJECT], "insecure": True, "endpoint": "logging.example.test:80"}, "loopback"),
        ({}, "resources is missing"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_line(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        parse_source_config({"kind": "cloud_logging", "name": "x", **keys}, where="sources[0]")
    assert str(caught.value).startswith("sources[0]")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["127.0.0.1:80", "localhost:80", "[::1]:80"])
def test_plain_text_is_for_loopback(endpoint: str) -> None:
    config = CloudLoggingConfig(resources=(PROJECT,), endpoint=endpoint, insecure=True)

    assert config.insecure


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


def test_no_credentials_is_one_line_with_what_to_run(
    clock: SteppedClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The environment of the process under test: no login anywhere, no question to a metadata server.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    source = CloudLogging(CloudLoggingConfig(resources=(PROJECT,)), make_settings(clock))

    with pytest.raises(SourceError, match="gcloud auth application-default login") as caught:
        pull(source, until_ns=START_NS)
    assert not caught.value.is_retryable
    assert "\n" not in str(caught.value)


def test_a_credentials_file_that_is_not_there_is_named(
    clock: SteppedClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = str(tmp_path / "missing.json")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
    source = CloudLogging(CloudLoggingConfig(resources=(PROJECT,)), make_settings(clock))

    with pytest.raises(SourceError, match="GOOGLE_APPLICATION_CREDENTIALS is") as caught:
        pull(source, until_ns=START_NS)
    assert path in str(caught.value)


def test_a_private_endpoint_is_spoken_to_with_tls_and_login(
    server: LoggingServer, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "account.json"
    path.write_text(json.dumps(made_up_account()))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    config = CloudLoggingConfig(resources=(PROJECT,), endpoint=server.endpoint, patience_s=2)

    # The server speaks plain text: with TLS there is no answer, and nothing is sent that it could read.
    with pytest.raises(SourceUnavailable, match="503"):
        pull(CloudLogging(config, make_settings(clock)), until_ns=START_NS)
    assert server.calls == []


def made_up_account() -> dict[str, str]:
    """A service account's file with a key made now, which no Google service knows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "type": "service_account",
        "client_email": "reader@demo-stage.iam.gserviceaccount.com",
        "token_uri": "https://127.0.0.1:1/token",
        "private_key": pem,
    }
