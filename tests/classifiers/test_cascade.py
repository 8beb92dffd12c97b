from typing import Any

import numpy as np
import polars as pl
from msgspec.structs import force_setattr

from classifiers.cascade import Cascade, find_cascade, fold_requests
from classifiers.cases import Case
from classifiers.config import CascadeConfig
from classifiers.links import Link
from classifiers.suspects import CallGraph
from classifiers.traces import Traces
from tests.support.cases import MINUTE_NS, case, grid, keyed

SECOND_NS = 1_000_000_000
REQUESTS = {
    "trace": pl.String(), "project": pl.String(), "service": pl.String(), "revision": pl.String(), "route": pl.String(),
    "origin": pl.String(), "client": pl.UInt64(), "start_ns": pl.Int64(), "latency_ns": pl.Int64(),
    "http_status": pl.Int16(),
}  # fmt: skip
SPANS = {
    "trace": pl.String(), "service": pl.String(), "revision": pl.String(), "caller": pl.String(),
    "start_ns": pl.Int64(), "errors": pl.Int64(),
}  # fmt: skip
ROWS = {"cluster_id": pl.String(), "instance": pl.String(), "log": pl.String(), "first_ns": pl.Int64()}


def failing(
    name: str, offset_s: float, *, service: str = "orders", numbers: range = range(10), **changes: object
) -> Case:
    """Fails in traces 0..9, one a minute from 100 on, `offset_s` seconds into the trace."""
    made = case(
        grid(minutes=200, r1=10.0), [(100 + number + offset_s / 60, "r1") for number in numbers],
        cluster_id=name, service=service, **changes,
    )  # fmt: skip
    return keyed(made, [f"{number:032x}" for number in numbers])


def untraced(name: str, offset_s: float, **changes: Any) -> Case:
    made = failing(name, offset_s, **changes)
    return keyed(made, [None] * made.units)


def rows(*cases: Case) -> pl.DataFrame:
    """Each failure on one instance."""
    told = [(one.cluster_id, "one", "stderr", int(when)) for one in cases for when in one.times_ns]
    return pl.DataFrame(told, schema=ROWS, orient="row")


def linked(*cases: Case, exposed: range = range(10)) -> dict[str, Link]:
    return cascade_of(*cases, exposed=exposed).links


def cascade_of(*cases: Case, exposed: range = range(10)) -> Cascade:
    """The cascade of cases whose services were all asked in the traces `exposed`."""
    asked = [
        (f"{number:032x}", "p", service, "r1", "GET /a", "users", None, number * MINUTE_NS, 1000, 500)
        for number in exposed
        for service in ("orders", "tasks")
    ]
    traces = Traces(pl.DataFrame(asked, schema=REQUESTS, orient="row"), pl.DataFrame(schema=SPANS))
    calls = CallGraph(pl.DataFrame([("orders", "tasks", 9)], schema=["caller", "service", "traces"], orient="row"))
    return find_cascade(cases, rows(*cases), traces, calls, CascadeConfig())


def test_what_fails_first_in_the_same_traces_explains_what_follows() -> None:
    links = linked(failing("a", 0, service="tasks"), failing("b", 2))

    assert (links["b"].cause, links["b"].share, links["b"].kind) == ("a", 1.0, "traces")
    assert "a" not in links


def test_of_a_chain_each_link_is_told_and_not_only_the_root() -> None:
    links = linked(failing("a", 0, service="tasks"), failing("b", 2), failing("c", 4))

    assert (links["b"].cause, links["c"].cause) == ("a", "b")


def test_failures_at_the_same_time_without_a_trace_in_common_are_not_linked() -> None:
    assert linked(failing("a", 0), failing("b", 2, numbers=range(10, 20)), exposed=range(20)) == {}


def test_a_cause_that_began_much_later_explains_nothing() -> None:
    late = failing("a", 0)
    early = failing("b", 2)
    early.times_ns = np.concatenate([[10 * MINUTE_NS], early.times_ns])
    keyed(early, ["f" * 32, *early.traces])
    force_setattr(early.fit, "at_ns", 10 * MINUTE_NS)

    assert "b" not in linked(late, early)


def test_of_two_clocks_that_nearly_agree_the_called_service_failed_first() -> None:
    links = linked(failing("a", 0.0005, service="tasks"), failing("b", 0))

    assert links["b"].cause == "a"


def test_without_traces_the_order_in_one_instance_counts_and_is_inferred() -> None:
    links = linked(untraced("a", 0), untraced("b", 0.5))

    assert (links["b"].cause, links["b"].kind) == ("a", "instances")
    assert "a" not in links


def test_a_warning_before_an_error_is_not_its_cause() -> None:
    assert linked(untraced("a", 0, severity=13), untraced("b", 0.5)) == {}


def test_an_exception_explains_the_line_that_tells_its_text_though_it_is_printed_later() -> None:
    line = untraced("line", 0, parts='{"message":"setup failed: No module named shop.tax"}')
    thrown = untraced(
        "thrown", 0.2, parts='{"value":"No module named shop.tax","frames":["a:b"],"chain":["ImportError"]}'
    )

    links = linked(line, thrown)

    assert links["line"].cause == "thrown"
    assert "thrown" not in links


def test_requests_that_fail_while_instances_cannot_start_follow_from_that() -> None:
    requests = failing("503", 20, kind="request", http_status=503, numbers=range(10))

    links = linked(untraced("boot", 0), requests)

    assert (links["503"].cause, links["503"].kind) == ("boot", "revisions")


def test_without_traces_a_line_that_names_the_called_service_follows_its_failures() -> None:
    failure = untraced("failure", 0, service="tasks", kind="exception")
    named = untraced("named", 0.03, title="call to tasks failed with status 500")
    like = untraced("like", 0.03, title="call to tasks-archive and my-tasks failed with status 500")
    later = untraced("later", 30, title="call to tasks failed with status 500")

    links = linked(failure, named, like, later)

    assert (links["named"].cause, links["named"].kind) == ("failure", "named")
    assert links.get("like") is None or links["like"].cause != "failure"


def test_failures_of_other_moments_than_those_of_the_named_service_do_not_follow_them() -> None:
    failure = untraced("failure", 0, service="tasks", kind="exception")
    failure.times_ns = failure.times_ns - 90 * MINUTE_NS
    named = untraced("named", 0.03, title="call to tasks failed with status 500")

    assert "named" not in linked(failure, named)


def test_a_request_that_hung_explains_the_line_that_names_its_service_though_it_ended_after_it() -> None:
    hung = failing("504", 5, service="tasks", kind="request", http_status=504)
    named = failing("named", 3, title="tasks did not answer in time")
    silent = failing("silent", 3, title="did not answer in time")
    early = failing("503", 5, service="tasks", kind="request", http_status=503, numbers=range(5))

    assert linked(hung, named)["named"].cause == "504"
    assert "504" not in linked(hung, named)
    assert "503" not in linked(early, named)
    assert "silent" not in linked(hung, silent)


def test_failing_requests_of_a_failure_are_put_together_with_it() -> None:
    failure, requests = failing("a", 0.1), failing("r", 0, kind="request", http_status=500, signature_ids=("s9",))

    links = linked(failure, requests)
    kept, left = fold_requests([failure, requests], links)

    assert [one.cluster_id for one in kept] == ["a"]
    assert kept[0].signature_ids == ("s1", "s9")
    assert left == {}


def test_a_refusal_stays_a_symptom_of_its_own() -> None:
    failure, requests = failing("a", 0.1), failing("r", 0, kind="request", http_status=403)

    kept, left = fold_requests([failure, requests], linked(failure, requests))

    assert len(kept) == 2
    assert left["r"].cause == "a"


def test_links_never_form_a_circle() -> None:
    links = linked(failing("a", 0), failing("b", 0), failing("c", 0, service="tasks"), untraced("d", 0))

    for start in links:
        at, steps = start, 0
        while at in links:
            at, steps = links[at].cause, steps + 1
            assert steps <= len(links)


def test_a_cause_that_only_travels_with_a_better_one_loses() -> None:
    """The nearer one fails in many traces without the other, and there the symptom does not."""
    far = failing("far", 0, service="tasks")
    near = failing("near", 1, service="tasks", numbers=range(30))
    symptom = failing("symptom", 2)

    links = linked(far, near, symptom, exposed=range(30))

    assert links["symptom"].cause == "far"


def test_several_failures_of_a_called_service_explain_a_part_each() -> None:
    parts = [failing(f"part{at}", 0, service="tasks", numbers=range(at, 9, 3)) for at in range(3)]

    links = linked(*parts, failing("all", 2))

    assert links["all"].cause == "part0"
    assert (links["all"].shared, links["all"].units) == (3, 10)


def test_two_that_always_fail_together_each_first_in_some_are_one_cascade_without_an_order() -> None:
    one, other = failing("one", 0), failing("other", 0)
    other.met_ns = {
        trace: when + (1 if at % 2 else -1) * SECOND_NS for at, (trace, when) in enumerate(one.met_ns.items())
    }

    links = cascade_of(one, other).together

    assert {name: (link.cause, link.kind) for name, link in links.items()} == {"other": ("one", "mutual")}


def test_of_what_happened_once_the_step_straight_before_that_speaks_of_the_same_is_the_cause() -> None:
    once = range(1)
    first = untraced("first", 0, numbers=once, severity=13, title="Remote cache failed, trying local fallback")
    then = untraced("then", 0.01, numbers=once, title="Local fallback of cache failed")
    other = untraced("other", 0.02, numbers=once, title="Certificate store is empty")

    links = linked(first, then, other, failing("a", 90), failing("b", 95))

    assert (links["then"].cause, links["then"].kind) == ("first", "instances")
    assert "other" not in links


def test_of_what_happened_once_the_line_straight_behind_a_failure_follows_from_it_whatever_it_says() -> None:
    once = range(1)
    refused = untraced("refused", 0, numbers=once, severity=13, title="not enough segments")
    answered = untraced("answered", 0.0005, numbers=once, title="the caller was sent away")
    later = untraced("later", 0.05, numbers=once, title="disk is full")

    links = linked(refused, answered, later)

    assert (links["answered"].cause, links["answered"].share) == ("refused", 1.0)
    assert "later" not in links


def test_where_failures_are_frequent_a_line_straight_behind_one_of_them_follows_from_nothing() -> None:
    exposed = grid(minutes=2, r1=1000.0)
    busy = keyed(case(exposed, [(n / 6000, "r1") for n in range(12000)], cluster_id="busy"), [None] * 12000)
    single = keyed(case(exposed, [(1.00001, "r1")], cluster_id="single"), [None])

    assert linked(busy, single) == {}


def test_a_warning_that_stands_straight_behind_each_of_few_errors_is_explained_in_part() -> None:
    when = [(minute + 0.00001, "r1") for minute in (10, 45, 70, 108, 109, 130, 160, 185)]
    warning = keyed(case(grid(minutes=200, r1=10.0), when, cluster_id="warning", severity=13), [None] * 8)
    error = untraced("error", 480, numbers=range(2), title="connection closed")  # before it at 108 and 109

    links = linked(warning, error)

    assert (links["warning"].cause, links["warning"].shared, links["warning"].units) == ("error", 2, 8)


def test_a_few_that_come_now_and_then_before_some_of_few_failures_explain_none() -> None:
    often = untraced("often", 0, numbers=range(3), severity=13)
    symptom = untraced("symptom", 0.4, numbers=range(5), severity=13)

    assert linked(often, symptom) == {}


def test_an_instance_that_ends_soon_after_a_warning_of_its_start_ends_of_that() -> None:
    warning = untraced("warning", 0, numbers=range(1), severity=13, title="no database")
    exited = untraced("exit", 12, numbers=range(1), severity=13, kind="platform", title="Container called exit(3).")
    late = untraced("late", 100, numbers=range(1), severity=13, kind="platform", title="Container was stopped.")

    links = linked(warning, exited, late)

    assert (links["exit"].cause, links["exit"].kind) == ("warning", "instances")
    assert "late" not in links


def test_a_step_between_stands_in_the_chain_though_lines_of_its_moment_come_in_any_order() -> None:
    when = [(100 + number + at_s / 60, "r1") for number in range(10) for at_s in (0.0, 0.006)]
    told = '{"value":"No module named shop.tax","frames":["a:b"],"chain":["ImportError"]}'
    thrown = keyed(case(grid(minutes=200, r1=10.0), when, cluster_id="thrown", parts=told), [None] * 20)
    stopped = untraced("stopped", 0.004, parts='{"message":"setup failed: No module named shop.tax"}')
    ended = untraced("ended", 0.4)

    links = linked(thrown, stopped, ended)

    assert links["stopped"].cause == "thrown"
    assert links["ended"].cause == "stopped"
