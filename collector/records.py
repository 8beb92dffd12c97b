"""The records that travel through the house, and the columns in which they travel. No I/O.

Hot paths carry polars frames; a `*_SCHEMA` here is the contract of such a frame and equals the table of the
same name in queries/create_0001_store.sql (a test compares them). The classes are for small things.

Instants are whole nanoseconds since 1970 UTC (`*_ns`), because Python and Arrow datetimes lose or zone them.
"""

from typing import Any, Literal

import polars as pl
from msgspec import Struct, field

__all__ = [
    "DEAD_LETTER_SCHEMA",
    "ENTRY_SCHEMA",
    "FACT_SCHEMA",
    "IMPORTED",
    "RAW_MESSAGE_SCHEMA",
    "RAW_SCHEMA",
    "SEVERITY_NUMBER",
    "SPAN_SCHEMA",
    "TEST_SCHEMA",
    "Batch",
    "Ledger",
    "RawBatch",
    "Revision",
    "Served",
    "severity_text",
]

IMPORTED = "import"  # the source of what is imported by hand, which no pull reads again

# One raw record as a source cuts it out: `line` is the 1-based line (or ordinal) in its location, `raw` one JSON text.
RAW_SCHEMA = pl.Schema({"line": pl.Int64(), "raw": pl.String()})

# The same of kind `span_messages`: `raw` is one serialised ExportTraceServiceRequest.
RAW_MESSAGE_SCHEMA = pl.Schema({"line": pl.Int64(), "raw": pl.Binary()})

# One log record. Empty text means "not known" for the resource columns; null means "not there" elsewhere.
ENTRY_SCHEMA = pl.Schema(
    {
        "project": pl.String(),  # resource.labels.project_id, else from logName, else ""
        "insert_id": pl.String(),  # as given, else "h:" + hash of the content
        "at_ns": pl.Int64(),  # event time; of a request: its start
        "received_at_ns": pl.Int64(),  # null when the dump has none
        "resource_type": pl.String(),  # cloud_run_revision, cloud_run_job, ...
        "service": pl.String(),
        "revision": pl.String(),
        "location": pl.String(),
        "instance": pl.String(),  # labels.instanceId
        # id unescaped, without `run.googleapis.com/` or `cloudaudit.googleapis.com/`: stderr, requests, varlog/system,
        # activity, system_event
        "log": pl.String(),
        "severity": pl.UInt8(),  # OpenTelemetry number 1-24, 0 unknown; the text's own level wins over the field
        "severity_given": pl.UInt8(),  # what the severity field said, 0 when missing or DEFAULT
        # redacted text of the payload without ANSI codes and unrendered tags; null for plain requests
        "message": pl.String(),
        "logger": pl.String(),  # module[:function] the line names, else null
        "payload": pl.String(),  # redacted JSON of jsonPayload; of an audit entry a summary without values; else null
        "http_method": pl.String(),
        "http_path": pl.String(),  # path without query
        "http_status": pl.Int16(),
        "latency_ns": pl.Int64(),
        "user_agent": pl.String(),
        "client": pl.UInt64(),  # keyed hash of caller address and user agent; never the address itself
        "trace": pl.String(),  # 32 hex digits
        "span": pl.String(),  # 16 hex digits
        "error_group": pl.String(),  # first errorGroups id, else null
    }
)

# One span, as in OpenTelemetry. Identity: trace and span. Empty text means "not known" for what the resource tells.
SPAN_SCHEMA = pl.Schema(
    {
        "trace": pl.String(),  # 32 hex digits
        "span": pl.String(),  # 16 hex digits
        "parent_span": pl.String(),  # "" for a root
        "project": pl.String(),  # cloud.account.id
        "location": pl.String(),  # cloud.region
        "environment": pl.String(),  # deployment.environment(.name)
        "service": pl.String(),
        "revision": pl.String(),  # service.version / faas.version / cloud run labels; "" when not known
        "instance": pl.String(),
        "name": pl.String(),
        "kind": pl.UInt8(),  # OTLP enum: 1 internal, 2 server, 3 client, 4 producer, 5 consumer, 0 unspecified
        "start_ns": pl.Int64(),
        "duration_ns": pl.Int64(),  # null of a span that was told without its end
        "received_at_ns": pl.Int64(),  # when a receiver took it; null where it comes from a file or a query
        "status": pl.UInt8(),  # OTLP enum: 0 unset, 1 ok, 2 error
        "status_message": pl.String(),  # redacted
        "http_method": pl.String(),
        "http_route": pl.String(),
        "http_path": pl.String(),  # path without query
        "http_status": pl.Int16(),
        "user_agent": pl.String(),
        "synthetic": pl.String(),  # user_agent.synthetic.type: test or bot
        "cold_start": pl.Boolean(),  # faas.coldstart
        "peer_service": pl.String(),
        "db_system": pl.String(),
        "error_type": pl.String(),  # error.type; of a gRPC call that failed its status
        # the first `exception` event as a program would print it, redacted: its stacktrace, else `type: message`
        "exception": pl.String(),
        "attributes": pl.String(),  # redacted JSON object of all attributes
        "events": pl.String(),  # redacted JSON array, null when none
        "links": pl.String(),  # spans of other traces, as `TRACE:SPAN TRACE:SPAN`; null when none
    }
)

# One fact about a revision or a service's configuration, append-only; `fold_revisions` makes Revisions of them.
FACT_SCHEMA = pl.Schema(
    {
        "project": pl.String(),
        "location": pl.String(),
        "service": pl.String(),
        "revision": pl.String(),  # "" for facts about the service (traffic, request to deploy, other changes)
        "at_ns": pl.Int64(),
        "kind": pl.String(),  # created | ready | failed | spec | traffic | deploy | change | deleted
        "origin": pl.String(),  # audit_activity | audit_system_event | describe | admin_api
        "insert_id": pl.String(),  # the entry it was read from, else a file or resource name
        "actor": pl.String(),  # service accounts as they are, people as <email:HASH>, "" unknown
        "tool": pl.String(),  # gcloud, terraform, console, ... "" unknown
        "detail": pl.String(),  # JSON object, its keys by kind: see specs.py and audit.py in collector/normalise/
    }
)

# One case of a test run. Identity: run and case_id. A suite without cases is one case with the outcome `empty`.
TEST_SCHEMA = pl.Schema(
    {
        "run": pl.String(),  # hash of the report's content: read again, under any name, it is the same run
        "case_id": pl.String(),  # hash of run, suite, class, name and which one of that name it is
        "suite": pl.String(),
        "class_name": pl.String(),
        "name": pl.String(),  # redacted: parameters may hold anything
        "outcome": pl.String(),  # passed | flaky | failed | error | skipped | empty
        "at_ns": pl.Int64(),  # when it began: told, else after the cases before it; null not known
        "duration_ns": pl.Int64(),
        "suite_at_ns": pl.Int64(),
        "suite_ns": pl.Int64(),  # how long the whole suite took
        "is_zoned": pl.Boolean(),  # the time was told with its zone; else UTC is taken
        "type": pl.String(),  # of the failure
        "message": pl.String(),  # redacted
        "body": pl.String(),  # redacted text of the failure, at most 16,000 characters
        "output": pl.String(),  # redacted end of what a failed one wrote, at most 16,000 characters
        "traces": pl.String(),  # trace ids that it tells, as `TRACE TRACE`
        "location": pl.String(),
    }
)

# What could not become a record, with its reason. `excerpt` is redacted and at most 2,000 characters.
DEAD_LETTER_SCHEMA = pl.Schema(
    {
        "location": pl.String(),
        "line": pl.Int64(),
        "reason": pl.String(),
        "excerpt": pl.String(),
    }
)

# OpenTelemetry's number of each name that Cloud Logging, Python, Java, Go, Node and syslog use for a severity.
SEVERITY_NUMBER: dict[str, int] = {
    "TRACE": 1, "FINEST": 1, "FINER": 1, "SILLY": 1,
    "DEBUG": 5, "FINE": 5, "VERBOSE": 5, "D": 5,
    "INFO": 9, "INFORMATION": 9, "I": 9, "LOG": 9, "HTTP": 9, "SUCCESS": 9, "CONFIG": 9,
    "NOTICE": 10,
    "WARNING": 13, "WARN": 13, "W": 13,
    "ERROR": 17, "ERR": 17, "E": 17, "SEVERE": 17, "EXCEPTION": 17,
    "CRITICAL": 18, "CRIT": 18, "DPANIC": 18,
    "ALERT": 19,
    "FATAL": 21, "F": 21, "PANIC": 21, "EMERGENCY": 21, "EMERG": 21,
}  # fmt: skip

Kind = Literal["entries", "spans", "span_messages", "specs", "tests"]


def severity_text(number: int) -> str:
    """Cloud Logging's name of an OpenTelemetry severity number; DEFAULT for 0."""
    for floor, name in ((21, "EMERGENCY"), (19, "ALERT"), (18, "CRITICAL"), (17, "ERROR"), (13, "WARNING")):
        if number >= floor:
            return name
    for floor, name in ((10, "NOTICE"), (9, "INFO"), (1, "DEBUG")):
        if number >= floor:
            return name
    return "DEFAULT"


class RawBatch(Struct, frozen=True):
    """What a source hands over: raw records of one kind and one location, and where the source stands after them.

    `read` counts records tried: rows of `records` plus rows of `dead`. `cursor` is stored with the records in one
    transaction; None keeps the stored one. `progress` is the share of the source done, where it knows.
    `received_at_ns` is when a receiver took the spans of the batch.
    """

    source: str
    location: str
    kind: Kind
    records: pl.DataFrame  # RAW_SCHEMA; of kind `span_messages` RAW_MESSAGE_SCHEMA
    dead: pl.DataFrame  # DEAD_LETTER_SCHEMA: what could not be cut into records
    cursor: dict[str, Any] | None = None
    progress: float | None = None
    received_at_ns: int | None = None


class Batch(Struct, frozen=True):
    """A normalised RawBatch, ready for one transaction of the store."""

    source: str
    location: str
    read: int
    entries: pl.DataFrame  # ENTRY_SCHEMA
    spans: pl.DataFrame  # SPAN_SCHEMA
    facts: pl.DataFrame  # FACT_SCHEMA
    dead: pl.DataFrame  # DEAD_LETTER_SCHEMA
    tests: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TEST_SCHEMA))
    fact_records: int = 0  # records read that are neither entries nor spans (describe files, Admin API resources)
    cursor: dict[str, Any] | None = None


class Ledger(Struct, frozen=True):
    """Law 1: read = stored + duplicates + dead, per source and run. Counts of records."""

    read: int = 0
    stored: int = 0
    duplicates: int = 0
    dead: int = 0

    def __add__(self, other: "Ledger") -> "Ledger":
        return Ledger(
            self.read + other.read,
            self.stored + other.stored,
            self.duplicates + other.duplicates,
            self.dead + other.dead,
        )

    @property
    def is_balanced(self) -> bool:
        """Nothing lost, nothing twice."""
        return self.read == self.stored + self.duplicates + self.dead


class Served(Struct, frozen=True):
    """One period in which a revision took traffic. `to_ns` None: to the end of what is known.

    `ends_by`: what ended it was not told, a newer revision served then, so that it ended at `to_ns` at the latest.
    `percent` is its share by the routing that was in force; None where only its rows prove the period.
    """

    from_ns: int
    to_ns: int | None
    percent: int | None
    ends_by: bool = False


class Revision(Struct, frozen=True):
    """One deployed version of a service, folded from facts and rows.

    `config` maps canonical keys to what is kept of them (see collector/normalise/configuration.py); None means that the
    configuration is not known, which is never the same as empty. `traffic_ns` is when it first took requests.
    `is_pinned`: its traffic was given to it by name, and not as the latest revision; None not known. `rolled_back_ns`:
    when it took the traffic again of one that was deployed after it. `failure` says why it never got ready. `doubles`
    names the revision that it repeats: deployed moments before, with an equal configuration. Empty text: not known.
    """

    project: str
    service: str
    revision: str
    created_ns: int | None
    ready_ns: int | None
    failed_ns: int | None
    first_seen_ns: int | None
    last_seen_ns: int | None
    traffic_ns: int | None
    requests: int
    config: dict[str, Any] | None
    actor: str = ""
    tool: str = ""
    insert_ids: tuple[str, ...] = field(default=())
    location: str = ""
    periods: tuple[Served, ...] = ()
    tags: tuple[str, ...] = ()
    is_pinned: bool | None = None
    rolled_back_ns: tuple[int, ...] = ()
    deleted_ns: int | None = None
    failure: str = ""
    commit: str = ""
    build: str = ""
    doubles: str = ""
