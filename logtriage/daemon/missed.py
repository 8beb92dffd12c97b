"""What was due while no daemon ran: each of these jobs runs once at the start."""

from collections.abc import Mapping
from datetime import UTC, datetime

from collector.errors import StoreBusy
from collector.place import is_there
from collector.store import Store
from collector.window import NS_PER_S
from logtriage.config import Config
from logtriage.daemon.cron import Cron
from logtriage.daemon.schedule import After, Every, ScheduleConfig
from logtriage.jobs import JOBS, JobName

__all__ = ["due_at_start", "read_last_runs", "read_last_successes"]

_MIGRATION = "create_0010_watch"


def due_at_start(schedule: ScheduleConfig, last_ns: Mapping[str, int], *, now_ns: int) -> tuple[JobName, ...]:
    """Jobs to be put in line first, in the order of the flow; `last_ns` has the begin of the last run of each.

    Digest stands first where it follows or has a duration: what was left from before goes out ahead of a pull that may
    take long. A job with a cron line is due where a time of it has passed since its last run; one that never ran waits.
    """
    due: list[JobName] = ["digest"] if isinstance(schedule.when("digest"), After | Every) else []
    now = datetime.fromtimestamp(now_ns / NS_PER_S, UTC)
    for job in JOBS:
        when, last = schedule.when(job), last_ns.get(job)
        if last is None or last > now_ns:
            continue
        if isinstance(when, Cron):
            missed = when.next_after(datetime.fromtimestamp(last / NS_PER_S, UTC), schedule.zone)
            if missed is not None and missed <= now:
                due.append(job)
        elif isinstance(when, Every) and job == "retention" and last + when.seconds * NS_PER_S <= now_ns:
            due.append(job)
    return tuple(due)


def read_last_runs(config: Config) -> dict[str, int]:
    """When each job began last; nothing of a store that is not there or is older than jobs. Raises StoreError."""
    return _read(config, "find_last_job_runs")


def read_last_successes(config: Config) -> dict[str, int]:
    """When each job last ended with all of it done; nothing and StoreError as above."""
    return _read(config, "find_last_job_successes")


def _read(config: Config, query: str) -> dict[str, int]:
    if not is_there(config.store.path):
        return {}
    try:
        with Store(config.store).read() as reader:
            if _MIGRATION not in set(reader.frame("find_migrations")["name"]):
                return {}
            return dict(reader.frame(query).iter_rows())
    except StoreBusy:  # an import by hand, say: no reason not to begin
        return {}
