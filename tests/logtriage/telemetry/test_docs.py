"""docs/telemetry.md tells the metrics that there are."""

import re
from pathlib import Path

from logtriage.telemetry.instruments import METRICS

_ROW = re.compile(r"^\| `(logtriage_\w+)` \| (\w+) \| (.*?) \| (.*) \|$", re.MULTILINE)


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    text = (Path(__file__).parents[3] / "docs" / "telemetry.md").read_text(encoding="utf-8")

    told = [
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)), about) for name, kind, labels, about in _ROW.findall(text)
    ]

    assert told == [(one.exposed, one.kind, one.labels, one.about) for one in METRICS]


def test_every_metric_that_the_text_names_is_one() -> None:
    text = (Path(__file__).parents[3] / "docs" / "telemetry.md").read_text(encoding="utf-8")

    assert set(re.findall(r"\blogtriage_\w+", text)) == {one.exposed for one in METRICS}
