"""Mermaid texts: what they say, and that no name makes them say anything else."""

import re

import pytest

from classifiers.findings import Findings
from logtriage.diagrams.drawings import Drawings, view_drawings
from logtriage.diagrams.mermaid import label
from tests.support.drawn import HOSTILE, drawn_findings, hostile_findings

_LINES = {
    "sequenceDiagram": re.compile(
        r"    (?:participant p\d+ as \S.*|p\d+(?:->>|-->>|-x)p\d+: \S.*|Note over p\d+(?:,p\d+)?: \S.*)"
    ),
    "flowchart LR": re.compile(
        r'    (?:subgraph s\d+\["[^"]+"\]|    c\d+\["[^"]+"\]|end|c\d+ -->\|"[^"]+"\| c\d+|'
        r"classDef root .*|class c\d+ root)"
    ),
    "gantt": re.compile(
        r"    (?:dateFormat .*|axisFormat .*|"
        r"section \S.*|[^:]+ : (?:(?:crit|done|milestone), )*\w+, [\dT:-]+, [\dTm:-]+)"
    ),
}


def drawings(findings: Findings) -> Drawings:
    return view_drawings(findings.incidents[0], findings)


def texts(findings: Findings) -> list[str]:
    return [block.text for block in drawings(findings).blocks]


def test_what_was_lost_is_dashed_before_and_a_note_since() -> None:
    was, now, *_ = texts(drawn_findings())

    assert "p2-->>p3: LOST SINCE debit (40/40, p50 20 ms)" in was
    assert "Note over p2,p3: LOST debit (0/30)" in now


def test_a_failing_call_ends_in_a_cross_and_tells_of_how_many() -> None:
    now = texts(drawn_findings())[1]

    assert "p1-xp2: FAILS POST /pay (30/30, failed in 30#58; 500 KeyError, p50 9.0 ms)" in now


def test_a_new_line_is_told_on_one_side_alone() -> None:
    was, now, *_ = texts(drawn_findings())

    assert "no key" not in was
    assert "Note over p2: NEW no key (30/30, failed in 30)" in now


def test_steps_left_out_are_counted_at_their_place() -> None:
    was = texts(drawn_findings())[0].splitlines()

    assert was[was.index("    Note over p1,p3: 2 more steps") + 1].startswith("    p2-->>p3")
    assert was[-1] == "    Note over p1,p3: 3 more steps"


def test_the_cascade_tells_shares_by_service() -> None:
    cascade = texts(drawn_findings())[2]

    assert 'subgraph s1["shop"]' in cascade
    assert 'c1 -->|"explains 90#37; (45/50 failures)"| c2' in cascade
    assert cascade.endswith("class c1 root\n")


def test_the_timeline_tells_revisions_deploys_and_the_onset() -> None:
    lanes = texts(drawn_findings())[3]

    assert "00008-bad, blamed, 50 requests, since" in lanes
    assert ": crit, t2, 2026-09-14T20:00, 2026-09-14T22:00" in lanes
    assert "deploy failed 00009-bad" in lanes
    assert "crit, milestone, onset, 2026-09-14T20:00, 0m" in lanes


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_stays_inside_its_place(text: str) -> None:
    plainly = texts(drawn_findings())

    told = texts(hostile_findings(text))

    for one, other in zip(told, plainly, strict=True):
        head, *lines = one.splitlines()
        assert [line for line in lines if not _LINES[head].fullmatch(line)] == []
        assert len(lines) == len(other.splitlines()) - 1 or head == "flowchart LR"
        assert len(one) < 20_000


def test_no_sign_that_means_something_is_left_in_a_label() -> None:
    told = label('a"b;c#d:e`f<g>h{i}[j]|k%%l')

    assert not set(re.sub(r"#\d+;", "", told)) & set('";#:`<>{}[]|%')
    assert label("the end") == "the #101;nd"
    assert label("") == "-"
    assert label("1. one") == "1#46; one"
