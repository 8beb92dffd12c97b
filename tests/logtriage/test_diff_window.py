"""The time in which `logtriage diff` compares two revisions."""

import json
from pathlib import Path
from typing import Any

from logtriage import pipeline
from logtriage.config import Config
from logtriage.diff_view import Comparison
from logtriage.progress import NoProgress
from tests.support.entries import log_entry


def asked(revision: str, number: int, *, status: int = 200, received: str = "") -> dict[str, Any]:
    """A request of minute `number`, received when it was written, or at another minute."""
    at = f"2026-05-04T10:{number:02d}:00Z"
    return log_entry(
        insertId=f"{revision}-{number}", textPayload=None, timestamp=at, receiveTimestamp=received or at,
        httpRequest={"requestMethod": "GET", "requestUrl": "/pay", "status": status, "latency": "0.1s"},
        logName="projects/shop-staging/logs/run.googleapis.com%2Frequests",
        resource={
            "type": "cloud_run_revision",
            "labels": {
                "project_id": "shop-staging", "service_name": "shop", "revision_name": revision,
                "location": "europe-west1",
            },
        },
    )  # fmt: skip


def compared(folder: Path, entries: list[dict[str, Any]]) -> Comparison:
    path = folder / "entries.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in entries), encoding="utf-8")
    config = Config()
    config = config.model_copy(update={"store": config.store.model_copy(update={"path": folder / "s.duckdb"})})
    pipeline.import_paths(config, [path], progress=NoProgress())
    return pipeline.diff(config, ("shop-00001-old", "shop-00002-new"), since_ns=None, until_ns=None)


def test_what_was_received_after_the_last_event_is_compared_too(tmp_path: Path) -> None:
    late = "2026-05-04T10:59:35Z"
    old = [asked("shop-00001-old", number) for number in range(20)]
    new = [asked("shop-00002-new", number, status=500, received=late) for number in range(20, 40)]

    failing = compared(tmp_path, [*old, *new]).failing

    assert failing is not None
    assert (failing.served_before, failing.served_after) == (20, 20)
    assert [(one.course, one.failures_after) for one in failing.clusters] == [("new", 20)]
