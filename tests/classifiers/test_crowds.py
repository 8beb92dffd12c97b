"""Of a service whose messages all differ the rare ones are one cluster, and nothing is lost of them."""

from pathlib import Path

import polars as pl

from classifiers.crowds import find_crowds
from classifiers.naming import Names
from classifiers.regroup import regroup
from tests.classifiers.test_coverage import findings, line, stored
from tests.support.entries import raw_batch

_LETTERS = "abcdefghij"


def _word(number: int) -> str:
    """A word of letters alone, another one for each number."""
    return "".join(_LETTERS[int(digit)] for digit in f"{number:05d}")


def failures(names: int, often: int = 1) -> pl.DataFrame:
    counts = [often if number < 2 else 1 for number in range(names)]
    return pl.DataFrame(
        {
            "project": ["shop"] * names,
            "service": ["orders"] * names,
            "signature_id": [f"{number:016x}" for number in range(names)],
            "occurrences": counts,
        },
        schema_overrides={"occurrences": pl.Int64},
    )


def test_a_service_of_few_signatures_has_no_crowd() -> None:
    members, leads = find_crowds(failures(500))

    assert members.is_empty()
    assert leads.is_empty()


def test_what_fails_most_often_is_told_by_itself_and_the_rest_is_one_cluster() -> None:
    members, leads = find_crowds(failures(700, often=5))

    in_crowd = members.filter(~pl.col("is_lead"))
    assert in_crowd.height == 200
    assert members["cluster_id"].n_unique() == 1
    assert not set(in_crowd["signature_id"]) & {f"{number:016x}" for number in range(2)}
    assert leads["title"].to_list() == ["200 other messages that all differ, told once each"]


def test_the_order_of_rows_decides_nothing() -> None:
    rows = failures(800)

    assert find_crowds(rows)[0].equals(find_crowds(rows.reverse())[0])


def test_every_entry_of_a_crowd_is_told_in_exactly_one_cluster(tmp_path: Path) -> None:
    lines = [
        line(f"id{number}", number * 0.1, f"{_word(number)} broke {_word(number * 7)}", severity="ERROR")
        for number in range(700)
    ]
    told = findings(stored(tmp_path, raw_batch(*lines)))

    groups = [*told.clusters, *told.standing, *told.noise]
    ids = [insert_id for one in groups for insert_id in one.insert_ids]
    assert sorted(ids) == sorted(f"id{number}" for number in range(700))
    assert max(len(one.insert_ids) for one in groups) == 200
    assert told.coverage.entries == told.coverage.problem_entries + told.coverage.noise_entries


def test_rules_leave_a_crowd_as_it_is() -> None:
    crowd, leads = find_crowds(failures(700))

    done = regroup(crowd, leads, (), Names((), aliases={}, templates=dict))

    assert done.members.sort(pl.all()).equals(crowd.sort(pl.all()))
