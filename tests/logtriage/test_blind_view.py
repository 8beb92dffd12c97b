"""What is said while blind, in the headline, beside verdicts and to channels."""

from typing import get_args

import pytest

from classifiers.blind import BlindKind, Blindness, two_parts
from classifiers.findings import Findings
from collector.replacing import replace
from logtriage.blind_notices import blind_notices
from logtriage.cluster_view import view_cluster
from logtriage.digest import build_digest
from logtriage.digest_notices import heartbeat
from logtriage.export import findings_json, findings_schema
from logtriage.headline import verdict_words
from logtriage.lookup import Lookup
from logtriage.notifiers.tracker import TrackerConfig, tracker_steps
from logtriage.outbox import Tells, notice_id, told_to
from logtriage.report import build_report
from logtriage.report_config import ReportConfig
from tests.support.findings import END_NS, HOUR_NS, findings, quiet_findings

_LOST = Blindness(
    "permission", "logs", END_NS - 3 * HOUR_NS, None, "source logs may not be read; 3 h are missing", "grant the role"
)
_OVER = replace(_LOST, until_ns=END_NS - HOUR_NS, sentence="source logs could not be read", todo="", hides=False)


def _blind(seen: Findings, *spells: Blindness) -> Findings:
    return replace(seen, blindness=spells)


def test_nothing_is_called_well_while_blind() -> None:
    quiet = quiet_findings()

    assert verdict_words(quiet).startswith("NOTHING WRONG: ")
    told = verdict_words(_blind(quiet, _LOST))
    assert told.startswith("CANNOT TELL, BLIND since 21:00 (logs): 0 of 1,000 entries")
    assert verdict_words(_blind(findings(), _LOST)).endswith("; BLIND since 21:00 (logs)")
    assert verdict_words(_blind(quiet, _OVER)) == verdict_words(quiet)


def test_a_report_says_since_when_what_and_what_to_do() -> None:
    view = build_report(_blind(quiet_findings(), _LOST, _OVER), ReportConfig())

    assert [(row.title, row.note) for row in view.blindness] == [
        ("since 21:00, for 3 h", "source logs may not be read; 3 h are missing; do: grant the role"),
        ("21:00 to 23:00", "source logs could not be read"),
    ]


def test_a_verdict_of_a_blind_time_says_so() -> None:
    blind = _blind(findings(), _LOST)
    lines = view_cluster(blind.clusters[0], Lookup(blind)).lines

    assert [line.text for line in lines if line.label == "BLIND"] == [
        "since 21:00, for 3 h: source logs may not be read; 3 h are missing"
    ]


def test_a_spell_is_told_once_as_it_begins_and_once_as_it_is_over_to_those_who_were_told() -> None:
    (begun,) = blind_notices(Lookup(_blind(quiet_findings(), _LOST)), "")
    (over,) = blind_notices(Lookup(_blind(quiet_findings(), _OVER)), "")
    new = Tells("chat", {}, {})

    assert begun.headline == "logtriage may not read logs since 21:00 UTC"
    assert over.headline.startswith("logtriage could not read logs from 21:00 to 23:00 UTC")
    assert [one.act for one in told_to(new, [begun])] == ["notice"]
    assert told_to(new, [over]) == ()
    knows = replace(new, notices={begun.key: ("open", END_NS)}, notice_ids=frozenset({notice_id(begun, "chat")}))
    assert told_to(knows, [begun]) == ()
    assert [one.facts for one in told_to(knows, [over])] == ["over"]
    both = replace(knows, notice_ids=knows.notice_ids | {notice_id(over, "chat")})
    assert told_to(both, [over]) == ()


def test_that_logtriage_itself_was_down_is_told_although_nobody_could_be_told_before() -> None:
    down = Blindness("stopped", "", END_NS - 3 * HOUR_NS, END_NS - HOUR_NS, "it did not run", hides=False)
    (told,) = blind_notices(Lookup(_blind(quiet_findings(), down)), "")

    assert [one.facts for one in told_to(Tells("chat", {}, {}), [told])] == ["over"]
    assert told.headline.startswith("logtriage did not run from 21:00 to 23:00 UTC")


def test_what_is_too_short_to_be_news_reaches_no_channel() -> None:
    assert build_digest(_blind(quiet_findings(), replace(_LOST, is_news=False))).messages == ()


def test_a_sign_of_life_never_says_that_all_is_watched() -> None:
    tells = Tells("chat", {}, {}, first_look_ns=END_NS - 48 * HOUR_NS)
    calm, blind = (heartbeat(one, tells, 24, "") for one in (quiet_findings(), _blind(quiet_findings(), _LOST)))

    assert calm is not None
    assert blind is not None
    assert "blind" not in calm.headline
    assert blind.headline.endswith("UTC, but blind")
    assert [line.text for line in blind.lines if line.label == "BLIND"] == [
        "since 21:00 (logs): source logs may not be read; 3 h are missing"
    ]


@pytest.mark.parametrize("warnings", [True, False])
def test_a_tracker_gets_an_issue_only_where_it_asks_for_warnings(*, warnings: bool) -> None:
    (begun,) = blind_notices(Lookup(_blind(quiet_findings(), _LOST)), "")

    assert tracker_steps(TrackerConfig(kind="github", name="g", warnings=warnings), begun, None) == (
        ("open",) if warnings else ()
    )


def test_a_message_is_parted_after_its_first_sentence_outside_of_brackets() -> None:
    assert two_parts("It failed (`a. b`. c). Do this. And that.") == ("It failed (`a. b`. c)", "Do this. And that")
    assert two_parts("It failed") == ("It failed", "")


def test_every_kind_is_in_the_schema_and_has_its_words() -> None:
    kinds = get_args(BlindKind)
    spells = [replace(_LOST, kind=kind) for kind in kinds]

    told = findings_json(_blind(quiet_findings(), *spells))["blindness"]

    assert [one["kind"] for one in told] == list(kinds)
    assert findings_schema()["$defs"]["blindness"]["properties"]["kind"]["enum"] == list(kinds)
    assert len({one.headline for one in blind_notices(Lookup(_blind(quiet_findings(), *spells)), "")}) >= len(kinds) - 1
