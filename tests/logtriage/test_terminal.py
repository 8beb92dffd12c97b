"""The views drawn for a terminal."""

from collections.abc import Callable

from rich.text import Text

from classifiers.findings import Change
from collector.replacing import replace
from logtriage.cluster_view import view_cluster
from logtriage.lookup import Lookup
from logtriage.report import build_report
from logtriage.report_config import ReportConfig
from logtriage.report_view import OtherRow
from logtriage.terminal import draw_cluster, draw_report, draw_table, text_of
from tests.support.findings import attribution, cluster, dependency, findings, symptom


def test_one_cluster_with_all_its_evidence(golden: Callable[[str, str], None]) -> None:
    lookup = Lookup(findings())

    pages = [text_of(draw_cluster(view_cluster(one, lookup))) for one in (cluster(), symptom(), dependency())]

    golden("show_clusters.txt", "\n".join(pages))


def test_a_cluster_without_evidence_still_makes_a_page() -> None:
    bare = cluster(evidence=(), hypotheses=(), per_revision=(), attribution=None, trace_ids=(), sample="")

    page = text_of(draw_cluster(view_cluster(bare, Lookup(findings()))))

    assert "EVIDENCE" not in page
    assert "ONE OF ITS ENTRIES" in page


def test_commands_are_never_broken_because_they_are_copied() -> None:
    page = text_of(draw_cluster(view_cluster(cluster(), Lookup(findings()))))
    command = next(line for line in page.splitlines() if "--to-revisions" in line)

    assert command.strip().endswith("--to-revisions=shop-00007-abc=100")


def test_a_table_lines_up_wide_letters_too() -> None:
    table = text_of(draw_table(("name", "n"), [("通信", "1"), ("abcdef", "22")]))

    assert table == "name    n\n通信    1\nabcdef  22\n"


def test_texts_lose_spaces_at_line_ends_and_end_in_one_newline() -> None:
    assert text_of(Text("a  \n\nb\n\n\n")) == "a\n\nb\n"


def test_long_lists_are_counted_and_say_where_the_rest_is() -> None:
    view = build_report(findings(), ReportConfig())
    many = replace(view, absent=tuple(OtherRow(f"event {n}", "gone") for n in range(20)))

    page = text_of(draw_report(many))

    assert "event 15: gone" in page
    assert "event 16" not in page
    assert "4 more: --format markdown lists them" in page


def test_a_change_is_not_parted_from_its_mark() -> None:
    changes = tuple(Change("env_changed", f"A_RATHER_LONG_KEY_{n}") for n in range(3))
    view = build_report(findings(clusters=(cluster(attribution=attribution(also_changed=changes)),)), ReportConfig())

    lines = text_of(draw_report(view)).splitlines()

    assert not any(line.endswith(("~", "-")) for line in lines)
    assert any(line.startswith("         ~ A_RATHER_LONG_KEY") for line in lines)


def test_a_narrow_terminal_breaks_lines_below_their_label() -> None:
    page = text_of(draw_report(build_report(findings(), ReportConfig()), width=50))

    assert max(map(len, page.splitlines())) <= 50
    assert "\n         " in page
