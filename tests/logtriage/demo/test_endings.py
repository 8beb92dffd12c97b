"""What becomes of failures in the stories with an end: the truth is held against the entries."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import orjson
import pytest

from logtriage.demo.generate import Incident, generate

SEEDS = (1, 2)
STORIES = (
    "fixed_then_back", "rolled_back_drains", "fixed_without_traffic", "fixed_in_one_of_two", "muted_variant", "bursty",
    "week",
)  # fmt: skip


@cache
def incident(scenario: str, seed: int = 1) -> Incident:
    return generate(scenario, seed=seed, scale=0.6 if scenario == "week" else 0.3)


@cache
def entries(scenario: str, seed: int = 1) -> dict[str, bytes]:
    """The lines by their id: read all at once and kept, they would take a gigabyte."""
    return {orjson.loads(line)["insertId"]: line for line in incident(scenario, seed).entries}


def failures(scenario: str, cluster: str, seed: int = 1) -> list[tuple[str, str]]:
    """When and on which revision a cluster failed."""
    every = entries(scenario, seed)
    row = next(one for one in incident(scenario, seed).truth["clusters"] if one["id"] == cluster)
    found = [orjson.loads(every[identity]) for identity in row["insert_ids"]]
    return sorted((one["timestamp"], one["resource"]["labels"]["revision_name"]) for one in found)


def asked(scenario: str, cluster: str, seed: int = 1) -> Iterator[tuple[str, bool]]:
    """When the requests of the routes that fail were made, and whether they failed."""
    truth = incident(scenario, seed).truth
    row = next(one for one in truth["clusters"] if one["id"] == cluster)
    failed = set(row["companion_insert_ids"])
    read = ((identity, orjson.loads(line)) for identity, line in entries(scenario, seed).items())
    lines = [
        (identity, one) for identity, one in read
        if one["logName"].endswith("requests") and one["resource"]["labels"]["service_name"] == row["service"]
    ]  # fmt: skip
    places = {_place(one) for identity, one in lines if identity in failed}
    for identity, one in sorted(lines, key=lambda pair: pair[1]["timestamp"]):
        if _place(one) in places and one["httpRequest"]["status"] != 404:
            yield one["timestamp"], identity in failed


def _place(entry: dict[str, Any]) -> tuple[str, ...]:
    path = entry["httpRequest"]["requestUrl"].split("/")[3:]
    return entry["httpRequest"]["requestMethod"], *("*" if len(part) == 36 else part for part in path)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scenario", STORIES)
def test_a_failure_occurs_while_the_truth_says_that_it_is_broken(scenario: str, seed: int) -> None:
    truth = incident(scenario, seed).truth

    assert truth["courses"]
    for course in truth["courses"]:
        for at, revision in failures(scenario, course["cluster"], seed):
            inside = [row for row in course["broken"] if row["from"] <= at and (not row["until"] or at < row["until"])]
            straggles = revision == course["drained_revision"] and course["drained"] and at <= course["drained"]
            late = any(row["until"] and at[:16] <= row["until"][:16] for row in course["broken"])  # while it was served
            assert inside or straggles or late, (course, at)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scenario", STORIES)
def test_every_time_of_being_broken_has_failures_and_revisions_that_exist(scenario: str, seed: int) -> None:
    truth = incident(scenario, seed).truth
    revisions = {row["revision"] for row in truth["revisions"]} | {""}

    for course in truth["courses"]:
        times = [at for at, _ in failures(scenario, course["cluster"], seed)]
        for row in course["broken"]:
            assert any(row["from"] <= at < (row["until"] or "9") for at in times)
            assert {row["by"], row["mended_by"]} <= revisions
            assert (row["until"] is None) == (row["how"] == "")
            assert (row["how"] in {"deploy", "rollback"}) == bool(row["mended_by"])


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_mended_passes_for_hours_before_a_deploy_brings_it_back(seed: int) -> None:
    (course,) = incident("fixed_then_back", seed).truth["courses"]
    first, again = course["broken"]

    between = [failed for at, failed in asked("fixed_then_back", "E1", seed) if first["until"] < at < again["from"]]

    assert len(between) > 50
    assert not any(between)
    assert again["until"] is None
    assert first["by"] != again["by"]


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_roll_back_only_the_old_revision_fails_a_little_until_it_is_drained(seed: int) -> None:
    (course,) = incident("rolled_back_drains", seed).truth["courses"]
    (spell,) = course["broken"]

    after = [one for one in failures("rolled_back_drains", "E1", seed) if one[0] >= spell["until"]]

    assert after
    assert {revision for _, revision in after} == {spell["by"]} == {course["drained_revision"]}
    assert max(at for at, _ in after) <= course["drained"]
    passed = [failed for at, failed in asked("rolled_back_drains", "E1", seed) if at > course["drained"]]
    assert len(passed) > 20
    assert not any(passed)


@pytest.mark.parametrize("seed", SEEDS)
def test_hardly_anybody_makes_the_call_that_was_mended(seed: int) -> None:
    (course,) = incident("fixed_without_traffic", seed).truth["courses"]
    until = course["broken"][0]["until"]

    calls = [failed for at, failed in asked("fixed_without_traffic", "E1", seed) if at > until]

    assert len(calls) == course["attempts_after"] <= 2
    assert not any(calls)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_of_two_services_goes_on_failing_with_the_same_cause(seed: int) -> None:
    truth = incident("fixed_in_one_of_two", seed).truth
    fixed, broken = truth["courses"]

    assert fixed["broken"][0]["from"] == broken["broken"][0]["from"]
    assert fixed["broken"][0]["until"] is not None
    assert broken["broken"][0]["until"] is None
    assert len({row["service"] for row in truth["clusters"] if row["role"] == "root"}) == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_a_variant_has_the_place_of_the_muted_failure_and_comes_long_after(seed: int) -> None:
    truth = incident("muted_variant", seed).truth
    known, fresh = truth["courses"]
    every = {identity: orjson.loads(line) for identity, line in entries("muted_variant", seed).items()}
    texts = [
        orjson.dumps([every[one].get("textPayload", every[one].get("jsonPayload")) for one in row["insert_ids"]])
        for row in truth["clusters"] if row["role"] == "root"
    ]  # fmt: skip

    assert known["broken"][0]["from"] < known["muted"] < fresh["broken"][0]["from"]
    assert fresh["muted"] is None
    assert texts[0] != texts[1]
    assert truth["clusters"][0]["service"] == truth["clusters"][1]["service"]


@pytest.mark.parametrize("seed", SEEDS)
def test_bursts_have_pauses_in_which_the_same_calls_pass(seed: int) -> None:
    timer, bursts = incident("bursty", seed).truth["courses"]

    for course in (timer, bursts):
        start, until = course["broken"][0]["from"], course["broken"][0]["until"] or "9"
        during = [failed for at, failed in asked("bursty", course["cluster"], seed) if start < at < until]
        longest = max(len(run) for run in "".join("x" if failed else "." for failed in during).split("x"))
        assert longest > 15
        assert sum(during) > 8
    assert timer["broken"][0]["until"] is None
    assert bursts["broken"][0]["mended_by"]


def test_a_week_has_deploys_every_few_hours_and_stays_small() -> None:
    whole = generate("week", seed=1)
    truth = whole.truth

    assert truth["window"]["hours"] == 168
    assert 30 <= sum(row["changes"] is not None for row in truth["revisions"]) <= 80
    assert truth["counts"]["entries"] < 60_000
    assert {course["manner"] for course in truth["courses"]} == {"steady", "bursts", "timer"}
    assert {row["how"] for course in truth["courses"] for row in course["broken"]} == {
        "deploy", "rollback", "by itself", "",
    }  # fmt: skip
