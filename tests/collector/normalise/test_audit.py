"""Audit entries become a sentence, a summary and facts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.normalise.audit import AuditReading, audit_payload, read_audit
from collector.normalise.redact import Redactor
from collector.records import FACT_SCHEMA
from collector.window import parse_instant_ns
from tests.support.cloud_run import (
    DEPLOYER,
    NUMBER,
    PERSON,
    PROJECT,
    REGION,
    audit_entry,
    container_v1,
    maintenance_entry,
    revision_v1,
    secret_v1,
    secret_v2,
    service_v1,
    service_v2,
    template_v2,
    with_nonce,
)

REDACTOR = Redactor(b"0123456789abcdef")
PLANTED = "hunter2-planted-value"
SERVICE = f"namespaces/{PROJECT}/services/shop"
SERVICE_V2 = f"projects/{PROJECT}/locations/{REGION}/services/shop"
REVISION = f"namespaces/{PROJECT}/revisions/shop-00004-aaa"
V1 = "google.cloud.run.v1.Services.ReplaceService"
V2 = "google.cloud.run.v2.Services.UpdateService"
READY = "Ready condition status changed to True for Revision shop-00004-aaa with message: Deploying revision succeeded."


def read(entry: dict[str, Any]) -> AuditReading:
    return read_audit(entry, redactor=REDACTOR)


def told(reading: AuditReading, kind: str) -> list[dict[str, Any]]:
    return [
        {**json.loads(fact["detail"]), "revision_of_fact": fact["revision"]}
        for fact in reading.facts
        if fact["kind"] == kind
    ]


def kinds(reading: AuditReading) -> list[str]:
    return [fact["kind"] for fact in reading.facts]


def as_floats(value: Any) -> Any:
    """What a protobuf Struct makes of JSON: every number a float."""
    if isinstance(value, dict):
        return {key: as_floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_floats(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


class TestRevisionEvents:
    def test_a_revision_event_is_created_ready_and_spec(self) -> None:
        document = revision_v1("shop-00004-aaa", {"DB": secret_v1("db", "7")}, digest="cd")
        entry = audit_entry(
            "/Services.ReplaceService", REVISION, log="system_event", response=document, status={"message": READY}
        )

        reading = read(entry)

        assert kinds(reading) == ["created", "ready", "spec"]
        assert {fact["revision"] for fact in reading.facts} == {"shop-00004-aaa"}
        assert {(fact["project"], fact["location"]) for fact in reading.facts} == {(PROJECT, REGION)}
        assert told(reading, "spec")[0]["config"]["image"].endswith("cd" * 32)
        assert told(reading, "spec")[0]["project_number"] == NUMBER
        assert reading.message.endswith(READY)

    def test_a_failed_revision_event_is_no_deploy_that_worked(self) -> None:
        message = "Ready condition status changed to False for Revision shop-00004-aaa with message: it did not start."
        document = revision_v1("shop-00004-aaa", {}, ready="False")
        entry = audit_entry(
            "/Services.ReplaceService",
            REVISION,
            log="system_event",
            response=document,
            status={"code": 9, "message": message},
        )

        reading = read(entry)

        assert kinds(reading) == ["created", "failed", "spec"]
        assert "failed with code 9" in reading.message

    @pytest.mark.parametrize(
        ("status", "kind"), [({"code": 9, "message": "no"}, "failed"), ({"message": READY}, "ready")]
    )
    def test_the_status_line_is_enough_where_the_response_is_missing(self, status: dict[str, Any], kind: str) -> None:
        reading = read(audit_entry("/Services.ReplaceService", REVISION, log="system_event", status=status))

        assert [(fact["kind"], fact["revision"]) for fact in reading.facts] == [(kind, "shop-00004-aaa")]

    def test_events_of_functions_are_read_like_those_of_services(self) -> None:
        entry = audit_entry(
            "/InternalServices.ReplaceInternalService",
            REVISION,
            log="system_event",
            response=revision_v1("shop-00004-aaa", {}),
        )

        assert kinds(read(entry)) == ["created", "ready", "spec"]

    def test_a_service_event_tells_the_traffic(self) -> None:
        entry = audit_entry(
            "/Services.ReplaceService", SERVICE, log="system_event", response=service_v1({}, latest="shop-00004-aaa")
        )

        reading = read(entry)

        assert kinds(reading) == ["ready", "spec", "traffic"]
        assert told(reading, "traffic")[0]["targets"][0]["percent"] == 100

    def test_a_service_event_that_failed_is_a_failed_deploy(self) -> None:
        entry = audit_entry(
            "/Services.ReplaceService",
            SERVICE,
            log="system_event",
            response=with_nonce(service_v1({}, latest="shop-00003-old", generation=8), "n1"),
            status={"code": 9, "message": "not ready"},
        )

        deploys = told(read(entry), "deploy")

        assert [(one["outcome"], one["nonce"]) for one in deploys] == [("failed", "n1")]


class TestDeploys:
    def test_a_v1_request_tells_who_deployed_and_what_it_found(self) -> None:
        asked = with_nonce(service_v1({"MODE": PLANTED}, latest="shop-00003-old"), "n1")

        reading = read(audit_entry(V1, SERVICE, request={"service": asked}))

        deploy = told(reading, "deploy")[0]
        assert (deploy["outcome"], deploy["makes_revision"], deploy["nonce"]) == ("requested", True, "n1")
        assert deploy["command"] == "gcloud.run.deploy"
        assert reading.facts[0]["actor"] == DEPLOYER
        assert reading.facts[0]["tool"] == "gcloud"
        assert told(reading, "traffic")[0]["targets"][0]["revision"] == "shop-00003-old"
        assert told(reading, "spec") == []  # the template is what is wanted, not what shop-00003-old has

    def test_the_answer_to_a_v1_request_does_not_name_the_new_revision_before_it_has_settled(self) -> None:
        asked = service_v1({}, latest="shop-00003-old")
        answer = service_v1({"NEW": "1"}, latest="shop-00003-old", generation=8, observed=7)

        reading = read(audit_entry(V1, SERVICE, request={"service": asked}, response=answer))

        assert told(reading, "spec") == []
        assert told(reading, "deploy")[0]["revision"] == ""
        assert told(reading, "deploy")[0]["outcome"] == "succeeded"

    def test_a_request_without_an_env_list_does_not_know_the_variables(self) -> None:
        bare = {"image": "eu.gcr.io/garden/shop:latest", "resources": {"limits": {"memory": "1Gi"}}}
        asked = service_v1(None, latest="shop-00003-old", container=bare)

        config = told(read(audit_entry(V1, SERVICE, request={"service": asked})), "deploy")[0]["config"]

        assert "env" not in config
        assert config["memory_limit"] == "1Gi"

    def test_moving_traffic_makes_no_revision_and_tells_the_template_in_place(self) -> None:
        asked = service_v1({"MODE": "x"}, latest="shop-00004-aaa")
        entry = audit_entry(V1, SERVICE, command="gcloud.run.services.update-traffic", request={"service": asked})

        reading = read(entry)

        assert told(reading, "deploy")[0]["makes_revision"] is False
        assert told(reading, "spec")[0]["revision_of_fact"] == "shop-00004-aaa"
        assert told(reading, "spec")[0]["complete"] is False

    def test_a_traffic_only_update_mask_makes_no_revision(self) -> None:
        request = {"service": {"name": SERVICE_V2, "traffic": [{"percent": 100}]}, "updateMask": "traffic"}

        assert (
            told(read(audit_entry(V2, SERVICE_V2, command="", request=request)), "deploy")[0]["makes_revision"] is False
        )

    @pytest.mark.parametrize(
        ("mask", "makes_revision", "settings"),
        [
            ("ingress", False, ["ingress"]),
            ("labels,invoker_iam_disabled", False, ["invokerIamDisabled", "labels"]),
            ("traffic,ingress", False, []),
            ("ingress,template.containers", True, []),
            ("*", True, []),
        ],
    )
    def test_a_mask_without_the_template_makes_no_revision(
        self, mask: str, *, makes_revision: bool, settings: list[str]
    ) -> None:
        traffic = [{"percent": 100, "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"}]
        request = {"service": {"name": SERVICE_V2, "traffic": traffic}, "updateMask": mask}

        (deploy,) = told(read(audit_entry(V2, SERVICE_V2, command="", request=request)), "deploy")

        assert (deploy["makes_revision"], deploy["settings"]) == (makes_revision, settings)
        assert bool(deploy["targets"]) is not bool(settings)

    def test_a_refused_deploy_is_a_failed_deploy_and_no_revision(self) -> None:
        asked = service_v1({}, latest="shop-00003-old")
        status = {"code": 3, "message": "Invalid value for cpu."}

        reading = read(audit_entry(V1, SERVICE, request={"service": asked}, status=status))

        assert kinds(reading) == ["deploy"]
        assert told(reading, "deploy")[0]["outcome"] == "failed"
        assert "Invalid value for cpu." in reading.message

    def test_both_entries_of_a_v2_pair_bear_the_operation(self) -> None:
        env = {"DB": secret_v2("db")}
        request = {"service": {"name": SERVICE_V2, "template": template_v2(env)}}
        first = audit_entry(V2, SERVICE_V2, request=request, operation={"id": "op/1", "first": True})
        last = audit_entry(
            V2, SERVICE_V2, response=service_v2(env, latest="shop-00004-aaa"), operation={"id": "op/1", "last": True}
        )

        requested, done = (told(read(entry), "deploy")[0] for entry in (first, last))

        assert (requested["operation"], requested["outcome"], requested["revision"]) == ("op/1", "requested", "")
        assert (done["operation"], done["outcome"], done["revision"]) == ("op/1", "succeeded", "shop-00004-aaa")
        assert "spec" in kinds(read(last))

    def test_a_dry_run_is_no_deploy(self) -> None:
        request = {"service": {"template": template_v2({})}, "validateOnly": True}

        assert read(audit_entry(V2, SERVICE_V2, request=request)).facts == []

    @pytest.mark.parametrize(
        ("agent", "tool"),
        [
            ("HashiCorp Terraform/1.9 terraform-provider-google/6.1", "terraform"),
            ("Mozilla/5.0 (X11; Linux x86_64)", "console"),
            ("my-deployer/2.1", "my-deployer"),
            ("", ""),
        ],
    )
    def test_the_tool_is_read_from_the_user_agent(self, agent: str, tool: str) -> None:
        entry = audit_entry(V1, SERVICE, request={"service": service_v1({}, latest="shop-00003-old")})
        entry["protoPayload"]["requestMetadata"]["callerSuppliedUserAgent"] = agent

        assert read(entry).facts[0]["tool"] == tool

    def test_the_python_clients_form_gives_the_same_facts(self) -> None:
        entry = audit_entry(V1, SERVICE, request={"service": service_v1({"MODE": "x"}, latest="shop-00003-old")})
        dumped = {key: value for key, value in entry.items() if key not in {"protoPayload", "logName"}}
        dumped |= {"jsonPayload": as_floats(entry["protoPayload"]), "timestamp": "2026-05-04T10:00:00+00:00"}

        assert read(dumped).facts == read(entry).facts


class TestAnswers:
    def test_a_v1_answer_that_names_the_revision_before_tells_no_spec_of_it(self) -> None:
        entry = audit_entry(
            V1,
            SERVICE,
            request={"service": service_v1({"MODE": "new"}, latest="shop-00003-old")},
            response=service_v1({"MODE": "new"}, latest="shop-00003-old", generation=8, observed=8),
        )
        del entry["protoPayload"]["request"]["service"]["status"]

        reading = read(entry)

        assert "spec" not in kinds(reading)
        assert told(reading, "deploy")[0]["revision"] == ""


class TestOtherChanges:
    def test_a_secret_version_is_a_change_with_its_name_and_number(self) -> None:
        entry = audit_entry(
            "google.cloud.secretmanager.v1.SecretManagerService.AddSecretVersion",
            f"projects/{NUMBER}/secrets/db",
            serviceName="secretmanager.googleapis.com",
            response={"name": f"projects/{NUMBER}/secrets/db/versions/8"},
        )
        entry["resource"] = {"type": "audited_resource", "labels": {"project_id": PROJECT}}

        reading = read(entry)

        change = told(reading, "change")[0]
        assert (change["secret"], change["version"], change["outcome"]) == ("db", "8", "succeeded")
        assert reading.facts[0]["service"] == ""
        assert reading.facts[0]["project"] == PROJECT

    def test_a_policy_change_tells_role_and_member_without_addresses_of_people(self) -> None:
        deltas = [
            {"action": "REMOVE", "role": "roles/run.invoker", "member": f"serviceAccount:{DEPLOYER}"},
            {"action": "ADD", "role": "roles/viewer", "member": f"user:{PERSON}"},
        ]
        entry = audit_entry(
            "google.cloud.run.v1.Services.SetIamPolicy",
            SERVICE,
            serviceData={"policyDelta": {"bindingDeltas": deltas}},
        )

        reading = read(entry)

        bindings = told(reading, "change")[0]["bindings"]
        assert bindings[0] == {"action": "REMOVE", "role": "roles/run.invoker", "member": f"serviceAccount:{DEPLOYER}"}
        assert PERSON not in json.dumps(bindings)
        assert reading.facts[0]["service"] == "shop"

    @pytest.mark.parametrize(
        ("service_name", "method"),
        [
            ("cloudsql.googleapis.com", "cloudsql.instances.update"),
            ("redis.googleapis.com", "google.cloud.redis.v1.CloudRedis.FailoverInstance"),
            ("cloudsql.googleapis.com", "cloudsql.instances.export"),
            ("compute.googleapis.com", "v1.compute.firewalls.patch"),
        ],
    )
    def test_any_writing_call_is_a_change(self, service_name: str, method: str) -> None:
        assert kinds(read(audit_entry(method, "projects/p/instances/i", serviceName=service_name))) == ["change"]

    @pytest.mark.parametrize(
        "method",
        [
            "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion",
            "x.ListThings",
            "/Jobs.RunJob",
            "cloudsql.instances.connect",
            "cloudsql.sslCerts.createEphemeral",
            "google.iam.credentials.v1.GenerateAccessToken",
        ],
    )
    def test_a_reading_call_is_none(self, method: str) -> None:
        assert read(audit_entry(method, "projects/p/x/y")).facts == []

    def test_the_data_access_log_tells_of_no_change(self) -> None:
        assert read(audit_entry("x.UpdateRow", "projects/p/x/y", log="data_access")).facts == []

    def test_a_system_event_tells_when_the_work_began_and_ended(self) -> None:
        entry = audit_entry(
            "cloudsql.instances.automatedBackup",
            f"projects/{PROJECT}/instances/main",
            log="system_event",
            serviceName="cloudsql.googleapis.com",
            metadata={
                "windowStartTime": "2026-05-04T08:00:00Z",
                "backupStartTime": "2026-05-04T09:58:00Z",
                "backupCompletionTime": "2026-05-04T09:59:30Z",
            },
        )

        change = told(read(entry), "change")[0]

        assert change["outcome"] == "succeeded"
        assert change["start_ns"] == parse_instant_ns("2026-05-04T09:58:00Z", name="t", now_ns=0)
        assert change["end_ns"] == parse_instant_ns("2026-05-04T09:59:30Z", name="t", now_ns=0)

    def test_a_services_api_that_was_enabled_is_about_no_cloud_run_service(self) -> None:
        entry = audit_entry(
            "google.api.serviceusage.v1.ServiceUsage.EnableService",
            f"projects/{NUMBER}/services/redis.googleapis.com",
            serviceName="serviceusage.googleapis.com",
        )

        assert read(entry).facts[0]["service"] == ""

    def test_the_maintenance_log_is_a_change_in_each_of_its_states(self) -> None:
        reading = read(maintenance_entry("STARTED"))

        change = told(reading, "change")[0]
        assert (change["service_name"], change["method"], change["outcome"]) == (
            "cloudsql.googleapis.com", "maintenance", "requested"
        )  # fmt: skip
        assert change["operation"].endswith("/resourceMaintenance/m1")
        assert reading.message == "Maintenance of instances/main: started"
        assert reading.facts[0]["origin"] == "audit_system_event"


class TestDeletions:
    @pytest.mark.parametrize(
        ("method", "resource", "revision"),
        [
            ("google.cloud.run.v2.Services.DeleteService", SERVICE_V2, ""),
            ("google.cloud.run.v1.Services.DeleteService", SERVICE, ""),
            (
                "google.cloud.run.v2.Revisions.DeleteRevision",
                f"{SERVICE_V2}/revisions/shop-00004-aaa",
                "shop-00004-aaa",
            ),
            ("google.cloud.run.v1.Revisions.DeleteRevision", REVISION, "shop-00004-aaa"),
        ],
    )
    def test_a_deletion_is_a_change_and_tells_what_went(self, method: str, resource: str, revision: str) -> None:
        reading = read(audit_entry(method, resource))

        assert kinds(reading) == ["change", "deleted"]
        assert [(fact["service"], fact["revision"]) for fact in reading.facts[1:]] == [("shop", revision)]

    def test_a_deletion_that_was_refused_took_nothing_away(self) -> None:
        entry = audit_entry(
            "google.cloud.run.v1.Services.DeleteService", SERVICE, status={"code": 7, "message": "Permission denied."}
        )

        assert kinds(read(entry)) == ["change"]

    def test_a_revision_whose_service_is_not_told_is_told_by_its_name(self) -> None:
        entry = audit_entry("google.cloud.run.v1.Revisions.DeleteRevision", REVISION)
        del entry["resource"]["labels"]["service_name"]

        assert [(fact["service"], fact["revision"]) for fact in read(entry).facts[1:]] == [("", "shop-00004-aaa")]


class TestLaws:
    def test_no_value_and_no_person_leaves_the_entry(self) -> None:
        asked = service_v1({"DB_PASSWORD": PLANTED}, latest="shop-00003-old", container=None)
        asked["spec"]["template"]["spec"]["containers"].append(container_v1({"OTHER": PLANTED}, name="side"))
        entry = audit_entry(
            V1,
            SERVICE,
            authenticationInfo={"principalEmail": PERSON},
            request={"service": asked},
            response=service_v1({"DB_PASSWORD": PLANTED}, latest="shop-00003-old"),
            status={"message": f"asked by {PERSON}"},
        )

        reading = read(entry)
        stored = json.dumps([reading.message, reading.payload, reading.facts])

        assert PLANTED not in stored
        assert PERSON not in stored
        assert "192.0.2.1" not in stored

    def test_the_summary_tells_call_and_outcome(self) -> None:
        entry = audit_entry(V1, SERVICE, request={"@type": "x/google.cloud.run.v1.ReplaceServiceRequest"})

        assert read(entry).payload == {
            "service_name": "run.googleapis.com",
            "method": V1,
            "resource": SERVICE,
            "principal": DEPLOYER,
            "tool": "gcloud",
            "command": "gcloud.run.deploy",
            "request": "ReplaceServiceRequest",
        }

    def test_the_sentence_names_the_call_its_subject_and_its_caller(self) -> None:
        reading = read(audit_entry(V1, SERVICE))

        assert reading.message == f"ReplaceService of services/shop by {DEPLOYER} with gcloud.run.deploy: requested"

    def test_facts_bear_the_identity_of_the_stored_entry(self) -> None:
        entry = audit_entry(V1, SERVICE, insert_id="")

        reading = read_audit(entry, redactor=REDACTOR, insert_id="h:1234")

        assert {fact["insert_id"] for fact in reading.facts} == {"h:1234"}

    @pytest.mark.parametrize(
        "entry", [{}, {"jsonPayload": {"message": "x"}}, {"textPayload": "x"}, {"protoPayload": 3}]
    )
    def test_what_is_no_audit_entry_has_no_payload(self, entry: dict[str, Any]) -> None:
        assert audit_payload(entry) == {}
        assert read(entry).facts == []

    def test_an_entry_without_a_time_gives_no_fact(self) -> None:
        entry = audit_entry(V1, SERVICE, request={"service": service_v1({}, latest="shop-00003-old")})
        del entry["timestamp"]

        assert "deploy" not in kinds(read(entry))

    def test_the_time_is_kept_to_the_nanosecond(self) -> None:
        entry = audit_entry(V1, SERVICE, at="2026-05-04T10:00:00.123456789Z")

        expected = parse_instant_ns("2026-05-04T10:00:00.123456789Z", name="t", now_ns=0)
        assert read(entry).facts[0]["at_ns"] == expected


KEYS = ["service", "spec", "template", "metadata", "status", "traffic", "containers", "env", "name", "code", "policy"]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["request", "response", "status", "redactions", "authenticationInfo", "resourceLocation", "serviceData"]


@given(
    fields=st.dictionaries(st.sampled_from(FIELDS), JSON),
    method=st.sampled_from([V1, V2, "x.SetIamPolicy"]),
    is_system=st.booleans(),
)
def test_no_payload_stops_the_reading(fields: dict[str, Any], method: str, *, is_system: bool) -> None:
    entry = audit_entry(method, REVISION if is_system else SERVICE, log="system_event" if is_system else "activity")
    entry["protoPayload"] |= fields

    reading = read(entry)

    for row in reading.facts:
        assert set(row) == set(FACT_SCHEMA)
        json.loads(row["detail"])
