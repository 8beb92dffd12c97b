"""Steps inside traces of two revisions, in words and as JSON."""

import pytest

from classifiers.edges import Course, Flow, FlowEdge
from collector.replacing import replace
from logtriage.flow_view import flow_json, flow_words, view_flow
from tests.support.findings import HOUR_NS, ONSET_NS, revision

BEFORE, AFTER = revision("shop-00007-abc", ONSET_NS - HOUR_NS), revision("shop-00008-bad", ONSET_NS)
LOST = FlowEdge("call", "POST /pay", "auth.verify", "accept", 198, 201, 0, 212, 1e-30, "lost", traces=("a1",))
FLOW = Flow("spans", "", (LOST,), 40, 5000, 212, 2000, 212, 0, 7, ("GET /old",))


@pytest.mark.parametrize(
    ("course", "said"),
    [
        ("lost", "auth.verify no longer follows accept in POST /pay: "),
        ("new", "auth.verify now follows accept in POST /pay: "),
        ("replaced", "auth.verify is auth.check now, in POST /pay: "),
        ("fewer", "auth.verify follows accept in POST /pay in fewer traces: "),
        ("more", "auth.verify follows accept in POST /pay in more traces: "),
    ],
)
def test_each_course_has_its_words_and_all_their_counts(course: Course, said: str) -> None:
    told = flow_words(replace(LOST, course=course, replaced_by="auth.check"), "OLD", "NEW")

    assert told == f"{said}0/212 traces on NEW, 198/201 on OLD, p < 1e-6"


def test_a_first_step_follows_the_begin_of_its_operation() -> None:
    assert "follows the begin of POST /pay" in flow_words(replace(LOST, follows=""), "OLD", "NEW")


def test_what_was_looked_at_is_told_with_what_is_missing() -> None:
    steps, rows = view_flow(FLOW, BEFORE, AFTER)

    assert steps == (
        "2,000 of 5,000 traces on 00007-abc, 212 traces on 00008-bad; 40 edges compared, 1 differ; "
        "7 traces on 00008-bad lack spans and do not count; 00008-bad was not seen to reach GET /old"
    )
    assert [row.label for row in rows] == ["LOST"]


def test_where_nothing_was_compared_it_says_why_or_is_silent() -> None:
    assert view_flow(None, BEFORE, AFTER) == ("", ())
    assert view_flow(Flow("", "no trace of x is stored"), BEFORE, AFTER)[0].endswith("no trace of x is stored")
    assert "no difference is shown" in view_flow(replace(FLOW, edges=(), basis="lines"), BEFORE, AFTER)[0]


def test_many_edges_are_counted() -> None:
    many = tuple(replace(LOST, step=f"step {at}") for at in range(9))

    rows = view_flow(replace(FLOW, edges=many), BEFORE, AFTER)[1]

    assert len(rows) == 7
    assert rows[-1].text == "3 more; --format json lists them"


def test_json_has_every_edge_with_its_traces() -> None:
    told = flow_json(FLOW)

    assert told["basis"] == "spans"
    assert told["before"] == {"traces": 5000, "taken": 2000, "torn": 0}
    assert told["edges"][0]["after"] == {"traces": 0, "reached": 212}
    assert told["edges"][0]["traces"] == ["a1"]
