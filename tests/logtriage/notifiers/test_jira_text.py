"""Our Markdown in Jira's two markups."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtriage.escape import code, md
from logtriage.notifiers.jira_text import adf, adf_words, wiki
from logtriage.notifiers.markdown_blocks import parse_blocks
from logtriage.ticket_view import ticket
from tests.support.adf_shape import adf_mistakes
from tests.support.findings import findings
from tests.support.hostile import HOSTILE, poisoned
from tests.support.tickets import tracked


def _first(markdown: str) -> dict[str, Any]:
    node: dict[str, Any] = adf(markdown)["content"][0]
    return node


def test_a_real_ticket_is_a_good_document_that_fits() -> None:
    body = ticket(findings(), tracked()).body
    document = adf(body)

    assert adf_mistakes(document) == []
    assert len(json.dumps(document, ensure_ascii=False)) < 32_767
    assert "94 of 96 requests fail on 00008-bad" in adf_words(document)
    assert "--update-secrets=PAYMENT_KEY=payment-key:7" in adf_words(document)
    assert "flowchart" not in adf_words(document)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_ticket_is_a_good_document_that_fits(name: str) -> None:
    body = ticket(poisoned(findings(), HOSTILE[name][:2000]), tracked()).body
    document = adf(body)

    assert adf_mistakes(document) == []
    assert len(json.dumps(document, ensure_ascii=False)) < 32_767
    assert len(wiki(body)) < 32_767


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab *_`[]()<>&\\|#->\n~1.=/:{}!", max_size=120))
def test_any_text_is_a_good_document(text: str) -> None:
    assert adf_mistakes(adf(text)) == []
    assert isinstance(wiki(text), str)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab *_`[]()<>&\\|#->~1.=/:{}!@", min_size=1, max_size=60))
def test_escaped_text_reads_as_it_was(text: str) -> None:
    shown = adf_words(adf(f"- {md(text)}")).strip()

    assert " ".join(shown.split()) == " ".join(text.split()) or not text.strip()


@pytest.mark.parametrize(
    ("markdown", "node"),
    [
        ("## What", None),
        ("## What\n\nx", {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "What"}]}),
        ("---", {"type": "rule"}),
        ("```sh\nls\n```", {"type": "codeBlock", "attrs": {"language": "sh"},
                            "content": [{"type": "text", "text": "ls"}]}),
        ("a **b** *c*", {"type": "paragraph", "content": [
            {"type": "text", "text": "a "}, {"type": "text", "text": "b", "marks": [{"type": "strong"}]},
            {"type": "text", "text": " "}, {"type": "text", "text": "c", "marks": [{"type": "em"}]}]}),
        ("[Logs](https://x.example/a)", {"type": "paragraph", "content": [
            {"type": "text", "text": "Logs", "marks": [{"type": "link", "attrs": {"href": "https://x.example/a"}}]}]}),
        ("[Logs](javascript:alert)", {"type": "paragraph", "content": [{"type": "text", "text": "Logs"}]}),
        ("a<br>b", {"type": "paragraph", "content": [
            {"type": "text", "text": "a"}, {"type": "hardBreak"}, {"type": "text", "text": "b"}]}),
    ],
)  # fmt: skip
def test_each_kind_of_block_is_one_node(markdown: str, node: dict[str, Any] | None) -> None:
    if node is None:
        assert parse_blocks(markdown) == ()
    else:
        assert _first(markdown) == node


def test_lists_tables_quotes_and_details_keep_their_parts() -> None:
    text = (
        "- a\n\n- b\n  goes on\n\n1. c\n\n> d\n\n| x | y |\n|---|---|\n| 1 |\n\n"
        "<details><summary>More</summary>\n\ne\n\n</details>"
    )

    kinds = [block.kind for block in parse_blocks(text)]
    assert kinds == ["bullets", "numbers", "quote", "table", "details"]
    assert adf_mistakes(adf(text)) == []
    assert wiki(text) == "* a\n* b goes on\n\n# c\n\n{quote}\nd\n{quote}\n\n||x||y||\n|1| |\n\nh4. More\n\ne"


def test_diagrams_and_their_headings_are_left_out() -> None:
    assert [block.kind for block in parse_blocks("### Drawn\n\n```mermaid\nflowchart\n```\n\n### Next\n\nx")] == [
        "heading", "paragraph",
    ]  # fmt: skip


def test_what_does_not_fit_is_left_out_and_says_so() -> None:
    document = adf("\n\n".join(f"word {'x' * 500}" for _ in range(200)))

    assert len(json.dumps(document)) < 32_767
    assert "The rest is left out" in adf_words(document)
    assert "The rest is left out" in wiki("\n\n".join("y" * 500 for _ in range(200)))


@pytest.mark.parametrize(
    "text", ["{code}", "[~admin]", "!image.png!", "h1. x", "||a||", "SHOP-1", "*b*", ":)", "{color:red}"]
)
def test_wiki_text_of_logs_means_nothing(text: str) -> None:
    written = wiki(md(text))

    assert not any(sign in written.replace("&#", "") for sign in "{}[]!|*:)-")
    assert not written.startswith("h1.")


def test_code_of_logs_does_not_end_its_block() -> None:
    assert wiki("```\n{noformat}\nx\n```").count("{noformat}") == 2
    assert "{code}" not in wiki(code("a {code} b"))
