from pathlib import Path
from typing import Any

import pytest

from tests.support.system import HOUR, MINUTE, System
from tests.support.telling import explained, only_root, statements

OLD, NEW = "orders-00001-aaa", "orders-00002-bbb"
BEGAN = 3 * HOUR
RUNNER = "runner@shop-staging.iam.gserviceaccount.com"
DATABASE = "shop-staging:europe-west1:main-db"


def system_with(message: str, *, deployed_s: int | None, until_s: int = 6 * HOUR, **config: Any) -> System:
    """Orders of which half fail from 3 h on, whatever the revision, and perhaps a deploy near that time."""
    system = System()
    system.deploy(-HOUR, "orders", OLD, image="a", **config)
    if deployed_s is not None:
        system.deploy(deployed_s, "orders", NEW, image="b", **config)
    for at in range(0, 6 * HOUR, 30):
        name = NEW if deployed_s is not None and at >= deployed_s + 20 else OLD
        if BEGAN + 60 <= at < until_s and at % 60:
            system.failure(at, "orders", name, message)
        else:
            system.request(at, "orders", name)
    return system


def binding(action: str) -> dict[str, Any]:
    delta = {"action": action, "role": "roles/storage.objectViewer", "member": f"serviceAccount:{RUNNER}"}
    return {"serviceData": {"policyDelta": {"bindingDeltas": [delta]}}}


@pytest.mark.parametrize(("action", "is_it"), [("REMOVE", True), ("ADD", False)])
def test_a_role_taken_from_the_account_of_a_service_that_is_refused_since_explains_it(
    tmp_path: Path, action: str, *, is_it: bool
) -> None:
    system = system_with(f"Forbidden: 403 {RUNNER} does not have storage.objects.get access", deployed_s=BEGAN - 30)
    system.change(BEGAN - 60, "cloudresourcemanager", "SetIamPolicy", "projects/shop-staging", **binding(action))

    cluster = only_root(system.findings(tmp_path, 6 * HOUR))

    found = explained(cluster, "dependency")
    assert "IAM of project shop-staging" in found.statement
    assert f"orders runs as {RUNNER}, and is refused" in statements(found)
    assert found.evidence[0].entry_ids
    if is_it:
        assert (cluster.cause, cluster.fault) == ("dependency", "configuration")
    else:
        assert cluster.cause != "dependency"


@pytest.mark.parametrize("deployed_s", [None, BEGAN - 2 * MINUTE, BEGAN + 5 * MINUTE])
def test_maintenance_of_the_database_explains_what_fails_while_it_lasts_beside_a_deploy(
    tmp_path: Path, deployed_s: int | None
) -> None:
    message = "OperationalError: connection refused by 10.1.2.3:5432"
    system = system_with(message, deployed_s=deployed_s, until_s=BEGAN + 15 * MINUTE, cloud_sql=DATABASE)
    system.change(BEGAN, "cloudsql", "cloudsql.instances.restart", "projects/shop-staging/instances/main-db")

    cluster = only_root(system.findings(tmp_path, 6 * HOUR))

    found = explained(cluster, "dependency")
    assert (cluster.cause, cluster.state) == ("dependency", "resolved")
    assert "main-db" in found.statement
    assert "orders is connected with main-db" in statements(found)
    assert cluster.attribution is None or cluster.attribution.confidence < 0.2


def test_a_change_that_nothing_relates_to_the_failure_is_no_explanation(tmp_path: Path) -> None:
    system = system_with("ValueError: price is negative", deployed_s=None)
    system.change(BEGAN, "cloudsql", "cloudsql.instances.restart", "projects/shop-staging/instances/main-db")

    cluster = only_root(system.findings(tmp_path, 6 * HOUR))

    assert all("main-db" not in one.statement for one in cluster.hypotheses)


def test_a_call_that_failed_and_one_after_the_onset_explain_nothing(tmp_path: Path) -> None:
    system = system_with("OperationalError: connection refused by 10.1.2.3:5432", deployed_s=None)
    resource = "projects/shop-staging/instances/main-db"
    system.change(BEGAN, "cloudsql", "cloudsql.instances.restart", resource, status={"code": 7, "message": "no"})
    system.change(BEGAN + HOUR, "cloudsql", "cloudsql.instances.restart", resource)

    cluster = only_root(system.findings(tmp_path, 6 * HOUR))

    assert cluster.cause == "dependency"
    assert all("main-db" not in one.statement for one in cluster.hypotheses)
