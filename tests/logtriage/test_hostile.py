"""Hostile text in every field does no harm, on a terminal and in Markdown."""

import re
from collections.abc import Iterator
from functools import cache

import pytest
from markdown_it import MarkdownIt  # comes with rich
from markdown_it.token import Token
from rich.text import Text

from classifiers.findings import Findings
from collector.replacing import replace
from logtriage.cluster_view import view_cluster
from logtriage.diagrams.drawings import drawings_of
from logtriage.finding_view import view_finding
from logtriage.lookup import Lookup
from logtriage.render import plain_report
from logtriage.report_config import ReportConfig
from logtriage.show_view import NOT_EXAMINED, ShowView
from logtriage.templating import fill
from logtriage.terminal import draw_cluster, text_of
from logtriage.terminal_finding import draw_finding
from tests.support.findings import findings, revision
from tests.support.hostile import HOSTILE, poisoned

_OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
_CONSOLE = re.compile(r"https://console\.cloud\.google\.com/[\w/;=%.?&~-]+\Z")
_MOST = 200_000  # characters of a page, whatever the length of a message


@cache
def _found(name: str) -> Findings:
    """Everything poisoned, also in the ids by which findings name each other."""
    text = HOSTILE.get(name, "harmless")
    known = findings()
    config = {"image": f"{text}@{text}", "cloud_sql": [text], "ingress": text, "env": {}}
    revisions = tuple(replace(one, config=config) for one in (*known.revisions, revision("x", 1)))
    return poisoned(replace(known, revisions=revisions, warnings=("w",)), text)


@cache
def _pages(name: str, form: str) -> dict[str, str]:
    """The report, a cluster and what no entry tells."""
    found = _found(name)
    lookup = Lookup(found)
    told = view_cluster(found.clusters[0], lookup)
    silent = [
        *(view_finding(one, lookup) for one in found.latency),
        *(view_finding(one, lookup) for one in found.absent_events),
    ]
    report = plain_report(found, ReportConfig(full_incidents=1), form=form, recall=" --since 24h")
    if form == "markdown":
        return {
            "report": report,
            "show": fill("show.md.j2", ShowView(told, NOT_EXAMINED, drawings_of(found.clusters[0].id, found))),
            **{f"finding {at}": fill("finding.md.j2", one) for at, one in enumerate(silent)},
        }
    return {
        "report": report,
        "show": text_of(draw_cluster(told)),
        **{f"finding {at}": text_of(draw_finding(one)) for at, one in enumerate(silent)},
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_a_terminal_obeys_reaches_it(name: str) -> None:
    for page, text in _pages(name, "terminal").items():
        assert not _OBEYED.search(text), page
        assert len(text) < _MOST, page
        copied = re.compile(
            r"    (gcloud|curl|git|logtriage|openssl) |  (logs|trace|revisions) +https:| DO +|^ {9}gcloud"
        )
        wide = [line for line in text.splitlines() if Text(line).cell_len > 80 and not copied.match(line)]
        assert page != "report" or not wide  # tables are as wide as their names


@pytest.mark.parametrize("name", HOSTILE)
def test_no_block_of_markdown_begins_or_ends_in_a_text(name: str) -> None:
    for page, text in _pages(name, "markdown").items():
        assert not _OBEYED.search(text), page
        assert len(text) < _MOST, page
        assert _skeleton(text) == _skeleton(_pages("harmless", "markdown")[page]), page


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_holds_markup_of_its_own(name: str) -> None:
    for page, text in _pages(name, "markdown").items():
        for token in _inline(text):
            assert token.type in {"text", "text_special", "code_inline", "softbreak", "html_inline", "link_open",
                                  "link_close"}, (page, token)  # fmt: skip
            if token.type == "html_inline":
                assert token.content in {"<code>", "</code>"}, page
            if token.type == "link_open":
                assert _CONSOLE.match(str(token.attrs["href"])), page


def test_a_template_in_a_text_is_no_template() -> None:
    assert "49" not in _pages("templates", "markdown")["show"]
    assert "{{ 7 * 7 }}" in _pages("templates", "terminal")["show"]


def _parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def _skeleton(text: str) -> list[str]:
    """Kinds and depths of all blocks; how many lines a sample has is its own affair."""
    return [f"{token.level} {token.type} {token.markup if token.type != 'fence' else ''}" for token in _parsed(text)]


def _inline(text: str) -> Iterator[Token]:
    for token in _parsed(text):
        yield from token.children or ()
