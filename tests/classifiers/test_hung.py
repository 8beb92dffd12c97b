"""Requests that end at a time limit are a failure of their own, or what is known of one; per route and revision."""

from pathlib import Path
from typing import Any

from classifiers.findings import Findings
from tests.support.spans import exported
from tests.support.system import HOUR, System

OLD, NEW = "shop-00041-abc", "shop-00042-def"
BROKEN_S, END_S = 5 * HOUR, 8 * HOUR


def shop(*, hangs_s: float = 30.0, every: int = 2, since_s: float = BROKEN_S, **hung: Any) -> System:
    """A service with two routes; from a moment on every `every`-th request of one of them hangs, and is answered 200.

    The deploy of its new revision is at BROKEN_S in any case.
    """
    system = System()
    system.deploy(-60, "shop", OLD, image="a")
    system.deploy(BROKEN_S - 30, "shop", NEW, image="b")
    for number in range(END_S // 60):
        at_s = number * 60.0
        revision = NEW if at_s >= BROKEN_S else OLD
        system.request(at_s, "shop", revision, path="/orders", latency_s=0.05)
        is_hung = at_s >= since_s and number % every == 0
        changes: dict[str, Any] = {"latency_s": hangs_s + number % 7 * 0.003} | hung if is_hung else {}
        system.request(at_s + 10, "shop", revision, path="/stream", **changes)
    return system


def findings(system: System, folder: Path) -> Findings:
    return system.findings(folder, END_S, 4 * HOUR)


class TestServer:
    def test_requests_that_end_at_a_limit_since_a_revision_are_a_cluster(self, tmp_path: Path) -> None:
        (cluster,) = findings(shop(), tmp_path).clusters

        assert (cluster.kind, cluster.title) == ("hung", "GET /stream hangs until 30 s")
        assert (cluster.units, len(cluster.insert_ids), cluster.entries) == (90, 90, 90)
        assert cluster.attribution is not None
        assert (cluster.attribution.revision, cluster.attribution.confidence > 0.5) == (NEW, True)
        assert "within 1 % of 30 s" in cluster.evidence[0].statement

    def test_sums_of_coverage_hold(self, tmp_path: Path) -> None:
        told = findings(shop(), tmp_path).coverage

        assert told.problem_entries + told.noise_entries + told.quiet_entries == told.entries
        assert told.problem_entries == 90

    def test_they_are_told_once_where_they_are_answered_504(self, tmp_path: Path) -> None:
        said = "The request has been terminated because it has reached the maximum request timeout."
        (cluster,) = findings(shop(hangs_s=300, status=504, said=said), tmp_path).clusters

        assert (cluster.kind, cluster.units) == ("request", 90)
        assert "within 1 % of 300 s" in cluster.evidence[0].statement

    def test_they_are_one_failure_whether_or_not_the_platform_says_why(self, tmp_path: Path) -> None:
        said = "The request has been terminated because it has reached the maximum request timeout."
        system = shop(hangs_s=300, status=504)
        for number in range(40):
            at_s = BROKEN_S + 20 + number * 240.0
            system.request(at_s, "shop", NEW, path="/stream", status=504, said=said, latency_s=300.002)

        (cluster,) = findings(system, tmp_path).clusters

        assert (cluster.units, len(cluster.signature_ids)) == (130, 2)
        assert cluster.attribution is not None
        assert cluster.attribution.revision == NEW

    def test_refusals_in_time_stay_apart_from_them(self, tmp_path: Path) -> None:
        system = shop(hangs_s=300, status=504)
        for number in range(60):
            system.request(BROKEN_S + 20 + number * 120.0, "shop", NEW, path="/stream", status=500, latency_s=0.1)

        assert sorted(one.units for one in findings(system, tmp_path).clusters) == [60, 90]

    def test_they_are_no_latency_too(self, tmp_path: Path) -> None:
        assert not findings(shop(), tmp_path).latency

    def test_a_route_that_always_lasts_until_the_limit_does_not_hang(self, tmp_path: Path) -> None:
        assert not findings(shop(since_s=0), tmp_path).clusters

    def test_a_stream_whose_length_scatters_does_not_hang(self, tmp_path: Path) -> None:
        system = System()
        for number in range(END_S // 60):
            at_s = number * 60.0
            length = 5 + number % 26 if at_s < BROKEN_S else 10 + number % 21
            system.request(at_s, "shop", NEW if at_s >= BROKEN_S else OLD, path="/stream", latency_s=float(length))

        assert not [one for one in findings(system, tmp_path).clusters if one.kind == "hung"]

    def test_what_becomes_slow_without_a_limit_does_not_hang(self, tmp_path: Path) -> None:
        system = System()
        for number in range(END_S // 60):
            at_s = number * 60.0
            slow = 25 + (number * 37 % 100) / 10 if at_s >= BROKEN_S else 0.05
            system.request(at_s, "shop", NEW if at_s >= BROKEN_S else OLD, path="/stream", latency_s=slow)

        assert not [one for one in findings(system, tmp_path).clusters if one.kind == "hung"]

    def test_a_handful_of_accidents_is_no_news(self, tmp_path: Path) -> None:
        system = shop(every=10_000)
        for at_s in (1 * HOUR, 3 * HOUR, 6 * HOUR, 7 * HOUR):
            system.request(at_s + 5, "shop", OLD if at_s < BROKEN_S else NEW, path="/stream", latency_s=30.002)

        assert not findings(system, tmp_path).clusters

    def test_a_service_that_tells_spans_alone_hangs_too(self, tmp_path: Path) -> None:
        system = System()
        system.traffic("web", "web-00001-aaa", 0, END_S, every_s=60)
        for number in range(END_S // 30):
            at_s = number * 30.0
            revision = NEW if at_s >= BROKEN_S else OLD
            took = 60.001 if at_s >= BROKEN_S and number % 2 else 0.04
            told = {"revision": revision, "route": "/stream", "took_s": took}
            system.export(exported(at_s, "shop", f"{number + 1:032x}", f"{number + 1:016x}", **told))

        (cluster,) = findings(system, tmp_path).clusters

        assert (cluster.service, cluster.kind, cluster.insert_ids) == ("shop", "hung", ())
        assert cluster.attribution is not None
        assert cluster.attribution.revision == NEW


class TestClient:
    def test_a_client_that_waits_for_what_was_answered_is_at_fault_itself(self, tmp_path: Path) -> None:
        """The suite calls shop; from a moment on its calls wait for 20 s although shop answers in time."""
        system = System()
        system.deploy(-60, "shop", OLD, image="a")
        system.deploy(BROKEN_S - 30, "shop", NEW, image="b")
        for number in range(END_S // 60):
            at_s, trace, span = number * 60.0, f"{number + 1:032x}", f"{number + 1:016x}"
            revision = NEW if at_s >= BROKEN_S else OLD
            waits = at_s >= BROKEN_S and number % 2 == 0
            system.request(at_s + 0.01, "shop", revision, trace=trace)
            call = {"kind": "client", "name": "GET", "peer": "shop", "took_s": 20.001 if waits else 0.08}
            system.export(
                exported(at_s, "suite", trace, span, **call),
                exported(at_s + 0.01, "shop", trace, f"{number + 9001:016x}", parent=span, route="/orders"),
            )

        (cluster,) = findings(system, tmp_path).clusters

        assert (cluster.service, cluster.kind) == ("suite", "hung")
        assert (cluster.fault, cluster.cause, cluster.priority) == ("client", "client", "P3")
        assert cluster.attribution is None
        assert "the called service answered within 0.05 s" in cluster.evidence[0].statement


class TestEndless:
    def test_spans_without_an_end_are_requests_that_never_end(self, tmp_path: Path) -> None:
        system = System()
        system.traffic("web", "web-00001-aaa", 0, END_S, every_s=60)
        for number in range(END_S // 30):
            at_s = number * 30.0
            revision = NEW if at_s >= BROKEN_S else OLD
            took = None if at_s >= BROKEN_S and number % 3 == 0 else 0.04
            told = {"revision": revision, "route": "/stream", "took_s": took, "name": "GET /stream"}
            system.export(exported(at_s, "shop", f"{number + 1:032x}", f"{number + 1:016x}", **told))

        (cluster,) = findings(system, tmp_path).clusters

        assert (cluster.service, cluster.kind, cluster.title) == ("shop", "hung", "GET /stream never ends")
        assert cluster.attribution is not None
        assert cluster.attribution.revision == NEW

    def test_parents_that_never_come_are_requests_that_never_end(self, tmp_path: Path) -> None:
        assert [one.title for one in findings(orphaned(), tmp_path).clusters] == ["requests never end"]

    def test_parents_that_never_came_at_all_are_not_missed(self, tmp_path: Path) -> None:
        assert not findings(orphaned(since_s=0), tmp_path).clusters

    def test_where_the_request_line_came_in_time_nothing_hangs(self, tmp_path: Path) -> None:
        assert not findings(orphaned(is_logged=True), tmp_path).clusters


def orphaned(*, since_s: float = BROKEN_S, is_logged: bool = False) -> System:
    """A service that reads a database in each request; from a moment on its own span is missing in a third of them."""
    system = System()
    system.traffic("web", "web-00001-aaa", 0, END_S, every_s=60)
    for number in range(END_S // 30):
        at_s, trace, span = number * 30.0, f"{number + 1:032x}", f"{number + 1:016x}"
        told = {"revision": NEW if at_s >= BROKEN_S else OLD, "instance": "one"}
        if at_s < since_s or number % 3:
            system.export(exported(at_s, "shop", trace, span, route="/orders", **told))
        read = {"kind": "client", "name": "SELECT", "parent": span, "took_s": 0.01}
        system.export(exported(at_s + 0.01, "shop", trace, f"{number + 9001:016x}", **(read | told)))
        if is_logged:
            system.request(at_s, "shop", str(told["revision"]), trace=trace)
    return system
