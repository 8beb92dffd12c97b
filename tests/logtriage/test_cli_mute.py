"""`logtriage mute` over a real store: put away, listed, taken back, and what the report makes of it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.command_line import Run, options


@pytest.fixture
def own(demo: Path, tmp_path: Path) -> tuple[str, ...]:
    """A copy of the demo's database, and the options that see its window."""
    copy = tmp_path / "own.duckdb"
    shutil.copy(demo / options(demo)[1], copy)
    return ("--db", str(copy), *options(demo)[2:])


def _at(own: tuple[str, ...]) -> tuple[str, ...]:
    """The options of the same window for `mute`, whose --until is the end of the mute."""
    return tuple("--at" if word == "--until" else word for word in own)


def test_an_incident_is_put_away_listed_and_taken_back(run: Run, own: tuple[str, ...], told: str) -> None:
    before = json.loads(told)
    root = before["incidents"][0]["root"]

    done = run("mute", "1", "--for", "2d", "--why", "known, ann@corp.example looks at it", *_at(own))
    after = json.loads(run("report", *own, "--format", "json").stdout)
    listed = run("mute", "--list", *_at(own)).stdout
    lifted = run("mute", "--lift", root[:8], *_at(own))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Muted until ")
    assert root in {one["id"] for one in after["muted"]}
    assert root not in {name for one in after["incidents"] for name in (one["root"], *one["symptoms"])}
    (mute,) = after["mutes"]
    assert mute["state"] == "holds"
    assert mute["reason"].startswith("known, <email:")
    assert "until " in listed
    assert mute["id"] in listed
    assert "it is told again" in lifted.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "mute takes one of three"),
        (("1", "--list"), "mute takes one of three"),
        (("--list", "--for", "1d"), "go with a FINDING only"),
        (("1", "--for", "soon"), "--for is `soon`, which is no duration"),
    ],
)
def test_a_mistake_is_one_line_and_stores_nothing(
    run: Run, own: tuple[str, ...], words: tuple[str, ...], said: str
) -> None:
    done = run("mute", *words, *_at(own))

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
