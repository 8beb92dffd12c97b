"""A Cloud Run Admin API on loopback: a real gRPC server for google.cloud.run.v2.Services and .Revisions."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.cloud.run_v2 import (
    ListRevisionsRequest,
    ListRevisionsResponse,
    ListServicesRequest,
    ListServicesResponse,
    Revision,
    Service,
)

from tests.support.grpc_faults import FaultScript, obey

__all__ = ["RunCall", "RunServer", "make_revision", "make_service"]


@dataclass(frozen=True)
class RunCall:
    """One request as the server saw it."""

    method: str
    parent: str
    deadline_s: float | None
    metadata: dict[str, str]


class RunServer:
    """Serves services and revisions by parent; `faults` scripts the answers of both methods in order of arrival."""

    def __init__(
        self,
        services: Iterable[Service] = (),
        revisions: Iterable[Revision] = (),
        *,
        faults: FaultScript | None = None,
        page_size: int = 100,
    ) -> None:
        self.faults = faults or FaultScript()
        self.calls: list[RunCall] = []
        self._lock = threading.Lock()
        self._page_size = page_size
        self._services = list(services)
        self._revisions = list(revisions)
        self._server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        handlers = {
            "Services": {"ListServices": _handler(self._list_services, ListServicesRequest)},
            "Revisions": {"ListRevisions": _handler(self._list_revisions, ListRevisionsRequest)},
        }
        for service, methods in handlers.items():
            self._server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(f"google.cloud.run.v2.{service}", methods),)
            )
        self.port: int = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait(5)

    def _list_services(self, request: Any, context: Any) -> bytes:
        self._note("ListServices", request, context)
        found = [one for one in self._services if one.name.startswith(f"{request.parent}/services/")]
        page, token = self._page(found, request)
        return bytes(ListServicesResponse.serialize(ListServicesResponse(services=page, next_page_token=token)))

    def _list_revisions(self, request: Any, context: Any) -> bytes:
        self._note("ListRevisions", request, context)
        found = [
            one
            for one in self._revisions
            if one.name.startswith(f"{request.parent}/revisions/") and (request.show_deleted or not one.delete_time)
        ]
        page, token = self._page(found, request)
        return bytes(ListRevisionsResponse.serialize(ListRevisionsResponse(revisions=page, next_page_token=token)))

    def _note(self, method: str, request: Any, context: Any) -> None:
        metadata = {key: str(value) for key, value in context.invocation_metadata()}
        with self._lock:
            self.calls.append(RunCall(method, request.parent, context.time_remaining(), metadata))
        obey(self.faults.next(), context)

    def _page(self, found: list[Any], request: Any) -> tuple[list[Any], str]:
        start = int(request.page_token or 0)
        size = min(self._page_size, request.page_size or self._page_size)
        end = start + size
        return found[start:end], str(end) if end < len(found) else ""


def make_service(name: str, *, parent: str = "projects/demo-stage/locations/europe-west4", **fields: Any) -> Service:
    """A service whose full name is parent/services/name."""
    return Service(name=f"{parent}/services/{name}", **fields)


def make_revision(service: Service, name: str, **fields: Any) -> Revision:
    """A revision of that service."""
    return Revision(name=f"{service.name}/revisions/{name}", service=service.name.rpartition("/")[2], **fields)


def _handler(method: Any, request_class: Any) -> Any:
    return grpc.unary_unary_rpc_method_handler(method, request_deserializer=request_class.pb().FromString)
