"""Which job is due when: another schedule, and a clock that was set back."""

import threading
import time
from datetime import UTC, datetime, timedelta

from logtriage.daemon.schedule import ScheduleConfig
from logtriage.daemon.ticking import Ticker
from logtriage.jobs import JobName


def _next_s(ticker: Ticker, job: JobName) -> float | None:
    """Seconds to its next time; None when it has none. There is no other way to see a time that lies hours ahead."""
    found = ticker._scheduler.get_job(job)
    return (found.next_run_time - datetime.now(UTC)).total_seconds() if found else None


def test_jobs_with_a_duration_are_due_at_the_start_and_others_at_their_time() -> None:
    due: list[JobName] = []
    enough = threading.Event()

    def told(job: JobName) -> None:
        due.append(job)
        if len(due) == 2:
            enough.set()

    ticker = Ticker(ScheduleConfig(), told)
    ticker.start()
    try:
        assert enough.wait(10)
        assert sorted(due) == ["collect", "watch"]
        assert (_next_s(ticker, "classify"), _next_s(ticker, "digest")) == (None, None)
        assert 3500 < (_next_s(ticker, "collect") or 0) <= 3600
        assert 800 < (_next_s(ticker, "verify") or 0) <= 900
        assert 0 < (_next_s(ticker, "retention") or 0) <= 86_400
    finally:
        ticker.close()


def test_another_schedule_changes_what_it_says_otherwise_and_nothing_else() -> None:
    ticker = Ticker(ScheduleConfig(collect="2h"), lambda _: None)
    ticker.start()
    try:
        watch = ticker._scheduler.get_job("watch").next_run_time
        ticker.change(ScheduleConfig(collect="10m", verify="never", classify="1h"))

        assert 500 < (_next_s(ticker, "collect") or 0) <= 600
        assert _next_s(ticker, "verify") is None
        assert 3500 < (_next_s(ticker, "classify") or 0) <= 3600
        assert ticker._scheduler.get_job("watch").next_run_time <= watch + timedelta(seconds=60)
    finally:
        ticker.close()


def test_after_the_clock_was_set_back_a_pull_is_due_and_nothing_waits_for_the_old_time() -> None:
    due: list[str] = []
    ticker = Ticker(ScheduleConfig(collect="1h"), due.append)
    ticker.start()
    try:
        while "collect" not in due:  # of the start
            time.sleep(0.01)
        before = due.count("collect")
        ahead = datetime.now(UTC) + timedelta(days=1)
        ticker._scheduler.modify_job("collect", next_run_time=ahead)

        ticker.set_back()

        assert due.count("collect") == before + 1
        assert 3500 < (_next_s(ticker, "collect") or 0) <= 3600
    finally:
        ticker.close()
