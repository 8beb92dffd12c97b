"""Changes that are no deploy, each told once and in one sentence."""

from typing import Any

import pytest

from classifiers.platform_changes import PlatformChange, fold_platform_changes
from collector.normalise.audit import read_audit
from collector.normalise.redact import Redactor
from collector.window import parse_instant_ns
from tests.support.cloud_run import DEPLOYER, PERSON, PROJECT, REGION, as_facts, audit_entry, maintenance_entry

REDACTOR = Redactor(b"0123456789abcdef")
DATABASE = f"projects/{PROJECT}/instances/main"
CACHE = f"projects/{PROJECT}/locations/{REGION}/instances/sessions"
SECRETS = "google.cloud.secretmanager.v1.SecretManagerService"
INVOKER = {"action": "REMOVE", "role": "roles/run.invoker", "member": f"serviceAccount:{DEPLOYER}"}


def ns(text: str) -> int:
    return parse_instant_ns(text, name="t", now_ns=0)


def fold(*entries: dict[str, Any]) -> tuple[PlatformChange, ...]:
    return fold_platform_changes(
        as_facts([fact for entry in entries for fact in read_audit(entry, redactor=REDACTOR).facts])
    )


def call(api: str, method: str, resource: str, **more: Any) -> dict[str, Any]:
    return audit_entry(method, resource, serviceName=f"{api}.googleapis.com", **more)


@pytest.mark.parametrize(
    ("entry", "kind", "what"),
    [
        (
            call(
                "secretmanager", f"{SECRETS}.AddSecretVersion", f"projects/{PROJECT}/secrets/db",
                response={"name": f"projects/{PROJECT}/secrets/db/versions/8"},
            ),
            "secret_version", "new version 8 of secret db",
        ),
        (
            call("secretmanager", f"{SECRETS}.DisableSecretVersion", f"projects/{PROJECT}/secrets/db/versions/7"),
            "secret_version", "disabling of version 7 of secret db",
        ),
        (call("secretmanager", f"{SECRETS}.AddSecretVersion", f"projects/{PROJECT}/secrets/db"), "secret_version",
         "new version of secret db"),
        (call("cloudsql", "cloudsql.instances.restart", DATABASE), "database", "restart of database main"),
        (call("cloudsql", "cloudsql.instances.failover", DATABASE), "database", "failover of database main"),
        (call("cloudsql", "cloudsql.instances.import", DATABASE), "database", "import into database main"),
        (call("cloudsql", "cloudsql.users.update", DATABASE), "database", "change of a user of database main"),
        (call("cloudsql", "cloudsql.instances.rotateServerCa", DATABASE), "certificate",
         "new certificate of database main"),
        (call("redis", "google.cloud.redis.v1.CloudRedis.FailoverInstance", CACHE), "cache",
         "failover of cache sessions"),
        (call("redis", "google.cloud.redis.v1.CloudRedis.UpgradeInstance", CACHE), "cache",
         "upgrade of cache sessions"),
        (call("compute", "v1.compute.firewalls.patch", f"projects/{PROJECT}/global/firewalls/allow-db"), "network",
         "change of firewall rule allow-db"),
        (call("compute", "v1.compute.instances.insert", f"projects/{PROJECT}/zones/z/instances/vm"), "other",
         "creation of instance vm"),
        (
            call("vpcaccess", "google.cloud.vpcaccess.v1.VpcAccessService.DeleteConnector",
                 f"projects/{PROJECT}/locations/{REGION}/connectors/inner"),
            "network", "deletion of VPC connector inner",
        ),
        (
            call("run", "google.cloud.run.v1.Services.SetIamPolicy", f"namespaces/{PROJECT}/services/shop",
                 serviceData={"policyDelta": {"bindingDeltas": [INVOKER]}}),
            "iam", f"IAM of service shop: roles/run.invoker taken from serviceAccount:{DEPLOYER}",
        ),
        (
            call("secretmanager", f"{SECRETS}.SetIamPolicy", f"projects/{PROJECT}/secrets/db"),
            "iam", "IAM of secret db: policy set, what changed is not told",
        ),
        (call("pubsub", "google.pubsub.v1.Publisher.DeleteTopic", f"projects/{PROJECT}/topics/orders"), "other",
         "deletion of topic orders"),
        (call("cloudsql", "cloudsql.instances.restart", DATABASE, status={"code": 7, "message": "no"}), "database",
         "restart of database main failed with code 7"),
    ],
)  # fmt: skip
def test_a_change_is_told_in_one_sentence(entry: dict[str, Any], kind: str, what: str) -> None:
    (change,) = fold(entry)

    assert (change.kind, change.what) == (kind, what)


def test_a_long_running_pair_is_told_once_from_its_beginning_to_its_end() -> None:
    first = call(
        "cloudsql", "cloudsql.instances.restart", DATABASE, insert_id="f", operation={"id": "o", "first": True}
    )
    last = call(
        "cloudsql", "cloudsql.instances.restart", DATABASE, insert_id="l", at="2026-05-04T10:03:00Z",
        operation={"id": "o", "last": True},
    )  # fmt: skip

    (change,) = fold(last, first)

    assert (change.at_ns, change.ended_ns) == (ns("2026-05-04T10:00:00Z"), ns("2026-05-04T10:03:00Z"))
    assert (change.outcome, change.insert_ids) == ("succeeded", ("f", "l"))
    assert (change.actor, change.tool, change.is_system) == (DEPLOYER, "gcloud", False)


def test_a_pair_whose_first_entry_is_missing_is_told_all_the_same() -> None:
    last = call("cloudsql", "cloudsql.instances.restart", DATABASE, operation={"id": "o", "last": True})

    (change,) = fold(last)

    assert (change.outcome, change.ended_ns) == ("succeeded", None)


def test_a_call_is_done_when_it_is_told_and_an_operation_when_its_end_is() -> None:
    first = call("cloudsql", "cloudsql.instances.restart", DATABASE, operation={"id": "o", "first": True})
    policy = call("secretmanager", f"{SECRETS}.SetIamPolicy", f"projects/{PROJECT}/secrets/db")

    assert [one.outcome for one in fold(first)] == ["requested"]
    assert [one.outcome for one in fold(policy)] == ["succeeded"]


def test_two_restarts_are_two_changes() -> None:
    restarts = [
        call("cloudsql", "cloudsql.instances.restart", DATABASE, insert_id=at, at=at)
        for at in ("2026-05-04T10:00:00Z", "2026-05-04T10:00:03Z")
    ]

    assert len(fold(*restarts, *restarts)) == 2


def test_maintenance_is_one_change_from_its_start_to_its_end() -> None:
    started = {"maintenanceStartTime": "2026-05-04T10:02:00Z"}
    entries = [
        maintenance_entry("SCHEDULED", at="2026-04-28T00:00:00Z", insert_id="m1"),
        maintenance_entry("STARTED", at="2026-05-04T10:02:01Z", insert_id="m2", **started),
        maintenance_entry(
            "SUCCEEDED", at="2026-05-04T10:20:00Z", insert_id="m3", maintenanceEndTime="2026-05-04T10:19:00Z", **started
        ),
    ]

    (change,) = fold(*entries)

    assert (change.kind, change.what) == ("database", "maintenance of database main")
    assert (change.at_ns, change.ended_ns) == (ns("2026-05-04T10:02:00Z"), ns("2026-05-04T10:19:00Z"))
    assert change.is_system
    assert change.outcome == "succeeded"


def test_maintenance_that_is_only_planned_says_so() -> None:
    (change,) = fold(maintenance_entry("SCHEDULED", at="2026-04-28T00:00:00Z"))

    assert change.what == "maintenance of database main, planned for 2026-05-04T10:00:00Z"
    assert change.outcome == "requested"


def test_no_person_is_named() -> None:
    delta = {"action": "ADD", "role": "roles/viewer", "member": f"user:{PERSON}"}
    entry = call(
        "cloudresourcemanager", "SetIamPolicy", f"projects/{PROJECT}", authenticationInfo={"principalEmail": PERSON},
        serviceData={"policyDelta": {"bindingDeltas": [delta]}},
    )  # fmt: skip

    (change,) = fold(entry)

    assert change.what.startswith(f"IAM of project {PROJECT}: roles/viewer given to user:<email:")
    assert PERSON not in str(change)


def test_no_facts_are_no_changes() -> None:
    assert fold() == ()
