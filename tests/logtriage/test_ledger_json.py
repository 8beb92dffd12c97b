"""The change ledger as JSON: one stable shape, and no value of a variable."""

import json
from typing import Any

from classifiers.platform_changes import fold_platform_changes
from logtriage.ledger_json import LEDGER_FORMAT, ledger_bytes
from logtriage.ledger_rows import order_ledger
from tests.support.cloud_run import PROJECT, as_facts, audit_entry, revision_v1, service_v1
from tests.support.ledger_facts import Facts, Seen, event, facts_of, ledger, moved, request, routed

OLD, NEW = "shop-00003-old", "shop-00004-new"
PLANTED = "hunter2-planted-value"
RESTART = facts_of(
    audit_entry(
        "cloudsql.instances.restart", f"projects/{PROJECT}/instances/main", serviceName="cloudsql.googleapis.com"
    )
)


def born(name: str, at: str, env: dict[str, Any], **more: Any) -> Facts:
    return event(revision_v1(name, env, created=f"2026-05-04T{at}.5Z", **more))


def told(facts: Facts, *seen: Seen) -> dict[str, Any]:
    rows = order_ledger(ledger(facts, *seen), fold_platform_changes(as_facts(facts)), repositories={})
    read: dict[str, Any] = json.loads(ledger_bytes(rows))
    return read


def test_an_empty_ledger_has_all_its_lists() -> None:
    assert told([]) == {"format": LEDGER_FORMAT, "revisions": [], "deploys": [], "roll_backs": [], "changes": []}


def test_a_revision_tells_all_that_is_known_of_it() -> None:
    facts = [*born(OLD, "08:00:00", {"A": "1"}), *born(NEW, "09:00:00", {"A": "2"}), *routed("09:01:00", (NEW, 100))]

    one = told(facts)["revisions"][-1]

    assert (one["revision"], one["before"], one["location"]) == (NEW, OLD, "europe-north1")
    assert one["created"] == "2026-05-04T09:00:00.500000000Z"
    assert one["traffic"] == [
        {"from": "2026-05-04T09:01:00.000000000Z", "to": None, "percent": 100, "is_end_latest": False}
    ]
    assert one["difference"]["label"] == "config only"
    assert [(change["type"], change["name"]) for change in one["difference"]["changes"]] == [("env_changed", "A")]


def test_every_revision_has_the_same_keys_whatever_is_known() -> None:
    full, bare = told(born(NEW, "09:00:00", {}))["revisions"][0], told([], (OLD, 5, 9, 0, None))["revisions"][0]

    assert full.keys() == bare.keys()
    assert bare["config"] is None
    assert bare["difference"] is None


def test_failed_deploys_are_no_revisions() -> None:
    refused = request(service_v1(None, latest=OLD), status={"code": 10, "message": "Conflict."}, insert_id="r")

    found = told([*born(NEW, "09:00:00", {}, ready="False"), *refused])

    assert found["revisions"] == []
    assert [(one["kind"], one["revision"], one["message"]) for one in found["deploys"]] == [
        ("failed", NEW, "The container failed to start."),
        ("aborted", None, "Conflict."),
    ]
    assert found["deploys"][0].keys() == found["deploys"][1].keys()


def test_traffic_roll_backs_and_other_changes_have_lists_of_their_own() -> None:
    facts = [*born(OLD, "08:00:00", {}), *born(NEW, "09:00:00", {}), *routed("09:01:00", (NEW, 100)), *RESTART]
    facts += moved("09:30:00", (OLD, 100))

    found = told(facts)

    assert [(one["revision"], one["withdrawn"]) for one in found["roll_backs"]] == [(OLD, NEW)]
    assert [(one["kind"], one["what"]) for one in found["changes"]] == [("database", "restart of database main")]
    (deploy,) = found["deploys"]
    assert deploy["kind"] == "traffic"
    assert deploy["traffic"] == [{"revision": OLD, "percent": 100, "tag": None, "is_latest": False}]


def test_no_value_is_told() -> None:
    assert PLANTED not in json.dumps(told(born(NEW, "09:00:00", {"DB_PASSWORD": PLANTED})))
