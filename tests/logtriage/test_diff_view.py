"""Two revisions beside each other, in words and as JSON."""

import json
from typing import Any

from classifiers.changes import Difference
from classifiers.compare import Compared, Failing
from classifiers.findings import Change
from collector.records import Revision, Served
from collector.replacing import replace
from collector.window import Window
from logtriage.diff_view import Comparison, comparison_json, draw_diff, view_diff
from logtriage.fail_on import Verdict
from logtriage.templating import fill
from logtriage.terminal import text_of
from tests.support.findings import HOUR_NS, ONSET_NS, revision

BEFORE = revision("shop-00007-abc", ONSET_NS - HOUR_NS, actor="deployer@acme.iam.gserviceaccount.com", tool="gcloud")
AFTER = revision("shop-00008-bad", ONSET_NS, requests=96)
DIFFERENCE = Difference(
    "shop-00007-abc", "shop-00008-bad",
    (Change("env_removed", "KEY", "secret key:7"), Change("image", "image", "x" * 90 + "@sha256:aa", "b")),
    "both", ("memory",), ("what is stored of shop-00007-abc does not tell it",),
)  # fmt: skip
NEW = Compared("c1", "payment refused", "requests", 0, 118, 94, 96, None, 1e-30, "new", elsewhere=("shop-00009-new",))
GROWN = Compared("c2", "cache | time-out", "requests", 2, 118, 20, 96, 12.3, 0.0004, "grown")
OPEN = Compared("c3", "drawer open", "requests", 0, 118, 1, 96, None, 1.0, "cannot tell", 4000, "before")
ALIKE = Compared("c4", "printer offline", "minutes", 3, 60, 2, 50, 0.8, 1.0, "alike")


def comparison(*clusters: Compared, together: int = 0, **changes: Any) -> Comparison:
    failing = Failing(clusters, "requests", 118, 96, together)
    window = Window(ONSET_NS - HOUR_NS, ONSET_NS + HOUR_NS)
    return replace(Comparison(BEFORE, AFTER, DIFFERENCE, failing, "", window), **changes)


def terminal(found: Comparison) -> str:
    return text_of(draw_diff(view_diff(found)))


def lines(found: Comparison) -> dict[str, str]:
    return {line.label: line.text for line in view_diff(found).about}


def test_the_first_line_says_whether_code_or_configuration_changed() -> None:
    head = "shop 00007-abc -> 00008-bad: "

    assert view_diff(comparison()).title == head + "both code and configuration"
    only = replace(DIFFERENCE, label="code only")
    assert view_diff(comparison(difference=only)).title == head + "code only"


def test_each_revision_says_who_deployed_it_when_and_what_it_served() -> None:
    assert lines(comparison())["FROM"] == (
        "shop 00007-abc   created 2026-09-14 19:00 by deployer@acme.iam.gserviceaccount.com with gcloud   "
        "traffic since 2026-09-14 19:00   100 requests in all"
    )


def test_traffic_is_told_by_time_and_share_and_what_is_odd_about_it() -> None:
    periods = (Served(ONSET_NS, ONSET_NS + HOUR_NS, 10), Served(ONSET_NS + 2 * HOUR_NS, None, 90))
    odd = replace(AFTER, periods=periods, rolled_back_ns=(ONSET_NS + 2 * HOUR_NS,), is_pinned=True, tags=("canary",))

    assert (
        "   traffic 2026-09-14 20:00 to 2026-09-14 21:00, 10 %   "
        in lines(comparison(after=replace(AFTER, periods=periods[:1])))["TO"]
    )
    assert (
        "   traffic 2026-09-14 20:00 on, 90 %, in 2 periods, rolled back to 2026-09-14 22:00, pinned, tag canary   "
        in lines(comparison(after=odd))["TO"]
    )


def test_a_revision_that_failed_says_why() -> None:
    failed = replace(AFTER, failed_ns=ONSET_NS, ready_ns=None, failure="container did not start", requests=0)

    assert "   failed 2026-09-14 20:00: container did not start   " in lines(comparison(after=failed))["TO"]


def test_what_is_not_known_of_a_revision_is_not_made_up() -> None:
    bare = Revision("p", "shop", "shop-00006-zzz", None, None, None, ONSET_NS, None, None, 0, None)

    assert lines(comparison(before=bare))["FROM"] == (
        "shop 00006-zzz   first seen 2026-09-14 20:00   no traffic known   0 requests in all"
    )


def test_commits_are_told_where_one_is_known() -> None:
    known = replace(AFTER, commit="e5f6a7b8c9d0e1f2")

    assert "COMMIT" not in lines(comparison())
    assert lines(comparison(after=known))["COMMIT"] == "not known -> e5f6a7b8c9d0"
    linked = comparison(after=known, commits="https://github.com/acme/shop/compare/a...b")
    assert lines(linked)["COMMIT"].endswith("   https://github.com/acme/shop/compare/a...b")


def test_the_way_back_is_told_as_such() -> None:
    assert "NOTE" in lines(comparison(before=AFTER, after=BEFORE))
    assert "NOTE" not in lines(comparison())


def test_changes_tell_source_and_version_and_the_end_of_what_is_long() -> None:
    rows = view_diff(comparison()).changes

    assert (rows[0].mark, rows[0].before, rows[0].after) == ("- KEY", "secret key:7", "")
    assert len(rows[1].before) == 60
    assert rows[1].before.endswith("x@sha256:aa")


def test_failures_are_told_effect_first_with_counts_and_denominators() -> None:
    rows = view_diff(comparison(NEW, GROWN, OPEN, ALIKE)).failed
    more = "cannot tell, 4,000 more requests without it on 00007-abc would"

    assert [(row.label, row.rates) for row in rows] == [
        ("NEW", "94/96 requests on 00008-bad, 0/118 on 00007-abc, p < 1e-6; on 1 other revision too"),
        ("GROWN", "12 x, 20/96 requests on 00008-bad, 2/118 on 00007-abc, p 0.0004"),
        ("OPEN", f"1/96 requests on 00008-bad, 0/118 on 00007-abc; {more}"),
        ("ALIKE", "2/50 instance minutes on 00008-bad, 3/60 on 00007-abc, no difference is shown"),
    ]  # fmt: skip


def test_a_zero_has_its_denominator() -> None:
    assert "118 requests on 00007-abc, 96 on 00008-bad" in view_diff(comparison()).served
    assert "0 clusters on either of them" in terminal(comparison())


def test_it_says_whether_both_served_at_the_same_time() -> None:
    assert view_diff(comparison(together=3)).served.endswith("; both in the same 3 minutes")
    assert "never in the same minute" in view_diff(comparison()).served


def test_failures_that_are_not_compared_say_why() -> None:
    bare = comparison(failing=None, why_not="they are of two services, and a cluster is a failure of one")

    assert "failures are not compared: they are of two services" in " ".join(terminal(bare).split())
    assert view_diff(bare).failed == ()


def test_more_clusters_that_fail_alike_are_counted() -> None:
    rows = view_diff(comparison(*[ALIKE] * 5, *[OPEN] * 7)).failed

    assert [row.rates for row in rows if "more" in row.rates and not row.label] == ["2 more", "2 more"]
    assert len(rows) == 5 + 1 + 3 + 1


def test_what_would_never_be_waited_for_is_no_advice() -> None:
    far = replace(OPEN, needed=90_000)

    assert view_diff(comparison(far)).failed[0].rates.endswith("; cannot tell")


def test_a_side_that_was_asked_nothing_says_so() -> None:
    bare = replace(OPEN, exposed_before=0, needed=None)

    assert (
        view_diff(comparison(bare))
        .failed[0]
        .rates.startswith("1/96 requests on 00008-bad, nothing known to have been asked on 00007-abc")
    )


def test_a_key_that_may_have_a_new_name_is_told() -> None:
    assert lines(comparison(renamed={"OLD": "NEW"}))["NOTE"] == "OLD may be NEW now: it holds the same"


def test_the_terminal_tells_all_of_it() -> None:
    text = terminal(comparison(NEW))

    assert "- KEY   env_removed\n    before secret key:7\n~ image\n    before ...x" in text
    assert "OPEN    not known: memory: what is stored of shop-00007-abc does not tell it" in text
    assert " NEW     94/96 requests on 00008-bad" in text


def test_no_line_is_wider_than_the_terminal() -> None:
    text = terminal(comparison(NEW, GROWN, OPEN, ALIKE))

    assert max(map(len, text.splitlines())) <= 80
    wide = text_of(draw_diff(view_diff(comparison(NEW)), 120))
    assert "- KEY    env_removed  secret key:7" in wide


def test_markdown_escapes_what_log_text_holds() -> None:
    told = fill("diff.md.j2", view_diff(comparison(GROWN)))

    assert "# shop 00007-abc -&gt; 00008-bad: both code and configuration" in told
    assert "| `- KEY` | env_removed | `secret key:7` |  |" in told
    assert "<code>cache &#124; time-out</code>" in told


def test_json_tells_figures_and_what_the_conditions_said() -> None:
    found = comparison_json(comparison(NEW, OPEN), Verdict(("matched",), ("open",)))

    assert json.loads(json.dumps(found)) == found
    assert (found["label"], found["unknown"][0]["section"]) == ("both", "memory")
    assert found["failures"]["clusters"][0]["after"] == {"failures": 94, "exposed": 96}
    assert found["failures"]["clusters"][1]["needed_on"] == "before"
    assert found["fail_on"] == {"matched": ["matched"], "cannot_tell": ["open"]}
    bare = comparison_json(comparison(failing=None, why_not="why", window=None), Verdict((), ()))
    assert (bare["failures"], bare["failures_not_compared"], bare["window"]) == (None, "why", None)
