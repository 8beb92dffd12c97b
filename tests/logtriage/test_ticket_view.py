"""An incident as a ticket: worth reading, within limits, and safe whatever the log holds."""

import re
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from markdown_it import MarkdownIt  # comes with rich
from markdown_it.token import Token

from classifiers.findings import Findings
from classifiers.followed import Tracked
from collector.replacing import replace
from logtriage.lines import Line
from logtriage.message import Link
from logtriage.ticket_view import BODY, TITLE, Ticket, comment, message_body, reply_text, ticket, ticket_title
from tests.support.findings import END_NS, HOUR_NS, cluster, findings
from tests.support.hostile import HOSTILE, poisoned
from tests.support.tickets import incident_message, state_row, tracked, verification

# What a host makes a mention, an issue, a commit, a link or a picture of a face of.
_LINKED = re.compile(r"@\w|[#!]\d|\bGH-\d|://|\bwww\.|(?<![\w-])(?=[a-f]*\d)[0-9a-f]{7,40}(?![\w-])", re.IGNORECASE)
_HOSTILE = {**HOSTILE, "tickets": "closes #3 fixes GH-12, o/r#4 !7 see 4b03b5b1 or @octo/team <!-- x -->"}


@cache
def _told(name: str) -> tuple[Ticket, str]:
    """Ticket and comment of findings that hold a hostile text everywhere."""
    text = _HOSTILE.get(name, "harmless")
    found = poisoned(findings(), text)
    story = replace(cast("Tracked", poisoned(cast("Findings", tracked()), text)), number=1)
    return ticket(found, story), reply_text(incident_message(news=text, comment=comment(found, story)))


def _parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_text_makes_no_block_tag_link_or_mention(name: str) -> None:
    for page, harmless in zip((_told(name)[0].body, _told(name)[1]), (_told("-")[0].body, _told("-")[1]), strict=True):
        kinds, expected = ([f"{token.level} {token.type}" for token in _parsed(text)] for text in (page, harmless))
        assert kinds == expected
        for token in (child for one in _parsed(page) for child in one.children or ()):
            assert token.type not in {"image", "s_open"}
            if token.type in {"text", "text_special"}:
                assert not _LINKED.search(token.content), token.content
            if token.type == "html_inline":
                assert token.content in {"<code>", "</code>", "<sub>", "</sub>", "<br>"}
            if token.type == "link_open":
                assert str(token.attrs["href"]).startswith("https://console.cloud.google.com/")


def test_commands_are_by_the_id_that_holds_in_every_window() -> None:
    assert "All of it: `logtriage show c-pay`" in ticket(findings(), tracked()).body


def test_what_stands_above_is_not_told_again() -> None:
    body = ticket(findings(), tracked(history=(state_row(),))).body

    assert "### History" not in body
    assert "| `shop: payment refused (403)` | 09-14 20:00 | ongoing |" in body
    assert "| `desk: order took too long` | 09-15 00:00 | resolved: 40 orders pass |" in body


@pytest.mark.parametrize("name", _HOSTILE)
def test_titles_keep_their_form_their_limit_and_mention_nobody(name: str) -> None:
    title = _told(name)[0].title

    assert title.startswith("GCP-ongoing | P0 | ")
    assert len(title) <= TITLE
    assert not _LINKED.search(re.sub(r"[0-9a-f]{7,}", "", title))
    assert "`" not in title
    assert "\n" not in title


def test_a_ticket_tells_what_a_developer_needs_in_order() -> None:
    body = ticket(findings(), tracked()).body

    told = ["**P0 ongoing** since 09-14 20:00 UTC · `shop` in `acme-test`", "| CHANGE |", "94/96", "### Do first",
            "--update-secrets=PAYMENT_KEY=payment-key:7", "### Done when", "- [ ] **NOT YET** 30 service calls",
            "12 of 30 attempts since 00009-new took traffic, 0 failed; 3 stragglers on older revisions",
            "### What pulls down what", "```mermaid\nflowchart LR", "### Why", "### What belongs to it",
            "### History", "<details><summary>Evidence", "| 00008-bad | 94/96 |", "HTTPException: 403",
            "[logs](https://console"]  # fmt: skip
    at = [body.find(words) for words in told]
    assert -1 not in at
    assert at == sorted(at)


def test_every_time_in_a_ticket_bears_its_date() -> None:
    body = ticket(findings(), tracked()).body

    assert not re.search(r"(?<!\d\d-\d\d )(?<![\d:%-])\b\d\d:\d\d\b(?!:)", body.partition("<details>")[0])


@pytest.mark.parametrize(
    ("state", "title"),
    [("new", "GCP-new"), ("regressed", "GCP-regression"), ("resolved", "GCP-resolved"), ("muted", "GCP-muted")],
)
def test_titles_tell_the_state(state: Any, title: str) -> None:
    assert ticket_title(tracked(state=state)) == f"{title} | P0 | shop: payment refused (403)"
    assert ticket_title(tracked(state=state, service="")) == f"{title} | P0 | payment refused (403)"


def test_labels_tell_the_priority_and_where_the_fault_sits() -> None:
    assert ticket(findings(), tracked()).labels == ("P0", "fault: configuration")
    assert ticket(findings(), tracked(root="gone", priority="P2")).labels == ("P2",)


def test_a_criterion_that_is_met_is_ticked() -> None:
    rows = (
        verification(verdict="VERIFIED", attempts=41, needed=30, stragglers=0),
        verification(verdict="FAILING", failures=2),
        verification(verdict="NOT TESTABLE", needed=None, attempts=0, why="nobody calls it"),
    )

    body = ticket(findings(), tracked(verifications=rows)).body

    assert (
        "- [x] **VERIFIED** 30 service calls pass without 403 (41 attempts since 00009-new took traffic, 0 failed)"
        in body
    )
    assert "- [ ] **FAILING** 30 service calls pass without 403 (12 attempts since 00009-new" in body
    assert "- [ ] **NOT TESTABLE** 30 service calls pass without 403\n  nobody calls it" in body


def test_an_incident_that_the_window_no_longer_shows_keeps_its_story() -> None:
    story = tracked(number=None, state="resolved", since_ns=END_NS, statement="41 calls passed")

    body = ticket(findings(), story).body

    assert body.startswith("**P0 resolved** 09-14 20:00 to 09-14 23:00 UTC")
    assert "### History" in body
    assert "logtriage show" not in body
    assert "### Do first" not in body


def test_one_that_is_back_says_since_when_and_since_when_at_first() -> None:
    body = ticket(findings(), tracked(state="regressed", since_ns=END_NS - HOUR_NS)).body

    assert body.startswith("**P0 back** since 09-14 23:00 UTC, first seen 09-14 20:00")


def test_a_state_is_told_once_with_its_last_word() -> None:
    rows = (
        state_row(statement="29 more needed"),
        state_row(),
        state_row(state="resolved", statement="41 calls passed"),
    )

    body = ticket(findings(), tracked(history=rows)).body

    assert "29 more needed" not in body
    assert "| 09-14 20:00 | P0 new | first seen on 00008-bad |\n| 09-14 20:00 | P0 resolved | 41" in body


def test_what_does_not_fit_is_left_out_by_whole_sections_and_told() -> None:
    whole = ticket(findings(), tracked()).body
    short = ticket(findings(), tracked(), limit=4200).body

    assert len(short) <= 4200 < len(whole)
    assert "Left out, too long for a ticket: rival explanations" in short
    assert "### Do first" in short
    assert "### Done when" in short
    assert short.count("```") % 2 == 0
    assert short.count("<details>") == short.count("</details>")


def test_a_long_story_fits() -> None:
    states = ("resolved", "regressed") * 250
    many = tuple(
        state_row(at_ns=END_NS + at, state=state, statement=f"state {at} " + "long " * 50)
        for at, state in enumerate(states)
    )
    long = cluster(sample="\n".join("x" * 390 for _ in range(500)), title="y" * 5000)

    told = ticket(findings(clusters=(long, *findings().clusters[1:])), tracked(history=many))

    assert len(told.body) <= BODY
    assert "475 earlier states" in told.body


def test_a_template_of_a_folder_that_is_too_long_is_cut(tmp_path: Path) -> None:
    (tmp_path / "issue.md.j2").write_text("{% for _ in range(9000) %}{{ priority }} {{ state }}\n{% endfor %}")

    body = ticket(findings(), tracked(), templates=tmp_path).body

    assert body.startswith("P0 ongoing\n")
    assert len(body) <= BODY


def test_a_comment_tells_the_news_the_figures_and_the_criterion() -> None:
    message = incident_message(news="worse: P0, was P1", comment=comment(findings(), tracked()))

    text = reply_text(message)

    assert text.startswith("**worse: P0, was P1**\n\n| | |\n")
    assert "| BAD | 00008-bad: 94/96" in text
    assert "PULLS" not in text
    assert "- [ ] **NOT YET**" in text


def test_a_comment_on_what_is_gone_is_its_news() -> None:
    below = comment(findings(), tracked(number=None, verifications=()))

    assert below == ""
    assert reply_text(incident_message(news="over: 41 calls passed", comment=below)) == "**over: 41 calls passed**\n"
    assert reply_text(incident_message(news="")).startswith("**P0 new · shop")


def test_a_message_without_a_body_is_told_by_its_lines() -> None:
    message = incident_message(
        lines=(Line("WAS", "A_KEY:   secret a:1"), Line("", "<b> #12")), links=(Link("logs", "https://x.example/"),)
    )

    body = message_body(message)

    assert "- WAS A\\_KEY:, secret a:1" in body or "- WAS A_KEY:, secret a:1" in body
    assert "- &lt;b&gt; #&#8288;12" in body
    assert "```sh\nlogtriage show 1\n```" in body
    assert "[logs](https://x.example/)" in body


def test_findings_of_a_slower_operation_have_their_own_table() -> None:
    found = findings()
    root = found.latency[0]
    incident = replace(found.incidents[0], root=root.id, symptoms=())
    story = tracked(root=root.id)

    body = ticket(replace(found, incidents=(incident,)), story).body

    assert "480 ms" in body
