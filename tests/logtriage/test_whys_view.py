"""The five whys as they are told: of roots alone, with times as a clock shows them, and log text that does no harm."""

from classifiers.findings import Evidence, Findings, Why
from collector.replacing import replace
from logtriage.lookup import Lookup
from logtriage.terminal import Page
from logtriage.whys_json import whys_fields
from logtriage.whys_view import why_rows
from tests.support.findings import findings

HOSTILE = "It says `\x1b[31m<script>alert(1)</script> | \u202e`."


def _with(*whys: Why) -> Findings:
    told = findings()
    return replace(told, incidents=(replace(told.incidents[0], whys=whys), *told.incidents[1:]))


def test_a_root_tells_its_chain_and_a_symptom_leaves_it_to_its_root() -> None:
    lookup = Lookup(findings())

    assert [row.kind for row in why_rows("c-pay", lookup)] == ["measured", "measured", "measured", "unknown"]
    assert why_rows("c-slow", lookup) == why_rows("c-old", lookup) == ()


def test_times_are_those_of_the_clock_and_revisions_lose_the_name_of_their_service() -> None:
    first, second, *_ = why_rows("c-pay", Lookup(findings()))

    assert first.statement == "shop: 94 of 96 requests failed since 20:00; before that 0 of 118."
    assert second.statement == "94 of 96 requests failed on 00008-bad. Likely: 00008-bad brought it."
    assert second.refs == "count_exposure; revisions shop-00008-bad"


def test_references_of_all_facts_are_told_once() -> None:
    facts = (Evidence("measured", "a", "find_failures", ("e1",)), Evidence("measured", "b", "find_facts", ("e1", "e2")))

    (row,) = why_rows("c-pay", Lookup(_with(Why("state", "a.", "measured", facts))))

    assert row.refs == "find_failures, find_facts; entries e1, e2"


def test_log_text_is_plain() -> None:
    (row,) = why_rows("c-pay", Lookup(_with(Why("state", HOSTILE, "measured", refuted_by=(HOSTILE,)))))

    assert not {"\x1b", "\u202e"} & {*row.statement, *row.refuted}


def test_a_page_numbers_the_answers_and_tells_how_each_is_known() -> None:
    page = Page(80)

    page.whys(why_rows("c-pay", Lookup(findings())))

    lines = page.text.plain.splitlines()
    assert lines[0] == "WHY"
    assert lines[1].startswith("  1. shop: 94 of 96")
    assert lines[2].strip() == "[measured]"
    assert any(line.strip().startswith("refuted by a failure of this on 00007-abc; or by 30") for line in lines)


def test_json_keeps_times_and_revisions_in_full() -> None:
    told = whys_fields(findings().incidents[0])

    assert told[0]["statement"].endswith("since 2026-09-14T20:00:00Z; before that 0 of 118.")
    assert told[1]["evidence"][0]["revisions"] == ["shop-00008-bad"]
    assert whys_fields(None) == []
