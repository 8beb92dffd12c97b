"""No configuration value and no secret of a known form is left anywhere: store, key, log, report, standard streams.

Secrets are planted in every place where Cloud Run, gcloud and people put them; then every byte that logtriage wrote is
searched for each of them.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud_run import (
    PROJECT,
    audit_entry,
    container_v1,
    pod_v1,
    revision_v1,
    revision_v2,
    secret_v1,
    service_v1,
    service_v2,
)
from tests.support.command_line import Done, Run

SHOP, NEXT = "shop-00007-abc", "shop-00008-bad"


class Planted:
    """Secrets by the place where they were planted; each is a text of its own that nothing else holds."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}

    def __call__(self, place: str, form: str = "{}") -> str:
        """The text with a fresh secret in it."""
        secret = "q7" + hashlib.sha256(place.encode()).hexdigest()[:22] + "Zk"
        assert place not in self.places
        self.places[place] = secret
        return form.format(secret)

    def found_in(self, data: bytes) -> list[str]:
        """Places whose secret, or most of it, is in these bytes."""
        return [place for place, secret in self.places.items() if secret[:16].encode() in data]


def env(plant: Planted, place: str) -> dict[str, Any]:
    """Literals under names that sound of a secret and names that do not, and a reference."""
    return {
        "DB_PASSWORD": plant(f"{place}: DB_PASSWORD"),
        "MODE": plant(f"{place}: MODE"),
        "DATABASE_URL": plant(f"{place}: DATABASE_URL", "postgres://app:{}@10.0.0.3/db"),
        "SETTINGS": plant(f"{place}: SETTINGS", '{{"api":"{}"}}'),
        "PAY_KEY": secret_v1("pay-key", "7"),
    }


def in_v2(given: dict[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in given.items() if isinstance(told, str)}


def spoilt(document: dict[str, Any], plant: Planted, place: str) -> dict[str, Any]:
    """The v1 document with secrets in command, probes, labels and annotations too."""
    pod = document["spec"].get("template", document).get("spec", document["spec"])
    container = pod["containers"][0]
    container["command"] = ["sh", "-c", plant(f"{place}: command", "serve --key {}")]
    container["args"] = [plant(f"{place}: args")]
    header = {"name": "X-Key", "value": plant(f"{place}: probe header")}
    container["livenessProbe"] = {
        "httpGet": {"path": plant(f"{place}: probe query", "/up?k={}"), "port": 8080, "httpHeaders": [header]}
    }
    notes = document["metadata"].setdefault("annotations", {})
    notes["client.example/flags"] = plant(f"{place}: annotation", "--set-env-vars=MODE={}")
    document["metadata"].setdefault("labels", {})["flags"] = plant(f"{place}: label", "set-env-vars-mode-{}")
    return document


def described(plant: Planted) -> dict[str, Any]:
    """Files by name: describe results, Admin API answers, a broken and a foreign one."""
    cut = json.dumps(spoilt(revision_v1(NEXT, env(plant, "cut file")), plant, "cut file"), indent=1)
    return {
        "revision.json": spoilt(revision_v1(SHOP, env(plant, "describe revision")), plant, "describe revision"),
        "service.json": spoilt(
            service_v1(env(plant, "describe service"), latest=NEXT), plant, "describe service"
        ),
        "admin_revision.json": revision_v2("shop-00009-new", in_v2(env(plant, "admin revision"))),
        "admin_service.json": service_v2(in_v2(env(plant, "admin service")), latest="shop-00010-xyz"),
        "job.json": {
            "kind": "Job", "metadata": {"name": "j"},
            "spec": {"template": {"spec": pod_v1(container_v1(env(plant, "foreign document")))}},
        },
        "cut.json": cut[: len(cut) - 40],
        "yaml.json": "kind: Service\nspec:\n- name: MODE\n  value: " + plant("YAML in a JSON file") + "\n",
    }  # fmt: skip


def audited(plant: Planted) -> Iterator[dict[str, Any]]:
    """Audit entries of both dialects: requests, answers, failures, the client's form, and some that are unusable."""
    path = f"namespaces/{PROJECT}/services/shop"
    failure = {"code": 9, "message": plant("status message", "Revision failed: DB_PASSWORD={} was refused")}
    ask = {"service": spoilt(service_v1(env(plant, "v1 request"), latest=SHOP), plant, "v1 request")}
    agent = plant("user agent", "google-cloud-sdk gcloud/534.0.0 command/gcloud.run.deploy --set-env-vars=MODE={}")
    yield audit_entry(
        "google.cloud.run.v1.Services.ReplaceService", path, insert_id="a1", request=ask,
        requestMetadata={"callerIp": "192.0.2.1", "callerSuppliedUserAgent": agent},
    )  # fmt: skip
    answer = spoilt(revision_v1(NEXT, env(plant, "system event")), plant, "system event")
    yield audit_entry(
        "/InternalServices.ReplaceInternalService", f"namespaces/{PROJECT}/revisions/{NEXT}", insert_id="a2",
        log="system_event", response=answer,
    )  # fmt: skip
    asked = {"service": service_v2(in_v2(env(plant, "v2 request")), latest=SHOP)}
    yield audit_entry(
        "google.cloud.run.v2.Services.UpdateService", f"projects/{PROJECT}/locations/r/services/shop", insert_id="a3",
        request=asked, response=service_v2(in_v2(env(plant, "v2 answer")), latest=SHOP), status=failure,
    )  # fmt: skip
    client = audit_entry(
        "google.cloud.run.v1.Services.ReplaceService", path, insert_id="a4",
        request={"service": service_v1(env(plant, "client form"), latest=SHOP)},
    )  # fmt: skip
    client["jsonPayload"] = client.pop("protoPayload")
    yield client
    timeless = audit_entry(
        "google.cloud.run.v1.Services.ReplaceService", path, insert_id="a5",
        request={"service": service_v1(env(plant, "without a time"), latest=SHOP)},
    )  # fmt: skip
    yield {key: told for key, told in timeless.items() if key != "timestamp"}
    yield audit_entry(
        "google.cloud.secretmanager.v1.SecretManagerService.AddSecretVersion", "projects/p/secrets/pay-key",
        insert_id="a6", request={"payload": {"data": plant("secret payload")}},
    ) | {"resource": {"type": "audited_resource", "labels": {"project_id": PROJECT}}}  # fmt: skip


def lines(plant: Planted) -> Iterator[dict[str, Any]]:
    """Requests and lines that carry secrets of known forms."""
    texts = [
        plant("line: password", "ValueError: login failed with password={}"),
        plant("line: bearer", "AuthError: refused Authorization: Bearer {}"),
        plant("line: url", "OSError: cannot open redis://user:{}@10.0.0.9:6379"),
        plant("line: json", 'ConfigError: got {{"client_secret": "{}"}}'),
        plant("line: key", "PaymentError: sk_live_{} is not valid"),
        plant("line: flag", "gcloud run deploy shop --set-env-vars=MODE={} failed"),
        plant("line: flag with a space", "gcloud run deploy shop --update-env-vars MODE=a,OTHER={} failed"),
        plant("line: flag with quotes", 'gcloud run deploy shop --set-env-vars "^@^MODE=a b@OTHER={}" failed'),
        plant("line: flag with its own separator", "gcloud run jobs update x --set-env-vars=^##^A=1##B={} failed"),
        plant("line: flag in JSON", 'step failed: ["run","deploy","--set-env-vars","MODE={}"]'),
        plant("line: other flags", "gcloud run deploy shop --args=--token={},--other failed"),
    ]
    for number, text in enumerate(texts):
        yield line(number, textPayload=text, severity="ERROR")
    payload = {
        "message": "request failed",
        "headers": {"authorization": plant("payload: header", "Bearer {}"), "cookie": plant("payload: cookie", "s={}")},
        "body": plant("payload: body", '{{"password": "{}"}}'),
        "env": [{"name": "DB_PASSWORD", "value": plant("payload: env")}],
    }
    yield line(90, jsonPayload=payload, severity="ERROR")
    request = {
        "requestMethod": "POST", "status": 500, "latency": "0.1s",
        "requestUrl": plant("request: query", "https://shop.example/pay?token={}&x=1"),
        "userAgent": plant("request: user agent", "curl/8 --password={}"),
        "referer": plant("request: referer", "https://shop.example/?access_token={}"),
    }  # fmt: skip
    yield line(
        91, httpRequest=request, severity="ERROR", logName=f"projects/{PROJECT}/logs/run.googleapis.com%2Frequests"
    )


def line(number: int, **more: Any) -> dict[str, Any]:
    """An entry of the shop."""
    return {
        "insertId": f"e{number:04d}",
        "logName": f"projects/{PROJECT}/logs/run.googleapis.com%2Fstderr",
        "timestamp": f"2026-05-04T10:{30 + number % 20}:{number % 60:02d}Z",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {
                "project_id": PROJECT, "location": "europe-north1", "service_name": "shop",
                "configuration_name": "shop", "revision_name": NEXT,
            },
        },
        **more,
    }  # fmt: skip


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """A folder `in` with every file."""
    plant = Planted()
    folder = tmp_path / "in"
    folder.mkdir()
    for name, document in described(plant).items():
        (folder / name).write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    entries = [*audited(plant), *lines(plant)]
    told = "".join(f"{json.dumps(entry)}\n" for entry in entries)
    broken = json.dumps(line(95, jsonPayload={"password": plant("broken line")}))[:-3]
    (folder / "entries.jsonl").write_text(f"{told}{broken}\n", encoding="utf-8")
    return plant


def told_by(run: Run, folder: Path) -> dict[str, Done]:
    """Every command over the store, in every format, by its words."""
    db = ("--db", "s.duckdb")
    window = ("--since", "2026-05-04T00:00Z", "--until", "2026-05-05T00:00Z", *db)
    commands: list[tuple[str, ...]] = [("import", "in", *db)]
    for form in ("terminal", "markdown", "json"):
        how = ("--format", form)
        commands += [("revisions", *db, *how), ("report", *window, *how), ("show", "1", *window, "--all", *how)]
        conditions = ("--fail-on", "any,removed-env,rate,unknown")
        commands += [("diff", *pair, *db, *how, *conditions) for pair in ((SHOP, NEXT), (NEXT, "shop-00009-new"))]
    commands += [("digest", *window, "--dry-run"), ("regroup", "--preview", *db)]
    tables = ("entries", "facts", "dead_letters", "signatures")
    commands += [("query", f"select * from {one}", *db, "--format", "json") for one in tables]
    return {" ".join(words): run(*words, folder=folder) for words in commands}


def test_no_planted_secret_is_left_anywhere(
    run: Run, tmp_path: Path, planted: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    shown = told_by(run, tmp_path)

    assert [done.stderr for done in shown.values() if done.returncode not in {0, 3}] == []
    assert "00009-new" in shown["revisions --db s.duckdb --format terminal"].stdout  # the Admin API's answer was read
    compared = next(done.stdout for words, done in shown.items() if words.startswith(f"diff {SHOP} {NEXT}"))
    assert "~ MODE" in compared  # values that differ were compared
    streams = "".join(done.stdout + done.stderr for done in shown.values()).encode()
    leaks = [("standard streams", place) for place in planted.found_in(streams)]
    leaks += [("log", place) for place in planted.found_in(caplog.text.encode())]
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "in"]
    assert {path.name for path in written} >= {"s.duckdb", "s.duckdb.key"}
    leaks += [(path.name, place) for path in written for place in planted.found_in(path.read_bytes())]
    assert ", ".join(sorted(f"{place} in {where}" for where, place in leaks)) == ""


def test_the_search_finds_what_is_there(planted: Planted, tmp_path: Path) -> None:
    data = b"".join(file.read_bytes() for file in (tmp_path / "in").iterdir())

    assert planted.found_in(data) == list(planted.places)
    assert len(planted.places) > 80
