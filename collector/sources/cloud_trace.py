"""Traces pulled from Cloud Trace (API v1, complete view), one OTLP request a trace.

The API knows when a span began, not when it arrived: each pull reads the last `overlap_s` again, for spans that were
written late. What comes twice the store removes; a trace that has grown brings its new spans. Of what goes on longer
than that after its trace was read, the rest is seen only where one of its spans begins later.
"""

import re
from collections.abc import Generator, Iterable, Iterator
from hashlib import blake2b
from typing import Any, Literal

import polars as pl
from msgspec import Struct
from pydantic import Field, field_validator

from collector.errors import SourceError
from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA, RawBatch
from collector.sources.base import Settings
from collector.sources.google_api import GoogleSourceConfig, Permission, from_each, open_transport, plain_refusal
from collector.sources.log_pages import split_fields
from collector.sources.patience import call_patiently
from collector.sources.slices import Reach, Slice
from collector.sources.trace_v1 import otlp_request
from collector.sources.walk import (
    LONGEST_SLICE_S,
    Pace,
    Page,
    PageTokenRefused,
    Walk,
    reaches_cursor,
    stored_reaches,
)
from collector.window import NS_PER_S

__all__ = ["CloudTrace", "CloudTraceConfig"]

_SCOPES = ("https://www.googleapis.com/auth/trace.readonly",)
_METHOD = "/google.devtools.cloudtrace.v1.TraceService/ListTraces"
_TRACES_FIELD, _TOKEN_FIELD = 1, 2  # of ListTracesResponse
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*\Z")
_LIST_TRACES = Permission("cloudtrace.traces.list", role="roles/cloudtrace.user", api="cloudtrace.googleapis.com")


class CloudTraceConfig(GoogleSourceConfig):
    """What a user writes for a source of kind cloud_trace."""

    kind: Literal["cloud_trace"] = "cloud_trace"
    name: str = Field(default="cloud_trace", min_length=1, max_length=200)
    projects: tuple[str, ...] = Field(min_length=1)  # project ids
    filter: str = Field(default="", max_length=8_000)  # of Cloud Trace, such as +root:/pay or latency:500ms
    overlap_s: int = Field(default=900, ge=0, le=86_400)  # how long after its start a span may become visible
    backfill_s: int = Field(default=86_400, ge=60)  # how far the first pull reaches back when --since is not given
    slice_s: int = Field(default=3600, ge=10, le=LONGEST_SLICE_S)  # time read at once; quiet ones grow
    page_size: int = Field(default=100, ge=1, le=100)  # traces a call; 100 is the API's limit of complete ones
    reads_per_min: int = Field(default=12, ge=1)  # 300 units a minute and project, of which a list costs 25

    @field_validator("projects")
    @classmethod
    def _each_is_a_name(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not _PROJECT.match(name):
                message = f"`{name}` is not a project id like my-project"
                raise ValueError(message)
        if len(set(names)) < len(names):
            message = "a project is named twice"
            raise ValueError(message)
        return names


class CloudTrace(Struct, frozen=True):
    """The source of kind cloud_trace."""

    config: CloudTraceConfig
    settings: Settings

    @property
    def name(self) -> str:
        """The name given in config.yaml."""
        return self.config.name

    def pull(self, *, since_ns: int | None, until_ns: int, cursor: dict[str, Any] | None) -> Iterator[RawBatch]:
        """Traces of before until_ns that are not settled yet, a page a batch; see Source.pull.

        A project that cannot be read does not keep the others from being read; its error is raised at the end.
        """
        from google.cloud.trace_v1.services.trace_service.transports import (  # noqa: PLC0415 - slow import
            TraceServiceGrpcTransport,
        )

        reaches = stored_reaches(cursor)
        with open_transport(TraceServiceGrpcTransport, self.config, scopes=_SCOPES) as transport:
            yield from from_each(
                _Reading(self.config, self.settings, transport, project, index, reaches).all_of(since_ns, until_ns)
                for index, project in enumerate(self.config.projects)
            )


class _Reading(Struct):
    """One project within one pull over an open transport."""

    config: CloudTraceConfig
    settings: Settings
    transport: Any
    project: str
    index: int
    reaches: dict[str, Reach]

    @property
    def resource(self) -> str:
        """As the API names the project."""
        return f"projects/{self.project}"

    def all_of(self, since_ns: int | None, until_ns: int) -> Iterator[RawBatch]:
        """The slice that was left open, then on to until_ns, then back to since_ns."""

        def keep(reach: Reach) -> None:
            self.reaches[self.resource] = reach

        walk = Walk(
            who=self._who,
            pace=Pace(self.config.slice_s, self.config.overlap_s, self.config.backfill_s),
            settings=self.settings,
            kept=keep,
        )

        def read(piece: Slice) -> Generator[RawBatch, None, int]:
            count = 0
            ask = self._asking(piece)
            for page, share in walk.pages(piece, request=self._digest(piece), ask=ask):
                count += 1
                yield self._batch(page, share)
            return count

        stored = self.reaches.get(self.resource)
        yield from walk.over(stored, since_ns=since_ns, until_ns=until_ns, read=read)

    @property
    def _who(self) -> str:
        return f"Cloud Trace of `{self.resource}`"

    def _batch(self, page: Page, share: float) -> RawBatch:
        return RawBatch(
            source=self.config.name,
            location=self.resource,
            kind="spans",
            records=page.records,
            dead=page.dead,
            cursor=reaches_cursor(self.reaches),
            progress=(self.index + share) / len(self.config.projects),
        )

    def _digest(self, piece: Slice) -> str:
        text = f"{self.resource}\n{self.config.page_size}\n{self.config.filter}\n{piece.start_ns}\n{piece.end_ns}"
        return blake2b(text.encode(), digest_size=8).hexdigest()

    def _asking(self, piece: Slice) -> Any:
        """A function from a page token to its page of that slice."""
        from google.api_core import exceptions  # noqa: PLC0415 - slow import, wanted by Google sources only
        from google.cloud.trace_v1.types import ListTracesRequest  # noqa: PLC0415 - as above

        request = ListTracesRequest(
            project_id=self.project,
            view=ListTracesRequest.ViewType.COMPLETE,
            page_size=self.config.page_size,
            start_time=_stamp(piece.start_ns),
            end_time=_stamp(piece.end_ns),
            filter=self.config.filter,
        )

        def ask(token: str) -> Page:
            request.page_token = token
            try:
                page = self._decoded(request)
            except exceptions.GoogleAPICallError as error:
                if token and isinstance(error, exceptions.BadRequest | exceptions.NotFound):
                    raise PageTokenRefused(f"{self._who} refused the page token of a slice.") from error
                raise plain_refusal(error, who=self._who, resource=self.resource, needs=_LIST_TRACES) from error
            if page.next_token and page.next_token == token:
                raise SourceError(
                    f"{self._who} answers page after page with one token `{token[:40]}`. Narrow the source's filter."
                )
            return page

        return ask

    def _decoded(self, request: Any) -> Page:
        from google.api_core import exceptions  # noqa: PLC0415 - slow import, wanted by Google sources only
        from google.cloud.trace_v1.services.trace_service import TraceServiceClient  # noqa: PLC0415 - as above

        client = TraceServiceClient(transport=self.transport)
        quota = self.settings.quotas.of(f"traces of {self.resource}", calls_per_min=self.config.reads_per_min)

        def attempt(timeout_s: float) -> Page:
            try:
                pager = client.list_traces(request=request, retry=None, timeout=timeout_s)
            except exceptions.InternalServerError as error:
                if "deserializing response" not in str(error.message):
                    raise
                quota.acquire()
                return _page_of_bytes(self._call_for_bytes(request, timeout_s), self.resource)
            answer = next(pager.pages)
            content = type(answer).pb(answer)
            return _page(content.traces, content.next_page_token, [])

        return call_patiently(attempt, who=self._who, limits=self.config.limits, settings=self.settings, quota=quota)

    def _call_for_bytes(self, request: Any, timeout_s: float) -> bytes:
        """The same page undecoded: one trace that protobuf refuses must not cost the hundred beside it."""
        from google.api_core import grpc_helpers  # noqa: PLC0415 - slow import, wanted by Google sources only

        call = self.transport.grpc_channel.unary_unary(_METHOD, request_serializer=type(request).serialize)
        answer: bytes = grpc_helpers.wrap_errors(call)(request, timeout=timeout_s)
        return answer


def _page_of_bytes(answer: bytes, location: str) -> Page:
    """An answer that does not decode as a whole: trace by trace, those that do not decode as dead letters."""
    from google.cloud.trace_v1.types import Trace  # noqa: PLC0415 - slow import, wanted by Google sources only
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - as above

    trace_class, token = Trace.pb(), ""
    traces: list[Any] = []
    dead: list[tuple[str, int, str, str]] = []
    for number, content in split_fields(answer):
        if number == _TOKEN_FIELD:
            token = content.decode("utf-8", "replace")
        if number != _TRACES_FIELD:
            continue
        try:
            traces.append(trace_class.FromString(content))
        except DecodeError:
            reason = f"the trace's protobuf cannot be decoded ({len(content)} bytes)"
            dead.append((location, len(traces) + len(dead) + 1, reason, ""))
    return _page(traces, token, dead)


def _page(traces: Iterable[Any], token: str, dead: list[tuple[str, int, str, str]]) -> Page:
    """Traces without spans, of which the API tells in some views and moments, are nothing to store."""
    texts = [otlp_request(trace) for trace in traces if trace.spans]
    return Page(
        records=pl.DataFrame({"line": range(1, len(texts) + 1), "raw": texts}, schema=RAW_SCHEMA),
        dead=pl.DataFrame(dead, schema=DEAD_LETTER_SCHEMA, orient="row"),
        next_token=token,
        last_ns=None,
    )


def _stamp(instant_ns: int) -> Any:
    from google.protobuf.timestamp_pb2 import Timestamp  # noqa: PLC0415 - slow import, wanted by Google sources only

    return Timestamp(seconds=instant_ns // NS_PER_S, nanos=instant_ns % NS_PER_S)
