"""The daemon inside this process, its signals given by hand."""

import queue
import signal
import sys
import threading

import pytest

from collector.stopping import Stop
from logtriage.daemon.running import Around, Daemon, Plan
from logtriage.daemon.schedule import ScheduleConfig
from logtriage.errors import LogtriageError
from logtriage.jobs import JOBS, Done, Job, JobName

_ONCE = {"verify": "never", "digest": "never", "report": "never", "classify": "never", "collect": "1h"}


class _Line:
    """Signals to come, and jobs that ran."""

    def __init__(self) -> None:
        self.signals: queue.Queue[signal.Signals] = queue.Queue()
        self.ran: queue.Queue[str] = queue.Queue()

    def next_signal(self, within_s: float | None = None) -> signal.Signals | None:
        try:
            return self.signals.get(timeout=within_s)
        except queue.Empty:
            return None

    def plan(self, mark: str, **schedule: str) -> Plan:
        def job(name: JobName) -> Job:
            def run(stop: Stop) -> Done:
                self.ran.put(f"{mark}{name}")
                return Done()

            return Job(name, run)

        return Plan({name: job(name) for name in JOBS}, ScheduleConfig.model_validate(_ONCE | schedule))


def _next(line: _Line, wanted: str) -> None:
    while line.ran.get(timeout=300) != wanted:
        pass


def test_a_plan_read_anew_holds_from_the_next_job_on_and_a_signal_closes_all() -> None:
    line, closed = _Line(), threading.Event()
    around = Around(reload=lambda: line.plan("new ", collect="1s"), close=closed.set)

    def tell() -> None:
        _next(line, "collect")
        line.signals.put(signal.SIGHUP)
        _next(line, "new collect")
        line.signals.put(signal.SIGTERM)

    telling = threading.Thread(target=tell)
    telling.start()
    Daemon(line.plan(""), around, look_s=0.05).run(line.next_signal)
    telling.join()

    assert closed.is_set()


def test_settings_that_are_not_used_leave_the_plan_and_a_changed_file_is_read_without_a_signal() -> None:
    line, looks = _Line(), iter([True])

    def reload() -> None:
        line.ran.put("read")
        line.signals.put(signal.SIGINT)

    Daemon(line.plan(""), Around(reload, lambda: next(looks, False)), look_s=0.05).run(line.next_signal)

    ran = [line.ran.get_nowait() for _ in range(line.ran.qsize())]
    assert ran.count("read") == 1
    assert not any(one.startswith("new") for one in ran)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # its end is the test
def test_a_daemon_whose_jobs_can_run_no_more_ends_and_says_so() -> None:
    line = _Line()
    line.signals.put(signal.SIGHUP)

    with pytest.raises(LogtriageError, match="thread that runs jobs ended by itself"):
        Daemon(line.plan(""), Around(reload=sys.exit), look_s=0.05).run(line.next_signal)
