"""Jaeger and Tempo, pulled from a real HTTP server: one contract, whatever the server is."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from collector.errors import ConfigError, SourceError, SourceUnavailable
from collector.normalise.redact import Redactor
from collector.normalise.spans import normalise_spans
from collector.records import RawBatch
from collector.sources.base import Source, build_sources, parse_source_config
from collector.window import NS_PER_S
from tests.support.command_line import MAIN
from tests.support.source_settings import START_NS, SteppedClock, make_settings
from tests.support.trace_http import HttpFault, MadeSpan, TraceHttp, serve_traces

ROOT = Path(__file__).parents[3]
HOUR_NS = 3600 * NS_PER_S
MINUTE_NS = 60 * NS_PER_S
KINDS = ["jaeger v1", "jaeger v3", "tempo v1", "tempo v2"]
TOO_LARGE = '{"errors": [{"msg": "grpc: received message larger than max (5 vs. 4)"}]}'


@pytest.fixture(params=KINDS)
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def traces(api: str) -> Iterator[TraceHttp]:
    with serve_traces(has_jaeger_v3=api == "jaeger v3", has_tempo_v2=api == "tempo v2") as running:
        yield running


def make_source(server: TraceHttp, clock: SteppedClock, api: str, **keys: Any) -> Source:
    given = {"kind": api.split(maxsplit=1)[0], "url": server.url, "deadline_s": 5, "patience_s": 30, **keys}
    return build_sources([parse_source_config(given, where="sources[0]")], make_settings(clock))[0]


def pull(
    source: Source, *, since_ns: int | None = None, until_ns: int = START_NS, cursor: Any = None
) -> list[RawBatch]:
    return list(source.pull(since_ns=since_ns, until_ns=until_ns, cursor=cursor))


def spans(batches: list[RawBatch]) -> pl.DataFrame:
    read = pl.concat([batch.records for batch in batches])
    found = normalise_spans(read, location="x", redactor=Redactor(b"0123456789abcdef"))
    assert found.dead.is_empty(), found.dead
    return found.spans


def reasons(batches: list[RawBatch]) -> list[str]:
    return [reason for batch in batches for reason in batch.dead["reason"].to_list()]


def pairs(count: int, *, end_ns: int = START_NS - HOUR_NS, step_ns: int = MINUTE_NS) -> list[MadeSpan]:
    """Traces through two services each."""
    made = []
    for at in range(1, count + 1):
        start_ns = end_ns - at * step_ns
        made.append(MadeSpan(at, at, start_ns))
        made.append(MadeSpan(at, at + 10_000, start_ns + 5000, "till", at, "charge", "client"))
    return made


def last_cursor(batches: list[RawBatch]) -> Any:
    return next(batch.cursor for batch in reversed(batches) if batch.cursor)


def test_traces_become_spans_with_whole_ids(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    traces.spans = pairs(3)

    found = spans(pull(make_source(traces, clock, api))).sort("start_ns")

    assert found.height == 6
    root, child = found.filter(trace=f"{1:032x}").sort("kind").rows(named=True)
    assert (root["service"], root["name"], root["kind"], root["duration_ns"]) == ("shop", "POST /pay", 2, 2_000_000)
    assert (root["span"], root["parent_span"], root["start_ns"]) == (f"{1:016x}", "", START_NS - HOUR_NS - MINUTE_NS)
    assert (child["service"], child["kind"], child["parent_span"]) == ("till", 3, root["span"])


def test_an_answer_that_is_full_is_asked_for_in_halves(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    traces.spans = pairs(80, step_ns=7 * NS_PER_S)

    found = spans(pull(make_source(traces, clock, api, traces_per_answer=10)))

    assert found.n_unique("trace") == 80
    assert found.height == 160


def test_more_at_one_instant_than_an_answer_holds_are_asked_for_at_once(
    traces: TraceHttp, clock: SteppedClock, api: str
) -> None:
    traces.spans = [MadeSpan(at, at, START_NS - HOUR_NS) for at in range(1, 41)]

    batches = pull(make_source(traces, clock, api, traces_per_answer=10))

    assert spans(batches).n_unique("trace") == 40
    assert reasons(batches) == []


def test_what_one_instant_holds_beyond_all_limits_is_told(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    traces.spans = [MadeSpan(at, at, START_NS - HOUR_NS) for at in range(1, 203)]
    source = make_source(traces, clock, api, traces_per_answer=10)

    batches = pull(source, since_ns=START_NS - HOUR_NS - 5, until_ns=START_NS - HOUR_NS + 5)

    assert spans(batches).n_unique("trace") == 200
    assert any("gave no more than 200 traces" in reason for reason in reasons(batches))


def test_nothing_is_lost_at_the_edges_of_slices(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    edges = [START_NS - HOUR_NS + at * 900 * NS_PER_S for at in range(4)]
    starts = [edge + nudge for edge in edges for nudge in (-1000, 0, 1000)]
    traces.spans = [MadeSpan(at, at, start_ns) for at, start_ns in enumerate(starts, start=1)]

    found = spans(pull(make_source(traces, clock, api), since_ns=START_NS - 2 * HOUR_NS))

    assert found.n_unique("trace") == len(starts)


def test_a_trace_that_grows_and_one_that_comes_late_are_read_by_the_next_pull(
    traces: TraceHttp, clock: SteppedClock, api: str
) -> None:
    at_ns = START_NS - 600 * NS_PER_S
    traces.spans = [MadeSpan(1, 1, at_ns)]
    source = make_source(traces, clock, api)
    first = pull(source)
    clock.sleep(3600)
    traces.spans += [MadeSpan(1, 2, at_ns + 9000, parent=1), MadeSpan(2, 3, at_ns - 9000)]

    second = pull(source, until_ns=clock.ns, cursor=last_cursor(first))

    assert spans(first).height == 1
    assert spans(second).select("trace", "span").unique().height == 3


def test_what_is_settled_is_not_asked_for_again(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    traces.spans = pairs(5)
    source = make_source(traces, clock, api)
    cursor = last_cursor(pull(source))

    assert pull(source, cursor=cursor)[-1].records.is_empty()
    assert spans(pull(source, cursor=None)).n_unique("trace") == 5


def test_empty_servers_and_times_move_the_cursor(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    batches = pull(make_source(traces, clock, api))

    assert last_cursor(batches)["resources"][traces.url]["settled_ns"] == START_NS - 900 * NS_PER_S
    assert batches[-1].progress == 1.0


def test_passing_failures_are_tried_again(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    traces.spans = pairs(4)
    traces.faults = [
        HttpFault(429, "slow down"),
        HttpFault(500, "inner"),
        None,
        HttpFault(503, "away"),
        HttpFault(200, "<html>please wait</html>"),
        None,
        HttpFault(200, '{"data": [1, 2'),
        HttpFault(cut_after=7),
        HttpFault(hang_s=0.3),
    ]

    found = spans(pull(make_source(traces, clock, api, deadline_s=0.2)))

    assert found.select("trace", "span").unique().height == 8
    assert traces.faults == []


@pytest.mark.parametrize("wait", ["17", "Mon, 01 Jan 2125 00:00:00 GMT"])
def test_the_wait_that_the_server_asks_for_is_kept(traces: TraceHttp, clock: SteppedClock, api: str, wait: str) -> None:
    traces.faults = [HttpFault(429, "later", {"Retry-After": wait})]
    source = make_source(traces, clock, api)

    if wait == "17":
        pull(source)
        assert 17 <= clock.slept[0] <= 17 * 1.1
    else:
        with pytest.raises(SourceUnavailable, match="asked to wait"):
            pull(source)


def test_patience_ends_with_what_was_said_and_what_is_kept(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    traces.always = HttpFault(503, "no room")

    with pytest.raises(SourceUnavailable, match=r"no room.*next cycle goes on"):
        pull(make_source(traces, clock, api))
    assert sum(clock.slept) <= 30


def test_a_pull_that_is_cut_off_loses_nothing(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    traces.spans = pairs(60, end_ns=START_NS, step_ns=5 * MINUTE_NS)
    source = make_source(traces, clock, api, overlap_s=60)
    kept: list[RawBatch] = []
    traces.faults = [None] * 20
    traces.always = HttpFault(503, "gone")
    with pytest.raises(SourceUnavailable):
        kept.extend(source.pull(since_ns=START_NS - 6 * HOUR_NS, until_ns=START_NS, cursor=None))
    traces.always = None

    kept += pull(
        source,
        cursor=next((batch.cursor for batch in reversed(kept) if batch.cursor), None),
        since_ns=START_NS - 6 * HOUR_NS,
    )

    assert spans(kept).n_unique("trace") == 60


def test_an_answer_too_large_for_the_server_is_asked_for_in_halves(
    traces: TraceHttp, clock: SteppedClock, api: str
) -> None:
    traces.spans = pairs(6)
    first = 1 if api == "jaeger v3" else 2 if api.startswith("jaeger") else 0
    traces.faults = [*[None] * first, HttpFault(500, TOO_LARGE)]

    assert spans(pull(make_source(traces, clock, api, slice_s=86_400))).n_unique("trace") == 6
    assert clock.slept == []


def test_a_refusal_says_what_to_do(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    said = {401: "token_env", 403: "token_env", 302: "elsewhere", 400: "settings in config.yaml", 404: "does not know"}
    for status, words in said.items():
        traces.always = HttpFault(status, "no", {"Location": "/login"})
        traces.calls.clear()

        with pytest.raises(SourceError, match=words) as caught:
            pull(make_source(traces, clock, api))
        assert not caught.value.is_retryable
        assert len(traces.calls) <= 2
        assert "\n" not in str(caught.value)


def test_json_of_another_kind_is_told(traces: TraceHttp, clock: SteppedClock, api: str) -> None:
    traces.always = HttpFault(200, '["pong"]')

    with pytest.raises(SourceError, match="Correct url"):
        pull(make_source(traces, clock, api))


def test_token_and_tenant_come_from_the_environment(
    traces: TraceHttp, clock: SteppedClock, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACES_TOKEN", "planted-token")
    monkeypatch.setenv("TRACES_TENANT", "staging")
    source = make_source(traces, clock, api, token_env="TRACES_TOKEN", tenant_env="TRACES_TENANT")

    pull(source)

    assert {headers["Authorization"] for headers in traces.headers} == {"Bearer planted-token"}
    assert {headers["X-Scope-OrgID"] for headers in traces.headers} == {"staging"}
    assert "planted" not in repr(source)


def test_a_login_is_sent_as_basic_auth(
    traces: TraceHttp, clock: SteppedClock, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACES_USER", "reader")
    monkeypatch.setenv("TRACES_PASSWORD", "planted")

    pull(make_source(traces, clock, api, user_env="TRACES_USER", password_env="TRACES_PASSWORD"))

    assert {headers["Authorization"] for headers in traces.headers} == {"Basic cmVhZGVyOnBsYW50ZWQ="}


@pytest.mark.parametrize("value", ["", "two\nlines"])
def test_a_variable_that_is_not_set_or_unusable_is_told_without_its_value(
    traces: TraceHttp, clock: SteppedClock, api: str, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("TRACES_TOKEN", value)

    with pytest.raises(SourceError, match="`TRACES_TOKEN`") as caught:
        pull(make_source(traces, clock, api, token_env="TRACES_TOKEN"))
    assert "lines" not in str(caught.value)
    assert traces.calls == []


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "url is missing"),
        ({"url": "traces.test"}, "no URL"),
        ({"url": "http://me:secret@127.0.0.1"}, "no login"),
        ({"url": "http://traces.test", "token_env": "A"}, "use https"),
        ({"url": "https://traces.test", "user_env": "A"}, "user_env and password_env together"),
        ({"url": "https://traces.test", "token_env": "no name"}, "token_env"),
        ({"url": "https://traces.test", "tokens": "A"}, "known keys: .*token_env"),
    ],
)
@pytest.mark.parametrize("kind", ["jaeger", "tempo"])
def test_a_mistake_in_the_configuration_is_one_line(kind: str, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        parse_source_config({"kind": kind, "name": "x", **keys}, where="sources[0]")
    assert "\n" not in str(caught.value)


def test_a_failed_span_of_jaeger_keeps_its_words_and_its_link(clock: SteppedClock) -> None:
    with serve_traces([MadeSpan(1, 1, START_NS - HOUR_NS, is_bad=True)]) as server:
        row = spans(pull(make_source(server, clock, "jaeger v1"))).row(0, named=True)

    assert (row["status"], row["status_message"], row["http_status"], row["revision"]) == (2, "no funds", 500, "7")
    assert row["exception"] == "CardRefused: no funds"
    assert row["links"] == f"{0xABC:032x}:{0xD:016x}"


def test_a_trace_through_two_services_of_jaeger_is_handed_over_once(clock: SteppedClock) -> None:
    with serve_traces(pairs(5)) as server:
        found = spans(pull(make_source(server, clock, "jaeger v1")))
        only = spans(pull(make_source(server, clock, "jaeger v1", services=("ti*",))))
        asked = {params["service"] for params in server.asked("/api/traces")}

    assert found.height == found.n_unique(["trace", "span"]) == 10
    assert only.height == 10
    assert asked == {"shop", "till"}


def test_a_trace_that_tempo_finds_and_does_not_have_costs_only_itself(clock: SteppedClock) -> None:
    with serve_traces(pairs(4), lost=frozenset({2}), is_partial=True) as server:
        batches = pull(make_source(server, clock, "tempo v2"))

    told = reasons(batches)
    assert spans(batches).n_unique("trace") == 3
    assert any(f"{2:032x} and then did not have it" in reason for reason in told)
    assert sum("only a part" in reason for reason in told) == 3


def test_an_answer_above_the_own_limit_is_told_at_last(clock: SteppedClock) -> None:
    huge = '{"data": "' + "x" * (2 * 2**20) + '"}'
    with serve_traces(pairs(1)) as server:
        server.faults = [None, None]
        server.always = HttpFault(200, huge)
        source = make_source(server, clock, "jaeger v1", answer_mib=1, services=("shop",))
        until_ns = START_NS - HOUR_NS
        batches = pull(source, since_ns=until_ns - 2_000_000, until_ns=until_ns)

    assert all("answer_mib = 1" in reason for reason in reasons(batches))
    assert len(reasons(batches)) == 2


@pytest.mark.parametrize("api", ["jaeger v1", "tempo v2"])
def test_collect_stores_each_span_once_through_faults_and_growth(tmp_path: Path, api: str) -> None:
    now_ns = time.time_ns()
    made = pairs(30, end_ns=now_ns - HOUR_NS)
    faults = [HttpFault(429, "x", {"Retry-After": "0"}), None, None, HttpFault(cut_after=9), None, HttpFault(500, "y")]
    with serve_traces(made, has_jaeger_v3=api == "jaeger v3", has_tempo_v2=api == "tempo v2") as server:
        server.faults = list(faults)
        text = f"sources: [{{kind: {api.split(maxsplit=1)[0]}, url: '{server.url}', slice_s: 7200}}]\n"
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
        server.spans.append(MadeSpan(99, 1, now_ns - 300 * NS_PER_S))
        told = [_collect(tmp_path)]
        server.spans.append(MadeSpan(99, 2, now_ns - 299 * NS_PER_S, parent=1))
        told.append(_collect(tmp_path))

    assert [done.returncode for done in told] == [0, 0], [done.stderr for done in told]
    with duckdb.connect(str(tmp_path / "logtriage.duckdb"), read_only=True) as store:
        count = store.execute("select count(*), count(distinct trace || span) from spans").fetchone()
    assert count == (62, 62)


def _collect(folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        [*MAIN, "collect"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
