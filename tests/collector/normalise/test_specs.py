"""Documents of Cloud Run become canonical configurations and facts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.normalise.redact import Redactor
from collector.normalise.specs import canonical_config, read_spec
from collector.records import FACT_SCHEMA
from collector.window import parse_instant_ns
from tests.support.cloud_run import (
    DEPLOYER,
    NUMBER,
    PERSON,
    PROJECT,
    container_v1,
    env_list,
    pod_v1,
    revision_v1,
    revision_v2,
    secret_v1,
    secret_v2,
    service_v1,
    service_v2,
)

REDACTOR = Redactor(b"0123456789abcdef")
PLANTED = "hunter2-planted-value"


def config_of(document: dict[str, Any], *, complete: bool = True, **more: Any) -> dict[str, Any]:
    return canonical_config(document, redactor=REDACTOR, complete=complete, **more)


def read(document: object) -> list[dict[str, Any]]:
    return read_spec(document, location="shop.json", redactor=REDACTOR)


def kinds(facts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(fact["kind"], fact["revision"]) for fact in facts]


def detail(facts: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(json.loads(fact["detail"]) for fact in facts if fact["kind"] == kind)


def ns(text: str) -> int:
    return parse_instant_ns(text, name="t", now_ns=0)


class TestConfiguration:
    def test_both_dialects_give_the_same_configuration(self) -> None:
        v1 = config_of(revision_v1("shop-00001-aaa", {"MODE": "x", "DB": secret_v1("db", "3")}))
        v2 = config_of(revision_v2("shop-00001-aaa", {"MODE": "x", "DB": secret_v2("db", "3")}))

        assert (v1.pop("api"), v2.pop("api")) == ("v1", "v2")
        assert v1 == v2
        assert v1["memory_limit"] == "512Mi"
        assert v1["cpu_limit"] == "1"
        assert v1["timeout_s"] == 300

    def test_a_literal_is_kept_as_a_keyed_hash_only(self) -> None:
        config = config_of(revision_v1("shop-00001-aaa", {"DB_PASSWORD": PLANTED}))
        other_key = canonical_config(
            revision_v1("shop-00001-aaa", {"DB_PASSWORD": PLANTED}), redactor=Redactor(b"f" * 16), complete=True
        )

        assert PLANTED not in json.dumps(config)
        assert config["env"]["DB_PASSWORD"] == {"source": "literal", "hash": REDACTOR.hash(PLANTED)}
        assert other_key["env"] != config["env"]

    def test_a_variable_without_a_value_is_an_empty_literal(self) -> None:
        document = revision_v1("shop-00001-aaa", {})
        document["spec"]["containers"][0]["env"] = [{"name": "EMPTY"}]

        assert config_of(document)["env"] == {"EMPTY": {"source": "literal", "hash": REDACTOR.hash("")}}

    def test_an_absent_env_list_in_a_full_answer_means_no_variables(self) -> None:
        assert config_of(revision_v1("shop-00001-aaa", None))["env"] == {}

    def test_an_absent_env_list_in_a_request_is_not_known(self) -> None:
        asked = {"spec": {"template": {"spec": pod_v1({"image": "eu.gcr.io/garden/shop:latest"})}}}

        config = config_of(asked, complete=False)

        assert "env" not in config
        assert "vpc" not in config
        assert config["concurrency"] == 80

    def test_a_bare_container_is_not_taken_for_a_full_answer(self) -> None:
        bare = {"spec": pod_v1({"image": "eu.gcr.io/garden/shop:latest"})}

        assert "env" not in config_of(bare)

    def test_a_withheld_env_list_is_not_known_and_withheld_values_are_marked(self) -> None:
        withheld = ("response.spec.template.spec.containers.env",)

        assert "env" not in config_of(revision_v1("shop-00001-aaa", None), withheld=withheld)
        config = config_of(revision_v1("shop-00001-aaa", {"A": "?", "B": secret_v1("b")}), withheld=withheld)
        assert config["env"]["A"] == {"source": "unknown"}
        assert config["env"]["B"]["source"] == "secret"

    def test_the_resolved_digest_wins_over_the_tag(self) -> None:
        notes = {"client.knative.dev/user-image": "eu.gcr.io/garden/shop:9f8e7d6c5b4a"}

        config = config_of(revision_v1("shop-00001-aaa", {}, digest="cd", notes=notes))

        assert config["image"] == "eu.gcr.io/garden/shop@sha256:" + "cd" * 32
        assert config["image_tag"] == "eu.gcr.io/garden/shop:9f8e7d6c5b4a"
        assert config["commit"] == "9f8e7d6c5b4a"

    def test_a_commit_label_tells_the_commit(self) -> None:
        document = revision_v1("shop-00001-aaa", {})
        document["metadata"]["labels"]["commit-sha"] = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"

        assert config_of(document)["commit"] == "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"

    def test_sidecars_are_told_apart_from_the_container_with_ports(self) -> None:
        sidecar = {"name": "proxy", "image": "eu.gcr.io/garden/proxy:1", "env": env_list({"LEVEL": "2"})}
        document = {"spec": pod_v1(sidecar, container_v1({"MODE": "x"}, name="shop-1"))}

        config = config_of(document)

        assert set(config["env"]) == {"MODE"}
        assert set(config["containers"]) == {"proxy"}
        assert set(config["containers"]["proxy"]["env"]) == {"LEVEL"}

    def test_aliases_of_secrets_in_other_projects_are_resolved(self) -> None:
        notes = {"run.googleapis.com/secrets": "db-alias:projects/vault/secrets/db"}
        document = revision_v1("shop-00001-aaa", {"DB": secret_v1("db-alias", "3")}, notes=notes)

        assert config_of(document)["env"]["DB"] == {"source": "secret", "secret": "vault/db", "version": "3"}

    @pytest.mark.parametrize(
        ("volume", "read"),
        [
            (
                {"name": "k", "secret": {"secretName": "keys", "items": [{"key": "4", "path": "a.pem"}]}},
                {"k": {"kind": "secret", "secret": "keys", "items": {"a.pem": "4"}}},
            ),
            (
                {"name": "k", "secret": {"secret": "keys", "items": [{"version": "4", "path": "a.pem"}]}},
                {"k": {"kind": "secret", "secret": "keys", "items": {"a.pem": "4"}}},
            ),
            ({"name": "t", "emptyDir": {"medium": "Memory"}}, {"t": {"kind": "emptyDir"}}),
        ],
    )
    def test_volumes_keep_secret_and_version(self, volume: dict[str, Any], read: dict[str, Any]) -> None:
        document = {"spec": pod_v1(container_v1({}), volumes=[volume])}

        assert config_of(document)["volumes"] == read

    def test_network_database_and_command_are_read(self) -> None:
        notes = {
            "run.googleapis.com/vpc-access-connector": "projects/p/locations/l/connectors/inner",
            "run.googleapis.com/vpc-access-egress": "all-traffic",
            "run.googleapis.com/cloudsql-instances": "p:r:b,p:r:a",
            "run.googleapis.com/cpu-throttling": "False",
        }
        document = revision_v1("shop-00001-aaa", {}, notes=notes)
        document["spec"]["containers"][0]["args"] = ["--token", PLANTED]

        config = config_of(document)

        assert config["vpc"] == {"connector": "inner", "egress": "all-traffic"}
        assert config["cloud_sql"] == ["p:r:a", "p:r:b"]
        assert config["cpu_idle"] is False
        assert config["probes"] == {"startup": "tcp:8080 period 240 timeout 240 failures 1"}
        assert config["command"]
        assert PLANTED not in json.dumps(config)

    def test_the_v2_network_reads_like_the_v1_network(self) -> None:
        access = {"networkInterfaces": [{"network": "n/default", "subnetwork": "s/inner"}], "egress": "ALL_TRAFFIC"}
        v2 = revision_v2("shop-00001-aaa", {}) | {"vpcAccess": access}
        interfaces = json.dumps([{"network": "n/default", "subnetwork": "s/inner"}])
        notes = {
            "run.googleapis.com/network-interfaces": interfaces,
            "run.googleapis.com/vpc-access-egress": "all-traffic",
        }

        assert config_of(v2)["vpc"] == config_of(revision_v1("r", {}, notes=notes))["vpc"]

    @pytest.mark.parametrize(
        ("given", "kept"), [("1Gi", "1Gi"), ("1024Mi", "1Gi"), ("512Mi", "512Mi"), ("1G", "1000000000"), ("odd", "odd")]
    )
    def test_one_memory_has_one_spelling(self, given: str, kept: str) -> None:
        limits = {"limits": {"memory": given, "cpu": "500m"}}

        config = config_of({"spec": pod_v1(container_v1({}, resources=limits))})

        assert config["memory_limit"] == kept
        assert config["cpu_limit"] == "500m"

    def test_a_document_without_containers_has_no_configuration(self) -> None:
        assert config_of({"spec": {"template": {"spec": {"containers": []}}}}) == {}


class TestReadSpec:
    def test_a_revision_tells_when_it_was_created_and_ready_and_its_spec(self) -> None:
        facts = read(revision_v1("shop-00004-aaa", {"MODE": "x"}))

        assert kinds(facts) == [(kind, "shop-00004-aaa") for kind in ("created", "ready", "spec")]
        assert [set(fact) for fact in facts] == [set(FACT_SCHEMA)] * 3
        assert facts[0]["at_ns"] == ns("2026-05-04T10:00:00.5Z")
        assert facts[1]["at_ns"] == ns("2026-05-04T10:00:40Z")
        assert {(fact["service"], fact["project"], fact["origin"], fact["insert_id"]) for fact in facts} == {
            ("shop", NUMBER, "describe", "shop.json")
        }
        assert detail(facts, "spec")["complete"] is True

    def test_people_are_hashed_and_service_accounts_kept(self) -> None:
        by_person = read(revision_v1("shop-00004-aaa", {}))
        by_machine = read(service_v1({}, latest="shop-00004-aaa"))

        assert PERSON not in json.dumps(by_person)
        assert by_person[0]["actor"].startswith("<email:")
        assert by_machine[0]["actor"] == DEPLOYER

    def test_a_failed_revision_tells_why(self) -> None:
        facts = read(revision_v1("shop-00004-aaa", {}, ready="False"))

        assert kinds(facts)[1] == ("failed", "shop-00004-aaa")
        assert detail(facts, "failed")["message"] == "The container failed to start."

    def test_a_settled_service_tells_the_spec_of_its_latest_revision_and_the_traffic(self) -> None:
        traffic = [
            {"percent": 100, "revisionName": "shop-00003-old"},
            {"latestRevision": True, "revisionName": "shop-00004-aaa", "tag": "try"},
        ]

        facts = read(service_v1({"MODE": "x"}, latest="shop-00004-aaa", traffic=traffic))

        assert kinds(facts) == [("ready", "shop-00004-aaa"), ("spec", "shop-00004-aaa"), ("traffic", "")]
        assert detail(facts, "spec")["config"]["ingress"] == "internal"
        assert detail(facts, "traffic")["targets"] == [
            {"revision": "shop-00003-old", "percent": 100, "tag": "", "latest": False},
            {"revision": "shop-00004-aaa", "percent": 0, "tag": "try", "latest": True},
        ]

    def test_a_service_the_server_has_not_caught_up_with_gives_no_spec(self) -> None:
        facts = read(service_v1({"MODE": "new"}, latest="shop-00003-old", generation=8, observed=7))

        assert kinds(facts) == [("traffic", "")]

    def test_admin_api_answers_are_read_like_describe_files(self) -> None:
        revisions = read(
            {
                "revisions": [
                    revision_v2("shop-00004-aaa", {}),
                    revision_v2("shop-00005-bbb", {}, state="CONDITION_FAILED"),
                ]
            }
        )
        service = read(service_v2({}, latest="shop-00004-aaa"))

        assert kinds(revisions)[:3] == [(kind, "shop-00004-aaa") for kind in ("created", "ready", "spec")]
        assert kinds(revisions)[4] == ("failed", "shop-00005-bbb")
        assert {(fact["project"], fact["origin"]) for fact in revisions} == {(PROJECT, "admin_api")}
        assert kinds(service) == [("ready", "shop-00004-aaa"), ("spec", "shop-00004-aaa"), ("traffic", "")]
        assert detail(service, "traffic")["targets"][0]["revision"] == "shop-00004-aaa"

    def test_a_reconciling_admin_service_gives_no_spec(self) -> None:
        facts = read(service_v2({}, latest="shop-00004-aaa", reconciling=True))

        assert ("spec", "shop-00004-aaa") not in kinds(facts)

    def test_lists_are_read_whole(self) -> None:
        both = [revision_v1("shop-00004-aaa", {}), revision_v1("shop-00005-bbb", {})]

        assert len(read(both)) == len(read({"apiVersion": "v1", "items": both})) == 6

    @pytest.mark.parametrize(
        "document", [None, 3, "x", [], {}, {"kind": "Job", "spec": {"template": {}}}, [[{}], None]]
    )
    def test_anything_else_gives_no_fact(self, document: object) -> None:
        assert read(document) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["kind", "metadata", "spec", "template", "containers", "env", "name", "status", "conditions", "traffic"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(["Service", "Revision", ""]))
def test_no_document_stops_the_reading(inner: Any, kind: str) -> None:
    document = {**revision_v1("shop-00004-aaa", {}), "kind": kind}
    if isinstance(inner, dict):
        document |= inner

    for row in read(document):
        assert set(row) == set(FACT_SCHEMA)
