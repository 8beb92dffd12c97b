"""The daemon as a process: order of jobs, signals, what is cut off, settings read anew. Jobs here only print."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_DAEMON = """
import sys, time
from collector.stopping import pause
from logtriage.telemetry.log_lines import log_to_stderr
from logtriage.daemon.running import Around, Daemon, Plan
from logtriage.daemon.schedule import ScheduleConfig
from logtriage.jobs import JOBS, Done, Job

given = eval(sys.argv[1])
seen = []

def job(name):
    def run(stop):
        seen.append(name)
        print(name, flush=True)
        given.get(name, lambda: None)()
        return Done(has_more=name == "collect" and seen.count(name) < given.get("slices", 1))
    return Job(name, run)

def plan(**schedule):
    return Plan({name: job(name) for name in JOBS}, ScheduleConfig(**schedule))

def reload():
    print("read anew", flush=True)
    return plan(**given["fresh"]) if "fresh" in given else None

log_to_stderr()
Daemon(
    plan(**given.get("schedule", {})),
    Around(reload, lambda: False, lambda: print("closed", flush=True)),
    cut_after_s=given.get("cut", 8.0), look_s=0.05,
).run()
"""
_START = ["digest", "collect", "classify", "digest", "report", "watch"]


@contextmanager
def _daemon(given: str = "{}") -> "Iterator[subprocess.Popen[str]]":
    """A running one; it is killed at the end where a test left it running."""
    with subprocess.Popen(
        [sys.executable, "-c", _DAEMON, given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def _lines(process: "subprocess.Popen[str]", count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def _ended(process: "subprocess.Popen[str]") -> tuple[int, list[str], str]:
    """Exit code, what was printed since, and the log."""
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err
    return process.returncode, out.split(), err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_jobs_follow_each_other_and_a_signal_between_them_ends_it(number: signal.Signals) -> None:
    with _daemon() as process:
        first = _lines(process, 6)
        process.send_signal(number)
        code, rest, log = _ended(process)

    assert (first, code, rest) == (_START, 0, ["closed"])
    assert log.endswith("INFO stopped\n")


def test_between_two_slices_the_others_get_their_turn() -> None:
    with _daemon("{'slices': 3}") as process:
        ran = _lines(process, 14)
        process.terminate()
        _ended(process)

    assert ran == [*_START, *["collect", "classify", "digest", "report"] * 2]


def test_a_job_that_waits_ends_at_once_and_what_was_in_line_is_left() -> None:
    with _daemon("{'collect': lambda: pause(86_400)}") as process:
        assert _lines(process, 2) == ["digest", "collect"]
        process.terminate()
        code, rest, log = _ended(process)

    assert (code, rest) == (0, ["closed"])
    assert "stopping: collect ends first" in log
    assert "cut off" not in log


def test_a_job_that_does_not_end_is_cut_off_with_a_line_and_exit_code_0() -> None:
    with _daemon("{'cut': 0.3, 'collect': lambda: time.sleep(86_400)}") as process:
        assert _lines(process, 2) == ["digest", "collect"]
        process.terminate()
        code, _, log = _ended(process)

    assert code == 0
    assert "WARNING collect was cut off, because it did not end within 0.3 s" in log


def test_a_second_signal_ends_it_at_once() -> None:
    with _daemon("{'collect': lambda: time.sleep(86_400)}") as process:
        assert _lines(process, 2) == ["digest", "collect"]
        process.send_signal(signal.SIGINT)
        assert _lines(process, 1) == ["closed"]
        process.send_signal(signal.SIGINT)
        code, _, log = _ended(process)

    assert code == 0
    assert "collect was cut off, because a second signal came" in log


def test_on_a_hang_up_settings_are_read_anew_and_another_schedule_holds() -> None:
    quiet = "{'collect': 'never', 'classify': 'never', 'digest': 'never', 'report': '1h'}"
    with _daemon(f"{{'schedule': {quiet}, 'fresh': {{'collect': '1s'}}}}") as process:
        before = _lines(process, 2)
        process.send_signal(signal.SIGHUP)
        after = _lines(process, 5)
        process.terminate()
        code, _, _ = _ended(process)

    assert (before, after) == (["report", "watch"], ["read anew", "collect", "classify", "digest", "report"])
    assert code == 0


def test_a_fault_in_a_job_is_a_line_and_the_next_ones_run() -> None:
    with _daemon("{'collect': lambda: 1 / 0, 'classify': lambda: print(no_such_name)}") as process:
        ran = _lines(process, 6)
        process.terminate()
        code, _, log = _ended(process)

    assert (ran, code) == (_START, 0)
    assert "ERROR collect failed: internal ZeroDivisionError at" in log
    assert "ERROR classify failed: internal NameError at" in log


def test_what_a_stopped_machine_missed_runs_once() -> None:
    quiet = "{'schedule': {'collect': '1s', 'classify': 'never', 'digest': 'never', 'report': 'never'}}"
    with _daemon(quiet) as process:
        _lines(process, 3)
        process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        resumed = time.monotonic()
        process.send_signal(signal.SIGCONT)
        caught_up = _lines(process, 1)
        process.terminate()
        _, rest, _ = _ended(process)

    slots = 1 + int(time.monotonic() - resumed)  # that passed since, where this machine is slow
    assert caught_up == ["collect"]
    assert rest.count("collect") <= slots


_SIGNAL_AT_EACH_STEP = """
import logging, os, signal, sys
from logtriage.daemon.running import Daemon, Plan
from logtriage.daemon.schedule import ScheduleConfig
from logtriage.jobs import JOBS, Done, Job

class Count(logging.Handler):
    def emit(self, record):
        global seen
        seen += 1
        if seen == wanted:
            os.kill(os.getpid(), signal.SIGTERM)

steps = logging.getLogger("apscheduler")
steps.setLevel("DEBUG")
steps.addHandler(Count())
for wanted in range(1, 9):
    seen = 0
    Daemon(Plan({name: Job(name, lambda _: Done()) for name in JOBS}, ScheduleConfig()), look_s=0.05).run()
    print(wanted, flush=True)
"""


def test_a_signal_at_any_step_of_the_scheduler_ends_it() -> None:
    """Also one that comes before the scheduler runs."""
    done = subprocess.run(
        [sys.executable, "-c", _SIGNAL_AT_EACH_STEP], capture_output=True, text=True, check=False, timeout=300
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(step) for step in range(1, 9)]
