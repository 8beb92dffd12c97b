"""Pictures of an incident as SVG, and its changed steps as lines."""

from xml.etree import ElementTree as ET

import pytest

from classifiers.drawn import StepCount
from classifiers.explained import Explains
from classifiers.findings import Findings
from collector.replacing import replace
from logtriage.diagrams.cascade_view import view_cascade
from logtriage.diagrams.drawings import NO_DRAWINGS, Drawings, change_lines, drawings_of, view_drawings
from logtriage.diagrams.sequence_view import course_of
from logtriage.diagrams.svg import fitted, width_of, wrapped
from tests.support.drawn import HOSTILE, drawn_findings, hostile_findings, lanes, sequence, step
from tests.support.findings import END_NS, HOUR_NS, cluster, findings, symptom

_SVG = "{http://www.w3.org/2000/svg}"
_KNOWN = {"svg", "title", "desc", "g", "path", "polygon", "rect", "line", "circle", "text", "tspan"}


def drawings(told: Findings) -> Drawings:
    return view_drawings(told.incidents[0], told)


def parsed(told: Findings) -> list[ET.Element]:
    return [ET.fromstring(picture.svg) for picture in drawings(told).pictures]


def said(picture: ET.Element) -> str:
    return " ".join("".join(one.itertext()) for one in picture.iter(f"{_SVG}text"))


def test_each_picture_is_told_to_readers_of_screens() -> None:
    for picture in parsed(drawn_findings()):
        title, desc = picture[0], picture[1]
        assert picture.get("role") == "img"
        assert picture.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
        assert len(desc.text or "") > 40


def test_ids_are_unique_over_the_pictures_of_a_page() -> None:
    ids = [one.get("id") for picture in parsed(drawn_findings()) for one in picture.iter() if one.get("id")]

    assert len(ids) == len(set(ids)) == 8


def test_both_sides_have_their_steps_at_the_same_heights() -> None:
    was, now, *_ = parsed(drawn_findings())

    assert was.get("viewBox") == now.get("viewBox")
    heights = [
        {"".join(one.itertext()).split()[-1]: one.get("y") for one in side.iter(f"{_SVG}text")} for side in (was, now)
    ]
    assert heights[0]["debit"] == heights[1]["debit"]


def test_lost_new_failing_and_slower_steps_are_named_in_words() -> None:
    was, now, *_ = (said(one) for one in parsed(drawn_findings()))

    assert "LOST SINCE debit" in was.replace("  ", " ")
    assert "no key" not in was
    assert all(word in now for word in ("LOST", "NEW", "FAILS", "SLOWER", "0/30", "500 KeyError", "3 more steps"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_adds_no_mark_up(text: str) -> None:
    for picture in parsed(hostile_findings(text)):
        assert {one.tag.removeprefix(_SVG) for one in picture.iter()} <= _KNOWN
        assert not [name for one in picture.iter() for name in one.attrib if name.startswith("on") or "href" in name]
    assert sum(len(picture.svg) for picture in drawings(hostile_findings(text)).pictures) < 80_000


def test_equal_findings_give_equal_bytes() -> None:
    first, second = (drawings(drawn_findings()) for _ in range(2))

    assert [one.svg for one in first.pictures] == [one.svg for one in second.pictures]


def test_texts_of_a_sequence_stay_inside_the_picture() -> None:
    for picture in parsed(drawn_findings())[:2]:
        width = float(str(picture.get("width")))
        for one in picture.iter(f"{_SVG}text"):
            if one.get("text-anchor") is None:
                assert float(str(one.get("x"))) + width_of("".join(one.itertext())) * 0.97 <= width
                assert float(str(one.get("x"))) >= 0


def test_a_long_text_is_cut_to_its_room() -> None:
    assert width_of(fitted("w" * 200, 100)) <= 100
    assert wrapped("kelp-identity-svc", 80, 2) == ["kelp-identity-", "svc"]
    assert width_of("\u0301") == 0
    assert width_of("\u65e5") > width_of("\u00e9")


def test_without_traces_it_is_said_why() -> None:
    told = drawings(drawn_findings(sequence=None, no_sequence="none of its failures carries a trace"))

    assert told.no_sequence == "Requests are not drawn: none of its failures carries a trace."
    assert [picture.kind for picture in told.pictures] == ["cascade", "lanes"]
    assert (told.changes, told.left_out) == ((), "")


def test_a_finding_of_no_incident_has_no_drawings() -> None:
    assert drawings_of("nowhere", findings()) is NO_DRAWINGS
    assert drawings_of("c-slow", drawn_findings()).sequence is not None


def test_a_root_alone_is_no_cascade() -> None:
    told = findings()

    assert view_cascade(told.incidents[1], told) is None


def test_a_cascade_in_a_circle_is_cut_once_and_tells_the_rest_beside_it() -> None:
    there = Explains("c-pay", "c-slow", 45, 50, 0, "trace")
    back = Explains("c-slow", "c-pay", 5, 94, 0, "trace")
    told = drawn_findings(edges=(there, back))

    view = view_cascade(told.incidents[0], told)

    assert view is not None
    assert [(node.id, node.depth, node.under) for node in view.nodes] == [("c-pay", 0, ""), ("c-slow", 1, "c-pay")]
    assert "explains 5%" in view.nodes[0].also
    assert len(view.edges) == 2


def test_members_deeper_down_stand_below_what_explains_most_of_them() -> None:
    later = symptom(id="c-last", service="hub", caused_by="c-slow")
    told = drawn_findings(edges=(), symptoms=("c-slow", "c-last"))
    told = replace(told, clusters=(cluster(), symptom(), later))

    view = view_cascade(told.incidents[0], told)

    assert view is not None
    assert [(node.id, node.depth, node.words) for node in view.nodes] == [
        ("c-pay", 0, ""), ("c-slow", 1, "explains 90%"), ("c-last", 2, "explains 90%"),
    ]  # fmt: skip


def test_a_share_of_few_traces_has_its_interval() -> None:
    rare = step(before=StepCount(3), course="fewer")
    told = drawings(drawn_findings(sequence=sequence(steps=(rare,))))

    assert "3 of 40 traces (3% to 20% with 95% confidence)" in told.changes[0].before


def test_what_may_be_chance_is_called_so() -> None:
    told = drawings(drawn_findings(sequence=sequence(steps=(step(course="lost", after=StepCount(0), p_value=0.3),))))

    assert told.changes[0].course == "perhaps lost"


def test_a_step_that_failed_before_as_often_does_not_fail_since() -> None:
    assert course_of(step(before=StepCount(40, 20), after=StepCount(30, 15))) == "kept"


def test_many_changed_steps_are_counted_in_a_terminal() -> None:
    changes = drawings(drawn_findings()).changes * 4

    lines = change_lines(changes)

    assert lines[0][0] == "FAILS"
    assert lines[-1] == ("", "8 more", "--format markdown lists them")


def test_a_timeline_of_days_names_the_dates_and_one_without_onset_has_no_mark() -> None:
    long = lanes(column_ns=30 * HOUR_NS, onset_ns=None, earliest_ns=None, latest_ns=None, ended_ns=END_NS)

    picture = said(parsed(drawn_findings(lanes=long))[-1])

    assert "began" not in picture
    assert "09-14" in picture
    assert "2 more revisions not drawn" in picture
