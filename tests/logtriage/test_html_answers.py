"""Answers of the page: the urgent ones first, each question once."""

from logtriage.html_answers import answers_of
from logtriage.lines import Line


def test_how_sure_stands_first_and_its_grounds_below() -> None:
    lines = [
        Line("SURE", "very likely"),
        Line("", "rests on 3 revisions"),
        Line("", "refuted by one"),
        Line("HIT", "7"),
    ]

    answers = answers_of(lines)

    assert [(one.key, one.head, one.rest, one.is_first) for one in answers] == [
        ("HIT", "7", (), True),
        ("SURE", "very likely", (), True),
        ("RESTS", "rests on 3 revisions", ("refuted by one",), False),
    ]


def test_a_line_without_a_label_belongs_to_the_one_before() -> None:
    answers = answers_of([Line("BAD", "b: 3/4"), Line("", "seen bad c"), Line("ODD", "x")])

    assert [(one.label, one.head, one.rest) for one in answers] == [
        ("Bad", "b: 3/4", ("seen bad c",)),
        ("Odd", "x", ()),
    ]
