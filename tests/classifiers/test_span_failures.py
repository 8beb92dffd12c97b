"""Failures in spans are failures of the same clusters as the entries of the same trace: one failure, not two."""

from pathlib import Path

import pytest

from classifiers.classify import classify
from classifiers.config import ClassifyConfig
from classifiers.findings import Findings
from classifiers.signing import sign_new
from collector.store import Store
from collector.window import NS_PER_S, Window
from tests.support.spans import exported
from tests.support.system import HOUR, START_NS, System

OLD, NEW = "stock-00041-abc", "stock-00042-def"
BROKEN_S, END_S = 5 * HOUR, 8 * HOUR
TRACEBACK = """Traceback (most recent call last):
  File "/app/stock/api.py", line 31, in get
    return shelf(item)
  File "/app/stock/shelf.py", line 12, in shelf
    return SHELVES[item]
KeyError: 'north'"""


def stock(*, is_logged: bool = True, is_asked: bool = True, thrown: str | None = TRACEBACK) -> System:
    """A service whose requests are traced; from a deploy on a third of them fails, as span and, if told so, in its log.

    Without `is_asked` nothing of it is logged at all.
    """
    system = System()
    if is_asked:
        system.deploy(-60, "stock", OLD, image="a")
        system.deploy(BROKEN_S - 30, "stock", NEW, image="b")
    else:
        system.traffic("shop", "shop-00001-aaa", 0, END_S, every_s=60)
    for number in range(END_S // 60):
        at_s, trace, span = number * 60.0, f"{number + 1:032x}", f"{number + 1:016x}"
        revision = NEW if at_s >= BROKEN_S else OLD
        is_failing = revision == NEW and number % 3 == 0
        failed = {"status": 500, "failed": "it broke"} | ({"thrown": thrown} if thrown else {}) if is_failing else {}
        told = {"revision": revision, "instance": f"{revision}-one", "route": "/orders", "name": "GET /orders"}
        system.export(exported(at_s, "stock", trace, span, **(told | failed)))
        if is_asked:
            system.request(at_s, "stock", revision, trace=trace, status=500 if is_failing else 200)
            if is_failing and is_logged:
                system.line(at_s + 0.04, "stock", revision, f"cannot count\n{TRACEBACK}", trace=trace)
    return system


def found_in(store: Store) -> Findings:
    window = Window(START_NS + 4 * HOUR * NS_PER_S, START_NS + END_S * NS_PER_S)
    with store.read() as reader:
        return classify(reader, window=window, now_ns=window.end_ns, config=ClassifyConfig())


def signatures(store: Store, table: str) -> set[str]:
    with store.read() as reader:
        return set(reader.sql(f"select distinct signature_id from {table} where http_status is distinct from 1")[
            "signature_id"
        ])  # fmt: skip


class TestSigning:
    def test_a_stack_trace_has_one_signature_in_a_span_and_in_a_log(self, tmp_path: Path) -> None:
        store = stock().stored(tmp_path)

        assert len(signatures(store, "span_occurrences")) == 1
        assert signatures(store, "span_occurrences") < signatures(store, "occurrences")

    def test_signing_again_changes_nothing(self, tmp_path: Path) -> None:
        store = stock().stored(tmp_path)
        with store.read() as reader:
            before = reader.sql("select * from span_occurrences order by trace")

        again = sign_new(store)

        with store.read() as reader:
            assert reader.sql("select * from span_occurrences order by trace").equals(before)
        assert again == 0

    def test_a_server_span_answered_4xx_is_no_failure(self, tmp_path: Path) -> None:
        system = System()
        system.export(exported(1, "stock", "a" * 32, "b" * 16, status=404, failed="not found"))

        assert not signatures(system.stored(tmp_path), "span_occurrences")

    def test_words_of_a_signature_survive_in_its_spans(self, tmp_path: Path) -> None:
        """A line of a trace that is told by a span too is put together anew when more of it comes in."""
        system, more = stock(), System()
        store = system.stored(tmp_path)
        (name,) = signatures(store, "span_occurrences")
        more.line(BROKEN_S + 0.0401, "stock", NEW, "and nobody knows why")
        more.stored(tmp_path)

        with store.read() as reader:
            told = reader.sql(f"select title from signatures where signature_id = '{name}'")["title"].to_list()
        assert told == ["KeyError: 'north'"]


class TestOneFailure:
    @pytest.mark.parametrize("spans_first", [True, False])
    def test_what_log_and_span_tell_is_one_failure_in_any_order(self, tmp_path: Path, *, spans_first: bool) -> None:
        (cluster,) = found_in(stock().stored_apart(tmp_path, spans_first=spans_first)).clusters

        assert (cluster.units, cluster.entries) == (60, 120)  # a request line and a line each
        assert cluster.attribution is not None
        assert cluster.attribution.revision == NEW

    def test_its_spans_are_told(self, tmp_path: Path) -> None:
        (cluster,) = found_in(stock().stored(tmp_path)).clusters

        assert len(cluster.spans) == 20
        first = cluster.spans[0]
        assert (first.operation, first.text, first.joined) == ("GET /orders", "KeyError: 'north'", "trace")
        assert {one.trace for one in cluster.spans} <= set(cluster.trace_ids)

    def test_findings_with_and_without_spans_are_of_one_cluster(self, tmp_path: Path) -> None:
        (with_spans,) = found_in(stock().stored(tmp_path)).clusters
        bare = stock()
        bare._spans.clear()
        (tmp_path / "bare").mkdir()

        (without,) = found_in(bare.stored(tmp_path / "bare")).clusters

        assert (with_spans.id, with_spans.units, with_spans.insert_ids) == (
            without.id,
            without.units,
            without.insert_ids,
        )

    def test_lines_without_a_trace_are_joined_by_instance_and_time(self, tmp_path: Path) -> None:
        system = System()
        system.traffic("stock", OLD, 0, BROKEN_S, every_s=60)
        for number in range(60):
            at_s, trace = BROKEN_S + number * 60.0, f"{number + 1:032x}"
            told = {"instance": f"{NEW}-one", "revision": NEW, "thrown": "LookupError: no shelf", "failed": ""}
            system.export(exported(at_s, "stock", trace, f"{number + 1:016x}", **told))
            system.request(at_s, "stock", NEW, is_traced=False)
            system.line(at_s + 0.03, "stock", NEW, "ERROR shelf is missing")

        (cluster,) = found_in(system.stored(tmp_path)).clusters

        assert cluster.title == "ERROR shelf is missing"
        assert {one.joined for one in cluster.spans} == {"time"}


class TestSpansAlone:
    def test_an_exception_that_nobody_logged_leads_its_requests(self, tmp_path: Path) -> None:
        (cluster,) = found_in(stock(is_logged=False).stored(tmp_path)).clusters

        assert cluster.title == "KeyError: 'north'"
        assert (cluster.units, len(cluster.insert_ids)) == (60, 60)  # the request lines answered 500
        assert cluster.attribution is not None
        assert cluster.attribution.revision == NEW

    def test_a_plain_server_error_adds_nothing_to_its_request_line(self, tmp_path: Path) -> None:
        (cluster,) = found_in(stock(is_logged=False, thrown=None).stored(tmp_path)).clusters

        assert (cluster.title, cluster.units) == ("GET /orders answered 500", 60)

    def test_sums_of_coverage_hold(self, tmp_path: Path) -> None:
        told = found_in(stock(is_logged=False).stored(tmp_path)).coverage

        assert told.problem_entries == 60
        assert told.problem_entries + told.noise_entries + told.quiet_entries == told.entries

    def test_a_service_that_logs_nothing_has_clusters_too(self, tmp_path: Path) -> None:
        (cluster,) = found_in(stock(is_asked=False).stored(tmp_path)).clusters

        assert (cluster.service, cluster.title, cluster.insert_ids) == ("stock", "KeyError: 'north'", ())
        assert cluster.units == 60
        assert cluster.onset.unit == "traces"
        assert abs(cluster.onset.at_ns - START_NS - BROKEN_S * NS_PER_S) < 60 * NS_PER_S
        assert cluster.attribution is not None
        assert cluster.attribution.revision == NEW


class TestCalls:
    def test_a_refused_connection_is_the_callers_failure(self, tmp_path: Path) -> None:
        system = System()
        for number in range(END_S // 60):
            at_s, trace = number * 60.0, f"{number + 1:032x}"
            system.request(at_s, "shop", "shop-00001-aaa", trace=trace, status=200 if at_s < BROKEN_S else 502)
            system.export(exported(at_s, "shop", trace, f"{number + 1:016x}", status=200 if at_s < BROKEN_S else 502))
            if at_s >= BROKEN_S:
                call = {"kind": "client", "parent": f"{number + 1:016x}", "name": "GET", "took_s": 0.01}
                lost = {
                    "thrown": "ConnectionRefusedError: [Errno 111] Connection refused",
                    "failed": "",
                    "peer": "bank",
                }
                system.export(exported(at_s + 0.01, "shop", trace, f"{number + 9001:016x}", **call, **lost))

        (cluster,) = found_in(system.stored(tmp_path)).clusters

        assert cluster.title.startswith("ConnectionRefusedError")
        assert (cluster.service, cluster.units) == ("shop", 180)

    def test_what_the_called_service_tells_is_no_failure_of_the_call(self, tmp_path: Path) -> None:
        """Shop calls stock, which fails and says so; shop answers well all the same."""
        system = stock()
        for number in range(END_S // 60):
            at_s, trace = number * 60.0, f"{number + 1:032x}"
            system.request(at_s - 0.01, "shop", "shop-00001-aaa", trace=trace)
            failed = {"failed": "HTTP 500", "status": 500} if at_s >= BROKEN_S and number % 3 == 0 else {}
            call = {"kind": "client", "name": "GET", "took_s": 0.06, "peer": "stock"}
            system.export(exported(at_s - 0.005, "shop", trace, f"{number + 9001:016x}", **call, **failed))

        found = found_in(system.stored(tmp_path))

        assert [one.service for one in found.clusters] == ["stock"]


class TestWebSocket:
    def test_what_fails_after_the_accept_is_told_by_its_span_and_explains_the_close(self, tmp_path: Path) -> None:
        """The upgrade is answered 101, authentication fails in a span, the server says only that it closes (1011)."""
        system = System()
        system.deploy(-60, "stock", OLD, image="a")
        system.deploy(BROKEN_S - 30, "stock", NEW, image="b")
        for number in range(END_S // 60):
            at_s, trace, span = number * 60.0, f"{number + 1:032x}", f"{number + 1:016x}"
            revision = NEW if at_s >= BROKEN_S else OLD
            told = {"revision": revision, "instance": f"{revision}-one"}
            system.request(at_s, "stock", revision, trace=trace, status=101, path="/ws")
            system.export(exported(at_s, "stock", trace, span, route="/ws", status=101, **told))
            if at_s >= BROKEN_S:
                lost = {"kind": "internal", "name": "authenticate", "took_s": 0.01, "failed": "", "parent": span}
                thrown = {"thrown": "TokenError: signature does not match"}
                system.export(exported(at_s + 0.01, "stock", trace, f"{number + 9001:016x}", **(lost | thrown | told)))
                closed = "connection closed with 1011 before the welcome message"
                system.line(at_s + 0.03, "stock", revision, closed, trace=trace, severity="WARNING")

        found = found_in(system.stored(tmp_path)).clusters

        root = next(one for one in found if one.role == "root")
        assert root.title == "TokenError: signature does not match"
        assert root.attribution is not None
        assert root.attribution.revision == NEW
        assert {one.caused_by for one in found if one.role == "symptom"} <= {root.id}
        assert any("1011" in one.title for one in found)
