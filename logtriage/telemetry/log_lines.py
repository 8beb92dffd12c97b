"""The log on stderr: one line an event of our own rooms, as text or as JSON that Cloud Logging understands.

No library's lines: HTTP libraries log addresses, and a webhook's address is a secret. Of an exception its type and its
place are told and nothing of its text, which may be somebody's log.
"""

import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TextIO

import orjson

from collector.own_secrets import without_own
from logtriage.escape import plain

__all__ = ["ROOMS", "JsonLines", "TextLines", "log_to_stderr", "our_loggers", "place_of", "running_ids"]

LogFormat = Literal["auto", "text", "json"]
# Each room with the lowest severity that is told of it.
ROOMS = (("logtriage", "INFO"), ("collector", "INFO"), ("classifiers", "INFO"), ("apscheduler", "ERROR"))
# Set where a platform reads stderr and makes entries of JSON lines: Cloud Run's services and jobs, Kubernetes.
_PLATFORMS = ("K_SERVICE", "CLOUD_RUN_JOB", "KUBERNETES_SERVICE_HOST")
_PROJECTS = ("GOOGLE_CLOUD_PROJECT", "GCP_PROJECT", "GCLOUD_PROJECT")
_SEVERITIES = {"WARN": "WARNING", "FATAL": "CRITICAL", "NOTSET": "DEFAULT"}
_LINE_CHARS = 4000
_NO_TRACE = "0" * 32


class _Stderr(logging.StreamHandler[TextIO]):
    """The one that this module adds, beside those of telemetry."""


def log_to_stderr(form: LogFormat = "auto") -> None:
    """Sends the lines of our rooms to stderr, and nobody else's; said again, in another form."""
    handler = _Stderr(sys.stderr)
    is_json = form == "json" or (form == "auto" and any(os.environ.get(name) for name in _PLATFORMS))
    handler.setFormatter(JsonLines() if is_json else TextLines())
    for logger, lowest in our_loggers():
        logger.setLevel(lowest)
        logger.propagate = False
        logger.handlers = [handler, *(one for one in logger.handlers if not isinstance(one, _Stderr))]


def our_loggers() -> Iterator[tuple[logging.Logger, str]]:
    """The loggers of all rooms, and from which severity on they are told."""
    for room, lowest in ROOMS:
        yield logging.getLogger(room), lowest


class TextLines(logging.Formatter):
    """`2026-01-02T03:04:05Z WARNING what happened`, one line whatever the message holds."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        return f"{at} {record.levelname} {message_of(record)}"


class JsonLines(logging.Formatter):
    """One JSON object a line, with the fields that Cloud Logging takes out of it.

    https://cloud.google.com/logging/docs/structured-logging#special-payload-fields
    """

    def __init__(self) -> None:
        super().__init__()
        self._project = next((os.environ[name] for name in _PROJECTS if os.environ.get(name)), "")

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        file, line, function = place_of(record)
        told: dict[str, Any] = {
            "severity": severity_of(record),
            "message": message_of(record),
            "time": stamp_of(record),
            "logging.googleapis.com/labels": {"logger": record.name},
            "logging.googleapis.com/sourceLocation": {"file": file, "line": str(line), "function": function},
        }
        trace, span = running_ids()
        if trace:
            name = f"projects/{self._project}/traces/{trace}" if self._project else trace
            told |= {
                "logging.googleapis.com/trace": name,
                "logging.googleapis.com/spanId": span,
                "logging.googleapis.com/trace_sampled": True,
            }
        return orjson.dumps(told).decode()


def message_of(record: logging.LogRecord) -> str:
    """The message as one line, and of an exception where it came from."""
    said = plain(without_own(record.getMessage()), _LINE_CHARS)
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return said
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{said}: {type(error).__name__}{where}"


def severity_of(record: logging.LogRecord) -> str:
    """Cloud Logging's word for it."""
    return _SEVERITIES.get(record.levelname, record.levelname)


def stamp_of(record: logging.LogRecord) -> str:
    """RFC 3339 in UTC, to the microsecond, which is what the clock of a record holds."""
    micros = round(record.created * 1e6)
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(micros // 1_000_000))
    return f"{seconds}.{micros % 1_000_000:06d}Z"


def place_of(record: logging.LogRecord) -> tuple[str, int, str]:
    """File, line and function of the call; the file from its room on, so that no folder of a person is told."""
    parts = Path(record.pathname).parts
    room = record.name.partition(".")[0]
    first = len(parts) - 1 - parts[::-1].index(room) if room in parts else len(parts) - 1
    return "/".join(parts[first:]), record.lineno, record.funcName


def running_ids() -> tuple[str, str]:
    """Trace and span that this thread runs in, as hex; empty where none is known, and nothing is loaded to find out."""
    api: Any = sys.modules.get("opentelemetry.trace")
    if api is None:
        return "", ""
    context = api.get_current_span().get_span_context()
    trace = f"{context.trace_id:032x}"
    return ("", "") if trace == _NO_TRACE else (trace, f"{context.span_id:016x}")
