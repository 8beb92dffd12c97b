"""What changed between two revisions."""

from typing import Any

import pytest

from classifiers.changes import difference
from collector.normalise.redact import Redactor
from collector.normalise.specs import canonical_config
from collector.records import Revision
from collector.replacing import replace
from tests.support.cloud_run import (
    container_v1,
    pod_v1,
    revision_v1,
    revision_v2,
    secret_v1,
    secret_v2,
    service_v1,
)

REDACTOR = Redactor(b"0123456789abcdef")
PLANTED = "hunter2-planted-value"


def revision(number: int, document: dict[str, Any] | None, *, complete: bool = True) -> Revision:
    """A revision with the configuration of a document, created `number` seconds after the epoch."""
    config = canonical_config(document, redactor=REDACTOR, complete=complete) if document is not None else None
    return Revision(
        project="p", service="shop", revision=f"shop-{number:05d}-aaa", created_ns=number * 10**9, ready_ns=None,
        failed_ns=None, first_seen_ns=None, last_seen_ns=None, traffic_ns=None, requests=1, config=config,
    )  # fmt: skip


def of_env(number: int, env: dict[str, Any] | None, digest: str = "aa") -> Revision:
    return revision(number, revision_v1(f"shop-{number:05d}-aaa", env, digest=digest))


def told(before: Revision, after: Revision) -> list[tuple[str, str]]:
    return [(change.type, change.name) for change in difference(before, after).changes]


class TestDifference:
    def test_variables_are_compared_by_name_source_version_and_hash(self) -> None:
        before = of_env(1, {"GONE": secret_v1("gone", "2"), "REF": secret_v1("db", "6"), "LIT": "a", "SAME": "s"})
        after = of_env(2, {"REF": secret_v1("db", "7"), "LIT": PLANTED, "SAME": "s", "NEW": "n"})

        found = difference(before, after)

        assert [(one.type, one.name) for one in found.changes] == [
            ("env_removed", "GONE"), ("secret_ref_changed", "REF"), ("env_changed", "LIT"), ("env_added", "NEW")
        ]  # fmt: skip
        assert (found.changes[0].before, found.changes[0].after) == ("secret gone:2", None)
        assert (found.changes[1].before, found.changes[1].after) == ("secret db:6", "secret db:7")
        assert found.changes[2].after == f"literal #{REDACTOR.hash(PLANTED)[:6]}"
        assert found.label == "config only"
        assert found.unknown == ()

    def test_a_literal_that_becomes_a_secret_is_a_changed_variable(self) -> None:
        found = difference(of_env(1, {"A": "x"}), of_env(2, {"A": secret_v1("a")})).changes

        assert [(one.type, one.name, one.after) for one in found] == [("env_changed", "A", "secret a:latest")]

    @pytest.mark.parametrize(
        ("env", "digest", "label"),
        [
            ({"A": "1"}, "bb", "code only"),
            ({"A": "2"}, "aa", "config only"),
            ({"A": "2"}, "bb", "both"),
            ({"A": "1"}, "aa", "nothing"),
        ],
    )
    def test_each_pair_bears_a_label(self, env: dict[str, Any], digest: str, label: str) -> None:
        assert difference(of_env(1, {"A": "1"}), of_env(2, env, digest)).label == label

    def test_an_unknown_configuration_is_not_known_and_never_all_removed(self) -> None:
        for pair in ((of_env(1, {"A": "1"}), revision(2, None)), (revision(1, None), of_env(2, {"A": "1"}))):
            found = difference(*pair)
            assert (found.label, found.changes, found.unknown) == ("not known", (), ("configuration",))

    def test_a_request_without_env_leaves_the_variables_not_known(self) -> None:
        bare = {"image": "eu.gcr.io/garden/shop:latest", "resources": {"limits": {"memory": "1Gi", "cpu": "1"}}}
        after = revision(2, service_v1(None, latest="shop-00002-aaa", container=bare), complete=False)

        found = difference(of_env(1, {"A": "1"}), after)

        assert [(one.type, one.before, one.after) for one in found.changes] == [("memory_limit", "512Mi", "1Gi")]
        assert found.label == "not known"
        assert {"env", "image"} <= set(found.unknown)

    def test_all_variables_cleared_in_a_full_answer_are_removed(self) -> None:
        assert told(of_env(1, {"A": "1", "B": "2"}), of_env(2, None)) == [("env_removed", "A"), ("env_removed", "B")]

    def test_equal_tags_prove_nothing_and_other_tags_do(self) -> None:
        one, same, other = (
            revision(number, {"spec": pod_v1(container_v1({}, image=f"eu.gcr.io/garden/shop:{tag}"))})
            for number, tag in ((1, "latest"), (2, "latest"), (3, "v2"))
        )

        assert difference(one, same).unknown == ("image",)
        assert difference(one, same).label == "not known"
        assert told(one, other) == [("image", "image")]

    def test_a_tag_beside_a_digest_is_not_known_unless_the_repository_differs(self) -> None:
        digest = of_env(1, {})
        tag = revision(2, {"spec": pod_v1(container_v1({}, image="eu.gcr.io/garden/shop:latest"))})
        elsewhere = revision(3, {"spec": pod_v1(container_v1({}, image="eu.gcr.io/other/shop:latest"))})

        assert "image" in difference(digest, tag).unknown
        assert ("image", "image") in told(digest, elsewhere)

    def test_limits_scaling_identity_network_and_probes_are_compared(self) -> None:
        notes = {
            "autoscaling.knative.dev/maxScale": "3",
            "autoscaling.knative.dev/minScale": "1",
            "run.googleapis.com/cloudsql-instances": "p:r:db",
            "run.googleapis.com/vpc-access-connector": "inner",
        }
        after = revision_v1("shop-00002-aaa", {}, notes=notes)
        after["spec"] |= {"containerConcurrency": 1, "timeoutSeconds": 10, "serviceAccountName": "other@x"}
        after["spec"]["containers"][0] |= {
            "resources": {"limits": {"cpu": "2", "memory": "256Mi"}},
            "startupProbe": {"httpGet": {"path": "/up", "port": 8080}},
        }

        found = difference(of_env(1, {}), revision(2, after))

        assert [one.type for one in found.changes] == [
            "service_account", "cloud_sql", "vpc", "memory_limit", "cpu_limit", "concurrency", "timeout",
            "max_instances", "min_instances", "probes",
        ]  # fmt: skip
        assert [(one.before, one.after) for one in found.changes if one.type == "vpc"] == [("none", "connector inner")]

    def test_two_dialects_of_one_configuration_do_not_differ(self) -> None:
        before = revision(1, revision_v1("shop-00001-aaa", {"A": "1", "B": secret_v1("b")}))
        after = revision(2, revision_v2("shop-00002-aaa", {"A": "1", "B": secret_v2("projects/4711/secrets/b")}))

        assert told(before, after) == []

    def test_a_default_spelled_out_in_the_other_dialect_is_not_known(self) -> None:
        after = revision_v2("shop-00002-aaa", {}) | {"executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2"}

        found = difference(of_env(1, {}), revision(2, after))

        assert found.changes == ()
        assert found.unknown == ("execution_environment",)

    def test_another_port_is_told_and_a_port_that_is_not_told_says_nothing(self) -> None:
        def on(number: int, *ports: int) -> Revision:
            listed = [{"containerPort": port} for port in ports]
            return revision(number, {"spec": pod_v1(container_v1({}, image="i@sha256:aa", ports=listed))})

        assert told(on(1, 8001), on(2, 8080)) == [("other", "port")]
        assert "port" not in difference(on(1, 8001), on(2)).unknown

    def test_mounted_secrets_are_compared_by_the_secret_whatever_the_volume_is_called(self) -> None:
        def mounting(number: int, volume: str, secret: str, version: str) -> Revision:
            volumes = [{"name": volume, "secret": {"secretName": secret, "items": [{"path": "k", "key": version}]}}]
            return revision(number, {"spec": pod_v1(container_v1({}, image="i@sha256:aa"), volumes=volumes)})

        assert told(mounting(1, "v1", "cert", "3"), mounting(2, "v2", "cert", "3")) == []
        (found,) = difference(mounting(1, "v", "cert", "3"), mounting(2, "v", "cert", "4")).changes
        assert (found.name, found.before, found.after) == ("mounted secret cert", "k:3", "k:4")
        assert told(mounting(1, "v", "cert", "3"), mounting(2, "v", "other", "3")) == [
            ("other", "mounted secret cert"), ("other", "mounted secret other")
        ]  # fmt: skip

    def test_each_section_that_is_not_known_says_why(self) -> None:
        bare = {"image": "eu.gcr.io/garden/shop:latest"}
        after = revision(2, service_v1(None, latest="shop-00002-aaa", container=bare), complete=False)

        found = difference(of_env(1, {"A": "1"}), after)
        why = dict(zip(found.unknown, found.reasons, strict=True))

        assert why["env"] == "what is stored of shop-00002-aaa does not tell it"
        assert why["image"] == "shop-00002-aaa tells a tag without a digest, and a tag moves"
        assert difference(of_env(1, {}), revision(2, None)).reasons == (
            "no document of shop-00002-aaa is stored, so what it was configured with is not known",
        )

    def test_sidecars_are_compared_by_name(self) -> None:
        def with_sidecar(env: dict[str, Any], name: str = "proxy") -> dict[str, Any]:
            return {
                "spec": pod_v1(
                    container_v1({}, image="i@sha256:aa"), container_v1(env, image="j@sha256:bb", name=name, ports=[])
                )
            }

        before = revision(1, with_sidecar({"A": "1"}))

        assert told(before, revision(2, with_sidecar({}))) == [("env_removed", "proxy/A")]
        assert told(before, revision(2, with_sidecar({"A": "1"}, "mesh"))) == [
            ("other", "container mesh"), ("other", "container proxy")
        ]  # fmt: skip

    def test_withheld_values_are_not_known_to_be_equal(self) -> None:
        document = revision_v1("shop-00002-aaa", {"A": "?"})
        config = canonical_config(document, redactor=REDACTOR, complete=True, withheld=("containers.env",))
        after = replace(revision(2, document), config=config)

        found = difference(of_env(1, {"A": "1"}), after)

        assert (found.changes, found.unknown) == ((), ("env A",))
