"""Configuration that disagrees between services."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classifiers.drift import find_drifts, tie_drifts
from classifiers.findings import Change, Cluster, Drift, Hypothesis, Onset
from classifiers.routing import Routing, Target
from classifiers.suspects import CallGraph
from collector.normalise.redact import Redactor
from collector.normalise.specs import canonical_config
from collector.records import Revision
from collector.replacing import replace
from tests.support.cloud_run import container_v1, pod_v1, revision_v1, secret_v1
from tests.support.findings import ONSET_NS, attribution, cluster
from tests.support.system import HOUR, System

REDACTOR = Redactor(b"0123456789abcdef")
NO_CALLS = CallGraph(pl.DataFrame(schema={"caller": pl.String(), "service": pl.String(), "calls": pl.Int64()}))


def of_env(service: str, number: int, env: dict[str, Any], **changes: Any) -> Revision:
    """A revision that took traffic `number` seconds after the epoch."""
    config = canonical_config(revision_v1("x-00001-aaa", env), redactor=REDACTOR, complete=True)
    made = Revision(
        project="p", service=service, revision=f"{service}-{number:05d}-aaa", created_ns=number * 10**9, ready_ns=None,
        failed_ns=None, first_seen_ns=None, last_seen_ns=None, traffic_ns=number * 10**9, requests=9, config=config,
    )  # fmt: skip
    return replace(made, **changes)


def telling(*revisions: Revision, routings: tuple[Routing, ...] = ()) -> list[Drift]:
    return [one for one in find_drifts(revisions, routings) if one.is_telling]


def held(drift: Drift) -> dict[str, str]:
    return {side.service: side.holds for side in drift.sides}


class TestParted:
    def test_a_credential_that_was_the_same_is_told_with_the_deploy_that_parted_it(self) -> None:
        (found,) = telling(
            of_env("auth", 1, {"JWT_SECRET": secret_v1("jwt", "3")}),
            of_env("desk", 2, {"JWT_SECRET": secret_v1("jwt", "3")}),
            of_env("auth", 5, {"JWT_SECRET": secret_v1("jwt-new", "1")}),
        )

        assert (found.key, found.kind, found.parted_service, found.parted_by) == (
            "JWT_SECRET", "parted", "auth", "auth-00005-aaa",
        )  # fmt: skip
        assert found.since_ns == 5 * 10**9
        assert held(found) == {"auth": "secret jwt-new:1", "desk": "secret jwt:3"}
        assert found.statement == "they held the same until auth auth-00005-aaa"

    def test_literals_are_compared_by_their_hash(self) -> None:
        (found,) = telling(
            of_env("auth", 1, {"SIGNING_KEY": "one"}),
            of_env("desk", 2, {"SIGNING_KEY": "one"}),
            of_env("desk", 3, {"SIGNING_KEY": "two"}),
        )

        assert held(found)["auth"] == f"literal #{REDACTOR.hash('one')[:6]}"

    def test_what_was_brought_together_again_is_no_drift(self) -> None:
        both = [of_env(name, 1, {"JWT_SECRET": secret_v1("jwt", "3")}) for name in ("auth", "desk")]
        moved = [of_env(name, at, {"JWT_SECRET": secret_v1("jwt", "4")}) for name, at in (("auth", 5), ("desk", 9))]

        assert [one.kind for one in telling(*both, moved[0])] == ["parted"]
        assert telling(*both, *moved) == []

    def test_a_roll_back_brings_them_together_too(self) -> None:
        back = Routing("p", "auth", 9, 9 * 10**9, (Target("auth-00001-aaa", 100, "", is_latest=False),), "r")
        revisions = [
            of_env("auth", 1, {"JWT_SECRET": secret_v1("jwt", "3")}),
            of_env("desk", 1, {"JWT_SECRET": secret_v1("jwt", "3")}),
            of_env("auth", 5, {"JWT_SECRET": secret_v1("jwt", "4")}),
        ]

        assert telling(*revisions, routings=(back,)) == []

    def test_settings_that_are_no_credential_may_part_in_silence(self) -> None:
        both = [of_env(name, 1, {"LOG_LEVEL": "info", "PORT_NUMBER": "1"}) for name in ("auth", "desk")]

        assert telling(*both, of_env("auth", 5, {"LOG_LEVEL": "debug", "PORT_NUMBER": "2"})) == []

    def test_a_stamp_that_each_deploy_changes_is_no_drift_by_itself(self) -> None:
        stamped = [of_env(name, at, {"SERVICE_ID": str(at)}) for at in (1, 2, 3) for name in ("auth", "desk")]

        assert telling(*stamped, of_env("auth", 4, {"SERVICE_ID": "4"})) == []


class TestVersions:
    def test_one_secret_in_two_versions_is_told_whatever_the_keys_are_called(self) -> None:
        (found,) = telling(
            of_env("auth", 1, {"SIGNING": secret_v1("jwt", "3")}),
            of_env("desk", 1, {"VERIFYING": secret_v1("jwt", "2")}),
        )

        assert (found.key, found.kind) == ("jwt", "version")
        assert held(found) == {"auth": "secret jwt:3", "desk": "secret jwt:2"}

    def test_a_mounted_secret_counts(self) -> None:
        volumes = [{"name": "v", "secret": {"secretName": "jwt", "items": [{"path": "key", "key": "2"}]}}]
        document = {"spec": pod_v1(container_v1({}), volumes=volumes)}
        mounted = of_env("desk", 1, {}, config=canonical_config(document, redactor=REDACTOR, complete=True))

        assert [one.kind for one in telling(of_env("auth", 1, {"JWT": secret_v1("jwt", "3")}), mounted)] == ["version"]

    def test_a_version_beside_latest_may_be_the_same_and_is_not_told_by_itself(self) -> None:
        (found,) = find_drifts(
            [of_env("auth", 1, {"K": secret_v1("j", "3")}), of_env("desk", 1, {"K": secret_v1("j")})]
        )

        assert (found.key, found.is_telling) == ("K", False)
        assert found.statement.endswith("which one `latest` is depends on when the instance started")

    def test_it_is_told_since_when(self) -> None:
        (found,) = telling(
            of_env("auth", 1, {"S": secret_v1("jwt", "3")}), of_env("auth", 7, {"S": secret_v1("jwt", "3")}),
            of_env("desk", 2, {}), of_env("desk", 5, {"V": secret_v1("jwt", "2")}),
            of_env("desk", 9, {"V": secret_v1("jwt", "2")}),
        )  # fmt: skip

        assert found.since_ns == 5 * 10**9

    def test_equal_versions_are_no_drift(self) -> None:
        assert telling(of_env("auth", 1, {"K": secret_v1("jwt")}), of_env("desk", 1, {"L": secret_v1("jwt")})) == []


class TestOddOneOut:
    def test_a_credential_on_which_all_but_one_agree_is_told(self) -> None:
        (found,) = telling(*(of_env(name, 1, {"API_TOKEN": "same"}) for name in ("a", "b", "c")),
                           of_env("d", 1, {"API_TOKEN": "other"}))  # fmt: skip

        assert (found.kind, found.statement) == ("odd one out", "3 services hold the same, d does not")

    def test_other_settings_and_ties_are_not(self) -> None:
        assert (
            telling(*(of_env(name, 1, {"LOG_LEVEL": "info"}) for name in "ab"), of_env("c", 1, {"LOG_LEVEL": "x"}))
            == []
        )
        assert telling(of_env("a", 1, {"API_TOKEN": "x"}), of_env("b", 1, {"API_TOKEN": "y"})) == []


class TestWhatIsCompared:
    def test_services_of_two_projects_are_not_compared(self) -> None:
        other = of_env("desk", 1, {"K": secret_v1("jwt", "2")}, project="q")

        assert find_drifts([of_env("auth", 1, {"K": secret_v1("jwt", "3")}), other]) == ()

    def test_a_serving_revision_of_unknown_configuration_is_not_compared(self) -> None:
        before = of_env("auth", 1, {"K": secret_v1("jwt", "3")})
        now = of_env("auth", 2, {}, config=None)

        assert find_drifts([before, now, of_env("desk", 1, {"K": secret_v1("jwt", "2")})]) == ()

    def test_a_literal_beside_a_secret_is_not_known_to_differ(self) -> None:
        (found,) = find_drifts([of_env("auth", 1, {"JWT": "x"}), of_env("desk", 1, {"JWT": secret_v1("jwt")})])

        assert not found.is_telling
        assert found.statement == "a secret and a literal cannot be compared: they may hold the same"


AUTH, DESK = (
    of_env("auth", 1, {"JWT_SECRET": "x", "DB_PASSWORD": "x"}),
    of_env("desk", 1, {"JWT_SECRET": "y", "DB_PASSWORD": "y"}),
)
REFUSED = cluster(
    id="c1", project="p", service="desk", title="auth answered 401: Signature verification failed", sample="",
    attribution=None, hypotheses=(), cause="unknown",
    onset=Onset(ONSET_NS, ONSET_NS, ONSET_NS, None, 1.0, "requests"),
)  # fmt: skip


def tied(one: Cluster, calls: CallGraph = NO_CALLS) -> tuple[list[str], list[tuple[str, str | None]]]:
    """Keys that are told, and the evidence that the cluster got."""
    told, (after,) = tie_drifts(find_drifts([AUTH, DESK]), [one], calls)
    fresh = after.evidence[len(one.evidence) :]
    return [drift.key for drift in told], [(fact.kind, fact.query) for fact in fresh]


class TestTied:
    def test_a_refusal_between_two_services_is_tied_to_what_they_prove_themselves_with(self) -> None:
        assert tied(REFUSED) == (["JWT_SECRET"], [("inferred", "rule:drift-between-services")])

    def test_the_other_service_must_take_part(self) -> None:
        elsewhere = replace(REFUSED, title="the bank answered 401: Signature verification failed")
        calls = CallGraph(pl.DataFrame([("desk", "auth", 3)], schema=["caller", "service", "calls"], orient="row"))

        assert tied(elsewhere) == ([], [])
        assert tied(elsewhere, calls)[0] == ["JWT_SECRET"]

    @pytest.mark.parametrize("title", ["auth: stock is empty", "auth took 5 s", "auth: order 4031 not found"])
    def test_other_failures_are_not_tied(self, title: str) -> None:
        assert tied(replace(REFUSED, title=title)) == ([], [])

    def test_a_token_for_somebody_else_is_not(self) -> None:
        drifts = find_drifts([of_env("auth", 1, {"BANK_TOKEN": "x"}), of_env("desk", 1, {"BANK_TOKEN": "y"})])

        assert tie_drifts(drifts, [REFUSED], NO_CALLS)[0] == ()

    def test_a_failure_that_names_the_key_is_tied_to_it(self) -> None:
        named = replace(REFUSED, title="cannot connect", sample="DB_PASSWORD refused")

        assert tied(named) == (["DB_PASSWORD"], [("inferred", "rule:names-a-drift")])
        assert tied(replace(named, sample="MY_DB_PASSWORD refused")) == ([], [])

    def test_what_has_a_verdict_of_its_own_is_not_tied_but_by_the_key_that_it_blames(self) -> None:
        blamed = attribution(service="desk", revision="desk-00001-aaa", also_changed=())
        role = Hypothesis("dependency", 0.95, "a role was taken away")

        assert tied(replace(REFUSED, attribution=blamed)) == ([], [])
        assert tied(replace(REFUSED, attribution=None, hypotheses=(role,), cause="dependency")) == ([], [])
        changed = replace(blamed, change=Change("env_changed", "JWT_SECRET"))
        assert tied(replace(REFUSED, attribution=changed))[0] == ["JWT_SECRET"]

    @pytest.mark.parametrize(("secret", "tied_to"), [("db-password", []), ("jwt-secret", ["c1"])])
    def test_a_rotation_is_tied_to_a_drift_of_that_very_secret_alone(self, secret: str, tied_to: list[str]) -> None:
        (drift,) = find_drifts([AUTH, DESK])[-1:]
        sides = tuple(replace(one, holds=f"secret jwt-secret:{at}") for at, one in enumerate(drift.sides))
        rotated = Hypothesis("secret_rotation", 0.9, f"new version 9 of secret {secret} at 12:29: what started fails")
        failed = replace(REFUSED, hypotheses=(rotated,), cause="secret_rotation")

        (told, *_), _ = tie_drifts([replace(drift, sides=sides, is_telling=True)], [failed], NO_CALLS)

        assert list(told.cluster_ids) == tied_to

    def test_a_drift_that_nothing_failed_of_for_hours_or_that_came_later_is_not_tied(self) -> None:
        onset = REFUSED.onset
        assert tied(replace(REFUSED, onset=replace(onset, rate_before=0.0))) == ([], [])
        soon = replace(onset, rate_before=0.0, at_ns=10**12, earliest_ns=10**12, latest_ns=10**12)
        assert tied(replace(REFUSED, onset=soon))[0] == ["JWT_SECRET"]
        assert tied(replace(REFUSED, onset=replace(onset, latest_ns=0))) == ([], [])

    def test_clusters_of_other_services_and_projects_are_not(self) -> None:
        assert tied(replace(REFUSED, service="till")) == ([], [])
        assert tied(replace(REFUSED, project="q")) == ([], [])

    def test_the_evidence_tells_who_holds_what_and_no_value(self) -> None:
        _, (after,) = tie_drifts(find_drifts([AUTH, DESK]), [REFUSED], NO_CALLS)
        x, y = (REDACTOR.hash(value)[:6] for value in "xy")

        assert after.evidence[-1].statement == (
            "JWT_SECRET differs between services, and this is a refusal between them: "
            f"literal #{x} in auth, literal #{y} in desk; it is not known that they ever held the same"
        )
        assert after.evidence[-1].revisions == ("auth-00001-aaa", "desk-00001-aaa")


def test_a_report_ties_a_refusal_to_the_key_that_parted_two_services(tmp_path: Path) -> None:
    system = System()
    for name in ("auth", "desk"):
        system.deploy(10, name, f"{name}-00001-aaa", image="a", env={"JWT_SECRET": "one", "PORT_BASE": name})
        system.traffic(name, f"{name}-00001-aaa", 20, HOUR, every_s=30)
    system.deploy(HOUR, "desk", "desk-00002-bbb", image="a", env={"JWT_SECRET": "two", "PORT_BASE": "desk"})
    system.traffic("desk", "desk-00002-bbb", HOUR, 2 * HOUR, every_s=30)
    for at in range(HOUR + 60, 2 * HOUR, 60):
        system.failure(at, "desk", "desk-00002-bbb", "AuthError: auth answered 401, invalid token signature")

    found = system.findings(tmp_path, 2 * HOUR)

    assert [(one.key, one.kind, one.parted_by) for one in found.drifts] == [("JWT_SECRET", "parted", "desk-00002-bbb")]
    told = {one.id: one for one in found.clusters}
    assert found.drifts[0].cluster_ids
    for name in found.drifts[0].cluster_ids:
        assert "rule:drift-between-services" in {fact.query for fact in told[name].evidence}
