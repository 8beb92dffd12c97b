"""Entries pulled from Cloud Logging, as JSON texts in the shape of `gcloud logging read --format json`.

Each resource (a project, a bucket's view, ...) is read by arrival time in slices, oldest first, a page a batch. A
batch carries where every resource stands after it; collector/sources/slices.py says how nothing is lost.
"""

import re
from collections.abc import Generator, Iterator
from hashlib import blake2b
from typing import Any, Literal

from msgspec import Struct
from pydantic import Field, field_validator

from collector.records import RawBatch
from collector.sources.base import Settings
from collector.sources.google_api import GoogleSourceConfig, from_each, open_transport
from collector.sources.log_pages import PageReader
from collector.sources.slices import Reach, Slice
from collector.sources.walk import (
    LONGEST_SLICE_S,
    Pace,
    Page,
    Walk,
    reaches_cursor,
    stored_reaches,
)
from collector.window import NS_PER_S, format_ns

__all__ = ["CloudLogging", "CloudLoggingConfig"]

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


class _Standing(Struct):
    """Where a pull stands: the reach of each resource, and which of them is being read."""

    reaches: dict[str, Reach]
    resources: int
    resource: str = ""
    index: int = 0

    def keep(self, reach: Reach) -> None:
        self.reaches[self.resource] = reach


class CloudLogging(Struct, frozen=True):
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

        standing = _Standing(stored_reaches(cursor), len(self.config.resources))
        with open_transport(LoggingServiceV2GrpcTransport, self.config, scopes=_SCOPES) as transport:
            yield from from_each(
                self._reading(transport, standing, index, resource).all_of(since_ns, until_ns)
                for index, resource in enumerate(self.config.resources)
            )

    def _reading(self, transport: Any, standing: _Standing, index: int, resource: str) -> "_Reading":
        standing.resource, standing.index = resource, index
        return _Reading(self.config, self.settings, self._reader(transport, resource), standing)

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


class _Reading(Struct):
    """One resource within one pull."""

    config: CloudLoggingConfig
    settings: Settings
    reader: PageReader
    standing: _Standing

    def all_of(self, since_ns: int | None, until_ns: int) -> Iterator[RawBatch]:
        """The slice that was left open, then on to until_ns, then back to since_ns."""
        walk = Walk(
            who=f"Cloud Logging of `{self.standing.resource}`",
            pace=Pace(self.config.slice_s, self.config.overlap_s, self.config.backfill_s),
            settings=self.settings,
            kept=self.standing.keep,
        )

        def read(piece: Slice) -> Generator[RawBatch, None, int]:
            filter_text = self._filter(piece)

            def ask(token: str) -> Page:
                return self.reader.read(filter_text, token)

            pages = walk.pages(piece, request=self._digest(filter_text), ask=ask)
            count = 0
            for page, share in pages:
                count += 1
                yield self._batch(page, share)
            return count

        stored = self.standing.reaches.get(self.standing.resource)
        yield from walk.over(stored, since_ns=since_ns, until_ns=until_ns, read=read)

    def _batch(self, page: Page, share: float) -> RawBatch:
        return RawBatch(
            source=self.config.name,
            location=self.standing.resource,
            kind="entries",
            records=page.records,
            dead=page.dead,
            cursor=reaches_cursor(self.standing.reaches),
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
