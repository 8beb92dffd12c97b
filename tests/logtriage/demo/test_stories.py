"""Stories of the demo through the whole line at a few looks: the right state and the right words."""

from pathlib import Path

import pytest

from logtriage.progress import NoProgress
from logtriage.story import live_through, story_lines
from tests.support.stories import Story


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stories")


def short(revision: str) -> str:
    return "-".join(revision.split("-")[-2:])


def test_after_a_roll_back_stragglers_are_counted_and_bring_nothing_back(place: Path) -> None:
    story = Story("rolled_back_drains", place / "drains", scale=0.4)
    course = story.courses["E1"]
    (spell,) = course["broken"]

    broken = story.of(story.look(spell["from"], 1.5), "E1")
    drained = story.of(story.look(course["drained"], 0.1), "E1")
    later = story.of(story.look(course["drained"], 4), "E1")

    assert broken.state == "new"
    assert drained.state in {"new", "resolved"}
    assert drained.stragglers > 0
    assert later.state == "resolved"
    assert f"traffic went back to {short(spell['mended_by'])}" in later.statement
    assert "regressed" not in {row.state for row in later.history}


def test_a_fix_that_nobody_asks_is_not_told_as_the_end(place: Path) -> None:
    story = Story("fixed_without_traffic", place / "unproven")
    (spell,) = story.courses["E1"]["broken"]

    broken = story.of(story.look(spell["from"], 2), "E1")
    silent = story.of(story.look(spell["until"], 3), "E1")
    later = story.of(story.look(spell["until"], 12), "E1")

    assert {broken.state, silent.state, later.state} <= {"new", "ongoing"}
    assert "not seen since" in silent.statement
    assert short(spell["mended_by"]) in silent.statement
    assert "needed" in silent.statement


def test_a_cause_that_is_mended_in_one_service_goes_on_in_the_other(place: Path) -> None:
    story = Story("fixed_in_one_of_two", place / "one-of-two")
    fixed = story.courses["E-backend"]["broken"][0]
    services = {row["id"]: row["service"] for row in story.truth["clusters"]}

    story.look(fixed["from"], 2)
    findings = story.look(fixed["until"], 20)

    goes_on = story.of(findings, "E-auth")
    members = [member for one in findings.tracked if not one.merged_into for member in one.members]
    (mended,) = [member for member in members if member.service == services["E-backend"]]
    assert goes_on.state in {"new", "ongoing"}
    assert {member.state for member in members if member.service == services["E-auth"]} <= {"new", "ongoing"}
    assert short(fixed["mended_by"]) in mended.statement
    assert mended.statement.startswith("not seen since") or mended.state == "resolved"
    assert "resolved" in {member.state for member in members}  # of the two callers, the one of what was mended
    assert sum(member.state == "resolved" for member in members) < len(members) - 1


def test_a_new_variant_in_the_place_of_a_muted_failure_is_told_and_the_muted_one_is_not(place: Path) -> None:
    story = Story("muted_variant", place / "muted")
    known, fresh = story.courses["E1"], story.courses["E2"]

    live_through(story.config, story.truth, NoProgress())
    findings = story.look(fresh["broken"][0]["from"], 6)
    told = story_lines(story.config)

    assert story.of(findings, "E2").state in {"new", "ongoing"}
    assert any("muted" in line.lower() for line in told)
    titles = [line for line in told if "GCP-new" in line or "GCP-regression" in line]
    assert sum(line.split()[1] > known["muted"][11:16] or line[1:11] > known["muted"][:10] for line in titles) >= 1
    assert titles[-1][1:17].replace(" ", "T") > fresh["broken"][0]["from"][:16]


def test_what_was_fixed_and_came_back_is_one_incident_and_the_demo_tells_both_turns(place: Path) -> None:
    story = Story("fixed_then_back", place / "back")
    first, again = story.courses["E1"]["broken"]

    looks = live_through(story.config, story.truth, NoProgress())
    told = story_lines(story.config)
    back = story.of(story.look(again["from"], 6), "E1")

    assert looks >= 5
    assert told[0].startswith("TOLD WHEN: ")
    titles = [line.split("|")[0].split()[-1] for line in told if "GCP-" in line and back.title[:12] in line]
    assert list(dict.fromkeys(titles)) == ["GCP-new", "GCP-resolved", "GCP-regression"]  # a verdict may change, too
    assert titles.count("GCP-new") == titles.count("GCP-resolved") == 1
    assert [(row.state, row.revision) for row in back.history] == [
        ("new", ""), ("resolved", first["mended_by"]), ("regressed", again["by"]),
    ]  # fmt: skip
    assert short(first["mended_by"]) in back.history[1].statement
    assert f"{short(again['by'])}, deployed since, brought it back" in back.statement
    assert any(back.statement in line for line in told)
