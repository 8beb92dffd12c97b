"""How long a mute lasts, and how mutes are told."""

import pytest

from classifiers.followed import Mute
from collector.window import NS_PER_S, format_ns, parse_instant_ns
from logtriage.errors import WrongUsage
from logtriage.mute_view import mute_rows, woken_lines
from logtriage.muting import until_of
from logtriage.wording import Near
from tests.support.findings import quiet_findings

NOW_NS = parse_instant_ns("2026-09-14T20:00:00Z", name="now", now_ns=0)
DAY_NS = 86_400 * NS_PER_S


@pytest.mark.parametrize(
    ("duration", "until", "end"),
    [
        (None, None, "2026-09-21T20:00:00Z"),
        ("12h", None, "2026-09-15T08:00:00Z"),
        ("90d", None, "2026-12-13T20:00:00Z"),
        (None, "2026-09-30", "2026-09-30T00:00:00Z"),
    ],
)
def test_a_mute_ends_after_a_week_unless_said_otherwise(duration: str | None, until: str | None, end: str) -> None:
    assert format_ns(until_of(duration, until, now_ns=NOW_NS)) == end


@pytest.mark.parametrize(
    ("duration", "until", "said"),
    [
        ("soon", None, "--for is `soon`, which is no duration"),
        ("91d", None, "--for is `91d`, which is more than 90 days away"),
        ("0d", None, "lies not after 2026-09-14T20:00:00Z"),
        (None, "7d", "--until is `7d`, which is a duration. Write --for 7d."),
        (None, "2020-01-01", "--until is `2020-01-01`, which lies not after"),
        (None, "2030-01-01", "more than 90 days away"),
        ("1d", "2026-09-30", "--for and --until are both given"),
    ],
)
def test_a_mute_without_an_end_in_sight_is_refused(duration: str | None, until: str | None, said: str) -> None:
    with pytest.raises(WrongUsage) as raised:
        until_of(duration, until, now_ns=NOW_NS)

    assert said in str(raised.value)


def test_what_was_woken_or_ended_is_told_first_with_what_is_new() -> None:
    window = quiet_findings().window
    end_ns = window.end_ns

    def mute(name: str, until_ns: int, **more: object) -> Mute:
        return Mute(name, "p", "shop", "c", name, ("s",), until_ns, end_ns - 2 * DAY_NS, "", **more)  # type: ignore[arg-type] # fields of a mute

    mutes = (
        mute("holds", end_ns + DAY_NS, failures=3, last_failure_ns=end_ns - NS_PER_S, finding_ids=("c7",)),
        mute("ended", end_ns - 60 * NS_PER_S),
        mute("woken", end_ns + 2 * DAY_NS, woken_by="s2", news="GET /orders \x1b[31manswered 503", news_ns=end_ns - 1),
    )

    rows = mute_rows(quiet_findings(mutes=mutes), Near.of(window), is_list=True)
    brief = mute_rows(quiet_findings(mutes=mutes), Near.of(window))

    assert [title for title, _ in rows] == ["shop: ended", "shop: woken", "shop: holds"]
    assert "what fails of it is told again" in rows[0][1]
    assert "by what was not among it: GET /orders" in rows[1][1]
    assert "\x1b" not in rows[1][1]
    assert "3 failures since" in rows[2][1]
    assert rows[2][1].endswith("(c7; mute holds)")
    assert brief[2][1].endswith(" (c7)")  # what `show` takes; the list has the mute


def test_the_incident_that_woke_a_mute_says_so_and_others_do_not() -> None:
    window = quiet_findings().window
    woken = Mute(
        "m", "p", "shop", "c", "payment refused", ("s",), window.end_ns + DAY_NS, window.start_ns, "",
        woken_by="s2", news="answered 503 \x1b[31m", news_ns=window.end_ns - 1, finding_ids=("c-new",),
    )  # fmt: skip
    seen = quiet_findings(mutes=(woken,))

    (line,) = woken_lines("c-new", seen, Near.of(window))

    assert line.label == "WOKEN"
    assert line.text.startswith("shop: payment refused was muted; woken at ")
    assert "by what was not among it: answered 503" in line.text
    assert "\x1b" not in line.text
    assert woken_lines("c-other", seen, Near.of(window)) == ()
