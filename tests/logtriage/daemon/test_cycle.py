"""The work of the jobs: their edges, what they remember, and one round of all of them."""

import json
import logging
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from classifiers.findings import Findings
from collector.replacing import replace
from collector.stopping import Stop
from collector.window import NS_PER_S, Window
from logtriage.config import load_config
from logtriage.daemon.cycle import Cycle
from logtriage.daemon.edge import run_job
from logtriage.daemon.observers import LogObserver
from logtriage.daemon.wiring import cycle_of
from logtriage.delivery import Delivered
from logtriage.digest_config import DigestConfig
from logtriage.errors import ConfigError, SourceUnavailable, StoreBusy
from logtriage.hearing import Listened
from logtriage.jobs import Done, JobName, JobRun
from logtriage.telemetry.log_lines import log_to_stderr
from tests.support.findings import END_NS, findings, quiet_findings
from tests.support.log_entries import make_entry
from tests.support.logging_server import LoggingServer
from tests.support.telling_messages import make_message, make_store, put
from tests.support.webhook import Answer, serve_webhook


@dataclass
class _Inbox:
    """What a cycle asks of one channel: it delivers what was stored, unless it is told to fail."""

    stored: int = 0
    delivered: list[int] = field(default_factory=list)
    tried_refused: list[bool] = field(default_factory=list)
    failed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def remember(self, told: Findings) -> str:
        self.stored += len(told.incidents)
        return "1 new verdict, 0 settled"

    def deliver(self, name: str, tries_refused: bool) -> Delivered:  # noqa: FBT001 - what Cycle calls
        self.tried_refused.append(tries_refused)
        sent, self.stored = self.stored, 0
        self.delivered.append(sent)
        return Delivered(name, (("open", sent),) if sent else (), sent, 0, self.failed, self.refused)


@dataclass
class _Ends:
    """Keeps the runs that ended."""

    runs: list[JobRun]

    def began(self, job: JobName, at_ns: int) -> None:
        """Nothing is kept of that."""

    def ended(self, run: JobRun) -> None:
        self.runs.append(run)


def _cycle(inbox: _Inbox, told: Findings | None = None) -> Cycle:
    return Cycle(
        collect=lambda _: Done("collected: 3 read = 2 stored + 1 duplicates + 0 dead"),
        analyse=lambda *_: told or findings(),
        remember=inbox.remember,
        deliver=inbox.deliver,
        hear=lambda _: Listened(2, 1),
        channels=("desk",),
        digest=DigestConfig(),
        clock_ns=lambda: END_NS,
    )


def test_a_cycle_collects_listens_analyses_stores_and_delivers(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert _cycle(_Inbox()).run(observers=[LogObserver()])

    assert [line.partition(" (")[0] if "dead" in line or "settled (" in line else line for line in caplog.messages] == [
        "collected: 3 read = 2 stored + 1 duplicates + 0 dead",
        "heard in desk: 2 words, 1 settled a verdict",
        "analysed: 2 incidents in the window, 2 going on; 1 event missing, 1 operation slower",
        "stored: 1 new verdict, 0 settled",
        "digest to desk: 2 messages (2 open)",
    ]


def test_what_is_left_from_before_is_delivered_first_of_all(caplog: pytest.LogCaptureFixture) -> None:
    inbox = _Inbox(stored=3)

    with caplog.at_level(logging.INFO):
        assert _cycle(inbox).run()

    assert (inbox.delivered, inbox.tried_refused) == ([3, 2], [True, False])
    assert caplog.messages[0] == "digest to desk: 3 messages (3 open)"


def test_what_a_channel_does_not_take_makes_the_cycle_fail(caplog: pytest.LogCaptureFixture) -> None:
    down, refused = _Inbox(failed=("Slack: not now.",)), _Inbox(refused=("Slack: HTTP 401.",))

    assert not _cycle(down).run()
    assert not _cycle(refused).run()

    assert "digest to desk failed: Slack: not now." in caplog.messages
    assert "digest to desk was refused: Slack: HTTP 401." in caplog.messages


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

    def collect(_: Stop) -> Done:
        raise SourceUnavailable("Cloud Logging: `503`. Try again.")

    assert not replace(_cycle(inbox), collect=collect).run()
    assert inbox.delivered == [0, 2]
    assert "collect failed: Cloud Logging: `503`. Try again." in caplog.messages


def test_a_source_that_is_told_as_failed_makes_the_cycle_fail() -> None:
    cycle = replace(_cycle(_Inbox()), collect=lambda _: Done(failed=("collect failed: logs: no permission",)))

    assert not cycle.run()


def test_a_look_between_does_not_fail_for_what_its_pull_tells_of_a_source() -> None:
    refused = Done(failed=("collect failed: logs: no permission",))
    cycle = replace(_cycle(_Inbox()), collect=lambda _: refused, waits=lambda: True)

    pulled, _ = run_job(cycle.jobs()["collect"], Stop(), ())
    looked, done = run_job(cycle.jobs()["verify"], Stop(), ())

    assert (pulled.outcome, looked.outcome) == ("failed", "done")
    assert done.is_look


def test_a_fault_of_our_own_is_one_line_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    def analyse(window: Window, now_ns: int) -> Findings:
        raise ZeroDivisionError("secret text")

    inbox = _Inbox()

    assert not replace(_cycle(inbox), analyse=analyse).run()
    assert any("analyse failed: internal ZeroDivisionError at test_cycle.py" in line for line in caplog.messages)
    assert "secret text" not in caplog.text
    assert len(inbox.delivered) == 2


def test_what_cannot_be_stored_is_not_sent_either(caplog: pytest.LogCaptureFixture) -> None:
    """What was sent and not written down could be sent twice."""
    inbox = _Inbox()

    def remember(told: Findings) -> str:
        raise StoreBusy(f"The database is held; {len(told.incidents)} incidents. Try again.")

    assert not replace(_cycle(inbox), remember=remember).run()
    assert inbox.delivered == [0, 0]
    assert "storing failed: The database is held; 2 incidents. Try again." in caplog.messages


def test_the_secrets_of_a_channel_are_in_no_line_of_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loggers = [logging.getLogger(name) for name in ("logtriage", "collector", "classifiers", "apscheduler")]
    before = [(one.level, one.propagate, one.handlers) for one in loggers]
    put(make_store(tmp_path), make_message(), channels=["webhook"])
    try:
        log_to_stderr()
        with serve_webhook(Answer(400, "no")) as hook:
            monkeypatch.setenv("LOGTRIAGE_WEBHOOK_URL", hook.url)
            sources = "sources: [{kind: cloud_logging, resources: [projects/some-project]}]\n"
            Path("config.yaml").write_text(f"{sources}digest: {{channels: [{{kind: webhook}}]}}\n", encoding="utf-8")
            cycle = cycle_of(load_config(None, db=tmp_path / "told.duckdb"))
            assert not replace(cycle, collect=lambda _: Done(), analyse=lambda *_: quiet_findings()).run()
    finally:
        for one, (level, propagate, handlers) in zip(loggers, before, strict=True):
            one.level, one.propagate, one.handlers = level, propagate, handlers

    told = capsys.readouterr().err
    assert "digest to webhook was refused: " in told
    assert "very-secret" not in told
    assert "127.0.0.1" not in told


def test_a_channel_without_its_secret_is_told_and_the_others_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOGTRIAGE_SLACK_WEBHOOK_URL", raising=False)
    store = make_store(tmp_path)
    put(store, make_message(), channels=["slack_webhook", "webhook"])
    channels = "digest: {channels: [{kind: slack_webhook}, {kind: webhook}]}\n"
    source = "sources:\n- {kind: cloud_logging, resources: [projects/some-project]}\n"
    Path("config.yaml").write_text(source + channels, encoding="utf-8")
    runs: list[JobRun] = []
    with serve_webhook() as hook:
        monkeypatch.setenv("LOGTRIAGE_WEBHOOK_URL", hook.url)
        cycle = cycle_of(load_config(None, db=tmp_path / "told.duckdb"))
        quiet = replace(cycle, collect=lambda _: Done(), analyse=lambda *_: quiet_findings())
        assert not quiet.run(observers=[_Ends(runs)])

    assert len(hook.bodies) == 1
    assert [one.outcome for one in runs if one.job == "classify"] == ["done"]  # what was looked at, was looked at
    assert any(line.startswith("digest to slack_webhook failed: Channel `slack_webhook` ") for line in caplog.messages)
    with store.read() as reader:
        told = reader.frame("find_last_troubles").select("kind", "subject", "is_over").rows()
    assert told == [("channel", "slack_webhook", False)]


def test_a_daemon_without_sources_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match="sources is empty"):
        cycle_of(load_config(None))


def test_one_cycle_pulls_from_cloud_logging_and_posts_to_a_webhook(tmp_path: Path) -> None:
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
        settings = {"sources": [source], "digest": {"channels": [{"kind": "webhook"}], "lowest_priority": "P3"}}
        (tmp_path / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", "from logtriage.cli import main; main()", "daemon", "--once"],
            cwd=tmp_path, env={**os.environ, "LOGTRIAGE_WEBHOOK_URL": hook.url},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "collected: 360 read = 360 stored + 0 duplicates + 0 dead" in done.stderr
    assert "stored: 0 new verdicts, 0 settled" in done.stderr  # its cause cannot be told, so nothing is claimed
    assert "very-secret" not in done.stderr
    assert any("billing" in json.dumps(body) for body in hook.bodies)
