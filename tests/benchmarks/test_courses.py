"""The court of a replay: what is false, doubled, missed or told again and again, it says so, and only then."""

from typing import Any

import pytest

from benchmarks.courses import Court, Said, Truth

HOUR = 3_600_000_000_000
START = "2026-03-01T{:02d}:00:00Z"


def cluster(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": name, "role": "root", "ancestors": [], "insert_ids": [f"{name}{at}" for at in range(9)],
        "companion_insert_ids": [], "onset": START.format(4), "last_seen": START.format(12),
        "expected_state": "ongoing", **changes,
    }  # fmt: skip


def course(name: str, *broken: tuple[int, int | None], **changes: Any) -> dict[str, Any]:
    rows = [{"from": START.format(at), "until": until and START.format(until)} for at, until in broken]
    return {"cluster": name, "broken": rows, "attempts_after": None, "manner": "steady", **changes}


def court(*courses: dict[str, Any], clusters: tuple[dict[str, Any], ...] = ()) -> Court:
    rows = [*clusters, *(cluster(row["cluster"]) for row in courses)]
    document = {
        "window": {"start": START.format(0), "end": START.format(23)}, "clusters": rows, "courses": list(courses),
        "noise": [{"id": "N1", "insert_ids": ["n1", "n2"]}],
    }  # fmt: skip
    made = Court(Truth(document))
    instants = [made.truth.start_ns + at * HOUR // 2 for at in range(46)]
    made.truth.count((f"{row['id']}{at % 9}", ns) for row in rows for at, ns in enumerate(instants))
    return made


def tell(made: Court, *told: tuple[int, str], name: str = "A", incident: str = "i1") -> dict[str, Any]:
    for hour, state in told:
        roots = (name,) if name else ()
        made.add(Said(made.truth.start_ns + hour * HOUR, incident, state, roots, roots))
    return made.figures(made.truth.end_ns)


MENDED_AND_BACK = course("A", (4, 8), (14, None))


def test_the_truth_told_in_time_is_without_fault() -> None:
    figures = tell(court(MENDED_AND_BACK), (5, "new"), (10, "resolved"), (15, "regressed"))

    faults = {name: figures[name] for name in ("false_resolved", "false_regressed", "duplicates", "flapping", "missed")}
    assert set(faults.values()) == {0}
    assert (figures["open_after_h"], figures["resolved_after_h"], figures["regressed_after_h"]) == (1.0, 2.0, 1.0)


def test_resolved_while_it_is_broken_is_false_and_what_follows_is_flapping() -> None:
    figures = tell(court(course("A", (4, None))), (5, "new"), (7, "resolved"), (8, "regressed"))

    assert (figures["false_resolved"], figures["false_regressed"], figures["flapping"]) == (1, 1, 2)


def test_a_pause_of_bursts_is_no_end() -> None:
    made = court(course("A", (4, 20), manner="bursts"))

    assert tell(made, (5, "new"), (12, "resolved"))["false_resolved"] == 1
    assert any("(bursts) is still broken" in line for line in made.errors)


def test_what_no_call_proves_must_not_be_told_as_resolved() -> None:
    figures = tell(court(course("A", (4, 8), attempts_after=1)), (5, "new"), (12, "resolved"))

    assert (figures["false_resolved"], figures["missed"]) == (1, 0)


def test_what_was_never_told_is_missed() -> None:
    figures = tell(court(MENDED_AND_BACK), (5, "new"))

    assert figures["missed"] == 2


def test_two_incidents_of_one_failure_are_a_duplicate_and_one_of_noise_is_noise() -> None:
    made = court(MENDED_AND_BACK)
    tell(made, (5, "new"))
    tell(made, (6, "new"), incident="i2")

    figures = tell(made, (7, "new"), (9, "resolved"), name="noise", incident="i3")

    assert (figures["duplicates"], figures["noise"], figures["false_resolved"]) == (1, 1, 1)


def test_a_symptom_told_beside_its_root_is_apart_and_belongs_to_it() -> None:
    symptom = cluster("S", role="symptom", ancestors=["A"])
    made = court(MENDED_AND_BACK, clusters=(symptom,))
    tell(made, (5, "new"))
    made.add(Said(made.truth.start_ns + 6 * HOUR, "i2", "new", ("A",), ("S",)))

    figures = made.figures(made.truth.end_ns)

    assert made.truth.of(["S1", "S2", "n1"]) == ("A", "S")
    assert (figures["apart"], figures["duplicates"]) == (1, 0)


@pytest.mark.parametrize(("state", "turns"), [("resolved", 0), ("ongoing", 1)])
def test_without_courses_a_root_is_broken_from_its_onset_until_its_last_entry(state: str, turns: int) -> None:
    made = court(clusters=(cluster("A", expected_state=state),))

    figures = tell(made, (5, "new"), (14, "resolved"))

    assert figures["false_resolved"] == turns
