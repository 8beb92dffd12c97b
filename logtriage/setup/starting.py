"""What a project has that can be read, found station by station; what cannot be found is told, and the rest goes on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import Struct, field

from collector.sources.base import Settings
from collector.sources.cloud_logging import CloudLoggingConfig
from collector.sources.cloud_run import CloudRunConfig
from collector.sources.cloud_trace import CloudTraceConfig
from logtriage.errors import LogtriageError, SourceUnavailable
from logtriage.progress import Progress
from logtriage.setup.endpoints import Endpoints
from logtriage.setup.google_rest import GoogleRest
from logtriage.setup.log_look import FILTER, Logs, Traces, look_at_logs, look_at_traces
from logtriage.setup.login import Login, Project
from logtriage.setup.permissions import NEEDS, Need, ask_granted, missing
from logtriage.setup.run_services import Revisions, Services, find_services, read_revisions

__all__ = ["Found", "look_around"]

_LIMITS: dict[str, Any] = {"deadline_s": 20.0, "patience_s": 20.0}  # somebody waits


class Found(Struct):
    """What was found; None or empty where it was not looked for or not found, with the reason in `not_found`."""

    project: Project | None = None
    login: Login | None = None
    lacking: tuple[Need, ...] | None = None  # None: nobody could tell
    services: Services | None = None
    revisions: Revisions | None = None
    logs: Logs | None = None
    traces: Traces | None = None
    not_found: list[str] = field(default_factory=list)
    is_offline: bool = False

    @contextmanager
    def station(self, what: str) -> Iterator[None]:
        """A part of the look; its failure is a line, and no end."""
        try:
            yield
        except LogtriageError as error:
            self.not_found.append(f"{what}: {error}")


def look_around(
    found: Found, *, locations: Sequence[str], endpoints: Endpoints, settings: Settings, progress: Progress
) -> Found:
    """Fills in `found`, which has a login and a project; asks nothing more once the network proves to be gone."""
    if found.login is None or found.project is None:
        return found
    rest, project = GoogleRest(found.login, endpoints), found.project.id
    progress.start(None)
    progress.advance("what may be read", 0.05)
    _ask_permissions(found, rest, project)
    if found.is_offline:
        return found
    progress.advance("services of Cloud Run", 0.1)
    with found.station("Services"):
        found.services = find_services(rest, project, locations)
    now_ns = settings.now_ns()
    if found.services is not None and found.services.count:
        config = CloudRunConfig(
            projects=(project,), locations=tuple(found.services.by_location), **_LIMITS, **endpoints.keys("run")
        )
        with found.station("Revisions"):
            found.revisions = read_revisions(
                config, settings, now_ns=now_ns, advance=_part(progress, "revisions", 0.15, 0.5)
            )
    with found.station("Logs"):
        logs = CloudLoggingConfig(
            resources=(f"projects/{project}",), filter=FILTER, **_LIMITS, **endpoints.keys("logging")
        )
        found.logs = look_at_logs(logs, settings, now_ns=now_ns, advance=_part(progress, "logs", 0.5, 0.9))
    progress.advance("traces", 0.95)
    with found.station("Traces"):
        traces = CloudTraceConfig(projects=(project,), **_LIMITS, **endpoints.keys("trace"))
        found.traces = look_at_traces(traces, settings, now_ns=now_ns)
    return found


def _ask_permissions(found: Found, rest: GoogleRest, project: str) -> None:
    """The first question that needs the network: without an answer at all there is none to the others either."""
    try:
        granted = ask_granted(rest, project, NEEDS)
        found.lacking = missing(NEEDS, granted)
        if not granted:
            found.not_found.append(f"Project: there is no project `{project}`, or this account may see nothing of it.")
    except SourceUnavailable as error:
        found.is_offline = rest.skew_s is None  # nobody has answered anything
        found.not_found.append(f"Permissions: {error}")
    except LogtriageError as error:
        found.not_found.append(f"Permissions: {error}")


def _part(progress: Progress, text: str, start: float, end: float) -> Callable[[float], None]:
    """Tells the share of a part as one of the whole."""
    return lambda share: progress.advance(text, start + (end - start) * share)
