"""Latency: operations that became slower are found, blamed and told once, by requests or spans; nothing else is."""

import random
from pathlib import Path

import pytest

from classifiers.findings import Findings, Latency
from tests.support.system import BROWSER, HOUR, MINUTE, NS_PER_S, START_NS, System

_DEPLOY = 3 * HOUR
_END = 6 * HOUR
_SLOW = "SELECT orders"


def _system(seed: int = 1) -> tuple[System, random.Random]:
    system = System()
    system.deploy(-60, "shop", "shop-00001-aaa", image="a")
    system.deploy(_DEPLOY - 30, "shop", "shop-00002-bbb", image="b")
    return system, random.Random(seed)


def _revision(at_s: float) -> str:
    return "shop-00001-aaa" if at_s < _DEPLOY else "shop-00002-bbb"


def _times(every_s: float = 60.0) -> list[float]:
    return [step * every_s for step in range(int(_END / every_s))]


def _found(system: System, folder: Path) -> Findings:
    return system.findings(folder, _END)


def _only(findings: Findings) -> Latency:
    (one,) = findings.latency
    return one


def test_route_that_became_slower_since_a_deploy_blames_it_by_requests_alone(tmp_path: Path) -> None:
    system, rng = _system()
    for at in _times():
        base = rng.lognormvariate(0, 0.3) * 0.08
        system.request(at, "shop", _revision(at), path="/orders", latency_s=base * (5 if at >= _DEPLOY else 1))
        system.request(at + 7, "shop", _revision(at), path="/cart", latency_s=rng.lognormvariate(0, 0.3) * 0.05)

    one = _only(_found(system, tmp_path))

    assert (one.service, one.operation, one.known_by) == ("shop", "GET /orders", "requests")
    assert one.attribution is not None
    assert (one.attribution.revision, one.cause) == ("shop-00002-bbb", "revision")
    assert one.attribution.confidence > 0.9
    assert one.attribution.change is not None
    assert one.attribution.change.type == "image"
    assert 4 < one.times_median[0] < 6
    assert one.slower > 0.95
    assert one.is_ongoing
    assert [pace.revision for pace in one.per_revision] == ["shop-00001-aaa", "shop-00002-bbb"]
    assert one.onset is not None
    assert one.origin == "users"
    assert one.origin_counts == (("users", one.slow),)  # since the onset: never more than were asked since
    assert one.slow <= one.since


def test_evidence_speaks_of_slow_requests_not_of_failures(tmp_path: Path) -> None:
    system, rng = _system()
    for at in _times():
        base = rng.lognormvariate(0, 0.3) * 0.08
        system.request(at, "shop", _revision(at), path="/orders", latency_s=base * (5 if at >= _DEPLOY else 1))

    one = _only(_found(system, tmp_path))

    assert one.attribution is not None
    told = " ".join(fact.statement for fact in one.attribution.evidence) + " ".join(one.attribution.refuted_by)
    assert "requests were slow on shop-00002-bbb" in told
    assert "fail" not in told


def test_same_requests_at_the_same_pace_are_no_finding(tmp_path: Path) -> None:
    system, rng = _system()
    for at in _times():
        system.request(at, "shop", _revision(at), path="/orders", latency_s=rng.lognormvariate(0, 0.4) * 0.08)

    assert _found(system, tmp_path).latency == ()


def test_first_requests_of_instances_are_left_out(tmp_path: Path) -> None:
    system, rng = _system()
    for at in _times():
        cold = at >= _DEPLOY and at % 240 < 60
        name = f"one-{at}" if cold else f"{_revision(at)}-one"
        took = 4.0 if cold else rng.lognormvariate(0, 0.3) * 0.08
        system.request(at, "shop", _revision(at), path="/orders", latency_s=took, instance=name)

    assert _found(system, tmp_path).latency == ()


def test_failed_requests_and_health_checks_are_left_out(tmp_path: Path) -> None:
    system, rng = _system()
    for at in _times():
        system.request(at, "shop", _revision(at), path="/orders", latency_s=rng.lognormvariate(0, 0.3) * 0.08)
        slow = 9.0 if at >= _DEPLOY else 0.01
        system.request(at + 3, "shop", _revision(at), path="/healthz", latency_s=slow, agent="GoogleHC/1.0")
        if at >= _DEPLOY:
            system.request(at + 5, "shop", _revision(at), path="/orders", latency_s=30.0, status=504)

    assert _found(system, tmp_path).latency == ()


def test_slow_called_service_is_the_root_and_its_caller_waits_for_it(tmp_path: Path) -> None:
    system, rng = _system()
    for at in _times():
        trace = system.request(
            at + 0.002,
            "shop",
            _revision(at),
            path="/orders",
            agent="python-httpx/0.27",
            latency_s=(base := rng.lognormvariate(0, 0.2) * 0.1 * (4 if at >= _DEPLOY else 1)),
        )
        system.request(at, "web", "web-00007-ccc", path="/", trace=trace, latency_s=base + 0.05, agent=BROWSER)

    one = _only(_found(system, tmp_path))

    assert (one.service, one.operation) == ("shop", "GET /orders")
    assert [(caller.service, caller.operation) for caller in one.callers] == [("web", "GET /")]
    assert one.attribution is not None
    assert one.attribution.revision == "shop-00002-bbb"


def test_nobody_is_blamed_for_a_time_at_which_no_revision_came(tmp_path: Path) -> None:
    system, rng = _system()
    since = _DEPLOY + 80 * MINUTE
    for at in _times():
        base = rng.lognormvariate(0, 0.3) * 0.08
        system.request(at, "shop", _revision(at), path="/orders", latency_s=base * (5 if at >= since else 1))

    one = _only(_found(system, tmp_path))

    assert one.attribution is None or one.attribution.confidence < 0.5
    assert one.cause != "revision"


@pytest.mark.parametrize("kind", [2, 5])
def test_spans_alone_tell_the_operation_and_what_in_it_is_slow(tmp_path: Path, kind: int) -> None:
    system, rng = _system()
    for number, at in enumerate(_times()):
        trace, slow = f"{number:032x}", at >= _DEPLOY
        inner = rng.lognormvariate(0, 0.3) * (0.3 if slow else 0.02)
        version, instance = _revision(at), f"{_revision(at)}-one"
        system.span(
            at,
            "shop",
            trace,
            f"{2 * number + 1:016x}",
            name="handle order",
            took_s=inner + 0.03,
            kind=kind,
            faas_version=version,
            faas_instance=instance,
        )
        system.span(
            at + 0.01, "shop", trace, f"{2 * number + 2:016x}", f"{2 * number + 1:016x}", name=_SLOW, took_s=inner,
            kind=3, faas_version=version, faas_instance=instance,
        )  # fmt: skip
        system.line(at + 1, "shop", _revision(at), "order handled", severity="INFO")

    one = _only(_found(system, tmp_path))

    assert (one.operation, one.known_by) == ("handle order", "spans")
    assert one.part is not None
    assert (one.part.operation, one.part.is_call) == (_SLOW, True)
    assert one.part.share > 0.9
    assert one.attribution is not None
    assert one.attribution.revision == "shop-00002-bbb"


def test_what_is_slow_while_it_fails_is_told_with_the_failure(tmp_path: Path) -> None:
    system, rng = _system()
    for at in _times():
        is_bad = at >= _DEPLOY
        base = rng.lognormvariate(0, 0.3) * 0.08
        system.request(at, "shop", _revision(at), path="/orders", latency_s=base * (5 if is_bad else 1))
        if is_bad and at % 180 == 0:
            system.failure(at + 3, "shop", _revision(at), "RuntimeError: pool exhausted", path="/orders", latency_s=9.0)

    findings = _found(system, tmp_path)

    told = [fact.statement for one in findings.clusters for fact in one.evidence]
    assert any("GET /orders of shop was slower meanwhile: p50" in one for one in told)
    (slow,), (failure,), (incident,) = findings.latency, findings.clusters, findings.incidents
    assert (slow.role, slow.caused_by, slow.cause) == ("symptom", failure.id, failure.cause)
    assert (incident.root, incident.symptoms) == (failure.id, (slow.id,))
    assert [(edge.cause, edge.symptom) for edge in incident.edges] == [(failure.id, slow.id)]


def test_slow_tail_since_a_deploy_is_seen_and_blames_it(tmp_path: Path) -> None:
    system, rng = _system()
    for at in _times(30.0):
        tail = 2.0 + rng.random() if at >= _DEPLOY and rng.random() < 0.1 else 0.0
        took = rng.lognormvariate(0, 0.3) * 0.08 + tail
        system.request(at, "shop", _revision(at), path="/orders", latency_s=took)

    one = _only(_found(system, tmp_path))

    assert one.attribution is not None
    assert one.attribution.revision == "shop-00002-bbb"
    assert one.times_median[0] < 1.2
    assert one.times_tail[0] > 5


def test_slow_lies_between_the_two_times_though_some_requests_always_took_longer(tmp_path: Path) -> None:
    system, rng = _system()
    for at in _times():
        slow = 4.0 if rng.random() < 0.05 else rng.lognormvariate(0, 0.3) * (0.75 if at >= _DEPLOY else 0.3)
        system.request(at, "shop", _revision(at), path="/orders", latency_s=slow)

    one = _only(_found(system, tmp_path))

    assert 300 < one.slow_ns / 1e6 < 900
    assert one.slow > 0.6 * one.since
    assert one.onset is not None
    assert abs((one.onset.at_ns - START_NS) / NS_PER_S - _DEPLOY) < 15 * MINUTE
    assert one.attribution is not None
    assert one.attribution.revision == "shop-00002-bbb"


def test_few_requests_of_before_are_enough_where_all_since_are_slow(tmp_path: Path) -> None:
    system, rng = _system()
    for at in [*_times(780.0)[:14], *(one for one in _times(200.0) if one >= _DEPLOY)]:
        took = rng.lognormvariate(0, 0.3) * (3.0 if at >= _DEPLOY else 0.6)
        system.request(at, "shop", _revision(at), path="/jobs", latency_s=took)

    assert _only(_found(system, tmp_path)).operation == "GET /jobs"


def test_consumer_known_by_its_spans_and_by_its_push_route_is_told_once(tmp_path: Path) -> None:
    system, rng = _system()
    for number, at in enumerate(_times()):
        trace, took = f"{number:032x}", rng.lognormvariate(0, 0.3) * (1.5 if at >= _DEPLOY else 0.3)
        version, instance = _revision(at), f"{_revision(at)}-one"
        system.span(at, "shop", trace, f"{number + 1:016x}", name="process parcels", took_s=took, kind=5,
                    faas_version=version, faas_instance=instance)  # fmt: skip
        system.request(at, "shop", _revision(at), path="/push/parcels", trace=trace, latency_s=took + 0.01)

    one = _only(_found(system, tmp_path))

    assert len({one.operation, *one.also}) == 2


def test_slower_in_a_surge_of_all_services_is_told_as_traffic(tmp_path: Path) -> None:
    system, rng = _system()
    for service in ("cart", "mail"):
        system.deploy(-60, service, f"{service}-00001-aaa", image="c")
    surge = range(3 * HOUR + 40 * MINUTE, 5 * HOUR)
    for service in ("shop", "cart", "mail"):
        name = "shop-00002-bbb" if service == "shop" else f"{service}-00001-aaa"
        for at in _times(20.0):
            many = int(at) in surge
            if not many and at % 120:
                continue
            revision = _revision(at) if service == "shop" else name
            took = rng.lognormvariate(0, 0.3) * (0.25 if many else 0.08)
            system.request(at + rng.random(), service, revision, path=f"/{service}", latency_s=took)

    told = _found(system, tmp_path).latency

    assert told
    assert {one.cause for one in told} == {"traffic"}


def test_canary_taken_back_is_blamed_though_chance_slow_requests_follow(tmp_path: Path) -> None:
    system, rng = _system()
    back = _DEPLOY + 90 * MINUTE
    for at in _times():
        is_new = _DEPLOY <= at < back
        slow = 4 if is_new else 3 if rng.random() < 0.05 else 1
        name = "shop-00002-bbb" if is_new else "shop-00001-aaa"
        system.request(at, "shop", name, path="/orders", latency_s=rng.lognormvariate(0, 0.3) * 0.08 * slow)

    one = _only(_found(system, tmp_path))

    assert one.attribution is not None
    assert (one.attribution.revision, one.cause) == ("shop-00002-bbb", "revision")
    assert not one.is_ongoing
