"""Messages as Block Kit: limits, hostile text, cuts that are told."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.replacing import replace
from logtriage.digest import build_digest
from logtriage.lines import Line
from logtriage.message import Link, Message
from logtriage.notifiers.block_kit import Extras, message_blocks, news_blocks, notification
from tests.support.block_rules import block_fault, shown_texts
from tests.support.findings import findings
from tests.support.hostile import HOSTILE
from tests.support.slack_messages import poisoned_message, slack_messages
from tests.support.tracked import with_tracked
from tests.web.slack_page import slack_page

MESSAGE = replace(build_digest(with_tracked(findings())).messages[0], links=())
_SAFE_MARKS = re.compile(r"&(?!amp;|lt;|gt;)|<(?!https?://)")


@pytest.mark.parametrize(("name", "message"), [*slack_messages().items()], ids=[*slack_messages()])
def test_every_message_keeps_all_limits_and_half_no_escape(name: str, message: Message) -> None:
    for blocks in (message_blocks(message), message_blocks(message, Extras("n" * 900, news_first=True)),
                   news_blocks(message, "note")):  # fmt: skip
        assert block_fault(blocks) == "", name
        assert not any(_SAFE_MARKS.search(text) for text in shown_texts(blocks)[1:])
    for text in (notification(message), notification(message, is_news=True)):
        assert 1 <= len(text) <= 3000
        assert not _SAFE_MARKS.search(text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_shows_as_it_is(text: str) -> None:
    """Read with every style that Slack knows, nothing of it becomes one."""
    message = poisoned_message(MESSAGE, text)
    blocks = [*message_blocks(message), *news_blocks(message)]

    shown = slack_page([blocks])
    own = slack_page([message_blocks(poisoned_message(MESSAGE, "word"))])

    for tag in ("<i>", "<s>", "<blockquote>", "<a "):
        assert tag not in shown
    assert shown.count("<b>") <= own.count("<b>")
    assert shown.count("<pre>") <= 1
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\x1b]", shown)


@given(st.text(alphabet=st.one_of(st.sampled_from("*_~`<>&|:@#! \n\u202ea"), st.characters()), max_size=400))
def test_any_text_is_taken_and_styles_nothing(text: str) -> None:
    message = replace(MESSAGE, headline=text, news=text, footer=text, lines=(Line("HIT", text),), command="")

    blocks = [*message_blocks(message, Extras(news_first=True)), *news_blocks(message)]

    assert block_fault(blocks) == ""
    shown = slack_page([blocks])
    assert not any(tag in shown for tag in ("<i>", "<s>", "<blockquote>", "<a ", "<pre>", "<code>"))
    assert shown.count("<b>") <= 1


def test_no_text_can_call_a_channel_or_make_a_link() -> None:
    hostile = "<!channel> <!here|x> <@U1> <#C1> <https://evil.example|ok> https://evil.example @channel"
    blocks = message_blocks(poisoned_message(MESSAGE, hostile))

    assert not re.search(r"<[!@#h]", "".join(shown_texts(blocks)[1:]))
    texts = [text for block in blocks for text in block.get("elements", [block.get("text")])]
    assert all(text["verbatim"] for text in texts if text["type"] == "mrkdwn")


def test_who_is_woken_reads_the_headline_then_the_change_and_what_to_do_before_its_grounds() -> None:
    texts = "\n".join(shown_texts(message_blocks(MESSAGE)))

    order = ["P0 ongoing · shop", "*Change*", "*Good*", "*Bad*", "*Hit*", "*How sure*", "*Do*", "```", "*Grounds*"]
    places = [texts.index(one) for one in order]
    assert places == sorted(places)


def test_a_headline_longer_than_a_header_goes_on_below() -> None:
    headline = "P0 new · shop · " + "word " * 50 + "since 20:33 UTC"
    blocks = message_blocks(replace(MESSAGE, headline=headline))

    assert blocks[0]["text"]["text"].endswith("word...")
    assert blocks[1]["text"]["text"].startswith("... word")
    assert blocks[1]["text"]["text"].endswith("since 20:33 UTC")


def test_a_command_is_whole_or_not_there() -> None:
    kept = message_blocks(replace(MESSAGE, command="gcloud run --set='a ``` & <b>'"))
    dropped = message_blocks(replace(MESSAGE, command="gcloud " + "x" * 3000))

    assert "```gcloud run --set='a ``''` &amp; &lt;b&gt;'```" in shown_texts(kept)
    assert not any("gcloud x" in text for text in shown_texts(dropped))
    assert any("copy it from the report" in text for text in shown_texts(dropped))


def test_a_command_that_changes_the_service_says_so() -> None:
    undo = message_blocks(replace(MESSAGE, command="gcloud run services update shop"))
    look = message_blocks(replace(MESSAGE, command="logtriage diff 1 2"))

    assert "*Undo*  this changes the service:\n```gcloud run services update shop```" in shown_texts(undo)
    assert "```logtriage diff 1 2```" in shown_texts(look)


def test_a_cut_is_told_and_a_whole_message_says_nothing_of_it() -> None:
    cut = replace(MESSAGE, lines=(*MESSAGE.lines, Line("HIT", "y" * 900)))
    many = replace(MESSAGE, lines=tuple(Line(f"L{at}", "z" * 600) for at in range(60)))

    assert "Cut to what fits" not in json.dumps(message_blocks(MESSAGE))
    for message in (cut, many):
        assert shown_texts(message_blocks(message))[-1].startswith("Cut to what fits in Slack")
    assert any("```" in text for text in shown_texts(message_blocks(many)))


def test_links_are_links_of_ours_and_nothing_else() -> None:
    links = (Link("Report", "https://x.example/a?b=1&c=<|>"), Link("Bad", "javascript:alert(1)"),
             Link("<!here>", "https://y.example/"))  # fmt: skip

    texts = shown_texts(message_blocks(replace(MESSAGE, links=links)))

    assert "<https://x.example/a?b=1&amp;c=%3C%7C%3E|Report> · <https://y.example/|&lt;!here&gt;>" in texts


def test_a_command_of_a_line_is_code_to_copy() -> None:
    message = replace(MESSAGE, lines=(Line("DO", "restore it: logtriage show 1", "logtriage show 1"),))

    assert "*Do*  restore it: `logtriage show 1`" in shown_texts(message_blocks(message))


def test_when_it_is_fixed_reads_as_a_sentence_below_the_command() -> None:
    message = replace(MESSAGE, lines=(Line("DO", "restore it"), Line("DONE", "when 30 calls pass; now 0/30")))

    texts = shown_texts(message_blocks(message))

    assert texts.index("*Fixed*  when 30 calls pass; now 0/30") > texts.index("*Do*  restore it")


def test_news_lead_only_where_there_is_no_reply_for_them() -> None:
    message = replace(MESSAGE, news="Back since 22:10.")

    assert "Back since 22:10." not in shown_texts(message_blocks(message))
    assert shown_texts(message_blocks(message, Extras(news_first=True)))[1] == "Back since 22:10."
    assert shown_texts(news_blocks(message)) == ["🔴 Back since 22:10."]
    assert notification(message, is_news=True) == "🔴 Back since 22:10."
