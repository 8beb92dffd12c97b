from pathlib import Path

from classifiers.findings import Cluster, Findings
from tests.support.system import HOUR, MINUTE, System

OLD, NEW = "orders-00001-aaa", "orders-00002-bbb"


def root(findings: Findings) -> Cluster:
    (incident,) = findings.incidents
    return next(one for one in findings.clusters if one.id == incident.root)


def served(*, is_traced: bool) -> System:
    """Four hours of orders; three in a minute, the second half on a new revision."""
    system = System()
    system.traffic("orders", OLD, 0, 2 * HOUR, is_traced=is_traced)
    system.traffic("orders", NEW, 2 * HOUR, 4 * HOUR, is_traced=is_traced)
    return system


def test_requests_that_carry_no_trace_are_counted_each_and_not_by_the_minute(tmp_path: Path) -> None:
    system = served(is_traced=False)
    for number in range(350):
        system.request(2 * HOUR + MINUTE + number * 20, "orders", NEW, status=500, is_traced=False)

    found = root(system.findings(tmp_path, 4 * HOUR))

    assert (found.units, found.onset.unit, found.trace_ids) == (350, "requests", ())
    assert found.attribution is not None
    assert (found.attribution.revision, found.attribution.confidence > 0.9) == (NEW, True)


def test_lines_are_counted_by_the_request_under_way_though_neither_has_a_trace(tmp_path: Path) -> None:
    system = served(is_traced=False)
    for number in range(120):
        at_s = 2 * HOUR + 10 * MINUTE + number * 10 + 3
        system.request(at_s, "orders", NEW, status=500, is_traced=False)
        for retry in range(3):
            system.line(at_s + 0.01 * (retry + 1), "orders", NEW, "KeyError: PRICE_TABLE is not set")

    found = root(system.findings(tmp_path, 4 * HOUR))

    assert (found.units, found.onset.unit) == (120, "requests")
    assert len(found.insert_ids) == 4 * 120


def test_without_a_request_log_failures_and_exposure_are_both_instance_minutes(tmp_path: Path) -> None:
    system = System()
    for minute in range(240):
        system.line(minute * MINUTE, "orders", OLD if minute < 120 else NEW, "ready", severity="INFO")
    for number in range(120):
        trace = f"{number + 1:032x}"
        system.line(2 * HOUR + 10 * MINUTE + number * 10, "orders", NEW, "Error: lost", trace=trace)

    found = root(system.findings(tmp_path, 4 * HOUR))

    assert (found.units, found.onset.unit) == (20, "minutes")
    assert len(found.trace_ids) == 20
    assert [(row.failures, row.exposed) for row in found.per_revision] == [(20, 120), (0, 120)]


def test_lines_whose_request_is_not_known_are_told_in_minutes_though_requests_are(tmp_path: Path) -> None:
    system = served(is_traced=True)
    for number in range(120):
        system.line(2 * HOUR + 10 * MINUTE + number * 20 + 5, "orders", NEW, "Error: lost", instance="")

    found = root(system.findings(tmp_path, 4 * HOUR))

    assert (found.units, found.onset.unit) == (40, "minutes")
    assert found.attribution is None or found.attribution.confidence <= 0.85


def test_a_request_without_a_trace_is_no_trace_to_show(tmp_path: Path) -> None:
    system = served(is_traced=False)
    for number in range(60):
        system.failure(3 * HOUR + number * 20, "orders", NEW, "Error: lost", is_traced=number % 2 == 0)

    found = root(system.findings(tmp_path, 4 * HOUR))

    assert found.units == 60
    assert all(len(trace) == 32 for trace in found.trace_ids)
    assert all(len(trace) == 32 for one in found.evidence for trace in one.trace_ids)


def test_lines_that_come_by_a_clock_of_their_own_do_not_begin_when_requests_grow_rare(tmp_path: Path) -> None:
    system = System()
    for minute in range(480):
        if minute < 240 or minute % 6 == 0:
            revision = OLD if minute < 240 else NEW
            system.request(minute * MINUTE, "orders", revision, is_traced=False)
    for number in range(48):
        system.line(number * 10 * MINUTE, "orders", OLD if number < 24 else NEW, "cache sink is gone", instance="")

    findings = system.findings(tmp_path, 8 * HOUR)

    assert findings.clusters == ()
    assert [one.title for one in findings.standing] == ["cache sink is gone"]


def test_a_failure_counts_for_the_route_under_way_where_its_trace_came_in_on_several(tmp_path: Path) -> None:
    system = served(is_traced=True)
    for number in range(60):
        at_s = 2 * HOUR + 10 * MINUTE + number * 100
        trace = f"{number + 1:031x}f"
        system.request(at_s, "orders", NEW, trace=trace, path="/profile", latency_s=1)
        system.request(at_s + 2, "orders", NEW, trace=trace, path="/pay", latency_s=1)
        system.line(at_s + 2.5, "orders", NEW, "KeyError: PRICE_TABLE is not set", trace=trace)

    blast = root(system.findings(tmp_path, 4 * HOUR)).blast

    assert blast is not None
    assert (blast.routes, blast.routes_share) == (("GET /pay",), 1.0)
