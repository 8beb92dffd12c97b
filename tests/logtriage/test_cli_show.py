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


def test_show_tells_an_event_that_stays_away_by_its_number_and_by_its_id(run: Run) -> None:
    story = run("demo", "--scenario", "event_stopped", "--folder", "gone").stdout
    given = " ".join(story.split()).partition("logtriage show NUMBER ")[2].split()[:6]
    name = json.loads(run("report", *given, "--format", "json").stdout)["absent_events"][0]["id"]

    drawn = run("show", name, *given).stdout
    told = json.loads(run("show", name, *given, "--format", "json").stdout)

    assert run("show", "1", *given).stdout == drawn
    assert told["id"] == name
    assert sum(one["failures"] for one in told["per_revision"]) >= told["since"]["trials"] - told["since"]["seen"] > 0
    for heading in (f"{told['event']} no longer arrives", "DO FIRST", "EVIDENCE", "BY REVISION", "TRACES"):
        assert heading in drawn
