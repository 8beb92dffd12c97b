"""What Cloud Logging refuses, wrong settings and missing credentials: one plain line each."""

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from collector.errors import ConfigError, SourceError, SourceUnavailable
from collector.records import RawBatch
from collector.sources.base import parse_source_config
from collector.sources.cloud_logging import CloudLogging, CloudLoggingConfig
from tests.support.grpc_faults import (
    FaultScript,
    Refuse,
)
from tests.support.log_entries import make_entry
from tests.support.log_pulls import HOUR_NS, PROJECT, ids, make_source, pull
from tests.support.logging_server import LoggingServer
from tests.support.source_settings import START_NS, SteppedClock, make_settings


def refused_by(server: LoggingServer, clock: SteppedClock, refuse: Refuse, **keys: Any) -> str:
    server.faults = FaultScript(draw=lambda: refuse)
    with pytest.raises(SourceError) as caught:
        pull(make_source(server, clock, **keys), until_ns=START_NS)
    assert not caught.value.is_retryable
    assert len(server.calls) == 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_permission_is_named_with_its_resource(server: LoggingServer, clock: SteppedClock) -> None:
    said = refused_by(server, clock, Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"))

    assert "`logging.logEntries.list`" in said
    assert f"`{PROJECT}`" in said


def test_of_a_view_the_permission_is_another(server: LoggingServer, clock: SteppedClock) -> None:
    view = f"{PROJECT}/locations/global/buckets/_Default/views/_AllLogs"
    said = refused_by(server, clock, Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"), resources=(view,))

    assert "`logging.views.access`" in said
    assert view in said


@pytest.mark.parametrize(
    ("refuse", "advice"),
    [
        (Refuse(grpc.StatusCode.PERMISSION_DENIED, "off", reason="SERVICE_DISABLED"), "gcloud services enable logging"),
        (Refuse(grpc.StatusCode.UNAUTHENTICATED), "gcloud auth application-default login"),
        (Refuse(grpc.StatusCode.NOT_FOUND), "does not exist"),
        (Refuse(grpc.StatusCode.INVALID_ARGUMENT, "Unparseable filter: x"), "Unparseable filter: x"),
        (Refuse(grpc.StatusCode.UNIMPLEMENTED, "unknown\nmethod"), "unknown method"),
    ],
)
def test_a_refusal_says_what_to_do(server: LoggingServer, clock: SteppedClock, refuse: Refuse, advice: str) -> None:
    assert advice in refused_by(server, clock, refuse)


def test_a_filter_that_cannot_be_read_is_refused_once(server: LoggingServer, clock: SteppedClock) -> None:
    with pytest.raises(SourceError, match="Unparseable filter"):
        pull(make_source(server, clock, filter="severity>=>=ERROR"), until_ns=START_NS)


def test_one_resource_that_cannot_be_read_does_not_silence_the_others(
    server: LoggingServer, clock: SteppedClock
) -> None:
    server.add([make_entry("a", START_NS - HOUR_NS, project="other")])
    server.faults.queue(Refuse(grpc.StatusCode.PERMISSION_DENIED, "no"))
    source = make_source(server, clock, resources=(PROJECT, "projects/other"))
    kept: list[RawBatch] = []

    with pytest.raises(SourceError, match="demo-stage"):
        kept.extend(source.pull(since_ns=None, until_ns=START_NS, cursor=None))

    assert ids(kept) == ["a"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"resources": ["demo-stage"]}, "projects/P"),
        ({"resources": []}, "resources"),
        ({"resources": [PROJECT, PROJECT]}, "named twice"),
        ({"resources": [PROJECT], "pagesize": 10}, "known keys: .*page_size"),
        ({"resources": [PROJECT], "page_size": 5000}, "`5000`"),
        ({"resources": [PROJECT], "insecure": True}, "loopback"),
        ({"resources": [PROJECT], "insecure": True, "endpoint": "logging.example.test:80"}, "loopback"),
        ({}, "resources is missing"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_line(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        parse_source_config({"kind": "cloud_logging", "name": "x", **keys}, where="sources[0]")
    assert str(caught.value).startswith("sources[0]")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["127.0.0.1:80", "localhost:80", "[::1]:80"])
def test_plain_text_is_for_loopback(endpoint: str) -> None:
    config = CloudLoggingConfig(resources=(PROJECT,), endpoint=endpoint, insecure=True)

    assert config.insecure


def test_no_credentials_is_one_line_with_what_to_run(
    clock: SteppedClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The environment of the process under test: no login anywhere, no question to a metadata server.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    source = CloudLogging(CloudLoggingConfig(resources=(PROJECT,)), make_settings(clock))

    with pytest.raises(SourceError, match="gcloud auth application-default login") as caught:
        pull(source, until_ns=START_NS)
    assert not caught.value.is_retryable
    assert "\n" not in str(caught.value)


def test_a_credentials_file_that_is_not_there_is_named(
    clock: SteppedClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = str(tmp_path / "missing.json")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
    source = CloudLogging(CloudLoggingConfig(resources=(PROJECT,)), make_settings(clock))

    with pytest.raises(SourceError, match="GOOGLE_APPLICATION_CREDENTIALS is") as caught:
        pull(source, until_ns=START_NS)
    assert path in str(caught.value)


def test_a_private_endpoint_is_spoken_to_with_tls_and_login(
    server: LoggingServer, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "account.json"
    path.write_text(json.dumps(made_up_account()))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    config = CloudLoggingConfig(resources=(PROJECT,), endpoint=server.endpoint, patience_s=2)

    # The server speaks plain text: with TLS there is no answer, and nothing is sent that it could read.
    with pytest.raises(SourceUnavailable, match="503"):
        pull(CloudLogging(config, make_settings(clock)), until_ns=START_NS)
    assert server.calls == []


def made_up_account() -> dict[str, str]:
    """A service account's file with a key made now, which no Google service knows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "type": "service_account",
        "client_email": "reader@demo-stage.iam.gserviceaccount.com",
        "token_uri": "https://127.0.0.1:1/token",
        "private_key": pem,
    }
