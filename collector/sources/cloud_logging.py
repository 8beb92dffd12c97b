"""Entries pulled from Cloud Logging, as JSON texts in the shape of `gcloud logging read --format json`.

Each resource (a project, a bucket's view, ...) is read by arrival time in slices, oldest first, a page a batch. A
batch carries where every resource stands after it; collector/sources/slices.py says how nothing is lost.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Literal

from pydantic import Field, field_validator

from collector.errors import SourceError, SourceUnavailable
from collector.records import RawBatch
from collector.sources.base import Settings
from collector.sources.google_api import GoogleSourceConfig, open_transport
from collector.sources.log_pages import Page, PageReader, PageTokenRefused
from collector.sources.patience import one_line
from collector.sources.slices import Meter, Reach, Slice, read_reach
from collector.window import NS_PER_S, format_ns

__all__ = ["CloudLogging", "CloudLoggingConfig"]

CURSOR_VERSION = 1
LONGEST_SLICE_S = 86_400
MOST_RESTARTS = 3  # of one slice in one pull, after refused page tokens
_SCOPES = ("https://www.googleapis.com/auth/logging.read",)
_RESOURCE = re.compile(
    r"(projects|folders|organizations|billingAccounts)/[^/\s]+(/locations/[^/\s]+/buckets/[^/\s]+/views/[^/\s]+)?\Z"
)


class CloudLoggingConfig(GoogleSourceConfig):
    """What a user writes for a source of kind cloud_logging."""

    kind: Literal["cloud_logging"] = "cloud_logging"
    name: str = Field(default="cloud_logging", min_length=1, max_length=200)
    resources: tuple[str, ...] = Field(min_length=1)  # projects/P or projects/P/locations/L/buckets/B/views/V
    filter: str = Field(default="", max_length=19_000)  # Logging query language; the API takes 20,000 with our window
    overlap_s: int = Field(default=300, ge=0, le=86_400)  # how late an entry may become visible after it arrived
    lateness_s: int = Field(default=86_400, ge=60)  # how long after its event an entry may arrive; bounds the search
    backfill_s: int = Field(default=86_400, ge=60)  # how far the first pull reaches back when --since is not given
    slice_s: int = Field(default=3600, ge=10, le=LONGEST_SLICE_S)  # arrival time read at a time; quiet ones grow
    page_size: int = Field(default=1000, ge=1, le=1000)  # entries a call; 1000 is the API's limit
    reads_per_min: int = Field(default=60, ge=1)  # the API's quota of a project, shared by all sources that read it

    @field_validator("resources")
    @classmethod
    def _each_is_a_resource(cls, resources: tuple[str, ...]) -> tuple[str, ...]:
        for resource in resources:
            if not _RESOURCE.match(resource):
                message = f"`{resource}` is neither like projects/P nor like projects/P/locations/L/buckets/B/views/V"
                raise ValueError(message)
        if len(set(resources)) < len(resources):
            message = "a resource is named twice"
            raise ValueError(message)
        return resources


@dataclass(slots=True)
class _Standing:
    """Where a pull stands: the reach of each resource, and the share that is done."""

    reaches: dict[str, Reach]
    resources: int
    resource: str = ""
    index: int = 0

    def cursor(self) -> dict[str, Any]:
        return {
            "version": CURSOR_VERSION,
            "resources": {resource: reach.as_cursor() for resource, reach in self.reaches.items()},
        }


@dataclass(frozen=True, slots=True)
class CloudLogging:
    """The source of kind cloud_logging."""

    config: CloudLoggingConfig
    settings: Settings

    @property
    def name(self) -> str:
        """The name given in config.yaml."""
        return self.config.name

    def pull(self, *, since_ns: int | None, until_ns: int, cursor: dict[str, Any] | None) -> Iterator[RawBatch]:
        """Entries that arrived before until_ns and are not settled yet, a page a batch; see Source.pull.

        A resource that cannot be read does not keep the others from being read; its error is raised at the end.
        """
        from google.cloud.logging_v2.services.logging_service_v2.transports import (  # noqa: PLC0415 - slow import
            LoggingServiceV2GrpcTransport,
        )

        standing = _Standing(_stored_reaches(cursor), len(self.config.resources))
        failures: list[SourceError] = []
        with open_transport(LoggingServiceV2GrpcTransport, self.config, scopes=_SCOPES) as transport:
            for index, resource in enumerate(self.config.resources):
                standing.resource, standing.index = resource, index
                reading = _Reading(self.config, self.settings, self._reader(transport, resource), standing)
                try:
                    yield from reading.all_of(since_ns, until_ns)
                except SourceError as error:
                    failures.append(error)
        if failures:
            raise _joined(failures) from failures[0]

    def _reader(self, transport: Any, resource: str) -> PageReader:
        owner = "/".join(resource.split("/")[:2])
        return PageReader(
            transport=transport,
            resource=resource,
            page_size=self.config.page_size,
            limits=self.config.limits,
            settings=self.settings,
            quota=self.settings.quotas.of(owner, calls_per_min=self.config.reads_per_min),
        )


@dataclass(slots=True)
class _Reading:
    """One resource within one pull."""

    config: CloudLoggingConfig
    settings: Settings
    reader: PageReader
    standing: _Standing

    @property
    def _reach(self) -> Reach:
        return self.standing.reaches[self.standing.resource]

    @_reach.setter
    def _reach(self, reach: Reach) -> None:
        self.standing.reaches[self.standing.resource] = reach

    def all_of(self, since_ns: int | None, until_ns: int) -> Iterator[RawBatch]:
        """The slice that was left open, then on to until_ns, then back to since_ns."""
        now_ns = self.settings.now_ns()
        overlap_ns = self.config.overlap_s * NS_PER_S
        first_ns = since_ns if since_ns is not None else until_ns - self.config.backfill_s * NS_PER_S
        stored = self.standing.reaches.get(self.standing.resource) or Reach(first_ns, first_ns)
        self._reach = stored.reaching_back(since_ns, now_ns=now_ns, overlap_ns=overlap_ns)
        meter = self._meter(since_ns, until_ns)

        if self._reach.open is not None:
            yield from self._slice(self._reach.open, meter)
        length_ns = self.config.slice_s * NS_PER_S
        at_ns = self._reach.settled_ns
        while at_ns < until_ns:
            piece = Slice(at_ns, min(until_ns, at_ns + length_ns), opened_at_ns=0)
            pages = yield from self._slice(piece, meter)
            at_ns, length_ns = piece.end_ns, self._next_length_ns(length_ns, pages)
        while since_ns is not None and since_ns < self._reach.from_ns:
            from_ns = self._reach.from_ns
            piece = Slice(max(since_ns, from_ns - length_ns), from_ns, opened_at_ns=0)
            pages = yield from self._slice(piece, meter)
            length_ns = self._next_length_ns(length_ns, pages)

    def _meter(self, since_ns: int | None, until_ns: int) -> Meter:
        reach = self._reach
        left_ns = max(0, until_ns - reach.settled_ns)
        if reach.open is not None:
            left_ns += reach.open.end_ns - reach.open.start_ns
        if since_ns is not None:
            left_ns += max(0, reach.from_ns - since_ns)
        return Meter(left_ns)

    def _next_length_ns(self, length_ns: int, pages: int) -> int:
        """Quiet stretches are read in ever longer slices: each costs a call of the quota, empty or not."""
        if pages > 1:
            return self.config.slice_s * NS_PER_S
        return min(2 * length_ns, LONGEST_SLICE_S * NS_PER_S)

    def _slice(self, piece: Slice, meter: Meter) -> Generator[RawBatch, None, int]:
        """Pages of one slice from where it stands; gives how many. Starts it anew when its page token is refused."""
        restarts = pages = 0
        filter_text = self._filter(piece)
        request = self._digest(filter_text)
        now_ns = self.settings.now_ns()
        if not piece.is_resumable(request=request, now_ns=now_ns):
            piece = _fresh(piece, now_ns)
        while True:
            try:
                page = self.reader.read(filter_text, piece.page_token)
            except PageTokenRefused as error:
                restarts += 1
                if restarts > MOST_RESTARTS:
                    raise self._goes_in_circles(error) from error
                piece = _fresh(piece, self.settings.now_ns())
                continue
            pages += 1
            within_ns = _within_ns(piece, page)
            if page.next_token:
                piece = replace(piece, page_token=page.next_token, token_at_ns=self.settings.now_ns(), request=request)
                self._reach = self._reach.opened(piece)
            else:
                self._reach = self._reach.closed(piece, overlap_ns=self.config.overlap_s * NS_PER_S)
                meter.add(piece.end_ns - piece.start_ns)
                within_ns = 0
            yield self._batch(page, meter.share(within_ns))
            if not page.next_token:
                return pages

    def _batch(self, page: Page, share: float) -> RawBatch:
        return RawBatch(
            source=self.config.name,
            location=self.standing.resource,
            kind="entries",
            records=page.records,
            dead=page.dead,
            cursor=self.standing.cursor(),
            progress=(self.standing.index + share) / self.standing.resources,
        )

    def _filter(self, piece: Slice) -> str:
        """The user's own filter and the slice; the bound on timestamp lets Cloud Logging use its index."""
        earliest_ns = piece.start_ns - self.config.lateness_s * NS_PER_S
        own = f"(\n{self.config.filter.strip()}\n)\nAND " if self.config.filter.strip() else ""
        return (
            f'{own}receiveTimestamp>="{format_ns(piece.start_ns, digits=9)}"'
            f' AND receiveTimestamp<"{format_ns(piece.end_ns, digits=9)}"'
            f' AND timestamp>="{format_ns(earliest_ns, digits=9)}"'
        )

    def _digest(self, filter_text: str) -> str:
        text = f"{self.standing.resource}\n{self.config.page_size}\n{filter_text}"
        return blake2b(text.encode(), digest_size=8).hexdigest()

    def _goes_in_circles(self, error: SourceError) -> SourceUnavailable:
        return SourceUnavailable(
            f"Cloud Logging of `{self.standing.resource}` refused its own page tokens {MOST_RESTARTS + 1} times "
            f"(`{one_line(str(error.__cause__))}`). What was read is kept; the next cycle reads this slice anew."
        )


def _fresh(piece: Slice, now_ns: int) -> Slice:
    """The slice from its first page, asked for now."""
    return Slice(piece.start_ns, piece.end_ns, opened_at_ns=now_ns)


def _within_ns(piece: Slice, page: Page) -> int:
    """How much of the slice lies behind the page's last entry; entries come in the order of their event time."""
    if page.last_ns is None:
        return 0
    return min(max(0, page.last_ns - piece.start_ns), piece.end_ns - piece.start_ns)


def _stored_reaches(cursor: dict[str, Any] | None) -> dict[str, Reach]:
    """Reaches of a stored cursor; what is of another version or shape is read anew, which loses nothing."""
    if not cursor or cursor.get("version") != CURSOR_VERSION:
        return {}
    reaches = {resource: read_reach(stored) for resource, stored in dict(cursor.get("resources") or {}).items()}
    return {resource: reach for resource, reach in reaches.items() if reach is not None}


def _joined(failures: list[SourceError]) -> SourceError:
    """One error for all: retryable only when all of them are."""
    message = " ".join(str(failure) for failure in failures)
    if all(failure.is_retryable for failure in failures):
        return SourceUnavailable(message)
    return SourceError(message)
