"""A few reads of Cloud Logging and Cloud Trace: which kinds of records there are, and about how many."""

import time
from collections.abc import Callable
from itertools import islice

from msgspec import Struct

from collector.sources.base import Settings
from collector.sources.cloud_logging import CloudLoggingConfig
from collector.sources.cloud_trace import CloudTrace, CloudTraceConfig
from collector.sources.google_api import open_transport
from collector.sources.log_pages import PageReader
from collector.window import NS_PER_S, format_ns
from logtriage.setup.estimate import Stretch, Volume, stretch_of, volume_of
from logtriage.time_left import seconds_of

__all__ = ["FILTER", "Logs", "Traces", "look_at_logs", "look_at_traces"]

# What is collected: what Cloud Run's services wrote, and what was done to the platform.
FILTER = 'resource.type="cloud_run_revision" OR logName:"cloudaudit.googleapis.com"'
# Of each kind: how many days are looked at, its log, and what else.
_KINDS = {
    "request logs": (1, "run.googleapis.com%2Frequests", 'resource.type="cloud_run_revision"'),
    "audit logs": (30, "cloudaudit.googleapis.com%2Factivity", 'protoPayload.serviceName="run.googleapis.com"'),
}
_SCOPES = ("https://www.googleapis.com/auth/logging.read",)
_DAY_S = 86_400
_LOOKS = 8  # of the day; each costs a read of the quota
_TRACE_LOOK_S = 600
_TRACE_PAGES = 2


class Logs(Struct, frozen=True):
    """Whether there are entries of each kind, and how many of a day are to be read."""

    kinds: dict[str, bool]
    volume: Volume


class Traces(Struct, frozen=True):
    """Whether there are traces, and at least how many of a day; seconds that these take to read."""

    is_there: bool
    a_day: int
    seconds: float


def look_at_logs(
    config: CloudLoggingConfig, settings: Settings, *, now_ns: int, advance: Callable[[float], None]
) -> Logs:
    """Asks the first resource of the config; SourceError as the source raises it."""
    from google.cloud.logging_v2.services.logging_service_v2.transports import (  # noqa: PLC0415 - slow import
        LoggingServiceV2GrpcTransport,
    )

    owner = "/".join(config.resources[0].split("/")[:2])
    quota = settings.quotas.of(owner, calls_per_min=config.reads_per_min)
    kinds, stretches, calls_s = {}, [], []
    with open_transport(LoggingServiceV2GrpcTransport, config, scopes=_SCOPES) as transport:

        def reader(size: int) -> PageReader:
            return PageReader(transport, config.resources[0], size, config.limits, settings, quota)

        for number, (name, (days, log, also)) in enumerate(_KINDS.items(), 1):
            since_ns = now_ns - days * _DAY_S * NS_PER_S
            wanted = f'logName="{owner}/logs/{log}" AND {also} AND {_between(since_ns, now_ns)}'
            kinds[name] = reader(1).read(wanted, "").records.height > 0
            advance(number / (len(_KINDS) + _LOOKS))
        for number in range(_LOOKS):
            begun_s = time.monotonic()
            stretches.append(_stretch(reader(config.page_size), config.filter, number, now_ns))
            calls_s.append(time.monotonic() - begun_s)
            advance((number + 1 + len(_KINDS)) / (len(_KINDS) + _LOOKS))
    call_s = sorted(calls_s)[len(calls_s) // 2]
    return Logs(kinds, volume_of(stretches, call_s=call_s, reads_per_min=config.reads_per_min))


def _stretch(reader: PageReader, wanted: str, number: int, now_ns: int) -> Stretch:
    """One eighth of the last day by its first page."""
    length_ns = _DAY_S * NS_PER_S // _LOOKS
    start_ns = now_ns - (_LOOKS - number) * length_ns
    page = reader.read(f"({wanted})\nAND {_between(start_ns, start_ns + length_ns)}", "")
    seen = page.records.height + page.dead.height
    return stretch_of(start_ns, start_ns + length_ns, seen=seen, has_more=bool(page.next_token), last_ns=page.last_ns)


def _between(start_ns: int, end_ns: int) -> str:
    return f'timestamp>="{format_ns(start_ns, digits=9)}" AND timestamp<"{format_ns(end_ns, digits=9)}"'


def look_at_traces(config: CloudTraceConfig, settings: Settings, *, now_ns: int) -> Traces:
    """Two or three calls: the last minutes, else whether there is any of the last day. SourceError as the source."""
    source = CloudTrace(config, settings)
    since_ns = now_ns - _TRACE_LOOK_S * NS_PER_S
    batches = islice(source.pull(since_ns=since_ns, until_ns=now_ns, cursor=None), _TRACE_PAGES)
    seen = sum(batch.records.height for batch in batches)
    if not seen:
        one = source.pull(since_ns=now_ns - _DAY_S * NS_PER_S, until_ns=now_ns, cursor=None)
        return Traces(any(batch.records.height for batch in islice(one, _TRACE_PAGES)), 0, 0.0)
    a_day = seen * _DAY_S // _TRACE_LOOK_S
    calls = -(-a_day // config.page_size)
    return Traces(True, a_day, seconds_of(calls, call_s=0.5, reads_per_min=config.reads_per_min))
