"""What each scenario promises, on the truth and in the entries."""

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import orjson
import pytest

from logtriage.demo.generate import SCENARIOS, Incident, generate
from logtriage.demo.names import SCENARIO_NAMES

INNOCENT = {
    "dependency_down", "suite_only", "quiet", "innocent_canary", "secret_rotated", "permission_removed",
    "database_maintained", "certificate_expired", "bad_client", "surge", "outage_after_deploy", "outage_of_one",
    "event_renamed", "event_trigger_gone", "event_swallowed", "slower_database", "slower_surge", "cold_starts",
    "other_mix", "driven_browsers", "scan_wave", "negative_suite", "fixed_in_one_of_two",
}  # fmt: skip
SEED = 5


@cache
def incident(scenario: str, seed: int = SEED) -> Incident:
    return generate(scenario, seed=seed, scale=0.1)


def entries(one: Incident) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in one.entries]


def root(one: Incident) -> dict[str, Any]:
    return next(cluster for cluster in one.truth["clusters"] if cluster["role"] == "root")


def configurations(one: Incident) -> dict[str, dict[str, Any]]:
    """What the audit log tells of each revision that became ready or failed: its pod spec."""
    found = {}
    for entry in entries(one):
        response = entry.get("protoPayload", {}).get("response", {})
        if response.get("kind") == "Revision":
            found[response["metadata"]["name"]] = response["spec"]
    return found


def test_the_help_names_every_scenario() -> None:
    assert tuple(SCENARIOS) == SCENARIO_NAMES


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_revision_is_guilty_of_something_unless_the_scenario_is_innocent(scenario: str) -> None:
    truth = incident(scenario).truth

    guilty = [one for one in truth["clusters"] + truth["latency"] + truth["absent_events"] if one["guilty"] is not None]

    assert bool(guilty) == (scenario not in INNOCENT)
    assert truth["group"] == ("innocent" if scenario in INNOCENT else "guilty")
    assert all(one["insert_ids"] for one in truth["clusters"])


@pytest.mark.parametrize("scenario", sorted(set(SCENARIOS) - INNOCENT))
def test_failures_of_a_guilty_revision_come_from_it_or_after_it(scenario: str) -> None:
    one = incident(scenario)
    revisions = {row["revision"]: row for row in one.truth["revisions"]}

    for cluster in one.truth["clusters"]:
        if cluster["guilty"] is None:
            continue
        row = revisions[cluster["guilty"]["revision"]]
        assert row["guilty"]
        assert row["traffic"] is not None
        served = datetime.fromisoformat(cluster["guilty"]["traffic_at"])
        assert served - timedelta(seconds=5) <= datetime.fromisoformat(cluster["onset"])


@pytest.mark.parametrize(
    ("scenario", "field", "place"),
    [
        ("memory_lowered", "memory", ("containers", 0, "resources", "limits", "memory")),
        ("cpu_lowered", "cpu", ("containers", 0, "resources", "limits", "cpu")),
        ("concurrency_lowered", "concurrency", ("containerConcurrency",)),
        ("concurrency_raised", "concurrency", ("containerConcurrency",)),
    ],
)
def test_a_changed_limit_stands_in_the_audit_log(scenario: str, field: str, place: tuple[str | int, ...]) -> None:
    one = incident(scenario)
    guilty = root(one)["guilty"]
    specs = configurations(one)

    after: Any = specs[guilty["revision"]]
    for key in place:
        after = after[key]

    assert guilty["change"]["name"] == field
    assert str(after) in {"128Mi", "256Mi", "512Mi", "1024Mi", "250m", "1", "320", "640", "800"}


def test_a_lowered_limit_of_memory_is_a_quarter_of_the_one_before() -> None:
    for seed in range(1, 4):
        one = incident("memory_lowered", seed)
        guilty, specs = root(one)["guilty"], configurations(one)
        before, after = (
            int(specs[name]["containers"][0]["resources"]["limits"]["memory"].removesuffix("Mi"))
            for name in (guilty["previous_revision"], guilty["revision"])
        )
        assert after == max(128, before // 4)


@pytest.mark.parametrize("scenario", ["variable_changed", "variable_added", "variable_lost", "secret_moved"])
def test_a_changed_variable_stands_in_the_audit_log(scenario: str) -> None:
    for seed in range(1, 3):
        one = incident(scenario, seed)
        guilty, specs = root(one)["guilty"], configurations(one)
        if guilty["previous_revision"] not in specs:
            continue  # it was deployed before the window: the audit log of the window has no word on it
        before, after = (
            {env["name"]: env for env in specs[name]["containers"][0]["env"]}
            for name in (guilty["previous_revision"], guilty["revision"])
        )
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert changed == {guilty["change"]["name"]}


def test_a_busy_day_has_twenty_eight_deploys_with_failed_and_trafficless_ones() -> None:
    one = incident("busy_hours")
    service = root(one)["guilty"]["service"]
    rows = [row for row in one.truth["revisions"] if row["service"] == service and row["created"] > "2"]
    burst = [row for row in rows if row["outcome"] != "ready" or row["traffic"] is None]
    times = sorted(datetime.fromisoformat(row["created"]) for row in rows)[-27:]

    assert len(rows) >= 27
    assert {row["outcome"] for row in burst} >= {"failed"}
    assert sum(row["outcome"] == "ready" and row["traffic"] is None for row in rows) >= 3
    assert times[-1] - times[0] < timedelta(hours=7)
    assert min(b - a for a, b in pairwise(times)) < timedelta(seconds=60)


def test_a_held_change_comes_with_a_revision_that_serves_nobody() -> None:
    one = incident("held_change")
    guilty = root(one)["guilty"]
    rows = {row["revision"]: row for row in one.truth["revisions"]}
    held = guilty["or"][0]["revision"]

    assert rows[held]["traffic"] is None
    assert guilty["change"]["type"] == "env_removed"
    assert [guilty["change"]["type"], guilty["change"]["name"]] in rows[held]["changes"]
    assert rows[guilty["revision"]]["changes"] == [["image", "image"]]


def test_a_shift_of_traffic_is_told_by_the_audit_log_without_a_new_revision() -> None:
    one = incident("pinned_back")
    old = root(one)["guilty"]
    pinned = [
        entry for entry in entries(one)
        if entry.get("protoPayload", {}).get("request", {}).get("service", {}).get("spec", {}).get("traffic")
        == [{"revisionName": old["revision"], "percent": 100}]
    ]  # fmt: skip

    assert len(pinned) == 1
    assert old["change"] == {"type": "traffic", "name": "traffic"}
    assert pinned[0]["timestamp"] <= root(one)["onset"]


@pytest.mark.parametrize("seed", range(1, 5))
def test_what_was_rolled_back_comes_again_or_is_over(seed: int) -> None:
    cluster = root(incident("rolled_back", seed))

    if "or" in cluster["guilty"]:
        assert cluster["expected_state"] == "regressed"
        assert cluster["accept_onsets"][0] > cluster["accept_onsets"][1] == cluster["first_seen"]
    else:
        assert cluster["expected_state"] == "resolved"


def test_kills_of_a_leak_come_ever_faster() -> None:
    one = incident("leak")
    wanted = set(root(one)["insert_ids"])
    times = sorted({
        datetime.fromisoformat(entry["timestamp"]) for entry in entries(one) if entry["insertId"] in wanted
    })  # fmt: skip
    pauses = [later - earlier for earlier, later in pairwise(times)]

    assert pauses[0] > 3 * pauses[-1]
    assert len(times) > 10


def test_few_failures_are_four_to_eight() -> None:
    for seed in range(1, 3):
        one = incident("few_failures", seed)
        wanted = set(root(one)["insert_ids"])
        times = sorted(datetime.fromisoformat(row["timestamp"]) for row in entries(one) if row["insertId"] in wanted)
        failures = 1 + sum(later - earlier > timedelta(seconds=1) for earlier, later in pairwise(times))
        assert 3 <= failures <= 8  # the pieces of one stack trace are one failure


def test_a_rotated_secret_hits_only_containers_that_started_later() -> None:
    one = incident("secret_rotated")
    rotated = one.truth["external_events"][0]["start"]
    wanted = set(root(one)["insert_ids"])
    started: dict[str, str] = {}
    hit: set[str] = set()
    for entry in entries(one):
        identity = entry.get("labels", {}).get("instanceId")
        if str(entry.get("textPayload", "")).startswith("Starting new instance"):
            started[identity] = entry["timestamp"]
        if entry["insertId"] in wanted:
            hit.add(identity)
    added = [
        entry for entry in entries(one) if "AddSecretVersion" in entry.get("protoPayload", {}).get("methodName", "")
    ]

    assert hit
    assert all(started[identity] > rotated for identity in hit)
    assert len({entry["insertId"] for entry in added}) == 1


@pytest.mark.parametrize(
    ("scenario", "method"),
    [("permission_removed", "SetIamPolicy"), ("database_maintained", "cloudsql.instances.maintenance")],
)
def test_a_change_that_is_no_deploy_stands_in_the_audit_log(scenario: str, method: str) -> None:
    one = incident(scenario)

    methods = [entry["protoPayload"]["methodName"] for entry in entries(one) if "protoPayload" in entry]

    assert method in methods


def test_an_outage_beside_a_guilty_deploy_is_a_root_of_its_own() -> None:
    truth = incident("outage_beside_guilty").truth
    roots = {one["id"]: one for one in truth["clusters"] if one["role"] == "root"}

    assert {one["guilty"] is None for one in roots.values()} == {True, False}
    assert truth["separate"]


def test_services_without_request_logs_have_none() -> None:
    for scenario, services in (("unlogged_requests", 1), ("spans_only", 3)):
        one = incident(scenario)
        logged = {
            entry["resource"]["labels"]["service_name"]
            for entry in entries(one)
            if entry["logName"].endswith("requests")
        }
        assert len({row["service"] for row in one.truth["services"]} - logged) == services
        assert one.spans


def test_a_service_first_seen_inside_the_window_says_nothing_before() -> None:
    one = incident("first_seen_today")
    service = root(one)["service"]
    first: dict[str, str] = defaultdict(lambda: "9")
    for entry in entries(one):
        name = entry["resource"]["labels"].get("service_name", "")
        first[name] = min(first[name], entry["timestamp"])
    created = min(row["created"] for row in one.truth["revisions"] if row["service"] == service)

    assert first[service] >= created[:19]
    assert created > one.truth["window"]["start"]
    assert any("CreateService" in entry.get("protoPayload", {}).get("methodName", "") for entry in entries(one)) or any(
        row["service"] == service and row["api"] == "v2" for row in one.truth["services"]
    )


def test_nobody_but_tests_meets_what_tests_found() -> None:
    cluster = root(incident("found_by_tests"))

    assert cluster["is_test_traffic"]
    assert cluster["guilty"] is not None


def test_failures_that_return_lie_days_apart() -> None:
    cluster = root(incident("returns"))
    again = datetime.fromisoformat(cluster["onset"])

    assert again - datetime.fromisoformat(cluster["first_seen"]) > timedelta(days=2)
    assert cluster["expected_state"] == "regressed"


def test_errors_of_one_service_are_the_fault_of_another() -> None:
    for scenario in ("callee_breaks_caller", "caller_breaks_callee"):
        cluster = root(incident(scenario))
        assert cluster["service"] != cluster["guilty"]["service"]


def test_a_deleted_revision_served_and_was_guilty_before() -> None:
    one = incident("deleted_since")
    guilty = root(one)["guilty"]
    deleted = [
        entry["protoPayload"]["resourceName"].rpartition("/")[2]
        for entry in entries(one)
        if entry.get("protoPayload", {}).get("methodName", "").endswith("DeleteRevision")
    ]

    assert guilty["revision"] in deleted
    assert root(one)["expected_state"] == "resolved"


def test_roll_outs_overlap() -> None:
    one = incident("overlapping_rollouts")
    service = root(one)["guilty"]["service"]
    served = [row["traffic"] for row in one.truth["revisions"] if row["service"] == service and row["traffic"]][-2:]
    seen = {
        entry["resource"]["labels"]["revision_name"]
        for entry in entries(one)
        if entry["resource"]["labels"].get("service_name") == service
        and entry["logName"].endswith("requests")
        and entry["timestamp"] > served[1]
    }

    assert len(seen) == 2


def test_browsers_that_are_driven_look_like_people_and_their_spans_say_so() -> None:
    one = incident("driven_browsers")

    agents = {text["httpRequest"].get("userAgent", "") for text in entries(one) if "httpRequest" in text}
    assert not any("pytest" in agent or "playwright" in agent.lower() for agent in agents)
    assert any(b"user_agent.synthetic.type" in line for line in one.spans)
    assert root(one)["is_test_traffic"]


def test_a_caller_that_hangs_was_answered_in_time() -> None:
    """Server spans of the called service are short while the page waits."""
    told = incident("client_hang")
    (cluster,) = told.truth["clusters"]
    spans = [
        span
        for line in told.spans
        for resource in orjson.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    long = [span for span in spans if int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"]) > 9 * 10**9]

    assert cluster["kind"] == "hung"
    assert {span["kind"] for span in long} == {2, 3}
    waiting = {span["spanId"] for span in long if span["kind"] == 3}
    answers = [span for span in spans if span.get("parentSpanId") in waiting]
    assert answers
    assert not any(span in long for span in answers)
