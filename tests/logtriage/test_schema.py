"""The shipped JSON schema describes what is exported, and refuses what is not."""

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from classifiers.findings import Findings
from logtriage.export import findings_bytes, findings_schema
from tests.support.findings import attribution, cluster, dependency, empty_findings, findings, quiet_findings

VALIDATOR = jsonschema.Draft202012Validator(findings_schema())


def _sparse() -> Findings:
    """Everything that may be null is null."""
    bare = cluster(attribution=attribution(good_revision=None, change=None), test_share=None, per_revision=())
    return findings(clusters=(bare, dependency()), muted=(cluster(state="muted"),), noise=(cluster(id="n"),))


@pytest.mark.parametrize("build", [findings, quiet_findings, empty_findings, _sparse])
def test_findings_are_valid(build: Callable[[], Findings]) -> None:
    VALIDATOR.validate(json.loads(findings_bytes(build())))


def _objects(schema: Any) -> list[dict[str, Any]]:
    found = []
    if isinstance(schema, dict):
        found += [schema] if schema.get("type") == "object" else []
        found += [inner for value in schema.values() for inner in _objects(value)]
    return found


def test_every_object_lists_all_its_fields() -> None:
    for described in _objects(findings_schema()):
        assert described["additionalProperties"] is False
        assert described["required"] == list(described["properties"])


def _broken(change: Callable[[Any], None]) -> Any:
    data = copy.deepcopy(json.loads(findings_bytes(findings())))
    change(data)
    return data


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["clusters"][0].update(onset="2026-09-14 20:00"),
        lambda data: data["clusters"][0].update(severity="P4"),
        lambda data: data["clusters"][0]["attribution"].update(confidence=1.2),
        lambda data: data["clusters"][0].update(extra=1),
        lambda data: data["clusters"][0].pop("insert_ids"),
        lambda data: data["clusters"][0]["insert_ids"].append("e1"),
        lambda data: data.update(format=2),
    ],
)
def test_what_is_wrong_is_refused(change: Callable[[Any], None]) -> None:
    assert not VALIDATOR.is_valid(_broken(change))
