"""A course as JSON keeps every count."""

import json

import jsonschema

from classifiers.findings import RevisionSeries, Series
from collector.window import NS_PER_S
from logtriage.export import findings_bytes, findings_schema
from logtriage.series_json import series_fields
from tests.support.findings import ONSET_NS, cluster, findings

COURSE = Series(
    ONSET_NS, 900 * NS_PER_S, "requests",
    (RevisionSeries("shop", "shop-00007-abc", (0, 0, 0), (4, 2, 0)), RevisionSeries("shop", "", (0, 1, 3), (0, 1, 3))),
)  # fmt: skip


def test_columns_before_the_first_and_after_the_last_are_left_out() -> None:
    told = series_fields(COURSE)

    assert told is not None
    assert (told["column_s"], told["columns"], told["unit"]) == (900.0, 3, "requests")
    assert [(row["revision"], row["first_column"], row["failed"], row["exposed"]) for row in told["revisions"]] == [
        ("shop-00007-abc", 0, [0, 0], [4, 2]),
        (None, 1, [1, 3], [1, 3]),
    ]


def test_nothing_to_draw_is_null() -> None:
    assert series_fields(None) is None


def test_findings_with_a_course_are_valid() -> None:
    text = findings_bytes(findings(clusters=(cluster(series=COURSE),)))

    jsonschema.Draft202012Validator(findings_schema()).validate(json.loads(text))
    assert json.loads(text)["clusters"][0]["series"]["columns"] == 3
