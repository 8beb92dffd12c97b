"""A whole project of Google Cloud on loopback: REST, Cloud Run, Logging and Trace, as `init` and `doctor` ask them."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.cloud.run_v2 import (
    Condition,
    Container,
    EnvVar,
    EnvVarSource,
    Revision,
    RevisionTemplate,
    SecretKeySelector,
    Service,
    TrafficTargetStatus,
)
from google.protobuf.timestamp_pb2 import Timestamp

from tests.support.google_rest_server import GoogleRestServer, serve_google_rest
from tests.support.log_entries import make_entries
from tests.support.logging_server import LoggingServer
from tests.support.run_server import RunServer, make_revision, make_service
from tests.support.trace_server import TraceServer, make_trace

__all__ = ["PLANTED", "REGIONS", "GoogleCloud", "serve_google_cloud"]

REGIONS = ("europe-west4", "us-east1")
PLANTED = "hunter2-planted-value"
_NS = 10**9


@dataclass(frozen=True)
class GoogleCloud:
    """The servers of one project; the clock is the real one."""

    rest: GoogleRestServer
    run: RunServer
    logs: LoggingServer
    traces: TraceServer

    def environment(self, folder: Path) -> dict[str, str]:
        """What a process has to be told to be asked here, logged in, with no other settings of Google's around."""
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.rest.account(folder)),
            "CLOUDSDK_CONFIG": str(folder / "gcloud"),
            "NO_GCE_CHECK": "true",
            "LOGTRIAGE_GOOGLE_ENDPOINTS": (
                f"run={self.run.endpoint},logging={self.logs.endpoint},trace={self.traces.endpoint},"
                f"rest={self.rest.url}"
            ),
        }

    def enter(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """The same for this process."""
        for name in ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in self.environment(folder).items():
            monkeypatch.setenv(name, value)


@contextlib.contextmanager
def serve_google_cloud(*, entries: int = 300) -> Iterator[GoogleCloud]:
    """A service `orders` in two regions, whose second revision in the first lost a secret, and `billing` in one."""
    now_ns = time.time_ns()
    services, revisions = _deployed(now_ns)
    made = make_entries(entries, seed=3, start_ns=now_ns - 20 * 3600 * _NS, end_ns=now_ns - 60 * _NS)
    traces = [make_trace(f"{number:032x}", [now_ns - 60 * number * _NS]) for number in range(1, 6)]
    with (
        serve_google_rest() as rest,
        RunServer(services, revisions) as run,
        LoggingServer(made) as logs,
        TraceServer(traces) as traced,
    ):
        for one in services:
            _, _, _, location, _, name = one.name.split("/")
            rest.services.setdefault(location, []).append(name)
        yield GoogleCloud(rest, run, logs, traced)


def _deployed(now_ns: int) -> tuple[list[Service], list[Revision]]:
    services, revisions = [], []
    for location, names in zip(REGIONS, (("orders", "billing"), ("orders",)), strict=True):
        parent = f"projects/demo-stage/locations/{location}"
        for name in names:
            image = Container(image=f"eu.gcr.io/demo/{name}:2")
            newest = f"{parent}/services/{name}/revisions/{name}-00002-abc"
            service = make_service(
                name, parent=parent, template=RevisionTemplate(containers=[image]),
                latest_created_revision=newest, latest_ready_revision=newest, generation=2, observed_generation=2,
                terminal_condition=Condition(
                    type="Ready", state=Condition.State.CONDITION_SUCCEEDED,
                    last_transition_time=Timestamp(seconds=now_ns // _NS - 3600),
                ),
                traffic_statuses=[TrafficTargetStatus(revision=f"{name}-00002-abc", percent=100)],
            )  # fmt: skip
            services.append(service)
            for number in (1, 2):
                is_broken = (location, name, number) == (REGIONS[0], "orders", 2)
                env = [EnvVar(name="MODE", value=PLANTED)]
                if not is_broken:
                    secret = SecretKeySelector(secret="pay-key", version="7")
                    env.append(EnvVar(name="PAY_KEY", value_source=EnvVarSource(secret_key_ref=secret)))
                at_ns = now_ns - (3 - number) * 3600 * _NS
                revisions.append(
                    make_revision(
                        service, f"{name}-0000{number}-abc", create_time=Timestamp(seconds=at_ns // _NS),
                        containers=[Container(image=f"eu.gcr.io/demo/{name}:{number}", env=env)],
                    )
                )  # fmt: skip
    return services, revisions
