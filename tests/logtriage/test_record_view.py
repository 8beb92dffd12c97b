"""The record in words: counts at any size, shares only where there are enough."""

import pytest

from classifiers.calibration import Remembered, Said
from classifiers.findings import Cluster, Record, RecordBand
from classifiers.forecasts import forecast_of
from classifiers.record import Claim, Settlement
from collector.replacing import replace
from logtriage.record_view import claim_lines, record_lines, remembered_line, said_line, settled_here
from logtriage.render import plain_report
from logtriage.report import build_report
from logtriage.report_config import ReportConfig
from logtriage.wording import Near
from tests.support.findings import END_NS, HOUR_NS, cluster, dependency, findings, quiet_findings

FEW = Record(verdicts=5, settled=3, right=2, void=1)
MANY = Record(
    verdicts=40, settled=30, right=26, brier=0.0912, bands=(RecordBand(0.9, 20, 18, 0.953, 0.699, 0.972),)
)  # fmt: skip


def test_nothing_told_and_nothing_wrong_says_nothing() -> None:
    assert record_lines(Record(), has_incidents=False) == ()


def test_what_was_never_checked_is_told_with_the_command_that_does() -> None:
    (told,) = record_lines(Record(), has_incidents=True)

    assert told.startswith("no verdict was settled before this window ended")
    assert build_report(findings(), ReportConfig()).settle == "logtriage settle NUMBER right|wrong"
    assert record_lines(Record(verdicts=2), has_incidents=False)[0].startswith("0 of 2 verdicts of this project")


def test_below_thirty_there_are_counts_and_no_share() -> None:
    assert record_lines(FEW, has_incidents=True) == ("3 of 5 verdicts of this project settled: 2 right; 1 void",)
    assert "%" not in plain_report(findings(record=FEW), ReportConfig(), form="terminal").partition("RECORD")[2]


def test_from_thirty_on_each_word_tells_what_it_said_and_what_was() -> None:
    assert record_lines(MANY, has_incidents=False) == (
        "30 of 40 verdicts of this project settled: 26 right; Brier score 0.09 (0 is best)",
        "very likely: said 95 %, was 90 % (18 of 20, 95 % interval 70-97 %)",
    )


@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_every_format_tells_the_record(form: str) -> None:
    told = plain_report(quiet_findings(record=MANY), ReportConfig(), form=form)

    assert "very likely: said 95 %, was 90 %" in told


def test_what_was_settled_stands_beside_how_sure_it_is() -> None:
    told = plain_report(findings(record=FEW), ReportConfig(), form="terminal")
    unsure = findings(clusters=(cluster(cause="unknown", attribution=None, hypotheses=()),), record=FEW)

    assert "3 verdicts settled here, 2 right" in " ".join(told.split())
    assert settled_here(Record(verdicts=3)) == ""
    assert "settled here" not in plain_report(unsure, ReportConfig(), form="terminal")


def _said(outcome: str, one: Cluster | None = None, *, is_new: bool = True) -> Said:
    told = replace(forecast_of(one or cluster(), made_at_ns=END_NS, made_by="settle"), forecast_id="f")
    word = Settlement("f", outcome, "person", "person", "", END_NS)  # type: ignore[arg-type] # one of its words
    claim = Claim(told, told, by_person=word if outcome != "open" else None)
    return Said(claim, is_new, FEW)


def test_a_persons_word_is_told_in_one_line() -> None:
    counted = "3 of 5 verdicts of this project settled: 2 right; 1 void."

    assert (
        said_line(cluster(), _said("right"), is_past=False)
        == f"shop: shop-00008-bad broke it (likely): right. {counted}"
    )
    assert "(likely): wrong, as it was. " in said_line(cluster(), _said("wrong", is_new=False), is_past=True)
    assert "a dependency (likely), no revision: open again. " in said_line(
        dependency(), _said("open", dependency()), is_past=False
    )
    assert said_line(cluster(), _said("right"), is_past=True).endswith("windows that end from now on tell it.")


def test_where_a_person_takes_the_word_back_that_of_the_rows_stands() -> None:
    said = _said("open")
    rows = Settlement("f", "right", "rollback", "rule", "", END_NS)

    told = said_line(cluster(), replace(said, claim=replace(said.claim, by_rule=rows)), is_past=False)

    assert "right, as the rows say." in told


def test_what_was_told_and_what_became_of_it_is_listed() -> None:
    near = Near("2026-09-15", "2026")
    first = _said("open").claim.first
    open_claim = Claim(first, replace(first, confidence=0.95, made_at_ns=END_NS + HOUR_NS))
    by_rule = Settlement("f", "right", "rollback", "rule", "0 of 12 failed", END_NS + 2 * HOUR_NS)

    assert claim_lines(cluster(), [open_claim, replace(open_claim, by_rule=by_rule)], near) == (
        "00:00 UTC: shop-00008-bad broke it (likely), very likely at 01:00",
        "  open, nothing settles it yet",
        "00:00 UTC: shop-00008-bad broke it (likely), very likely at 01:00",
        "  right (rollback, 02:00 UTC): 0 of 12 failed",
    )
    assert claim_lines(cluster(), [replace(open_claim, is_excluded=True)], near)[1] == (
        "  wrong: another verdict on this failure was right"
    )
    assert claim_lines(cluster(), [], near) == (
        "shop: no verdict on this failure is stored yet; logtriage settle NUMBER right|wrong does it.",
    )


def test_a_cycle_tells_what_it_added() -> None:
    words = [Settlement("f", outcome, "", "rule", "", 1) for outcome in ("right", "void", "right")]

    assert remembered_line(Remembered(1, ())) == "1 new verdict, 0 settled"
    assert remembered_line(Remembered(0, tuple(words))) == "0 new verdicts, 3 settled: 2 right, 1 void"


def test_the_command_that_settles_sees_the_window_of_the_report() -> None:
    recall = f" --since 24h --db /{'very/long/' * 20}a.duckdb"

    page = plain_report(findings(), ReportConfig(), form="terminal", recall=recall)

    lines = [line.strip() for line in page.splitlines()]
    assert f"logtriage settle NUMBER right|wrong{recall}" in lines
    assert f"MORE    logtriage show NUMBER{recall}" in lines
