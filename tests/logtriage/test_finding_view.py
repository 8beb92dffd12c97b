"""What is told of a finding without entries: all that is known of it, by the id of its row."""

from collections.abc import Callable

import pytest

from classifiers.findings import (
    Absence,
    EventCount,
    Evidence,
    Hypothesis,
    Latency,
    Onset,
    Pace,
    RevisionCount,
    SlowCaller,
    SlowPart,
)
from collector.replacing import replace
from collector.window import NS_PER_S
from logtriage.finding_view import view_finding
from logtriage.lookup import Lookup
from logtriage.templating import fill
from logtriage.terminal import text_of
from logtriage.terminal_finding import draw_finding
from tests.support.findings import END_NS, ONSET_NS, attribution, findings

_MS = 10**6
_TRACE = "c" * 32
_LOOKUP = Lookup(findings())
_RIVALS = (
    Hypothesis("revision", 0.83, "shop-00008-bad brought it"),
    Hypothesis("dependency", 0.12, "the index answers late", (Evidence("inferred", "nothing else of it is slow"),)),
)
_BLAMED = attribution(refuted_by=("as slow a share on shop-00007-abc",), decided_by="the change of revision")
_SLOW = Latency(
    "shop", "GET /search", _BLAMED, id="l-search", project="acme-test", before=400, since=120,
    median_before_ns=20 * _MS, median_since_ns=300 * _MS, tail_before_ns=40 * _MS, tail_since_ns=1900 * _MS,
    slower=0.93, slow_ns=60 * _MS, slow=110,
    onset=Onset(ONSET_NS, ONSET_NS - 60 * NS_PER_S, ONSET_NS + 60 * NS_PER_S, 0.01, 0.9, "requests"),
    per_revision=(
        Pace("shop", "shop-00007-abc", 400, 4, 20 * _MS, 40 * _MS, ONSET_NS - 3600 * NS_PER_S, ONSET_NS),
        Pace("shop", "shop-00008-bad", 120, 110, 300 * _MS, 1900 * _MS, ONSET_NS, END_NS),
    ),
    part=SlowPart("shop", "SELECT items", is_call=True, before_ns=9 * _MS, since_ns=250 * _MS, spans_before=1.0,
                  spans_since=30.0, share=0.86),
    origin="users", origin_counts=(("users", 110),), hypotheses=_RIVALS, cause="revision", fault="product",
    also=("GET /items", "GET /stock"), callers=(SlowCaller("desk", "GET /", 50 * _MS, 350 * _MS, 0.75),),
    trace_ids=(_TRACE,),
)  # fmt: skip
_GONE = Absence(
    "order.sent", "shop", None, _BLAMED, project="acme-test", trigger="POST /orders", before=EventCount(400, 392),
    since=EventCount(60, 0), onset=Onset(ONSET_NS, ONSET_NS - 60 * NS_PER_S, ONSET_NS, 0.02, 1.0, "traces"),
    hypotheses=_RIVALS, evidence=(Evidence("measured", "60 orders without it", "find_events", (), (_TRACE,)),),
    origin="users",
    per_revision=(
        RevisionCount("shop", "shop-00008-bad", 60, 60, ONSET_NS, END_NS),
        RevisionCount("shop", "shop-00007-abc", 0, 392, None, None),
    ),
)  # fmt: skip


def test_findings_without_entries_are_drawn_in_full(golden: Callable[[str, str], None]) -> None:
    golden("show_findings.txt", "\n".join(text_of(draw_finding(view_finding(one, _LOOKUP))) for one in (_SLOW, _GONE)))


def test_findings_without_entries_are_written_in_full(golden: Callable[[str, str], None]) -> None:
    pages = [fill("finding.md.j2", view_finding(one, _LOOKUP)) for one in (_SLOW, _GONE)]

    golden("show_findings.md", "\n".join(pages))


def test_of_what_is_over_nothing_is_to_be_undone() -> None:
    view = view_finding(replace(_SLOW, is_ongoing=False, ended_ns=END_NS), _LOOKUP)

    assert "l-search: over" in view.counts
    assert [command.why for command in view.commands] == ["See all that changed"]


def test_a_revision_that_is_only_a_candidate_brings_commands_that_only_read() -> None:
    view = view_finding(replace(_GONE, attribution=attribution(confidence=0.3)), _LOOKUP)

    assert view.commands
    assert all(one.line.startswith("gcloud logging read ") for one in view.commands)
    assert any("00008-bad is not ruled out" in line.text for line in view.lines)


def test_a_finding_of_which_nothing_more_is_known_still_makes_a_page() -> None:
    bare = Absence("order.sent", "shop", None, None, kind="never seen")

    page = text_of(draw_finding(view_finding(bare, _LOOKUP)))

    assert page.startswith("shop: order.sent is expected, but was never sent\n")
    assert "BY REVISION" not in page
    assert "TRACES" not in page


def test_the_id_of_an_event_tells_its_fields_apart_and_stays_when_counts_change() -> None:
    assert replace(_GONE, since=EventCount(90, 0), attribution=None).id == _GONE.id
    others = [replace(_GONE, field="total"), replace(_GONE, service="desk"), replace(_GONE, kind="hollow")]
    assert len({_GONE.id, *(one.id for one in others)}) == 4


def test_findings_are_found_by_id_or_its_beginning() -> None:
    gone = _LOOKUP.findings.absent_events[0]

    assert _LOOKUP.silent("l-find") == _LOOKUP.silent(" l-f ") == _LOOKUP.findings.latency[0]
    assert _LOOKUP.silent(gone.id) == _LOOKUP.silent(gone.id[:8]) == gone


@pytest.mark.parametrize("name", ["", "1", "c-pay", "c-", "l-found"])
def test_what_names_a_cluster_or_nothing_is_no_such_finding(name: str) -> None:
    assert _LOOKUP.silent(name) is None
