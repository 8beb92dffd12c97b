"""The page: whole in one file, in the order of the questions, and harmless whatever a log says."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from classifiers.findings import Evidence, Findings, Incident, Why
from collector.window import NS_PER_S
from logtriage.render import plain_report
from logtriage.report_config import ReportConfig
from tests.support.findings import (
    DAY_NS,
    ONSET_NS,
    cluster,
    dependency,
    empty_findings,
    findings,
    quiet_findings,
)
from tests.support.hostile import HOSTILE, poisoned
from tests.support.pages import course, hostile_findings

CONFIG = ReportConfig()
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Tags that are opened and closed in order, attributes, and the text outside style and script."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.raw: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"style", "script"}:
            self.raw[self.open[-1]] = self.raw.get(self.open[-1], "") + data
        else:
            self.said += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]


def drawn(**changes: Any) -> Findings:
    """An incident with its course and its whys."""
    whys = (
        Why("symptom", "94 of 96 requests failed", "measured", (Evidence("measured", "rows", "count_exposure"),)),
        Why("entry", "how the change got in is not known", "unknown", (), ("a commit that names it",)),
    )
    incident = Incident(1, "c-pay", ("c-slow",), "P0", "payment refused (403)", is_ongoing=True, whys=whys)
    made = findings(clusters=(cluster(series=course()), dependency()), incidents=(incident,))
    return made if not changes else findings(**changes)


def page(found: Findings, config: ReportConfig = CONFIG) -> str:
    return plain_report(found, config, form="html", recall=" --since 24h")


@pytest.mark.parametrize("build", [findings, drawn, quiet_findings, empty_findings])
def test_every_tag_is_closed_and_every_ident_is_used_once(build: Any) -> None:
    read = Page(page(build()))

    idents = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    targets = [(attrs["href"] or "")[1:] for attrs in read.all("a") if (attrs.get("href") or "").startswith("#")]
    labels = [ident for _, attrs in read.tags for ident in (attrs.get("aria-labelledby") or "").split()]
    assert read.open == []
    assert len(idents) == len(set(idents))
    assert set(targets) | set(labels) <= set(idents)


@pytest.mark.parametrize("build", [drawn, quiet_findings])
def test_nothing_is_loaded_and_nothing_runs_but_what_the_policy_names(build: Any) -> None:
    read = Page(page(build()))

    policy = next(attrs["content"] or "" for attrs in read.all("meta") if "http-equiv" in attrs)
    for name in ("style", "script"):
        told = base64.b64encode(hashlib.sha256(read.raw[name].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{told}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not any(name in attrs for _, attrs in read.tags for name in ("src", "srcset", "style", "action", "data"))
    assert not any(name.startswith("on") for _, attrs in read.tags for name in attrs)
    assert "@import" not in read.raw["style"]
    assert "url(" not in read.raw["style"]
    assert len(read.all("script")) == len(read.all("style")) == 1


def test_it_answers_in_the_order_of_somebody_in_a_hurry() -> None:
    said = Page(page(drawn())).said

    asked = ["WRONG NOW", "since 20:00", "What changed", "00008-bad", "Who is hit", "How sure", "Do first", "Evidence",
             "Coverage and blind spots", "Record of its own verdicts"]  # fmt: skip
    places = [said.index(one, said.index("Skip to the findings")) for one in asked[:7]] + [
        said.rindex(one) for one in asked[7:]
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(("build", "word"), [(quiet_findings, "NOTHING WRONG"), (empty_findings, "NOTHING SEEN")])
def test_a_quiet_window_and_an_empty_store_make_a_page(build: Any, word: str) -> None:
    text = page(build())

    assert f'<span class="lead">{word}</span>' in text
    assert "evidence" not in Page(text).raw
    assert 'id="coverage"' in text


def test_the_tone_tells_good_from_not_known() -> None:
    tones = [
        re.search(r'<header class="top (\w+)">', page(build())) for build in (findings, quiet_findings, empty_findings)
    ]

    assert [found[1] for found in tones if found] == ["bad", "good", "unknown"]


def test_incidents_beyond_the_first_are_folded() -> None:
    text = page(findings(), ReportConfig(full_incidents=1))

    first, second = text.split('id="incident-2"')
    assert '<div class="columns">' in first
    assert '<div class="columns">' not in second
    assert "What is known of it" in second


def test_what_is_over_is_told_calmly() -> None:
    over = findings(incidents=(Incident(1, "c-pay", (), "P0", "refused", is_ongoing=False),))

    assert 'class="card p0 over"' in page(over)
    assert 'class="card p0"' in page(findings())


def test_steps_of_why_say_how_each_is_known() -> None:
    said = Page(page(drawn())).said

    assert "94 of 96 requests failed" in said
    assert "Refuted by a commit that names it" in said


def test_hostile_text_runs_nothing_and_opens_no_tag() -> None:
    text = page(hostile_findings())
    read, calm = Page(text), Page(page(drawn()))

    assert read.open == []
    assert len(read.all("script")) == len(read.all("style")) == 1
    assert {tag for tag, _ in read.tags} <= {tag for tag, _ in calm.tags} | {"br"}
    assert not any(name.startswith("on") for _, attrs in read.tags for name in attrs)
    assert not any("javascript:" in (attrs.get("href") or "") for attrs in read.all("a"))
    assert "<script>alert(1)</script>" in read.said
    assert "{{ 7 * 7 }}" in read.said
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_any_field_may_hold_what_a_log_holds(name: str) -> None:
    text = page(poisoned(drawn(), HOSTILE[name]))
    read, calm = Page(text), Page(page(poisoned(drawn(), "word")))

    assert read.open == []
    assert len(read.all("script")) == 1
    assert {tag for tag, _ in read.tags} <= {tag for tag, _ in calm.tags}
    assert {key for _, attrs in read.tags for key in attrs} <= {key for _, attrs in calm.tags for key in attrs}
    assert len(text) < 400_000


def test_hostile_text_keeps_no_mark_that_cannot_be_seen() -> None:
    text = page(hostile_findings())

    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    text.encode()


def test_a_message_of_a_megabyte_is_cut() -> None:
    assert len(page(hostile_findings())) < 150_000


def test_a_drawing_has_its_words_its_legend_and_its_counts() -> None:
    text = page(drawn())
    svg = re.search(r'<svg class="rates".*?</svg></div>', text, re.DOTALL)

    assert svg
    assert 'role="img"' in svg[0]
    assert "00008-bad: 2 of 4 requests failed (50 %)" in svg[0]
    assert "began 20:00" in svg[0]
    assert "00008-bad, the revision blamed" in text
    assert "<td>2/4</td>" in text


def test_where_nothing_was_asked_nothing_is_drawn() -> None:
    text = page(drawn())

    groups = re.findall(r"<g><title>(\d\d-\d\d )?(\d\d:\d\d) UTC", text)
    told = {when for _, when in groups}
    assert "09:45" in told
    assert "12:00" not in told
    assert "15:00" in told


def test_the_same_findings_give_the_same_bytes() -> None:
    assert page(drawn()) == page(drawn())


def test_a_course_that_began_before_what_is_drawn_says_so() -> None:
    old = cluster(series=course(), onset=cluster().onset.__class__(
        ONSET_NS - 3 * DAY_NS, ONSET_NS - 3 * DAY_NS - NS_PER_S, ONSET_NS - 3 * DAY_NS, 0.0, 0.5, "requests"
    ))  # fmt: skip
    text = page(findings(clusters=(old,), incidents=(Incident(1, "c-pay", (), "P0", "refused", is_ongoing=True),)))

    assert "began 09-11 20:00, before this" in text
