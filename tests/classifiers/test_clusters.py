"""Renderings of one failure are one cluster; failures that only look alike, or come together, are not."""

import json
import random
from typing import Any

import polars as pl

from classifiers.clusters import CLUSTER_SCHEMA, cluster
from classifiers.signatures import sign
from tests.support.signing import line, lines

TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/app/shop/{module}.py", line 3, in go\n'
    "    charge()\n"
    "ValueError: no bank for this order"
)


def clustered(*rows: dict[str, Any]) -> dict[str, str]:
    """Cluster of each signature's title, of the service that comes first."""
    signed = sign(lines(*rows))
    found = cluster(signed.occurrences, signed.signatures).join(signed.signatures, on="signature_id")
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


def test_another_failed_operation_stays_apart_even_in_the_same_trace_and_millisecond() -> None:
    rows = repeated(line("caller refused: 403", trace="a"), line("session failed: caller refused", 0.1, trace="a"))

    assert len(set(clustered(*rows).values())) == 2


def test_the_same_exception_from_two_places_that_never_meet_is_two_failures() -> None:
    rows = [
        *repeated(line(TRACE.format(module="pay"))),
        *repeated(line(TRACE.format(module="sell"), 20_000, instance="two")),
    ]

    signed = sign(lines(*rows))

    assert cluster(signed.occurrences, signed.signatures)["cluster_id"].n_unique() == 2


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

    found = cluster(signed.occurrences, signed.signatures)

    assert signed.signatures.height == 1
    assert found["cluster_id"].n_unique() == 2
    assert found["service"].to_list() == ["cart", "orders"]


def test_the_lead_is_the_signature_that_tells_most_and_names_the_cluster() -> None:
    with_line = repeated(line("cannot pay: no bank for this order", log="stdout"), line(TRACE.format(module="pay"), 3))
    without = repeated(line(TRACE.format(module="pay"), 3))

    both = [sign(lines(*rows)) for rows in (with_line, without)]
    found = [cluster(signed.occurrences, signed.signatures) for signed in both]

    leads = [one.filter("is_lead").select("cluster_id", "signature_id").rows() for one in found]
    assert leads[0] == leads[1]


def test_every_signature_is_in_one_cluster_whatever_the_order() -> None:
    rows = [
        *repeated(line("cannot pay: no bank for this order", log="stdout"), line(TRACE.format(module="pay"), 3)),
        *repeated(line("cannot sell 7", 9000), line('"GET /a HTTP/1.1" 500', 9001, severity=9)),
    ]
    signed = sign(lines(*rows))
    whole = cluster(signed.occurrences, signed.signatures)
    order = list(range(signed.occurrences.height))
    random.Random(3).shuffle(order)

    again = cluster(signed.occurrences[order], signed.signatures.reverse())

    assert again.equals(whole)
    assert dict(whole.schema) == CLUSTER_SCHEMA
    assert sorted(whole["signature_id"].to_list()) == signed.signatures["signature_id"].to_list()
    assert (whole.group_by("cluster_id").agg(pl.col("is_lead").sum())["is_lead"] == 1).all()


def test_nothing_gives_a_frame_without_rows() -> None:
    signed = sign(lines())

    assert cluster(signed.occurrences, signed.signatures).is_empty()
