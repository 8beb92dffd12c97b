"""The scorer: a perfect answer has full marks, an empty one none, a wrong blame is counted."""

from typing import Any

import pytest

from benchmarks.scoring import score
from logtriage.demo.generate import generate

Row = dict[str, Any]


@pytest.fixture(
    scope="module",
    params=[
        "secret_lost",
        "outage_beside_guilty",
        "rolled_back",
        "quiet",
        "slower",
        "slower_database",
        "event_stopped",
    ],
)
def truth(request: pytest.FixtureRequest) -> Row:
    return generate(request.param, seed=2, scale=0.2).truth


def told(guilty: Row | None, confidence: float) -> Row | None:
    if guilty is None:
        return None
    return {
        "service": guilty["service"],
        "revision": guilty["revision"],
        "change": guilty["change"],
        "confidence": confidence,
    }


def perfect(truth: Row, confidence: float = 1.0) -> Row:
    return {
        "clusters": [
            {
                "id": row["id"], "insert_ids": row["insert_ids"], "service": row["service"], "onset": row["onset"],
                "role": row["role"], "caused_by": row["caused_by"], "attribution": told(row["guilty"], confidence),
                "state": row["expected_state"], "test_traffic": row["is_test_traffic"],
            }
            for row in truth["clusters"]
        ],
        "latency": [
            {"service": row["service"], "attribution": told(row["guilty"], confidence)} for row in truth["latency"]
        ],
        "absent_events": [
            {"event": row["event"], "service": row["service"], "attribution": told(row["guilty"], confidence)}
            for row in truth["absent_events"]
        ],
    }  # fmt: skip


def test_a_perfect_answer_has_full_marks(truth: Row) -> None:
    one = score(truth, perfect(truth))

    assert all(one.right[name] == one.asked[name] for name in one.asked)
    assert (one.false_blames, one.false_problems, sum(one.squares), sum(one.onset_errors_s)) == (0, 0, 0, 0)


def test_an_empty_answer_finds_nothing_and_blames_nobody(truth: Row) -> None:
    one = score(truth, {"clusters": [], "latency": [], "absent_events": []})

    assert one.right.total() == 0
    assert (one.false_blames, one.false_problems, one.squares) == (0, 0, [])


def test_a_revision_that_did_nothing_is_a_false_blame(truth: Row) -> None:
    findings = perfect(truth)
    for row in (*findings["clusters"], *findings["latency"], *findings["absent_events"]):
        row["attribution"] = {
            "service": row["service"],
            "revision": "another-00001-abc",
            "change": None,
            "confidence": 0.9,
        }

    one = score(truth, findings)

    told_of = ("clusters", "latency", "absent_events")
    assert one.false_blames == sum(len(findings[name]) for name in told_of)
    assert one.right["named"] == one.right["blamed"] == one.right["change"] == one.right["spared"] == 0


def test_a_guess_below_one_half_names_and_does_not_blame(truth: Row) -> None:
    one = score(truth, perfect(truth, confidence=0.4))

    assert one.right["named"] == one.asked["named"]
    assert one.right["blamed"] == 0
    assert one.false_blames == 0


def test_noise_told_as_a_failure_is_counted(truth: Row) -> None:
    noise = next(row for row in truth["noise"] if not row["may_report"])
    findings = perfect(truth)
    findings["clusters"].append({
        "id": "extra", "insert_ids": noise["insert_ids"], "service": noise["service"], "attribution": None,
        "caused_by": None,
    })  # fmt: skip

    assert score(truth, findings).false_problems == 1


def test_an_event_told_missing_that_is_not_is_a_false_problem(truth: Row) -> None:
    findings = perfect(truth)
    findings["absent_events"].append({"event": "seat.lost", "service": "nobody", "attribution": None})

    assert score(truth, findings).false_problems == 1


def test_a_slower_operation_where_nothing_became_slower_is_noise() -> None:
    truth = generate("quiet", seed=2, scale=0.2).truth

    one = score(truth, perfect(truth) | {"latency": [{"service": "another", "attribution": None}]})

    assert one.false_problems == 1
