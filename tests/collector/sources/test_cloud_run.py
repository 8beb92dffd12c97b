"""Services and revisions listed from a real gRPC server on loopback that speaks run_v2."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import grpc
import polars as pl
import pytest
from google.cloud.run_v2 import Revision
from google.protobuf import duration_pb2, timestamp_pb2

from classifiers.facts import SEEN_SCHEMA
from classifiers.ledger import fold_revisions
from collector.errors import ConfigError, SourceError, SourceUnavailable
from collector.normalise.redact import Redactor
from collector.normalise.specs import read_spec
from collector.records import DEAD_LETTER_SCHEMA, FACT_SCHEMA, RAW_SCHEMA, RawBatch
from collector.sources.base import parse_source_config
from collector.sources.cloud_run import CloudRun, CloudRunConfig
from collector.window import NS_PER_S
from tests.support.grpc_faults import FaultScript, Late, Never, Refuse
from tests.support.run_server import RunServer, make_revision, make_service
from tests.support.source_settings import START_NS, SteppedClock, make_settings

REDACTOR = Redactor(b"0123456789abcdef")
PARENT = "projects/demo-stage/locations/europe-west4"
API = make_service("ledger-api", latest_ready_revision=f"{PARENT}/services/ledger-api/revisions/ledger-api-00002-bbb")
WEB = make_service("ledger-web")


def full_revision() -> Revision:
    return make_revision(
        API,
        "ledger-api-00002-bbb",
        create_time=timestamp_pb2.Timestamp(seconds=1_767_600_000, nanos=123_456_000),
        labels={"commit-sha": "abc"},
        annotations={"run.googleapis.com/client-name": "gcloud"},
        service_account="runner@demo-stage.iam.gserviceaccount.com",
        timeout=duration_pb2.Duration(seconds=300),
        max_instance_request_concurrency=80,
        scaling={"min_instance_count": 1, "max_instance_count": 4},
        vpc_access={"connector": "c", "egress": 1},
        containers=[
            {
                "image": "europe-docker.pkg.dev/p/r/api@sha256:00",
                "env": [
                    {"name": "MODE", "value": "planted-literal"},
                    {"name": "TOKEN", "value_source": {"secret_key_ref": {"secret": "token", "version": "7"}}},
                ],
            }
        ],
        conditions=[{"type_": "Ready", "state": 4}],
    )


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def server() -> Iterator[RunServer]:
    revisions = [
        full_revision(),
        make_revision(API, "ledger-api-00001-aaa"),
        make_revision(WEB, "ledger-web-00001-ccc"),
    ]
    with RunServer([API, WEB], revisions) as running:
        yield running


def make_source(server: RunServer, clock: SteppedClock, **keys: Any) -> CloudRun:
    given = {
        "projects": ("demo-stage",),
        "locations": ("europe-west4",),
        "endpoint": server.endpoint,
        "insecure": True,
        "deadline_s": 5.0,
        **keys,
    }
    return CloudRun(CloudRunConfig(**given), make_settings(clock))


def pull(source: CloudRun) -> list[RawBatch]:
    return list(source.pull(since_ns=None, until_ns=START_NS, cursor=None))


def names(batches: list[RawBatch]) -> list[str]:
    return sorted(json.loads(text)["name"].rpartition("/")[2] for batch in batches for text in batch.records["raw"])


def test_services_and_all_their_revisions_are_listed(server: RunServer, clock: SteppedClock) -> None:
    batches = pull(make_source(server, clock))

    assert names(batches) == [
        "ledger-api",
        "ledger-api-00001-aaa",
        "ledger-api-00002-bbb",
        "ledger-web",
        "ledger-web-00001-ccc",
    ]
    assert {(batch.kind, batch.location, batch.cursor) for batch in batches} == {("specs", PARENT, None)}
    assert all(batch.records.schema == RAW_SCHEMA and batch.dead.schema == DEAD_LETTER_SCHEMA for batch in batches)
    assert batches[-1].progress == 1.0


def test_a_revision_has_the_shape_of_the_rest_api(server: RunServer, clock: SteppedClock) -> None:
    texts = [text for batch in pull(make_source(server, clock)) for text in batch.records["raw"]]

    said = next(json.loads(text) for text in texts if "00002-bbb" in json.loads(text)["name"])

    assert said["createTime"] == "2026-01-05T08:00:00.123456Z"
    assert said["timeout"] == "300s"
    assert said["maxInstanceRequestConcurrency"] == 80
    assert said["scaling"] == {"minInstanceCount": 1, "maxInstanceCount": 4}
    assert said["vpcAccess"] == {"connector": "c", "egress": "ALL_TRAFFIC"}
    assert said["serviceAccount"] == "runner@demo-stage.iam.gserviceaccount.com"
    assert said["conditions"] == [{"type": "Ready", "state": "CONDITION_SUCCEEDED"}]
    assert said["containers"][0]["env"] == [
        {"name": "MODE", "value": "planted-literal"},
        {"name": "TOKEN", "valueSource": {"secretKeyRef": {"secret": "token", "version": "7"}}},
    ]


def test_deleted_revisions_that_are_still_kept_are_listed(clock: SteppedClock) -> None:
    gone = make_revision(API, "ledger-api-00000-zzz", delete_time=timestamp_pb2.Timestamp(seconds=1_767_600_000))
    with RunServer([API], [gone]) as server:
        assert "ledger-api-00000-zzz" in names(pull(make_source(server, clock)))


def test_what_is_listed_becomes_the_ledger(clock: SteppedClock) -> None:
    gone = make_revision(
        API,
        "ledger-api-00001-aaa",
        create_time=timestamp_pb2.Timestamp(seconds=1_767_500_000),
        delete_time=timestamp_pb2.Timestamp(seconds=1_767_590_000),
        labels={"commit-sha": "0a1b2c3d4e5f"},
        conditions=[{"type_": "Ready", "state": 4, "last_transition_time": {"seconds": 1_767_500_040}}],
        containers=[{"image": "europe-docker.pkg.dev/p/r/api@sha256:11"}],
    )
    with RunServer([API], [full_revision(), gone]) as server:
        texts = [text for batch in pull(make_source(server, clock)) for text in batch.records["raw"]]
    facts = [row for text in texts for row in read_spec(json.loads(text), location=PARENT, redactor=REDACTOR)]

    old, new = fold_revisions(
        pl.DataFrame(facts, schema=FACT_SCHEMA, orient="row"), pl.DataFrame(schema=SEEN_SCHEMA)
    )  # fmt: skip

    assert (old.revision, old.created_ns, old.ready_ns) == (
        "ledger-api-00001-aaa", 1_767_500_000 * NS_PER_S, 1_767_500_040 * NS_PER_S
    )  # fmt: skip
    assert (old.deleted_ns, old.commit, old.location) == (1_767_590_000 * NS_PER_S, "0a1b2c3d4e5f", "europe-west4")
    assert new.deleted_ns is None
    assert new.config is not None
    assert new.config["vpc"] == {"connector": "c", "egress": "all-traffic"}
    assert (new.config["min_instances"], new.config["max_instances"], new.config["concurrency"]) == (1, 4, 80)
    assert new.config["env"]["TOKEN"] == {"source": "secret", "secret": "token", "version": "7"}
    assert "planted-literal" not in str(facts)


def test_pages_are_followed_to_the_end(clock: SteppedClock) -> None:
    revisions = [make_revision(API, f"ledger-api-{number:05d}-aaa") for number in range(23)]
    services = [API, *(make_service(f"s{number}") for number in range(7))]
    with RunServer(services, revisions, page_size=5) as server:
        batches = pull(make_source(server, clock))

    assert len(names(batches)) == len(set(names(batches))) == 23 + 8
    shares = [batch.progress or 0.0 for batch in batches]
    assert shares == sorted(shares)


def test_only_the_wanted_services_are_asked_for(server: RunServer, clock: SteppedClock) -> None:
    batches = pull(make_source(server, clock, services=("*-web",)))

    assert names(batches) == ["ledger-web", "ledger-web-00001-ccc"]
    assert [call.parent for call in server.calls if call.method == "ListRevisions"] == [WEB.name]


def test_every_call_has_a_deadline_and_says_its_location(server: RunServer, clock: SteppedClock) -> None:
    pull(make_source(server, clock, deadline_s=5.0))

    assert len(server.calls) == 3
    for call in server.calls:
        assert call.deadline_s is not None
        assert 0 < call.deadline_s < 5.5
        assert "europe-west4" in call.metadata["x-goog-request-params"]


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_a_passing_failure_is_tried_again(server: RunServer, clock: SteppedClock, code: grpc.StatusCode) -> None:
    server.faults.queue(Refuse(code), Late(0.1), Refuse(code), None)

    assert len(names(pull(make_source(server, clock)))) == 5
    assert clock.slept == [0.75, 0.75]


def test_a_call_that_is_never_answered_ends_at_its_deadline(server: RunServer, clock: SteppedClock) -> None:
    server.faults.queue(Never())

    assert len(names(pull(make_source(server, clock, deadline_s=0.3)))) == 5


def test_patience_ends(server: RunServer, clock: SteppedClock) -> None:
    server.faults = FaultScript(draw=lambda: Refuse(grpc.StatusCode.UNAVAILABLE, "away"))

    with pytest.raises(SourceUnavailable, match="503 away"):
        pull(make_source(server, clock, patience_s=10))


def test_a_missing_permission_is_named_with_its_resource(server: RunServer, clock: SteppedClock) -> None:
    server.faults.queue(None, Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"))

    with pytest.raises(SourceError, match=r"`run.revisions.list` on `projects/demo-stage/.*/services/ledger-api`"):
        pull(make_source(server, clock))


def test_one_location_that_cannot_be_read_does_not_silence_the_others(server: RunServer, clock: SteppedClock) -> None:
    server.faults.queue(Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"))
    kept: list[RawBatch] = []

    with pytest.raises(SourceError, match=r"run\.services\.list"):
        kept.extend(
            make_source(server, clock, locations=("us-east1", "europe-west4")).pull(
                since_ns=None, until_ns=START_NS, cursor=None
            )
        )

    assert len(names(kept)) == 5


def test_literal_values_are_not_logged_even_at_debug(
    server: RunServer, clock: SteppedClock, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        pull(make_source(server, clock))

    shown = capfd.readouterr()
    assert "planted-literal" not in caplog.text + shown.out + shown.err
    assert not logging.getLogger("google.cloud.run_v2.services.revisions").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"projects": ["p"]}, "locations is missing"),
        ({"projects": ["p"], "locations": ["-"]}, "europe-west1"),
        ({"projects": ["projects/p"], "locations": ["europe-west4"]}, "my-project"),
        ({"projects": ["p"], "locations": ["europe-west4"], "region": "x"}, "known keys: .*locations"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_line(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_source_config({"kind": "cloud_run", **keys}, where="sources[1]")
