from pathlib import Path

import pytest

from classifiers.platform_changes import PlatformChange
from classifiers.rotations import Use, uses_of
from tests.support.findings import revision
from tests.support.system import HOUR, MINUTE, START_NS, System
from tests.support.telling import explained, only_root, statements

OLD, NEW = "orders-00001-aaa", "orders-00002-bbb"
REFUSED = "OperationalError: password authentication failed for user shop"
ROTATED = 3 * HOUR


def restarts(version: str = "latest", *, deployed_s: int | None = None, fails: bool = True) -> System:
    """Four instances that start anew one by one after a new version of their secret; what is new fails."""
    system = System()
    system.deploy(-HOUR, "orders", OLD, image="a", secrets={"DB_PASSWORD": f"db-password:{version}"})
    system.secret_version(ROTATED, "db-password", 8)
    if deployed_s is not None:
        system.deploy(deployed_s, "orders", NEW, image="b", secrets={"DB_PASSWORD": f"db-password:{version}"})
    for number in range(4):
        restarted = ROTATED + 10 * MINUTE + number * 20 * MINUTE
        for at in range(number * 13 + 1, 6 * HOUR, 2 * MINUTE):
            is_new = at >= restarted
            name = NEW if deployed_s is not None and is_new and number % 2 else OLD
            instance = f"{name}-{number}-{'second' if is_new else 'first'}"
            if is_new and fails:
                system.failure(at, "orders", name, REFUSED, instance=instance)
            else:
                system.request(at, "orders", name, instance=instance)
    return system


def test_instances_started_since_a_new_version_of_their_secret_fail_on_one_unchanged_revision(tmp_path: Path) -> None:
    cluster = only_root(restarts().findings(tmp_path, 6 * HOUR))

    found = explained(cluster, "secret_rotation")
    assert (cluster.cause, cluster.fault) == ("secret_rotation", "configuration")
    assert found.confidence > 0.9
    assert f"instances of {OLD} started since fail" in found.statement
    assert "orders reads its newest version as DB_PASSWORD, when an instance starts" in statements(found)
    assert "instances that were running already: 0 of" in statements(found)
    assert found.evidence[0].entry_ids
    assert cluster.attribution is None or cluster.attribution.confidence < 0.05


def test_a_deploy_in_the_same_minutes_is_not_blamed_when_old_revisions_fail_too_once_started_anew(
    tmp_path: Path,
) -> None:
    cluster = only_root(restarts(deployed_s=ROTATED + 2 * MINUTE).findings(tmp_path, 6 * HOUR))

    assert cluster.cause == "secret_rotation"
    assert cluster.attribution is None or cluster.attribution.confidence < 0.1


def test_a_revision_pinned_to_another_version_cannot_have_met_the_new_one(tmp_path: Path) -> None:
    cluster = only_root(restarts(version="7").findings(tmp_path, 6 * HOUR))

    assert all(one.cause != "secret_rotation" for one in cluster.hypotheses)


def test_an_instance_that_starts_anew_without_failing_makes_no_problem(tmp_path: Path) -> None:
    assert restarts(fails=False).findings(tmp_path, 6 * HOUR).clusters == ()


@pytest.mark.parametrize("keeps_old", [True, False])
def test_a_deploy_right_after_a_rotation_is_told_apart_only_by_old_instances_started_since(
    tmp_path: Path, *, keeps_old: bool
) -> None:
    system = System()
    for at, name, image in ((-HOUR, OLD, "a"), (ROTATED + 2 * MINUTE, NEW, "b")):
        system.deploy(at, "orders", name, image=image, secrets={"DB_PASSWORD": "db-password:latest"})
    system.secret_version(ROTATED, "db-password", 8)
    system.traffic("orders", OLD, 0, ROTATED + 150)
    if keeps_old:
        system.traffic("orders", OLD, ROTATED + 150, 6 * HOUR, instance=f"{OLD}-second")
    for at in range(ROTATED + 150, 6 * HOUR, MINUTE):
        system.failure(at, "orders", NEW, REFUSED)

    cluster = only_root(system.findings(tmp_path, 6 * HOUR))

    assert cluster.attribution is not None
    if keeps_old:  # it started after the rotation and is well
        assert cluster.attribution.confidence > 0.9
    else:
        assert 0.1 < cluster.attribution.confidence < 0.7
        assert 0.2 < explained(cluster, "secret_rotation").confidence < 0.9


def change(method: str = "AddSecretVersion", version: str = "8") -> PlatformChange:
    return PlatformChange(
        at_ns=START_NS, project="p", service="", kind="secret_version", resource="", what="", actor="", tool="",
        outcome="succeeded", insert_ids=(), method=method, secret="db", version=version,
    )  # fmt: skip


def test_uses_are_variables_and_volumes_of_the_same_secret() -> None:
    config = {
        "env": {
            "A": {"source": "secret", "secret": "db", "version": "latest"},
            "B": {"source": "secret", "secret": "other", "version": "1"},
            "C": {"source": "literal", "hash": "x"},
        },
        "volumes": {"keys": {"kind": "secret", "secret": "p/db", "items": {"key.pem": "3"}}},
    }

    uses = uses_of(revision("orders-1", 1, config=config), change())

    assert uses == [Use("A", "latest", is_variable=True), Use("key.pem", "3", is_variable=False)]
    assert [use.is_floating for use in uses] == [True, False]


@pytest.mark.parametrize("config", [None, {"image": "x"}])
def test_an_unknown_configuration_is_not_an_empty_one(config: dict[str, str] | None) -> None:
    assert uses_of(revision("orders-1", 1, config=config), change()) is None


def test_the_same_name_in_another_project_is_another_secret() -> None:
    config = {"env": {"A": {"source": "secret", "secret": "elsewhere/db", "version": "latest"}}}

    assert uses_of(revision("orders-1", 1, config=config), change()) == []
