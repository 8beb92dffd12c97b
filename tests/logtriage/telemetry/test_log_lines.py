"""The log on stderr: what a platform reads of it, and what it never holds."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider

from logtriage.telemetry.log_lines import JsonLines, TextLines, log_to_stderr, our_loggers

LOG = logging.getLogger("logtriage.somewhere")


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    before = [(logger, logger.level, logger.propagate, logger.handlers) for logger, _ in our_loggers()]
    yield
    for logger, level, propagate, handlers in before:
        logger.setLevel(level)
        logger.propagate, logger.handlers = propagate, handlers


@pytest.fixture(autouse=True)
def _no_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("K_SERVICE", "CLOUD_RUN_JOB", "KUBERNETES_SERVICE_HOST", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)


def test_a_line_is_text_where_no_platform_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    LOG.warning("a source is %s", "gone")

    stamp, rest = capsys.readouterr().err.split(" ", 1)
    assert stamp.endswith("Z")
    assert rest == "WARNING a source is gone\n"


@pytest.mark.parametrize("variable", ["K_SERVICE", "CLOUD_RUN_JOB", "KUBERNETES_SERVICE_HOST"])
def test_a_line_is_json_where_one_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "x")

    log_to_stderr()
    LOG.error("a source is gone")

    told = json.loads(capsys.readouterr().err)
    assert told["severity"] == "ERROR"
    assert told["message"] == "a source is gone"
    assert told["time"].endswith("Z")
    assert told["logging.googleapis.com/labels"] == {"logger": "logtriage.somewhere"}
    place = told["logging.googleapis.com/sourceLocation"]
    assert place["function"] == "test_a_line_is_json_where_one_does"
    assert place["line"].isdigit()
    assert not place["file"].startswith("/")
    assert "logging.googleapis.com/trace" not in told


def test_the_trace_of_the_running_job_is_told_as_cloud_logging_names_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "shop-staging")
    log_to_stderr("json")

    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("collect") as span:
        LOG.info("collected")
    context = span.get_span_context()

    told = json.loads(capsys.readouterr().err)
    assert told["logging.googleapis.com/trace"] == f"projects/shop-staging/traces/{context.trace_id:032x}"
    assert told["logging.googleapis.com/spanId"] == f"{context.span_id:016x}"


@pytest.mark.parametrize("lines", [TextLines(), JsonLines()])
def test_of_an_exception_its_type_and_place_are_told_and_nothing_of_its_text(lines: logging.Formatter) -> None:
    try:
        int("password=hunter2")
    except ValueError:
        record = LOG.makeRecord(LOG.name, logging.ERROR, __file__, 1, "it broke\nhere", (), sys.exc_info())

    told = lines.format(record)

    assert "hunter2" not in told
    assert "it broke here: ValueError at test_log_lines.py:" in told
    assert "\n" not in told


def test_no_line_of_a_library_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("json")

    logging.getLogger("httpx").info("POST https://hooks.slack.com/services/SECRET")
    logging.getLogger("apscheduler.executors").warning("skipped")

    assert capsys.readouterr().err == ""


def test_another_form_holds_at_once_and_takes_no_other_handler_away(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = logging.NullHandler()
    log_to_stderr("text")
    logger = logging.getLogger("logtriage")
    logger.addHandler(other)
    try:
        log_to_stderr("json")
        logger.warning("read anew")
        kept = other in logger.handlers
    finally:
        logger.removeHandler(other)

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "read anew"
    assert kept
