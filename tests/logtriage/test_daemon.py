"""The loop: its edges, what it remembers, and how it stops."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from classifiers.findings import Findings
from collector.records import Ledger
from collector.window import NS_PER_S, Window
from logtriage.acts import cycle_of
from logtriage.config import load_config
from logtriage.daemon import Cycle, log_to_stderr, run_on_schedule
from logtriage.digest import DigestConfig, Message
from logtriage.errors import ConfigError, NotifyUnavailable, SourceUnavailable, StoreBusy
from logtriage.notifiers.slack import Slack
from tests.support.findings import END_NS, findings, quiet_findings
from tests.support.log_entries import make_entry
from tests.support.logging_server import LoggingServer
from tests.support.webhook import Answer, serve_webhook

_KEYS = [
    "c-pay:ongoing", "c-cache:ongoing", "absent::desk:order.confirmed:ongoing", "slower::desk:find_order:ongoing",
    "vanished:shop:shop-00008-bad:OLD_KEY",
]  # fmt: skip


class _Inbox:
    """A channel that keeps what it takes, and fails when told to."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.fails_at: int | None = None

    def deliver(self, message: Message) -> None:
        if self.fails_at == len(self.keys):
            raise NotifyUnavailable("Slack: not now.")
        self.keys.append(message.key)


def _cycle(inbox: _Inbox, told: Findings | None = None) -> Cycle:
    return Cycle(
        collect=lambda: (Ledger(3, 2, 1, 0), ()),
        analyse=lambda *_: told or findings(),
        remember=lambda _: "1 new verdict, 0 settled",
        notifiers={"slack": inbox},
        digest=DigestConfig(),
        clock_ns=lambda: END_NS,
    )


def test_a_cycle_collects_analyses_and_delivers(caplog: pytest.LogCaptureFixture) -> None:
    inbox = _Inbox()

    with caplog.at_level(logging.INFO):
        assert _cycle(inbox).run()

    assert inbox.keys == _KEYS
    assert caplog.messages == [
        "collected: 3 read = 2 stored + 1 duplicates + 0 dead",
        "analysed: 2 incidents in the window, 2 going on; 1 event missing, 1 operation slower",
        "forecasts: 1 new verdict, 0 settled",
        "digest to slack: 5 messages",
    ]


def test_an_unchanged_incident_is_told_once() -> None:
    inbox = _Inbox()
    cycle = _cycle(inbox)

    assert cycle.run()
    assert cycle.run()

    assert len(inbox.keys) == len(_KEYS)


def test_an_incident_that_went_away_and_came_back_is_told_again() -> None:
    inbox = _Inbox()
    told = iter([findings(), quiet_findings(), findings()])
    cycle = _cycle(inbox)
    cycle.analyse = lambda *_: next(told)

    assert all(cycle.run() for _ in range(3))

    assert inbox.keys.count("c-pay:ongoing") == 2


def test_the_window_ends_now_and_reaches_back_as_configured() -> None:
    seen: list[tuple[Window, int]] = []

    def analyse(window: Window, now_ns: int) -> Findings:
        seen.append((window, now_ns))
        return quiet_findings()

    cycle = replace(_cycle(_Inbox()), analyse=analyse, digest=DigestConfig(window_hours=2))

    assert cycle.run()
    assert seen == [(Window(END_NS - 2 * 3600 * 10**9, END_NS), END_NS)]


def test_a_source_that_fails_does_not_stop_the_analysis(caplog: pytest.LogCaptureFixture) -> None:
    inbox = _Inbox()

    def collect() -> tuple[Ledger, tuple[str, ...]]:
        raise SourceUnavailable("Cloud Logging: `503`. Try again.")

    assert not replace(_cycle(inbox), collect=collect).run()
    assert len(inbox.keys) == len(_KEYS)
    assert "collect failed: Cloud Logging: `503`. Try again." in caplog.messages


def test_a_source_that_is_told_as_failed_makes_the_cycle_fail(caplog: pytest.LogCaptureFixture) -> None:
    cycle = replace(_cycle(_Inbox()), collect=lambda: (Ledger(), ("logs: no permission\nfor projects/x",)))

    assert not cycle.run()
    assert "collect failed: logs: no permission for projects/x" in caplog.messages


def test_a_fault_of_our_own_is_one_line_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    def analyse(window: Window, now_ns: int) -> Findings:
        raise ZeroDivisionError("secret text")

    assert not replace(_cycle(_Inbox()), analyse=analyse).run()
    assert any("analyse failed: internal ZeroDivisionError at test_daemon.py" in line for line in caplog.messages)
    assert "secret text" not in caplog.text


def test_a_ledger_that_cannot_be_written_does_not_stop_the_digest(caplog: pytest.LogCaptureFixture) -> None:
    inbox = _Inbox()

    def remember(told: Findings) -> str:
        raise StoreBusy(f"The database is held; {len(told.incidents)} incidents. Try again.")

    assert not replace(_cycle(inbox), remember=remember).run()
    assert len(inbox.keys) == len(_KEYS)
    assert "forecasts failed: The database is held; 2 incidents. Try again." in caplog.messages


def test_what_a_failed_delivery_left_over_is_sent_in_the_next_cycle() -> None:
    inbox = _Inbox()
    inbox.fails_at = 1
    cycle = _cycle(inbox)

    assert not cycle.run()
    inbox.fails_at = None
    assert cycle.run()

    assert inbox.keys == _KEYS


def test_the_webhook_is_in_no_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    loggers = [logging.getLogger(name) for name in ("logtriage", "collector", "classifiers", "apscheduler")]
    before = [(one.level, one.propagate, one.handlers) for one in loggers]
    try:
        log_to_stderr()
        with serve_webhook(Answer(), Answer(500, "no")) as hook:
            slack = Slack(hook.url, attempts=2, sleep=lambda _: None)
            assert not replace(_cycle(_Inbox()), notifiers={"slack": slack}).run()
    finally:
        for one, (level, propagate, handlers) in zip(loggers, before, strict=True):
            one.level, one.propagate, one.handlers = level, propagate, handlers

    told = capsys.readouterr().err
    assert "digest to slack failed: Slack: not delivered after 2 of 2 attempts, `HTTP 500`" in told
    assert "very-secret" not in told
    assert "127.0.0.1" not in told


def test_a_daemon_without_sources_or_secret_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOGTRIAGE_SLACK_WEBHOOK_URL", raising=False)
    source = "sources:\n- {kind: cloud_logging, resources: [projects/some-project]}\n"
    Path("config.yaml").write_text(source + "digest: {to: [slack]}\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="LOGTRIAGE_SLACK_WEBHOOK_URL is not set"):
        cycle_of(load_config(None))
    Path("config.yaml").unlink()
    with pytest.raises(ConfigError, match="sources is empty"):
        cycle_of(load_config(None))


_LOOP = """
import sys, time
from logtriage.daemon import log_to_stderr, run_on_schedule
log_to_stderr()
def job():
    print("begin", flush=True)
    time.sleep(float(sys.argv[2]))
    print("end", flush=True)
run_on_schedule(job, every_minutes=float(sys.argv[1]))
"""


def _loop(every_minutes: float, job_s: float) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _LOOP, str(every_minutes), str(job_s)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_running_cycle_end_and_exits_with_0(number: signal.Signals) -> None:
    process = _loop(60, 0.5)
    assert process.stdout is not None
    assert process.stdout.readline() == "begin\n"

    process.send_signal(number)
    process.send_signal(number)
    out, err = process.communicate(timeout=10)

    assert (out, process.returncode) == ("end\n", 0)
    assert err.count("stopping") == 1
    assert "Traceback" not in err


def test_a_signal_between_two_cycles_ends_it_at_once() -> None:
    process = _loop(60, 0)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["begin\n", "end\n"]

    process.terminate()
    process.communicate(timeout=10)

    assert process.returncode == 0


_SIGNAL_AT_EACH_STEP = """
import logging, os, signal
from logtriage.daemon import run_on_schedule
steps = logging.getLogger("apscheduler")
steps.setLevel("DEBUG")
seen = 0
class Count(logging.Handler):
    def emit(self, record):
        global seen
        seen += 1
        if seen == wanted:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
steps.addHandler(Count())
for wanted in range(1, 13):
    seen = 0
    run_on_schedule(lambda: os.kill(os.getpid(), signal.SIGTERM), every_minutes=60)
    print(wanted, flush=True)
"""


def test_a_signal_at_any_step_of_the_scheduler_ends_the_loop() -> None:
    """Also one that comes before the scheduler runs; the job's own signal would be the last one to be heard."""
    done = subprocess.run(
        [sys.executable, "-c", _SIGNAL_AT_EACH_STEP], capture_output=True, text=True, check=False, timeout=30
    )

    assert (done.returncode, done.stdout.split()) == (0, [str(step) for step in range(1, 13)])


def test_cycles_follow_each_other_and_never_overlap() -> None:
    running, starts = threading.Lock(), 0
    main = threading.get_native_id()

    def job() -> None:
        nonlocal starts
        with running:
            starts += 1
            assert threading.get_native_id() != main
            if starts == 3:
                os.kill(os.getpid(), signal.SIGTERM)

    run_on_schedule(job, every_minutes=0.02 / 60)

    assert starts >= 3


def test_one_cycle_pulls_from_cloud_logging_and_posts_to_slack(tmp_path: Path) -> None:
    minute_ns = 60 * NS_PER_S
    first_ns = time.time_ns() - 90 * minute_ns
    booked = [make_entry(f"b{n}", first_ns - n * minute_ns, text=f"INFO: booked invoice {n}") for n in range(1, 301)]
    failed = [
        make_entry(f"e{n}", first_ns + n * minute_ns, text=f"ERROR: invoice {n} not booked: ValueError: bad amount")
        for n in range(60)
    ]
    with LoggingServer([*booked, *failed]) as logs, serve_webhook() as hook:
        source = {
            "kind": "cloud_logging", "resources": ["projects/demo-stage"], "endpoint": logs.endpoint, "insecure": True,
        }  # fmt: skip
        settings = {"sources": [source], "digest": {"to": ["slack"], "lowest_priority": "P3"}}
        (tmp_path / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", "from logtriage.cli import main; main()", "daemon", "--once"],
            cwd=tmp_path, env={**os.environ, "LOGTRIAGE_SLACK_WEBHOOK_URL": hook.url},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, "")
    assert "collected: 360 read = 360 stored + 0 duplicates + 0 dead" in done.stderr
    assert "forecasts: 0 new verdicts, 0 settled" in done.stderr  # its cause cannot be told, so nothing is claimed
    assert "very-secret" not in done.stderr
    assert any("billing" in body["text"] for body in hook.bodies)
