"""Cloud Logging pulled from a server that answers late, twice, wrongly or never: nothing lost, nothing twice."""

import itertools

import grpc
import pytest

from collector.errors import SourceUnavailable
from collector.records import RawBatch
from collector.sources.base import build_sources
from collector.sources.cloud_logging import CloudLoggingConfig
from collector.window import NS_PER_S
from tests.support.grpc_faults import (
    Cut,
    FaultScript,
    ForgetTokens,
    Late,
    Never,
    Refuse,
    SamePageAgain,
    Shuffle,
)
from tests.support.log_entries import make_entry
from tests.support.log_pulls import AWAY, BUSY, HOUR_NS, PROJECT, entries_over, ids, make_source, pull
from tests.support.logging_server import LoggingServer
from tests.support.source_settings import START_NS, SteppedClock


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
    assert "refused because its quota is used up, for longer than patience_s = 60" in said
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

    seen = ids(pull(make_source(server, clock, deadline_s=0.3, slice_s=86_400), until_ns=START_NS))

    assert seen == ["a"]


def test_a_server_that_never_answers_ends_the_pull(server: LoggingServer) -> None:
    server.faults = FaultScript(draw=Never)
    config = CloudLoggingConfig(
        resources=(PROJECT,), endpoint=server.endpoint, insecure=True, deadline_s=0.3, patience_s=0.8
    )
    source = build_sources([config])[0]

    with pytest.raises(SourceUnavailable, match="504"):
        list(source.pull(since_ns=None, until_ns=START_NS, cursor=None))


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
