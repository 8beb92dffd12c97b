"""What is due at the start of a daemon."""

from pathlib import Path

import pytest

from collector.config import StoreConfig
from collector.store import Store
from collector.window import parse_instant_ns
from logtriage.config import Config
from logtriage.daemon.missed import due_at_start, read_last_runs
from logtriage.daemon.observers import StoreObserver
from logtriage.daemon.schedule import ScheduleConfig
from logtriage.jobs import JobRun


def _at(text: str) -> int:
    return parse_instant_ns(text, name="at", now_ns=0)


NOW = _at("2026-11-22T07:00Z")


@pytest.mark.parametrize(
    ("last", "is_due"),
    [
        ("2026-11-22T03:15:01Z", False),
        ("2026-11-21T03:15Z", True),
        ("2026-11-01T00:00Z", True),
        ("2026-11-23T00:00Z", False),
    ],
)
def test_a_time_of_a_cron_line_that_passed_while_no_daemon_ran_is_made_up_for_once(last: str, is_due: bool) -> None:  # noqa: FBT001 - a case
    due = due_at_start(ScheduleConfig(), {"retention": _at(last)}, now_ns=NOW)

    assert due == (("digest", "retention") if is_due else ("digest",))


def test_a_first_start_waits_for_the_times_of_cron_lines() -> None:
    assert due_at_start(ScheduleConfig(), {}, now_ns=NOW) == ("digest",)


def test_what_is_told_at_eight_alone_is_not_told_because_the_daemon_starts() -> None:
    schedule = ScheduleConfig(digest="0 8 * * *")

    assert due_at_start(schedule, {"digest": _at("2026-11-21T08:00Z")}, now_ns=NOW) == ()
    assert due_at_start(schedule, {"digest": _at("2026-11-20T08:00Z")}, now_ns=NOW) == ("digest",)
    assert due_at_start(ScheduleConfig(digest="never"), {}, now_ns=NOW) == ()


def test_retention_by_a_duration_counts_over_starts() -> None:
    schedule = ScheduleConfig(retention="2d")

    assert "retention" in due_at_start(schedule, {"retention": _at("2026-11-20T06:00Z")}, now_ns=NOW)
    assert "retention" not in due_at_start(schedule, {"retention": _at("2026-11-21T06:00Z")}, now_ns=NOW)


def test_the_store_knows_the_last_runs_but_those_that_were_stopped(tmp_path: Path) -> None:
    config = Config(store=StoreConfig(path=tmp_path / "d.duckdb"))
    assert read_last_runs(config) == {}
    observer = StoreObserver(Store(config.store))

    for job, at_ns, outcome in (("collect", 1, "done"), ("collect", 5, "failed"), ("collect", 9, "stopped")):
        observer.ended(JobRun(job, at_ns, at_ns + 1, outcome, "a\nline"))  # type: ignore[arg-type]  # words of a case

    assert read_last_runs(config) == {"collect": 5}
    with Store(config.store).read() as reader:
        assert reader.sql("select distinct detail from job_runs").rows() == [("a line",)]
