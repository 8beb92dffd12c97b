import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from collector.errors import ConfigError
from logtriage.demo.generate import SCENARIOS, Incident, generate, write

SMALL = 0.05
SEEDS = (3, 11)
SKEW = timedelta(seconds=5)  # how far the clocks of services are apart at most
CLUSTER_FIELDS = {
    "id", "label", "kind", "service", "onset", "first_seen", "last_seen", "accept_onsets", "count", "insert_ids",
    "companion_insert_ids", "guilty", "cause_type", "role", "caused_by", "ancestors", "severity", "is_test_traffic",
    "expected_state", "accept_states", "required",
}  # fmt: skip


@pytest.fixture(scope="module", params=[*((name, 3) for name in SCENARIOS), ("secret_lost", 11)], ids=str)
def incident(request: pytest.FixtureRequest) -> Incident:
    scenario, seed = request.param
    return generate(scenario, seed=seed, scale=SMALL)


def parsed(incident: Incident) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in incident.entries]


def clusters(incident: Incident) -> dict[str, dict[str, Any]]:
    return {cluster["kind"]: cluster for cluster in incident.truth["clusters"]}


def test_the_same_seed_gives_the_same_bytes(incident: Incident) -> None:
    again = generate(incident.scenario, seed=incident.seed, scale=SMALL)

    assert again == incident


def test_the_bytes_do_not_depend_on_the_process() -> None:
    program = (
        "import hashlib; from logtriage.demo.generate import generate;"
        "incident = generate('secret_lost', seed=4, scale=0.02);"
        "print(hashlib.sha256(b''.join(incident.entries + incident.spans)).hexdigest())"
    )

    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": salt, "TZ": zone}, check=True, capture_output=True, text=True,
        ).stdout
        for salt, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }  # fmt: skip

    assert len(digests) == 1


def test_every_line_is_an_entry_with_its_fields(incident: Incident) -> None:
    for entry in parsed(incident):
        assert {"insertId", "logName", "receiveTimestamp", "resource", "timestamp"} <= entry.keys()
        payloads = entry.keys() & {"textPayload", "jsonPayload", "protoPayload", "httpRequest"}
        assert payloads, entry
        assert entry["receiveTimestamp"] > entry["timestamp"]
        assert entry["logName"].startswith(f"projects/{incident.truth['project']}/logs/")
        if entry["resource"]["type"] == "cloud_run_revision":
            assert entry["resource"]["labels"]["service_name"] in {one["service"] for one in incident.truth["services"]}
        else:  # a change that is no deploy
            assert "cloudaudit" in entry["logName"]


def test_entries_arrive_in_order(incident: Incident) -> None:
    seen: set[str] = set()
    arrivals = []
    for entry in parsed(incident):
        if entry["insertId"] not in seen:  # a second delivery keeps the first one's stamp
            arrivals.append(entry["receiveTimestamp"])
            seen.add(entry["insertId"])

    assert arrivals == sorted(arrivals)


def test_counts_add_up(incident: Incident) -> None:
    counts = incident.truth["counts"]
    ids = Counter(entry["insertId"] for entry in parsed(incident))

    assert counts["entries"] == len(incident.entries) == ids.total()
    assert counts["duplicates"] == ids.total() - len(ids)
    assert counts["span_lines"] == len(incident.spans)
    assert counts["entry_bytes"] == sum(len(line) + 1 for line in incident.entries)


def test_the_truth_speaks_of_entries_that_exist_and_of_each_once(incident: Incident) -> None:
    by_id = {entry["insertId"]: entry for entry in parsed(incident)}
    owned: list[str] = []
    for cluster in incident.truth["clusters"]:
        owned += cluster["insert_ids"]
        for identity in cluster["insert_ids"] + cluster["companion_insert_ids"]:
            assert by_id[identity]["resource"]["labels"]["service_name"] == cluster["service"]
    owned += [identity for noise in incident.truth["noise"] for identity in noise["insert_ids"]]

    assert len(owned) == len(set(owned))
    assert set(owned) <= by_id.keys()


def test_every_error_belongs_to_the_truth(incident: Incident) -> None:
    known: set[str] = set()
    for row in incident.truth["clusters"] + incident.truth["noise"]:
        known |= set(row["insert_ids"]) | set(row.get("companion_insert_ids", ()))

    strays = [
        entry for entry in parsed(incident)
        if entry.get("severity") in {"WARNING", "ERROR", "CRITICAL"} and entry["insertId"] not in known
    ]  # fmt: skip

    assert strays == []


def test_clusters_have_every_field_and_fitting_references(incident: Incident) -> None:
    rows = {cluster["id"]: cluster for cluster in incident.truth["clusters"]}
    revisions = {row["revision"] for row in incident.truth["revisions"]}
    for cluster in rows.values():
        assert cluster.keys() - {"details"} == CLUSTER_FIELDS
        assert cluster["count"] == len(cluster["insert_ids"]) > 0
        assert (cluster["role"] == "root") == (cluster["caused_by"] is None)
        assert all(other in rows for other in cluster["ancestors"])
        if cluster["guilty"] is not None:
            assert cluster["guilty"]["revision"] in revisions
            served = datetime.fromisoformat(cluster["guilty"]["traffic_at"])
            assert served - SKEW <= datetime.fromisoformat(cluster["onset"])
            assert cluster["guilty"]["previous_revision"] in revisions
            assert all(other["revision"] in revisions for other in cluster["guilty"].get("or", ()))
    for group in incident.truth["separate"] + incident.truth["merge_ok"]:
        assert all(other in rows for other in group)


def test_an_onset_is_the_time_of_an_entry_and_mostly_of_the_first(incident: Incident) -> None:
    at = {entry["insertId"]: entry["timestamp"] for entry in parsed(incident)}

    for cluster in incident.truth["clusters"]:
        times = {at[identity] for identity in cluster["insert_ids"]}
        assert set(cluster["accept_onsets"]) <= times
        assert cluster["onset"] == cluster["accept_onsets"][0]
        assert cluster["onset"] == min(times) or cluster["expected_state"] == "regressed"
        assert cluster["first_seen"] == min(times)
        assert cluster["last_seen"] == max(at[identity] for identity in cluster["insert_ids"])


def test_spans_are_otlp_json_with_known_services(incident: Incident) -> None:
    services = {one["service"] for one in incident.truth["services"]}
    count = 0
    for line in incident.spans:
        resource = orjson.loads(line)["resourceSpans"][0]
        attributes = {one["key"]: one["value"]["stringValue"] for one in resource["resource"]["attributes"]}
        assert attributes["service.name"] in services
        for span in resource["scopeSpans"][0]["spans"]:
            assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)
            assert int(span["startTimeUnixNano"]) < int(span["endTimeUnixNano"])
            count += 1

    assert count == incident.truth["counts"]["spans"] > 0


def test_two_seeds_share_no_name() -> None:
    one, two = (generate("quiet", seed=seed, scale=SMALL).truth for seed in SEEDS)

    assert one["project"] != two["project"]
    assert {row["service"] for row in one["services"]}.isdisjoint(row["service"] for row in two["services"])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lost_secret_is_told_by_the_audit_trail(seed: int) -> None:
    incident = generate("secret_lost", seed=seed, scale=SMALL)
    guilty = clusters(incident)["service_denied"]["guilty"]

    env = {}
    for entry in parsed(incident):
        response = entry.get("protoPayload", {}).get("response", {})
        if response.get("kind") == "Revision":
            names = {one["name"] for one in response["spec"]["containers"][0]["env"]}
            env[response["metadata"]["name"]] = names

    assert guilty["change"]["type"] == "env_removed"
    assert env[guilty["previous_revision"]] - env[guilty["revision"]] == {guilty["change"]["name"]}
    assert {change["type"] for change in guilty["also_changed"]} == {"secret_ref_changed", "image"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_secret_stays_lost_and_the_await_defect_begins_at_another_revision(seed: int) -> None:
    incident = generate("secret_lost", seed=seed, scale=SMALL)
    found = clusters(incident)
    denied, awaited = found["service_denied"], found["await_non_awaitable"]

    assert denied["guilty"]["revision"] != awaited["guilty"]["revision"]
    assert [denied["id"], awaited["id"]] in incident.truth["separate"]
    assert {found[kind]["expected_state"] for kind in ("service_denied", "session_failed")} == {"ongoing"}
    assert found["session_failed"]["ancestors"] == [denied["id"]]
    assert found["upstream_5xx"]["caused_by"] == found["session_failed"]["id"]


def test_the_busy_hours_have_failed_and_trafficless_deploys() -> None:
    incident = generate("secret_lost", seed=3, scale=SMALL)
    backend = incident.truth["services"][0]["service"]
    rows = [row for row in incident.truth["revisions"] if row["service"] == backend]

    assert 20 <= len(rows) <= 40
    assert any(row["outcome"] == "failed" for row in rows)
    assert sum(row["outcome"] == "ready" and row["traffic"] is None for row in rows) >= 3
    rejected = [
        entry for entry in parsed(incident)
        if entry["logName"].endswith("activity") and entry.get("severity") == "ERROR"
    ]  # fmt: skip
    assert len(rejected) == 1


def test_an_outage_blames_nobody() -> None:
    incident = generate("dependency_down", seed=3, scale=0.5)

    assert incident.truth["external_events"][0]["type"] == "dependency_outage"
    assert incident.truth["clusters"]
    assert all(cluster["guilty"] is None for cluster in incident.truth["clusters"])


def test_a_window_starts_where_it_is_told() -> None:
    start = datetime(2026, 9, 14, 20, tzinfo=UTC)

    incident = generate("quiet", seed=5, scale=SMALL, start=start)

    window = incident.truth["window"]
    assert datetime.fromisoformat(window["start"]) == start
    assert datetime.fromisoformat(window["end"]) == start + timedelta(hours=window["hours"])
    assert all(window["start"] <= entry["timestamp"] < window["end"] for entry in parsed(incident))


def test_written_files_hold_what_was_generated(tmp_path: Path) -> None:
    incident = generate("quiet", seed=5, scale=SMALL)

    write(incident, tmp_path / "case")

    assert (tmp_path / "case/entries.jsonl").read_bytes().splitlines() == list(incident.entries)
    assert (tmp_path / "case/spans.jsonl").read_bytes().splitlines() == list(incident.spans)
    assert orjson.loads((tmp_path / "case/truth.json").read_bytes()) == incident.truth


def test_compressed_files_repeat_to_the_byte(tmp_path: Path) -> None:
    incident = generate("quiet", seed=5, scale=SMALL)

    write(incident, tmp_path / "one", compressed=True)
    write(incident, tmp_path / "two", compressed=True)

    names = [path.name for path in sorted((tmp_path / "one").iterdir())]
    assert names == ["entries.jsonl.gz", "spans.jsonl.gz", "truth.json"]
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"`sekret_lost`; known scenarios: secret_lost, .*Correct the spelling"):
        generate("sekret_lost", seed=1)


def test_a_scale_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"scale is `0\.0`"):
        generate("quiet", seed=1, scale=0.0)
