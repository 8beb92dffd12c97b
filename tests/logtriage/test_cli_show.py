"""`logtriage show` from the command line: every kind of id, every format."""

import json
from pathlib import Path

from tests.support.command_line import Run, options


def test_show_takes_every_kind_of_id_and_tells_what_counted(demo: Path, told: str, run: Run) -> None:
    given = options(demo)
    found = json.loads(told)
    root = found["incidents"][0]["root"]
    signature = next(one["signature_ids"][0] for one in found["clusters"] if one["id"] == root)

    shown = [run("show", name, *given, folder=demo) for name in ("1", root, signature)]

    assert {done.returncode for done in shown} == {0}
    assert len({done.stdout for done in shown}) == 1
    for heading in ("DO FIRST", "TREND", "ENTRIES: ", "WHY TOGETHER", "counts: ", "NEAR, AND NOT IN IT"):
        assert heading in shown[0].stdout


def test_show_as_json_and_markdown_holds_every_entry_and_reason(demo: Path, told: str, run: Run) -> None:
    given = options(demo)
    cluster = json.loads(told)["clusters"][0]

    shown = json.loads(run("show", cluster["id"], *given, "--format", "json", folder=demo).stdout)
    written = run("show", cluster["id"], *given, "--format", "markdown", folder=demo).stdout

    assert [one["insert_id"] for one in shown["entries"]] == cluster["insert_ids"]
    assert {one["signature_id"] for one in shown["signatures"]} == set(cluster["signature_ids"])
    assert all(any(part["counts"] for part in one["parts"]) for one in shown["signatures"])
    assert all(len(trend["failed"]) == len(trend["exposed"]) > 10 for trend in shown["trends"])
    assert sum(shown["trends"][0]["failed"]) == cluster["units"]
    assert "## Why together" in written
    assert "## Trend" in written
