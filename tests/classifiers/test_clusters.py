"""Renderings of one failure are one cluster; failures that only look alike, or come together, are not."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.clusters import CLUSTER_SCHEMA
from classifiers.gathering import gather
from classifiers.signatures import RULES, Signed, sign
from collector.sql import load_query, schema_names
from collector.store import Reader, Writer
from tests.support.signing import START_NS, line, lines

FAR_NS = 2**62
MINUTE_NS = 60_000_000_000

TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/app/shop/{module}.py", line 3, in go\n'
    "    charge()\n"
    "ValueError: no bank for this order"
)


@cache
def database() -> duckdb.DuckDBPyConnection:
    """One database in memory for all tests: a file for each would cost more than what they ask of it."""
    connection = duckdb.connect()
    for name in schema_names():
        connection.execute(load_query(name).sql).fetchall()
    return connection


@contextmanager
def stored(*parts: Signed) -> Iterator[Writer]:
    """The database with these signed parts, stored one after the other; nothing of them stays."""
    database().begin()
    try:
        writer = Writer(database())
        for signed in parts:
            if signed.signatures.height:
                first = signed.occurrences.unique("signature_id", keep="first", maintain_order=True)
                told = first.select(
                    "signature_id",
                    told_at_ns="at_ns",
                    told_project="project",
                    told_insert_id=pl.col("insert_ids").list.first(),
                )
                words = signed.signatures.join(told, on="signature_id")
                writer.execute("update_signatures", relation=words)
                writer.execute("insert_signatures", relation=words)
                writer.execute("insert_occurrences", relation=signed.occurrences)
        yield writer
    finally:
        database().rollback()


def gathered(reader: Reader, *, start_ns: int = 0, end_ns: int = FAR_NS) -> pl.DataFrame:
    """The clusters of what failed in a window, of those signatures alone that did."""
    failures = reader.frame("find_failures", start_ns=start_ns, end_ns=end_ns, rules=RULES)
    members, _ = gather(reader, failures, end_ns=end_ns)
    return members.join(failures, on=["project", "service", "signature_id"], how="semi", maintain_order="left")


def found_of(*parts: Signed) -> pl.DataFrame:
    """The clusters of everything signed."""
    with stored(*parts) as reader:
        return gathered(reader)


def clustered(*rows: dict[str, Any]) -> dict[str, str]:
    """Cluster of each signature's title, of the service that comes first."""
    signed = sign(lines(*rows))
    found = found_of(signed).join(signed.signatures, on="signature_id")
    return dict(found.select("title", "cluster_id").iter_rows())


def repeated(*rows: dict[str, Any], times: int = 4) -> list[dict[str, Any]]:
    """The rows again and again, a minute apart."""
    again = []
    for turn in range(times):
        for place, row in enumerate(rows):
            moved = {**row, "at_ns": row["at_ns"] + turn * 60_000_000_000, "insert_id": f"{turn}/{place}"}
            again.append(moved if not row["trace"] else {**moved, "trace": f"{turn:032x}"})
    return again


def test_a_structured_line_and_the_trace_of_its_exception_are_one_cluster() -> None:
    payload = json.dumps({"error": {"type": "ValueError", "value": "no bank for this order"}})
    rows = repeated(line("pay failed", payload=payload, log="stdout"), line(TRACE.format(module="pay"), 3))

    assert len(set(clustered(*rows).values())) == 1


def test_a_line_that_names_the_exception_goes_with_its_trace() -> None:
    named = line("cannot pay: ValueError: no bank for this order", log="stdout")
    rows = repeated(named, line(TRACE.format(module="pay"), 3))

    assert len(set(clustered(*rows).values())) == 1


def test_one_line_that_holds_the_text_of_an_exception_is_its_rendering_and_a_second_is_not() -> None:
    first = line("cannot pay: no bank for this order", log="stdout")
    second = line("cannot close the whole day at all: no bank for this order", 2, log="stdout")
    rows = repeated(first, second, line(TRACE.format(module="pay"), 3))

    found = clustered(*rows)

    assert found["cannot pay: no bank for this order"] == found["ValueError: no bank for this order"]
    assert found[second["message"]] != found[first["message"]]


def test_a_line_that_holds_the_text_of_an_error_without_a_type_goes_with_its_dump() -> None:
    rows = repeated(line(f"pay failed: {GO.splitlines()[0]}", log="stdout"), line(GO, 0.02))

    assert len(set(clustered(*rows).values())) == 1


def headed(wait_ms: float = 0.02, *, is_before: bool = True, log: str = "stderr", others: int = 0) -> int:
    """How many clusters a line without a reason and the trace make that is written so long after it, or before."""
    said = line("voucher request failed", 0 if is_before else wait_ms, log=log)
    thrown = line(NODE, wait_ms if is_before else 0.0, log="stderr")
    alone = [{**said, "at_ns": said["at_ns"] + (turn + 1) * 10**12} for turn in range(others)]
    return len(set(clustered(*repeated(said, thrown), *alone).values()))


def test_a_line_always_written_straight_before_a_trace_is_its_head() -> None:
    assert headed() == 1


def test_a_line_behind_a_trace_or_of_another_stream_or_later_or_often_alone_is_another_failure() -> None:
    assert headed(is_before=False) == 2
    assert headed(log="stdout") == 2
    assert headed(2.0) == 2
    assert headed(others=40) == 2


def test_another_failed_operation_stays_apart_even_in_the_same_trace_and_millisecond() -> None:
    rows = repeated(line("caller refused: 403", trace="a"), line("session failed: caller refused", 0.1, trace="a"))

    assert len(set(clustered(*rows).values())) == 2


def test_the_same_exception_from_two_places_that_never_meet_is_two_failures() -> None:
    rows = [
        *repeated(line(TRACE.format(module="pay"))),
        *repeated(line(TRACE.format(module="sell"), 20_000, instance="two")),
    ]

    signed = sign(lines(*rows))

    assert found_of(signed)["cluster_id"].n_unique() == 2


def test_a_failing_request_goes_with_the_failure_it_always_comes_with() -> None:
    request = line(None, 40, http_method="POST", http_path="/pay", http_status=500, log="requests", trace="a")
    rows = repeated(line("cannot pay the bank", trace="a"), request)

    found = clustered(*rows)

    assert found["POST /pay answered 500"] == found["cannot pay the bank"]


def test_a_request_that_mostly_fails_without_a_failure_stays_apart() -> None:
    request = line(None, 40, http_method="POST", http_path="/pay", http_status=500, log="requests", trace="a")
    alone = [
        {**row, "at_ns": row["at_ns"] + 10**13, "trace": f"{n + 900:032d}"} for n, row in enumerate(repeated(request))
    ]
    rows = [*repeated(line("cannot pay the bank", trace="a"), request), *alone]

    found = clustered(*rows)

    assert found["POST /pay answered 500"] != found["cannot pay the bank"]


def test_refused_requests_are_clusters_of_their_own() -> None:
    request = line(None, 40, http_method="POST", http_path="/pay", http_status=403, log="requests", trace="a")
    rows = repeated(line("cannot pay the bank", trace="a"), request)

    assert len(set(clustered(*rows).values())) == 2


def test_the_same_failure_of_two_services_is_two_clusters() -> None:
    signed = sign(lines(line("cannot pay the bank"), line("cannot pay the bank", 5, service="cart")))

    found = found_of(signed)

    assert signed.signatures.height == 1
    assert found["cluster_id"].n_unique() == 2
    assert found["service"].to_list() == ["cart", "orders"]


def test_the_lead_is_the_signature_that_tells_most_and_names_the_cluster() -> None:
    with_line = repeated(line("cannot pay: no bank for this order", log="stdout"), line(TRACE.format(module="pay"), 3))
    without = repeated(line(TRACE.format(module="pay"), 3))

    both = [sign(lines(*rows)) for rows in (with_line, without)]
    found = [found_of(signed) for signed in both]

    leads = [one.filter("is_lead").select("cluster_id", "signature_id").rows() for one in found]
    assert leads[0] == leads[1]


def test_every_signature_is_in_one_cluster() -> None:
    rows = [
        *repeated(line("cannot pay: no bank for this order", log="stdout"), line(TRACE.format(module="pay"), 3)),
        *repeated(line("cannot sell 7", 9000), line('"GET /a HTTP/1.1" 500', 9001, severity=9)),
    ]
    signed = sign(lines(*rows))

    whole = found_of(signed)

    assert dict(whole.schema) == CLUSTER_SCHEMA
    assert sorted(whole["signature_id"].to_list()) == signed.signatures["signature_id"].to_list()
    assert (whole.group_by("cluster_id").agg(pl.col("is_lead").sum())["is_lead"] == 1).all()


def test_a_window_without_a_failure_has_no_cluster() -> None:
    with stored(sign(lines(line("cannot pay the bank")))) as reader:
        assert gathered(reader, start_ns=START_NS + MINUTE_NS).is_empty()
        assert dict(gathered(reader, end_ns=START_NS).schema) == CLUSTER_SCHEMA


def test_a_second_operation_that_names_the_same_exception_is_another_failure() -> None:
    rows = repeated(
        line("cannot pay: ValueError: no bank for this order", log="stdout"),
        line("cannot close the whole day: ValueError: no bank for this order", 1, log="stdout"),
        line(TRACE.format(module="pay"), 3),
    )

    found = clustered(*rows)

    assert found[rows[0]["message"]] == found["ValueError: no bank for this order"]
    assert found[rows[1]["message"]] != found[rows[0]["message"]]


def test_two_operations_that_fail_of_one_exception_without_a_trace_are_two_failures() -> None:
    rows = repeated(line("cannot pay: ValueError: no bank here"), line("cannot ship: ValueError: no bank here", 0.1))

    assert len(set(clustered(*rows).values())) == 2


def test_a_line_that_comes_with_two_exceptions_does_not_join_them() -> None:
    one, other = TRACE.format(module="pay"), TRACE.format(module="sell")
    said = line("request failed: ValueError: no bank for this order", log="stdout")
    rows = [
        *repeated(said, line(one, 3)),
        *repeated({**said, "at_ns": said["at_ns"] + 10**13}, line(other, 10**7 + 3)),
    ]

    signed = sign(lines(*rows))
    traces = signed.signatures.filter(pl.col("parts").str.contains("frames"))["signature_id"]
    found = found_of(signed).filter(pl.col("signature_id").is_in(traces.to_list()))

    assert (traces.len(), found["cluster_id"].n_unique()) == (2, 2)


def test_a_window_that_holds_one_rendering_alone_tells_the_same_cluster() -> None:
    together = repeated(line("cannot pay: no bank for this order", log="stdout"), line(TRACE.format(module="pay"), 3))
    alone = [
        line("cannot pay: no bank for this order", 10**8 + 7000.0 * turn, log="stdout", revision="orders-00008-abd")
        for turn in range(50)
    ]
    signed = sign(lines(*together, *alone))
    line_id = signed.signatures.filter(pl.col("kind") == "message")["signature_id"][0]

    with stored(signed) as reader:
        whole = gathered(reader)
        late = gathered(reader, start_ns=START_NS + 10**14)

    assert late["signature_id"].to_list() == [line_id]
    assert whole["cluster_id"].n_unique() == 1
    assert late["cluster_id"].to_list() == whole["cluster_id"].unique().to_list()


PYTHON = (
    "Traceback (most recent call last):\n"
    '  File "/usr/lib/python3.11/site-packages/uvicorn/protocols/http/h11_impl.py", line 404, in run_asgi\n'
    "    result = await app(\n"
    '  File "/app/shop/pay.py", line 3, in go\n'
    "    charge()\n"
    "ValueError: no bank for this order"
)
JAVA = (
    "java.lang.IllegalStateException: no bank for this order\n"
    "\tat com.shop.Pay.go(Pay.java:3)\n"
    "\tat org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:897)"
)
NODE = "Error: no bank for this order\n    at go (/app/pay.js:3:1)"
GO = "no bank for this order\ngoroutine 7 [running]:\nmain.pay(0x1)\n\t/app/pay.go:3 +0x1"


def spoken(message: str, **fields: Any) -> dict[str, Any]:
    """What the application itself logs of a failure, as JSON."""
    return line(message, payload=json.dumps({"message": message, **fields}), log="stdout")


@pytest.mark.parametrize(
    ("own", "server"),
    [
        (
            spoken("request failed", error={"type": "ValueError", "value": "no bank for this order"}),
            f"ERROR:    Exception in ASGI application\n{PYTHON}",
        ),
        (
            spoken("pay failed: no bank for this order"),
            f"[2026-09-14 20:00:00 +0000] [12] [ERROR] Error handling request /pay\n{PYTHON}",
        ),
        (spoken("pay failed", exception=PYTHON), f"Internal Server Error: /pay\n{PYTHON}"),
        (
            spoken("pay failed", stack_trace=JAVA),
            f"Servlet.service() for servlet [web] threw exception [Request failed: {JAVA.splitlines()[0]}]",
        ),
        (spoken("request error", err={"type": "Error", "message": "no bank for this order", "stack": NODE}), NODE),
        (spoken("no bank for this order"), f"http: panic serving 10.0.0.1:3: {GO}"),
    ],
    ids=["uvicorn", "gunicorn", "django", "spring", "express", "go"],
)
def test_the_own_line_of_a_service_and_that_of_its_server_are_one_failure(own: dict[str, Any], server: str) -> None:
    assert len(set(clustered(*repeated(own, line(server, 2))).values())) == 1


RENDERINGS = (
    "cannot pay: no bank for this order",
    "cannot pay: ValueError: no bank for this order",
    "cannot close the day: ValueError: no bank for this order",
    TRACE.format(module="pay"),
    TRACE.format(module="sell"),
    "cannot sell at all",
    "KeyError: 'price'",
    "cannot read a price: KeyError: 'price'",
)


@st.composite
def worlds(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Failures of two revisions: each a few renderings within milliseconds, in a trace or in none."""
    rows = []
    for turn in range(draw(st.integers(1, 14))):
        trace = draw(st.sampled_from([None, f"{turn:032x}"]))
        revision = draw(st.sampled_from(["orders-00007-abc", "orders-00008-abd"]))
        for place, text in enumerate(draw(st.lists(st.sampled_from(RENDERINGS), min_size=1, max_size=4, unique=True))):
            rows.append(
                line(text, turn * 1000.0 + place * 7.0, trace=trace, revision=revision, instance=revision,
                     log=f"log{place}", insert_id=f"{turn}/{place}")
            )  # fmt: skip
    return rows


def told(found: pl.DataFrame) -> dict[str, str]:
    return dict(found.select("signature_id", "cluster_id").iter_rows())


@settings(max_examples=10, deadline=None)
@given(rows=worlds(), seed=st.integers(0, 2**16), cut=st.integers(0, 14), is_late_first=st.booleans())
def test_order_halves_and_windows_change_no_cluster(
    rows: list[dict[str, Any]], seed: int, cut: int, *, is_late_first: bool
) -> None:
    shuffled = random.Random(seed).sample(rows, len(rows))
    at_ns = START_NS + cut * 1_000_000_000
    halves = [sign(lines(*(row for row in rows if (row["at_ns"] < at_ns) == is_early))) for is_early in (True, False)]

    with stored(sign(lines(*rows))) as reader:
        whole = gathered(reader)
        window = gathered(reader, start_ns=at_ns)
    again = found_of(sign(lines(*shuffled)))
    parts = found_of(*(halves[::-1] if is_late_first else halves))

    assert again.equals(whole)
    assert parts.equals(whole)
    assert told(window).items() <= told(whole).items()
    assert (whole.group_by("cluster_id").agg(pl.col("is_lead").sum())["is_lead"] <= 1).all()


@settings(max_examples=10, deadline=None)
@given(rows=worlds(), cut=st.integers(1, 14))
def test_a_cluster_whose_signatures_were_known_before_keeps_its_id(rows: list[dict[str, Any]], cut: int) -> None:
    with stored(sign(lines(*rows))) as reader:
        early = gathered(reader, end_ns=START_NS + cut * 1_000_000_000)
        whole = gathered(reader)

    for _, members in early.group_by("cluster_id"):
        names = members["signature_id"].to_list()
        later = whole.filter(pl.col("signature_id").is_in(names))["cluster_id"].unique().to_list()
        mates = whole.filter(pl.col("cluster_id").is_in(later))["signature_id"].to_list()
        if len(later) == 1 and sorted(mates) == sorted(names):
            assert later == [members["cluster_id"][0]]
