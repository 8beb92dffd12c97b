"""Findings as JSON."""

import json
from typing import Any

import jsonschema
import pytest

from classifiers.findings import Onset
from logtriage.export import findings_bytes, findings_json, findings_schema
from tests.support.findings import ONSET_NS, cluster, empty_findings, findings, quiet_findings


def _exported(**changes: Any) -> Any:
    return json.loads(findings_bytes(findings(**changes)))


def test_the_scored_fields_are_there() -> None:
    first = _exported()["clusters"][0]

    assert first["id"] == "c-pay"
    assert len(first["insert_ids"]) == 30
    assert (first["severity"], first["role"], first["caused_by"], first["state"]) == ("P0", "root", None, "ongoing")
    assert first["attribution"]["revision"] == "shop-00008-bad"
    assert (first["attribution"]["change"]["type"], first["attribution"]["change"]["name"]) == (
        "env_removed",
        "PAYMENT_KEY",
    )
    assert first["test_traffic"] is False
    assert _exported()["clusters"][1]["caused_by"] == "c-pay"


def test_times_keep_their_nanoseconds() -> None:
    onset = Onset(ONSET_NS + 123_456_789, ONSET_NS, ONSET_NS, None, None, "entries")

    assert _exported(clusters=(cluster(onset=onset),))["clusters"][0]["onset"] == "2026-09-14T20:00:00.123456789Z"


def test_lists_without_content_are_empty_lists() -> None:
    quiet = findings_json(quiet_findings())

    assert [quiet[key] for key in ("clusters", "absent_events", "latency", "standing", "muted", "noise")] == [[]] * 6


def test_muted_and_noise_have_lists_of_their_own() -> None:
    shown = _exported(muted=(cluster(id="m"),), noise=(cluster(id="n"),))

    assert [shown["muted"][0]["id"], shown["noise"][0]["id"]] == ["m", "n"]
    assert {"m", "n"}.isdisjoint(one["id"] for one in shown["clusters"])


@pytest.mark.parametrize("build", [findings, quiet_findings, empty_findings])
def test_equal_findings_give_equal_bytes(build: Any) -> None:
    assert findings_bytes(build()) == findings_bytes(build())
    assert findings_bytes(build()).endswith(b"}\n")


def test_the_schema_ships_and_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(findings_schema())
