"""Services and revisions that Cloud Run still keeps, with their configuration, from its Admin API (v2).

Each resource is one JSON text in the shape of the REST API; a revision's name has `/revisions/` in it, a service's
has not. LITERAL VALUES OF VARIABLES ARE IN THESE TEXTS: they go to normalise, which hashes them, and nowhere else.
"""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any, Literal

import orjson
import polars as pl
from msgspec import Struct
from pydantic import Field, field_validator

from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA, RawBatch
from collector.sources.base import Settings
from collector.sources.google_api import GoogleSourceConfig, Permission, from_each, open_transport, plain_refusal
from collector.sources.patience import call_patiently
from collector.sources.pb_json import message_json

__all__ = ["CloudRun", "CloudRunConfig"]

PAGE_SIZE = 100
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)  # Cloud Run has no narrower one
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*\Z")
_LOCATION = re.compile(r"[a-z]+(-[a-z0-9]+)+\Z")
_LIST_SERVICES = Permission("run.services.list", role="roles/run.viewer", api="run.googleapis.com")
_LIST_REVISIONS = Permission("run.revisions.list", role="roles/run.viewer", api="run.googleapis.com")


class CloudRunConfig(GoogleSourceConfig):
    """What a user writes for a source of kind cloud_run."""

    kind: Literal["cloud_run"] = "cloud_run"
    name: str = Field(default="cloud_run", min_length=1, max_length=200)
    projects: tuple[str, ...] = Field(min_length=1)  # project ids
    locations: tuple[str, ...] = Field(min_length=1)  # regions, such as europe-west1; the API knows no "all"
    services: tuple[str, ...] = ()  # names, * and ? allowed; empty is all

    @field_validator("projects", "locations")
    @classmethod
    def _each_is_a_name(cls, names: tuple[str, ...], info: Any) -> tuple[str, ...]:
        pattern, example = (_PROJECT, "my-project") if info.field_name == "projects" else (_LOCATION, "europe-west1")
        for name in names:
            if not pattern.match(name):
                message = f"`{name}` is not a name like {example}"
                raise ValueError(message)
        return names


class CloudRun(Struct, frozen=True):
    """The source of kind cloud_run; it lists everything each time and needs no cursor."""

    config: CloudRunConfig
    settings: Settings

    @property
    def name(self) -> str:
        """The name given in config.yaml."""
        return self.config.name

    def pull(
        self,
        *,
        since_ns: int | None,  # noqa: ARG002 - everything is listed each time
        until_ns: int,  # noqa: ARG002 - as above
        cursor: dict[str, Any] | None,  # noqa: ARG002 - as above
    ) -> Iterator[RawBatch]:
        """Batches of kind `specs`, a page a batch: services of a project and location, then revisions of each.

        A location that cannot be read does not keep the others from being read; its error is raised at the end.
        """
        from google.cloud.run_v2.services.revisions.transports import RevisionsGrpcTransport  # noqa: PLC0415 - slow import
        from google.cloud.run_v2.services.services.transports import ServicesGrpcTransport  # noqa: PLC0415 - as above

        parents = [f"projects/{p}/locations/{at}" for p in self.config.projects for at in self.config.locations]
        with (
            open_transport(ServicesGrpcTransport, self.config, scopes=_SCOPES) as services,
            open_transport(RevisionsGrpcTransport, self.config, scopes=_SCOPES) as revisions,
        ):
            listing = _Listing(self.config, self.settings, services, revisions)
            yield from from_each(listing.of(parent, index, len(parents)) for index, parent in enumerate(parents))


class _Listing(Struct, frozen=True):
    """The calls of one pull over open transports."""

    config: CloudRunConfig
    settings: Settings
    services: Any
    revisions: Any

    def of(self, parent: str, index: int, parents: int) -> Iterator[RawBatch]:
        """All of one project and location; progress counts services."""
        names: list[str] = []
        for page in self._service_pages(parent):
            wanted = [service for service in page.services if self._is_wanted(service.name)]
            names += [service.name for service in wanted]
            yield self._batch(parent, wanted, index / parents)
        for done, name in enumerate(names, start=1):
            pages = list(self._revision_pages(name))
            for page in pages[:-1]:
                yield self._batch(parent, page.revisions, (index + (done - 1) / len(names)) / parents)
            yield self._batch(parent, pages[-1].revisions, (index + done / len(names)) / parents)

    def _is_wanted(self, name: str) -> bool:
        short = name.rpartition("/")[2]
        return not self.config.services or any(fnmatchcase(short, wanted) for wanted in self.config.services)

    def _service_pages(self, parent: str) -> Iterator[Any]:
        from google.cloud.run_v2 import ListServicesRequest, ServicesClient  # noqa: PLC0415 - slow import

        method = ServicesClient(transport=self.services).list_services
        request = ListServicesRequest(parent=parent, page_size=PAGE_SIZE)
        return self._pages(method, request, _LIST_SERVICES)

    def _revision_pages(self, service: str) -> Iterator[Any]:
        from google.cloud.run_v2 import ListRevisionsRequest, RevisionsClient  # noqa: PLC0415 - slow import

        method = RevisionsClient(transport=self.revisions).list_revisions
        request = ListRevisionsRequest(parent=service, page_size=PAGE_SIZE, show_deleted=True)
        return self._pages(method, request, _LIST_REVISIONS)

    def _pages(self, method: Callable[..., Any], request: Any, needs: Permission) -> Iterator[Any]:
        """Answers as raw protobuf, one call each, every call with deadline and patience."""
        from google.api_core import exceptions  # noqa: PLC0415 - slow import, wanted by Google sources only

        who = f"Cloud Run of `{request.parent}`"

        def attempt(timeout_s: float) -> Any:
            return next(method(request=request, retry=None, timeout=timeout_s).pages)

        while True:
            try:
                page = call_patiently(attempt, who=who, limits=self.config.limits, settings=self.settings)
            except exceptions.GoogleAPICallError as error:
                raise plain_refusal(error, who=who, resource=request.parent, needs=needs) from error
            yield type(page).pb(page)
            if not page.next_page_token or page.next_page_token == request.page_token:
                return
            request.page_token = page.next_page_token

    def _batch(self, parent: str, resources: Any, progress: float) -> RawBatch:
        texts = [orjson.dumps(message_json(resource), option=orjson.OPT_SORT_KEYS).decode() for resource in resources]
        return RawBatch(
            source=self.config.name,
            location=parent,
            kind="specs",
            records=pl.DataFrame({"line": range(1, len(texts) + 1), "raw": texts}, schema=RAW_SCHEMA),
            dead=pl.DataFrame(schema=DEAD_LETTER_SCHEMA),
            progress=progress,
        )
