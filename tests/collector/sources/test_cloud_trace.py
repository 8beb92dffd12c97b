"""Traces pulled from a real gRPC server on loopback that speaks Cloud Trace v1: nothing lost, nothing twice."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import grpc
import polars as pl
import pytest

from collector.errors import ConfigError, SourceError, SourceUnavailable
from collector.normalise.redact import Redactor
from collector.normalise.spans import normalise_spans
from collector.records import RawBatch
from collector.sources.base import parse_source_config
from collector.sources.cloud_trace import CloudTrace, CloudTraceConfig
from collector.window import NS_PER_S
from tests.support.command_line import MAIN
from tests.support.grpc_faults import Cut, FaultScript, ForgetTokens, Late, Never, Refuse, SamePageAgain, Shuffle
from tests.support.source_settings import START_NS, SteppedClock, make_settings
from tests.support.trace_server import TraceServer, make_trace, span_id

HOUR_NS = 3600 * NS_PER_S
ROOT = Path(__file__).parents[3]
BUSY = Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded")
AWAY = Refuse(grpc.StatusCode.UNAVAILABLE, "try later")


@pytest.fixture
def traces() -> Iterator[TraceServer]:
    with TraceServer() as running:
        yield running


def trace_id(number: int) -> str:
    return f"{number + 1:08x}{7:024x}"


def over(hours: float, count: int, *, end_ns: int = START_NS - HOUR_NS) -> list[Any]:
    step_ns = int(hours * HOUR_NS) // count
    return [make_trace(trace_id(at), [end_ns - at * step_ns, end_ns - at * step_ns + 5]) for at in range(count)]


def make_source(server: TraceServer, clock: SteppedClock, **keys: Any) -> CloudTrace:
    given = {
        "projects": ("demo-stage",),
        "endpoint": server.endpoint,
        "insecure": True,
        "deadline_s": 5.0,
        "reads_per_min": 10_000,
        **keys,
    }
    return CloudTrace(CloudTraceConfig(**given), make_settings(clock))


def pull(source: CloudTrace, *, since_ns: int | None = None, until_ns: int, cursor: Any = None) -> list[RawBatch]:
    return list(source.pull(since_ns=since_ns, until_ns=until_ns, cursor=cursor))


def spans(batches: list[RawBatch]) -> pl.DataFrame:
    read = pl.concat([batch.records for batch in batches])
    found = normalise_spans(read, location="x", redactor=Redactor(b"0123456789abcdef"))
    assert found.dead.is_empty()
    return found.spans


def ids(batches: list[RawBatch]) -> list[str]:
    read = [json.loads(text) for batch in batches for text in batch.records["raw"]]
    return [one["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] for one in read]


def test_a_trace_becomes_spans_with_opentelemetrys_names(traces: TraceServer, clock: SteppedClock) -> None:
    at_ns = START_NS - HOUR_NS + 123
    labels = {"/http/url": "https://shop.test/pay/7?q=1", "/http/route": "/pay/{id}", "/http/user_agent": "curl/8"}
    traces.put(
        [make_trace(trace_id(0), [at_ns, at_ns + 9], **labels, **{"g.co/agent": "opencensus", "shop.till": "7"})]
    )

    found = spans(pull(make_source(traces, clock), until_ns=START_NS))

    root, child = found.sort("start_ns").rows(named=True)
    wanted = {
        "trace": trace_id(0), "span": f"{span_id(trace_id(0), 1):016x}", "parent_span": "", "project": "demo-stage",
        "location": "europe-west4", "service": "shop", "revision": "shop-00001-aaa", "name": "/pay", "kind": 2,
        "start_ns": at_ns, "duration_ns": 1_000_000, "status": 0, "http_method": "POST", "http_route": "/pay/{id}",
        "http_path": "/pay/7", "http_status": 200, "user_agent": "curl/8",
    }  # fmt: skip
    assert {key: root[key] for key in wanted} == wanted
    assert (child["parent_span"], child["kind"], child["start_ns"]) == (root["span"], 3, at_ns + 9)
    assert json.loads(root["attributes"])["shop.till"] == "7"


def test_an_error_keeps_its_type_its_words_and_its_stack(traces: TraceServer, clock: SteppedClock) -> None:
    frame = {"class_name": "Pay", "method_name": "charge", "file_name": "pay.py", "line_number": "12"}
    stack = json.dumps({"stack_frame": [frame]})
    labels = {"/error/name": "CardRefused", "/error/message": "no funds", "/stacktrace": stack}
    traces.put([make_trace(trace_id(0), [START_NS - HOUR_NS], **labels)])

    row = spans(pull(make_source(traces, clock), until_ns=START_NS)).row(0, named=True)

    assert (row["status"], row["status_message"], row["error_type"]) == (2, "no funds", "CardRefused")
    assert row["exception"] == "CardRefused: no funds\n    at Pay.charge(pay.py:12)"


def test_a_stack_trace_alone_is_no_failure(traces: TraceServer, clock: SteppedClock) -> None:
    traces.put([make_trace(trace_id(0), [START_NS - HOUR_NS], **{"/stacktrace": '{"stack_frame": []}'})])

    row = spans(pull(make_source(traces, clock), until_ns=START_NS)).row(0, named=True)

    assert (row["status"], row["exception"], row["events"]) == (0, None, None)


def test_labels_of_opentelemetrys_exporter_are_its_resource_and_kind(traces: TraceServer, clock: SteppedClock) -> None:
    labels = {
        "service.name": "till", "service.version": "1.2", "g.co/span_kind": "producer", "otel.status_code": "ERROR",
        "deployment.environment.name": "staging", "faas.version": "till-00007-xyz",
    }  # fmt: skip
    made = make_trace(trace_id(0), [START_NS - HOUR_NS], **labels)
    made.spans[0].kind = 0
    traces.put([made])

    row = spans(pull(make_source(traces, clock), until_ns=START_NS)).row(0, named=True)

    assert (row["service"], row["revision"], row["environment"]) == ("till", "till-00007-xyz", "staging")
    assert (row["kind"], row["status"]) == (4, 2)


def test_pages_follow_their_tokens_within_the_limits_of_the_api(traces: TraceServer, clock: SteppedClock) -> None:
    traces.put(over(2, 250))
    source = make_source(traces, clock)

    seen = ids(pull(source, until_ns=START_NS))

    assert len(seen) == len(set(seen)) == 250
    assert {call.page_size for call in traces.calls} == {100}
    assert any(call.page_token for call in traces.calls)
    assert all(call.deadline_s is not None and call.deadline_s < 6 for call in traces.calls)


def test_an_empty_page_with_a_token_is_not_the_end(traces: TraceServer, clock: SteppedClock) -> None:
    traces.put(over(2, 30))
    traces.is_empty_page_first = True

    assert len(set(ids(pull(make_source(traces, clock, page_size=10), until_ns=START_NS)))) == 30


def test_slices_touch_so_that_nothing_is_lost_at_their_edges(traces: TraceServer, clock: SteppedClock) -> None:
    edge_ns = START_NS - 2 * HOUR_NS
    traces.put(make_trace(trace_id(at), [edge_ns + at - 2]) for at in range(5))

    seen = ids(pull(make_source(traces, clock), since_ns=START_NS - 4 * HOUR_NS, until_ns=START_NS))

    assert set(seen) == {trace_id(at) for at in range(5)}
    ends = sorted({(call.start_ns, call.end_ns) for call in traces.calls})
    assert all(one[1] == other[0] for one, other in itertools.pairwise(ends))
    assert (ends[0][0], ends[-1][1]) == (START_NS - 4 * HOUR_NS, START_NS)


def test_a_span_that_is_written_late_is_read_by_the_next_pull(traces: TraceServer, clock: SteppedClock) -> None:
    at_ns = START_NS - 600 * NS_PER_S
    traces.put([make_trace(trace_id(0), [at_ns])])
    source = make_source(traces, clock, overlap_s=900)
    first = pull(source, until_ns=START_NS)
    clock.sleep(3600)
    traces.put([make_trace(trace_id(0), [at_ns, at_ns + 5]), make_trace(trace_id(1), [at_ns - 7])])

    second = pull(source, until_ns=clock.ns, cursor=first[-1].cursor)

    assert spans(first).height == 1
    assert spans(second).n_unique(["trace", "span"]) == 3


def test_what_is_settled_is_not_asked_for_again(traces: TraceServer, clock: SteppedClock) -> None:
    traces.put(over(2, 30))
    source = make_source(traces, clock, overlap_s=900)
    cursor = pull(source, until_ns=START_NS)[-1].cursor
    traces.calls.clear()

    pull(source, until_ns=START_NS, cursor=cursor)

    assert [(call.start_ns, call.end_ns) for call in traces.calls] == [(START_NS - 900 * NS_PER_S, START_NS)]


def test_a_pull_that_was_cut_off_goes_on_at_its_page(traces: TraceServer, clock: SteppedClock) -> None:
    traces.put(over(0.5, 90))
    traces.faults = FaultScript(*[None] * 10, draw=lambda: AWAY)
    source = make_source(traces, clock, page_size=10, patience_s=5, slice_s=600)
    kept: list[RawBatch] = []
    with pytest.raises(SourceUnavailable, match="next cycle goes on"):
        kept.extend(source.pull(since_ns=START_NS - 20 * HOUR_NS, until_ns=START_NS, cursor=None))
    traces.faults = FaultScript()

    kept += pull(source, until_ns=START_NS, cursor=kept[-1].cursor)

    assert len(set(ids(kept))) == 90


def test_refused_tokens_pages_twice_and_shuffled_pages_lose_nothing(traces: TraceServer, clock: SteppedClock) -> None:
    traces.put(over(2, 95))
    traces.faults.queue(None, None, ForgetTokens(), SamePageAgain(), Shuffle(), None, SamePageAgain())

    seen = ids(pull(make_source(traces, clock, page_size=10), since_ns=START_NS - 4 * HOUR_NS, until_ns=START_NS))

    assert len(set(seen)) == 95


@pytest.mark.parametrize("fault", [BUSY, AWAY, Refuse(grpc.StatusCode.INTERNAL), Late(0.1), Never()])
def test_passing_failures_are_tried_again(traces: TraceServer, clock: SteppedClock, fault: Any) -> None:
    traces.put(over(1, 5))
    traces.faults.queue(fault, fault)

    assert len(set(ids(pull(make_source(traces, clock, deadline_s=0.5), until_ns=START_NS)))) == 5


def test_the_wait_that_the_server_asks_for_is_kept(traces: TraceServer, clock: SteppedClock) -> None:
    traces.faults.queue(Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_info_s=17.5))

    pull(make_source(traces, clock), until_ns=START_NS)

    assert 17.5 <= clock.slept[0] <= 17.5 * 1.1


def test_the_read_quota_of_a_project_is_kept(traces: TraceServer, clock: SteppedClock) -> None:
    traces.put(over(2, 200))

    pull(make_source(traces, clock, page_size=10, reads_per_min=12), until_ns=START_NS)

    calls = len(traces.calls)
    assert calls >= 24
    assert clock.ns - START_NS >= (calls // 12 - 1) * 60 * NS_PER_S


def test_a_connection_that_breaks_within_a_page_loses_and_doubles_nothing(clock: SteppedClock) -> None:
    faults = FaultScript(None, Cut(3000), None, Cut(0))
    with TraceServer(over(1, 150), faults=faults, can_cut=True) as server:
        source = make_source(server, clock, page_size=50)

        seen = ids(pull(source, since_ns=START_NS - 3 * HOUR_NS, until_ns=START_NS))

    assert len(set(seen)) == 150


def test_a_trace_that_protobuf_refuses_is_a_dead_letter_and_costs_only_itself(
    traces: TraceServer, clock: SteppedClock
) -> None:
    traces.put(over(0.5, 3, end_ns=START_NS - 60 * NS_PER_S))
    traces.put_bytes("zz", b"\x12\x02\xff\xfe")  # a trace_id that is no UTF-8

    batches = pull(make_source(traces, clock, slice_s=86_400), until_ns=START_NS)

    dead = pl.concat([batch.dead for batch in batches])
    assert len(set(ids(batches))) == 3
    assert dead["reason"].str.contains("cannot be decoded").all()
    assert dead.height == 1


@pytest.mark.parametrize(
    ("refuse", "advice"),
    [
        (Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"), "`cloudtrace.traces.list` on `projects/demo-stage`"),
        (Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"), "role `roles/cloudtrace.user`"),
        (Refuse(grpc.StatusCode.PERMISSION_DENIED, "off", reason="SERVICE_DISABLED"), "enable cloudtrace.googleapis"),
        (Refuse(grpc.StatusCode.INVALID_ARGUMENT, "bad filter"), "bad filter"),
    ],
)
def test_a_refusal_says_what_to_do(traces: TraceServer, clock: SteppedClock, refuse: Refuse, advice: str) -> None:
    traces.faults = FaultScript(draw=lambda: refuse)

    with pytest.raises(SourceError) as caught:
        pull(make_source(traces, clock), until_ns=START_NS)

    assert not caught.value.is_retryable
    assert advice in str(caught.value)
    assert len(traces.calls) == 1


def test_one_project_that_cannot_be_read_does_not_silence_the_others(traces: TraceServer, clock: SteppedClock) -> None:
    traces.put([make_trace(trace_id(0), [START_NS - HOUR_NS], project="other")])
    traces.faults.queue(Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"))
    source = make_source(traces, clock, projects=("demo-stage", "other"))
    kept: list[RawBatch] = []

    with pytest.raises(SourceError, match="demo-stage"):
        kept.extend(source.pull(since_ns=None, until_ns=START_NS, cursor=None))

    assert ids(kept) == [trace_id(0)]


def test_a_token_that_leads_to_itself_ends_the_pull(traces: TraceServer, clock: SteppedClock) -> None:
    traces.put(over(1, 5))
    traces.is_empty_page_first = True
    source = make_source(traces, clock)
    first = source.pull(since_ns=START_NS - 3 * HOUR_NS, until_ns=START_NS, cursor=None)
    token = next(batch for batch in first).cursor
    assert token is not None
    stuck = type(traces)._page  # the server's own paging, with each answer leading back to the page itself

    def again(call: Any, context: Any) -> tuple[list[bytes], str]:
        return [], call.page_token or stuck(traces, call, context)[1]

    traces._page = again  # type: ignore[method-assign] # the server that answers so has no other way to be made

    with pytest.raises(SourceError, match="one token"):
        pull(source, until_ns=START_NS)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"projects": ["Projects/x"]}, "project id"),
        ({"projects": ["a", "a"]}, "named twice"),
        ({"projects": ["a"], "page_size": 1000}, "`1000`"),
        ({"projects": ["a"], "overlap": 1}, "known keys: .*overlap_s"),
        ({}, "projects is missing"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_line(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_source_config({"kind": "cloud_trace", "name": "x", **keys}, where="sources[0]")


def test_collect_stores_each_span_once_through_faults_and_a_growing_trace(tmp_path: Path) -> None:
    now_ns = time.time_ns()
    faults = FaultScript(Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_info_s=0.05), None, Cut(500), None, AWAY)
    made = over(3, 120, end_ns=now_ns - HOUR_NS)
    with TraceServer(made, faults=faults, can_cut=True) as server:
        source = f"kind: cloud_trace, projects: [demo-stage], endpoint: '{server.endpoint}', insecure: true"
        text = f"sources: [{{{source}, page_size: 30, slice_s: 3600, reads_per_min: 1000}}]\n"
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
        told = [_collect(tmp_path)]
        begun_ns = now_ns - 300 * NS_PER_S
        server.put([make_trace("f" * 32, [begun_ns])])
        told.append(_collect(tmp_path))
        server.put([make_trace("f" * 32, [begun_ns, begun_ns + 9])])
        told.append(_collect(tmp_path))

    assert [done.returncode for done in told] == [0, 0, 0], [done.stderr for done in told]
    with duckdb.connect(str(tmp_path / "logtriage.duckdb"), read_only=True) as store:
        count = store.execute(
            "select count(*), count(distinct trace || span), count(distinct trace) from spans"
        ).fetchone()
        unlike = store.execute("select distinct service, revision from spans").fetchall()
    assert count == (242, 242, 121)
    assert unlike == [("shop", "shop-00001-aaa")]


def _collect(folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        [*MAIN, "collect"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_no_google_module_is_loaded_before_a_pull() -> None:
    code = (
        "import sys; from collector.sources.base import *;"
        "build_sources([parse_source_config({'kind': 'cloud_trace', 'projects': ['p']}, where='x')]);"
        "sys.exit(any(name.startswith(('google', 'grpc')) for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
