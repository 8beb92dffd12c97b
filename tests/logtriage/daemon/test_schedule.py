"""Section `schedule`: what each text means, and mistakes in plain words."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from logtriage.daemon.cron import Cron
from logtriage.daemon.schedule import After, Every, Never, ScheduleConfig, parse_when
from logtriage.jobs import JOBS


def test_a_text_is_read_by_its_shape() -> None:
    assert parse_when("15m") == Every(900)
    assert parse_when("1h30m") == Every(5400)
    assert parse_when(" after  collect ") == After("collect")
    assert parse_when("never") == Never()
    assert isinstance(parse_when("15 3 * * *"), Cron)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hourly", "it should be a duration"),
        ("15", "it should be a duration"),
        ("15 minutes", "five fields"),
        ("after lunch", "one of collect, classify"),
        ("after", "one of collect, classify"),
        ("100ms", "it should be a duration"),
        ("0s", "between 1s and 366d"),
        ("400d", "between 1s and 366d"),
        ("99999999999999999999h", "between 1s and 366d"),
    ],
)
def test_what_means_nothing_is_told_with_what_does(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_when(text)


def test_the_default_is_one_flow_from_collect_to_report() -> None:
    schedule = ScheduleConfig()

    assert schedule.followers("collect") == ("classify",)
    assert schedule.followers("classify") == ("digest", "report")
    assert schedule.when("watch") == Every(60)
    assert schedule.slice_ns == 24 * 3600 * 10**9


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"collect": "after digest"}, "goes in a circle"),
        ({"digest": "after digest"}, "digest after digest goes in a circle"),
        ({"collect": "never"}, "classify is `after collect`, which never runs"),
        ({"timezone": "Mars/Olympus"}, "time zone such as UTC"),
        ({"timezone": "../etc/passwd"}, "time zone such as UTC"),
        ({"slice": "1m"}, "at least 10m"),
        ({"every_minutes": 60}, "Extra inputs"),
        ({"collect": 30}, "it should be a duration"),
        ({"slice": 24}, "such as 24h"),
    ],
)
def test_a_schedule_that_cannot_run_is_a_mistake(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ScheduleConfig.model_validate(given)


def test_the_page_of_the_daemon_tells_each_job_with_its_default() -> None:
    page = (Path(__file__).parents[3] / "docs" / "daemon.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| ([a-z]+) \| `([^`]+)`", page, re.MULTILINE))

    defaults = {name: str(value) for name, value in ScheduleConfig().model_dump().items()}

    assert told == {name: defaults[name] for name in JOBS if name != "watch"}
    assert f"`schedule.slice` ({defaults['slice']})" in page
