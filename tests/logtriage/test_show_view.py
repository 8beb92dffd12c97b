"""What `logtriage show` tells beside the verdict: trend, bounded entries, why together, what is near."""

from classifiers.examine import EntryLine, Examination, Part, SignatureLine, Trend
from classifiers.neighbours import Neighbour
from collector.replacing import replace
from logtriage.cluster_view import view_cluster
from logtriage.lookup import Lookup
from logtriage.show_view import ExaminedView, examined_json, shown_ids, view_examined
from logtriage.terminal import draw_cluster, text_of
from logtriage.wording import Near
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS, WINDOW, cluster, findings

ENTRY = EntryLine("e1", ONSET_NS, "shop-00008-bad", "stderr", 17, None, "payment\nrefused \x1b[31mnow")
EXAMINED = Examination(
    signatures=(
        SignatureLine(
            "a" * 16, "message", "payment refused", 90, 90, "lead", None,
            (Part("message", "payment refused", counts=True), Part("logger", "pay", counts=False)),
            "b" * 16, "payment <*>", 3,
        ),
        SignatureLine("c" * 16, "request", "POST /pay answered 500", 6, 6, "request", 0.9, (), None, "", 0),
    ),
    trends=(Trend(END_NS - 24 * HOUR_NS, HOUR_NS, "requests", (0,) * 20 + (1, 8, 4, 2), (4,) * 23 + (0,)),),
    neighbours=(
        Neighbour("d" * 16, "e" * 16, "acme", "shop", "payment late", 4, "it reads alike", "other words: late", (0, 4)),
        Neighbour("f" * 16, "9" * 16, "acme", "desk", "payment refused", 4, "reads alike", "of another service", None),
    ),
    insert_ids=tuple(f"e{number}" for number in range(30)),
    rules=((0, "told by a person"),),
)  # fmt: skip


def viewed(examination: Examination = EXAMINED) -> ExaminedView:
    return view_examined(cluster(), examination, (ENTRY,), near=Near.of(WINDOW))


def test_the_trend_lines_up_below_its_columns() -> None:
    head, failed, asked, mark = viewed().trends[0]

    assert head.startswith("a column is 1 h, from 2026-09-14 00:00 UTC; at most 8 failed in one, of at most 4 requests")
    assert failed == f"failed    {'·' * 20}▁█▄▂"
    assert asked == f"requests  {'█' * 23}·"
    assert mark.index("^") == failed.index("▁")


def test_where_nothing_was_asked_the_trend_is_empty() -> None:
    trend = Trend(END_NS - 24 * HOUR_NS, HOUR_NS, "requests", (0, 1), (0, 0))

    assert viewed(replace(EXAMINED, trends=(trend,))).trends[0][1:] == ("failed     █", "requests   ·")


def test_of_many_entries_the_first_and_the_last_are_shown() -> None:
    assert shown_ids(EXAMINED, is_all=False) == tuple(f"e{number}" for number in (0, 1, 2, 3, 4, 25, 26, 27, 28, 29))
    assert len(shown_ids(EXAMINED, is_all=True)) == 30
    assert viewed().entries_left == "29 more between the first and the last: --all shows them"


def test_the_page_says_what_counted_why_it_is_in_and_what_is_not() -> None:
    page = text_of(draw_cluster(view_cluster(cluster(), Lookup(findings())), viewed()))
    told = " ".join(page.split())

    assert "counts: message `payment refused` told only: logger `pay`" in told
    assert "the request that failed of it (90% of the time); 6 occurrences, 6 entries" in told
    assert f"template {'b' * 16}, shared with 2 other signatures: payment <*>" in told
    assert "it reads alike, not in it: other words: late; never together" in told
    assert "clusters.rules[0] of config.yaml had a hand in this: told by a person" in told
    assert "\x1b" not in page
    running = [
        line for line in page.splitlines() if not line.startswith(("    gcloud", "    curl", "  logs ", "  trace "))
    ]
    assert all(len(line) <= 80 for line in running)


def test_the_json_holds_the_same() -> None:
    told = examined_json(EXAMINED, (ENTRY,))

    assert told["entries_total"] == 30
    assert told["entries"][0]["at"].endswith("Z")
    assert [one["rule"] for one in told["signatures"]] == ["lead", "request"]
    assert [one["together"] for one in told["neighbours"]] == [(0, 4), None]
